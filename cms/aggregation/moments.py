"""Reads dates, times of day and instants: several forms, time zones, and the hour that a clock change leaves out."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, tzinfo
from typing import TypeVar
from zoneinfo import ZoneInfo

from cms.aggregation.source_text import UnreadableValueError

ISO = "iso"
"""The name of ISO 8601 among the forms."""

_MEMORY = 50_000
_Moment = TypeVar("_Moment", date, time, datetime)


def date_reader(formats: Sequence[str] = (), time_zone: str = "UTC") -> Callable[[object], date]:
    """Dates; of an instant with an offset the day that it is in `time_zone`, of one without the day as written."""
    zone = ZoneInfo(time_zone)

    def convert(value: date | time) -> date:
        if isinstance(value, datetime):
            return _local(value, zone).date()
        if isinstance(value, time):
            raise UnreadableValueError("is a time of day, not a date")
        return value

    return _reader("a date", formats, convert, date.fromisoformat)


def time_reader(formats: Sequence[str] = (), time_zone: str = "UTC") -> Callable[[object], time]:
    """Times of day; of an instant with an offset the time that it is in `time_zone`."""
    zone = ZoneInfo(time_zone)

    def convert(value: date | time) -> time:
        if isinstance(value, datetime):
            return _local(value, zone).time()
        if isinstance(value, time):
            return value.replace(tzinfo=None)
        raise UnreadableValueError("is a date, not a time of day")

    return _reader("a time of day", formats, convert, time.fromisoformat)


def instant_reader(formats: Sequence[str] = (), time_zone: str = "UTC") -> Callable[[object], datetime]:
    """Instants in UTC; one without an offset is in `time_zone`, a bare date is its midnight there.

    Where clocks are put back an hour comes twice: the first one is meant. Where they are put forward an hour is
    missing, and an instant inside it is refused.

    Examples
    --------
    >>> instant_reader(time_zone="Europe/Berlin")("2026-01-05 08:30").isoformat()
    '2026-01-05T07:30:00+00:00'
    """
    zone = ZoneInfo(time_zone)

    def convert(value: date | time) -> datetime:
        if isinstance(value, time):
            raise UnreadableValueError("is a time of day, not an instant")
        moment = value if isinstance(value, datetime) else datetime.combine(value, time())
        return _shifted(moment, UTC) if moment.tzinfo else _placed(moment, zone)

    return _reader("an instant", formats, convert, datetime.fromisoformat)


def _reader(
    noun: str,
    formats: Sequence[str],
    convert: Callable[[date | time], _Moment],
    from_iso: Callable[[str], date | time],
) -> Callable[[object], _Moment]:
    parse = _parser(noun, formats or (ISO,), from_iso)
    # the same few days stand in thousands of rows, and parsing is the dear part
    known: dict[str, _Moment] = {}

    def read(value: object) -> _Moment:
        if not isinstance(value, str):
            if isinstance(value, date | time):
                return convert(value)
            raise UnreadableValueError(f"is of type {type(value).__name__}, not {noun}")
        if value not in known:
            moment = convert(parse(value.strip()))
            if len(known) >= _MEMORY:
                known.clear()
            known[value] = moment
        return known[value]

    return read


def _parser(noun: str, formats: Sequence[str], from_iso: Callable[[str], date | time]) -> Callable[[str], date | time]:
    forms = " or ".join("ISO 8601" if form == ISO else form for form in formats)

    def parse(text: str) -> date | time:
        for form in formats:
            try:
                return _iso(text, from_iso) if form == ISO else datetime.strptime(text, form)  # noqa: DTZ007
            except ValueError:
                continue
        raise UnreadableValueError(f"is no {noun.split(' ', 1)[1]} of form {forms}")

    return parse


def _iso(text: str, from_iso: Callable[[str], date | time]) -> date | time:
    try:
        return from_iso(text)
    except ValueError:
        return datetime.fromisoformat(text)


def _local(moment: datetime, zone: ZoneInfo) -> datetime:
    return _shifted(moment, zone) if moment.tzinfo else moment


def _placed(moment: datetime, zone: ZoneInfo) -> datetime:
    instant = _shifted(moment.replace(tzinfo=zone), UTC)
    if zone.key != "UTC" and _shifted(instant, zone).replace(tzinfo=None) != moment:
        raise UnreadableValueError(f"does not exist in {zone.key}: the clocks are put forward over it")
    return instant


def _shifted(moment: datetime, zone: tzinfo) -> datetime:
    try:
        return moment.astimezone(zone)
    except OverflowError:
        raise UnreadableValueError("lies outside the calendar") from None
