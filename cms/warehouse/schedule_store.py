"""Published schedules: put in force in one transaction, read back as they were, with their history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from cms.application.board_writes import BOARD_CHANNEL
from cms.application.ports import DeliveryNotice, Reservation, ScheduleVersion
from cms.application.publication_checks import ROLLBACKS
from cms.capacity.ledger import hours_by_bucket
from cms.domain.errors import NotFoundError, StaleScheduleError
from cms.domain.orders import OrderId
from cms.domain.schedule import MasterSchedule, ScheduleChange, ScheduledDelivery
from cms.warehouse.bulk import insert_rows, read_rows
from cms.warehouse.engine import in_transaction, reading
from cms.warehouse.locks import Lock, take
from cms.warehouse.order_dates import keep_order_dates
from cms.warehouse.outbox import queue_notices, take_back_notices
from cms.warehouse.plant_store import read_plant
from cms.warehouse.publication_checks import findings_of
from cms.warehouse.quotes import read_reservations, settle_reservations
from cms.warehouse.schedule_rows import (
    capacity_rows,
    delivery_of,
    history_rows,
    load_of,
    resource_day_of,
    tiers_as_json,
    tiers_of,
    unscheduled_of,
)
from cms.warehouse.tables import (
    capacity_planning,
    master_schedule,
    schedule_history,
    schedule_loads,
    schedule_versions,
    unscheduled_orders,
)
from cms.warehouse.version_rows import forget_details, refuse_forgotten, write_version

_HEAD = (
    "version",
    "status",
    "as_of",
    "created_at",
    "published_at",
    "actor",
    "reason_code",
    "replaced_version",
    "findings",
)
PUBLISHED, SUPERSEDED, ROLLED_BACK = "published", "superseded", "rolled_back"


@dataclass(frozen=True, kw_only=True)
class WarehouseSchedules:
    """Schedules in the warehouse; the `ScheduleStore` of the use cases."""

    engine: Engine

    def published(self) -> MasterSchedule | None:
        """The published schedule, if there is one."""
        with reading(self.engine) as connection:
            version = _published_version(connection)
            return None if version == 0 else _read(connection, version)

    def published_version(self) -> int:
        """The number of the published schedule; 0: there is none."""
        with reading(self.engine) as connection:
            return _published_version(connection)

    def version(self, version: int) -> MasterSchedule:
        """Any version.

        Raises
        ------
        NotFoundError
        """
        with reading(self.engine) as connection:
            return _read(connection, version)

    def versions(self, limit: int = 50) -> list[ScheduleVersion]:
        """The latest versions, newest first."""
        table = schedule_versions
        query = sa.select(*(table.c[name] for name in _HEAD)).order_by(table.c.version.desc()).limit(limit)
        with reading(self.engine) as connection:
            rows = read_rows(connection, query)
        return [ScheduleVersion(**row | {"findings": findings_of(row["findings"])}) for row in rows]

    def publish(
        self,
        schedule: MasterSchedule,
        *,
        changes: Sequence[ScheduleChange],
        notices: Sequence[DeliveryNotice],
        replaces: int,
        reason_code: str,
        actor: str,
        now: datetime,
        changed_orders: frozenset[OrderId] | None = None,
        instead: Mapping[OrderId, Sequence[DeliveryNotice]] | None = None,
    ) -> int:
        """Publish in one transaction: version, deliveries, loads, order dates, capacity, history, outbox.

        Parameters
        ----------
        changed_orders : frozenset of OrderId, optional
            The only orders whose rows differ from the replaced version's: all others are copied where they are.
        instead : mapping of OrderId to notices, optional
            Take back the notices of the replaced version that nobody was sent yet, and queue these for their orders.

        Raises
        ------
        StaleScheduleError
            Somebody else published meanwhile.
        """

        def work(connection: sa.Connection) -> int:
            take(connection, Lock.ORDER_BOOK)
            version = _take_over(connection, schedule, replaces=replaces, reason_code=reason_code, actor=actor, now=now)
            write_version(connection, schedule, version, replaces=replaces, changed_orders=changed_orders)
            forget_details(connection, version)
            keep_order_dates(connection, version, replaces=replaces)
            _keep_capacity(connection, schedule, version, now)
            insert_rows(connection, schedule_history, history_rows(changes, version=version, actor=actor, now=now))
            wanted = (
                notices if instead is None else _taken_back(connection, notices, instead, version=replaces, now=now)
            )
            queue_notices(connection, wanted, now=now, version=version)
            return version

        return in_transaction(self.engine, work)

    def reservations(self, now: datetime) -> list[Reservation]:
        """Hours of quotes that are reserved and not expired."""
        with reading(self.engine) as connection:
            return read_reservations(connection, now)

    def history(self, order_id: OrderId) -> list[Mapping[str, Any]]:
        """Every line of an order's schedule history, oldest first."""
        table = schedule_history
        query = sa.select(table).where(table.c.order_id == order_id).order_by(table.c.changed_at, table.c.history_id)
        with reading(self.engine) as connection:
            return [*read_rows(connection, query)]

    def order_delivery(self, order_id: OrderId) -> tuple[ScheduledDelivery, ...]:
        """The published deliveries of an order."""
        return self._published_deliveries(master_schedule.c.order_id == order_id)

    def deliveries_on(self, day: date) -> tuple[ScheduledDelivery, ...]:
        """The published deliveries of a day, by order."""
        return self._published_deliveries(master_schedule.c.delivery_date == day)

    def _published_deliveries(self, which: sa.ColumnElement[bool]) -> tuple[ScheduledDelivery, ...]:
        published = sa.select(schedule_versions.c.version).where(schedule_versions.c.status == PUBLISHED)
        query = (
            sa.select(master_schedule)
            .where(master_schedule.c.version == published.scalar_subquery(), which)
            .order_by(master_schedule.c.order_id, master_schedule.c.sequence)
        )
        with reading(self.engine) as connection:
            return tuple(delivery_of(row) for row in read_rows(connection, query))


def _taken_back(
    connection: sa.Connection,
    notices: Sequence[DeliveryNotice],
    instead: Mapping[OrderId, Sequence[DeliveryNotice]],
    *,
    version: int,
    now: datetime,
) -> list[DeliveryNotice]:
    """What is to be told once the unsent notices of a version are taken back."""
    untold = take_back_notices(connection, version, now=now)
    kept = [notice for notice in notices if notice.channel == BOARD_CHANNEL or notice.order_id not in untold]
    return [*kept, *(notice for order_id in sorted(untold) for notice in instead.get(order_id, ()))]


def _published_version(connection: sa.Connection) -> int:
    query = sa.select(schedule_versions.c.version).where(schedule_versions.c.status == PUBLISHED)
    return connection.execute(query).scalar_one_or_none() or 0


def _take_over(
    connection: sa.Connection,
    schedule: MasterSchedule,
    *,
    replaces: int,
    reason_code: str,
    actor: str,
    now: datetime,
) -> int:
    """Put the predecessor out of force and the new version in its place; its number."""
    published = _published_version(connection)
    if published != replaces:
        raise StaleScheduleError(replaces, published)
    table = schedule_versions
    ended = ROLLED_BACK if reason_code in ROLLBACKS else SUPERSEDED
    connection.execute(sa.update(table).where(table.c.version == published).values(status=ended))
    version: int = connection.execute(sa.select(sa.func.coalesce(sa.func.max(table.c.version), 0) + 1)).scalar_one()
    connection.execute(
        sa.insert(table).values(
            version=version,
            status=PUBLISHED,
            as_of=schedule.as_of,
            solve_status=schedule.status,
            tiers=tiers_as_json(schedule.tiers),
            fingerprint=schedule.fingerprint,
            created_at=schedule.created_at,
            published_at=now,
            replaced_version=published or None,
            reason_code=reason_code,
            actor=actor,
        )
    )
    return version


def _keep_capacity(connection: sa.Connection, schedule: MasterSchedule, version: int, now: datetime) -> None:
    """The capacity plan from the day of planning on is that of the new version; earlier days stay as they were."""
    table = capacity_planning
    take(connection, Lock.QUOTES)
    held = hours_by_bucket(reservation.load for reservation in settle_reservations(connection, now))
    connection.execute(sa.delete(table).where(table.c.bucket_date >= schedule.as_of))
    insert_rows(connection, table, capacity_rows(schedule, version, read_plant(connection).calendar(), held))


def _read(connection: sa.Connection, version: int) -> MasterSchedule:
    table = schedule_versions
    found = read_rows(connection, sa.select(table).where(table.c.version == version))
    if not found:
        raise NotFoundError("schedule version", str(version), "list them with: cms schedule versions")
    head = found[0]
    refuse_forgotten(connection, head)
    return MasterSchedule(
        version=version,
        as_of=head["as_of"],
        created_at=head["created_at"],
        status=head["solve_status"],
        fingerprint=head["fingerprint"],
        tiers=tiers_of(head["tiers"]),
        deliveries=tuple(delivery_of(row) for row in _rows(connection, master_schedule, version)),
        loads=tuple(load_of(row) for row in _rows(connection, schedule_loads, version)),
        unscheduled=tuple(unscheduled_of(row) for row in _rows(connection, unscheduled_orders, version)),
        resource_days=tuple(resource_day_of(row) for row in _capacity_of(connection, version)),
    )


def _rows(connection: sa.Connection, table: sa.Table, version: int) -> Sequence[Mapping[str, Any]]:
    query = sa.select(table).where(table.c.version == version).order_by(*table.primary_key.columns)
    return read_rows(connection, query)


def _capacity_of(connection: sa.Connection, version: int) -> Sequence[Mapping[str, Any]]:
    # days that a later version took over are known by their loads only
    table = capacity_planning
    query = (
        sa.select(table).where(table.c.schedule_version == version).order_by(table.c.resource_id, table.c.bucket_date)
    )
    return read_rows(connection, query)
