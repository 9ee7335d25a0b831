"""SQL queries as sources, on a real PostgreSQL server: types, instants with an offset, and refusals of a server."""

import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import psycopg
import pytest

from cms.domain.errors import SourceError
from cms.order_sources import open_order_source
from tests.integration.order_sources.reading import FIELDS, a_query, keys, read_orders
from tests.postgresql_server import PostgresqlServer

CHANGED = 'SELECT * FROM orders WHERE "Updated" >= :watermark ORDER BY "Updated", "No"'
MAPPED = FIELDS | {"source_updated_at": "Updated"}
pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture
def address(postgresql_server: PostgresqlServer) -> Iterator[str]:
    name = f"orders_{uuid.uuid4().hex[:12]}"
    url = postgresql_server.create_database(name)
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        connection.execute(
            'CREATE TABLE orders ("No" text, "Customer" text, "Qty" numeric, "Due" date, "Updated" timestamptz)'
        )
        connection.execute(
            "INSERT INTO orders VALUES ('007', 'C1', 2.50, '2026-01-13', '2026-01-05 09:00+01'),"
            " ('008', 'C1', 'NaN', '2026-01-14', '2026-01-05 09:00Z'), ('009', 'C1', 1, NULL, '9999-01-01Z')"
        )
    yield url
    postgresql_server.drop_database(name)


def test_native_types_are_read_and_what_is_not_finite_is_named(address: str) -> None:
    first, second, _ = read_orders(a_query(address, 'SELECT * FROM orders ORDER BY "No"', fields=MAPPED))

    assert first.values["quantity"] == Decimal("2.5")
    assert first.values["requested_date"] == date(2026, 1, 13)
    assert first.values["source_updated_at"] == datetime(2026, 1, 5, 8, tzinfo=UTC)
    assert second.values["quantity"] is None
    assert second.problems == ("quantity: 'NaN' in column Qty is not finite",)


def test_the_watermark_is_an_instant_and_the_far_future_does_not_move_it(address: str) -> None:
    source = open_order_source("erp", a_query(address, CHANGED, fields=MAPPED, watermark_column="Updated"), {})

    first = source.read(watermark=None)
    assert keys(list(first.rows)) == ["007", "008", "009"]
    second = source.read(watermark=first.watermark())
    assert keys(list(second.rows)) == ["008", "009"]

    assert first.watermark() == second.watermark()
    assert datetime.fromisoformat(str(first.watermark()).removeprefix("instant:")) == datetime(
        2026, 1, 5, 9, tzinfo=UTC
    )


def test_a_login_that_is_refused_names_the_server_and_not_the_password(address: str) -> None:
    stranger = address.replace("cms_tests@", "stranger:s3cret@")

    with pytest.raises(SourceError) as caught:
        read_orders(a_query(stranger, "SELECT * FROM orders"))

    assert 'role "stranger" does not exist' in str(caught.value)
    assert "check the server, the login" in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_a_table_that_does_not_exist_is_named(address: str) -> None:
    with pytest.raises(SourceError, match=r'relation "ordres" does not exist.*check the query'):
        read_orders(a_query(address, "SELECT * FROM ordres"))


@pytest.mark.parametrize(
    "query",
    [
        'DELETE FROM orders RETURNING "No", "Customer", "Qty", "Due"',
        "WITH gone AS (DELETE FROM orders RETURNING *) SELECT * FROM gone",
        "SELECT * FROM orders; DELETE FROM orders",
    ],
)
def test_a_source_is_only_read(address: str, query: str) -> None:
    with pytest.raises(SourceError, match="check the query"):
        read_orders(a_query(address, query))

    assert len(read_orders(a_query(address, "SELECT * FROM orders"))) == 3
