import ast
import os
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from cms.domain.errors import ConfigurationError, WarehouseError
from cms.warehouse.bulk import insert_rows
from cms.warehouse.engine import in_transaction, open_engine, reading
from cms.warehouse.failures import masked, masked_url
from cms.warehouse.locks import Lock, take
from cms.warehouse.schema import current_revision
from cms.warehouse.sql_server import connect_arguments, packaged_driver
from cms.warehouse.tables import sync_state
from cms.warehouse.warehouse import Warehouse
from tests.integration.warehouse.loading import NOW, count_of, know_customers, load_orders, order_row
from tests.postgresql_server import PostgresqlServer

SOURCE = Path(__file__).parents[3] / "cms" / "warehouse"


def write(connection: sa.Connection, source: str = "erp") -> None:
    connection.execute(sa.insert(sync_state).values(dataset="order_master", source=source, synced_at=NOW))


def test_work_that_fails_leaves_nothing_behind(warehouse: Warehouse) -> None:
    def work(connection: sa.Connection) -> None:
        write(connection)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        in_transaction(warehouse.engine, work)

    assert count_of(warehouse, sync_state) == 0


def test_work_that_meets_a_deadlock_is_repeated_whole(warehouse: Warehouse) -> None:
    calls: list[int] = []

    def work(connection: sa.Connection) -> str:
        write(connection)
        calls.append(1)
        if len(calls) < 3:
            raise sa.exc.OperationalError("UPDATE …", {}, sqlite3.OperationalError("database is locked"))
        return "done"

    assert in_transaction(warehouse.engine, work, sleep=lambda _: None) == "done"
    assert (len(calls), count_of(warehouse, sync_state)) == (3, 1)


def test_rows_that_a_table_does_not_take_are_refused_in_words(warehouse: Warehouse) -> None:
    row = {"dataset": "order_master", "source": "erp", "synced_at": NOW}

    with pytest.raises(WarehouseError, match=r"(?i)unique|duplicate"):
        in_transaction(warehouse.engine, lambda connection: insert_rows(connection, sync_state, [row, row]))


def test_writers_that_wait_in_line_on_sqlite_hold_no_connection(sqlite_warehouse: Warehouse) -> None:
    engine = sqlite_warehouse.engine
    is_writing, may_end = threading.Event(), threading.Event()

    def hold(connection: sa.Connection) -> None:
        write(connection, "first")
        is_writing.set()
        assert may_end.wait(120)

    waiting = [
        threading.Thread(target=in_transaction, args=(engine, lambda connection, n=n: write(connection, f"s{n}")))
        for n in range(20)
    ]
    first = threading.Thread(target=in_transaction, args=(engine, hold))
    first.start()
    assert is_writing.wait(120)
    for thread in waiting:
        thread.start()
    time.sleep(0.1)
    pool = engine.pool
    assert isinstance(pool, sa.pool.QueuePool)
    held = pool.checkedout()
    may_end.set()
    for thread in (first, *waiting):
        thread.join(120)

    assert held == 1
    assert count_of(sqlite_warehouse, sync_state) == 21


def test_what_would_simply_be_done_again_does_not_wait_for_the_disk(warehouse: Warehouse) -> None:
    engine, dialect = warehouse.engine, warehouse.engine.dialect.name
    if dialect == "mssql":
        pytest.skip("SQL Server always waits")
    question = {"sqlite": "PRAGMA synchronous", "postgresql": "SHOW synchronous_commit"}[dialect]
    if dialect == "postgresql":  # the test's server waits for nothing unless it is told to
        sa.event.listen(engine, "connect", lambda driver, _: driver.execute("SET synchronous_commit = on"))
        sa.event.listen(engine, "connect", lambda driver, _: driver.commit())
        engine.dispose()

    def waits(connection: sa.Connection) -> object:
        return connection.exec_driver_sql(question).scalar_one()

    found = [in_transaction(engine, waits, is_flushed=is_flushed) for is_flushed in (True, False, True)]

    assert found == {"sqlite": [2, 1, 2], "postgresql": ["on", "off", "on"]}[dialect]


def test_what_the_server_rolled_back_on_the_way_is_not_committed_in_part(warehouse: Warehouse) -> None:
    if warehouse.engine.dialect.name != "mssql":
        pytest.skip("the others refuse whatever follows an error until the transaction ends")

    def work(connection: sa.Connection) -> None:
        take(connection, Lock.ORDER_BOOK)
        write(connection, "before")
        connection.exec_driver_sql("ROLLBACK TRANSACTION; BEGIN TRANSACTION")
        write(connection, "after")

    with pytest.raises(WarehouseError, match=r"rolled back what was done under the lock cms\.order_book"):
        in_transaction(warehouse.engine, work)

    assert count_of(warehouse, sync_state) == 0
    in_transaction(warehouse.engine, lambda connection: take(connection, Lock.ORDER_BOOK))


def test_a_real_deadlock_costs_one_of_two_a_second_try_and_nothing_else(warehouse: Warehouse) -> None:
    if warehouse.engine.dialect.name == "sqlite":
        pytest.skip("SQLite's writers wait in line and cannot deadlock")
    for source in ("a", "b"):
        in_transaction(warehouse.engine, lambda connection, source=source: write(connection, source))  # type: ignore[misc]
    both_hold_one = threading.Barrier(2)
    tries: list[str] = []

    def touch(first: str, second: str) -> None:
        def work(connection: sa.Connection) -> None:
            tries.append(first)
            for source in (first, second):
                connection.execute(
                    sa.update(sync_state).where(sync_state.c.source == source).values(watermark=first + second)
                )
                if len(tries) <= 2 and source == first:
                    both_hold_one.wait(timeout=120)

        in_transaction(warehouse.engine, work)

    threads = [threading.Thread(target=touch, args=pair) for pair in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)

    assert sorted(tries) in (["a", "a", "b"], ["a", "b", "b"])


def test_two_who_take_two_locks_in_opposite_order_both_get_through(warehouse: Warehouse) -> None:
    both_hold_one, tries = threading.Barrier(2), []

    def work_under(first: Lock, second: Lock) -> None:
        def work(connection: sa.Connection) -> None:
            take(connection, first)
            tries.append(first)
            if len(tries) <= 2 and warehouse.engine.dialect.name != "sqlite":
                both_hold_one.wait(timeout=120)
            take(connection, second)
            write(connection, first)

        in_transaction(warehouse.engine, work)

    orders = ((Lock.INBOX, Lock.OUTBOX), (Lock.OUTBOX, Lock.INBOX))
    threads = [threading.Thread(target=work_under, args=order) for order in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)

    assert count_of(warehouse, sync_state) == 2


def test_readers_and_a_writer_do_not_wait_for_each_other(warehouse: Warehouse) -> None:
    with reading(warehouse.engine) as reader:
        before = reader.execute(sa.select(sa.func.count()).select_from(sync_state)).scalar_one()
        in_transaction(warehouse.engine, write)
        same = reader.execute(sa.select(sa.func.count()).select_from(sync_state)).scalar_one()

    assert (before, same, count_of(warehouse, sync_state)) == (0, 0, 1)


def test_sqlite_keeps_references_writes_ahead_and_sorts_in_files(sqlite_warehouse: Warehouse) -> None:
    with reading(sqlite_warehouse.engine) as connection:
        pragmas = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "foreign_keys", "synchronous", "temp_store")
        ]

    assert pragmas == ["wal", 1, 2, 1]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "is no database URL"),
        ("mysql://u:p@h/d", "warehouse.url"),
        ("oracle+cx_oracle://u:p@h/d", "warehouse.url"),
    ],
)
def test_a_url_that_names_no_warehouse_is_refused(url: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        open_engine(url)


def test_a_driver_that_does_not_load_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyodbc", None)

    with pytest.raises(ConfigurationError, match="the driver pyodbc must be installed and load, but: ") as caught:
        open_engine("mssql+pyodbc://sa:geheim@h/d?driver=FreeTDS")

    assert "geheim" not in str(caught.value)


def needs_odbc(scheme: str) -> None:
    """Skips a test of a scheme that needs unixODBC, where it is not installed."""
    if scheme == "mssql+pyodbc":
        pytest.importorskip("pyodbc", exc_type=ImportError)


@pytest.mark.parametrize("scheme", ["postgresql", "mssql+pyodbc"])
def test_an_unreachable_server_is_named_without_its_password(scheme: str) -> None:
    needs_odbc(scheme)
    engine = open_engine(f"{scheme}://cms:geheim@127.0.0.1:1/cms", connect_timeout_seconds=1)

    with pytest.raises(WarehouseError) as caught:
        current_revision(engine)

    assert f"warehouse {scheme}://cms:***@127.0.0.1:1/cms: it cannot be reached" in str(caught.value)
    assert "geheim" not in str(caught.value)


def test_a_wrong_password_is_said_without_it(postgresql_server: PostgresqlServer) -> None:
    name, other = "needs_password", "another"
    owner = open_engine(postgresql_server.create_database(name))
    with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("CREATE ROLE guest LOGIN PASSWORD 'right'")
    owner.dispose()
    rules = postgresql_server.folder / "data" / "pg_hba.conf"
    before = rules.read_text()
    rules.write_text("host all guest 127.0.0.1/32 scram-sha-256\n" + before)
    reload_settings(postgresql_server)

    engine = open_engine(f"postgresql://guest:geheim@127.0.0.1:{postgresql_server.port}/{name}")
    missing = open_engine(postgresql_server.url(other))
    with pytest.raises(WarehouseError) as refused:
        current_revision(engine)
    with pytest.raises(WarehouseError, match="there is no such database"):
        current_revision(missing)

    rules.write_text(before)
    reload_settings(postgresql_server)
    postgresql_server.drop_database(name)
    assert "refused the user or the password; check CMS_WAREHOUSE_URL" in str(refused.value)
    assert "geheim" not in str(refused.value)


def reload_settings(server: PostgresqlServer) -> None:
    engine = open_engine(server.url("postgres"))
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT pg_reload_conf()")
    engine.dispose()


def test_a_full_disk_is_said_and_changes_nothing(sqlite_warehouse: Warehouse) -> None:
    know_customers(sqlite_warehouse)
    engine = sqlite_warehouse.engine

    @sa.event.listens_for(engine, "connect")
    def no_room(connection: sqlite3.Connection, _record: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 2}")

    engine.dispose()
    with pytest.raises(WarehouseError, match="its disk is full; free space and run again, nothing was changed"):
        load_orders(sqlite_warehouse, *(order_row(f"O{number}") for number in range(2_000)))

    sa.event.remove(engine, "connect", no_room)
    engine.dispose()
    assert sqlite_warehouse.orders.plannable_orders() == []
    assert load_orders(sqlite_warehouse, order_row("O1")).inserted == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_read_only_file_is_said(tmp_path: Path, sqlite_template: Path) -> None:
    path = tmp_path / "warehouse.db"
    path.write_bytes(sqlite_template.read_bytes())
    path.chmod(0o444)

    with pytest.raises(WarehouseError, match="read-only"):
        in_transaction(open_engine(f"sqlite:///{path}"), write)


def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.db"
    path.write_text("this is a letter, not a database. " * 100)

    with pytest.raises(WarehouseError, match="is not a SQLite database, or it is damaged"):
        Warehouse.open(f"sqlite:///{path}")


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(WarehouseError, match="its folder cannot be made"):
        open_engine(f"sqlite:///{tmp_path / 'file' / 'warehouse.db'}")


def test_passwords_are_masked_wherever_they_stand() -> None:
    url = make_url("mssql+pyodbc://sa:geheim@h/d?odbc_connect=DRIVER%3Dx%3BPWD%3Dgeheimer%3B")

    assert "geheim" not in masked_url(url)
    assert masked("login with geheim failed; Pwd=other;x", url) == "login with *** failed; Pwd=***;x"


def test_the_packaged_driver_is_used_where_the_url_names_none() -> None:
    url, arguments = connect_arguments(make_url("mssql+pyodbc://sa:x@h/d"), 5)

    assert url.query["driver"] == str(packaged_driver())
    assert (arguments["fast_executemany"], arguments["connect_args"]) == (True, {"timeout": 5})


def test_freetds_gets_neither_fast_inserts_nor_parameter_sizes() -> None:
    driver = "/usr/lib/x86_64-linux-gnu/odbc/libtdsodbc.so"

    url, arguments = connect_arguments(make_url(f"mssql+pyodbc://sa:x@h:1433/d?driver={driver}"), 5)

    assert (url.query["driver"], url.query["port"]) == (driver, "1433")
    assert (arguments["fast_executemany"], arguments["use_setinputsizes"]) == (False, False)


@pytest.mark.parametrize(("driver", "sent"), [("FreeTDS", "0001-01-01"), (None, datetime(1, 1, 1))])  # noqa: DTZ001
def test_a_date_goes_to_freetds_as_text_that_no_old_calendar_bends(driver: str | None, sent: object) -> None:
    needs_odbc("mssql+pyodbc")
    url = make_url("mssql+pyodbc://sa@h:1433/d").update_query_dict({"driver": driver} if driver else {})
    dialect = open_engine(str(url)).dialect

    process = sa.Date().dialect_impl(dialect).bind_processor(dialect)

    assert process is not None
    assert (process(date(1, 1, 1)), process(None)) == (sent, None)


def test_no_sql_text_is_built_from_values() -> None:
    """Text given to ``sa.text``, ``exec_driver_sql`` or ``execute`` is a constant, or what SQLAlchemy compiled."""
    built = [
        f"{path.name}:{call.lineno}"
        for path in sorted(SOURCE.rglob("*.py"))
        for call in text_calls(ast.parse(path.read_text(encoding="utf-8")))
        if any(is_built(argument) for argument in call.args[:1])
    ]

    assert built == []


def text_calls(tree: ast.AST) -> Iterator[ast.Call]:
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    named = {"text", "exec_driver_sql", "execute", "SQL", "DDL", "literal_column"}
    return (call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr in named)


def is_built(argument: ast.expr) -> bool:
    """Whether it is an f-string, a concatenation, a ``%`` or a ``format``."""
    if isinstance(argument, ast.BinOp):
        return not all(isinstance(side, ast.Constant | ast.Name) for side in (argument.left, argument.right))
    is_format = (
        isinstance(argument, ast.Call)
        and isinstance(argument.func, ast.Attribute)
        and argument.func.attr == "format"
        and isinstance(argument.func.value, ast.Constant)
    )
    return isinstance(argument, ast.JoinedStr) or is_format
