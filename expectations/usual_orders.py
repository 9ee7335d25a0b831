"""What is usual of orders, told by those that came before, and how far a new one may lie beyond it."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

FEWEST_ORDERS = 30
"""Fewer orders say nothing about the next one."""
FEWEST_FOR_WEEKDAYS = 150
FEWEST_FOR_HOURS = 300
RARITY = 500
LEAST_REACH = 1.25
MARKED_SHARE = 0.8
"""Instants of a load that bear its usual offset, or one an hour beside it for the sake of summer time."""
FEWEST_MARKS = 20
_MARK = re.compile(r':\d\d:\d\d(?:\.\d{3}|\.\d{6})?(?:Z|([+-])(\d\d):(\d\d))"')


@dataclass(frozen=True, kw_only=True, slots=True)
class UsualOrders:
    """What a load of orders is compared with; without any order nothing is unusual.

    Parameters
    ----------
    held : int
        Earlier orders that were looked at, of every source.
    orders : int
        Those of the load's own source.
    lead_days : tuple of (int, int)
        Least and most days from the day of ordering to the requested date.
    promised : int
        Orders of the source with a promised date.
    promise_days : tuple of (int, int)
        Least and most days from the requested date to the promised one.
    weekdays : frozenset of int
        Weekdays of requested dates, Monday is 0.
    hours : mapping of int to int
        Orders by the hour of their instant, in UTC.
    offset_minutes : int, optional
        What nearly all instants of the load itself are written with; None: they bear no offset, or several.
    """

    held: int = 0
    orders: int = 0
    lead_days: tuple[int, int] = (0, 0)
    promised: int = 0
    promise_days: tuple[int, int] = (0, 0)
    weekdays: frozenset[int] = frozenset()
    hours: Mapping[int, int] = field(default_factory=dict)
    offset_minutes: int | None = None

    @property
    def possible_lead_days(self) -> tuple[int, int] | None:
        """Least and most days from ordering to the requested date that are no surprise; None: too few orders."""
        return widened(*self.lead_days, self.orders) if self.orders >= FEWEST_ORDERS else None

    @property
    def possible_promise_days(self) -> tuple[int, int] | None:
        """Least and most days from the requested to the promised date that are no surprise; None: too few orders."""
        return widened(*self.promise_days, self.promised) if self.promised >= FEWEST_ORDERS else None

    @property
    def unusual_weekdays(self) -> tuple[int, ...]:
        """Weekdays that nobody asks for."""
        return tuple(sorted(set(range(7)) - self.weekdays)) if self.orders >= FEWEST_FOR_WEEKDAYS else ()

    @property
    def unusual_hours(self) -> tuple[int, ...]:
        """Hours of the day, in UTC, in which nobody orders, nor in the hour before or after."""
        if self.orders < FEWEST_FOR_HOURS:
            return ()
        return tuple(hour for hour in range(24) if not any(self.hours.get((hour + d) % 24) for d in (-1, 0, 1)))


def reach(orders: int) -> float:
    """How many times the largest of earlier orders a new one may be.

    Of orders that come in no special order, the next is the largest ever once in ``orders + 1`` times, and larger by a
    factor still more seldom. The factor makes a good order that is taken for a wrong one rarer than one in 500.

    Examples
    --------
    >>> reach(50), reach(100), reach(1_000)
    (10.0, 5.0, 1.25)
    """
    return max(LEAST_REACH, RARITY / orders)


def widened(least: int, most: int, orders: int) -> tuple[int, int]:
    """The days between which the next order lies; none is negative where none was.

    Examples
    --------
    >>> widened(5, 40, 400)
    (4, 49)
    >>> widened(0, 3, 1_000)
    (0, 4)
    """
    margin = math.ceil((reach(orders) - 1) * (most - least + 1))
    lowest = least - margin if least < 0 else max(math.floor(least / reach(orders)), least - margin)
    return lowest, most + margin


def usual_offset(texts: Iterable[str]) -> int | None:
    """The offset, in minutes, that nearly all instants in some texts bear; None where no offset prevails.

    Examples
    --------
    >>> usual_offset(['{"at": "2026-01-05T08:00:00+01:00"}'] * 20)
    60
    """
    marks = Counter(_minutes(*mark.groups("")) for text in texts for mark in _MARK.finditer(text))
    if marks.total() < FEWEST_MARKS:
        return None
    usual, _ = max(marks.items(), key=lambda mark: (mark[1], mark[0]))
    near = sum(marks[usual + beside] for beside in (-60, 0, 60))
    return usual if near >= MARKED_SHARE * marks.total() else None


def _minutes(sign: str, hours: str, minutes: str) -> int:
    distance = 60 * int(hours or 0) + int(minutes or 0)
    return -distance if sign == "-" else distance


def offset_text(minutes: int) -> str:
    """An offset as instants bear it: ``+05:30``."""
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def hours_moved(orders: Mapping[int, int], usual: Mapping[int, int]) -> int:
    """By how many hours the orders of a load came later than usual, from -11 to 12; 0 where that explains nothing.

    Compares how well the usual day, moved by each number of hours, explains the hours of the load (log-likelihood);
    an hour more or less is no move, since clocks are put forward and back.

    Examples
    --------
    >>> office = {8: 50, 9: 200, 10: 150, 11: 100, 12: 50, 13: 100, 14: 150, 15: 100, 16: 50}
    >>> hours_moved({(hour + 3) % 24: count for hour, count in office.items()}, office)
    3
    """
    count = sum(orders.values())
    explained = {move: _explained(orders, usual, move) for move in range(-11, 13)}
    best = max(explained, key=lambda move: (explained[move], -abs(move), move))
    still = max(explained[move] for move in (-1, 0, 1))
    return best if explained[best] - still > max(20.0, 0.25 * count) else 0


def _explained(orders: Mapping[int, int], usual: Mapping[int, int], move: int) -> float:
    total = sum(usual.values()) + 24
    return sum(
        count * math.log((usual.get((hour - move) % 24, 0) + 1) / total) for hour, count in sorted(orders.items())
    )
