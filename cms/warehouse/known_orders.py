"""Merges the orders that several records describe, or that a record has left: read, decided by a rule, written back."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from cms.aggregation.order_merge import FieldConflict, MergedOrder
from cms.application.ports import StagedLoad
from cms.domain.orders import OrderStatus, may_become
from cms.warehouse.bulk import insert_rows, pieces, read_rows
from cms.warehouse.merge_steps import loaded_columns
from cms.warehouse.tables import customer_master, order_conflicts, order_master
from cms.warehouse.tables import order_source_records as records

Record = Mapping[str, Any]
"""A row of ``order_source_records``."""


RecordMerger = Callable[[Sequence[Record], OrderStatus | None], MergedOrder]
"""Makes one order of its records, those that left their source included, given the status it has."""


@dataclass(kw_only=True, slots=True)
class SharedCounts:
    """What became of the orders that were merged one by one."""

    inserted: int = 0
    updated: int = 0
    removed: int = 0
    conflicts: list[str] = field(default_factory=list)


def merge_known_orders(
    connection: sa.Connection, order_ids: Iterable[str], *, load: StagedLoad, now: datetime, merger: RecordMerger
) -> SharedCounts:
    """Merge each order anew from its records; an order without any is cancelled where its life allows that."""
    counts = SharedCounts()
    for piece in pieces(sorted(set(order_ids))):
        _merge_piece(connection, piece, load=load, now=now, merger=merger, counts=counts)
    return counts


def _merge_piece(
    connection: sa.Connection,
    order_ids: Sequence[str],
    *,
    load: StagedLoad,
    now: datetime,
    merger: RecordMerger,
    counts: SharedCounts,
) -> None:
    known = _records(connection, order_ids)
    existing = _existing_orders(connection, order_ids)
    priorities = _customer_priorities(connection, known)
    new, changed, contested = [], [], []
    for order_id in order_ids:
        old = existing.get(order_id)
        if order_id not in known:
            counts.removed += _cancel(connection, old, load, now)
            continue
        merged = merger(known[order_id], _standing_status(old) if old else None)
        contested += [_conflict_row(order_id, conflict, now) for conflict in merged.conflicts]
        counts.conflicts += [_sentence(order_id, c) for c in merged.conflicts]
        counts.conflicts += [f"order {order_id}: {note}" for note in merged.notes]
        if merged.removed and old is not None:
            counts.removed += _cancel(connection, old, load, now)
            continue
        row = _row(order_id, merged, old, priorities) | loaded_columns(load, now)
        if old is None:
            new.append(row)
        elif _differs(old, row):
            changed.append(row)
    insert_rows(connection, order_master, new)
    _update(connection, changed)
    _replace_conflicts(connection, order_ids, contested)
    counts.inserted += len(new)
    counts.updated += len(changed)


def _records(connection: sa.Connection, order_ids: Sequence[str]) -> dict[str, list[Record]]:
    query = (
        sa.select(records)
        .where(records.c.order_id.in_(order_ids))
        .order_by(records.c.order_id, records.c.source_system, records.c.source_order_id)
    )
    found: dict[str, list[Record]] = {}
    for row in read_rows(connection, query):
        found.setdefault(row["order_id"], []).append(row)
    return found


def _existing_orders(connection: sa.Connection, order_ids: Sequence[str]) -> dict[str, Record]:
    query = sa.select(order_master).where(order_master.c.order_id.in_(order_ids))
    return {row["order_id"]: row for row in read_rows(connection, query)}


def _customer_priorities(connection: sa.Connection, known: Mapping[str, Sequence[Record]]) -> dict[str, int]:
    wanted = {str(record["customer_id"]) for of_order in known.values() for record in of_order}
    found: dict[str, int] = {}
    for piece in pieces(sorted(wanted)):
        query = sa.select(customer_master.c.customer_id, customer_master.c.priority)
        found |= dict(connection.execute(query.where(customer_master.c.customer_id.in_(piece))).all())
    return found


def _row(order_id: str, merged: MergedOrder, old: Record | None, priorities: Mapping[str, int]) -> dict[str, Any]:
    row = dict(merged.values) | {"order_id": order_id}
    if old is not None and row["status"] == old["status"]:
        # an order that keeps its status keeps the instants that go with it
        row |= {name: row[name] or old[name] for name in ("shipped_at", "delivered_at")}
    if row.get("priority") is None:
        row["priority"] = priorities.get(str(row["customer_id"]))
    hashed = [(name, row[name]) for name in sorted(row) if name != "source_updated_at"]
    row["row_hash"] = hashlib.blake2b(repr(hashed).encode(), digest_size=16).hexdigest()
    return row


def _standing_status(old: Record) -> OrderStatus:
    """What the order is, or was before its sources dropped it: coming back is no step of its life."""
    return OrderStatus(old["status_before_removal"] or old["status"])


def _differs(old: Record, row: Mapping[str, Any]) -> bool:
    bookkeeping = {"row_hash", "loaded_at", "load_id", "source_updated_at"}
    return any(old[name] != value for name, value in row.items() if name not in bookkeeping)


def _cancel(connection: sa.Connection, old: Record | None, load: StagedLoad, now: datetime) -> int:
    if old is None or old["status"] == OrderStatus.CANCELLED.value:
        return 0
    if not may_become(OrderStatus(old["status"]), OrderStatus.CANCELLED):
        return 0
    return connection.execute(
        sa.update(order_master)
        .where(order_master.c.order_id == old["order_id"])
        .values(status=OrderStatus.CANCELLED.value, status_before_removal=old["status"], **loaded_columns(load, now))
    ).rowcount


def _update(connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        return
    names = [name for name in rows[0] if name != "order_id"]
    statement = (
        sa.update(order_master)
        .where(order_master.c.order_id == sa.bindparam("b_order_id"))
        .values({name: sa.bindparam(f"b_{name}") for name in names})
    )
    connection.execute(statement, [{f"b_{name}": value for name, value in row.items()} for row in rows])


def _conflict_row(order_id: str, conflict: FieldConflict, now: datetime) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "field": conflict.field,
        "chosen_source": conflict.chosen_source,
        "chosen_value": conflict.chosen_value,
        "other_source": conflict.other_source,
        "other_value": conflict.other_value,
        "found_at": now,
    }


def _replace_conflicts(
    connection: sa.Connection, order_ids: Sequence[str], contested: Sequence[dict[str, Any]]
) -> None:
    connection.execute(sa.delete(order_conflicts).where(order_conflicts.c.order_id.in_(order_ids)))
    insert_rows(connection, order_conflicts, contested)


def _sentence(order_id: str, conflict: FieldConflict) -> str:
    return (
        f"order {order_id}: {conflict.field} is {conflict.chosen_value} by {conflict.chosen_source}, "
        f"{conflict.other_value} by {conflict.other_source}; the first was taken"
    )
