"""Opens the warehouse on one of its three engines, and runs work in transactions that are repeated where that helps."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import URL, Engine

from cms.domain.errors import ConfigurationError, WarehouseError
from cms.warehouse.failures import DeadlockError, first_failure, is_transient, translated
from cms.warehouse.locks import kept_locks
from cms.warehouse.sql_server import (
    SNAPSHOT,
    allow_snapshots,
    connect_arguments,
    is_freetds,
    know_usual_isolation,
    send_dates_as_text,
    set_isolation,
)
from cms.warehouse.tables import SCHEMA

BUSY_TIMEOUT_SECONDS = 30
DIALECTS = ("sqlite", "postgresql", "mssql")
_WRITES = "cms_writes"
_FLUSHES = "cms_flushes"
_SQLITE_WRITERS: dict[str, threading.Lock] = {}
"""By database file."""

T = TypeVar("T")


def open_engine(url: str, *, connect_timeout_seconds: int = 10) -> Engine:
    """An engine for the warehouse at `url`; nothing is connected yet.

    Parameters
    ----------
    url : str
        ``sqlite:///path``, ``postgresql+psycopg://user:password@host/database`` or ``mssql+pyodbc://…``.

    Raises
    ------
    ConfigurationError
        The URL cannot be read, or names another engine.
    """
    parsed = _parse(url)
    dialect = parsed.get_backend_name()
    if dialect == "sqlite":
        return _open_sqlite(parsed)
    if dialect == "postgresql":
        return _open_postgresql(parsed, connect_timeout_seconds)
    return _open_sql_server(parsed, connect_timeout_seconds)


def in_transaction(
    engine: Engine,
    work: Callable[[sa.Connection], T],
    *,
    attempts: int = 8,
    sleep: Callable[[float], None] = time.sleep,
    is_flushed: bool = True,
) -> T:
    """Do `work` in one writing transaction: all of it happens, or nothing.

    A deadlock, a serialization failure or a busy database rolls back and repeats the whole work, which must
    therefore touch nothing but the connection it is given.

    Parameters
    ----------
    is_flushed : bool
        False: it does not wait for the disk. Should the database's machine crash, it may be undone; what is committed
        after it and waits for the disk brings it there too. For what would then simply be done again.

    Raises
    ------
    WarehouseError
        The warehouse cannot do it; the message says why and what helps.
    """
    for attempt in range(1, attempts + 1):
        try:
            options = {_WRITES: True, _FLUSHES: is_flushed}
            begun = engine.execution_options(**options).begin()
            with _writers_turn(engine), begun as connection, kept_locks(connection):
                return work(connection)
        except DeadlockError:
            if attempt == attempts:
                raise
        except sa.exc.DBAPIError as last:
            error = first_failure(last)
            if attempt == attempts or not is_transient(error):
                raise translated(error, engine) from error
        sleep(min(0.02 * 2**attempt, 1.0))
    raise AssertionError("unreachable: the last attempt returns or raises")


@contextmanager
def _writers_turn(engine: Engine) -> Iterator[None]:
    """On SQLite, be this process's only writer: SQLite has those who wait for it sleep and look again, this wakes them.

    Whoever waits holds no connection, so that readers find one. After the busy timeout SQLite decides.
    """
    if engine.dialect.name != "sqlite":
        yield
        return
    lock = _SQLITE_WRITERS.setdefault(str(engine.url.database), threading.Lock())
    is_ours = lock.acquire(timeout=BUSY_TIMEOUT_SECONDS)
    try:
        yield
    finally:
        if is_ours:
            lock.release()


@contextmanager
def reading(engine: Engine) -> Iterator[sa.Connection]:
    """A connection whose reads all see the same state of the warehouse.

    Raises
    ------
    WarehouseError
        The warehouse cannot be read; the message says why and what helps.
    """
    try:
        with snapshots_of(engine).connect() as connection:
            yield connection
    except sa.exc.DBAPIError as error:
        raise translated(error, engine) from error


def snapshots_of(engine: Engine) -> Engine:
    """The same warehouse, where all reads of one connection see one state and wait for no writer.

    SQLite's readers do so by themselves.
    """
    if engine.dialect.name == "postgresql":
        return engine.execution_options(isolation_level="REPEATABLE READ")
    return engine.execution_options(**{SNAPSHOT: True}) if engine.dialect.name == "mssql" else engine


def allow_reading_of_one_state(engine: Engine) -> None:
    """Prepare the database for `snapshots_of`, where it has to be told.

    Raises
    ------
    WarehouseError
        The user may not alter the database; the message says what its owner has to run.
    """
    if engine.dialect.name != "mssql":
        return
    try:
        allow_snapshots(engine)
    except sa.exc.DBAPIError as error:
        raise translated(error, engine) from error


def schema_of(engine: Engine | sa.Connection) -> str | None:
    """The schema that holds the tables: none on SQLite."""
    return None if engine.dialect.name == "sqlite" else SCHEMA


def _parse(url: str) -> URL:
    try:
        parsed = sa.make_url(url)
        dialect, implementation = parsed.get_backend_name(), parsed.get_dialect()
    except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError) as error:
        raise ConfigurationError((f"warehouse.url: is no database URL that can be used here: {error}",)) from None
    if dialect not in DIALECTS:
        raise ConfigurationError((f"warehouse.url: must be sqlite, postgresql or mssql, found {dialect!r}",))
    try:
        implementation.import_dbapi()
    except ImportError as error:
        raise ConfigurationError(
            (f"warehouse.url: the driver {implementation.driver} must be installed and load, but: {error}",)
        ) from None
    return parsed


def _open_sqlite(url: URL) -> Engine:
    if url.database and url.database != ":memory:":
        _make_folder(Path(url.database))
    engine = sa.create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_SECONDS})
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WarehouseError(f"warehouse {path}: its folder cannot be made: {error.strerror}") from None


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # the begin event below starts transactions, not the driver
    # what it sorts for a load goes to files: kept in memory it would grow with the load
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL", "cache_size=-65536", "temp_store=FILE"):
        connection.execute("PRAGMA " + pragma)


def _begin_sqlite(connection: sa.Connection) -> None:
    # a writer takes the write lock at once: upgrading a read lock later cannot wait, it fails
    options = connection.get_execution_options()
    writes = options.get(_WRITES, False)
    if writes:
        connection.exec_driver_sql("PRAGMA synchronous=FULL" if options[_FLUSHES] else "PRAGMA synchronous=NORMAL")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _open_postgresql(url: URL, connect_timeout_seconds: int) -> Engine:
    if url.get_driver_name() == "psycopg2":
        url = url.set(drivername="postgresql+psycopg")
    engine = sa.create_engine(
        url,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": connect_timeout_seconds,
            # compiling the gate's one large question takes longer than answering it; a load is sorted without its disk
            "options": "-c timezone=UTC -c jit=off -c work_mem=32MB",
        },
    )
    sa.event.listen(engine, "begin", _begin_postgresql)
    return engine.execution_options(schema_translate_map={None: SCHEMA})


def _begin_postgresql(connection: sa.Connection) -> None:
    if not connection.get_execution_options().get(_FLUSHES, True):
        connection.exec_driver_sql("SET LOCAL synchronous_commit = off")


def _open_sql_server(url: URL, connect_timeout_seconds: int) -> Engine:
    url, arguments = connect_arguments(url, connect_timeout_seconds)
    engine = sa.create_engine(url, pool_pre_ping=True, **arguments)
    if is_freetds(url):
        send_dates_as_text(engine)
    sa.event.listen(engine, "connect", lambda *_: know_usual_isolation(engine))
    sa.event.listen(engine, "begin", set_isolation)
    return engine.execution_options(schema_translate_map={None: SCHEMA})
