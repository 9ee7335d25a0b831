"""Reads a customer's delivery windows from one column: ``Tue 08:00-12:00; Thu 13-17 from 2026-01-01 to 2026-06-30``."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from cms.aggregation.source_text import is_empty, text_of
from cms.domain.customers import DeliveryWindow
from cms.domain.errors import InvalidValueError

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_TAGE = ("montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag")
_SETS = {"daily": range(7), "weekdays": range(5), "workdays": range(5), "weekend": range(5, 7)}
_DASH = r"\s*[-–—]\s*"
_CLOCK = r"(\d{1,2})(?:[:.h](\d{2}))?"
_HOURS = re.compile(rf"{_CLOCK}{_DASH}{_CLOCK}(?:\s*uhr)?")
_SEGMENT = re.compile(
    r"(?P<days>[^\d]+?)\s*(?P<hours>\d[\d:.h\s–—,&+-]*?(?:\s*uhr)?)"
    r"(?:\s+(?:from|since|ab|von)\s+(?P<start>\d{4}-\d{2}-\d{2}))?"
    r"(?:\s+(?:to|until|till|through|bis)\s+(?P<end>\d{4}-\d{2}-\d{2}))?",
)
_END_OF_DAY = time(23, 59)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadWindows:
    """What stood in a windows column.

    Parameters
    ----------
    problems : tuple of str
        A sentence for each part that is no window.
    """

    windows: tuple[DeliveryWindow, ...]
    problems: tuple[str, ...] = ()


def parse_windows(value: object) -> ReadWindows:
    """The delivery windows that a text, or a list of objects from a JSON source, describes.

    Parts are divided by semicolons or line breaks. Each has days (``Tue``, ``Mon-Fri``, ``Mon, Wed``, ``daily``, in
    English or German), one or more spans of hours, and optionally ``from`` and ``to`` with ISO dates, both included.

    Examples
    --------
    >>> read = parse_windows("Tue 08:00-12:00; Thu 13:00-17:00 from 2026-01-01; Someday 25-99")
    >>> [(window.weekday, window.start.hour, window.effective_from) for window in read.windows]
    [(1, 8, None), (3, 13, datetime.date(2026, 1, 1))]
    >>> read.problems
    ("windows: 'Someday 25-99': 'someday' is no weekday",)
    """
    if is_empty(value):
        return ReadWindows(windows=())
    windows: list[DeliveryWindow] = []
    problems = []
    for part in _parts(value):
        try:
            windows += _from_text(part.lower()) if isinstance(part, str) else _from_object(part)
        except (InvalidValueError, ValueError) as error:
            problems.append(f"windows: {part!r}: {error}")
    return ReadWindows(windows=tuple(dict.fromkeys(windows)), problems=tuple(problems))


def _parts(value: object) -> Iterator[str | Mapping[str, Any]]:
    if isinstance(value, list | tuple):
        for part in value:
            yield from _parts(part)
    elif isinstance(value, Mapping):
        yield value
    else:
        yield from (part.strip() for part in re.split(r"[;\n]", text_of(value)) if part.strip())


def _from_object(part: Mapping[str, Any]) -> list[DeliveryWindow]:
    unknown = part.keys() - {"weekday", "start", "end", "effective_from", "effective_to"}
    lacking = {"weekday", "start", "end"} - part.keys()
    if unknown or lacking:
        raise ValueError("has the keys weekday, start, end and optionally effective_from, effective_to")
    days = [part["weekday"]] if type(part["weekday"]) is int else _weekdays(str(part["weekday"]).lower())
    start, end = time.fromisoformat(str(part["start"])), time.fromisoformat(str(part["end"]))
    first, last = _iso_date(part.get("effective_from")), _iso_date(part.get("effective_to"))
    return [DeliveryWindow(weekday=d, start=start, end=end, effective_from=first, effective_to=last) for d in days]


def _from_text(part: str) -> list[DeliveryWindow]:
    found = _SEGMENT.fullmatch(part)
    if found is None:
        raise ValueError("is no window of form 'Tue 08:00-12:00 from 2026-01-01 to 2026-06-30'")
    first, last = _iso_date(found["start"]), _iso_date(found["end"])
    return [
        DeliveryWindow(weekday=day, start=start, end=end, effective_from=first, effective_to=last)
        for day in _weekdays(found["days"])
        for start, end in _spans(found["hours"])
    ]


def _weekdays(text: str) -> list[int]:
    days: list[int] = []
    for part in re.split(r"[,&+/]|\band\b|\bund\b", text.strip().strip(":").strip()):
        named = part.strip().strip(".")
        if named in _SETS:
            days += _SETS[named]
            continue
        ends = [_weekday(end) for end in re.split(r"\s*[-–—]\s*|\s+to\s+|\s+bis\s+", named)]
        days += _from_to(ends[0], ends[-1]) if len(ends) <= 2 else ends
    return days


def _from_to(first: int, last: int) -> Iterator[int]:
    """Weekdays from one to another, over the weekend where the second comes before the first."""
    return ((first + step) % 7 for step in range((last - first) % 7 + 1))


def _weekday(name: str) -> int:
    word = name.strip().strip(".")
    for names in (_DAYS, _TAGE):
        for weekday, day in enumerate(names):
            if len(word) >= 2 and day.startswith(word):
                return weekday
    raise ValueError(f"{word!r} is no weekday")


def _spans(text: str) -> list[tuple[time, time]]:
    spans = []
    for span in re.split(r"[,&+]", text):
        found = _HOURS.fullmatch(span.strip())
        if found is None:
            raise ValueError(f"{span.strip()!r} are no hours of form 08:00-12:00")
        spans.append((_clock(found[1], found[2]), _clock(found[3], found[4])))
    return spans


def _clock(hours: str, minutes: str | None) -> time:
    if int(hours) == 24 and int(minutes or 0) == 0:
        return _END_OF_DAY
    if int(hours) > 23 or int(minutes or 0) > 59:
        raise ValueError(f"{hours}:{minutes or '00'} is no time of day")
    return time(int(hours), int(minutes or 0))


def _iso_date(text: object) -> date | None:
    return None if is_empty(text) else date.fromisoformat(str(text))
