"""What the warehouse already knows of a load's source: the rows it holds, and how large recent loads were."""

import sqlalchemy as sa

from cms.application.ports import Dataset
from expectations.rules import Staged

RECENT_LOADS = 5


def recent_rows(connection: sa.Connection, staged: Staged) -> tuple[int, ...]:
    """Row counts of the latest merged loads of the same dataset and source, newest first."""
    loads = staged.tables["loads"]
    query = (
        sa.select(loads.c.row_count)
        .where(
            loads.c.dataset == staged.load.dataset.value,
            loads.c.source == staged.load.source,
            loads.c.status == "merged",
            loads.c.load_id != staged.load.load_id,
        )
        .order_by(loads.c.staged_at.desc(), loads.c.load_id.desc())
        .limit(RECENT_LOADS)
    )
    return tuple(connection.scalars(query))


def held_rows(connection: sa.Connection, staged: Staged) -> int:
    """Rows of the load's source that a complete snapshot without them would remove; 0 where that is not known."""
    query = _HELD.get(staged.load.dataset)
    return 0 if query is None else connection.scalar(query(staged)) or 0


def _held_customers(staged: Staged) -> sa.Select[int]:
    customers = staged.tables["customer_master"]
    return (
        sa.select(sa.func.count())
        .select_from(customers)
        .where(customers.c.source_system == staged.load.source, customers.c.status == "active")
    )


def _held_orders(staged: Staged) -> sa.Select[int]:
    records = staged.tables["order_source_records"]
    return (
        sa.select(sa.func.count())
        .select_from(records)
        .where(records.c.source_system == staged.load.source, records.c.removed_at.is_(None))
    )


_HELD = {Dataset.CUSTOMERS: _held_customers, Dataset.ORDERS: _held_orders}
