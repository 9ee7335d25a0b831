"""What deliveries amount to: where their loads fall, the hours of every resource-bucket, the value of every tier.

Counted anew from the deliveries and the problem alone, by other means than the engine's, so that the referee and the
engine cannot share a mistake.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from decimal import Decimal
from typing import NamedTuple, TypeAlias

from cms.domain.horizon import PlanningHorizon
from cms.domain.metrics import tardiness_days
from cms.domain.orders import OrderId
from cms.domain.resources import Load, LoadAnchor, ResourceId, RoutingId
from cms.domain.schedule import ScheduledDelivery, group_by_order
from cms.scheduling.problem import CurrentDelivery, OrderDemand, RoutingOption, SchedulingProblem
from cms.scheduling.result import SchedulingResult

QUANTITY_TOLERANCE = 1e-6

ResourceBucket: TypeAlias = tuple[ResourceId, date]
"""A resource on a day."""
BucketUse: TypeAlias = tuple[ResourceBucket, float]
"""Hours that something uses of a resource on a day."""


class LocatedLoad(NamedTuple):
    """Hours of a resource on the day they fall; `day` is None where no working bucket lies far enough back."""

    load: Load
    day: date | None
    hours: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Recount:
    """A problem, indexed for counting: orders, routings and the working days of each resource."""

    problem: SchedulingProblem
    orders: Mapping[OrderId, OrderDemand] = field(init=False, repr=False)
    working_days: Mapping[ResourceId, Sequence[date]] = field(init=False, repr=False)
    first_day: date = field(init=False, repr=False)
    last_day: date = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "orders", {order.order_id: order for order in self.problem.orders})
        days = {r.resource_id: _working_days(self.problem, r.resource_id) for r in self.problem.resources}
        object.__setattr__(self, "working_days", days)
        object.__setattr__(self, "first_day", self.problem.horizon.as_of)
        object.__setattr__(self, "last_day", self.problem.horizon.end)

    def ship_date(self, order: OrderDemand, delivery_date: date) -> date:
        """The day the goods leave: the delivery date less the customer's transit days."""
        return delivery_date - timedelta(days=self.problem.customer(order.customer_id).transit_days)

    def located(
        self, order: OrderDemand, routing: RoutingOption, completion: date, delivery_date: date, share: float
    ) -> list[LocatedLoad]:
        """The loads of a delivery of `share` of the order, each on the working bucket its offset counts back to."""
        ship = self.ship_date(order, delivery_date)
        return [LocatedLoad(load, self._load_day(load, completion, ship), load.hours * share) for load in routing.loads]

    def _load_day(self, load: Load, completion: date, ship: date) -> date | None:
        days = self.working_days[load.resource_id]
        anchor = completion if load.anchor is LoadAnchor.COMPLETION else ship
        position = bisect_right(days, anchor) - 1 - load.offset_days
        return days[position] if position >= 0 else None

    def bucket_hours(self, delivery: ScheduledDelivery) -> list[BucketUse]:
        """The hours of a delivery that use capacity of the plan; nothing for a delivery of unknown order or routing."""
        order = self.orders.get(delivery.order_id)
        routing = None if order is None else routing_of(order, delivery.routing_id)
        if order is None or routing is None:
            return []
        share = float(delivery.quantity) / order.quantity
        located = self.located(order, routing, delivery.completion_date, delivery.delivery_date, share)
        return [
            ((load.resource_id, day), hours)
            for load, day, hours in located
            if day is not None and self.first_day <= day <= self.last_day
        ]

    def hours(self, deliveries: Iterable[ScheduledDelivery]) -> dict[ResourceBucket, float]:
        """Hours of each resource-bucket of the horizon that the deliveries use."""
        return total_hours(self.bucket_hours(delivery) for delivery in deliveries)


def total_hours(uses: Iterable[Iterable[BucketUse]]) -> dict[ResourceBucket, float]:
    """Hours by resource-bucket, added up."""
    total: dict[ResourceBucket, float] = defaultdict(float)
    for use in uses:
        for bucket, hours in use:
            total[bucket] += hours
    return dict(total)


def _working_days(problem: SchedulingProblem, resource_id: ResourceId) -> list[date]:
    buckets = problem.resource(resource_id).buckets
    return sorted(day for day, hours in buckets.items() if hours.regular_hours + hours.overtime_hours > 0)


def routing_of(order: OrderDemand, routing_id: RoutingId) -> RoutingOption | None:
    """The routing of that name among the order's alternatives, or None."""
    for routing in order.routings:
        if routing.routing_id == routing_id:
            return routing
    return None


def frozen_deliveries(problem: SchedulingProblem, order: OrderDemand) -> list[ScheduledDelivery]:
    """The published deliveries of the order that may no longer change, as a schedule would hold them."""
    frozen = [c for c in order.current if problem.horizon.is_frozen(c.completion_date)]
    return [
        ScheduledDelivery(
            order_id=order.order_id,
            sequence=sequence,
            customer_id=order.customer_id,
            routing_id=current.routing_id,
            completion_date=current.completion_date,
            delivery_date=current.delivery_date,
            window_start=time.min,
            window_end=time.max,
            quantity=Decimal(str(current.quantity)),
            frozen=True,
            tardiness_days=tardiness_days(current.delivery_date, order.due_date),
        )
        for sequence, current in enumerate(frozen)
    ]


def available_hours(problem: SchedulingProblem, bucket: ResourceBucket) -> float:
    """Regular hours of a resource-bucket and the most that overtime may add."""
    hours = problem.resource(bucket[0]).buckets[bucket[1]]
    return hours.regular_hours + hours.overtime_hours


def unscheduled_days(horizon: PlanningHorizon, due_date: date) -> int:
    """What an unscheduled order counts in days of tardiness: worse than any delivery in the horizon.

    Examples
    --------
    >>> week = PlanningHorizon(as_of=date(2026, 1, 5), horizon_days=7)
    >>> unscheduled_days(week, date(2026, 1, 10)), unscheduled_days(week, date(2026, 2, 10))
    (9, 7)
    """
    return max(0, horizon.horizon_days - horizon.index(due_date)) + horizon.horizon_days


def tier_values(problem: SchedulingProblem, result: SchedulingResult) -> dict[str, float]:
    """The objective of a schedule, recomputed from its deliveries: a value for each priority class, then ``cost``.

    Returns
    -------
    dict of str to float
        ``priority 1``, ``priority 2``, … for the classes that occur, in order, then ``cost``: weighted order-days of
        tardiness, then money.
    """
    recount = Recount(problem=problem)
    return counted_tiers(recount, group_by_order(result.deliveries), recount.hours(result.deliveries))


def counted_tiers(
    recount: Recount,
    deliveries: Mapping[OrderId, tuple[ScheduledDelivery, ...]],
    hours: Mapping[ResourceBucket, float],
) -> dict[str, float]:
    """The tiers of deliveries that use these hours."""
    problem = recount.problem
    values = {f"priority {priority}": 0.0 for priority in sorted({order.priority for order in problem.orders})}
    cost = overtime_cost(problem, hours)
    for order in problem.orders:
        own = deliveries.get(order.order_id, ())
        values[f"priority {order.priority}"] += order_tardiness(problem, order, own)
        cost += order_cost(recount, order, own)
    return values | {"cost": cost}


def order_tardiness(problem: SchedulingProblem, order: OrderDemand, own: Iterable[ScheduledDelivery]) -> float:
    """Weighted days of tardiness of one order: each delivery by its share, the rest as unscheduled."""
    own = tuple(own)
    delivered = sum(float(d.quantity) for d in own)
    days = sum(float(d.quantity) * tardiness_days(d.delivery_date, order.due_date) for d in own)
    rest = order.quantity - delivered
    days += rest * unscheduled_days(problem.horizon, order.due_date)
    return order.weight * days / order.quantity


def order_cost(recount: Recount, order: OrderDemand, own: Iterable[ScheduledDelivery]) -> float:
    """Money of one order without overtime: routing and holding by share, and the change of what is published."""
    own = tuple(own)
    cost = recount.problem.change_cost if is_changed(order, own) else 0.0
    for delivery in own:
        routing = routing_of(order, delivery.routing_id)
        if routing is not None:
            waiting = (recount.ship_date(order, delivery.delivery_date) - delivery.completion_date).days
            hours = sum(load.hours for load in routing.loads)
            holding = recount.problem.holding_cost_per_hour_day * hours * max(0, waiting)
            cost += (routing.cost + holding) * float(delivery.quantity) / order.quantity
    return cost


def overtime_cost(problem: SchedulingProblem, hours: Mapping[ResourceBucket, float]) -> float:
    """Money for the hours of each resource-bucket beyond its regular ones."""
    return sum(
        overtime_of(problem, bucket, used) * problem.resource(bucket[0]).overtime_cost_per_hour
        for bucket, used in sorted(hours.items())
    )


def overtime_of(problem: SchedulingProblem, bucket: ResourceBucket, load_hours: float) -> float:
    """Hours of a resource-bucket beyond its regular ones."""
    return max(0.0, load_hours - problem.resource(bucket[0]).buckets[bucket[1]].regular_hours)


def is_changed(order: OrderDemand, own: Iterable[ScheduledDelivery]) -> bool:
    """Whether something is published for the order and these deliveries are not exactly that."""
    return bool(order.current) and Counter(map(place_of, order.current)) != Counter(map(place_of, own))


def place_of(delivery: ScheduledDelivery | CurrentDelivery) -> tuple[str, date, date, float]:
    """What makes two deliveries of an order the same: routing, completion, delivery date and quantity."""
    return delivery.routing_id, delivery.completion_date, delivery.delivery_date, float(delivery.quantity)
