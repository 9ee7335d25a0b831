from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from cms.application.ports import Dataset, SourceRow
from cms.domain.errors import SourceError
from cms.warehouse import staging
from cms.warehouse.engine import in_transaction
from cms.warehouse.staging import ABANDONED_AFTER
from cms.warehouse.tables import loads, staging_orders
from cms.warehouse.warehouse import Warehouse
from tests.integration.warehouse.loading import NOW, count_of, order_row, rows_of


def staged_order(warehouse: Warehouse, **values: Any) -> dict[str, Any]:
    warehouse.loads.stage(Dataset.ORDERS, [order_row("O1", **values)], source="erp", now=NOW)
    names = [column.name for column in staging_orders.columns]
    return dict(zip(names, rows_of(warehouse, staging_orders, *names)[0], strict=True))


def test_every_value_stands_in_staging_as_it_was_read(warehouse: Warehouse) -> None:
    row = staged_order(
        warehouse,
        quantity=Decimal("0.1234"),
        ordered_at=datetime(2026, 3, 29, 2, 30, 15, 123456, tzinfo=UTC),
        product_family="Größe ½ — 漢字 😀 'quoted'; DROP TABLE order_master; --",
        priority=None,
    )

    assert row["quantity"] == Decimal("0.1234")
    assert row["ordered_at"] == datetime(2026, 3, 29, 2, 30, 15, 123456, tzinfo=UTC)
    assert row["product_family"] == "Größe ½ — 漢字 😀 'quoted'; DROP TABLE order_master; --"
    assert (row["priority"], row["problems"], row["outcome"]) == (None, None, None)


@pytest.mark.parametrize(
    ("column", "value", "problem"),
    [
        ("product_family", "x" * 201, "product_family: 201 characters, at most 200 fit"),
        ("product_family", "\U0001f600" * 101, "product_family: 202 characters, at most 200 fit"),
        ("product_family", "a\x00b", "product_family: holds characters that no database keeps"),
        ("product_family", "a\ud800b", "product_family: holds characters that no database keeps"),
        ("priority", 2**31, "priority: must be between -2147483648 and 2147483647, found 2147483648"),
        ("priority", 1.5, "priority: must be a whole number, found 1.5"),
        ("quantity", Decimal("1e15"), "quantity: must be smaller than 100000000000000, found 1E+15"),
        ("quantity", float("nan"), "quantity: must be a finite number, found nan"),
        ("quantity", Decimal("Infinity"), "quantity: must be a finite number"),
        ("quantity", "12", "quantity: must be a number, found '12'"),
        ("ordered_at", datetime(2026, 1, 1), "ordered_at: must carry an offset"),  # noqa: DTZ001
        ("requested_date", datetime(2026, 1, 1, tzinfo=UTC), "requested_date: must be a date"),
    ],
)
def test_a_value_that_does_not_fit_is_left_out_and_named(
    warehouse: Warehouse, column: str, value: object, problem: str
) -> None:
    row = staged_order(warehouse, **{column: value})

    assert row[column] is None
    assert row["problems"].startswith(problem)


def test_the_hash_sees_every_value_and_not_its_form(sqlite_warehouse: Warehouse) -> None:
    same = [
        order_row("O1", quantity=Decimal(100)),
        order_row("O1", quantity=Decimal("100.00")),
        order_row("O1", quantity=100.0),
        order_row("O1", source_updated_at=None),
        order_row("O1", ordered_at=datetime.fromisoformat("2026-01-02T10:00:00+01:00")),
    ]
    different = [
        order_row("O1", quantity=Decimal("100.0001")),
        order_row("O1", promised_date=date(2026, 1, 1)),
        order_row("O1", release_date=date(2026, 1, 1)),
    ]

    sqlite_warehouse.loads.stage(Dataset.ORDERS, [*same, *different], source="erp", now=NOW)

    hashes = dict(rows_of(sqlite_warehouse, staging_orders, "row_number", "row_hash"))
    assert len({hashes[number] for number in range(1, 6)}) == 1
    assert len({hashes[number] for number in range(5, 9)}) == 4


def test_a_field_that_no_column_takes_refuses_the_source(warehouse: Warehouse) -> None:
    row = SourceRow(values={"order_id": "O1", "colour": "red"}, raw={})

    with pytest.raises(SourceError, match="staging_orders has no column for colour"):
        warehouse.loads.stage(Dataset.ORDERS, [row], source="erp", now=NOW)

    assert count_of(warehouse, staging_orders) == 0


def test_rows_of_a_process_that_vanished_are_cleared_by_a_later_load(warehouse: Warehouse) -> None:
    warehouse.loads.stage(Dataset.ORDERS, [order_row("O1")], source="erp", now=NOW)
    much_later = NOW + ABANDONED_AFTER + timedelta(minutes=1)

    warehouse.loads.stage(Dataset.ORDERS, [order_row("O2")], source="erp", now=much_later)

    assert rows_of(warehouse, staging_orders, "order_id") == [("O2",)]
    assert rows_of(warehouse, loads, "status") == [("abandoned",), ("staged",)]


def test_progress_is_told_in_rows(sqlite_warehouse: Warehouse) -> None:
    seen: list[tuple[str, int, int | None]] = []

    sqlite_warehouse.loads.stage(
        Dataset.ORDERS,
        (order_row(f"O{number}") for number in range(5_001)),
        source="erp",
        now=NOW,
        progress=lambda stage, done, total: seen.append((stage, done, total)),
    )

    assert seen == [("staging order_master", 5_000, None), ("staging order_master", 5_001, None)]


def test_a_source_that_fails_in_a_later_chunk_leaves_nothing_staged(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "CHUNK_ROWS", 2)

    def rows() -> Iterator[SourceRow]:
        yield from (order_row(f"O{number}") for number in range(5))
        raise SourceError("the source hung up")

    with pytest.raises(SourceError, match="hung up"):
        warehouse.loads.stage(Dataset.ORDERS, rows(), source="erp", now=NOW)

    assert count_of(warehouse, staging_orders) == 0
    assert rows_of(warehouse, loads, "status") == [("abandoned",)]


FAIL_ONCE = """
CREATE SEQUENCE cms.tries;
CREATE FUNCTION cms.fail_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.row_number = 4 AND nextval('cms.tries') = 1 THEN
    RAISE EXCEPTION 'could not serialize access' USING ERRCODE = '40001';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER fail_once BEFORE INSERT ON cms.staging_orders FOR EACH ROW EXECUTE FUNCTION cms.fail_once()
"""
NEVER_FAIL = "DROP FUNCTION cms.fail_once CASCADE; DROP SEQUENCE cms.tries"


def test_a_chunk_that_must_be_written_again_has_each_of_its_rows_once(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    if warehouse.engine.dialect.name != "postgresql":
        pytest.skip("only there rows are written while they are being read")
    monkeypatch.setattr(staging, "CHUNK_ROWS", 3)
    in_transaction(warehouse.engine, lambda connection: connection.execute(sa.text(FAIL_ONCE)))
    try:
        rows = (order_row(f"O{number}") for number in range(1, 8))
        load = warehouse.loads.stage(Dataset.ORDERS, rows, source="erp", now=NOW)
        with warehouse.engine.connect() as connection:
            tries = connection.execute(sa.text("SELECT last_value FROM cms.tries")).scalar_one()
    finally:
        in_transaction(warehouse.engine, lambda connection: connection.execute(sa.text(NEVER_FAIL)))

    assert (load.row_count, tries) == (7, 2)
    staged = rows_of(warehouse, staging_orders, "row_number", "order_id")
    assert sorted(staged) == [(number, f"O{number}") for number in range(1, 8)]
