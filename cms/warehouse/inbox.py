"""Events from outside, kept before they are answered and processed once, whichever worker takes them."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Engine

from cms.application.inbox import Backlog, InboxEvent
from cms.warehouse.bulk import insert_rows, pieces, read_rows
from cms.warehouse.claims import ClaimTable
from cms.warehouse.engine import in_transaction, reading
from cms.warehouse.locks import Lock, take
from cms.warehouse.tables import inbox_events

_QUEUE = ClaimTable(
    table=inbox_events,
    key="event_id",
    waiting="waiting",
    done="done",
    done_at="processed_at",
    what="event",
    lock=Lock.INBOX,
)


@dataclass(frozen=True, kw_only=True)
class WarehouseInbox:
    """The inbox in the warehouse."""

    engine: Engine

    def add(
        self,
        *,
        deduplication_key: str,
        source: str,
        kind: str,
        subject_id: str | None,
        payload: Mapping[str, Any],
        now: datetime,
    ) -> bool:
        """Keep an event; False: it is known already, nothing was written."""
        row = {
            "deduplication_key": deduplication_key,
            "source": source,
            "kind": kind,
            "subject_id": subject_id,
            "payload": json.dumps(payload, ensure_ascii=False, sort_keys=True, default=str),
            "received_at": now,
            "status": "waiting",
            "attempts": 0,
            "due_at": now,
        }
        return in_transaction(self.engine, lambda connection: _add(connection, row))

    def claim(self, *, now: datetime, limit: int, worker: str, lease_seconds: int = 60) -> list[InboxEvent]:
        """Take due events for processing, oldest first."""
        rows = in_transaction(
            self.engine,
            lambda connection: _QUEUE.claim(
                connection, now=now, limit=limit, worker=worker, lease_seconds=lease_seconds
            ),
            is_flushed=False,
        )
        return [_event(row) for row in rows]

    def knows(self, deduplication_key: str) -> bool:
        """Whether the event was kept before."""
        with reading(self.engine) as connection:
            return _is_known(connection, deduplication_key)

    def mark_done(self, event_id: int, *, now: datetime) -> None:
        """It was processed."""
        self.mark_all_done([event_id], now=now)

    def mark_all_done(self, event_ids: Sequence[int], *, now: datetime) -> None:
        """They were processed, all of them or none."""
        # an event whose end is lost with a machine is processed again, and has its effects once all the same
        in_transaction(self.engine, lambda connection: _QUEUE.finish(connection, event_ids, now=now), is_flushed=False)

    def mark_failed(self, event_id: int, *, error: str, retry_at: datetime | None) -> None:
        """Processing failed: try again at `retry_at`, or never (None: a dead letter)."""
        in_transaction(
            self.engine, lambda connection: _QUEUE.fail(connection, event_id, error=error, retry_at=retry_at)
        )

    def release(self, workers: Iterable[str]) -> int:
        """Let go of what workers hold that are known to be gone; how many events that were."""
        table, names = inbox_events, sorted(set(workers))
        held = sa.and_(table.c.status == "waiting", table.c.claimed_by.in_(names), table.c.claimed_until.is_not(None))
        # who claimed stays written: the next claim counts a try, so that an event that kills its worker is given up
        release = sa.update(table).where(held).values(claimed_until=None)
        return in_transaction(self.engine, lambda connection: connection.execute(release).rowcount) if names else 0

    def holders(self) -> list[str]:
        """Workers that hold waiting events, in order of name."""
        table = inbox_events
        query = (
            sa.select(table.c.claimed_by)
            .distinct()
            .where(table.c.status == "waiting", table.c.claimed_until.is_not(None))
        )
        with reading(self.engine) as connection:
            return sorted(name for (name,) in connection.execute(query) if name is not None)

    def retry_dead(self, *, now: datetime, event_ids: Sequence[int] | None = None) -> int:
        """Give dead letters another chance, all or those named; how many there were."""
        chosen = (
            [None]
            if event_ids is None
            else [inbox_events.c.event_id.in_(ids) for ids in pieces(sorted(set(event_ids)))]
        )
        return in_transaction(
            self.engine, lambda connection: sum(_QUEUE.revive(connection, now=now, which=which) for which in chosen)
        )

    def dead_letters(self, limit: int = 100) -> list[InboxEvent]:
        """Events that were given up, oldest first."""
        return self._events(inbox_events.c.status == "dead", limit)

    def waiting_events(self, limit: int = 100) -> list[InboxEvent]:
        """Events that wait, oldest first; one that failed carries its last error."""
        return self._events(inbox_events.c.status == "waiting", limit)

    def _events(self, which: sa.ColumnElement[bool], limit: int) -> list[InboxEvent]:
        query = (
            sa.select(inbox_events)
            .where(which)
            .order_by(inbox_events.c.received_at, inbox_events.c.event_id)
            .limit(limit)
        )
        with reading(self.engine) as connection:
            return [_event(row) for row in read_rows(connection, query)]

    def backlog(self) -> Backlog:
        """How far processing is behind."""
        waiting = inbox_events.c.status == "waiting"
        query = sa.select(
            sa.func.min(inbox_events.c.received_at), sa.func.sum(sa.case((inbox_events.c.attempts > 0, 1), else_=0))
        ).where(waiting)
        with reading(self.engine) as connection:
            oldest, failing = connection.execute(query).one()
            counts = _QUEUE.counts(connection)
        return Backlog(**counts, failing=failing or 0, oldest_received_at=oldest)


_INSERTS: Mapping[str, Callable[[sa.Table], sqlite.Insert | postgresql.Insert]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}


def _add(connection: sa.Connection, row: Mapping[str, Any]) -> bool:
    insert = _INSERTS.get(connection.dialect.name)
    if insert is not None:  # one statement that waits for nobody but the same event
        statement = insert(inbox_events).values(**row).on_conflict_do_nothing(index_elements=["deduplication_key"])
        return connection.execute(statement.returning(inbox_events.c.event_id)).first() is not None
    take(connection, Lock.INBOX)
    if _is_known(connection, row["deduplication_key"]):
        return False
    insert_rows(connection, inbox_events, [row])
    return True


def _is_known(connection: sa.Connection, deduplication_key: str) -> bool:
    known = sa.select(inbox_events.c.event_id).where(inbox_events.c.deduplication_key == deduplication_key)
    return connection.execute(known).first() is not None


def _event(row: Mapping[str, Any]) -> InboxEvent:
    return InboxEvent(
        event_id=row["event_id"],
        deduplication_key=row["deduplication_key"],
        source=row["source"],
        kind=row["kind"],
        subject_id=row["subject_id"],
        payload=json.loads(row["payload"]),
        received_at=row["received_at"],
        attempts=row["attempts"],
        error=row["error"],
    )
