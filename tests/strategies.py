"""Hypothesis strategies: small scheduling problems with every feature of the model on."""

import os
from dataclasses import replace
from datetime import date, time, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from cms.domain.customers import CustomerId, DeliveryWindow
from cms.domain.horizon import PlanningHorizon
from cms.domain.orders import OrderId
from cms.domain.resources import Load, LoadAnchor, ResourceId, RoutingId
from cms.scheduling.problem import (
    BucketHours,
    CurrentDelivery,
    DeliveryTerms,
    OrderDemand,
    ResourceCapacity,
    RoutingOption,
    SchedulingProblem,
)
from tests.brute_force import Slot, slots

MONDAY = date(2026, 1, 5)


@st.composite
def small_problems(
    draw: st.DrawFn, *, most_orders: int = 8, least_orders: int = 1, most_classes: int = 3
) -> SchedulingProblem:
    """A problem small enough to try everything, in a plant too small for its orders."""
    days = draw(st.sampled_from([5, 4, 6, 7, 3]))
    horizon = PlanningHorizon(
        as_of=MONDAY + timedelta(days=draw(st.integers(0, 6))),
        horizon_days=days,
        planning_time_fence_days=draw(st.integers(0, min(3, days))),
    )
    resources = tuple(draw(_resources(horizon, name)) for name in ("OVEN", "PRESS", "DOCK")[: draw(st.integers(1, 3))])
    names = [resource.resource_id for resource in resources]
    customers = tuple(draw(_customers(horizon, f"C{index}")) for index in range(draw(st.integers(1, 3))))
    count = draw(st.sampled_from(range(least_orders, most_orders + 1)))
    orders = tuple(
        draw(
            _orders(
                horizon=horizon,
                name=f"O{index}",
                customers=[c.customer_id for c in customers],
                resources=names,
                most_classes=most_classes,
            )
        )
        for index in range(count)
    )
    problem = SchedulingProblem(
        horizon=horizon,
        holding_cost_per_hour_day=draw(st.sampled_from([0.0, 0.25, 1.0])),
        change_cost=draw(st.sampled_from([0.0, 2.0, 5.0])),
        holidays=draw(_some_days(horizon)),
        default_windows=draw(_windows(horizon, least=1)),
        resources=resources,
        customers=customers,
        orders=orders,
    )
    published = tuple(draw(_published(problem, order)) for order in problem.orders)
    return with_orders(problem, published)


def with_orders(problem: SchedulingProblem, orders: tuple[OrderDemand, ...]) -> SchedulingProblem:
    """The same plant and customers with other orders."""
    return replace(problem, orders=orders)


def with_resources(problem: SchedulingProblem, resources: tuple[ResourceCapacity, ...]) -> SchedulingProblem:
    """The same orders and customers with another plant."""
    return replace(problem, resources=resources)


@st.composite
def _resources(draw: st.DrawFn, horizon: PlanningHorizon, name: str) -> ResourceCapacity:
    buckets = {}
    for day in horizon:
        regular = draw(st.sampled_from([4.0, 2.0, 2.0, 3.0, 1.5, 0.0]))
        overtime = draw(st.sampled_from([0.0, 1.0, 2.0]))
        if regular + overtime > 0 or draw(st.booleans()):
            buckets[day] = BucketHours(regular_hours=regular, overtime_hours=overtime)
    cost = draw(st.sampled_from([0.0, 1.0, 3.5]))
    return ResourceCapacity(resource_id=ResourceId(name), overtime_cost_per_hour=cost, buckets=buckets)


@st.composite
def _customers(draw: st.DrawFn, horizon: PlanningHorizon, name: str) -> DeliveryTerms:
    return DeliveryTerms(
        customer_id=CustomerId(name),
        transit_days=draw(st.integers(0, 2)),
        max_early_days=draw(st.sampled_from([2, 5, 0, 1, 9])),
        blackout_dates=draw(_some_days(horizon)),
        windows=draw(_windows(horizon, least=0)),
    )


@st.composite
def _windows(draw: st.DrawFn, horizon: PlanningHorizon, *, least: int) -> tuple[DeliveryWindow, ...]:
    if least == 0 and draw(st.booleans()):
        return ()
    weekdays = draw(st.lists(st.sampled_from(range(7)), min_size=3, max_size=6))
    return tuple(draw(_window(horizon, weekday)) for weekday in weekdays)


@st.composite
def _window(draw: st.DrawFn, horizon: PlanningHorizon, weekday: int) -> DeliveryWindow:
    start = draw(st.sampled_from([6, 8, 10]))
    limits = draw(st.sampled_from(["none", "none", "none", "from", "to", "both"]))
    first = horizon.day(draw(st.integers(0, 3))) if limits in ("from", "both") else None
    last = horizon.day(draw(st.integers(3, horizon.horizon_days))) if limits in ("to", "both") else None
    return DeliveryWindow(
        weekday=weekday, start=time(start), end=time(start + 4), effective_from=first, effective_to=last
    )


def _some_days(horizon: PlanningHorizon) -> st.SearchStrategy[frozenset[date]]:
    return st.frozensets(st.integers(0, 3 * horizon.horizon_days).map(horizon.day), max_size=1)


@st.composite
def _orders(
    draw: st.DrawFn,
    *,
    horizon: PlanningHorizon,
    name: str,
    customers: list[CustomerId],
    resources: list[ResourceId],
    most_classes: int,
) -> OrderDemand:
    splittable = draw(st.integers(0, 3)) == 0
    quantity = draw(st.integers(2, 4)) if splittable else draw(st.integers(1, 6))
    released = draw(st.integers(-6, 3))
    count = draw(st.integers(1, 2))
    return OrderDemand(
        order_id=OrderId(name),
        customer_id=draw(st.sampled_from(customers)),
        priority=draw(st.integers(1, most_classes)),
        weight=draw(st.sampled_from([1.0, 0.5, 2.0])),
        quantity=float(quantity),
        due_date=horizon.day(draw(st.integers(-3, horizon.horizon_days + 1))),
        release_date=horizon.day(released) if released >= 0 else None,
        splittable=splittable,
        min_split_quantity=draw(st.sampled_from([None, 1.0, 2.0])) if splittable else None,
        max_splits=draw(st.sampled_from([None, 1, 2, 3])) if splittable else None,
        routings=tuple(draw(_routings(f"R{index}", quantity, resources)) for index in range(count)),
    )


@st.composite
def _routings(draw: st.DrawFn, name: str, quantity: int, resources: list[ResourceId]) -> RoutingOption:
    loads = tuple(
        Load(
            resource_id=draw(st.sampled_from(resources)),
            hours=draw(st.sampled_from([0.5, 0.25, 1.0, 0.0])) * quantity,
            offset_days=draw(st.sampled_from([0, 0, 0, 1, 2])),
            anchor=draw(st.sampled_from([LoadAnchor.COMPLETION, LoadAnchor.COMPLETION, LoadAnchor.SHIP])),
        )
        for _ in range(draw(st.integers(1, 3)))
    )
    return RoutingOption(routing_id=RoutingId(name), cost=draw(st.sampled_from([0.0, 1.5, 4.0])), loads=loads)


@st.composite
def _published(draw: st.DrawFn, problem: SchedulingProblem, order: OrderDemand) -> OrderDemand:
    """The order, at times with what is published for it: mostly a place it could have, or one it no longer can."""
    if draw(st.integers(0, 2)) > 0:
        return order
    available = slots(problem, order)
    count = draw(st.integers(1, 2)) if order.splittable and order.quantity >= 2 and order.max_splits != 1 else 1
    parts = [order.quantity] if count == 1 else [1.0, order.quantity - 1]
    current = tuple(draw(_published_delivery(problem, order, available, part)) for part in parts)
    return replace(order, current=current)


@st.composite
def _published_delivery(
    draw: st.DrawFn, problem: SchedulingProblem, order: OrderDemand, available: list[Slot], quantity: float
) -> CurrentDelivery:
    if available and draw(st.integers(0, 3)) > 0:
        slot = draw(st.sampled_from(available))
        routing_id, completion, delivery = slot.routing.routing_id, slot.completion, slot.delivery
    else:
        routing_id = draw(st.sampled_from(order.routings)).routing_id
        completion = problem.horizon.day(draw(st.integers(-2, problem.horizon.horizon_days - 1)))
        delivery = completion + timedelta(days=draw(st.integers(0, 3)))
    return CurrentDelivery(routing_id=routing_id, completion_date=completion, delivery_date=delivery, quantity=quantity)


def examples(share: float = 1.0) -> settings:
    """How many examples a property tries: CMS_EXAMPLES times `share`; without it, the same few in every run."""
    wanted = os.environ.get("CMS_EXAMPLES")
    return settings(
        max_examples=max(1, int(int(wanted or 120) * share)),
        derandomize=wanted is None,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )
