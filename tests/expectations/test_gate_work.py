"""How much the gate reads: what it compares a load with is read for the load, not again for each of its rows."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from cms.application.ports import Dataset
from cms.config import GateSettings
from cms.warehouse.engine import in_transaction, open_engine
from cms.warehouse.merge_steps import MANY_ROWS, note_statistics
from cms.warehouse.tables import metadata, order_master, staging_orders
from expectations.findings import find
from expectations.rules import Staged
from expectations.suites import suite_of
from tests.expectations.cases import TAKEN
from tests.sqlite_steps import steps_of
from tests.staged_rows import NOW, a_staged_order, know_business, stage

STAGED = 200
READS = 2
"""The dates and hours of the year are read once, its quantities once."""
STEPS_OF_ONE_READ = 80
"""SQLite's steps to read one order of the year and to add it to what is usual: about sixty."""


def judge(connection: sa.Connection, staged: Staged) -> None:
    found = find(connection, suite_of(Dataset.ORDERS), staged, GateSettings(), complete=False)
    assert found.row_failures == ()


def book_of(engine: sa.Engine, orders: int) -> None:
    """A year with that many more orders of the family."""
    usual = a_staged_order(ordered_at=NOW, status="delivered", source_system="erp") | {
        "row_hash": "h",
        "loaded_at": NOW,
        "load_id": "earlier",
    }
    with engine.begin() as connection:
        connection.execute(
            sa.insert(order_master),
            [usual | {"order_id": f"K{number}", "source_order_id": f"K{number}"} for number in range(orders)],
        )


def staged_load(engine: sa.Engine) -> Staged:
    load = stage(engine, Dataset.ORDERS, [a_staged_order(number) for number in range(1, STAGED + 1)])
    return Staged(load=load, tables=metadata.tables, now=NOW)


def test_sqlite_reads_the_year_of_orders_a_few_times_for_a_load(engine: sa.Engine) -> None:
    staged, more = staged_load(engine), 2_000
    few = steps_of(engine, lambda connection: judge(connection, staged))
    book_of(engine, more)

    many = steps_of(engine, lambda connection: judge(connection, staged))

    assert 0 < many - few < more * READS * STEPS_OF_ONE_READ


@pytest.fixture
def postgresql(postgresql_warehouse_url: str) -> Iterator[sa.Engine]:
    engine = open_engine(postgresql_warehouse_url)
    with engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(sa.delete(table))
    yield engine
    engine.dispose()


def test_postgresql_reads_the_year_of_orders_a_few_times_for_a_load(postgresql: sa.Engine) -> None:
    know_business(postgresql, TAKEN)
    staged, more = staged_load(postgresql), 2_000
    book_of(postgresql, more)
    read = sa.text(
        "SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables"
        " WHERE schemaname = 'cms' AND relname = 'order_master'"
    )

    with postgresql.connect() as connection:
        judge(connection, staged)
        assert more <= connection.execute(read).scalar_one() < (READS + 1) * more


def test_postgresql_knows_what_was_staged_before_it_is_judged(postgresql: sa.Engine) -> None:
    know_business(postgresql, TAKEN)
    rows = [a_staged_order(number) for number in range(1, MANY_ROWS + 1)]
    load = stage(postgresql, Dataset.ORDERS, rows)
    known = sa.text(
        "SELECT most_common_vals::text FROM pg_stats"
        " WHERE schemaname = 'cms' AND tablename = 'staging_orders' AND attname = 'load_id'"
    )

    in_transaction(postgresql, lambda connection: note_statistics(connection, load, staging_orders))

    with postgresql.connect() as connection:
        assert load.load_id in connection.execute(known).scalar_one()
