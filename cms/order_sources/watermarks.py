"""Keeps where the next read of a source starts: as a text, with the type that the source gave it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, TypeAlias

Mark: TypeAlias = datetime | date | int | str

_LATEST = timedelta(days=1)
_FRACTIONS = {0: "seconds", 3: "milliseconds"}


def as_text(mark: Mark) -> str:
    """A mark in the form in which it is kept.

    Examples
    --------
    >>> as_text(17), as_text("2026-01-05 08:00:00"), as_text(datetime(2026, 1, 5, 8))
    ('number:17', 'text:2026-01-05 08:00:00', 'instant:2026-01-05T08:00:00')
    """
    if isinstance(mark, str):
        return f"text:{mark}"
    if isinstance(mark, int):
        return f"number:{mark}"
    return f"{'instant' if isinstance(mark, datetime) else 'date'}:{mark.isoformat()}"


def from_text(text: str) -> Mark:
    """A kept mark with its type."""
    kind, _, mark = text.partition(":")
    readers: dict[str, Callable[[str], Mark]] = {
        "number": int,
        "instant": datetime.fromisoformat,
        "date": date.fromisoformat,
    }
    return readers.get(kind, str)(mark)


def earlier(mark: Mark, seconds: int) -> Mark:
    """A mark some seconds before, in the very form it has; one that is no instant stays where it is.

    Updates that were still on their way when their neighbours were read are found by reading a little twice.

    Examples
    --------
    >>> earlier("2026-01-05T08:00:00Z", 60), earlier("2026-01-05 08:00:00.500", 60), earlier(17, 60)
    ('2026-01-05T07:59:00Z', '2026-01-05 07:59:00.500', 17)
    """
    if isinstance(mark, datetime):
        return _before(mark, seconds)
    moment = moment_of(mark)
    if moment is None or not isinstance(mark, str) or len(mark) <= len("2026-01-05"):
        return mark
    fraction = len(mark[19:].partition(".")[2].rstrip("Z").partition("+")[0]) if "." in mark else 0
    text = _before(moment, seconds).isoformat(sep=mark[10], timespec=_FRACTIONS.get(fraction, "microseconds"))
    return text.removesuffix("+00:00") + "Z" if mark.endswith("Z") else text


def moment_of(mark: object) -> datetime | None:
    """The instant that a mark is, or None: it is something else."""
    if isinstance(mark, datetime):
        return mark
    if not isinstance(mark, str):
        return None
    try:
        return datetime.fromisoformat(mark)
    except ValueError:
        return None


@dataclass(kw_only=True)
class WatermarkSeen:
    """The latest mark of the rows that went by.

    A mark of the far future is not kept: it would hide every later update. Its row is simply read again.

    Parameters
    ----------
    start : Mark, optional
        The mark that the read started from; it is kept where nothing later is seen.
    now : datetime, optional
        The source's own present; None: it is not known.
    """

    start: Mark | None
    now: datetime | None = None
    latest: Mark | None = field(init=False)

    def __post_init__(self) -> None:
        self.latest = self.start

    def see(self, mark: Any) -> None:
        """Note the mark of a row."""
        if isinstance(mark, bool) or not isinstance(mark, date | int | str) or mark == "" or self._is_future(mark):
            return
        if self.latest is None or _comes_after(mark, self.latest):
            self.latest = mark

    def text(self) -> str | None:
        """The latest mark, as it is kept."""
        return None if self.latest is None else as_text(self.latest)

    def _is_future(self, mark: Mark) -> bool:
        moment = moment_of(mark)
        if moment is None or self.now is None:
            return False
        # a day covers every time zone that a source may tell its time in
        return moment.replace(tzinfo=None) > self.now.replace(tzinfo=None) + _LATEST


def _before(moment: datetime, seconds: int) -> datetime:
    try:
        return moment - timedelta(seconds=seconds)
    except OverflowError:
        return moment


def _comes_after(mark: Mark, other: Mark) -> bool:
    one, two = moment_of(mark), moment_of(other)
    if one is not None and two is not None and (one.tzinfo is None) == (two.tzinfo is None):
        return one > two
    if type(mark) is type(other):
        return mark > other  # type: ignore[operator]
    return str(mark) > str(other)
