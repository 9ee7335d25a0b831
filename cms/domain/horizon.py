"""The planning horizon: the days that are planned, and the first of them, which are frozen."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeAlias

from cms.domain.errors import InvalidValueError

TimeBucket: TypeAlias = date
"""A time bucket is a calendar day; capacity is given and used per bucket."""

LONGEST_HORIZON_DAYS = 3660


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanningHorizon:
    """The days ``as_of`` … ``as_of + horizon_days - 1``, the first of them inside the planning time fence.

    Parameters
    ----------
    as_of : date
        The first day that is planned.
    horizon_days : int
        Number of days, 1 to 3660.
    planning_time_fence_days : int
        How many of the first days are frozen; 0 to `horizon_days`.

    Examples
    --------
    >>> week = PlanningHorizon(as_of=date(2026, 1, 5), horizon_days=7, planning_time_fence_days=2)
    >>> week.end, week.is_frozen(date(2026, 1, 6)), week.is_frozen(date(2026, 1, 7))
    (datetime.date(2026, 1, 11), True, False)
    """

    as_of: date
    horizon_days: int
    planning_time_fence_days: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.horizon_days <= LONGEST_HORIZON_DAYS:
            raise InvalidValueError("horizon_days", f"must be 1 to {LONGEST_HORIZON_DAYS}", self.horizon_days)
        if not 0 <= self.planning_time_fence_days <= self.horizon_days:
            rule = f"must be 0 to horizon_days ({self.horizon_days})"
            raise InvalidValueError("planning_time_fence_days", rule, self.planning_time_fence_days)
        if self.as_of > date.max - timedelta(days=3 * LONGEST_HORIZON_DAYS):
            raise InvalidValueError("as_of", "must leave room for the horizon in the calendar", str(self.as_of))

    @property
    def end(self) -> date:
        """The last day of the horizon."""
        return self.as_of + timedelta(days=self.horizon_days - 1)

    @property
    def fence_end(self) -> date:
        """The first day after the planning time fence."""
        return self.as_of + timedelta(days=self.planning_time_fence_days)

    def __contains__(self, day: date) -> bool:
        return self.as_of <= day <= self.end

    def __iter__(self) -> Iterator[TimeBucket]:
        return (self.as_of + timedelta(days=index) for index in range(self.horizon_days))

    def __len__(self) -> int:
        return self.horizon_days

    def index(self, day: date) -> int:
        """Days from `as_of`; negative before it, `horizon_days` or more after the end."""
        return (day - self.as_of).days

    def day(self, index: int) -> date:
        """The day at `index`, counted from `as_of`."""
        return self.as_of + timedelta(days=index)

    def is_frozen(self, completion_date: date) -> bool:
        """Whether a published completion on that day may no longer change: it is past, or inside the fence."""
        return completion_date < self.fence_end
