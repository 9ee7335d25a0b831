"""Gated loads: staged in bulk, then merged, quarantined and accounted for in one transaction under one lock."""

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from cms.aggregation.order_merge import OrderMerger
from cms.application.ports import (
    Dataset,
    GateVerdict,
    MergeCounts,
    Progress,
    RowFailure,
    SourceRow,
    StagedLoad,
    no_progress,
)
from cms.domain.errors import LoadRefusedError, WarehouseError
from cms.warehouse.bulk import insert_rows
from cms.warehouse.customer_merge import merge_customers
from cms.warehouse.engine import in_transaction, reading
from cms.warehouse.known_orders import RecordMerger
from cms.warehouse.locks import Lock, take
from cms.warehouse.merge_steps import (
    DUPLICATE,
    QUARANTINED,
    STALE,
    count_held_back,
    hold_back,
    mergeable,
)
from cms.warehouse.order_merge import merge_orders
from cms.warehouse.quarantine_rows import quarantine_rows, resolve_arrived
from cms.warehouse.staging import STAGING_OF, clear_staging, stage_rows
from cms.warehouse.tables import (
    customer_master,
    loads,
    order_source_records,
    quality_results,
    sync_state,
)
from cms.warehouse.window_merge import merge_windows

_LOCK_OF = {Dataset.CUSTOMERS: Lock.CUSTOMERS, Dataset.WINDOWS: Lock.CUSTOMERS, Dataset.ORDERS: Lock.ORDER_BOOK}


@dataclass(frozen=True, kw_only=True)
class WarehouseLoads:
    """Staging and merging in the warehouse; the `LoadStore` of the use cases.

    Parameters
    ----------
    merger : callable
        Makes one order of what several sources say about it.
    """

    engine: Engine
    merger: RecordMerger = field(default_factory=OrderMerger)

    def stage(
        self,
        dataset: Dataset,
        rows: Iterable[SourceRow],
        *,
        source: str,
        now: datetime,
        progress: Progress = no_progress,
    ) -> StagedLoad:
        """Put rows into the staging table under a new load id."""
        return stage_rows(self.engine, dataset, rows, source=source, now=now, progress=progress)

    def merge(
        self,
        load: StagedLoad,
        verdict: GateVerdict,
        *,
        now: datetime,
        complete: bool = False,
        removed_ids: frozenset[str] = frozenset(),
        watermark: str | None = None,
    ) -> MergeCounts:
        """Merge what passed, quarantine what did not, keep the watermark: all in one transaction.

        For windows `removed_ids` are customers that were read and have no windows any more.

        Raises
        ------
        LoadRefusedError
            The verdict refuses the load; its results are kept, nothing else changes.
        WarehouseError
            The load was merged or given up already.
        """
        if verdict.is_refused:
            in_transaction(self.engine, lambda connection: _refuse(connection, load, verdict, now))
            raise LoadRefusedError(load.dataset.value, load.load_id, verdict.refusals)

        def work(connection: sa.Connection) -> MergeCounts:
            take(connection, _LOCK_OF[load.dataset])
            _require_staged(connection, load)
            counts = self._merge(connection, load, verdict, now, complete=complete, removed_ids=removed_ids)
            _keep_results(connection, load, verdict, now)
            _keep_watermark(connection, load, watermark, now)
            clear_staging(connection, load.load_id, load.dataset)
            _finish(connection, load, counts, now)
            return counts

        return in_transaction(self.engine, work)

    def watermark(self, dataset: Dataset, source: str) -> str | None:
        """Where the next incremental read of a source starts."""
        query = sa.select(sync_state.c.watermark).where(
            sync_state.c.dataset == dataset.value, sync_state.c.source == source
        )
        with reading(self.engine) as connection:
            return connection.execute(query).scalar_one_or_none()

    def last_syncs(self) -> list[tuple[str, str, datetime]]:
        """Dataset, source and instant of the last read that kept a watermark, in order of dataset and source."""
        query = sa.select(sync_state.c.dataset, sync_state.c.source, sync_state.c.synced_at)
        with reading(self.engine) as connection:
            found = connection.execute(query.order_by(sync_state.c.dataset, sync_state.c.source))
            return [(dataset, source, synced_at) for dataset, source, synced_at in found]

    def known_ids(self, dataset: Dataset, source: str) -> frozenset[str]:
        """The source's own ids of what the warehouse has from it and believes to be still there."""
        with reading(self.engine) as connection:
            return frozenset(row[0] for row in connection.execute(_known_ids(dataset, source)))

    def _merge(
        self,
        connection: sa.Connection,
        load: StagedLoad,
        verdict: GateVerdict,
        now: datetime,
        *,
        complete: bool,
        removed_ids: frozenset[str],
    ) -> MergeCounts:
        staging = STAGING_OF[load.dataset]
        hold_back(connection, staging, load, {f.row_number for f in verdict.row_failures}, QUARANTINED)
        orphans = _orphans(connection, staging, load)
        hold_back(connection, staging, load, {f.row_number for f in orphans}, QUARANTINED)
        quarantine_rows(connection, staging, load, [*verdict.row_failures, *orphans], now=now)
        resolve_arrived(connection, staging, load, now=now)
        if load.dataset is Dataset.ORDERS:
            counts = merge_orders(
                connection, load, now=now, complete=complete, removed_ids=removed_ids, merger=self.merger
            )
        else:
            merge = merge_customers if load.dataset is Dataset.CUSTOMERS else merge_windows
            counts = merge(connection, load, now=now, complete=complete, removed_ids=removed_ids)
        held_back = count_held_back(connection, staging, load)
        return dataclasses.replace(
            counts,
            stale=held_back.get(STALE, 0) + held_back.get(DUPLICATE, 0),
            quarantined=held_back.get(QUARANTINED, 0),
        )


def _orphans(connection: sa.Connection, staging: sa.Table, load: StagedLoad) -> list[RowFailure]:
    """Rows of customers that the customer master does not have: whatever the gate said, they cannot go in."""
    if load.dataset is Dataset.CUSTOMERS:
        return []
    known = sa.exists(
        sa.select(sa.literal(1))
        .select_from(customer_master)
        .where(customer_master.c.customer_id == staging.c.customer_id)
    )
    query = sa.select(staging.c.row_number, staging.c.customer_id).where(mergeable(staging, load), ~known)
    return [
        RowFailure(
            row_number=row_number,
            expectation="the customer is known",
            column="customer_id",
            value=str(customer_id),
            reason=f"customer_id: must be in the customer master, found {customer_id!r}",
        )
        for row_number, customer_id in connection.execute(query)
    ]


def _require_staged(connection: sa.Connection, load: StagedLoad) -> None:
    status = connection.execute(sa.select(loads.c.status).where(loads.c.load_id == load.load_id)).scalar_one_or_none()
    if status != "staged":
        raise WarehouseError(f"load {load.load_id} cannot be merged: it is {status or 'not known'}; load again")


def _refuse(connection: sa.Connection, load: StagedLoad, verdict: GateVerdict, now: datetime) -> None:
    _require_staged(connection, load)
    _keep_results(connection, load, verdict, now)
    connection.execute(
        sa.update(loads)
        .where(loads.c.load_id == load.load_id)
        .values(status="refused", finished_at=now, refusals="\n".join(verdict.refusals))
    )


def _keep_results(connection: sa.Connection, load: StagedLoad, verdict: GateVerdict, now: datetime) -> None:
    rows: list[dict[str, Any]] = [
        {
            "load_id": load.load_id,
            "dataset": load.dataset.value,
            "expectation": outcome.expectation[:200],
            "column_name": outcome.column[:200],
            "severity": outcome.severity.value,
            "success": outcome.success,
            "unexpected_count": outcome.unexpected_count,
            "observed": outcome.observed,
            "consequence": outcome.consequence,
            "checked_at": now,
        }
        for outcome in verdict.outcomes
    ]
    insert_rows(connection, quality_results, rows)


def _keep_watermark(connection: sa.Connection, load: StagedLoad, watermark: str | None, now: datetime) -> None:
    if watermark is None:
        return
    key = (sync_state.c.dataset == load.dataset.value, sync_state.c.source == load.source)
    values = {"watermark": watermark, "synced_at": now, "load_id": load.load_id}
    if connection.execute(sa.update(sync_state).where(*key).values(values)).rowcount == 0:
        connection.execute(sa.insert(sync_state).values(dataset=load.dataset.value, source=load.source, **values))


def _finish(connection: sa.Connection, load: StagedLoad, counts: MergeCounts, now: datetime) -> None:
    numbers = ("inserted", "updated", "unchanged", "stale", "removed", "quarantined")
    connection.execute(
        sa.update(loads)
        .where(loads.c.load_id == load.load_id)
        .values(status="merged", finished_at=now, **{name: getattr(counts, name) for name in numbers})
    )


def _known_ids(dataset: Dataset, source: str) -> sa.Select[str]:
    if dataset is Dataset.ORDERS:
        records = order_source_records
        return sa.select(records.c.source_order_id).where(
            records.c.source_system == source, records.c.removed_at.is_(None)
        )
    known = sa.func.coalesce(customer_master.c.source_item_id, customer_master.c.customer_id)
    return sa.select(known).where(customer_master.c.source_system == source, customer_master.c.status == "active")
