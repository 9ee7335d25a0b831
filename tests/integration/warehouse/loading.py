"""Loads for tests: source rows that hide all but the point, and one call that stages, judges and merges."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from cms.application.ports import Dataset, GateVerdict, MergeCounts, RowFailure, SourceRow
from cms.warehouse.engine import reading
from cms.warehouse.warehouse import Warehouse

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
EARLIER = datetime(2026, 1, 4, 12, tzinfo=UTC)
LATER = datetime(2026, 1, 6, 12, tzinfo=UTC)


def customer_row(customer_id: str = "C1", **changes: Any) -> SourceRow:
    values = {
        "customer_id": customer_id,
        "source_item_id": f"item-{customer_id}",
        "name": f"Customer {customer_id}",
        "status": "active",
        "priority": 2,
        "source_updated_at": NOW,
    }
    return _row(values | changes)


def window_row(customer_id: str = "C1", *, weekday: int = 1, **changes: Any) -> SourceRow:
    values = {
        "customer_id": customer_id,
        "weekday": weekday,
        "window_start": time(8),
        "window_end": time(12),
        "source_updated_at": NOW,
    }
    return _row(values | changes)


def order_row(order_id: str = "O1", **changes: Any) -> SourceRow:
    values = {
        "order_id": order_id,
        "source_order_id": order_id,
        "customer_id": "C1",
        "product_family": "standard",
        "quantity": Decimal(100),
        "ordered_at": datetime(2026, 1, 2, 9, tzinfo=UTC),
        "requested_date": date(2026, 1, 13),
        "source_updated_at": NOW,
    }
    return _row(values | changes)


def load(
    warehouse: Warehouse,
    dataset: Dataset,
    rows: Iterable[SourceRow],
    *,
    source: str = "erp",
    failures: Sequence[RowFailure] = (),
    now: datetime = NOW,
    **options: Any,
) -> MergeCounts:
    staged = warehouse.loads.stage(dataset, rows, source=source, now=now)
    verdict = GateVerdict(load_id=staged.load_id, outcomes=(), row_failures=tuple(failures))
    return warehouse.loads.merge(staged, verdict, now=now, **options)


def know_customers(warehouse: Warehouse, *customer_ids: str) -> None:
    load(warehouse, Dataset.CUSTOMERS, [customer_row(customer_id) for customer_id in customer_ids or ("C1",)])


def load_orders(warehouse: Warehouse, *rows: SourceRow, **options: Any) -> MergeCounts:
    return load(warehouse, Dataset.ORDERS, rows, **options)


def bad_row(row_number: int, reason: str = "quantity: must be more than 0, found -1") -> RowFailure:
    return RowFailure(
        row_number=row_number, expectation="a quantity is positive", column="quantity", value="-1", reason=reason
    )


def rows_of(warehouse: Warehouse, table: sa.Table, *columns: str) -> list[tuple[Any, ...]]:
    """Every row of a table, only the columns named, in order."""
    chosen = [table.c[name] for name in columns]
    with reading(warehouse.engine) as connection:
        return sorted((tuple(row) for row in connection.execute(sa.select(*chosen))), key=repr)


def count_of(warehouse: Warehouse, table: sa.Table) -> int:
    with reading(warehouse.engine) as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def _row(values: dict[str, Any]) -> SourceRow:
    return SourceRow(values=values, raw={name: str(value) for name, value in values.items() if value is not None})
