"""The facts of a plan, turned into the engine's problem: what the business knows becomes what the engine may know."""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import TypeAlias

from cms.aggregation.order_loads import RoutingLoads, routing_loads, routings_of
from cms.application.ports import Plant, Reservation
from cms.capacity.ledger import BucketKey
from cms.domain.customers import Customer, CustomerId, CustomerStatus
from cms.domain.errors import InvalidValueError
from cms.domain.horizon import PlanningHorizon
from cms.domain.orders import Order, OrderId, OrderType
from cms.domain.resources import RoutingId
from cms.domain.schedule import MasterSchedule, ScheduledDelivery, UnscheduledOrder
from cms.domain.work_calendar import WorkCalendar
from cms.scheduling.free_capacity import held_hours, hold_reserved
from cms.scheduling.problem import (
    BucketHours,
    CurrentDelivery,
    DeliveryTerms,
    OrderDemand,
    ResourceCapacity,
    RoutingOption,
    SchedulingProblem,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanningRules:
    """How schedules are built; the settings' ``[planning]`` section.

    Parameters
    ----------
    rush_priority : int
        The class a rush order is planned in, unless its own is higher.
    min_split_share : float
        Least share of a bulk order in one delivery.
    default_routing : mapping of str to str
        Routing for a product family that has none of its own; ``*`` stands for any family.
    """

    horizon_days: int = 30
    planning_time_fence_days: int = 3
    holding_cost_per_hour_day: float = 0.1
    change_cost: float = 5.0
    rush_priority: int = 1
    min_split_share: float = 0.25
    max_splits: int = 4
    default_routing: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class PlanningFacts:
    """Everything a plan is built from, as the warehouse had it at one moment."""

    as_of: date
    rules: PlanningRules
    orders: Sequence[Order]
    customers: Mapping[CustomerId, Customer]
    plant: Plant
    published: MasterSchedule | None
    reservations: Sequence[Reservation] = ()

    @cached_property
    def published_deliveries(self) -> Mapping[OrderId, tuple[ScheduledDelivery, ...]]:
        """What is published, by order."""
        return self.published.deliveries_by_order() if self.published else {}

    def horizon(self) -> PlanningHorizon:
        """The days that are planned."""
        return PlanningHorizon(
            as_of=self.as_of,
            horizon_days=self.rules.horizon_days,
            planning_time_fence_days=self.rules.planning_time_fence_days,
        )

    def fingerprint(self) -> str:
        """Digest of the facts, without what is published: the same facts on the same day ask for the same plan."""
        digest = hashlib.sha256()
        parts: list[object] = [self.as_of, self.rules, self.plant, sorted(self.reservations, key=repr)]
        parts += sorted((_planning_view(order) for order in self.orders), key=repr)
        parts += [_stable(self.customers[customer_id]) for customer_id in sorted(self.customers)]
        for part in parts:
            digest.update(_stable(part).encode())
        return digest.hexdigest()


@dataclass(frozen=True, kw_only=True)
class PreparedPlan:
    """The engine's problem, the orders that cannot enter it, with their reasons, and what quotes hold beside it."""

    problem: SchedulingProblem
    left_out: tuple[UnscheduledOrder, ...]
    reserved_hours: Mapping[BucketKey, float] = field(default_factory=dict)


Entry: TypeAlias = OrderDemand | UnscheduledOrder
"""An order as the engine sees it, or why it cannot enter the plan."""


def entry_of(order: Order, facts: PlanningFacts, horizon: PlanningHorizon) -> Entry:
    """The order as the engine sees it, or why it cannot enter the plan."""
    reason = _reason_to_leave_out(order, facts, horizon)
    if reason is None:
        try:
            return _demand(order, facts, _ways(order, facts))
        except InvalidValueError as refusal:
            reason = str(refusal)
    return UnscheduledOrder(order_id=order.order_id, quantity=order.open_quantity, reason=reason)


def prepare_plan(
    facts: PlanningFacts,
    *,
    entry: Callable[[Order, PlanningFacts, PlanningHorizon], Entry] = entry_of,
    resources: tuple[ResourceCapacity, ...] | None = None,
) -> PreparedPlan:
    """State the scheduling problem; an order that no plan could serve is left out with its reason.

    Left out are orders of inactive customers, orders without a routing, and orders that the customer would not take
    before the horizon ends.

    Parameters
    ----------
    entry : callable
        `entry_of`, or something that knows its answers.
    resources : tuple of ResourceCapacity, optional
        What is left for these orders; None: all that the plant has, less what is reserved.
    """
    horizon, calendar = facts.horizon(), facts.plant.calendar()
    entries = [entry(order, facts, horizon) for order in sorted(facts.orders, key=lambda order: order.order_id)]
    demands = [entry for entry in entries if isinstance(entry, OrderDemand)]
    left_out = [entry for entry in entries if isinstance(entry, UnscheduledOrder)]
    used = {demand.customer_id for demand in demands}
    problem = SchedulingProblem(
        horizon=horizon,
        holding_cost_per_hour_day=facts.rules.holding_cost_per_hour_day,
        change_cost=facts.rules.change_cost,
        holidays=frozenset(day for day in calendar.company_holidays if day in horizon),
        default_windows=facts.plant.default_windows,
        resources=_capacities(facts, horizon, calendar) if resources is None else resources,
        customers=tuple(_terms(facts.customers[customer_id], calendar) for customer_id in sorted(used)),
        orders=tuple(demands),
    )
    if resources is not None or not facts.reservations:
        return PreparedPlan(problem=problem, left_out=tuple(left_out))
    rest = hold_reserved(problem, (held.load for held in facts.reservations))
    return PreparedPlan(problem=rest, left_out=tuple(left_out), reserved_hours=held_hours(problem, rest))


def _reason_to_leave_out(order: Order, facts: PlanningFacts, horizon: PlanningHorizon) -> str | None:
    customer = facts.customers.get(order.customer_id)
    if customer is None or customer.status is CustomerStatus.INACTIVE:
        return f"customer {order.customer_id} is not active"
    if not routings_of(order.product_family, facts.plant.routings, default_routing=facts.rules.default_routing):
        return f"no routing makes product family {order.product_family!r}; add one to the plant or a default routing"
    earliest = order.due_date - timedelta(days=customer.max_early_days)
    if earliest > horizon.end:
        enters = earliest - timedelta(days=horizon.horizon_days - 1)
        return f"due {order.due_date}, taken from {earliest} on, after the horizon ends; it enters the plan on {enters}"
    return None


def _ways(order: Order, facts: PlanningFacts) -> Sequence[RoutingLoads]:
    return routing_loads(
        order.product_family,
        order.open_quantity,
        facts.plant.routings,
        default_routing=facts.rules.default_routing,
    )


def _demand(order: Order, facts: PlanningFacts, options: Sequence[RoutingLoads]) -> OrderDemand:
    customer, rules = facts.customers[order.customer_id], facts.rules
    rush = order.order_type is OrderType.RUSH
    whole = order.open_quantity == order.open_quantity.to_integral_value()
    splittable = order.order_type is OrderType.BULK and customer.allows_split and whole
    smallest = math.ceil(float(order.open_quantity) * rules.min_split_share) if splittable else None
    return OrderDemand(
        order_id=order.order_id,
        customer_id=order.customer_id,
        priority=min(order.priority, rules.rush_priority) if rush else order.priority,
        quantity=float(order.open_quantity),
        due_date=order.due_date,
        release_date=order.release_date,
        splittable=splittable,
        min_split_quantity=smallest,
        max_splits=rules.max_splits if splittable else None,
        routings=tuple(
            RoutingOption(routing_id=option.routing_id, cost=option.cost, loads=option.loads) for option in options
        ),
        current=_current(order, facts, {option.routing_id for option in options}, splittable=splittable),
    )


def _current(
    order: Order, facts: PlanningFacts, known: set[RoutingId], *, splittable: bool
) -> tuple[CurrentDelivery, ...]:
    """What is published for the order, where it still fits the order's facts; otherwise the order is planned anew."""
    published = _outstanding(order, facts.published_deliveries.get(order.order_id, ()))
    fits = (
        sum((d.quantity for d in published), Decimal(0)) == order.open_quantity
        and all(d.routing_id in known for d in published)
        and (splittable or len(published) == 1)
    )
    if not fits:
        return ()
    return tuple(
        CurrentDelivery(
            routing_id=delivery.routing_id,
            completion_date=delivery.completion_date,
            delivery_date=delivery.delivery_date,
            quantity=float(delivery.quantity),
        )
        for delivery in published
    )


def _outstanding(order: Order, published: Sequence[ScheduledDelivery]) -> tuple[ScheduledDelivery, ...]:
    """The published deliveries that partial deliveries have not brought yet, the earliest counted as brought first.

    What was brought before they were published is not one of them: they were to bring what was open then.
    """
    brought = min(order.delivered_quantity, sum((d.quantity for d in published), Decimal(0)) - order.open_quantity)
    outstanding = []
    for delivery in sorted(published, key=lambda d: (d.delivery_date, d.sequence)):
        if brought >= delivery.quantity:
            brought -= delivery.quantity
        else:
            outstanding.append(delivery)
    return tuple(outstanding)


def _terms(customer: Customer, calendar: WorkCalendar) -> DeliveryTerms:
    return DeliveryTerms(
        customer_id=customer.customer_id,
        transit_days=customer.transit_days,
        max_early_days=customer.max_early_days,
        blackout_dates=customer.blackout_dates | calendar.blackouts(customer.customer_id),
        windows=customer.windows,
    )


def _capacities(facts: PlanningFacts, horizon: PlanningHorizon, calendar: WorkCalendar) -> tuple[ResourceCapacity, ...]:
    return tuple(
        ResourceCapacity(
            resource_id=resource.resource_id,
            overtime_cost_per_hour=resource.overtime_cost_per_hour,
            buckets={
                bucket.bucket_date: BucketHours(
                    regular_hours=bucket.regular_hours, overtime_hours=bucket.overtime_hours
                )
                for bucket in calendar.buckets(resource.resource_id, horizon)
                if bucket.is_working
            },
        )
        for resource in sorted(facts.plant.resources, key=lambda resource: resource.resource_id)
    )


def _planning_view(order: Order) -> tuple[object, ...]:
    """What of an order decides its plan: not what planning itself writes."""
    return (
        order.order_id,
        order.customer_id,
        order.order_type.value,
        order.priority,
        order.product_family,
        order.open_quantity.normalize(),
        order.due_date,
        order.release_date,
    )


def _stable(value: object) -> str:
    """A text that is the same for equal values in every process: sets are sorted."""
    if isinstance(value, Customer):
        return repr(
            (
                value.customer_id,
                value.status.value,
                value.transit_days,
                value.max_early_days,
                value.allows_split,
                value.windows,
                sorted(value.blackout_dates),
            )
        )
    if isinstance(value, Plant):
        resources = [(r, sorted(r.working_weekdays)) for r in value.resources]
        plain = [
            (r.resource_id, r.regular_hours, r.overtime_hours, r.overtime_cost_per_hour, days) for r, days in resources
        ]
        return repr((plain, value.routings, value.exceptions, value.default_windows))
    return repr(value)
