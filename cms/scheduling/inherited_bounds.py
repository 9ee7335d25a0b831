"""What the proof of a plan still says when one order more, or one that changed, is put into it.

Whoever plans the new problem plans the old orders too, so the old bounds hold as long as the old tiers keep the values
under which they were proven; the new order adds at least the tardiness that its own calendars force on it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cms.domain.metrics import tardiness_days
from cms.domain.schedule import TierResult
from cms.scheduling.candidates import candidates_of
from cms.scheduling.problem import OrderDemand, SchedulingProblem
from cms.scheduling.recount import unscheduled_days
from cms.scheduling.tables import PlantTables

_DUST = 1e-9


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    """What one order changes in the tiers.

    Parameters
    ----------
    added, removed : mapping of tier name to float
        The least that the order adds to a tier of the new problem; the most that its old form counted in the old one.
    holds : bool
        False: the order was frozen in another form, so a plan of the others need not have been one before.
    """

    added: Mapping[str, float]
    removed: Mapping[str, float]
    holds: bool = True


def with_inherited_bounds(
    before: SchedulingProblem,
    old: Sequence[TierResult],
    problem: SchedulingProblem,
    order: OrderDemand,
    new: Sequence[TierResult],
) -> tuple[TierResult, ...]:
    """The new tiers with the best bounds that follow from the old ones without solving anything.

    Parameters
    ----------
    before, problem : SchedulingProblem
        The same but for `order`, which `before` lacks, or has in another form.
    old, new : sequence of TierResult
        Of a schedule of `before`, with its bounds, and of one of `problem`; what bounds `new` states is not read.

    Returns
    -------
    tuple of TierResult
        A tier's bound is what no plan goes below that keeps the tiers before it at the values they have now. Once an
        old tier has grown by more than the order must add to it, nothing that was proven below it still holds.
    """
    known, stated = _known(before, problem, order), {tier.name: tier for tier in old}
    tiers, holds = [], known.holds
    for tier in new:
        added, removed = known.added.get(tier.name, 0.0), known.removed.get(tier.name, 0.0)
        earlier = stated.get(tier.name, TierResult(name=tier.name, value=0.0, bound=0.0))
        bound = added + (max(0.0, earlier.bound - removed) if holds else 0.0)
        tiers.append(TierResult(name=tier.name, value=tier.value, bound=min(bound, tier.value)))
        holds = holds and tier.value - added + removed <= earlier.value + _DUST
    return tuple(tiers)


def _known(before: SchedulingProblem, problem: SchedulingProblem, order: OrderDemand) -> _Known:
    was = next((other for other in before.orders if other.order_id == order.order_id), None)
    if was == order:
        return _Known(added={}, removed={})
    added = {f"priority {order.priority}": order.weight * least_tardiness_days(problem, order)}
    if was is None:
        return _Known(added=added, removed={})
    most = was.weight * unscheduled_days(before.horizon, was.due_date)
    change = before.change_cost if was.current else 0.0
    removed = {f"priority {was.priority}": most, "cost": change}
    return _Known(added=added, removed=removed, holds=not was.frozen_deliveries(before.horizon))


def least_tardiness_days(problem: SchedulingProblem, order: OrderDemand) -> int:
    """Days of tardiness that an order has at least, however empty the plant is."""
    possible = [candidate.tardiness for candidate in candidates_of(PlantTables(problem), order)]
    frozen = order.frozen_deliveries(problem.horizon)
    possible += [tardiness_days(delivery.delivery_date, order.due_date) for delivery in frozen]
    return min(possible, default=unscheduled_days(problem.horizon, order.due_date))
