"""The scheduling problem: all that the engine may know, frozen and validated, and nothing else."""

import math
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TypeAlias

from cms.domain.customers import CustomerId, DeliveryWindow, windows_of
from cms.domain.errors import InvalidValueError
from cms.domain.horizon import PlanningHorizon
from cms.domain.orders import OrderId
from cms.domain.resources import Load, LoadAnchor, ResourceId, RoutingId

WorkPlace: TypeAlias = tuple[ResourceId, int]
"""A resource and an offset in its working buckets."""

MOST_HOURS = 100_000.0
"""The most hours of a bucket or a load: a pool (a hall, a fleet) has far more than 24 a day, but more is a typo."""
MOST_MONEY = 1e12
MOST_QUANTITY = 1e12
MOST_DAYS = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class BucketHours:
    """Hours of a resource on one day; `overtime_hours` is the most that overtime may add."""

    regular_hours: float
    overtime_hours: float = 0.0

    def __post_init__(self) -> None:
        _check_amount("regular_hours", self.regular_hours, MOST_HOURS)
        _check_amount("overtime_hours", self.overtime_hours, MOST_HOURS)

    @property
    def total_hours(self) -> float:
        """Regular and overtime hours together; a working bucket has more than 0."""
        return self.regular_hours + self.overtime_hours


@dataclass(frozen=True, kw_only=True, slots=True)
class ResourceCapacity:
    """A resource with its hours by day; a day that is not listed is not a working bucket."""

    resource_id: ResourceId
    overtime_cost_per_hour: float = 0.0
    buckets: Mapping[date, BucketHours]

    def __post_init__(self) -> None:
        _check_name("resource_id", self.resource_id)
        _check_amount("overtime_cost_per_hour", self.overtime_cost_per_hour, MOST_MONEY)


@dataclass(frozen=True, kw_only=True, slots=True)
class DeliveryTerms:
    """When and how a customer takes delivery; empty `windows`: the default windows hold."""

    customer_id: CustomerId
    transit_days: int = 0
    max_early_days: int = 0
    blackout_dates: frozenset[date] = frozenset()
    windows: tuple[DeliveryWindow, ...] = ()

    def __post_init__(self) -> None:
        _check_name("customer_id", self.customer_id)
        _check_amount("transit_days", self.transit_days, MOST_DAYS)
        _check_amount("max_early_days", self.max_early_days, MOST_DAYS)


@dataclass(frozen=True, kw_only=True, slots=True)
class RoutingOption:
    """One way to make the order, with its loads for the whole quantity and its cost.

    Its hours by place are summed once, since a plan asks for them every morning: `completion_hours` belong to
    `completion_places`, `ship_hours` to `ship_places`, each in the order of the loads.
    """

    routing_id: RoutingId
    cost: float = 0.0
    loads: tuple[Load, ...]
    completion_places: tuple[WorkPlace, ...] = field(init=False, repr=False, compare=False)
    completion_hours: tuple[float, ...] = field(init=False, repr=False, compare=False)
    ship_places: tuple[WorkPlace, ...] = field(init=False, repr=False, compare=False)
    ship_hours: tuple[float, ...] = field(init=False, repr=False, compare=False)
    total_hours: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _check_name("routing_id", self.routing_id)
        _check_amount("cost", self.cost, MOST_MONEY)
        for index, load in enumerate(self.loads):
            _check_amount(f"loads[{index}].hours", load.hours, MOST_HOURS)
        completion = _hours_by_place(load for load in self.loads if load.anchor is not LoadAnchor.SHIP)
        ship = _hours_by_place(load for load in self.loads if load.anchor is LoadAnchor.SHIP)
        object.__setattr__(self, "completion_places", tuple(completion))
        object.__setattr__(self, "completion_hours", tuple(completion.values()))
        object.__setattr__(self, "ship_places", tuple(ship))
        object.__setattr__(self, "ship_hours", tuple(ship.values()))
        object.__setattr__(self, "total_hours", sum(completion.values()) + sum(ship.values()))


@dataclass(frozen=True, kw_only=True, slots=True)
class CurrentDelivery:
    """A delivery of the order in the published schedule."""

    routing_id: RoutingId
    completion_date: date
    delivery_date: date
    quantity: float

    def __post_init__(self) -> None:
        _check_quantity("quantity", self.quantity)
        if self.delivery_date < self.completion_date:
            rule = f"must not be before completion_date {self.completion_date}"
            raise InvalidValueError("delivery_date", rule, str(self.delivery_date))


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderDemand:
    """What an order asks of the plant.

    Parameters
    ----------
    priority : int
        Class; 1 is the highest.
    weight : float
        Weight of the order's tardiness inside its class.
    due_date : date
        The promised date, else the requested one.
    min_split_quantity : float, optional
        The least quantity of each delivery of a splittable order; None: 1.
    max_splits : int, optional
        The most deliveries of a splittable order, frozen ones included; None: as many as the minimum allows.
    current : tuple of CurrentDelivery
        Empty: nothing is published for the order.
    """

    order_id: OrderId
    customer_id: CustomerId
    priority: int
    weight: float = 1.0
    quantity: float
    due_date: date
    release_date: date | None = None
    splittable: bool = False
    min_split_quantity: float | None = None
    max_splits: int | None = None
    routings: tuple[RoutingOption, ...]
    current: tuple[CurrentDelivery, ...] = ()

    def __post_init__(self) -> None:
        _check_name("order_id", self.order_id)
        if self.priority < 1:
            raise InvalidValueError("priority", "must be 1 (highest) or more", self.priority)
        _check_amount("weight", self.weight, MOST_QUANTITY)
        _check_quantity("quantity", self.quantity)
        if not self.routings:
            raise InvalidValueError("routings", "must name at least one routing", [])
        _check_unique("routings[{}].id", (routing.routing_id for routing in self.routings))
        self._check_split_limits()
        self._check_current()

    def _check_split_limits(self) -> None:
        if self.min_split_quantity is not None:
            _check_quantity("min_split_quantity", self.min_split_quantity)
        if self.max_splits is not None and self.max_splits < 1:
            raise InvalidValueError("max_splits", "must be 1 or more", self.max_splits)
        if not self.splittable:
            return
        if self.quantity != int(self.quantity):
            raise InvalidValueError("quantity", "must be whole units when the order is splittable", self.quantity)
        if self.smallest_split > self.quantity:
            rule = f"must not exceed the quantity {self.quantity:g}"
            raise InvalidValueError("min_split_quantity", rule, self.min_split_quantity)

    def _check_current(self) -> None:
        known = {routing.routing_id for routing in self.routings}
        for index, delivery in enumerate(self.current):
            if delivery.routing_id not in known:
                rule = "must be one of the order's routings"
                raise InvalidValueError(f"current[{index}].routing", rule, delivery.routing_id)
            if self.splittable and delivery.quantity != int(delivery.quantity):
                rule = "must be whole units when the order is splittable"
                raise InvalidValueError(f"current[{index}].quantity", rule, delivery.quantity)

    @property
    def smallest_split(self) -> int:
        """The least whole units of one delivery of a splittable order."""
        return max(1, math.ceil(self.min_split_quantity or 1))

    def routing(self, routing_id: RoutingId) -> RoutingOption:
        """The routing of that name."""
        return next(routing for routing in self.routings if routing.routing_id == routing_id)

    def frozen_deliveries(self, horizon: PlanningHorizon) -> tuple[CurrentDelivery, ...]:
        """The published deliveries that may no longer change."""
        return tuple(delivery for delivery in self.current if horizon.is_frozen(delivery.completion_date))


@dataclass(frozen=True, kw_only=True, slots=True)
class SchedulingProblem:
    """Orders to deliver, customers to deliver them to, and the capacity to make them, over a horizon.

    Parameters
    ----------
    holding_cost_per_hour_day : float
        Money for a load hour that waits a day between completion and shipping.
    change_cost : float
        Money, once for each order whose published deliveries are changed.
    holidays : frozenset of date
        Days without any delivery.
    """

    horizon: PlanningHorizon
    holding_cost_per_hour_day: float = 0.0
    change_cost: float = 0.0
    holidays: frozenset[date] = frozenset()
    default_windows: tuple[DeliveryWindow, ...] = ()
    resources: tuple[ResourceCapacity, ...]
    customers: tuple[DeliveryTerms, ...]
    orders: tuple[OrderDemand, ...]
    _customers_by_id: dict[CustomerId, DeliveryTerms] = field(init=False, repr=False, compare=False)
    _resources_by_id: dict[ResourceId, ResourceCapacity] = field(init=False, repr=False, compare=False)
    _orders_by_id: dict[OrderId, OrderDemand] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _check_amount("holding_cost_per_hour_day", self.holding_cost_per_hour_day, MOST_MONEY)
        _check_amount("change_cost", self.change_cost, MOST_MONEY)
        _check_unique("resources[{}].id", (resource.resource_id for resource in self.resources))
        _check_unique("customers[{}].id", (customer.customer_id for customer in self.customers))
        _check_unique("orders[{}].id", (order.order_id for order in self.orders))
        object.__setattr__(self, "_customers_by_id", {c.customer_id: c for c in self.customers})
        object.__setattr__(self, "_resources_by_id", {r.resource_id: r for r in self.resources})
        object.__setattr__(self, "_orders_by_id", {o.order_id: o for o in self.orders})
        self._check_buckets()
        for index, order in enumerate(self.orders):
            self._check_order(f"orders[{index}]", order)

    def _check_buckets(self) -> None:
        for index, resource in enumerate(self.resources):
            for place, day in enumerate(resource.buckets):
                if day not in self.horizon:
                    rule = f"must lie in the horizon {self.horizon.as_of} to {self.horizon.end}"
                    raise InvalidValueError(f"resources[{index}].buckets[{place}].date", rule, str(day))

    def _check_order(self, path: str, order: OrderDemand) -> None:
        if order.customer_id not in self._customers_by_id:
            raise InvalidValueError(f"{path}.customer", "must be the id of a customer", order.customer_id)
        for place, routing in enumerate(order.routings):
            for number, load in enumerate(routing.loads):
                if load.resource_id not in self._resources_by_id:
                    where = f"{path}.routings[{place}].loads[{number}].resource"
                    raise InvalidValueError(where, "must be the id of a resource", load.resource_id)
        frozen = sum(delivery.quantity for delivery in order.frozen_deliveries(self.horizon)) if order.current else 0.0
        if frozen > order.quantity:
            rule = f"must not freeze more than the order's quantity {order.quantity:g}"
            raise InvalidValueError(f"{path}.current", rule, frozen)

    def customer(self, customer_id: CustomerId) -> DeliveryTerms:
        """The delivery terms of a customer."""
        return self._customers_by_id[customer_id]

    def resource(self, resource_id: ResourceId) -> ResourceCapacity:
        """The capacity of a resource."""
        return self._resources_by_id[resource_id]

    def order(self, order_id: OrderId) -> OrderDemand:
        """The order of that name."""
        return self._orders_by_id[order_id]

    def windows(self, customer: DeliveryTerms) -> tuple[DeliveryWindow, ...]:
        """The windows that hold for a customer: own ones, else the defaults."""
        return tuple(windows_of(customer.windows, self.default_windows))


def _hours_by_place(loads: Iterable[Load]) -> dict[WorkPlace, float]:
    hours: dict[WorkPlace, float] = {}
    for load in loads:
        place = (load.resource_id, load.offset_days)
        hours[place] = hours.get(place, 0.0) + load.hours
    return hours


def _check_name(name: str, value: str) -> None:
    if not value:
        raise InvalidValueError(name, "must not be empty", value)


def _check_amount(name: str, value: float, most: float) -> None:
    if not 0 <= value <= most:
        raise InvalidValueError(name, f"must be a finite number, 0 to {most:,.0f}", value)


def _check_quantity(name: str, value: float) -> None:
    if not 0 < value <= MOST_QUANTITY:
        raise InvalidValueError(name, f"must be a finite number, more than 0 and at most {MOST_QUANTITY:,.0f}", value)


def _check_unique(path: str, keys: Iterable[Hashable]) -> None:
    seen: set[Hashable] = set()
    for index, key in enumerate(keys):
        if key in seen:
            raise InvalidValueError(path.format(index), "must be unique", key)
        seen.add(key)
