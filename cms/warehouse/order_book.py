"""Customers and orders as the warehouse has them, read in a few queries however many there are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from cms.domain.customers import Channel, Customer, CustomerId, CustomerStatus, DeliveryWindow, RolloutCohort
from cms.domain.errors import NotFoundError
from cms.domain.orders import PLANNABLE_STATUSES, Order, OrderId, OrderStatus, OrderType, Priority
from cms.domain.work_calendar import ExceptionKind
from cms.warehouse.bulk import pieces, read_rows
from cms.warehouse.engine import reading
from cms.warehouse.plant_calendar import window_of
from cms.warehouse.tables import calendar_exceptions, customer_master, delivery_schedules, order_master


@dataclass(frozen=True, kw_only=True)
class WarehouseOrders:
    """The order book in the warehouse; the `OrderBook` of the use cases."""

    engine: Engine

    def customers(self, customer_ids: Iterable[CustomerId] | None = None) -> dict[CustomerId, Customer]:
        """Customers by id, with their windows and blackouts; all of them, or those named."""
        with reading(self.engine) as connection:
            if customer_ids is None:
                return _customers(connection, None)
            found: dict[CustomerId, Customer] = {}
            for piece in pieces(sorted(set(customer_ids))):
                found |= _customers(connection, piece)
            return found

    def plannable_orders(self) -> list[Order]:
        """Orders that need, or hold, a place in the schedule, in order of id."""
        return self._orders(*_is_plannable())

    def plannable_marks(self) -> dict[OrderId, tuple[Any, ...]]:
        """For each plannable order the load that wrote it last, and what schedules wrote; in order of id.

        Whoever writes an order either loads it, or publishes a schedule with it.
        """
        table = order_master
        query = sa.select(table.c.order_id, table.c.load_id, table.c.status, table.c.scheduled_delivery_date)
        with reading(self.engine) as connection:
            rows = connection.execute(query.where(*_is_plannable()).order_by(table.c.order_id))
            return {OrderId(order_id): tuple(mark) for order_id, *mark in rows}

    def orders(self, order_ids: Sequence[OrderId]) -> list[Order]:
        """The orders of these ids that there are, in order of id."""
        return [
            order
            for piece in pieces(sorted(set(order_ids)))
            for order in self._orders(order_master.c.order_id.in_(piece))
        ]

    def order(self, order_id: OrderId) -> Order:
        """One order.

        Raises
        ------
        NotFoundError
        """
        found = self._orders(order_master.c.order_id == order_id)
        if not found:
            raise NotFoundError("order", order_id, "its source may not be loaded yet: cms sync orders")
        return found[0]

    def orders_between(self, start: date, end: date) -> list[Order]:
        """Orders ordered from `start` to before `end`, whatever their status."""
        return self._orders(order_master.c.ordered_at >= _midnight(start), order_master.c.ordered_at < _midnight(end))

    def open_orders_of(self, customer_id: CustomerId) -> list[Order]:
        """Orders of a customer that need, or hold, a place in the schedule, in order of id."""
        statuses = [status.value for status in OrderStatus if status in PLANNABLE_STATUSES]
        return self._orders(order_master.c.status.in_(statuses), order_master.c.customer_id == customer_id)

    def unscheduled_reason(self, order_id: OrderId) -> str | None:
        """Why the order has no delivery in the published schedule; None: it has one, or was not planned."""
        query = sa.select(order_master.c.unscheduled_reason).where(order_master.c.order_id == order_id)
        with reading(self.engine) as connection:
            return connection.execute(query).scalar_one_or_none()

    def _orders(self, *where: sa.ColumnElement[bool]) -> list[Order]:
        query = sa.select(*(order_master.c[name] for name in _ORDER_COLUMNS))
        query = query.where(*where).order_by(order_master.c.order_id)
        with reading(self.engine) as connection:
            return [_order(row) for row in read_rows(connection, query)]


_ORDER_COLUMNS = (
    "order_id",
    "source_system",
    "source_order_id",
    "customer_id",
    "order_type",
    "priority",
    "product_family",
    "quantity",
    "delivered_quantity",
    "ordered_at",
    "requested_date",
    "promised_date",
    "release_date",
    "status",
    "scheduled_delivery_date",
    "shipped_at",
    "delivered_at",
)


def _is_plannable() -> tuple[sa.ColumnElement[bool], ...]:
    statuses = [status.value for status in OrderStatus if status in PLANNABLE_STATUSES]
    return order_master.c.status.in_(statuses), order_master.c.delivered_quantity < order_master.c.quantity


def _order(row: Mapping[str, Any]) -> Order:
    values = dict(row)
    values["order_id"] = OrderId(values["order_id"])
    values["order_type"] = OrderType(values["order_type"])
    values["status"] = OrderStatus(values["status"])
    values["priority"] = Priority(values["priority"])
    return Order(**values)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


def _customers(connection: sa.Connection, ids: Sequence[str] | None) -> dict[CustomerId, Customer]:
    windows = _windows(connection, ids)
    blackouts = _blackouts(connection, ids)
    query = _of(sa.select(customer_master), customer_master.c.customer_id, ids).order_by(customer_master.c.customer_id)
    return {CustomerId(row["customer_id"]): _customer(row, windows, blackouts) for row in read_rows(connection, query)}


def _of(query: sa.Select[Any], column: sa.Column[Any], ids: Sequence[str] | None) -> sa.Select[Any]:
    return query if ids is None else query.where(column.in_(ids))


def _windows(connection: sa.Connection, ids: Sequence[str] | None) -> dict[str, list[DeliveryWindow]]:
    table = delivery_schedules
    query = _of(sa.select(table).where(table.c.customer_id.is_not(None)), table.c.customer_id, ids)
    query = query.order_by(table.c.customer_id, table.c.weekday, table.c.window_start, table.c.row_hash)
    found: dict[str, list[DeliveryWindow]] = {}
    for row in read_rows(connection, query):
        found.setdefault(row["customer_id"], []).append(window_of(row))
    return found


def _blackouts(connection: sa.Connection, ids: Sequence[str] | None) -> dict[str, set[date]]:
    table = calendar_exceptions
    query = _of(
        sa.select(table.c.customer_id, table.c.day).where(
            table.c.kind == ExceptionKind.BLACKOUT.value, table.c.withdrawn_at.is_(None)
        ),
        table.c.customer_id,
        ids,
    )
    found: dict[str, set[date]] = {}
    for customer_id, day in connection.execute(query):
        found.setdefault(customer_id, set()).add(day)
    return found


def _customer(
    row: Mapping[str, Any], windows: Mapping[str, list[DeliveryWindow]], blackouts: Mapping[str, set[date]]
) -> Customer:
    customer_id = row["customer_id"]
    return Customer(
        customer_id=CustomerId(customer_id),
        name=row["name"],
        status=CustomerStatus(row["status"]),
        priority=row["priority"],
        time_zone=row["time_zone"],
        transit_days=row["transit_days"],
        max_early_days=row["max_early_days"],
        allows_split=row["allows_split"],
        contact_email=row["contact_email"],
        contact_phone=row["contact_phone"],
        preferred_channel=Channel(row["preferred_channel"]),
        rollout_cohort=RolloutCohort(row["rollout_cohort"]),
        windows=tuple(windows.get(customer_id, ())),
        blackout_dates=frozenset(blackouts.get(customer_id, ())),
    )
