"""The smallest capacity, or overtime, that meets a service target with confidence."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from cms.domain.errors import InvalidValueError
from simulations.order_history import History
from simulations.scenario import Scenario
from simulations.scenario_plant import ALL_RESOURCES, CapacityChange
from simulations.statistics import Estimate, lower_bound
from simulations.study import Progress, Study, no_progress, run_study


class Lever(StrEnum):
    """What is made larger: regular hours, as a factor, or the most overtime of a working day, in hours."""

    CAPACITY = "capacity"
    OVERTIME = "overtime"


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceTarget:
    """What has to be reached, and how surely.

    Parameters
    ----------
    confidence : float
        One-sided: with this confidence the mean of the measure is `at_least`, or more.
    """

    measure: str = "otif"
    at_least: float = 0.95
    confidence: float = 0.95

    def __post_init__(self) -> None:
        if not 0.5 < self.confidence < 1:
            raise InvalidValueError("confidence", "must be more than 0.5 and less than 1", self.confidence)

    def is_met(self, values: Sequence[float]) -> bool:
        """Whether these replications show it."""
        return lower_bound(values, self.confidence) >= self.at_least


@dataclass(frozen=True, kw_only=True, slots=True)
class SizingStep:
    """A level that was tried, and what it gave.

    Parameters
    ----------
    study : Study, optional
        All of it, for a closer look; None where only the figures were kept.
    """

    level: float
    service: Estimate
    overtime_cost: Estimate
    is_met: bool
    study: Study | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sizing:
    """The answer, and the way to it.

    Parameters
    ----------
    chosen : SizingStep, optional
        The smallest level that meets the target; None: the largest one does not.
    tried : tuple of SizingStep
        In order of level.
    """

    resource: str
    lever: Lever
    target: ServiceTarget
    chosen: SizingStep | None
    tried: tuple[SizingStep, ...]


def size_capacity(
    scenario: Scenario,
    history: History,
    *,
    levels: Sequence[float],
    resource: str = ALL_RESOURCES,
    lever: Lever = Lever.CAPACITY,
    target: ServiceTarget | None = None,
    replications: int | None = None,
    processes: int | None = None,
    folder: Path | None = None,
    progress: Progress = no_progress,
) -> Sizing:
    """The smallest of `levels` that meets the target; found by halving, under common random numbers.

    Service grows with capacity under the same luck, so that half of the levels fall away with each one tried.

    Parameters
    ----------
    levels : sequence of float
        Factors of regular hours, or hours of overtime a day.
    resource : str
        An id, ``*`` for all, or ``bottleneck``.

    Raises
    ------
    InvalidValueError
        There is no level, or one is impossible; two replications are needed at least.
    """
    goal = target or ServiceTarget()
    count = scenario.run.replications if replications is None else replications
    if not levels:
        raise InvalidValueError("levels", "must name at least one level", [])
    if count < 2:
        raise InvalidValueError("replications", "must be 2 or more, for an interval", count)
    rising = sorted(set(levels))
    tried: dict[int, SizingStep] = {}
    low, high = 0, len(rising)
    while low < high:
        middle = (low + high) // 2
        study = run_study(
            at_level(scenario, lever, resource, rising[middle]),
            history,
            replications=count,
            processes=processes,
            folder=folder,
            progress=progress,
        )
        values = study.values(goal.measure)
        tried[middle] = SizingStep(
            level=rising[middle],
            service=study.estimate(goal.measure),
            overtime_cost=study.estimate("overtime_cost"),
            is_met=goal.is_met(values),
            study=study,
        )
        low, high = (low, middle) if tried[middle].is_met else (middle + 1, high)
    return Sizing(
        resource=resource,
        lever=lever,
        target=goal,
        chosen=tried.get(low),
        tried=tuple(tried[place] for place in sorted(tried)),
    )


def at_level(scenario: Scenario, lever: Lever, resource: str, level: float) -> Scenario:
    """The scenario with the lever at a level, on top of its own changes."""
    if lever is Lever.CAPACITY:
        change = CapacityChange(resource=resource, capacity_factor=level)
    else:
        change = CapacityChange(resource=resource, overtime_hours=level)
    plant = replace(scenario.plant, capacity=(*scenario.plant.capacity, change))
    return replace(scenario, name=f"{scenario.name}, {lever.value} {level:g} on {resource}", plant=plant)
