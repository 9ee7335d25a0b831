"""Merges staged delivery windows: a customer's set becomes what the source says, written only where it differs."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from cms.application.ports import MergeCounts, StagedLoad
from cms.warehouse.bulk import pieces, read_rows
from cms.warehouse.history import RecordChange, record_changes
from cms.warehouse.merge_steps import (
    count_mergeable,
    hold_back_duplicates,
    hold_back_stale,
    insert_missing,
    loaded_columns,
    mergeable,
)
from cms.warehouse.tables import customer_master, delivery_schedules
from cms.warehouse.tables import staging_windows as staged

_FIELDS = ("weekday", "window_start", "window_end", "effective_from", "effective_to")
_SAME_WINDOW = sa.and_(
    delivery_schedules.c.customer_id == staged.c.customer_id, delivery_schedules.c.row_hash == staged.c.row_hash
)


def merge_windows(
    connection: sa.Connection, load: StagedLoad, *, now: datetime, complete: bool, removed_ids: frozenset[str]
) -> MergeCounts:
    """Make the windows of every customer in the load what the load says.

    Parameters
    ----------
    complete : bool
        The load has the windows of every customer of its source: one without rows in it has no windows any more.
    removed_ids : frozenset of str
        Customers that were read and have no windows any more.

    Notes
    -----
    A customer with some rows in quarantine gets the others: each of them is a window the customer does have. One
    whose rows are all in quarantine keeps what it had.
    """
    hold_back_stale(connection, staged, load, customer_master, customer_master.c.customer_id == staged.c.customer_id)
    hold_back_duplicates(connection, staged, load, staged.c.customer_id + sa.literal(" ") + staged.c.row_hash)
    candidates = count_mergeable(connection, staged, load)
    changed = _changed_customers(connection, load)
    emptied = _emptied_customers(connection, load, complete=complete, removed_ids=removed_ids)
    before = _windows(connection, delivery_schedules, [*changed, *emptied])
    removed = sum(_delete_others(connection, load, piece) for piece in pieces(sorted(changed)))
    removed += sum(_delete_all(connection, piece) for piece in pieces(sorted(emptied)))
    inserted = _insert_new(connection, load, now)
    after = _windows(connection, delivery_schedules, changed)
    record_changes(connection, delivery_schedules, _set_changes(before, after), now=now, actor=load.source)
    return MergeCounts(inserted=inserted, unchanged=candidates - inserted, removed=removed)


def _changed_customers(connection: sa.Connection, load: StagedLoad) -> list[str]:
    known = sa.exists(sa.select(sa.literal(1)).select_from(delivery_schedules).where(_SAME_WINDOW))
    with_new = sa.select(staged.c.customer_id).where(mergeable(staged, load), ~known)
    said = sa.exists(sa.select(sa.literal(1)).select_from(staged).where(_SAME_WINDOW, mergeable(staged, load)))
    in_load = sa.select(staged.c.customer_id).where(mergeable(staged, load))
    with_gone = sa.select(delivery_schedules.c.customer_id).where(delivery_schedules.c.customer_id.in_(in_load), ~said)
    return sorted(connection.execute(sa.union(with_new, with_gone)).scalars())


def _emptied_customers(
    connection: sa.Connection, load: StagedLoad, *, complete: bool, removed_ids: frozenset[str]
) -> list[str]:
    in_load = sa.exists(
        sa.select(sa.literal(1))
        .select_from(staged)
        .where(staged.c.load_id == load.load_id, staged.c.customer_id == delivery_schedules.c.customer_id)
    )
    have_windows = sa.select(delivery_schedules.c.customer_id).distinct()
    emptied: set[str] = set()
    for ids in pieces(sorted(removed_ids)):
        emptied.update(
            connection.execute(have_windows.where(delivery_schedules.c.customer_id.in_(ids), ~in_load)).scalars()
        )
    if complete:
        of_source = customer_master.c.source_system == load.source
        same = customer_master.c.customer_id == delivery_schedules.c.customer_id
        emptied.update(connection.execute(have_windows.where(same, of_source, ~in_load)).scalars())
    return sorted(emptied)


def _delete_others(connection: sa.Connection, load: StagedLoad, customer_ids: Sequence[str]) -> int:
    said = sa.exists(sa.select(sa.literal(1)).select_from(staged).where(_SAME_WINDOW, mergeable(staged, load)))
    return connection.execute(
        sa.delete(delivery_schedules).where(delivery_schedules.c.customer_id.in_(customer_ids), ~said)
    ).rowcount


def _delete_all(connection: sa.Connection, customer_ids: Sequence[str]) -> int:
    return connection.execute(
        sa.delete(delivery_schedules).where(delivery_schedules.c.customer_id.in_(customer_ids))
    ).rowcount


def _insert_new(connection: sa.Connection, load: StagedLoad, now: datetime) -> int:
    values: dict[str, Any] = {name: staged.c[name] for name in ("customer_id", *_FIELDS, "row_hash")}
    values |= loaded_columns(load, now)
    return insert_missing(
        connection, delivery_schedules, values, [mergeable(staged, load)], _SAME_WINDOW, arrival=staged.c.row_number
    )


def _windows(
    connection: sa.Connection, table: sa.Table, customer_ids: Sequence[str]
) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {customer_id: [] for customer_id in customer_ids}
    for piece in pieces(sorted(found)):
        query = (
            sa.select(table.c.customer_id, *(table.c[name] for name in _FIELDS))
            .where(table.c.customer_id.in_(piece))
            .order_by(table.c.customer_id, table.c.weekday, table.c.window_start, table.c.window_end)
        )
        for row in read_rows(connection, query):
            found[row["customer_id"]].append({name: row[name] for name in _FIELDS if row[name] is not None})
    return found


def _set_changes(
    before: dict[str, list[dict[str, Any]]], after: dict[str, list[dict[str, Any]]]
) -> Iterator[RecordChange]:
    for customer_id in sorted(before):
        new = after.get(customer_id, [])
        if new != before[customer_id]:
            yield RecordChange(
                row_key=customer_id,
                change_type="windows_changed",
                old={"windows": before[customer_id]},
                new={"windows": new},
            )
