"""Orders: what a customer wants, by when, and how far it has come."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NewType

from cms.domain.customers import CustomerId
from cms.domain.errors import InvalidValueError

OrderId = NewType("OrderId", str)
Priority = NewType("Priority", int)
"""The class of an order; 1 is the highest."""


class OrderType(StrEnum):
    """How an order is treated: the usual way, ahead of others, or as a large quantity that may be split."""

    STANDARD = "standard"
    RUSH = "rush"
    BULK = "bulk"


class OrderStatus(StrEnum):
    """Where an order stands in its life."""

    OPEN = "open"
    SCHEDULED = "scheduled"
    IN_PRODUCTION = "in_production"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    ON_HOLD = "on_hold"


PLANNABLE_STATUSES = frozenset({OrderStatus.OPEN, OrderStatus.SCHEDULED, OrderStatus.IN_PRODUCTION})
"""Orders that still need, or still hold, a place in the schedule."""

_NEXT_STATUSES: dict[OrderStatus, frozenset[OrderStatus]] = {
    OrderStatus.OPEN: frozenset(OrderStatus) - {OrderStatus.OPEN},
    OrderStatus.SCHEDULED: frozenset(OrderStatus) - {OrderStatus.SCHEDULED},
    OrderStatus.IN_PRODUCTION: frozenset(
        {OrderStatus.SHIPPED, OrderStatus.DELIVERED, OrderStatus.CANCELLED, OrderStatus.ON_HOLD}
    ),
    OrderStatus.ON_HOLD: frozenset(OrderStatus) - {OrderStatus.ON_HOLD},
    OrderStatus.SHIPPED: frozenset({OrderStatus.DELIVERED}),
    OrderStatus.DELIVERED: frozenset(),
    OrderStatus.CANCELLED: frozenset({OrderStatus.OPEN}),
}


def may_become(old: OrderStatus, new: OrderStatus) -> bool:
    """Whether an order may move from `old` to `new`; staying is always allowed.

    A delivered order never reopens; a shipped one can only be delivered; a cancelled one may be reopened by its
    customer. ``cms.aggregation`` refuses every other step, so that a late event cannot turn back the clock.

    Examples
    --------
    >>> may_become(OrderStatus.DELIVERED, OrderStatus.OPEN), may_become(OrderStatus.OPEN, OrderStatus.SHIPPED)
    (False, True)
    """
    return old == new or new in _NEXT_STATUSES[old]


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """A customer's order, as the order book knows it.

    Parameters
    ----------
    priority : Priority
        The order's class; 1 is the highest.
    quantity : Decimal
        Units, more than 0.
    delivered_quantity : Decimal
        Units that partial deliveries have brought already.
    requested_date : date
        The day on which the customer wants delivery.
    promised_date : date, optional
        The day that we promised; tardiness is measured against it once there is one.
    release_date : date, optional
        Earliest day of work.
    scheduled_delivery_date : date, optional
        The last delivery of the published schedule.
    """

    order_id: OrderId
    source_system: str
    source_order_id: str
    customer_id: CustomerId
    order_type: OrderType = OrderType.STANDARD
    priority: Priority = Priority(3)
    product_family: str
    quantity: Decimal
    delivered_quantity: Decimal = Decimal(0)
    ordered_at: datetime
    requested_date: date
    promised_date: date | None = None
    release_date: date | None = None
    status: OrderStatus = OrderStatus.OPEN
    scheduled_delivery_date: date | None = None
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None

    def __post_init__(self) -> None:
        if not self.order_id:
            raise InvalidValueError("order_id", "must not be empty", self.order_id)
        if self.priority < 1:
            raise InvalidValueError("priority", "must be 1 (highest) or more", self.priority)
        if not self.quantity > 0:
            raise InvalidValueError("quantity", "must be more than 0", self.quantity)
        if self.delivered_quantity < 0:
            raise InvalidValueError("delivered_quantity", "must be 0 or more", self.delivered_quantity)
        if self.ordered_at.tzinfo is None:
            raise InvalidValueError("ordered_at", "must carry an offset", self.ordered_at.isoformat())

    @property
    def due_date(self) -> date:
        """The promised date, else the requested one."""
        return self.promised_date or self.requested_date

    @property
    def open_quantity(self) -> Decimal:
        """Units still to be delivered, 0 or more."""
        return max(self.quantity - self.delivered_quantity, Decimal(0))

    @property
    def is_plannable(self) -> bool:
        """Whether the order needs, or holds, a place in the schedule."""
        return self.status in PLANNABLE_STATUSES and self.open_quantity > 0
