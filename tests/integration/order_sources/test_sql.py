"""SQL queries as sources, on a real SQLite database."""

import sqlite3
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cms.domain.errors import ConfigurationError, SourceError
from cms.order_sources import open_order_source
from tests.integration.order_sources.reading import FIELDS, a_query, keys, read_customers, read_orders

CHANGED = 'SELECT * FROM orders WHERE "Updated" >= :watermark ORDER BY "Updated"'
MAPPED = FIELDS | {"source_updated_at": "Updated"}


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "erp.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute('CREATE TABLE orders ("No", "Customer", "Qty", "Due" DATE, "Updated")')
        connection.executemany(
            "INSERT INTO orders VALUES (?, ?, ?, ?, ?)",
            [
                ("007", "C1", 5, "2026-01-13", "2026-01-05 08:00:00"),
                ("008", "C2", 2.5, "2026-01-14", "2026-01-05 09:00:00"),
            ],
        )
    return path


def url(database: Path) -> str:
    return f"sqlite:///{database}"


def insert(database: Path, *values: Any) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("INSERT INTO orders VALUES (?, ?, ?, ?, ?)", values)


def refused(settings: Any, environment: dict[str, str] | None = None) -> str:
    with pytest.raises(SourceError) as caught:
        read_orders(settings, environment)
    return str(caught.value)


def test_a_query_gives_typed_rows(database: Path) -> None:
    rows = read_orders(a_query(url(database), "SELECT * FROM orders"))

    assert keys(rows) == ["007", "008"]
    assert rows[1].values["quantity"] == Decimal("2.5")
    assert rows[0].values["requested_date"] == date(2026, 1, 13)


def test_a_query_with_a_watermark_reads_from_a_little_before_the_last_update(database: Path) -> None:
    settings = a_query(
        url(database), CHANGED, fields=MAPPED, watermark_column="Updated", initial_watermark="1900-01-01"
    )
    source = open_order_source("erp", settings, {})

    first = source.read(watermark=None)
    assert keys(list(first.rows)) == ["007", "008"]
    assert first.watermark() == "text:2026-01-05 09:00:00"

    insert(database, "009", "C1", 1, "2026-01-15", "2026-01-05 08:59:30")
    second = source.read(watermark=first.watermark())
    assert keys(list(second.rows)) == ["009", "008"]
    assert second.watermark() == first.watermark()
    assert not second.complete()


def test_a_watermark_keeps_its_type(database: Path) -> None:
    fields = {"order_id": "No"}
    by_number = a_query(
        url(database),
        'SELECT "No", rowid AS n FROM orders WHERE rowid >= :watermark',
        fields=fields,
        watermark_column="n",
        initial_watermark=0,
    )
    batch = open_order_source("erp", by_number, {}).read(watermark=None)
    assert keys(list(batch.rows)) == ["007", "008"]
    assert batch.watermark() == "number:2"

    again = open_order_source("erp", by_number, {}).read(watermark="number:2")
    assert keys(list(again.rows)) == ["008"]


def test_an_update_in_the_far_future_does_not_hide_the_later_ones(database: Path) -> None:
    insert(database, "999", "C1", 1, "2026-01-15", "9999-12-31 00:00:00")
    settings = a_query(
        url(database), CHANGED, fields=MAPPED, watermark_column="Updated", initial_watermark="1900-01-01"
    )

    batch = open_order_source("erp", settings, {}).read(watermark=None)

    assert keys(list(batch.rows)) == ["007", "008", "999"]
    assert batch.watermark() == "text:2026-01-05 09:00:00"


def test_nothing_new_keeps_the_watermark(database: Path) -> None:
    settings = a_query(url(database), CHANGED, fields=MAPPED, watermark_column="Updated")

    batch = open_order_source("erp", settings, {}).read(watermark="text:2026-02-01 00:00:00")

    assert list(batch.rows) == []
    assert batch.watermark() == "text:2026-02-01 00:00:00"


def test_a_whole_snapshot_is_complete(database: Path) -> None:
    batch = open_order_source("erp", a_query(url(database), "SELECT * FROM orders", complete=True), {}).read(
        watermark=None
    )

    list(batch.rows)

    assert batch.complete()
    assert batch.watermark() is None


def test_customers_of_a_query_count_once(database: Path) -> None:
    settings = a_query(
        url(database),
        "SELECT 'C1' AS id, 'One' AS name, 'Tue 8-12' AS hours FROM orders",
        fields={"customer_id": "id", "name": "name"},
        dataset="customers",
        windows_column="hours",
    )

    customers, windows = read_customers(settings)

    assert len(customers) == len(windows) == 1


def test_a_bound_watermark_cannot_change_the_query(database: Path) -> None:
    settings = a_query(url(database), CHANGED, fields=MAPPED, watermark_column="Updated")

    batch = open_order_source("erp", settings, {}).read(watermark="text:x'; DROP TABLE orders; --")

    assert list(batch.rows) == []
    assert len(read_orders(a_query(url(database), "SELECT * FROM orders"))) == 2


@pytest.mark.parametrize(
    ("query", "settings", "expected"),
    [
        ("SELECT * FROM ordres", {}, "no such table: ordres; check the server, the login and the names in the query"),
        ("SELEC * FROM orders", {}, "syntax error"),
        ("SELECT * FROM orders WHERE 1 = :other", {}, "'other'"),
        ("DELETE FROM orders", {}, "does not return rows"),
        ('SELECT "No", "No" FROM orders', {}, "more than one column 'No'"),
        (CHANGED, {"watermark_column": "Changed"}, "the query has no column 'Changed' for the watermark"),
        ('SELECT "No" FROM orders', {}, "has no column 'Customer' (for customer_id), 'Qty' (for quantity)"),
    ],
)
def test_a_query_that_cannot_be_used_is_refused_by_name(
    database: Path, query: str, settings: dict[str, Any], expected: str
) -> None:
    message = refused(a_query(url(database), query, **settings))

    assert "source 'erp'" in message or "database sqlite" in message
    assert expected in message


def test_a_database_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    missing = tmp_path / "nowhere.db"

    assert "does not exist" in refused(a_query(url(missing), "SELECT 1"))
    assert not missing.exists()


def test_a_server_that_is_not_there_is_told_without_its_password() -> None:
    settings = a_query("postgresql+psycopg://erp:${ERP_PASSWORD}@127.0.0.1:1/erp", "SELECT 1", timeout_seconds=2)

    message = refused(settings, {"ERP_PASSWORD": "s3cr@t/p:w"})

    assert "postgresql+psycopg://erp:***@127.0.0.1:1/erp" in message
    assert "s3cr" not in message
    assert "check the server, the login" in message


def test_a_driver_that_is_not_installed_is_told() -> None:
    assert "install the database's driver" in refused(a_query("oracle+oracledb://a@127.0.0.1/x", "SELECT 1"))
    assert "check the query" in refused(a_query("nosuchdb://a@127.0.0.1/x", "SELECT 1"))


def test_the_whole_address_may_come_from_the_environment(database: Path) -> None:
    rows = read_orders(a_query("${ERP_URL}", "SELECT * FROM orders"), {"ERP_URL": url(database)})

    assert len(rows) == 2


@pytest.mark.parametrize(
    ("address", "environment", "expected"),
    [
        ("${ERP_URL}", {}, "sources.erp.url: set ERP_URL in the environment"),
        ("${ERP_URL}", {"ERP_URL": "secret"}, "sources.erp.url: must be an SQLAlchemy address such as"),
        ("postgresql://u:${PW}@h/d", {}, "sources.erp.url: set PW in the environment"),
    ],
)
def test_an_address_that_cannot_be_used_is_a_wrong_setting(
    address: str, environment: dict[str, str], expected: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_order_source("erp", a_query(address, "SELECT 1"), environment)

    assert expected in str(caught.value)
    assert "secret" not in str(caught.value)


def test_an_instant_of_the_database_is_bound_as_an_instant(database: Path) -> None:
    settings = a_query(url(database), CHANGED, fields=MAPPED, watermark_column="Updated")

    batch = open_order_source("erp", settings, {}).read(
        watermark=f"instant:{datetime.fromisoformat('2026-01-05T08:30:00').isoformat()}"
    )

    assert keys(list(batch.rows)) == ["008"]
