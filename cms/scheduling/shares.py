"""A schedule order by order, so that some orders can be planned anew while all others stand as they are.

What stands was checked when it was published and has not changed: it only takes hours. The orders that changed make a
small problem over the hours that are left; its result is checked as any other and put in the place of theirs.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from math import fsum

from cms.domain.orders import OrderId
from cms.domain.resources import ResourceId
from cms.domain.schedule import (
    ResourceDay,
    ScheduledDelivery,
    ScheduledLoad,
    TierResult,
    UnscheduledOrder,
    group_by_order,
)
from cms.scheduling.free_capacity import remaining_hours
from cms.scheduling.plan import tier_name
from cms.scheduling.problem import BucketHours, ResourceCapacity, SchedulingProblem
from cms.scheduling.recount import Recount, is_changed, order_cost, order_tardiness, total_hours
from cms.scheduling.result import SchedulingResult, SolveStatus

Prices = Mapping[tuple[ResourceId, date], float]
"""What an hour of a resource-bucket was worth when the plan was made."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderShare:
    """One order in a schedule.

    Parameters
    ----------
    tardiness : float
        Its part of its tier, in weighted order-days.
    money : float
        Its part of the cost tier, without overtime, which belongs to the resources.
    change_money : float
        What of this is the cost of changing what is published: nothing, once this is what is published.
    """

    priority: int
    deliveries: tuple[ScheduledDelivery, ...]
    loads: tuple[ScheduledLoad, ...]
    unscheduled: UnscheduledOrder | None
    tardiness: float
    money: float
    change_money: float


Shares = Mapping[OrderId, OrderShare]
"""Every order of a schedule."""


def shares_of(problem: SchedulingProblem, result: SchedulingResult) -> dict[OrderId, OrderShare]:
    """The schedule order by order, in order of the problem."""
    recount = Recount(problem=problem)
    deliveries = group_by_order(result.deliveries)
    unscheduled = {entry.order_id: entry for entry in result.unscheduled}
    loads: dict[OrderId, list[ScheduledLoad]] = defaultdict(list)
    for load in result.loads:
        loads[load.order_id].append(load)
    shares = {}
    for order in problem.orders:
        own = deliveries.get(order.order_id, ())
        shares[order.order_id] = OrderShare(
            priority=order.priority,
            deliveries=own,
            loads=tuple(loads.get(order.order_id, ())),
            unscheduled=unscheduled.get(order.order_id),
            tardiness=order_tardiness(problem, order, own),
            money=order_cost(recount, order, own),
            change_money=problem.change_cost if is_changed(order, own) else 0.0,
        )
    return shares


def as_published(shares: Shares) -> dict[OrderId, OrderShare]:
    """The same shares once they are published: from then on they change nothing."""
    return {
        order_id: replace(share, money=share.money - share.change_money, change_money=0.0)
        if share.change_money
        else share
        for order_id, share in shares.items()
    }


def resources_beside(base: SchedulingProblem, shares: Iterable[OrderShare]) -> tuple[ResourceCapacity, ...]:
    """What the shares leave free of the capacity of `base`."""
    used = _hours_of(shares)
    return tuple(_left(resource, used) for resource in base.resources)


def whole_result(base: SchedulingProblem, shares: Shares, *, prices: Prices) -> SchedulingResult:
    """The schedule that the shares make together; nothing is proven of it.

    Parameters
    ----------
    base : SchedulingProblem
        Whose resources the hours are used of.
    """
    used = _hours_of(shares.values())
    in_order = [shares[order_id] for order_id in sorted(shares)]
    deliveries = [delivery for share in in_order for delivery in share.deliveries]
    return SchedulingResult(
        status=SolveStatus.FEASIBLE,
        seconds=0.0,
        tiers=_tiers(base, in_order, used),
        deliveries=tuple(sorted(deliveries, key=lambda d: (d.delivery_date, d.order_id, d.sequence))),
        loads=tuple(load for share in in_order for load in share.loads),
        unscheduled=tuple(share.unscheduled for share in in_order if share.unscheduled is not None),
        resource_days=tuple(
            _resource_day(resource, day, used, prices) for resource in base.resources for day in _working_days(resource)
        ),
    )


def _hours_of(shares: Iterable[OrderShare]) -> dict[tuple[ResourceId, date], float]:
    return total_hours([((load.resource_id, load.bucket_date), load.hours) for load in share.loads] for share in shares)


def _left(resource: ResourceCapacity, used: Mapping[tuple[ResourceId, date], float]) -> ResourceCapacity:
    buckets: dict[date, BucketHours] = dict(resource.buckets)
    for day, hours in resource.buckets.items():
        committed = used.get((resource.resource_id, day))
        if committed:
            buckets[day] = remaining_hours(hours, committed)
    return replace(resource, buckets=buckets)


def _tiers(
    base: SchedulingProblem, shares: Sequence[OrderShare], used: Mapping[tuple[ResourceId, date], float]
) -> tuple[TierResult, ...]:
    tardiness: dict[int, list[float]] = defaultdict(list)
    for share in shares:
        tardiness[share.priority].append(share.tardiness)
    values = {tier_name(priority): fsum(tardiness[priority]) for priority in sorted(tardiness)}
    overtime = fsum(
        max(0.0, hours - base.resource(resource_id).buckets[day].regular_hours)
        * base.resource(resource_id).overtime_cost_per_hour
        for (resource_id, day), hours in used.items()
    )
    values["cost"] = overtime + fsum(share.money for share in shares)
    return tuple(TierResult(name=name, value=value, bound=min(value, 0.0)) for name, value in values.items())


def _working_days(resource: ResourceCapacity) -> list[date]:
    return sorted(day for day, hours in resource.buckets.items() if hours.total_hours > 0)


def _resource_day(
    resource: ResourceCapacity, day: date, used: Mapping[tuple[ResourceId, date], float], prices: Prices
) -> ResourceDay:
    hours, place = resource.buckets[day], (resource.resource_id, day)
    load = round(used.get(place, 0.0), 9) + 0.0
    return ResourceDay(
        resource_id=resource.resource_id,
        bucket_date=day,
        regular_hours=hours.regular_hours,
        available_overtime_hours=hours.overtime_hours,
        load_hours=load,
        overtime_hours=round(max(0.0, load - hours.regular_hours), 9) + 0.0,
        price_per_hour=prices.get(place, 0.0),
    )
