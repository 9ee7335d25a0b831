"""Which notices a new schedule gives rise to, to whom, and under which key."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from cms.application.ports import DeliveryNotice
from cms.application.rollout import is_in_rollout
from cms.domain.customers import Channel, Customer, CustomerId
from cms.domain.orders import Order, OrderId
from cms.domain.schedule import ChangeType, MasterSchedule, ScheduleChange, ScheduledDelivery, group_by_order

_KINDS = {
    ChangeType.SCHEDULED: "scheduled",
    ChangeType.MOVED_EARLIER: "changed",
    ChangeType.MOVED_LATER: "changed",
    ChangeType.QUANTITY_CHANGED: "changed",
}


def delivery_notices(
    changes: Iterable[ScheduleChange],
    schedule: MasterSchedule,
    *,
    orders: Mapping[OrderId, Order],
    customers: Mapping[CustomerId, Customer],
    replaces: int,
    phase: str,
    planner_recipient: str,
) -> list[DeliveryNotice]:
    """Notices about what a new schedule changes, in order of the changes.

    Customers hear of new, changed and late deliveries on their preferred channel; planners hear of orders that lost
    their delivery. A change that the customer does not see (another routing) gives no notice.

    Parameters
    ----------
    replaces : int
        The version that is replaced; with the order and what is new it makes the deduplication key, so that planning
        again after a crash repeats no notice, and a date that comes back later is told again.
    phase : str
        Of the rollout: customers it has not reached are told nothing.
    """
    changes = list(changes)
    told = {change.order_id for change in changes}
    deliveries = group_by_order(delivery for delivery in schedule.deliveries if delivery.order_id in told)
    notices = []
    for change in changes:
        order = orders.get(change.order_id)
        if order is None:
            continue
        customer = customers[order.customer_id]
        if not is_in_rollout(customer, phase):
            continue
        if change.change_type is ChangeType.UNSCHEDULED:
            notices.append(_planner_notice(change, order, customer, replaces, planner_recipient))
        elif change.change_type in _KINDS and customer.preferred_channel is not Channel.NONE:
            own = deliveries[change.order_id]
            notices += _customer_notice(change, order, customer, own, replaces)
    return notices


def _customer_notice(
    change: ScheduleChange,
    order: Order,
    customer: Customer,
    deliveries: tuple[ScheduledDelivery, ...],
    replaces: int,
) -> list[DeliveryNotice]:
    recipient = _recipient(customer)
    if recipient is None:
        return []
    is_late = any(delivery.tardiness_days > 0 for delivery in deliveries)
    kind = "late" if is_late else _KINDS[change.change_type]
    facts = _facts(change, order, customer) | {"deliveries": [_delivery_facts(d) for d in deliveries]}
    return [
        DeliveryNotice(
            deduplication_key=_key(kind, order.order_id, replaces, facts),
            kind=kind,
            channel=customer.preferred_channel.value,
            recipient=recipient,
            order_id=order.order_id,
            customer_id=customer.customer_id,
            facts=facts,
        )
    ]


def _planner_notice(
    change: ScheduleChange, order: Order, customer: Customer, replaces: int, recipient: str
) -> DeliveryNotice:
    facts = _facts(change, order, customer)
    return DeliveryNotice(
        deduplication_key=_key("unscheduled", order.order_id, replaces, facts),
        kind="unscheduled",
        channel=Channel.EMAIL.value,
        recipient=recipient,
        order_id=order.order_id,
        customer_id=customer.customer_id,
        facts=facts,
    )


def _recipient(customer: Customer) -> str | None:
    """Where the preferred channel reaches the customer; chat and webhooks have one address, and name the customer."""
    if customer.preferred_channel is Channel.EMAIL:
        return customer.contact_email
    return customer.customer_id


def _facts(change: ScheduleChange, order: Order, customer: Customer) -> dict[str, Any]:
    return {
        "order_id": order.order_id,
        "customer_name": customer.name,
        "quantity": _number(order.open_quantity),
        "due_date": order.due_date.isoformat(),
        "old_delivery_date": change.old_delivery_date.isoformat() if change.old_delivery_date else None,
        "new_delivery_date": change.new_delivery_date.isoformat() if change.new_delivery_date else None,
    }


def _delivery_facts(delivery: ScheduledDelivery) -> dict[str, Any]:
    return {
        "delivery_date": delivery.delivery_date.isoformat(),
        "window_start": f"{delivery.window_start:%H:%M}",
        "window_end": f"{delivery.window_end:%H:%M}",
        "quantity": _number(delivery.quantity),
        "tardiness_days": delivery.tardiness_days,
    }


def _number(quantity: Any) -> str:
    return f"{quantity.normalize():f}"


def _key(kind: str, order_id: str, replaces: int, facts: Mapping[str, Any]) -> str:
    digest = hashlib.sha256(repr(sorted(facts.items())).encode()).hexdigest()[:16]
    return f"{kind}:{order_id}:{replaces}:{digest}"
