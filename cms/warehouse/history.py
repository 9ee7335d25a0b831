"""The history of master data: who changed what, when, from which values to which."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from cms.warehouse.bulk import insert_rows, read_rows
from cms.warehouse.row_fitting import as_json
from cms.warehouse.tables import record_history

ROWS_AT_ONCE = 2_000


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordChange:
    """One change of one record; only the values that changed."""

    row_key: str
    change_type: str
    old: Mapping[str, Any] | None = None
    new: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class PastChange:
    """A line of the history; `values` are those that the record has had since, or had last."""

    changed_at: datetime
    row_key: str
    change_type: str
    values: Mapping[str, Any]
    actor: str


def past_changes(connection: sa.Connection, table: sa.Table, *, most: int) -> list[PastChange]:
    """The latest changes of a table's records, the newest first."""
    lines = record_history
    query = sa.select(lines).where(lines.c.table_name == table.name).order_by(lines.c.history_id.desc()).limit(most)
    return [
        PastChange(
            changed_at=row["changed_at"],
            row_key=row["row_key"],
            change_type=row["change_type"],
            values=json.loads(row["new_values"] or row["old_values"] or "{}"),
            actor=row["actor"],
        )
        for row in read_rows(connection, query)
    ]


def record_changes(
    connection: sa.Connection, table: sa.Table, changes: Iterable[RecordChange], *, now: datetime, actor: str
) -> None:
    """Write one history line for each change, in the order given."""
    lines: list[dict[str, Any]] = []
    for change in changes:
        lines.append(
            {
                "changed_at": now,
                "table_name": table.name,
                "row_key": change.row_key[:200],
                "change_type": change.change_type,
                "old_values": as_json(change.old) if change.old is not None else None,
                "new_values": as_json(change.new) if change.new is not None else None,
                "actor": actor,
            }
        )
        if len(lines) == ROWS_AT_ONCE:
            insert_rows(connection, record_history, lines)
            lines = []
    insert_rows(connection, record_history, lines)
