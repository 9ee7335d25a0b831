"""Application locks: whoever changes the same thing waits in line, on every engine, until the transaction ends."""

from enum import StrEnum
from zlib import crc32

import sqlalchemy as sa

from cms.domain.errors import WarehouseError

LOCK_TIMEOUT_SECONDS = 120


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


_GET_APPLOCK = sa.text(
    "SET NOCOUNT ON; DECLARE @answer int; "
    "EXEC @answer = sp_getapplock @Resource = :resource, @LockMode = 'Exclusive', @LockOwner = 'Transaction', "
    "@LockTimeout = :timeout; SELECT @answer AS answer"
)


def _take_on_sql_server(connection: sa.Connection, lock: Lock) -> None:
    values = {"resource": str(lock), "timeout": LOCK_TIMEOUT_SECONDS * 1000}
    answer = connection.execute(_GET_APPLOCK, values).scalar_one()
    if answer < 0:
        raise WarehouseError(f"the lock {lock} was not free for {LOCK_TIMEOUT_SECONDS} s; run again")
