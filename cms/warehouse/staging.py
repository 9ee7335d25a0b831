"""Puts a source's rows beside their target table, in bulk and in pieces, where their gate can look at them."""

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from cms.application.ports import Dataset, Progress, SourceRow, StagedLoad, no_progress
from cms.domain.errors import SourceError
from cms.warehouse.bulk import insert_as_they_come, insert_rows, takes_rows_as_they_come
from cms.warehouse.engine import in_transaction
from cms.warehouse.merge_steps import MANY_ROWS, note_statistics
from cms.warehouse.row_fitting import RowFitter
from cms.warehouse.tables import customer_master, loads, staging_customers, staging_orders, staging_windows

CHUNK_ROWS = 5_000
"""Rows staged in one short transaction: few enough to keep memory flat and other writers waiting only a moment."""
ABANDONED_AFTER = timedelta(hours=12)
"""A load that was neither merged nor refused by then belongs to a process that is gone."""

STAGING_OF = {
    Dataset.CUSTOMERS: staging_customers,
    Dataset.WINDOWS: staging_windows,
    Dataset.ORDERS: staging_orders,
}
Row = dict[str, Any]


def stage_rows(
    engine: Engine,
    dataset: Dataset,
    rows: Iterable[SourceRow],
    *,
    source: str,
    now: datetime,
    progress: Progress = no_progress,
) -> StagedLoad:
    """Put rows into the staging table under a new load id; a source that fails on the way leaves nothing behind.

    Raises
    ------
    SourceError
        A row has a field that the staging table does not know.
    """
    load_id = f"{dataset.value}-{now:%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:12]}"
    fitted = _fitted(rows, STAGING_OF[dataset], load_id)
    begin = partial(_begin, load_id=load_id, dataset=dataset, source=source, now=now)
    is_begun = False
    try:
        first = list(islice(fitted, CHUNK_ROWS))
        row_count = len(first)
        if row_count < CHUNK_ROWS:
            # the merge, which does wait for the disk, brings these rows there as well
            in_transaction(
                engine, lambda connection: _stage_at_once(connection, begin, first, load_id, dataset), is_flushed=False
            )
            progress(f"staging {dataset}", row_count, None)
        else:
            in_transaction(engine, begin)
            is_begun = True
            row_count = _stage_chunks(engine, dataset, first, fitted, progress)
            in_transaction(engine, lambda connection: _end(connection, load_id, row_count))
    except BaseException:
        in_transaction(engine, lambda connection: _give_up(connection, None if is_begun else begin, load_id, dataset))
        raise
    load = StagedLoad(load_id=load_id, dataset=dataset, source=source, row_count=row_count, staged_at=now)
    if row_count >= MANY_ROWS:
        # the gate is about to compare these rows with each other, and with their customers
        in_transaction(
            engine,
            lambda connection: note_statistics(connection, load, STAGING_OF[dataset], customer_master),
            is_flushed=False,
        )
    return load


def _stage_at_once(
    connection: sa.Connection, begin: Callable[[sa.Connection], None], rows: list[Row], load_id: str, dataset: Dataset
) -> None:
    """A few rows go in with one commit instead of three."""
    begin(connection)
    insert_rows(connection, STAGING_OF[dataset], rows)
    _end(connection, load_id, len(rows))


def _give_up(
    connection: sa.Connection, begin: Callable[[sa.Connection], None] | None, load_id: str, dataset: Dataset
) -> None:
    if begin is not None:
        begin(connection)
    _abandon(connection, [load_id], dataset)


def clear_staging(connection: sa.Connection, load_id: str, dataset: Dataset) -> None:
    """Delete a load's staged rows: what they said is in the target table, or in quarantine."""
    staging = STAGING_OF[dataset]
    connection.execute(sa.delete(staging).where(staging.c.load_id == load_id))


def _begin(connection: sa.Connection, *, load_id: str, dataset: Dataset, source: str, now: datetime) -> None:
    _clear_abandoned(connection, dataset, now)
    connection.execute(
        sa.insert(loads).values(
            load_id=load_id, dataset=dataset.value, source=source, status="staging", staged_at=now, row_count=0
        )
    )


def _clear_abandoned(connection: sa.Connection, dataset: Dataset, now: datetime) -> None:
    unfinished = sa.select(loads.c.load_id).where(
        loads.c.dataset == dataset.value,
        loads.c.status.in_(("staging", "staged")),
        loads.c.staged_at < now - ABANDONED_AFTER,
    )
    gone = connection.execute(unfinished).scalars().all()
    _abandon(connection, gone, dataset)


def _abandon(connection: sa.Connection, load_ids: Sequence[str], dataset: Dataset) -> None:
    for load_id in load_ids:
        clear_staging(connection, load_id, dataset)
        connection.execute(sa.update(loads).where(loads.c.load_id == load_id).values(status="abandoned"))


def _stage_chunks(
    engine: Engine, dataset: Dataset, first: list[Row], following: Iterator[Row], progress: Progress
) -> int:
    chunk, row_count = first, 0
    while True:
        # the end of the load, which does wait for the disk, brings every chunk there as well
        in_transaction(
            engine, partial(_stage_chunk, dataset=dataset, chunk=chunk, following=following), is_flushed=False
        )
        row_count += len(chunk)
        progress(f"staging {dataset}", row_count, None)
        if len(chunk) < CHUNK_ROWS:
            return row_count
        # where a writer keeps others waiting, the chunk is whole before its transaction begins
        chunk = [] if takes_rows_as_they_come(engine) else list(islice(following, CHUNK_ROWS))


def _stage_chunk(connection: sa.Connection, *, dataset: Dataset, chunk: list[Row], following: Iterator[Row]) -> None:
    staging = STAGING_OF[dataset]
    if takes_rows_as_they_come(connection.engine):
        insert_as_they_come(connection, staging, _completing(chunk, following))
    else:
        insert_rows(connection, staging, chunk)


def _completing(chunk: list[Row], following: Iterator[Row]) -> Iterator[Row]:
    """The rows of a chunk, and then new ones until it is full; all are kept for a transaction that is repeated."""
    yield from tuple(chunk)
    for row in islice(following, CHUNK_ROWS - len(chunk)):
        chunk.append(row)
        yield row


def _fitted(rows: Iterable[SourceRow], staging: sa.Table, load_id: str) -> Iterator[Row]:
    fitter = RowFitter(staging)
    checked: set[tuple[str, ...]] = set()
    for row_number, row in enumerate(rows, start=1):
        _refuse_unknown_fields(fitter, row, checked, staging)
        yield fitter.fit(row, load_id=load_id, row_number=row_number)


def _refuse_unknown_fields(fitter: RowFitter, row: SourceRow, checked: set[tuple[str, ...]], staging: sa.Table) -> None:
    fields = tuple(row.values)
    if fields in checked:
        return
    unknown = fitter.unknown_fields(row)
    if unknown:
        raise SourceError(f"{staging.name} has no column for {', '.join(unknown)}; check the source's fields")
    checked.add(fields)


def _end(connection: sa.Connection, load_id: str, row_count: int) -> None:
    connection.execute(sa.update(loads).where(loads.c.load_id == load_id).values(status="staged", row_count=row_count))
