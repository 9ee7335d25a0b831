"""When the resources work: as planning believes, as the plant knows better, and what was worked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from cms.domain.errors import InvalidValueError
from cms.domain.resources import Resource, ResourceId
from cms.domain.work_calendar import CalendarException, ExceptionKind, WorkCalendar
from cms.scheduling.problem import BucketHours
from simulations.arrival_process import Period
from simulations.order_history import History
from simulations.random_streams import RandomStreams
from simulations.scenario_plant import (
    ALL_RESOURCES,
    BOTTLENECK,
    Breakdowns,
    CapacityChange,
    OvertimePolicy,
    PlantChanges,
)
from simulations.station import SHORTEST_HOURS, Span

SHIFT_START = 1.0
"""Hours after the planning run at which work begins."""
LONGEST_SHIFT = 23.0
"""A resource with more hours a day than this is several that work side by side: it works faster, not longer."""
NOTHING = BucketHours(regular_hours=0.0)


def resources_named(name: str, history: History, place: str) -> list[ResourceId]:
    """The resources that a scenario means by a name.

    Raises
    ------
    InvalidValueError
        No resource has that name.
    """
    known = [one.resource_id for one in history.resources]
    if name == ALL_RESOURCES:
        return known
    if name == BOTTLENECK:
        return [history.bottleneck]
    if name not in known:
        raise InvalidValueError(place, f"must be {', '.join(known)}, {ALL_RESOURCES} or {BOTTLENECK}", name)
    return [ResourceId(name)]


@dataclass(frozen=True, kw_only=True)
class KnownHours:
    """The hours of every resource that planning counts on, by resource and day; days go on after the run.

    Parameters
    ----------
    hours : sequence of sequence of BucketHours
        By place of the resource, then day.
    surprises : tuple of (resource, first day, days)
        Outages that planning learns of on their first day.
    holidays : frozenset of date
        Days without any delivery.
    """

    hours: Sequence[Sequence[BucketHours]]
    surprises: tuple[tuple[int, int, int], ...]
    holidays: frozenset[date]

    def planned(self, resource: int, day: int, today: int) -> BucketHours:
        """The hours that planning counts on, as of today."""
        for where, first, days in self.surprises:
            if where == resource and first <= today and first <= day < first + days:
                return NOTHING
        return self.hours[resource][day]

    def actual(self, resource: int, day: int) -> BucketHours:
        """The hours of the day, chance aside."""
        return self.planned(resource, day, day)


def known_hours(history: History, changes: PlantChanges, period: Period, days: int) -> KnownHours:
    """The hours of the first `days` days.

    Raises
    ------
    InvalidValueError
        A change names no resource, or a resource that is needed has no hours in the whole run.
    """
    calendar = WorkCalendar(
        resources=history.calendar.resources, exceptions=(*history.exceptions, *_exceptions(history, changes, period))
    )
    dates = [period.date(index) for index in range(days)]
    hours = [_hours_of(one, calendar, dates, _changes_of(one, history, changes), period) for one in history.resources]
    places = {one.resource_id: number for number, one in enumerate(history.resources)}
    surprises = tuple(
        (places[named], period.index(outage.start), outage.days)
        for index, outage in enumerate(changes.outages)
        if not outage.announced
        for named in resources_named(outage.resource, history, f"plant.outages[{index}].resource")
    )
    known = KnownHours(hours=hours, surprises=surprises, holidays=calendar.company_holidays)
    for number, resource in enumerate(history.resources):
        works = any(known.actual(number, day).total_hours > 0 for day in range(period.days))
        if not works and history.hours_needed[resource.resource_id] > 0:
            rule = "must have working hours in the run, since orders need it"
            raise InvalidValueError(f"plant.resources[{resource.resource_id}]", rule, 0)
    return known


def _exceptions(history: History, changes: PlantChanges, period: Period) -> list[CalendarException]:
    found = [
        CalendarException(day=period.date(period.index(one.start) + day), kind=ExceptionKind.HOLIDAY, reason="shutdown")
        for one in changes.shutdowns
        for day in range(one.days)
    ]
    for index, outage in enumerate(changes.outages):
        for named in resources_named(outage.resource, history, f"plant.outages[{index}].resource"):
            first = period.index(outage.start)
            closed = [period.date(first + day) for day in range(outage.days)] if outage.announced else []
            found += [CalendarException(day=day, kind=ExceptionKind.HOLIDAY, resource_id=named) for day in closed]
    for index, care in enumerate(changes.maintenance):
        for named in resources_named(care.resource, history, f"plant.maintenance[{index}].resource"):
            days = range(period.index(care.start), period.days, care.every_days)
            found += [
                CalendarException(
                    day=period.date(day), kind=ExceptionKind.MAINTENANCE, resource_id=named, hours=care.hours
                )
                for day in days
            ]
    return found


def _hours_of(
    resource: Resource, calendar: WorkCalendar, dates: Sequence[date], own: Sequence[CapacityChange], period: Period
) -> list[BucketHours]:
    hours = []
    for index, bucket in enumerate(calendar.buckets(resource.resource_id, dates)):
        regular, overtime = bucket.regular_hours, bucket.overtime_hours
        for change in own:
            if _holds(change, period, index):
                regular *= change.capacity_factor
                overtime = _overtime(change, regular, overtime)
        hours.append(BucketHours(regular_hours=regular, overtime_hours=overtime))
    return hours


def _changes_of(resource: Resource, history: History, changes: PlantChanges) -> list[CapacityChange]:
    named = [
        change
        for index, change in enumerate(changes.capacity)
        if resource.resource_id in resources_named(change.resource, history, f"plant.capacity[{index}].resource")
    ]
    never = CapacityChange(overtime_hours=0.0)
    return [*named, never] if changes.overtime is OvertimePolicy.NEVER else named


def _holds(change: CapacityChange, period: Period, day: int) -> bool:
    return period.index(change.start) <= day and (change.end is None or day <= period.index(change.end))


def _overtime(change: CapacityChange, regular: float, overtime: float) -> float:
    """An approved shift on a day off stays as it is, unless there is to be no overtime at all."""
    if change.overtime_hours is None or (regular == 0 and change.overtime_hours > 0):
        return overtime
    return change.overtime_hours


class ShiftHours:
    """The real opening hours of one resource: shifts, absence, breakdowns, and overtime as it is decided.

    Parameters
    ----------
    lost_share : sequence of float
        By day: the share of the hours that absence takes.
    stops : list of (start, end)
        Breakdowns, in simulated hours.
    """

    def __init__(
        self,
        known: KnownHours,
        resource: int,
        *,
        days: int,
        policy: OvertimePolicy,
        lost_share: Sequence[float],
        stops: list[tuple[float, float]],
    ) -> None:
        self.worked = np.zeros(days)
        self.overtime_worked = np.zeros(days)
        self.regular = np.array(
            [known.actual(resource, day).regular_hours * (1 - lost_share[day]) for day in range(days)]
        )
        self.allowed = np.array(
            [known.actual(resource, day).overtime_hours * (1 - lost_share[day]) for day in range(days)]
        )
        total = self.regular + self.allowed
        self._rate = np.maximum(1.0, total / LONGEST_SHIFT).tolist()
        self._regular: list[float] = self.regular.tolist()
        self._approved = [0.0] * days if policy is OvertimePolicy.PLANNED else self.allowed.tolist()
        self._policy = policy
        self._days = days
        self._stops = stops
        self._next_stop = 0

    def approve(self, day: int, hours: float) -> None:
        """Told how much overtime the plan of the day needs; under other policies than ``planned`` it is not asked."""
        if self._policy is OvertimePolicy.PLANNED:
            self._approved[day] = min(hours, float(self.allowed[day]))

    def span(self, now: float) -> Span:
        """The opening that holds `now`, else the next one of the day, else the beginning of the next day."""
        day = int(now // 24)
        tomorrow = 24 * (day + 1) + SHIFT_START
        if day >= self._days:
            return Span(tomorrow, tomorrow)
        start, rate = 24 * day + SHIFT_START, self._rate[day]
        regular_end = start + self._regular[day] / rate
        if now < regular_end - SHORTEST_HOURS:
            return self._unbroken(Span(max(start, now), regular_end, rate), now, tomorrow)
        end = regular_end + self._approved[day] / rate
        if now < end - SHORTEST_HOURS:
            return self._unbroken(Span(max(regular_end, now), end, rate, is_overtime=True), now, tomorrow)
        return Span(tomorrow, tomorrow)

    def _unbroken(self, span: Span, now: float, tomorrow: float) -> Span:
        """The part of an opening before the next breakdown, or after the present one."""
        stops = self._stops
        while self._next_stop < len(stops) and stops[self._next_stop][1] <= now + SHORTEST_HOURS:
            self._next_stop += 1
        if self._next_stop == len(stops):
            return span
        down, up = stops[self._next_stop]
        if down > span.start + SHORTEST_HOURS:
            return span._replace(end=min(span.end, down))
        # the caller asks again when it is repaired
        return Span(min(max(up, now + SHORTEST_HOURS), tomorrow), up)

    def note(self, span: Span, hours: float) -> None:
        """Books hours that were worked."""
        day = int(span.start // 24)
        self.worked[day] += hours
        if span.is_overtime:
            self.overtime_worked[day] += hours


def shift_hours(
    known: KnownHours, history: History, changes: PlantChanges, period: Period, streams: RandomStreams
) -> list[ShiftHours]:
    """The real hours of every resource in one replication; what chance takes does not depend on what is made."""
    stops: dict[ResourceId, list[tuple[float, float]]] = {one.resource_id: [] for one in history.resources}
    for index, failing in enumerate(changes.breakdowns):
        for named in resources_named(failing.resource, history, f"plant.breakdowns[{index}].resource"):
            stops[named] += _stops(failing, 24.0 * period.days, streams.generator(f"breakdowns {index} of {named}"))
    found = []
    for number, resource in enumerate(history.resources):
        lost = _lost_share(resource.resource_id, history, changes, period.days, streams)
        found.append(
            ShiftHours(
                known,
                number,
                days=period.days,
                policy=changes.overtime,
                lost_share=lost,
                stops=_merged(stops[resource.resource_id]),
            )
        )
    return found


def _stops(failing: Breakdowns, end: float, chance: np.random.Generator) -> list[tuple[float, float]]:
    found: list[tuple[float, float]] = []
    now = 0.0
    while True:
        down = now + float(chance.exponential(failing.mean_hours_between))
        now = down + float(chance.exponential(failing.mean_hours_to_repair))
        if down >= end:
            return found
        found.append((down, now))


def _merged(stops: list[tuple[float, float]]) -> list[tuple[float, float]]:
    merged: list[tuple[float, float]] = []
    for down, up in sorted(stops):
        if merged and down <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(up, merged[-1][1]))
        else:
            merged.append((down, up))
    return merged


def _lost_share(
    resource: ResourceId, history: History, changes: PlantChanges, days: int, streams: RandomStreams
) -> list[float]:
    kept = np.ones(days)
    for index, absence in enumerate(changes.absences):
        if resource in resources_named(absence.resource, history, f"plant.absences[{index}].resource"):
            chance = streams.generator(f"absence {index} of {resource}")
            kept *= np.where(chance.random(days) < absence.share_of_days, 1 - absence.share_of_hours, 1.0)
    return (1 - kept).tolist()
