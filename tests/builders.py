"""Builders that hide all but the point of a test; the default day is Monday 5 January 2026."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from cms.application.planning_facts import PlanningFacts, PlanningRules
from cms.application.ports import Plant
from cms.domain.customers import Channel, Customer, CustomerId, DeliveryWindow
from cms.domain.orders import Order, OrderId, OrderStatus, OrderType, Priority
from cms.domain.resources import Resource, ResourceId, Routing, RoutingId, RoutingStep
from cms.domain.schedule import MasterSchedule, ScheduledDelivery

MONDAY = date(2026, 1, 5)
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
WEEKDAYS = tuple(DeliveryWindow(weekday=day, start=time(8), end=time(17)) for day in range(5))


def a_customer(customer_id: str = "C1", **changes: Any) -> Customer:
    customer = Customer(
        customer_id=CustomerId(customer_id),
        name=f"Customer {customer_id}",
        contact_email=f"{customer_id.lower()}@example.org",
        preferred_channel=Channel.EMAIL,
    )
    return replace(customer, **changes)


def an_order(
    order_id: str = "O1", *, customer: str = "C1", due: date = date(2026, 1, 13), quantity: float = 100, **changes: Any
) -> Order:
    order = Order(
        order_id=OrderId(order_id),
        source_system="erp",
        source_order_id=order_id,
        customer_id=CustomerId(customer),
        order_type=OrderType.STANDARD,
        priority=Priority(2),
        product_family="standard",
        quantity=Decimal(str(quantity)),
        ordered_at=datetime(2026, 1, 2, 9, tzinfo=UTC),
        requested_date=due,
        status=OrderStatus.OPEN,
    )
    return replace(order, **changes)


def a_press(regular_hours: float = 16, overtime_hours: float = 4, **changes: Any) -> Resource:
    press = Resource(
        resource_id=ResourceId("PRESS"),
        name="Press",
        regular_hours=regular_hours,
        overtime_hours=overtime_hours,
        overtime_cost_per_hour=45.0,
    )
    return replace(press, **changes)


def a_routing(routing_id: str = "R1", *, family: str = "standard", hours_per_unit: float = 0.05) -> Routing:
    step = RoutingStep(resource_id=ResourceId("PRESS"), hours_per_unit=hours_per_unit)
    return Routing(routing_id=RoutingId(routing_id), product_family=family, steps=(step,))


def a_plant(**changes: Any) -> Plant:
    plant = Plant(resources=(a_press(),), routings=(a_routing(),), default_windows=WEEKDAYS)
    return replace(plant, **changes)


def a_delivery(
    order_id: str = "O1", *, on: date = date(2026, 1, 13), quantity: float = 100, **changes: Any
) -> ScheduledDelivery:
    delivery = ScheduledDelivery(
        order_id=OrderId(order_id),
        sequence=0,
        customer_id=CustomerId("C1"),
        routing_id=RoutingId("R1"),
        completion_date=on,
        delivery_date=on,
        window_start=time(8),
        window_end=time(17),
        quantity=Decimal(str(quantity)),
    )
    return replace(delivery, **changes)


def a_schedule(*deliveries: ScheduledDelivery, **changes: Any) -> MasterSchedule:
    schedule = MasterSchedule(
        version=1,
        as_of=MONDAY,
        created_at=NOON,
        status="optimal",
        deliveries=deliveries,
        loads=(),
        unscheduled=(),
        resource_days=(),
        tiers=(),
    )
    return replace(schedule, **changes)


def planning_facts(
    *orders: Order,
    customers: Mapping[CustomerId, Customer] | None = None,
    plant: Plant | None = None,
    rules: PlanningRules | None = None,
    published: MasterSchedule | None = None,
    as_of: date = MONDAY,
    **changes: Any,
) -> PlanningFacts:
    one = a_customer()
    return PlanningFacts(
        as_of=as_of,
        rules=rules or PlanningRules(),
        orders=orders,
        customers=customers if customers is not None else {one.customer_id: one},
        plant=plant or a_plant(),
        published=published,
        **changes,
    )
