"""Work queues in tables: a worker takes what is due under a lease, and nobody else takes it until the lease ends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from cms.domain.errors import NotFoundError
from cms.warehouse.bulk import pieces, read_rows
from cms.warehouse.locks import Lock, take


@dataclass(frozen=True, kw_only=True)
class ClaimTable:
    """A table with ``status, attempts, due_at, claimed_by, claimed_until, error``.

    Parameters
    ----------
    key : str
        Its identity column.
    waiting, done : str
        The states of an entry that may be claimed, and of one that is finished. ``dead`` is one that is given up.
    done_at : str
        The column that says when an entry was finished.
    what : str
        What an entry is called, for messages.
    lock : Lock
        What claims wait for where rows cannot be passed over.
    other_ends : tuple of str
        States in which an entry can end beside `done` and ``dead``.
    """

    table: sa.Table
    key: str
    waiting: str
    done: str
    done_at: str
    what: str
    lock: Lock
    other_ends: tuple[str, ...] = ()

    def claim(
        self,
        connection: sa.Connection,
        *,
        now: datetime,
        limit: int,
        worker: str,
        lease_seconds: int,
        which: sa.ColumnElement[bool] | None = None,
    ) -> Sequence[Mapping[str, Any]]:
        """Take due entries, oldest first. One whose worker vanished with its lease counts that as a try."""
        if connection.dialect.name == "mssql":
            take(connection, self.lock)  # it has no SKIP LOCKED: who claims waits in line for a moment
        ids = self._due_ids(connection, now, limit, which)
        if not ids:
            return []
        table, key = self.table, self.table.c[self.key]
        vanished = table.c.claimed_by.is_not(None)
        connection.execute(
            sa.update(table)
            .where(key.in_(ids))
            .values(
                attempts=table.c.attempts + sa.case((vanished, 1), else_=0),
                claimed_by=worker,
                claimed_until=now + timedelta(seconds=lease_seconds),
            )
        )
        query = sa.select(table).where(key.in_(ids)).order_by(table.c.due_at, key)
        return read_rows(connection, query)

    def finish(self, connection: sa.Connection, entry_ids: Sequence[int], *, now: datetime) -> None:
        """The entries are done."""
        for ids in pieces(sorted(set(entry_ids))):
            self._close(connection, ids, {"status": self.done, self.done_at: now, "error": sa.null()})

    def end_otherwise(self, connection: sa.Connection, entry_id: int, *, state: str, reason: str) -> None:
        """The entry is neither done nor given up, and not tried again."""
        assert state in self.other_ends, "an end that the table knows"
        self._close(connection, [entry_id], {"status": state, "error": reason})

    def fail(self, connection: sa.Connection, entry_id: int, *, error: str, retry_at: datetime | None) -> None:
        """The entry failed: it is due again at `retry_at`, or never."""
        table = self.table
        what_next = {"status": "dead"} if retry_at is None else {"due_at": retry_at}
        self._close(connection, [entry_id], {"attempts": table.c.attempts + 1, "error": error, **what_next})

    def revive(self, connection: sa.Connection, *, now: datetime, which: sa.ColumnElement[bool] | None = None) -> int:
        """Give dead entries another chance; how many there were."""
        table = self.table
        chosen = [table.c.status == "dead"] + ([] if which is None else [which])
        values = {
            "status": self.waiting,
            "attempts": 0,
            "due_at": now,
            "claimed_by": sa.null(),
            "claimed_until": sa.null(),
        }
        return connection.execute(sa.update(table).where(*chosen).values(values)).rowcount

    def counts(self, connection: sa.Connection) -> dict[str, int]:
        """Entries by state; every state is named."""
        query = sa.select(self.table.c.status, sa.func.count()).group_by(self.table.c.status)
        found: dict[str, int] = dict(connection.execute(query).all())
        return {state: found.get(state, 0) for state in (self.waiting, self.done, "dead", *self.other_ends)}

    def _due_ids(
        self, connection: sa.Connection, now: datetime, limit: int, which: sa.ColumnElement[bool] | None
    ) -> Sequence[int]:
        table, key = self.table, self.table.c[self.key]
        free = sa.or_(table.c.claimed_until.is_(None), table.c.claimed_until <= now)
        query = (
            sa.select(key)
            .where(table.c.status == self.waiting, table.c.due_at <= now, free)
            .order_by(table.c.due_at, key)
            .limit(limit)
            # others pass over the rows that this transaction is taking; SQLite's writer is alone anyway
            .with_for_update(skip_locked=True)
        )
        if which is not None:
            query = query.where(which)
        return connection.execute(query).scalars().all()

    def _close(self, connection: sa.Connection, entry_ids: Sequence[int], values: Mapping[str, Any]) -> None:
        released = {"claimed_by": sa.null(), "claimed_until": sa.null()}
        statement = sa.update(self.table).where(self.table.c[self.key].in_(entry_ids)).values(**values, **released)
        if connection.execute(statement).rowcount < len(entry_ids):
            raise NotFoundError(self.what, ", ".join(map(str, entry_ids)))
