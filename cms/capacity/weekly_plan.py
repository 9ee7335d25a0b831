"""The weekly capacity plan: for each resource and week what it has, what is committed, and what is still to come."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TypeAlias

from cms.capacity.ledger import CapacityLoad
from cms.domain.errors import InvalidValueError
from cms.domain.metrics import utilization
from cms.domain.resources import ResourceId
from cms.domain.schedule import ScheduledLoad
from cms.domain.work_calendar import WorkCalendar

HoursByWeek: TypeAlias = Mapping[tuple[ResourceId, date], float]
"""Hours by resource and Monday."""

WEEKS_AHEAD = 26
_ONE_WEEK = timedelta(weeks=1)
_ONE_YEAR = timedelta(weeks=52)
_RECENT_WEEKS = 13


@dataclass(frozen=True, kw_only=True, slots=True)
class WeeklyLoad:
    """A resource's week in the capacity plan; hours.

    Parameters
    ----------
    week_start : date
        A Monday.
    overtime_hours : float
        The most that overtime may add.
    committed_hours : float
        From the published schedule.
    expected_hours : float
        From open orders that are not scheduled yet, from what quotes hold, and from forecast or history.
    reserved_hours : float
        The part of the expected hours that quotes hold; 0 where a plan is read back, which does not keep it.
    """

    resource_id: ResourceId
    week_start: date
    regular_hours: float
    overtime_hours: float
    committed_hours: float
    expected_hours: float
    reserved_hours: float = 0.0

    @property
    def asked_hours(self) -> float:
        """Committed and expected hours together."""
        return self.committed_hours + self.expected_hours

    @property
    def utilization(self) -> float:
        """Committed and expected over regular hours; 0 where nothing is available and nothing asked."""
        return utilization(self.asked_hours, self.regular_hours)


@dataclass(frozen=True, kw_only=True, slots=True)
class WaitingLoad:
    """Hours that an open order without a place in the schedule will need.

    Parameters
    ----------
    due_date : date
        When the order is due; work that is past due counts in the first week.
    """

    resource_id: ResourceId
    due_date: date
    hours: float


@dataclass(frozen=True, kw_only=True)
class DemandHistory:
    """What past weeks needed, from which coming ones are expected.

    Parameters
    ----------
    hours : mapping of (resource, Monday) to float
        Hours that past schedules used; a week that is absent used none.
    forecast : mapping of (resource, Monday) to float
        Hours of coming weeks where somebody knows better; they count instead.
    """

    hours: HoursByWeek = field(default_factory=dict)
    forecast: HoursByWeek = field(default_factory=dict)

    def expected_hours(self, resource_id: ResourceId, week_start: date, this_week: date) -> float:
        """The hours that a week will need in all, orders included that are already known.

        With a year of history: the same week last year, times what the last 13 weeks needed over what the same 13
        weeks needed a year before. With less: the mean of the last 13 weeks (of those there are).

        Parameters
        ----------
        this_week : date
            The Monday of the present week; history ends before it.
        """
        known = self.forecast.get((resource_id, week_start))
        if known is not None:
            return known
        weeks = sorted(monday for resource, monday in self.hours if resource == resource_id and monday < this_week)
        if not weeks:
            return 0.0
        first_recent = max(weeks[0], this_week - _RECENT_WEEKS * _ONE_WEEK)
        recent = self._hours_of(resource_id, first_recent, this_week)
        a_year_before = self._hours_of(resource_id, first_recent - _ONE_YEAR, this_week - _ONE_YEAR)
        if weeks[0] <= first_recent - _ONE_YEAR and a_year_before > 0:
            return self.hours.get((resource_id, week_start - _ONE_YEAR), 0.0) * recent / a_year_before
        return recent / ((this_week - first_recent) / _ONE_WEEK)

    def _hours_of(self, resource_id: ResourceId, start: date, end: date) -> float:
        return sum(self.hours.get((resource_id, monday), 0.0) for monday in _mondays(start, end))


def plan_weeks(
    calendar: WorkCalendar,
    *,
    as_of: date,
    committed: Iterable[ScheduledLoad],
    waiting: Iterable[WaitingLoad] = (),
    reserved: Iterable[CapacityLoad] = (),
    history: DemandHistory | None = None,
    weeks: int = WEEKS_AHEAD,
) -> tuple[WeeklyLoad, ...]:
    """The capacity plan of every resource, week after week, in order of resource and week.

    Orders that are known consume what history lets us expect: only what exceeds them counts beside them. The first
    week counts from `as_of`, so what has gone by is neither capacity nor load.

    Parameters
    ----------
    committed : iterable of ScheduledLoad
        Of the published schedule.
    waiting : iterable of WaitingLoad
        Of open orders that it does not contain; those due after the last week are left for a later plan.
    reserved : iterable of CapacityLoad
        What quotes hold; it counts as known orders do.
    history : DemandHistory, optional
        None: nothing is expected but known orders.

    Raises
    ------
    InvalidValueError
        `weeks` is not 1 to 260, or a load names an unknown resource.
    """
    if not 1 <= weeks <= 260:
        raise InvalidValueError("weeks", "must be 1 to 260", weeks)
    mondays = [monday_of(as_of) + index * _ONE_WEEK for index in range(weeks)]
    promised = _by_week(
        ((load.resource_id, load.bucket_date, load.hours) for load in committed if load.bucket_date >= as_of), calendar
    )
    still_open = _by_week(((w.resource_id, max(as_of, w.due_date), w.hours) for w in waiting), calendar)
    held = _by_week((load for load in reserved if load.bucket_date >= as_of), calendar)
    demand = history or DemandHistory()
    return tuple(
        _weekly_load(
            calendar,
            resource_id,
            monday,
            as_of=as_of,
            committed_hours=promised.get((resource_id, monday), 0.0),
            waiting_hours=still_open.get((resource_id, monday), 0.0),
            reserved_hours=held.get((resource_id, monday), 0.0),
            demand=demand,
        )
        for resource_id in sorted(calendar.resources)
        for monday in mondays
    )


def monday_of(day: date) -> date:
    """The Monday of a day's week.

    Examples
    --------
    >>> monday_of(date(2026, 1, 11))
    datetime.date(2026, 1, 5)
    """
    return day - timedelta(days=day.weekday())


def days_of_week(week_start: date, as_of: date) -> list[date]:
    """The days of a week from `as_of` on."""
    week = (week_start + timedelta(days=index) for index in range(7))
    return [day for day in week if day >= as_of]


def _weekly_load(
    calendar: WorkCalendar,
    resource_id: ResourceId,
    monday: date,
    *,
    as_of: date,
    committed_hours: float,
    waiting_hours: float,
    reserved_hours: float,
    demand: DemandHistory,
) -> WeeklyLoad:
    buckets = calendar.buckets(resource_id, days_of_week(monday, as_of))
    expected = demand.expected_hours(resource_id, monday, monday_of(as_of))
    return WeeklyLoad(
        resource_id=resource_id,
        week_start=monday,
        regular_hours=sum(bucket.regular_hours for bucket in buckets),
        overtime_hours=sum(bucket.overtime_hours for bucket in buckets),
        committed_hours=committed_hours,
        expected_hours=max(waiting_hours + reserved_hours, expected - committed_hours),
        reserved_hours=reserved_hours,
    )


def _by_week(loads: Iterable[tuple[ResourceId, date, float]], calendar: WorkCalendar) -> HoursByWeek:
    hours: dict[tuple[ResourceId, date], float] = {}
    for resource_id, day, amount in loads:
        if resource_id not in calendar.resources:
            raise InvalidValueError("resource_id", "must name a known resource", resource_id)
        key = (resource_id, monday_of(day))
        hours[key] = hours.get(key, 0.0) + amount
    return hours


def _mondays(start: date, end: date) -> Iterable[date]:
    return (start + index * _ONE_WEEK for index in range((end - start) // _ONE_WEEK))
