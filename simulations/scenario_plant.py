"""How the plant of a scenario differs from its master data, and its days from the plan."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from cms.domain.errors import InvalidValueError
from simulations.bounds import (
    MOST_DAYS,
    check_at_most,
    check_days,
    check_factor,
    check_hours,
    check_not_negative,
    check_positive,
    check_share,
)
from simulations.scenario_demand import Day

ALL_RESOURCES = "*"
BOTTLENECK = "bottleneck"
"""The resource that the history loads most, measured in hours needed over hours available."""


LEAST_HOURS_BETWEEN = 0.1
"""A resource that fails more often than every six minutes does not work."""


class OvertimePolicy(StrEnum):
    """When the plant works longer: never, as the plan says, or also until the work of the day is done."""

    NEVER = "never"
    PLANNED = "planned"
    WHEN_BEHIND = "when_behind"


@dataclass(frozen=True, kw_only=True, slots=True)
class CapacityChange:
    """Other hours of a resource, from one day to another, both included.

    Parameters
    ----------
    resource : str
        An id, ``*`` for all, or ``bottleneck``.
    capacity_factor : float
        Regular hours over those of the plant.
    overtime_hours : float, optional
        The most overtime of a working day; None: as the plant has it.
    """

    resource: str = ALL_RESOURCES
    capacity_factor: float = 1.0
    overtime_hours: float | None = None
    start: Day = 0
    end: Day | None = None

    def __post_init__(self) -> None:
        check_factor("capacity_factor", self.capacity_factor)
        if self.overtime_hours is not None:
            check_hours("overtime_hours", self.overtime_hours)


@dataclass(frozen=True, kw_only=True, slots=True)
class Outage:
    """A resource that does not work for some days.

    Parameters
    ----------
    announced : bool
        Whether planning knows of it beforehand; otherwise it learns of it, and of its length, on the first day.
    """

    resource: str
    start: Day
    days: int
    announced: bool = False

    def __post_init__(self) -> None:
        check_days("days", self.days)


@dataclass(frozen=True, kw_only=True, slots=True)
class Shutdown:
    """Days on which nothing works and nothing is delivered, known beforehand."""

    start: Day
    days: int

    def __post_init__(self) -> None:
        check_days("days", self.days)


@dataclass(frozen=True, kw_only=True, slots=True)
class Breakdowns:
    """A resource that fails by chance, night and day; both times are exponential."""

    resource: str
    mean_hours_between: float
    mean_hours_to_repair: float

    def __post_init__(self) -> None:
        check_positive("mean_hours_between", self.mean_hours_between)
        if self.mean_hours_between < LEAST_HOURS_BETWEEN:
            rule = f"must be at least {LEAST_HOURS_BETWEEN}"
            raise InvalidValueError("mean_hours_between", rule, self.mean_hours_between)
        check_positive("mean_hours_to_repair", self.mean_hours_to_repair)
        check_at_most("mean_hours_to_repair", self.mean_hours_to_repair, 24 * MOST_DAYS)


@dataclass(frozen=True, kw_only=True, slots=True)
class Absence:
    """People who are missing: on a share of the days, a resource loses a share of its hours."""

    resource: str = ALL_RESOURCES
    share_of_days: float
    share_of_hours: float

    def __post_init__(self) -> None:
        check_share("share_of_days", self.share_of_days)
        check_share("share_of_hours", self.share_of_hours)


@dataclass(frozen=True, kw_only=True, slots=True)
class Maintenance:
    """Hours that a resource loses every so many days, known beforehand."""

    resource: str
    every_days: int
    hours: float
    start: Day = 0

    def __post_init__(self) -> None:
        check_days("every_days", self.every_days)
        check_positive("hours", self.hours)
        check_hours("hours", self.hours)


@dataclass(frozen=True, kw_only=True, slots=True)
class PlantChanges:
    """How the plant differs from its master data, and how its days differ from the plan.

    Parameters
    ----------
    work_time_cv : float
        Standard deviation over mean of actual to planned hours (lognormal, mean 1), drawn for each order.
    yield_share : float
        Chance that a unit is good; the others are made again.
    closed_routings : tuple of str
        Routings that may not be used; a family keeps at least one.
    close_alternatives : bool
        Whether each family keeps its cheapest routing only.
    """

    overtime: OvertimePolicy = OvertimePolicy.WHEN_BEHIND
    work_time_cv: float = 0.1
    yield_share: float = 1.0
    closed_routings: tuple[str, ...] = ()
    close_alternatives: bool = False
    capacity: tuple[CapacityChange, ...] = ()
    outages: tuple[Outage, ...] = ()
    shutdowns: tuple[Shutdown, ...] = ()
    breakdowns: tuple[Breakdowns, ...] = ()
    absences: tuple[Absence, ...] = ()
    maintenance: tuple[Maintenance, ...] = ()

    def __post_init__(self) -> None:
        check_not_negative("work_time_cv", self.work_time_cv)
        check_at_most("work_time_cv", self.work_time_cv, 10)
        if not 0 < self.yield_share <= 1:
            raise InvalidValueError("yield_share", "must be more than 0 and at most 1", self.yield_share)


@dataclass(frozen=True, kw_only=True, slots=True)
class Transit:
    """How much longer than planned goods are under way.

    Parameters
    ----------
    late_share : float
        Share of the deliveries that arrive after their day.
    mean_late_days : float
        Mean delay of those (geometric, at least 1 day).
    delays_file : str, optional
        A CSV file with `scheduled_column` and `delivered_column`: every delay in it is as likely; replaces the two
        figures above. Arrivals before their day count as 0: the customer waits for the day.
    delivery_column : str, optional
        What rows of one delivery have in common; None: each row is a delivery.
    mode_column : str, optional
        What a delivery was sent by: the delays of each mode are then apart.
    modes : mapping of str to str
        The mode by which a product family is sent. A family that is not named has the mode of its own name, and where
        no delivery had that one, the delays of all.
    delays_before : date, optional
        Only deliveries that were scheduled before this day; the later ones are left for validation.
    """

    late_share: float = 0.0
    mean_late_days: float = 1.0
    delays_file: str | None = None
    scheduled_column: str = "Scheduled Delivery Date"
    delivered_column: str = "Delivered to Client Date"
    date_format: str = "%d-%b-%y"
    delivery_column: str | None = None
    mode_column: str | None = None
    modes: Mapping[str, str] = field(default_factory=dict)
    delays_before: date | None = None

    def __post_init__(self) -> None:
        check_share("late_share", self.late_share)
        if not 1 <= self.mean_late_days <= 3660:
            raise InvalidValueError("mean_late_days", "must be 1 to 3660", self.mean_late_days)
        if self.modes and self.mode_column is None:
            raise InvalidValueError(
                "modes", "needs mode_column, which says what a delivery was sent by", dict(self.modes)
            )
