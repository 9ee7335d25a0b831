"""How well the business does: on time in full, tardiness, utilization, backlog, schedule accuracy."""

from collections.abc import Iterable, Sequence
from datetime import date

from cms.domain.orders import Order, OrderStatus


def lateness_days(delivered: date, due: date) -> int:
    """Signed calendar days past the due date; negative: early."""
    return (delivered - due).days


def tardiness_days(delivered: date, due: date) -> int:
    """Calendar days past the due date, 0 when on time or early.

    Examples
    --------
    >>> tardiness_days(date(2026, 1, 9), date(2026, 1, 7)), tardiness_days(date(2026, 1, 5), date(2026, 1, 7))
    (2, 0)
    """
    return max(0, lateness_days(delivered, due))


def on_time_in_full(orders: Iterable[Order]) -> float | None:
    """Share of the delivered orders whose last delivery was on or before the promised date; None without any.

    Measured per order against the promised date (the requested one where none was promised). An order counts as
    delivered only in full, so a partial delivery makes it late until the rest arrives.
    """
    delivered = [order for order in orders if order.status is OrderStatus.DELIVERED and order.delivered_at]
    if not delivered:
        return None
    on_time = sum(1 for order in delivered if order.delivered_at and order.delivered_at.date() <= order.due_date)
    return on_time / len(delivered)


def utilization(committed_hours: float, available_hours: float) -> float:
    """Committed over available hours; 0 where nothing is available and nothing committed.

    Examples
    --------
    >>> utilization(12.0, 16.0)
    0.75
    """
    if available_hours <= 0:
        return 0.0 if committed_hours <= 0 else float("inf")
    return committed_hours / available_hours


def backlog(orders: Iterable[Order]) -> int:
    """Number of open orders: those that still need, or hold, a place in the schedule."""
    return sum(1 for order in orders if order.is_plannable)


def past_due(orders: Iterable[Order], as_of: date) -> int:
    """Number of open orders whose due date has gone by."""
    return sum(1 for order in orders if order.is_plannable and order.due_date < as_of)


def schedule_accuracy(pairs: Sequence[tuple[date, date]]) -> float | None:
    """Share of the deliveries made on the very day that was scheduled; None without any.

    Parameters
    ----------
    pairs : sequence of (scheduled date, delivered date)
    """
    if not pairs:
        return None
    return sum(1 for scheduled, delivered in pairs if scheduled == delivered) / len(pairs)
