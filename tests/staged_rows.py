"""Rows that wait for their gate, and a warehouse that holds them; a row keeps every rule unless a test changes it."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from cms.application.ports import Dataset, StagedLoad
from cms.warehouse.engine import open_engine
from cms.warehouse.tables import customer_master, metadata, order_master, order_source_records, routings
from expectations.rules import STAGING_TABLES

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
SOURCES = {Dataset.CUSTOMERS: "board", Dataset.WINDOWS: "board", Dataset.ORDERS: "erp"}
Row = dict[str, Any]
FIRST_USUAL_MONDAY = datetime(2025, 6, 16, tzinfo=UTC)
USUAL_ORDERS = 400


def a_staged_order(number: int = 1, **changes: Any) -> Row:
    return {
        "order_id": f"O{number}",
        "source_order_id": f"S{number}",
        "customer_id": "C1",
        "order_type": "standard",
        "priority": 3,
        "product_family": "pumps",
        "quantity": Decimal(40),
        "delivered_quantity": Decimal(0),
        "ordered_at": datetime(2026, 1, 2, 9, tzinfo=UTC),
        "requested_date": date(2026, 1, 20),
        "promised_date": date(2026, 1, 21),
        "release_date": date(2026, 1, 6),
        "status": "open",
        "shipped_at": None,
        "delivered_at": None,
        "source_updated_at": datetime(2026, 1, 4, 9, tzinfo=UTC),
    } | changes


def a_staged_customer(number: int = 1, **changes: Any) -> Row:
    return {
        "customer_id": f"C{number}",
        "source_item_id": f"{1000 + number}",
        "name": f"Customer {number}",
        "status": "active",
        "priority": 3,
        "time_zone": "Europe/Berlin",
        "transit_days": 1,
        "max_early_days": 5,
        "allows_split": False,
        "contact_email": f"receiving@customer{number}.example",
        "contact_phone": "+49 30 1234567",
        "preferred_channel": "email",
        "rollout_cohort": "scheduling",
        "source_updated_at": datetime(2026, 1, 4, 9, tzinfo=UTC),
    } | changes


def a_staged_window(number: int = 1, **changes: Any) -> Row:
    return {
        "customer_id": "C1",
        "weekday": number % 7,
        "window_start": time(8),
        "window_end": time(12),
        "effective_from": None,
        "effective_to": None,
        "source_updated_at": datetime(2026, 1, 4, 9, tzinfo=UTC),
    } | changes


A_STAGED = {
    Dataset.CUSTOMERS: a_staged_customer,
    Dataset.WINDOWS: a_staged_window,
    Dataset.ORDERS: a_staged_order,
}


def open_warehouse(path: Path) -> sa.Engine:
    """An empty SQLite warehouse."""
    engine = open_engine(f"sqlite:///{path}")
    metadata.create_all(engine)
    return engine


def know_customers(engine: sa.Engine, *customer_ids: str, source: str = "board", status: str = "active") -> None:
    """Put customers into the customer master."""
    with engine.begin() as connection:
        connection.execute(
            sa.insert(customer_master),
            [
                {
                    "customer_id": customer_id,
                    "source_system": source,
                    "name": customer_id,
                    "status": status,
                    "priority": 3,
                    "time_zone": "UTC",
                    "transit_days": 0,
                    "max_early_days": 5,
                    "allows_split": False,
                    "preferred_channel": "email",
                    "rollout_cohort": "scheduling",
                    "row_hash": "h",
                    "loaded_at": NOW,
                    "load_id": "earlier",
                }
                for customer_id in customer_ids
            ],
        )


def know_business(engine: sa.Engine, record: Mapping[str, Any]) -> None:
    """What the rules compare with: customers, the record of an earlier order, usual orders of pumps, their routing."""
    know_customers(engine, "C1")
    know_customers(engine, "ELSEWHERE", source="other")
    earlier = {"row_hash": "h", "loaded_at": NOW, "load_id": "earlier"}
    with engine.begin() as connection:
        connection.execute(sa.insert(order_source_records), [{**record, **earlier, "source_system": "erp"}])
        connection.execute(sa.insert(order_master), [_usual_order(number) | earlier for number in range(USUAL_ORDERS)])
        routing = {"routing_id": "pumps", "product_family": "pumps", "cost": 1, "loaded_at": NOW, "load_id": "earlier"}
        connection.execute(sa.insert(routings), [routing])


def _usual_order(number: int) -> Row:
    """Up to 400 pumps, ordered at 8 to 16 o'clock for a working day one to three weeks later."""
    ordered = FIRST_USUAL_MONDAY + timedelta(days=number % 5, hours=8 + number % 9)
    requested = ordered.date() + timedelta(weeks=1 + number % 3)
    return a_staged_order(
        order_id=f"U{number}",
        source_order_id=f"U{number}",
        quantity=Decimal(4 + number % 397),
        ordered_at=ordered,
        requested_date=requested,
        promised_date=requested + timedelta(days=number % 3),
        release_date=None,
        status="delivered",
        source_system="erp",
    )


def _hash_of(row: Mapping[str, Any]) -> str:
    said = sorted((name, value) for name, value in row.items() if name != "source_updated_at")
    return hashlib.sha256(repr(said).encode()).hexdigest()


def stage(engine: sa.Engine, dataset: Dataset, rows: Sequence[Mapping[str, Any]], load_id: str = "load") -> StagedLoad:
    """Put rows into the staging table of a dataset."""
    staged = [
        {
            "load_id": load_id,
            "row_number": number,
            "problems": None,
            "raw": "{}",
            "row_hash": _hash_of(row),
            **row,
        }
        for number, row in enumerate(rows, 1)
    ]
    if staged:
        with engine.begin() as connection:
            connection.execute(sa.insert(metadata.tables[STAGING_TABLES[dataset]]), staged)
    return StagedLoad(load_id=load_id, dataset=dataset, source=SOURCES[dataset], row_count=len(staged), staged_at=NOW)
