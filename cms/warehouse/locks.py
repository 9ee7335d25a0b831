"""Application locks: whoever changes the same thing waits in line, on every engine and over all processes.

Most last until a transaction ends. What happens outside the warehouse, such as a write to a board, is no transaction:
its turn is held by a connection of its own and ends with it, also when the process is killed.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from enum import StrEnum
from zlib import crc32

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from cms.domain.errors import WarehouseError
from cms.warehouse.failures import DeadlockError

LOCK_TIMEOUT_SECONDS = 120
_TAKEN = "cms_locks_taken"
_MODE = sa.text("SELECT APPLOCK_MODE('public', :resource, 'Transaction')")


class Lock(StrEnum):
    """What is changed by one transaction at a time."""

    CUSTOMERS = "cms.customers"
    ORDER_BOOK = "cms.order_book"
    PLANT = "cms.plant"
    OUTBOX = "cms.outbox"
    INBOX = "cms.inbox"
    QUOTES = "cms.quotes"
    QUALITY = "cms.quality"
    FIGURES = "cms.figures"


def take(connection: sa.Connection, lock: Lock) -> None:
    """Hold `lock` until the transaction of `connection` ends; wait for whoever has it.

    SQLite needs none: a writing transaction is alone from its start.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(crc32(lock.encode()))))
    elif connection.dialect.name == "mssql":
        _take_on_sql_server(connection, lock)
        connection.info.setdefault(_TAKEN, set()).add(lock)


@contextmanager
def kept_locks(connection: sa.Connection) -> Iterator[None]:
    """At the end of the block, the locks that `take` took in it must still be there.

    SQL Server can roll back by itself, and its driver goes on in a new transaction where it keeps the error to itself,
    as it does with one about the types of parameters. What followed would then be committed without what came before.

    Raises
    ------
    WarehouseError
        The transaction that took the locks is gone.
    """
    connection.info.pop(_TAKEN, None)
    yield
    for lock in sorted(connection.info.pop(_TAKEN, ())):
        if connection.execute(_MODE, {"resource": str(lock)}).scalar_one() != "Exclusive":
            raise WarehouseError(
                f"the server rolled back what was done under the lock {lock}; nothing was kept, run again"
            )


_DEADLOCK = -3
# counting rows is only paused: merges that follow in the same session are counted
_GET_APPLOCK = sa.text(
    "SET NOCOUNT ON; DECLARE @answer int; "
    "EXEC @answer = sp_getapplock @Resource = :resource, @LockMode = 'Exclusive', @LockOwner = 'Transaction', "
    "@LockTimeout = :timeout; SELECT @answer AS answer; SET NOCOUNT OFF"
)


def _take_on_sql_server(connection: sa.Connection, lock: Lock) -> None:
    answer = _answer(connection, _GET_APPLOCK, str(lock), LOCK_TIMEOUT_SECONDS)
    if answer == _DEADLOCK:
        raise DeadlockError(f"the lock {lock} and others were wanted in another order by another program; run again")
    if answer < 0:
        raise WarehouseError(f"the lock {lock} was not free for {LOCK_TIMEOUT_SECONDS} s; run again")


def _answer(connection: sa.Connection, question: sa.TextClause, resource: str, wait_seconds: float) -> int:
    values = {"resource": resource, "timeout": int(wait_seconds * 1000)}
    result = connection.execute(question, values)
    # where the server tells that the wait was broken off, that comes first: a result without rows
    return int(result.scalar_one()) if result.returns_rows else _DEADLOCK


TURN_SECONDS = 60.0
_POLL_SECONDS = 0.02


@contextmanager
def turn(engine: Engine, what: str, *, wait_seconds: float = TURN_SECONDS) -> Iterator[None]:
    """Have `what` to ourselves while the block runs: no other thread, process or machine of the warehouse has it.

    Raises
    ------
    WarehouseError
        Somebody else had it all the time.
    """
    take_turn = {"postgresql": _turn_on_postgresql, "mssql": _turn_on_sql_server}.get(engine.dialect.name)
    if take_turn is None:
        with _turn_on_sqlite(engine, what, wait_seconds):
            yield
        return
    # committed statement by statement: the lock belongs to the connection, and no transaction stays open meanwhile
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        release = take_turn(connection, what, wait_seconds)
        try:
            yield
        finally:
            release()


def _turn_on_postgresql(connection: sa.Connection, what: str, wait_seconds: float) -> Callable[[], object]:
    key = crc32(what.encode())
    deadline = time.monotonic() + wait_seconds
    while not connection.execute(sa.select(sa.func.pg_try_advisory_lock(key))).scalar_one():
        if time.monotonic() > deadline:
            raise _not_free(what, wait_seconds)
        time.sleep(_POLL_SECONDS)
    return lambda: connection.execute(sa.select(sa.func.pg_advisory_unlock(key)))


_GET_TURN = sa.text(
    "SET NOCOUNT ON; DECLARE @answer int; EXEC @answer = sp_getapplock @Resource = :resource, @LockMode = 'Exclusive', "
    "@LockOwner = 'Session', @LockTimeout = :timeout; SELECT @answer AS answer; SET NOCOUNT OFF"
)
_END_TURN = sa.text("EXEC sp_releaseapplock @Resource = :resource, @LockOwner = 'Session'")


def _turn_on_sql_server(connection: sa.Connection, what: str, wait_seconds: float) -> Callable[[], object]:
    if _answer(connection, _GET_TURN, what, wait_seconds) < 0:
        raise _not_free(what, wait_seconds)
    return lambda: connection.execute(_END_TURN, {"resource": what})


@contextmanager
def _turn_on_sqlite(engine: Engine, what: str, wait_seconds: float) -> Iterator[None]:
    """A small database beside the warehouse is the lock: the warehouse itself stays free for writers."""
    path = f"{engine.url.database}-turn-{crc32(what.encode()):08x}"
    with closing(sqlite3.connect(path, timeout=wait_seconds, isolation_level=None)) as lock:
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            raise _not_free(what, wait_seconds) from None
        yield


def _not_free(what: str, wait_seconds: float) -> WarehouseError:
    return WarehouseError(f"the turn for {what} was not free for {wait_seconds:g} s; it is tried again later")
