"""The scheduling problem: all that the engine may know, frozen and validated, and nothing else."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from cms.domain.customers import CustomerId, DeliveryWindow, windows_of
from cms.domain.errors import InvalidValueError
from cms.domain.horizon import PlanningHorizon
from cms.domain.orders import OrderId
from cms.domain.resources import Load, ResourceId, RoutingId


@dataclass(frozen=True, kw_only=True, slots=True)
class BucketHours:
    """Hours of a resource on one day; `overtime_hours` is the most that overtime may add."""

    regular_hours: float
    overtime_hours: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class ResourceCapacity:
    """A resource with its hours by day; a day that is not listed is not a working bucket."""

    resource_id: ResourceId
    overtime_cost_per_hour: float = 0.0
    buckets: Mapping[date, BucketHours]


@dataclass(frozen=True, kw_only=True, slots=True)
class DeliveryTerms:
    """When and how a customer takes delivery; empty `windows`: the default windows hold."""

    customer_id: CustomerId
    transit_days: int = 0
    max_early_days: int = 0
    blackout_dates: frozenset[date] = frozenset()
    windows: tuple[DeliveryWindow, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class RoutingOption:
    """One way to make the order, with its loads for the whole quantity and its cost."""

    routing_id: RoutingId
    cost: float = 0.0
    loads: tuple[Load, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class CurrentDelivery:
    """A delivery of the order in the published schedule."""

    routing_id: RoutingId
    completion_date: date
    delivery_date: date
    quantity: float


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

    def __post_init__(self) -> None:
        for name in ("holding_cost_per_hour_day", "change_cost"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise InvalidValueError(name, "must be a finite number, 0 or more", value)
        object.__setattr__(self, "_customers_by_id", {c.customer_id: c for c in self.customers})
        object.__setattr__(self, "_resources_by_id", {r.resource_id: r for r in self.resources})

    def customer(self, customer_id: CustomerId) -> DeliveryTerms:
        """The delivery terms of a customer."""
        return self._customers_by_id[customer_id]

    def resource(self, resource_id: ResourceId) -> ResourceCapacity:
        """The capacity of a resource."""
        return self._resources_by_id[resource_id]

    def windows(self, customer: DeliveryTerms) -> tuple[DeliveryWindow, ...]:
        """The windows that hold for a customer: own ones, else the defaults."""
        return tuple(windows_of(customer.windows, self.default_windows))
