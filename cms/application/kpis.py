"""The figures of a schedule that are kept over time."""

from collections.abc import Sequence
from decimal import Decimal

from cms.application.ports import KpiSnapshot
from cms.domain.metrics import backlog, past_due, utilization
from cms.domain.orders import Order
from cms.domain.schedule import MasterSchedule


def schedule_kpis(schedule: MasterSchedule, orders: Sequence[Order]) -> tuple[KpiSnapshot, ...]:
    """How a schedule serves its customers and uses its plant, and how much is open.

    Parameters
    ----------
    orders : sequence of Order
        The order book that it was planned from.
    """
    scheduled = {delivery.order_id for delivery in schedule.deliveries}
    late = {delivery.order_id for delivery in schedule.deliveries if delivery.tardiness_days > 0}
    days = schedule.resource_days
    regular, load = sum(day.regular_hours for day in days), sum(day.load_hours for day in days)
    figures = {
        "on_time_share": 1 - len(late) / len(scheduled) if scheduled else 1.0,
        "late_orders": len(late),
        "unscheduled_orders": len({entry.order_id for entry in schedule.unscheduled}),
        "utilization": utilization(load, regular) if regular > 0 else 0.0,
        "overtime_hours": sum(day.overtime_hours for day in days),
        "backlog": backlog(orders),
        "past_due": past_due(orders, schedule.as_of),
    }
    return tuple(
        KpiSnapshot(name=name, value=Decimal(str(round(value, 6))), as_of=schedule.as_of)
        for name, value in figures.items()
    )
