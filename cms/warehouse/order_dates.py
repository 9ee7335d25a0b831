"""What a published version means for the orders: their scheduled date, their status, and why they have none."""

import sqlalchemy as sa

from cms.domain.orders import PLANNABLE_STATUSES, OrderStatus
from cms.warehouse.tables import master_schedule, order_master, unscheduled_orders

_OPEN, _SCHEDULED = OrderStatus.OPEN.value, OrderStatus.SCHEDULED.value
_HOLDS_A_PLACE = tuple(sorted(status.value for status in PLANNABLE_STATUSES))
_HAS_GONE_OUT = (OrderStatus.SHIPPED.value, OrderStatus.DELIVERED.value)
"""Their scheduled date stays: schedule accuracy is measured against it."""


def keep_order_dates(connection: sa.Connection, version: int, *, replaces: int) -> None:
    """Bring the order master in line with `version`, writing only what differs.

    Only orders of the replaced version can have a date or a reason to lose; the order master's years are not searched.
    """
    _give_dates(connection, version)
    _take_dates(connection, version, replaces)
    _give_reasons(connection, version)
    _take_reasons(connection, version, replaces)


def _give_dates(connection: sa.Connection, version: int) -> None:
    last = (
        sa.select(master_schedule.c.order_id, sa.func.max(master_schedule.c.delivery_date).label("delivery_date"))
        .where(master_schedule.c.version == version)
        .group_by(master_schedule.c.order_id)
        .subquery("last_delivery")
    )
    date = order_master.c.scheduled_delivery_date
    differs = sa.or_(date.is_(None), date != last.c.delivery_date, order_master.c.status == _OPEN)
    connection.execute(
        sa.update(order_master)
        .where(order_master.c.order_id == last.c.order_id, order_master.c.status.in_(_HOLDS_A_PLACE), differs)
        .values(
            scheduled_delivery_date=last.c.delivery_date,
            status=sa.case((order_master.c.status == _OPEN, _SCHEDULED), else_=order_master.c.status),
        )
    )


def _take_dates(connection: sa.Connection, version: int, replaces: int) -> None:
    had = order_master.c.order_id.in_(_orders_of(master_schedule, replaces))
    was = order_master.c.status_before_removal
    connection.execute(
        sa.update(order_master)
        .where(had, order_master.c.status.not_in(_HAS_GONE_OUT), ~_is_in(master_schedule, version))
        .values(
            scheduled_delivery_date=sa.null(),
            status=sa.case((order_master.c.status == _SCHEDULED, _OPEN), else_=order_master.c.status),
            status_before_removal=sa.case((was == _SCHEDULED, _OPEN), else_=was),
        )
    )


def _give_reasons(connection: sa.Connection, version: int) -> None:
    reason = unscheduled_orders.c.reason
    differs = sa.or_(order_master.c.unscheduled_reason.is_(None), order_master.c.unscheduled_reason != reason)
    connection.execute(
        sa.update(order_master)
        .where(
            order_master.c.order_id == unscheduled_orders.c.order_id,
            unscheduled_orders.c.version == version,
            differs,
        )
        .values(unscheduled_reason=reason)
    )


def _take_reasons(connection: sa.Connection, version: int, replaces: int) -> None:
    had = order_master.c.order_id.in_(_orders_of(unscheduled_orders, replaces))
    connection.execute(
        sa.update(order_master).where(had, ~_is_in(unscheduled_orders, version)).values(unscheduled_reason=sa.null())
    )


def _orders_of(table: sa.Table, version: int) -> sa.Select[str]:
    return sa.select(table.c.order_id).where(table.c.version == version)


def _is_in(table: sa.Table, version: int) -> sa.ColumnElement[bool]:
    return sa.exists(
        sa.select(sa.literal(1))
        .select_from(table)
        .where(table.c.version == version, table.c.order_id == order_master.c.order_id)
    )
