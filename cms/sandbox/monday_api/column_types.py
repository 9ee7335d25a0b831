"""What each type of column shows, filters by and accepts: one small table entry a type.

A column's stored value is the JSON that the API would give as `value`. `describe` turns it into the fields of the
typed fragment, `text_of` into its text, `read_input` reads what a mutation sends.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from cms.sandbox.monday_api.errors import column_value_refused
from cms.sandbox.monday_api.model import Column

Stored = Any
"""A stored value: JSON without strings around it, or None where the column is empty."""


@dataclass(frozen=True)
class ColumnKind:
    """A type of column.

    Parameters
    ----------
    graphql_type : str
        The type that implements ``ColumnValue`` for it.
    text : callable
        Text of a filled value.
    fields : callable
        The type's own fields, of a filled or empty value.
    read : callable, optional
        Stored value of a mutation's input; None: the column cannot be written.
    empty_text : str, optional
        Text of an empty value: null for some types, "" for most.
    always_null : bool
        Neither text nor value are ever given (connected boards, mirrors).
    """

    graphql_type: str
    text: Callable[[Column, Stored], str]
    fields: Callable[[Column, Stored], Mapping[str, Any]]
    read: Callable[[Column, Any], Stored] | None
    empty_text: str | None = ""
    always_null: bool = False


def kind_of(column: Column) -> ColumnKind:
    """The kind of a column."""
    return KINDS[column.type]


def text_of(column: Column, stored: Stored) -> str | None:
    """The text that the API shows."""
    kind = KINDS[column.type]
    if kind.always_null:
        return None
    return kind.empty_text if stored is None else kind.text(column, stored)


def value_of(column: Column, stored: Stored) -> str | None:
    """The raw value as the API gives it: a JSON string, or null."""
    if stored is None or KINDS[column.type].always_null:
        return None
    return json.dumps(stored)


def read_input(column: Column, sent: Any, *, create_labels: bool = False) -> Stored:
    """The stored value of what a mutation sent; empty input clears the column.

    Raises
    ------
    MondayError
        ``ColumnValueException``: the value does not fit, or the column cannot be written.
    """
    kind = KINDS[column.type]
    if kind.read is None:
        raise column_value_refused("this column cannot be changed through the API", column.id, column.type)
    if sent is None or sent in ("", {}):
        return None
    try:
        if create_labels:
            _create_labels(column, sent)
        return kind.read(column, sent)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise column_value_refused(f"{error} in {json.dumps(sent)}", column.id, column.type) from error


def labels(column: Column) -> dict[str, str]:
    """Labels of a status or dropdown column by index or id."""
    found: dict[str, str] = column.settings.get("labels", {})
    return found


def status_index(column: Column, label: str) -> int:
    """Index of a status label."""
    for index, name in labels(column).items():
        if name == label:
            return int(index)
    raise ValueError(f"label {label!r} does not exist, possible labels are {sorted(labels(column).values())}")


def _create_labels(column: Column, sent: Any) -> None:
    if column.type not in ("status", "dropdown") or not isinstance(sent, Mapping):
        return
    wanted = [sent["label"]] if "label" in sent else list(sent.get("labels", ()))
    for label in wanted:
        if label not in labels(column).values():
            column.settings.setdefault("labels", {})[str(max(map(int, labels(column)), default=0) + 1)] = label


def _nothing(_column: Column, _stored: Stored) -> Mapping[str, Any]:
    return {}


def _read_status(column: Column, sent: Any) -> Stored:
    if isinstance(sent, str):
        sent = {"label": sent}
    if "index" in sent:
        if str(sent["index"]) not in labels(column):
            raise ValueError(f"index {sent['index']} does not exist")
        return {"index": int(sent["index"])}
    return {"index": status_index(column, sent["label"])}


def _status_fields(column: Column, stored: Stored) -> Mapping[str, Any]:
    if stored is None:
        return {"index": None, "label": None, "is_done": None}
    return {"index": stored["index"], "label": _status_text(column, stored), "is_done": stored["index"] == 1}


def _status_text(column: Column, stored: Stored) -> str:
    return labels(column).get(str(stored["index"]), "")


def _read_dropdown(column: Column, sent: Any) -> Stored:
    if isinstance(sent, str):
        sent = {"labels": [part.strip() for part in sent.split(",")]}
    ids = [int(i) for i in sent["ids"]] if "ids" in sent else [status_index(column, name) for name in sent["labels"]]
    unknown = [i for i in ids if str(i) not in labels(column)]
    if unknown:
        raise ValueError(f"ids {unknown} do not exist")
    return {"ids": ids} if ids else None


def _dropdown_options(column: Column, stored: Stored) -> Sequence[Mapping[str, Any]]:
    ids = stored["ids"] if stored else ()
    return [{"id": str(i), "label": labels(column).get(str(i), "")} for i in ids]


def _read_date(_column: Column, sent: Any) -> Stored:
    if isinstance(sent, str):
        day, _, clock = sent.partition(" ")
        sent = {"date": day, "time": clock or None}
    stored = {"date": date.fromisoformat(sent["date"]).isoformat()}
    if sent.get("time"):
        stored["time"] = time.fromisoformat(sent["time"]).isoformat()
    return stored


def _date_text(_column: Column, stored: Stored) -> str:
    return f"{stored['date']} {stored['time'][:5]}" if stored.get("time") else str(stored["date"])


def _read_number(_column: Column, sent: Any) -> Stored:
    if isinstance(sent, bool):
        raise TypeError("a number is expected")
    float(sent)
    return str(sent)


def _read_text(_column: Column, sent: Any) -> Stored:
    if not isinstance(sent, str | int | float):
        raise TypeError("a text is expected")
    return str(sent)


def _read_long_text(_column: Column, sent: Any) -> Stored:
    return {"text": str(sent["text"] if isinstance(sent, Mapping) else sent)}


def _read_checkbox(_column: Column, sent: Any) -> Stored:
    checked = sent["checked"] if isinstance(sent, Mapping) else sent
    return {"checked": "true"} if str(checked).lower() == "true" else None


def _read_email(_column: Column, sent: Any) -> Stored:
    if isinstance(sent, str):
        sent = {"email": sent}
    if "@" not in sent["email"]:
        raise ValueError("an e-mail address is expected")
    return {"email": sent["email"], "text": sent.get("text") or sent["email"]}


def _read_phone(_column: Column, sent: Any) -> Stored:
    if isinstance(sent, str):
        sent = {"phone": sent}
    return {"phone": sent["phone"], "countryShortName": sent.get("countryShortName", "")}


def _read_people(_column: Column, sent: Any) -> Stored:
    return {"personsAndTeams": [{"id": int(p["id"]), "kind": p["kind"]} for p in sent["personsAndTeams"]]}


def _read_timeline(_column: Column, sent: Any) -> Stored:
    start, end = date.fromisoformat(sent["from"]), date.fromisoformat(sent["to"])
    if start > end:
        raise ValueError("from must not be after to")
    return {"from": start.isoformat(), "to": end.isoformat()}


def _read_hour(_column: Column, sent: Any) -> Stored:
    return {"hour": int(sent["hour"]), "minute": int(sent.get("minute", 0))}


def _read_location(_column: Column, sent: Any) -> Stored:
    return {"lat": float(sent["lat"]), "lng": float(sent["lng"]), "address": str(sent["address"])}


def _read_relation(_column: Column, sent: Any) -> Stored:
    return {"item_ids": [str(int(i)) for i in sent["item_ids"]]}


KINDS: dict[str, ColumnKind] = {
    "text": ColumnKind("TextValue", lambda _c, s: s, _nothing, _read_text),
    "long_text": ColumnKind("LongTextValue", lambda _c, s: s["text"], _nothing, _read_long_text),
    "numbers": ColumnKind(
        "NumbersValue",
        lambda _c, s: s,
        lambda c, s: {"number": None if s is None else float(s), "symbol": c.settings.get("unit", "")},
        _read_number,
    ),
    "status": ColumnKind("StatusValue", _status_text, _status_fields, _read_status, empty_text=None),
    "dropdown": ColumnKind(
        "DropdownValue",
        lambda c, s: ", ".join(option["label"] for option in _dropdown_options(c, s)),
        lambda c, s: {"values": _dropdown_options(c, s)},
        _read_dropdown,
        empty_text=None,
    ),
    "date": ColumnKind(
        "DateValue",
        _date_text,
        lambda _c, s: {"date": s["date"], "time": s.get("time", "")} if s else {"date": "", "time": ""},
        _read_date,
    ),
    "checkbox": ColumnKind("CheckboxValue", lambda _c, _s: "v", lambda _c, s: {"checked": bool(s)}, _read_checkbox),
    "email": ColumnKind(
        "EmailValue",
        lambda _c, s: s["text"] if s["text"] == s["email"] else f"{s['text']} - {s['email']}",
        lambda _c, s: {"email": s["email"], "label": s["text"]} if s else {},
        _read_email,
    ),
    "phone": ColumnKind(
        "PhoneValue",
        lambda _c, s: s["phone"],
        lambda _c, s: {"phone": s["phone"], "country_short_name": s["countryShortName"]} if s else {},
        _read_phone,
    ),
    "people": ColumnKind(
        "PeopleValue",
        lambda c, s: ", ".join(c.settings.get("people", {}).get(str(p["id"]), "") for p in s["personsAndTeams"]),
        lambda _c, s: {
            "persons_and_teams": [{"id": str(p["id"]), "kind": p["kind"]} for p in s["personsAndTeams"]] if s else []
        },
        _read_people,
    ),
    "timeline": ColumnKind(
        "TimelineValue",
        lambda _c, s: f"{s['from']} - {s['to']}",
        lambda _c, s: {"from": f"{s['from']}T00:00:00+00:00", "to": f"{s['to']}T00:00:00+00:00"} if s else {},
        _read_timeline,
    ),
    "hour": ColumnKind(
        "HourValue",
        lambda _c, s: f"{(s['hour'] + 11) % 12 + 1:02d}:{s['minute']:02d} {'PM' if s['hour'] >= 12 else 'AM'}",
        lambda _c, s: {"hour": s["hour"], "minute": s["minute"]} if s else {},
        _read_hour,
    ),
    "location": ColumnKind(
        "LocationValue",
        lambda _c, s: s["address"],
        lambda _c, s: (
            {k: s.get(k) for k in ("lat", "lng", "address")}
            | {"city": s.get("city", ""), "country": s.get("country", "")}
            if s
            else {}
        ),
        _read_location,
    ),
    "board_relation": ColumnKind(
        "BoardRelationValue",
        lambda _c, _s: "",
        lambda _c, s: {"linked_item_ids": s["item_ids"] if s else [], "display_value": s.get("names", "") if s else ""},
        _read_relation,
        always_null=True,
    ),
    "mirror": ColumnKind(
        "MirrorValue", lambda _c, _s: "", lambda _c, s: {"display_value": s or ""}, None, always_null=True
    ),
    "last_updated": ColumnKind(
        "LastUpdatedValue",
        lambda _c, s: f"{s['updated_at'][:10]} {s['updated_at'][11:19]} UTC",
        lambda _c, s: {"updated_at": s["updated_at"], "updater_id": s["updater_id"]} if s else {},
        None,
    ),
}
