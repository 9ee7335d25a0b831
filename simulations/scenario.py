"""A question to the model: demand, plant, transit, order desk, planning and run; an impossible one cannot be built."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Protocol

from cms.domain.errors import InvalidValueError
from simulations.bounds import (
    MOST_DAYS,
    check_at_least_one,
    check_at_least_zero,
    check_at_most,
    check_days,
    check_not_negative,
    check_positive,
)
from simulations.scenario_demand import Day, Demand
from simulations.scenario_plant import PlantChanges, Transit


@dataclass(frozen=True, kw_only=True, slots=True)
class DeskOutage:
    """Hours in which no order event arrives: monday.com is down, and everything comes at once when it is back."""

    start: Day
    hours: float

    def __post_init__(self) -> None:
        check_positive("hours", self.hours)
        check_at_most("hours", self.hours, 24 * MOST_DAYS)


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderDesk:
    """Where order events are taken in before planning can know of them.

    Parameters
    ----------
    workers : int
        Events that are processed at once.
    seconds_per_event : float
        Mean time of one event (exponential).
    events_per_order : float
        The order itself and the changes to it that follow within five days, on average.
    """

    workers: int = 1
    seconds_per_event: float = 0.5
    events_per_order: float = 3.0
    outages: tuple[DeskOutage, ...] = ()

    def __post_init__(self) -> None:
        check_at_least_one("workers", self.workers)
        check_at_most("workers", self.workers, 10_000)
        check_positive("seconds_per_event", self.seconds_per_event)
        check_at_most("seconds_per_event", self.seconds_per_event, 86_400)
        if not 1 <= self.events_per_order <= 1000:
            raise InvalidValueError("events_per_order", "must be 1 to 1000", self.events_per_order)


class PlanningMethod(StrEnum):
    """How the engine plans each simulated day."""

    DISPATCH = "dispatch"
    OPTIMAL = "optimal"


class PriorityRule(StrEnum):
    """What decides whose order is planned first: its class, or its due date alone."""

    CLASS = "class"
    DUE_DATE = "due_date"


@dataclass(frozen=True, kw_only=True, slots=True)
class Planning:
    """How the engine plans each simulated day; the same rules as ``[planning]`` of the settings.

    Parameters
    ----------
    replan_every_days : int
        1 plans every day.
    time_limit_seconds : float
        For the optimal method; a search that is cut short by the clock is not the same on another machine.
    all_windows_open : bool
        Whether customers take delivery on every day of the default windows, their own windows aside.
    """

    method: PlanningMethod = PlanningMethod.DISPATCH
    priority_rule: PriorityRule = PriorityRule.CLASS
    horizon_days: int = 30
    planning_time_fence_days: int = 3
    holding_cost_per_hour_day: float = 0.1
    change_cost: float = 5.0
    rush_priority: int = 1
    min_split_share: float = 0.25
    max_splits: int = 4
    replan_every_days: int = 1
    time_limit_seconds: float = 60.0
    all_windows_open: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.horizon_days <= 366:
            raise InvalidValueError("horizon_days", "must be 1 to 366", self.horizon_days)
        if not 0 <= self.planning_time_fence_days <= self.horizon_days:
            rule = f"must be 0 to horizon_days ({self.horizon_days})"
            raise InvalidValueError("planning_time_fence_days", rule, self.planning_time_fence_days)
        check_not_negative("holding_cost_per_hour_day", self.holding_cost_per_hour_day)
        check_at_most("holding_cost_per_hour_day", self.holding_cost_per_hour_day, 1_000_000)
        check_not_negative("change_cost", self.change_cost)
        check_at_most("change_cost", self.change_cost, 1_000_000)
        check_at_least_one("rush_priority", self.rush_priority)
        if not 0 < self.min_split_share <= 1:
            raise InvalidValueError("min_split_share", "must be more than 0 and at most 1", self.min_split_share)
        check_at_least_one("max_splits", self.max_splits)
        check_at_most("max_splits", self.max_splits, 20)
        check_days("replan_every_days", self.replan_every_days)
        check_positive("time_limit_seconds", self.time_limit_seconds)
        check_at_most("time_limit_seconds", self.time_limit_seconds, 86_400)


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """How long, how often, how surely.

    Parameters
    ----------
    start : date, optional
        First simulated day; None: so that the run ends with the history.
    days : int, optional
        Length of the run, warm-up included; None: to the end of the history.
    warm_up_days : int
        First days, in which the plant fills up: nothing of them is measured.
    """

    start: date | None = None
    days: int | None = None
    warm_up_days: int = 28
    replications: int = 10
    seed: int = 1
    confidence: float = 0.95

    def __post_init__(self) -> None:
        if self.days is not None:
            check_days("days", self.days)
        check_at_least_zero("warm_up_days", self.warm_up_days)
        if self.days is not None and self.warm_up_days >= self.days:
            raise InvalidValueError("warm_up_days", f"must be less than days ({self.days})", self.warm_up_days)
        check_at_least_one("replications", self.replications)
        check_at_most("replications", self.replications, 100_000)
        check_at_least_zero("seed", self.seed)
        check_at_most("seed", self.seed, 2**63 - 1)
        if not 0 < self.confidence < 1:
            raise InvalidValueError("confidence", "must be more than 0 and less than 1", self.confidence)


@dataclass(frozen=True, kw_only=True, slots=True)
class Scenario:
    """One question to the model, complete.

    Parameters
    ----------
    question : str
        What is asked, in words, for the report.
    """

    name: str
    question: str = ""
    demand: Demand = field(default_factory=Demand)
    plant: PlantChanges = field(default_factory=PlantChanges)
    transit: Transit = field(default_factory=Transit)
    desk: OrderDesk = field(default_factory=OrderDesk)
    planning: Planning = field(default_factory=Planning)
    run: Run = field(default_factory=Run)

    def __post_init__(self) -> None:
        if not self.name:
            raise InvalidValueError("name", "must not be empty", self.name)
        for place, day in self.beginnings():
            self._check_day(place, day)

    def beginnings(self) -> list[tuple[str, Day]]:
        """Every day that is named as one on which something begins, with its place."""
        groups: dict[str, Sequence[_Starting]] = {
            "demand.peaks": self.demand.peaks,
            "demand.rush_waves": self.demand.rush_waves,
            "demand.new_customers": self.demand.new_customers,
            "plant.capacity": self.plant.capacity,
            "plant.outages": self.plant.outages,
            "plant.shutdowns": self.plant.shutdowns,
            "plant.maintenance": self.plant.maintenance,
            "desk.outages": self.desk.outages,
        }
        return [
            (f"{name}[{index}].start", one.start) for name, group in groups.items() for index, one in enumerate(group)
        ]

    def _check_day(self, place: str, day: Day) -> None:
        if isinstance(day, int):
            if day < 0 or (self.run.days is not None and day >= self.run.days):
                most = "" if self.run.days is None else f" and less than run.days ({self.run.days})"
                raise InvalidValueError(place, f"must be 0 or more{most}", day)
        elif self.run.start is not None and day < self.run.start and not place.startswith("plant.capacity"):
            raise InvalidValueError(place, f"must not be before run.start {self.run.start}", str(day))


class _Starting(Protocol):
    @property
    def start(self) -> Day: ...
