"""Merges staged customers into the customer master: written only where something changed, with its history."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from cms.application.ports import MergeCounts, StagedLoad
from cms.domain.customers import Channel, CustomerStatus, RolloutCohort
from cms.warehouse.bulk import read_rows
from cms.warehouse.customer_blackouts import save_blackouts
from cms.warehouse.history import RecordChange, record_changes
from cms.warehouse.merge_steps import (
    count_mergeable,
    hold_back_duplicates,
    hold_back_stale,
    in_pieces,
    insert_missing,
    loaded_columns,
    mergeable,
    note_newer_updates,
)
from cms.warehouse.tables import customer_master, record_history
from cms.warehouse.tables import staging_customers as staged

_DEFAULTS: dict[str, Any] = {
    "status": CustomerStatus.ACTIVE.value,
    "priority": 3,
    "time_zone": "UTC",
    "transit_days": 0,
    "max_early_days": 5,
    "allows_split": False,
    "preferred_channel": Channel.EMAIL.value,
    "rollout_cohort": RolloutCohort.SCHEDULING.value,
}
"""What holds where the source has no such field; the same as in ``cms.domain.customers``."""

_FIELDS = (
    "source_item_id",
    "name",
    "status",
    "priority",
    "time_zone",
    "transit_days",
    "max_early_days",
    "allows_split",
    "contact_email",
    "contact_phone",
    "preferred_channel",
    "rollout_cohort",
)
_SAME_KEY = customer_master.c.customer_id == staged.c.customer_id


def merge_customers(
    connection: sa.Connection, load: StagedLoad, *, now: datetime, complete: bool, removed_ids: frozenset[str]
) -> MergeCounts:
    """Bring the customer master up to what the source says.

    A customer that a complete load does not have, or that the source says is removed, is deactivated, never deleted;
    one that comes back is active again.
    """
    hold_back_duplicates(connection, staged, load, staged.c.customer_id)
    hold_back_stale(connection, staged, load, customer_master, _SAME_KEY)
    candidates = count_mergeable(connection, staged, load)
    updated = _update_changed(connection, load, now)
    note_newer_updates(connection, customer_master, staged, load, _SAME_KEY)
    inserted = _insert_new(connection, load, now)
    save_blackouts(connection, load, now=now)
    # last: what the source says is removed was asked after the rows were read
    removed = _deactivate_removed(connection, load, removed_ids, now)
    if complete:
        removed += _deactivate_missing(connection, load, now)
    return MergeCounts(inserted=inserted, updated=updated, unchanged=candidates - inserted - updated, removed=removed)


def _values() -> dict[str, Any]:
    return {
        name: sa.func.coalesce(staged.c[name], _literal(name)) if name in _DEFAULTS else staged.c[name]
        for name in _FIELDS
    }


def _literal(name: str) -> sa.ColumnElement[Any]:
    return sa.literal(_DEFAULTS[name], customer_master.c[name].type)


def _is_changed() -> sa.ColumnElement[bool]:
    # the status is compared beside the hash: a customer that was deactivated comes back with the same row
    return sa.or_(
        customer_master.c.row_hash != staged.c.row_hash,
        customer_master.c.status != sa.func.coalesce(staged.c.status, _literal("status")),
    )


def _update_changed(connection: sa.Connection, load: StagedLoad, now: datetime) -> int:
    changed = sa.and_(_SAME_KEY, mergeable(staged, load), _is_changed())
    record_changes(connection, customer_master, _field_changes(connection, changed), now=now, actor=load.source)
    is_inactive = sa.func.coalesce(staged.c.status, _literal("status")) == CustomerStatus.INACTIVE.value
    since = sa.func.coalesce(customer_master.c.deactivated_at, sa.literal(now, customer_master.c.deactivated_at.type))
    return connection.execute(
        sa.update(customer_master)
        .where(changed)
        .values(
            **_values(),
            source_system=load.source,
            source_updated_at=sa.func.coalesce(staged.c.source_updated_at, customer_master.c.source_updated_at),
            deactivated_at=sa.case((is_inactive, since), else_=sa.null()),
            row_hash=staged.c.row_hash,
            **loaded_columns(load, now),
        )
    ).rowcount


def _field_changes(connection: sa.Connection, changed: sa.ColumnElement[bool]) -> Iterator[RecordChange]:
    new = _values()
    query = (
        sa.select(
            customer_master.c.customer_id,
            *(customer_master.c[name].label(f"old_{name}") for name in _FIELDS),
            *(new[name].label(f"new_{name}") for name in _FIELDS),
        )
        .where(changed)
        .order_by(customer_master.c.customer_id)
    )
    for row in read_rows(connection, query):
        differing = [name for name in _FIELDS if row[f"old_{name}"] != row[f"new_{name}"]]
        yield RecordChange(
            row_key=row["customer_id"],
            change_type="updated",
            old={name: row[f"old_{name}"] for name in differing},
            new={name: row[f"new_{name}"] for name in differing},
        )


def _insert_new(connection: sa.Connection, load: StagedLoad, now: datetime) -> int:
    _note_new(connection, load, now)
    is_inactive = staged.c.status == CustomerStatus.INACTIVE.value
    values = {
        "customer_id": staged.c.customer_id,
        **_values(),
        "source_system": load.source,
        "source_updated_at": staged.c.source_updated_at,
        "deactivated_at": sa.case(
            (is_inactive, sa.literal(now, customer_master.c.deactivated_at.type)), else_=sa.null()
        ),
        "row_hash": staged.c.row_hash,
        **loaded_columns(load, now),
    }
    return insert_missing(
        connection, customer_master, values, [mergeable(staged, load)], _SAME_KEY, arrival=staged.c.row_number
    )


def _note_new(connection: sa.Connection, load: StagedLoad, now: datetime) -> None:
    known = sa.exists(sa.select(sa.literal(1)).select_from(customer_master).where(_SAME_KEY))
    lines = sa.select(
        sa.literal(now, record_history.c.changed_at.type),
        sa.literal(customer_master.name, record_history.c.table_name.type),
        staged.c.customer_id,
        sa.literal("inserted", record_history.c.change_type.type),
        sa.literal(load.source, record_history.c.actor.type),
    ).where(mergeable(staged, load), ~known)
    columns = ["changed_at", "table_name", "row_key", "change_type", "actor"]
    connection.execute(sa.insert(record_history).from_select(columns, lines))


def _deactivate_missing(connection: sa.Connection, load: StagedLoad, now: datetime) -> int:
    # a quarantined row is still in the source: its customer is not missing
    listed = sa.exists(sa.select(sa.literal(1)).select_from(staged).where(_SAME_KEY, staged.c.load_id == load.load_id))
    return _deactivate(connection, load, ~listed, now)


def _deactivate_removed(connection: sa.Connection, load: StagedLoad, removed_ids: frozenset[str], now: datetime) -> int:
    return in_pieces(
        removed_ids,
        lambda ids: _deactivate(
            connection,
            load,
            sa.or_(customer_master.c.source_item_id.in_(ids), customer_master.c.customer_id.in_(ids)),
            now,
        ),
    )


def _deactivate(connection: sa.Connection, load: StagedLoad, gone: sa.ColumnElement[bool], now: datetime) -> int:
    leaving = sa.and_(
        customer_master.c.source_system == load.source,
        customer_master.c.status == CustomerStatus.ACTIVE.value,
        gone,
    )
    ids = connection.execute(
        sa.select(customer_master.c.customer_id).where(leaving).order_by(customer_master.c.customer_id)
    ).scalars()
    changes = [
        RecordChange(
            row_key=customer_id, change_type="deactivated", old={"status": "active"}, new={"status": "inactive"}
        )
        for customer_id in ids
    ]
    record_changes(connection, customer_master, changes, now=now, actor=load.source)
    return connection.execute(
        sa.update(customer_master)
        .where(leaving)
        .values(status=CustomerStatus.INACTIVE.value, deactivated_at=now, **loaded_columns(load, now))
    ).rowcount
