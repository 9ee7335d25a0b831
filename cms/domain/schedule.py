"""The master schedule: which deliveries an order gets, and how one schedule differs from the next."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum

from cms.domain.customers import CustomerId
from cms.domain.orders import OrderId
from cms.domain.resources import ResourceId, RoutingId


@dataclass(frozen=True, kw_only=True, slots=True)
class ScheduledDelivery:
    """One delivery of an order: made by a routing, completed on one day, in the customer's hands on another.

    Parameters
    ----------
    sequence : int
        0 for the first (often only) delivery of the order.
    frozen : bool
        Inside the planning time fence: it may no longer change.
    tardiness_days : int
        Calendar days past the due date, 0 or more.
    """

    order_id: OrderId
    sequence: int
    customer_id: CustomerId
    routing_id: RoutingId
    completion_date: date
    delivery_date: date
    window_start: time
    window_end: time
    quantity: Decimal
    frozen: bool = False
    tardiness_days: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class ScheduledLoad:
    """Hours of a resource on a day that one delivery uses."""

    order_id: OrderId
    sequence: int
    resource_id: ResourceId
    bucket_date: date
    hours: float


@dataclass(frozen=True, kw_only=True, slots=True)
class UnscheduledOrder:
    """An order, or a share of one, that gets no delivery, and why."""

    order_id: OrderId
    quantity: Decimal
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class TierResult:
    """What the optimiser reached in one tier of the objective, and what it proved.

    Parameters
    ----------
    value, bound : float
        Order-days of weighted tardiness, or money in the cost tier.
    """

    name: str
    value: float
    bound: float

    @property
    def gap(self) -> float:
        """``(value - bound) / max(|value|, 1)``."""
        return (self.value - self.bound) / max(abs(self.value), 1.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class ResourceDay:
    """How a resource is used on a day.

    Parameters
    ----------
    price_per_hour : float
        What one more hour would be worth, from the duals of the optimisation.
    """

    resource_id: ResourceId
    bucket_date: date
    regular_hours: float
    available_overtime_hours: float
    load_hours: float
    overtime_hours: float
    price_per_hour: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class MasterSchedule:
    """A whole schedule as it is published.

    Parameters
    ----------
    version : int
        Given by the warehouse on publication; 0 before it.
    fingerprint : str
        Digest of the facts it was built from: the same facts on the same day need no new plan.
    """

    version: int
    as_of: date
    created_at: datetime
    status: str
    deliveries: tuple[ScheduledDelivery, ...]
    loads: tuple[ScheduledLoad, ...]
    unscheduled: tuple[UnscheduledOrder, ...]
    resource_days: tuple[ResourceDay, ...]
    tiers: tuple[TierResult, ...]
    fingerprint: str = ""

    def deliveries_by_order(self) -> dict[OrderId, tuple[ScheduledDelivery, ...]]:
        """Deliveries of each order, in sequence."""
        return group_by_order(self.deliveries)


def group_by_order(deliveries: Iterable[ScheduledDelivery]) -> dict[OrderId, tuple[ScheduledDelivery, ...]]:
    """Deliveries of each order, in sequence."""
    grouped: dict[OrderId, list[ScheduledDelivery]] = {}
    for delivery in sorted(deliveries, key=lambda d: (d.order_id, d.sequence)):
        grouped.setdefault(delivery.order_id, []).append(delivery)
    return {order_id: tuple(own) for order_id, own in grouped.items()}


class ChangeType(StrEnum):
    """What happened to an order between two schedules."""

    SCHEDULED = "scheduled"
    MOVED_EARLIER = "moved_earlier"
    MOVED_LATER = "moved_later"
    QUANTITY_CHANGED = "quantity_changed"
    REPLANNED = "replanned"
    UNSCHEDULED = "unscheduled"
    REMOVED = "removed"


@dataclass(frozen=True, kw_only=True, slots=True)
class ScheduleChange:
    """One line of the schedule history.

    Parameters
    ----------
    old_delivery_date, new_delivery_date : date, optional
        The last delivery of the order before and after.
    old_quantity, new_quantity : Decimal, optional
        The scheduled quantity before and after.
    reason_code : str
        Why: ``daily_plan``, ``rush``, ``rollback``, …
    """

    order_id: OrderId
    change_type: ChangeType
    old_delivery_date: date | None
    new_delivery_date: date | None
    old_quantity: Decimal | None
    new_quantity: Decimal | None
    reason_code: str
    detail: str = ""


def schedule_changes(
    old: Iterable[ScheduledDelivery],
    new: Iterable[ScheduledDelivery],
    *,
    reason_code: str,
    finished_orders: frozenset[OrderId] = frozenset(),
) -> list[ScheduleChange]:
    """What the new schedule changes for each order, in order of id; an unchanged order has no line.

    Parameters
    ----------
    finished_orders : frozenset of OrderId
        Orders that left the order book (shipped, delivered, cancelled): they are removed, not unscheduled.

    Notes
    -----
    The customer sees delivery dates, windows and quantities; a change of routing or completion alone is
    ``replanned``, which nobody outside is told.
    """
    before, after = group_by_order(old), group_by_order(new)
    changes = []
    for order_id in sorted(before.keys() | after.keys()):
        change_type = _change_type(order_id, before, after, finished_orders)
        if change_type is not None:
            changes.append(_change(order_id, change_type, before, after, reason_code))
    return changes


def _change_type(
    order_id: OrderId,
    before: Mapping[OrderId, tuple[ScheduledDelivery, ...]],
    after: Mapping[OrderId, tuple[ScheduledDelivery, ...]],
    finished_orders: frozenset[OrderId],
) -> ChangeType | None:
    if order_id not in before:
        return ChangeType.SCHEDULED
    if order_id not in after:
        return ChangeType.REMOVED if order_id in finished_orders else ChangeType.UNSCHEDULED
    old, new = before[order_id], after[order_id]
    if [_seen_by_customer(d) for d in old] != [_seen_by_customer(d) for d in new]:
        if _last_delivery(new) != _last_delivery(old):
            later = _last_delivery(new) > _last_delivery(old)
            return ChangeType.MOVED_LATER if later else ChangeType.MOVED_EARLIER
        return ChangeType.QUANTITY_CHANGED
    if [(d.routing_id, d.completion_date) for d in old] != [(d.routing_id, d.completion_date) for d in new]:
        return ChangeType.REPLANNED
    return None


def _change(
    order_id: OrderId,
    change_type: ChangeType,
    before: Mapping[OrderId, tuple[ScheduledDelivery, ...]],
    after: Mapping[OrderId, tuple[ScheduledDelivery, ...]],
    reason_code: str,
) -> ScheduleChange:
    old, new = before.get(order_id, ()), after.get(order_id, ())
    return ScheduleChange(
        order_id=order_id,
        change_type=change_type,
        old_delivery_date=_last_delivery(old) if old else None,
        new_delivery_date=_last_delivery(new) if new else None,
        old_quantity=_quantity(old) if old else None,
        new_quantity=_quantity(new) if new else None,
        reason_code=reason_code,
    )


def _seen_by_customer(delivery: ScheduledDelivery) -> tuple[date, time, time, Decimal]:
    return delivery.delivery_date, delivery.window_start, delivery.window_end, delivery.quantity


def _last_delivery(deliveries: tuple[ScheduledDelivery, ...]) -> date:
    return max(delivery.delivery_date for delivery in deliveries)


def _quantity(deliveries: tuple[ScheduledDelivery, ...]) -> Decimal:
    return sum((delivery.quantity for delivery in deliveries), Decimal(0))
