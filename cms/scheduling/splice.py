"""A schedule with the deliveries of a few orders exchanged, the rest of it untouched and not counted again."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from cms.capacity.ledger import CapacityLoad, hours_by_bucket
from cms.domain.orders import OrderId
from cms.domain.schedule import (
    ResourceDay,
    ScheduledLoad,
    TierResult,
    UnscheduledOrder,
    group_by_order,
)
from cms.scheduling.problem import SchedulingProblem
from cms.scheduling.recount import Recount, order_cost, order_tardiness
from cms.scheduling.result import SchedulingResult, SolveStatus


def splice(
    before: SchedulingProblem,
    result: SchedulingResult,
    problem: SchedulingProblem,
    part: SchedulingResult,
    order_ids: Iterable[OrderId],
) -> SchedulingResult:
    """The schedule in which the named orders have what `part` gives them; all others keep what `result` gives them.

    Parameters
    ----------
    before : SchedulingProblem
        The one that `result` is a schedule of.
    problem : SchedulingProblem
        The same with the named orders added or changed.
    part : SchedulingResult
        A schedule of the named orders alone.

    Returns
    -------
    SchedulingResult
        Feasible; nothing is proven of it, so its bounds are 0.
    """
    changed = frozenset(order_ids)
    deliveries = [d for d in result.deliveries if d.order_id not in changed] + list(part.deliveries)
    removed = [load for load in result.loads if load.order_id in changed]
    rows = _resource_days(result.resource_days, removed, part.loads)
    return replace(
        result,
        status=SolveStatus.FEASIBLE,
        deliveries=tuple(sorted(deliveries, key=lambda d: (d.delivery_date, d.order_id, d.sequence))),
        loads=tuple([load for load in result.loads if load.order_id not in changed] + list(part.loads)),
        unscheduled=_unscheduled(result, part, changed),
        resource_days=rows,
        tiers=_tiers((before, result), (problem, part), changed, _overtime_money(problem, rows, result.resource_days)),
    )


def _unscheduled(
    result: SchedulingResult, part: SchedulingResult, changed: frozenset[OrderId]
) -> tuple[UnscheduledOrder, ...]:
    kept = [entry for entry in result.unscheduled if entry.order_id not in changed]
    return tuple(sorted([*kept, *part.unscheduled], key=lambda entry: entry.order_id))


def _resource_days(
    rows: tuple[ResourceDay, ...], removed: Iterable[ScheduledLoad], added: Iterable[ScheduledLoad]
) -> tuple[ResourceDay, ...]:
    difference = hours_by_bucket(
        [CapacityLoad(load.resource_id, load.bucket_date, load.hours) for load in added]
        + [CapacityLoad(load.resource_id, load.bucket_date, -load.hours) for load in removed]
    )
    return tuple(_with_more(row, difference.get((row.resource_id, row.bucket_date), 0.0)) for row in rows)


def _with_more(row: ResourceDay, hours: float) -> ResourceDay:
    if hours == 0.0:
        return row
    load = round(row.load_hours + hours, 9)
    return replace(row, load_hours=load, overtime_hours=max(0.0, round(load - row.regular_hours, 9)))


def _overtime_money(problem: SchedulingProblem, new: tuple[ResourceDay, ...], old: tuple[ResourceDay, ...]) -> float:
    """What the new rows cost more in overtime than the old ones."""
    return sum(
        (after.overtime_hours - before.overtime_hours) * problem.resource(after.resource_id).overtime_cost_per_hour
        for after, before in zip(new, old, strict=True)
        if after is not before
    )


def _tiers(
    old: tuple[SchedulingProblem, SchedulingResult],
    new: tuple[SchedulingProblem, SchedulingResult],
    changed: frozenset[OrderId],
    overtime_money: float,
) -> tuple[TierResult, ...]:
    stated = {tier.name: tier.value for tier in old[1].tiers}
    classes = [f"priority {priority}" for priority in sorted({order.priority for order in new[0].orders})]
    values = {name: stated.get(name, 0.0) for name in (*classes, "cost")}
    values["cost"] += overtime_money
    for sign, (problem, result) in ((-1, old), (1, new)):
        for name, worth in _worth(problem, result, changed):
            values[name] = values.get(name, 0.0) + sign * worth
    names = (*classes, "cost")
    return tuple(TierResult(name=name, value=max(0.0, round(values[name], 9)), bound=0.0) for name in names)


def _worth(
    problem: SchedulingProblem, result: SchedulingResult, changed: frozenset[OrderId]
) -> Iterator[tuple[str, float]]:
    """What the changed orders add to each tier."""
    recount = Recount(problem=problem)
    deliveries = group_by_order(delivery for delivery in result.deliveries if delivery.order_id in changed)
    for order_id in sorted(changed & recount.orders.keys()):
        order, own = recount.orders[order_id], deliveries.get(order_id, ())
        yield f"priority {order.priority}", order_tardiness(problem, order, own)
        yield "cost", order_cost(recount, order, own)
