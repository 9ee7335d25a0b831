"""Keeps the rows that did not pass their gate, each once, until a steward decides or the source sends them right."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from cms.application.ports import Dataset, RowFailure, StagedLoad
from cms.warehouse.bulk import insert_rows, pieces, read_rows
from cms.warehouse.merge_steps import mergeable
from cms.warehouse.staged_values import values_as_json
from cms.warehouse.tables import quarantine, staging_customers, staging_orders, staging_windows

KEY_OF = {
    Dataset.CUSTOMERS: staging_customers.c.customer_id,
    Dataset.WINDOWS: staging_windows.c.customer_id,
    Dataset.ORDERS: staging_orders.c.source_order_id,
}
"""The column by which a source's row is known again when it comes anew."""

WAITING, REJECTED, RESOLVED = "waiting", "rejected", "resolved"
Row = dict[str, Any]


def quarantine_rows(
    connection: sa.Connection, staging: sa.Table, load: StagedLoad, failures: Iterable[RowFailure], *, now: datetime
) -> int:
    """Put failed rows into quarantine, one line for a row with all its reasons; how many rows failed.

    The same bad row of an earlier load that still waits, or that a steward rejected, is left alone. A different bad
    row with the same key takes the place of the one that waits.
    """
    by_row = _by_row(failures)
    for numbers in pieces(sorted(by_row)):
        rows = _staged_rows(connection, staging, load, numbers)
        _quarantine_piece(connection, load, [_line(row, by_row[row["row_number"]], load, now) for row in rows], now)
    return len(by_row)


def resolve_arrived(connection: sa.Connection, staging: sa.Table, load: StagedLoad, *, now: datetime) -> int:
    """Rows that waited and whose key has now arrived right are resolved."""
    # of itself, so that the load is read once: a question about each row that waits reads it as often
    arrived = sa.select(KEY_OF[load.dataset]).where(mergeable(staging, load))
    return connection.execute(
        sa.update(quarantine)
        .where(*_waiting_of(load), quarantine.c.row_key.in_(arrived))
        .values(status=RESOLVED, decided_at=now, decided_by=load.load_id)
    ).rowcount


def _by_row(failures: Iterable[RowFailure]) -> dict[int, list[RowFailure]]:
    by_row: dict[int, list[RowFailure]] = {}
    for failure in failures:
        by_row.setdefault(failure.row_number, []).append(failure)
    return by_row


def _staged_rows(
    connection: sa.Connection, staging: sa.Table, load: StagedLoad, numbers: Sequence[int]
) -> Sequence[Mapping[str, Any]]:
    query = (
        sa.select(staging)
        .where(staging.c.load_id == load.load_id, staging.c.row_number.in_(numbers))
        .order_by(staging.c.row_number)
    )
    key = KEY_OF[load.dataset].name
    return [row | {"row_key": row[key]} for row in read_rows(connection, query)]


def _line(row: Mapping[str, Any], failures: Sequence[RowFailure], load: StagedLoad, now: datetime) -> Row:
    first = failures[0]
    return {
        "load_id": load.load_id,
        "dataset": load.dataset.value,
        "source": load.source,
        "row_number": row["row_number"],
        "row_key": row["row_key"],
        "expectation": first.expectation[:200],
        "column_name": first.column[:200],
        "value": first.value,
        "reason": "; ".join(dict.fromkeys(failure.reason for failure in failures)),
        "raw": row["raw"],
        "staged_values": values_as_json(row),
        "row_hash": row["row_hash"],
        "status": WAITING,
        "quarantined_at": now,
        "decided_at": None,
        "decided_by": None,
    }


def _quarantine_piece(connection: sa.Connection, load: StagedLoad, lines: Sequence[Row], now: datetime) -> None:
    known = _known(connection, load, lines)
    new = [line for line in lines if (line["row_key"], line["row_hash"]) not in known]
    keys = sorted({line["row_key"] for line in new if line["row_key"] is not None} - {None})
    if keys:
        connection.execute(
            sa.update(quarantine)
            .where(*_waiting_of(load), quarantine.c.row_key.in_(keys), quarantine.c.load_id != load.load_id)
            .values(status=RESOLVED, decided_at=now, decided_by=load.load_id)
        )
    insert_rows(connection, quarantine, new)


def _known(connection: sa.Connection, load: StagedLoad, lines: Sequence[Row]) -> set[tuple[str | None, str]]:
    query = sa.select(quarantine.c.row_key, quarantine.c.row_hash).where(
        quarantine.c.dataset == load.dataset.value,
        quarantine.c.source == load.source,
        quarantine.c.status.in_((WAITING, REJECTED)),
        quarantine.c.row_hash.in_(sorted({line["row_hash"] for line in lines})),
    )
    return set(connection.execute(query).all())


def _waiting_of(load: StagedLoad) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        quarantine.c.dataset == load.dataset.value,
        quarantine.c.source == load.source,
        quarantine.c.status == WAITING,
    )
