"""What the engine answers: a schedule with its proof, before anyone has published it."""

from dataclasses import dataclass
from enum import StrEnum

from cms.domain.schedule import (
    ResourceDay,
    ScheduledDelivery,
    ScheduledLoad,
    TierResult,
    UnscheduledOrder,
)


class Method(StrEnum):
    """How a schedule is built: proven by the optimiser, or at once by priority rule."""

    OPTIMAL = "optimal"
    DISPATCH = "dispatch"


class SolveStatus(StrEnum):
    """What is known of a schedule: proven best within tolerance, feasible, or impossible because of what is frozen."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    INFEASIBLE = "infeasible"


@dataclass(frozen=True, kw_only=True, slots=True)
class SchedulingResult:
    """A schedule for a problem.

    Parameters
    ----------
    deliveries : tuple of ScheduledDelivery
        In order of (delivery date, order id, sequence).
    loads : tuple of ScheduledLoad
        The hours that each delivery uses in buckets of the horizon.
    resource_days : tuple of ResourceDay
        Every working bucket of every resource.
    tiers : tuple of TierResult
        One for each priority class, in order, then ``cost``.
    reason : str
        Why a problem is infeasible; empty otherwise.
    """

    status: SolveStatus
    seconds: float
    tiers: tuple[TierResult, ...]
    deliveries: tuple[ScheduledDelivery, ...]
    loads: tuple[ScheduledLoad, ...]
    unscheduled: tuple[UnscheduledOrder, ...]
    resource_days: tuple[ResourceDay, ...]
    reason: str = ""
