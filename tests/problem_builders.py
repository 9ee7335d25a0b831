"""Scheduling problems and schedules for tests, hiding all but the point.

The plant of a builder works every day from Monday 2026-01-05 on, 8 hours and no overtime, on one resource, OVEN. Its
one customer, C1, takes delivery every day from 8 to 12.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

from cms.domain.customers import CustomerId, DeliveryWindow
from cms.domain.horizon import PlanningHorizon
from cms.domain.metrics import tardiness_days
from cms.domain.orders import OrderId
from cms.domain.resources import Load, LoadAnchor, ResourceId, RoutingId
from cms.domain.schedule import ResourceDay, ScheduledDelivery, ScheduledLoad, TierResult, UnscheduledOrder
from cms.scheduling.problem import (
    BucketHours,
    CurrentDelivery,
    DeliveryTerms,
    OrderDemand,
    ResourceCapacity,
    RoutingOption,
    SchedulingProblem,
)
from cms.scheduling.recount import tier_values
from cms.scheduling.result import SchedulingResult, SolveStatus
from tests.brute_force import load_day

MONDAY = date(2026, 1, 5)


def day(index: int) -> date:
    """Day `index` of the horizon of the builders; 0 is Monday 2026-01-05."""
    return MONDAY + timedelta(days=index)


def a_window(weekday: int, start: int = 8, end: int = 12, **effective: date) -> DeliveryWindow:
    return DeliveryWindow(weekday=weekday, start=time(start), end=time(end), **effective)


EVERY_DAY = tuple(a_window(weekday) for weekday in range(7))


def a_resource(
    name: str = "OVEN",
    hours: float | Sequence[float] = 8.0,
    overtime: float | Sequence[float] = 0.0,
    cost: float = 10.0,
    days: int = 14,
) -> ResourceCapacity:
    """A resource with the same hours every day, or with hours listed day by day."""
    regular = [hours] * days if isinstance(hours, float | int) else list(hours)
    extra = [overtime] * len(regular) if isinstance(overtime, float | int) else list(overtime)
    buckets = {
        day(index): BucketHours(regular_hours=float(r), overtime_hours=float(o))
        for index, (r, o) in enumerate(zip(regular, extra, strict=True))
    }
    return ResourceCapacity(resource_id=ResourceId(name), overtime_cost_per_hour=cost, buckets=buckets)


def a_customer(name: str = "C1", *, early: int = 14, **terms: Any) -> DeliveryTerms:
    return DeliveryTerms(customer_id=CustomerId(name), max_early_days=early, **terms)


def a_load(resource: str = "OVEN", hours: float = 4.0, offset: int = 0, *, at_ship: bool = False) -> Load:
    anchor = LoadAnchor.SHIP if at_ship else LoadAnchor.COMPLETION
    return Load(resource_id=ResourceId(resource), hours=hours, offset_days=offset, anchor=anchor)


def a_routing(name: str = "A", *loads: Load, cost: float = 0.0) -> RoutingOption:
    return RoutingOption(routing_id=RoutingId(name), cost=cost, loads=loads or (a_load(),))


def an_order(
    name: str = "O1",
    *,
    due: int = 4,
    priority: int = 2,
    hours: float = 4.0,
    quantity: float = 10,
    customer: str = "C1",
    routings: Sequence[RoutingOption] = (),
    **fields: Any,
) -> OrderDemand:
    return OrderDemand(
        order_id=OrderId(name),
        customer_id=CustomerId(customer),
        priority=priority,
        quantity=float(quantity),
        due_date=day(due),
        routings=tuple(routings) or (a_routing("A", a_load(hours=hours)),),
        **fields,
    )


def published(
    completion: int, delivery: int | None = None, quantity: float = 10, routing: str = "A"
) -> CurrentDelivery:
    return CurrentDelivery(
        routing_id=RoutingId(routing),
        completion_date=day(completion),
        delivery_date=day(completion if delivery is None else delivery),
        quantity=float(quantity),
    )


def a_problem(
    *orders: OrderDemand,
    resources: Iterable[ResourceCapacity] = (),
    customers: Iterable[DeliveryTerms] = (),
    days: int = 14,
    fence: int = 0,
    **fields: Any,
) -> SchedulingProblem:
    return SchedulingProblem(
        horizon=PlanningHorizon(as_of=MONDAY, horizon_days=days, planning_time_fence_days=fence),
        default_windows=fields.pop("default_windows", EVERY_DAY),
        resources=tuple(resources) or (a_resource(days=days),),
        customers=tuple(customers) or (a_customer(),),
        orders=orders or (an_order(),),
        **fields,
    )


def a_delivery(
    problem: SchedulingProblem,
    order: str = "O1",
    *,
    completion: int,
    delivery: int | None = None,
    quantity: float | None = None,
    sequence: int = 0,
    routing: str = "A",
    frozen: bool = False,
) -> ScheduledDelivery:
    demand = next(o for o in problem.orders if o.order_id == order)
    delivered = day(completion if delivery is None else delivery)
    return ScheduledDelivery(
        order_id=demand.order_id,
        sequence=sequence,
        customer_id=demand.customer_id,
        routing_id=RoutingId(routing),
        completion_date=day(completion),
        delivery_date=delivered,
        window_start=time(8),
        window_end=time(12),
        quantity=Decimal(f"{demand.quantity if quantity is None else quantity:g}"),
        frozen=frozen,
        tardiness_days=tardiness_days(delivered, demand.due_date),
    )


def a_schedule(
    problem: SchedulingProblem, *deliveries: ScheduledDelivery, unscheduled: Mapping[str, float] | None = None
) -> SchedulingResult:
    """A schedule that states truthfully what its deliveries use and cost."""
    loads = tuple(load for delivery in deliveries for load in _loads(problem, delivery))
    result = SchedulingResult(
        status=SolveStatus.FEASIBLE,
        seconds=0.0,
        tiers=(),
        deliveries=tuple(sorted(deliveries, key=lambda d: (d.delivery_date, d.order_id, d.sequence))),
        loads=loads,
        unscheduled=tuple(
            UnscheduledOrder(order_id=OrderId(name), quantity=Decimal(str(quantity)), reason="no room")
            for name, quantity in (unscheduled or {}).items()
        ),
        resource_days=tuple(_resource_days(problem, loads)),
    )
    tiers = (TierResult(name=name, value=value, bound=0.0) for name, value in tier_values(problem, result).items())
    return replace(result, tiers=tuple(tiers))


def _loads(problem: SchedulingProblem, delivery: ScheduledDelivery) -> list[ScheduledLoad]:
    order = next(o for o in problem.orders if o.order_id == delivery.order_id)
    routing = next((r for r in order.routings if r.routing_id == delivery.routing_id), None)
    ship = delivery.delivery_date - timedelta(days=problem.customer(order.customer_id).transit_days)
    found = []
    for load in routing.loads if routing else ():
        anchor = ship if load.anchor is LoadAnchor.SHIP else delivery.completion_date
        bucket = load_day(problem, load.resource_id, anchor, load.offset_days)
        if bucket is not None and bucket in problem.horizon:
            share = float(delivery.quantity) / order.quantity
            found.append(
                ScheduledLoad(
                    order_id=order.order_id,
                    sequence=delivery.sequence,
                    resource_id=load.resource_id,
                    bucket_date=bucket,
                    hours=load.hours * share,
                )
            )
    return found


def _resource_days(problem: SchedulingProblem, loads: Sequence[ScheduledLoad]) -> Iterable[ResourceDay]:
    for resource in problem.resources:
        for bucket, hours in sorted(resource.buckets.items()):
            if hours.regular_hours + hours.overtime_hours > 0 and bucket in problem.horizon:
                here = [x.hours for x in loads if (x.resource_id, x.bucket_date) == (resource.resource_id, bucket)]
                yield ResourceDay(
                    resource_id=resource.resource_id,
                    bucket_date=bucket,
                    regular_hours=hours.regular_hours,
                    available_overtime_hours=hours.overtime_hours,
                    load_hours=sum(here),
                    overtime_hours=max(0.0, sum(here) - hours.regular_hours),
                )
