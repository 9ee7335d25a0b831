"""Makes one text of each typed column value that monday.com gives, and back: the raw form that mappings read."""

from collections.abc import Callable, Mapping
from datetime import date, time
from decimal import Decimal, InvalidOperation
from typing import Any

from cms.domain.errors import InvalidValueError

Given = Mapping[str, Any]
"""A column value as the API gives it, with the fields of its type."""

UNREADABLE_TYPES = frozenset(
    {"button", "doc", "direct_doc", "file", "formula", "progress", "subtasks", "time_tracking", "unsupported", "vote"}
)
"""Columns whose content the API shows not at all, or only as something that is no value of the item."""

PARTS: Mapping[str, frozenset[str]] = {
    "status": frozenset({"index"}),
    "date": frozenset({"date", "time"}),
    "timeline": frozenset({"from", "to"}),
    "location": frozenset({"lat", "lng", "city", "country"}),
    "board_relation": frozenset({"ids"}),
}
"""Parts of composed values, by type of column; a mapping names one as ``column.part``."""


def raw_values(column_values: list[Given]) -> dict[str, str]:
    """Every column's text by column id, with `PARTS` of composed values as ``id.part``; empty columns give "".

    Examples
    --------
    >>> raw_values([{"id": "due", "type": "date", "text": "2026-11-05", "date": "2026-11-05", "time": ""}])
    {'due': '2026-11-05', 'due.date': '2026-11-05', 'due.time': ''}
    """
    raw: dict[str, str] = {}
    for value in column_values:
        column_id = value["id"]
        read = _READERS.get(value["type"])
        if read is None:
            raw[column_id] = value.get("text") or ""
        else:
            main, parts = read(value)
            raw[column_id] = main
            for part, text in parts.items():
                raw[f"{column_id}.{part}"] = text
    return raw


def _number(value: Given) -> tuple[str, dict[str, str]]:
    """The text, since it is exact; the floating-point number only where the text carries a unit."""
    text = value.get("text") or ""
    try:
        Decimal(text or "0")
    except InvalidOperation:
        number = value.get("number")
        return ("" if number is None else str(Decimal(repr(number)).normalize() + 0)), {}
    return text, {}


def _status(value: Given) -> tuple[str, dict[str, str]]:
    return value.get("label") or value.get("text") or "", {"index": _text(value.get("index"))}


def _dropdown(value: Given) -> tuple[str, dict[str, str]]:
    return ", ".join(option["label"] for option in value.get("values") or ()), {}


def _date(value: Given) -> tuple[str, dict[str, str]]:
    """The date, followed by the time (UTC) where one is set."""
    day, clock = value.get("date") or "", value.get("time") or ""
    return f"{day} {clock}".strip(), {"date": day, "time": clock}


def _checkbox(value: Given) -> tuple[str, dict[str, str]]:
    return ("true" if value.get("checked") else "false"), {}


def _email(value: Given) -> tuple[str, dict[str, str]]:
    return value.get("email") or "", {}


def _phone(value: Given) -> tuple[str, dict[str, str]]:
    return value.get("phone") or "", {}


def _timeline(value: Given) -> tuple[str, dict[str, str]]:
    first, last = ((value.get(end) or "")[:10] for end in ("from", "to"))
    return f"{first}/{last}".strip("/"), {"from": first, "to": last}


def _hour(value: Given) -> tuple[str, dict[str, str]]:
    hour, minute = value.get("hour"), value.get("minute")
    return ("" if hour is None else f"{hour:02d}:{minute or 0:02d}"), {}


def _location(value: Given) -> tuple[str, dict[str, str]]:
    return value.get("text") or "", {part: _text(value.get(part)) for part in ("lat", "lng", "city", "country")}


def _relation(value: Given) -> tuple[str, dict[str, str]]:
    return value.get("display_value") or "", {"ids": ",".join(value.get("linked_item_ids") or ())}


def _mirror(value: Given) -> tuple[str, dict[str, str]]:
    return value.get("display_value") or "", {}


def _text(value: object) -> str:
    return "" if value is None else str(value)


_READERS: dict[str, Callable[[Given], tuple[str, dict[str, str]]]] = {
    "numbers": _number,
    "status": _status,
    "dropdown": _dropdown,
    "date": _date,
    "checkbox": _checkbox,
    "email": _email,
    "phone": _phone,
    "timeline": _timeline,
    "hour": _hour,
    "location": _location,
    "board_relation": _relation,
    "mirror": _mirror,
}


def column_input(column: str, column_type: str, raw: str) -> Any:
    """What `change_multiple_column_values` takes to give a column this raw value; "" clears it.

    Raises
    ------
    InvalidValueError
        The column's type cannot be written, or the value is none of it.

    Examples
    --------
    >>> column_input("due", "date", "2026-11-05"), column_input("stage", "status", "Scheduled")
    ({'date': '2026-11-05'}, {'label': 'Scheduled'})
    """
    write = _WRITERS.get(column_type)
    if write is None:
        raise InvalidValueError(column, f"a column of type {column_type} cannot be written", raw)
    if not raw:
        return "" if column_type in _PLAIN_TYPES else {}
    try:
        return write(raw)
    except ValueError as error:
        raise InvalidValueError(column, f"is no value of a {column_type} column ({error})", raw) from None


def _as_date(raw: str) -> dict[str, str]:
    day, _, clock = raw.partition(" ")
    found = {"date": date.fromisoformat(day).isoformat()}
    return found | {"time": time.fromisoformat(clock).isoformat()} if clock else found


def _as_number(raw: str) -> str:
    try:
        return str(Decimal(raw))
    except InvalidOperation:
        raise ValueError("not a number") from None


def _as_timeline(raw: str) -> dict[str, str]:
    first, _, last = raw.partition("/")
    return {"from": date.fromisoformat(first).isoformat(), "to": date.fromisoformat(last or first).isoformat()}


def _as_hour(raw: str) -> dict[str, int]:
    moment = time.fromisoformat(raw)
    return {"hour": moment.hour, "minute": moment.minute}


_PLAIN_TYPES = frozenset({"text", "numbers"})
_WRITERS: dict[str, Callable[[str], Any]] = {
    "text": lambda raw: raw,
    "long_text": lambda raw: {"text": raw},
    "numbers": _as_number,
    "status": lambda raw: {"label": raw},
    "dropdown": lambda raw: {"labels": [label.strip() for label in raw.split(",")]},
    "date": _as_date,
    "checkbox": lambda raw: {"checked": "true"} if raw == "true" else {},
    "timeline": _as_timeline,
    "hour": _as_hour,
    "board_relation": lambda raw: {"item_ids": raw.split(",")},
}
