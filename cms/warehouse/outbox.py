"""Notices that wait to be sent: each queued once, claimed by one sender at a time, never forgotten."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from cms.application.board_writes import BOARD_CHANNEL
from cms.application.ports import DeliveryNotice, OutboxEntry
from cms.domain.customers import CustomerId
from cms.domain.orders import OrderId
from cms.warehouse.bulk import insert_rows, pieces, read_rows
from cms.warehouse.claims import ClaimTable
from cms.warehouse.engine import in_transaction, reading
from cms.warehouse.locks import Lock, take
from cms.warehouse.tables import notification_outbox

_QUEUE = ClaimTable(
    table=notification_outbox,
    key="outbox_id",
    waiting="queued",
    done="sent",
    done_at="sent_at",
    what="notice",
    lock=Lock.OUTBOX,
    other_ends=("withheld",),
)


@dataclass(frozen=True, kw_only=True)
class WarehouseOutbox:
    """The outbox in the warehouse; the `Outbox` of the use cases."""

    engine: Engine

    def queue(self, notices: Iterable[DeliveryNotice], *, now: datetime) -> int:
        """Queue notices; one whose key is known is left alone. Returns how many were new."""
        wanted = list(notices)
        return in_transaction(self.engine, lambda connection: queue_notices(connection, wanted, now=now))

    def claim_due(self, *, now: datetime, limit: int, worker: str, lease_seconds: int = 300) -> list[OutboxEntry]:
        """Take due notices for sending, oldest first."""
        rows = in_transaction(
            self.engine,
            lambda connection: _claim(connection, now=now, limit=limit, worker=worker, lease_seconds=lease_seconds),
        )
        return [_entry(row) for row in rows]

    def mark_sent(self, outbox_id: int, *, now: datetime) -> None:
        """It has gone out."""
        in_transaction(self.engine, lambda connection: _QUEUE.finish(connection, [outbox_id], now=now))

    def mark_failed(self, outbox_id: int, *, error: str, retry_at: datetime | None, now: datetime) -> None:  # noqa: ARG002
        """It did not go out: try again at `retry_at`, or never (None: a dead letter)."""
        in_transaction(
            self.engine, lambda connection: _QUEUE.fail(connection, outbox_id, error=error, retry_at=retry_at)
        )

    def mark_withheld(self, outbox_id: int, *, reason: str) -> None:
        """It is not sent, now or later."""
        in_transaction(
            self.engine,
            lambda connection: _QUEUE.end_otherwise(connection, outbox_id, state="withheld", reason=reason),
        )

    def retry_dead(self, *, now: datetime) -> int:
        """Give dead letters another chance; how many there were."""
        return in_transaction(self.engine, lambda connection: _QUEUE.revive(connection, now=now))

    def dead_letters(self, limit: int = 100) -> list[OutboxEntry]:
        """Notices that were given up, oldest first."""
        table = notification_outbox
        query = sa.select(table).where(table.c.status == "dead").order_by(table.c.queued_at, table.c.outbox_id)
        with reading(self.engine) as connection:
            return [_entry(row) for row in read_rows(connection, query.limit(limit))]

    def error_of(self, outbox_id: int) -> str | None:
        """Why the last try failed, or why it was withheld."""
        query = sa.select(notification_outbox.c.error).where(notification_outbox.c.outbox_id == outbox_id)
        with reading(self.engine) as connection:
            return connection.execute(query).scalar_one_or_none()

    def counts(self) -> Mapping[str, int]:
        """Notices by state: queued, sent, dead, withheld."""
        with reading(self.engine) as connection:
            return _QUEUE.counts(connection)


def _claim(
    connection: sa.Connection, *, now: datetime, limit: int, worker: str, lease_seconds: int
) -> Sequence[Mapping[str, Any]]:
    take(connection, Lock.OUTBOX)
    other = notification_outbox.alias("other")
    # boards want one mutation at a time: while one sender has writes to boards in hand, no other gets any
    held = sa.exists().where(
        other.c.channel == BOARD_CHANNEL,
        other.c.status == _QUEUE.waiting,
        other.c.claimed_until > now,
        other.c.claimed_by != worker,
    )
    which = sa.or_(notification_outbox.c.channel != BOARD_CHANNEL, ~held)
    return _QUEUE.claim(connection, now=now, limit=limit, worker=worker, lease_seconds=lease_seconds, which=which)


def queue_notices(
    connection: sa.Connection, notices: Iterable[DeliveryNotice], *, now: datetime, version: int | None = None
) -> int:
    """Queue notices whose key is not known yet, in the order given; how many there were.

    Parameters
    ----------
    version : int, optional
        The schedule version that they tell of.
    """
    by_key = {notice.deduplication_key: notice for notice in reversed(list(notices))}
    if not by_key:
        return 0
    take(connection, Lock.OUTBOX)
    known = _known_keys(connection, sorted(by_key))
    new = [notice for key, notice in reversed(by_key.items()) if key not in known]
    insert_rows(connection, notification_outbox, [_row(notice, now, version) for notice in new])
    return len(new)


def take_back_notices(connection: sa.Connection, version: int, *, now: datetime) -> frozenset[OrderId]:
    """Forget what people were to be told of a version and have not been told yet; the orders that it was about.

    Boards are left: what is written there is what holds when it is written.
    """
    take(connection, Lock.OUTBOX)
    table = notification_outbox
    unsent = sa.and_(
        table.c.schedule_version == version,
        table.c.status == _QUEUE.waiting,
        table.c.channel != BOARD_CHANNEL,
        table.c.order_id.is_not(None),
        sa.or_(table.c.claimed_until.is_(None), table.c.claimed_until < now),
    )
    order_ids = frozenset(connection.execute(sa.select(table.c.order_id).where(unsent)).scalars())
    connection.execute(sa.delete(table).where(unsent))
    return order_ids


def _known_keys(connection: sa.Connection, keys: list[str]) -> set[str]:
    column = notification_outbox.c.deduplication_key
    known: set[str] = set()
    for piece in pieces(keys):
        known.update(connection.execute(sa.select(column).where(column.in_(piece))).scalars())
    return known


def _row(notice: DeliveryNotice, now: datetime, version: int | None) -> dict[str, Any]:
    return {
        "deduplication_key": notice.deduplication_key,
        "kind": notice.kind,
        "channel": notice.channel,
        "recipient": notice.recipient,
        "order_id": notice.order_id,
        "customer_id": notice.customer_id,
        "facts": json.dumps(notice.facts, ensure_ascii=False, sort_keys=True),
        "status": "queued",
        "attempts": 0,
        "queued_at": now,
        "due_at": now,
        "schedule_version": version,
    }


def _entry(row: Mapping[str, Any]) -> OutboxEntry:
    order_id, customer_id = row["order_id"], row["customer_id"]
    notice = DeliveryNotice(
        deduplication_key=row["deduplication_key"],
        kind=row["kind"],
        channel=row["channel"],
        recipient=row["recipient"],
        order_id=None if order_id is None else OrderId(order_id),
        customer_id=None if customer_id is None else CustomerId(customer_id),
        facts=json.loads(row["facts"]),
    )
    return OutboxEntry(outbox_id=row["outbox_id"], notice=notice, attempts=row["attempts"], queued_at=row["queued_at"])
