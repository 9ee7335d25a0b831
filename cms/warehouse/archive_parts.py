"""Which rows go into the archive together: closed orders with all that is theirs, versions, and days that are over."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

import sqlalchemy as sa

from cms.application.retain import ArchiveKind
from cms.domain.orders import OrderStatus
from cms.warehouse.arrow_rows import read_batches
from cms.warehouse.bulk import pieces
from cms.warehouse.tables import (
    capacity_planning,
    inbox_events,
    kpi_snapshots,
    master_schedule,
    notification_outbox,
    order_conflicts,
    order_master,
    order_source_records,
    quality_results,
    quotes,
    schedule_history,
    schedule_loads,
    schedule_versions,
    unscheduled_orders,
    weekly_capacity_plan,
)

ORDERS_AT_ONCE = 2_000
"""Orders of one archive: a month's at the size that the system is designed for. Others wait while they are removed."""
VERSIONS_AT_ONCE = 500
CLOSED = (OrderStatus.DELIVERED.value, OrderStatus.CANCELLED.value)
"""Nothing happens to these any more; a shipped order is still to be delivered."""

Condition = sa.ColumnElement[bool]


@dataclass(frozen=True, kw_only=True)
class Part:
    """Rows of one table: those of any of the conditions, which do not overlap."""

    table: sa.Table
    conditions: tuple[Condition, ...]

    def batches(self, connection: sa.Connection) -> Iterator[Any]:
        """The rows as Arrow batches."""
        for condition in self.conditions:
            yield from read_batches(connection, sa.select(self.table).where(condition), self.table)

    def count(self, connection: sa.Connection) -> int:
        """How many rows there are."""
        queries = (sa.select(sa.func.count()).select_from(self.table).where(of) for of in self.conditions)
        return sum(connection.execute(query).scalar_one() for query in queries)

    def remove(self, connection: sa.Connection) -> int:
        """Delete the rows; how many there were."""
        return sum(connection.execute(sa.delete(self.table).where(of)).rowcount for of in self.conditions)


def next_keys(connection: sa.Connection, kind: ArchiveKind, cutoff: date) -> list[Any]:
    """The orders or versions that can go, the oldest first, as many as one archive takes; days have no keys."""
    if kind is ArchiveKind.ORDERS:
        return [*connection.execute(_closed_orders(cutoff).limit(ORDERS_AT_ONCE)).scalars()]
    if kind is ArchiveKind.VERSIONS:
        return [*connection.execute(_unused_versions(cutoff).limit(VERSIONS_AT_ONCE)).scalars()]
    return []


def count_waiting(connection: sa.Connection, kind: ArchiveKind, cutoff: date) -> int:
    """Orders, versions or rows of days that can go."""
    if kind is ArchiveKind.DAYS:
        return sum(part.count(connection) for part in _parts_of_days(cutoff))
    query = _closed_orders(cutoff) if kind is ArchiveKind.ORDERS else _unused_versions(cutoff)
    counted = sa.select(sa.func.count()).select_from(query.order_by(None).subquery())
    return connection.execute(counted).scalar_one()


def parts_of(connection: sa.Connection, kind: ArchiveKind, keys: Sequence[Any], cutoff: date) -> list[Part]:
    """The rows that belong together, in an order in which no row comes before one that it refers to."""
    if kind is ArchiveKind.ORDERS:
        return _parts_of_orders(connection, keys)
    return _parts_of_versions(keys) if kind is ArchiveKind.VERSIONS else _parts_of_days(cutoff)


KEY_OF_KIND = {ArchiveKind.ORDERS: order_master.c.order_id, ArchiveKind.VERSIONS: schedule_versions.c.version}
"""Where an archive's keys stand."""
_ORDERS_OWN = (
    order_master,
    order_source_records,
    order_conflicts,
    schedule_history,
    master_schedule,
    unscheduled_orders,
    quotes,
    notification_outbox,
)


def _closed_orders(cutoff: date) -> sa.Select[Any]:
    """Closed before `cutoff`, nothing of their history younger, nothing of them published or still to be sent."""
    start = _midnight(cutoff)
    closed_at = sa.func.coalesce(
        order_master.c.delivered_at, order_master.c.source_updated_at, order_master.c.loaded_at
    )
    published = sa.select(schedule_versions.c.version).where(schedule_versions.c.status == "published")
    holding_back = (
        _own(schedule_history, schedule_history.c.changed_at >= start),
        _own(master_schedule, master_schedule.c.version.in_(published)),
        _own(unscheduled_orders, unscheduled_orders.c.version.in_(published)),
        _own(notification_outbox, notification_outbox.c.status == "queued"),
    )
    return (
        sa.select(order_master.c.order_id)
        .where(order_master.c.status.in_(CLOSED), closed_at < start, *(~held for held in holding_back))
        .order_by(closed_at, order_master.c.order_id)
    )


def _own(table: sa.Table, condition: Condition) -> Condition:
    one = sa.select(sa.literal(1)).select_from(table).where(table.c.order_id == order_master.c.order_id, condition)
    return sa.exists(one.correlate(order_master))


def _unused_versions(cutoff: date) -> sa.Select[Any]:
    """Planned before `cutoff`, out of force, and nothing in the warehouse speaks of them any more."""
    table = schedule_versions
    details = (master_schedule, schedule_loads, unscheduled_orders)
    columns = (*(of.c.version for of in details), schedule_history.c.schedule_version)
    columns = (*columns, capacity_planning.c.schedule_version)
    referring = (sa.exists(sa.select(sa.literal(1)).where(of == table.c.version)) for of in columns)
    return (
        sa.select(table.c.version)
        .where(table.c.as_of < cutoff, table.c.status.in_(("superseded", "rolled_back")), *(~one for one in referring))
        .order_by(table.c.version)
    )


def _parts_of_orders(connection: sa.Connection, order_ids: Sequence[str]) -> list[Part]:
    own = [Part(table=table, conditions=_of_orders(table, order_ids)) for table in _ORDERS_OWN]
    return [*own, Part(table=schedule_loads, conditions=_loads_of_orders(connection, order_ids))]


def _of_orders(table: sa.Table, order_ids: Sequence[str]) -> tuple[Condition, ...]:
    return tuple(table.c.order_id.in_(piece) for piece in pieces(order_ids))


def _loads_of_orders(connection: sa.Connection, order_ids: Sequence[str]) -> tuple[Condition, ...]:
    """Loads are found by version: an order has them in the versions that deliver it, and no index of its own there."""
    table = master_schedule
    conditions = []
    for piece in pieces(order_ids):
        bounds = sa.select(sa.func.min(table.c.version), sa.func.max(table.c.version))
        first, last = connection.execute(bounds.where(table.c.order_id.in_(piece))).one()
        if first is not None:
            within = schedule_loads.c.version.between(first, last)
            conditions.append(sa.and_(within, schedule_loads.c.order_id.in_(piece)))
    return tuple(conditions)


def _parts_of_versions(versions: Iterable[int]) -> list[Part]:
    keys = sorted(versions)
    return [
        Part(table=table, conditions=tuple(column.in_(piece) for piece in pieces(keys)))
        for table, column in (
            (schedule_versions, schedule_versions.c.version),
            (kpi_snapshots, kpi_snapshots.c.schedule_version),
        )
    ]


def _parts_of_days(cutoff: date) -> list[Part]:
    start = _midnight(cutoff)
    conditions = {
        capacity_planning: capacity_planning.c.bucket_date < cutoff,
        weekly_capacity_plan: weekly_capacity_plan.c.as_of < cutoff,
        quality_results: quality_results.c.checked_at < start,
        inbox_events: sa.and_(inbox_events.c.status == "done", inbox_events.c.processed_at < start),
        notification_outbox: sa.and_(
            notification_outbox.c.status != "queued",
            notification_outbox.c.order_id.is_(None),
            notification_outbox.c.queued_at < start,
        ),
    }
    return [Part(table=table, conditions=(condition,)) for table, condition in conditions.items()]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)
