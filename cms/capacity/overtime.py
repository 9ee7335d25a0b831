"""Proposes overtime where a week asks for more than its regular hours, with what it costs and what it is worth."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from cms.capacity.weekly_plan import WeeklyLoad, days_of_week
from cms.domain.horizon import TimeBucket
from cms.domain.resources import ResourceId
from cms.domain.work_calendar import BucketCapacity, WorkCalendar

_NOTHING = 1e-6


@dataclass(frozen=True, kw_only=True, slots=True)
class OvertimeDay:
    """Overtime of a resource on one day."""

    bucket_date: TimeBucket
    hours: float


@dataclass(frozen=True, kw_only=True, slots=True)
class OvertimeProposal:
    """Overtime of a resource in a week.

    Parameters
    ----------
    days : tuple of OvertimeDay
        Where the hours go: first the days on which an hour is worth most, then the earliest.
    cost : float
        Money for these hours.
    worth : float
        What the hours would bring, by the prices of the last optimisation; 0 where it gave none.
    uncovered_hours : float
        What is still missing with all overtime used: it has to move, or go to another resource.
    """

    resource_id: ResourceId
    week_start: date
    days: tuple[OvertimeDay, ...]
    cost: float
    worth: float
    uncovered_hours: float

    @property
    def hours(self) -> float:
        """Hours of overtime in the week."""
        return sum(day.hours for day in self.days)


def propose_overtime(
    weeks: Iterable[WeeklyLoad],
    calendar: WorkCalendar,
    *,
    as_of: date,
    prices: Mapping[tuple[ResourceId, TimeBucket], float] | None = None,
) -> list[OvertimeProposal]:
    """A proposal for every week that asks for more than its regular hours, by week and resource.

    Parameters
    ----------
    as_of : date
        Overtime on days before it can no longer be worked.
    prices : mapping of (resource, day) to float, optional
        What one more hour of a resource-day would be worth, from the duals of the optimisation.
    """
    short = [week for week in weeks if week.asked_hours > week.regular_hours + _NOTHING]
    ordered = sorted(short, key=lambda week: (week.week_start, week.resource_id))
    return [_proposal(week, calendar, as_of, prices or {}) for week in ordered]


def _proposal(
    week: WeeklyLoad,
    calendar: WorkCalendar,
    as_of: date,
    prices: Mapping[tuple[ResourceId, TimeBucket], float],
) -> OvertimeProposal:
    def price(day: TimeBucket) -> float:
        return prices.get((week.resource_id, day), 0.0)

    missing = week.asked_hours - week.regular_hours
    buckets = calendar.buckets(week.resource_id, days_of_week(week.week_start, as_of))
    days = _spread(missing, sorted(buckets, key=lambda bucket: (-price(bucket.bucket_date), bucket.bucket_date)))
    covered = sum(day.hours for day in days)
    return OvertimeProposal(
        resource_id=week.resource_id,
        week_start=week.week_start,
        days=days,
        cost=covered * calendar.resources[week.resource_id].overtime_cost_per_hour,
        worth=sum(day.hours * price(day.bucket_date) for day in days),
        uncovered_hours=max(0.0, missing - covered),
    )


def _spread(missing: float, buckets: Iterable[BucketCapacity]) -> tuple[OvertimeDay, ...]:
    days = []
    for bucket in buckets:
        hours = min(missing, bucket.overtime_hours)
        if hours > _NOTHING:
            days.append(OvertimeDay(bucket_date=bucket.bucket_date, hours=hours))
            missing -= hours
    return tuple(sorted(days, key=lambda day: day.bucket_date))
