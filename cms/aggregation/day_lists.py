"""Reads days on which something is closed from one text: ``2026-12-24, 2026-12-28 to 2026-12-31``."""

import re
from datetime import date, timedelta

from cms.aggregation.source_text import UnreadableValueError, text_of

LONGEST_SPAN_DAYS = 366
_SPAN = re.compile(r"(?P<first>\S+)(?:\s*(?:\.\.|/|–|—)\s*|\s+(?:-|to|until|till|bis)\s+)(?P<last>\S+)")


def read_days(value: object) -> str:
    """The days of a text or of a list, each once and in order, as ISO dates divided by commas.

    Parts are divided by commas, semicolons or line breaks; each is an ISO date, or a span of two with both included.

    Raises
    ------
    UnreadableValueError

    Examples
    --------
    >>> read_days("2026-12-24; 2026-12-30 to 2027-01-01")
    '2026-12-24,2026-12-30,2026-12-31,2027-01-01'
    """
    parts = value if isinstance(value, list | tuple) else re.split(r"[,;\n]", text_of(value))
    days = {day for part in parts if text_of(part).strip() for day in _days(text_of(part).strip())}
    return ",".join(day.isoformat() for day in sorted(days))


def days_of(text: str | None) -> frozenset[date]:
    """The days of a text that `read_days` made."""
    return frozenset(date.fromisoformat(part) for part in text.split(",")) if text else frozenset()


def _days(part: str) -> list[date]:
    span = _SPAN.fullmatch(part)
    first, last = (_day(span["first"]), _day(span["last"])) if span else (_day(part), _day(part))
    if not 0 <= (last - first).days < LONGEST_SPAN_DAYS:
        raise UnreadableValueError(f"has the span {part!r}, which must be 1 to {LONGEST_SPAN_DAYS} days")
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UnreadableValueError(f"has {text!r}, which is no date of form 2026-12-24") from None
