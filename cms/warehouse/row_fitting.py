"""Makes a source's row fit its staging table exactly; what does not fit is left out and said, never cut or bent."""

import hashlib
import json
import math
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from operator import itemgetter
from typing import Any

import orjson
import sqlalchemy as sa

from cms.application.ports import SourceRow
from cms.warehouse.column_types import Exact, Instant

SMALLEST_INTEGER, LARGEST_INTEGER = -(2**31), 2**31 - 1
Fit = Callable[[Any], Any]
_encode = json.JSONEncoder(default=str, ensure_ascii=False, separators=(",", ":")).encode
_AS_THEY_SAY = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS


class MisfitError(ValueError):
    """A value that its column cannot hold; the message says what was found and what fits."""


class RowFitter:
    """Turns source rows into rows of one staging table.

    The hash covers what the row says, in one form for each value, and not when the source last touched it: a row
    that says the same again is unchanged.

    Parameters
    ----------
    table : Table
        A staging table; its own columns are those that its source maps.
    """

    BOOKKEEPING = frozenset({"load_id", "row_number", "problems", "raw", "row_hash", "outcome"})
    NOT_HASHED = frozenset({"source_updated_at", "blackout_dates"})
    """When the source last touched the row, and what is kept, and compared, in a table of its own."""

    def __init__(self, table: sa.Table) -> None:
        self._fits = {c.name: _fit_for(c) for c in table.columns if c.name not in self.BOOKKEEPING}
        self._nothing = dict.fromkeys(self._fits)
        self._hashed = itemgetter(*(name for name in self._fits if name not in self.NOT_HASHED), "problems")

    def fit(self, row: SourceRow, *, load_id: str, row_number: int) -> dict[str, Any]:
        """The staging row, with every column of its table."""
        misfits: dict[str, MisfitError] = {}
        values: dict[str, Any] = {"load_id": load_id, "row_number": row_number, **self._nothing}
        fits = self._fits
        for name, value in row.values.items():
            if value is not None:
                try:
                    values[name] = fits[name](value)
                except MisfitError as misfit:
                    misfits[name] = misfit
        values["problems"] = self._problems(row, misfits) if misfits or row.problems else None
        values["raw"] = as_json(row.raw)
        values["row_hash"] = self._hash(values)
        values["outcome"] = None
        return values

    def unknown_fields(self, row: SourceRow) -> list[str]:
        """Fields of the row that the staging table has no column for."""
        return sorted(row.values.keys() - self._fits.keys())

    def _problems(self, row: SourceRow, misfits: Mapping[str, MisfitError]) -> str:
        problems = [*row.problems, *(f"{name}: {misfits[name]}" for name in self._fits if name in misfits)]
        return _storable("\n".join(problems))

    def _hash(self, values: Mapping[str, Any]) -> str:
        return hashlib.blake2b(
            repr([*self._hashed(values)]).encode("utf-8", "backslashreplace"), digest_size=16
        ).hexdigest()


def as_json(raw: Mapping[str, object]) -> str:
    """The fields as they came, as JSON: any value has a form, characters that no engine keeps are replaced."""
    try:
        text = orjson.dumps(raw, str, _AS_THEY_SAY).decode()
    except TypeError:  # keys that are no texts, numbers beyond 64 bits, halves of a character
        text = _encode(raw)
    if "null" in text and _holds_no_number(raw):
        text = _encode(raw)  # the other one says nothing of what is infinite or no number
    return _storable(text)


def _holds_no_number(value: object) -> bool:
    """Whether a floating-point number that is infinite, or none, stands somewhere in a value."""
    if isinstance(value, Mapping):
        return any(map(_holds_no_number, value.values()))
    if isinstance(value, list | tuple):
        return any(map(_holds_no_number, value))
    return isinstance(value, float) and not math.isfinite(value)


def _fit_for(column: sa.Column[Any]) -> Fit:
    kind = column.type
    if kind is Instant:
        return _instant
    if isinstance(kind, Exact):
        return _decimal_fit(kind)
    for type_, fit in ((sa.Boolean, _boolean), (sa.Integer, _integer), (sa.Date, _day), (sa.Time, _time_of_day)):
        if isinstance(kind, type_):
            return fit
    length = getattr(kind, "length", None)
    return _text_fit(length if isinstance(length, int) else None)


def _text_fit(length: int | None) -> Fit:
    longest = sys.maxsize if length is None else length

    def fit(value: Any) -> str:
        text = value if isinstance(value, str) else str(value)
        if text.isascii() and len(text) <= longest and "\x00" not in text:
            return text  # nearly every value: no call is worth its time here
        if not text.isascii() or "\x00" in text:
            _refuse_unstorable(text)
        if _size(text) > longest:
            raise MisfitError(f"{_size(text)} characters, at most {length} fit: {text[:40]!r}…")
        return text

    return fit


def _size(text: str) -> int:
    # as SQL Server counts: what lies beyond the first 65,536 characters, emoji for one, takes two places
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def _refuse_unstorable(text: str) -> None:
    if text != _storable(text):
        raise MisfitError(f"holds characters that no database keeps: {text[:40]!r}")


def _storable(text: str) -> str:
    if text.isascii() and "\x00" not in text:
        return text
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def _instant(value: Any) -> datetime:
    if not isinstance(value, datetime):
        raise MisfitError(f"must be an instant, found {value!r}")
    if value.tzinfo is None:
        raise MisfitError(f"must carry an offset, found {value.isoformat()}")
    if value.tzinfo is UTC:
        return value
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise MisfitError(f"lies outside the calendar: {value.isoformat()}") from None


def _day(value: Any) -> date:
    if type(value) is not date:
        raise MisfitError(f"must be a date, found {value!r}")
    return value


def _time_of_day(value: Any) -> time:
    if not isinstance(value, time) or value.tzinfo is not None:
        raise MisfitError(f"must be a time of day without an offset, found {value!r}")
    return value


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise MisfitError(f"must be yes or no, found {value!r}")
    return value


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise MisfitError(f"must be a whole number, found {value!r}")
    if not SMALLEST_INTEGER <= value <= LARGEST_INTEGER:
        raise MisfitError(f"must be between {SMALLEST_INTEGER} and {LARGEST_INTEGER}, found {value}")
    return int(value)


def _decimal_fit(kind: Exact) -> Fit:
    unit = Decimal(1).scaleb(-kind.scale)
    limit = Decimal(10) ** (kind.precision - kind.scale)

    def fit(value: Any) -> Decimal:
        exact = value if type(value) is Decimal and value.is_finite() else _as_decimal(value)
        if not -limit < exact < limit:
            raise MisfitError(f"must be smaller than {limit:f}, found {exact}")
        return exact.quantize(unit)

    return fit


def _as_decimal(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, Decimal | int | float):
        raise MisfitError(f"must be a number, found {value!r}")
    if isinstance(value, float) and not math.isfinite(value):
        raise MisfitError(f"must be a finite number, found {value!r}")
    try:
        exact = value if isinstance(value, Decimal) else Decimal(str(value))
    except InvalidOperation:
        raise MisfitError(f"must be a number, found {value!r}") from None
    if not exact.is_finite():
        raise MisfitError(f"must be a finite number, found {value!r}")
    return exact
