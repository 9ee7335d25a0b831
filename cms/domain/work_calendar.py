"""Which days a resource works, and for how many hours: working week, holidays, maintenance, overtime approvals."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from cms.domain.errors import InvalidValueError
from cms.domain.horizon import TimeBucket
from cms.domain.resources import Resource, ResourceId


class ExceptionKind(StrEnum):
    """Why a day differs from the working week."""

    HOLIDAY = "holiday"
    MAINTENANCE = "maintenance"
    OVERTIME = "overtime"
    BLACKOUT = "blackout"


@dataclass(frozen=True, kw_only=True, slots=True)
class CalendarException:
    """A day that differs from the working week.

    Parameters
    ----------
    day : date
        The day it holds on.
    kind : ExceptionKind
        A holiday closes everything (or the one resource it names); maintenance takes `hours` from a resource;
        an overtime approval sets the most overtime of a resource to `hours`; a blackout closes a customer.
    resource_id : ResourceId, optional
        None: all resources.
    customer_id : str, optional
        Whom a blackout closes.
    hours : float
        For maintenance the hours lost, for overtime the hours allowed.
    """

    day: date
    kind: ExceptionKind
    resource_id: ResourceId | None = None
    customer_id: str | None = None
    hours: float = 0.0
    reason: str = ""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.hours) and 0 <= self.hours <= 24):
            raise InvalidValueError("hours", "must be 0 to 24", self.hours)
        if self.kind is ExceptionKind.BLACKOUT and self.customer_id is None:
            raise InvalidValueError("customer_id", "must name the customer of a blackout", self.customer_id)


@dataclass(frozen=True, kw_only=True, slots=True)
class BucketCapacity:
    """The hours of one resource on one day, holidays and maintenance already subtracted.

    Parameters
    ----------
    regular_hours : float
        Hours without overtime.
    overtime_hours : float
        The most that overtime may add.
    maintenance_hours : float
        What maintenance took from the regular hours; for information.
    """

    resource_id: ResourceId
    bucket_date: TimeBucket
    regular_hours: float
    overtime_hours: float = 0.0
    maintenance_hours: float = 0.0

    def __post_init__(self) -> None:
        for name in ("regular_hours", "overtime_hours", "maintenance_hours"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise InvalidValueError(name, "must be a finite number, 0 or more", value)

    @property
    def total_hours(self) -> float:
        """Regular and overtime hours together."""
        return self.regular_hours + self.overtime_hours

    @property
    def is_working(self) -> bool:
        """A working bucket has some hours, regular or overtime."""
        return self.total_hours > 0


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkCalendar:
    """Working weeks of the resources together with every exception from them.

    Examples
    --------
    >>> press = Resource(resource_id=ResourceId("PRESS"), name="Press", regular_hours=16, overtime_hours=4)
    >>> service = CalendarException(
    ...     day=date(2026, 1, 6), kind=ExceptionKind.MAINTENANCE, resource_id=press.resource_id, hours=6)
    >>> calendar = WorkCalendar(resources={press.resource_id: press}, exceptions=(service,))
    >>> [bucket.regular_hours for bucket in calendar.buckets(press.resource_id, [date(2026, 1, 5), date(2026, 1, 6)])]
    [16.0, 10.0]
    """

    resources: Mapping[ResourceId, Resource]
    exceptions: tuple[CalendarException, ...] = ()
    _by_day: dict[date, list[CalendarException]] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        for exception in self.exceptions:
            if exception.resource_id is not None and exception.resource_id not in self.resources:
                raise InvalidValueError("exceptions.resource_id", "must name a known resource", exception.resource_id)
            self._by_day.setdefault(exception.day, []).append(exception)

    @property
    def company_holidays(self) -> frozenset[date]:
        """Days on which nothing works and nothing is delivered."""
        return frozenset(e.day for e in self.exceptions if e.kind is ExceptionKind.HOLIDAY and e.resource_id is None)

    def blackouts(self, customer_id: str) -> frozenset[date]:
        """Days on which the customer takes no delivery."""
        return frozenset(e.day for e in self.exceptions if e.customer_id == customer_id)

    def buckets(self, resource_id: ResourceId, days: Iterable[TimeBucket]) -> list[BucketCapacity]:
        """The capacity of a resource on each of `days`, in their order."""
        resource = self.resources[resource_id]
        return [self._bucket(resource, day) for day in days]

    def _bucket(self, resource: Resource, day: TimeBucket) -> BucketCapacity:
        here = [e for e in self._by_day.get(day, []) if e.resource_id in (None, resource.resource_id)]
        closed = any(e.kind is ExceptionKind.HOLIDAY for e in here)
        works = day.weekday() in resource.working_weekdays and not closed
        regular = float(resource.regular_hours) if works else 0.0
        asked = sum(e.hours for e in here if e.kind is ExceptionKind.MAINTENANCE)
        lost = min(regular, asked)
        approved = [e.hours for e in here if e.kind is ExceptionKind.OVERTIME]
        usual = float(resource.overtime_hours) if works and asked <= regular and regular > lost else 0.0
        overtime = min(max(approved), 24.0 - regular) if approved and not closed else usual
        return BucketCapacity(
            resource_id=resource.resource_id,
            bucket_date=day,
            regular_hours=regular - lost,
            overtime_hours=overtime,
            maintenance_hours=lost,
        )
