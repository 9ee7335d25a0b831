"""What a data steward sees and decides: rows in quarantine, refused loads, and how the expectations fare over time."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from cms.application.ports import Dataset, SourceRow, StagedLoad
from cms.domain.errors import InvalidValueError, NotFoundError
from cms.warehouse.bulk import pieces, read_rows
from cms.warehouse.engine import in_transaction, reading
from cms.warehouse.locks import Lock, take
from cms.warehouse.quarantine_rows import REJECTED, RESOLVED, WAITING
from cms.warehouse.staged_values import source_row
from cms.warehouse.staging import STAGING_OF, clear_staging
from cms.warehouse.tables import loads, quality_results, quarantine

RELEASED = "released"


@dataclass(frozen=True, kw_only=True, slots=True)
class QuarantinedRow:
    """A row that did not pass its gate, with the reason and the row as it came."""

    quarantine_id: int
    load_id: str
    dataset: Dataset
    source: str
    row_number: int
    row_key: str | None
    expectation: str
    column: str | None
    value: str | None
    reason: str
    raw: Mapping[str, Any]
    status: str
    quarantined_at: datetime
    decided_at: datetime | None
    decided_by: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadLine:
    """A load, and what became of it."""

    load_id: str
    dataset: Dataset
    source: str
    status: str
    staged_at: datetime
    finished_at: datetime | None
    row_count: int
    inserted: int
    updated: int
    unchanged: int
    stale: int
    removed: int
    quarantined: int
    refusals: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ResultLine:
    """What one expectation found in one load."""

    load_id: str
    dataset: Dataset
    expectation: str
    column: str | None
    severity: str
    success: bool
    unexpected_count: int
    observed: str | None
    consequence: str | None
    checked_at: datetime


@dataclass(frozen=True, kw_only=True)
class WarehouseQuality:
    """Quarantine and quality results in the warehouse."""

    engine: Engine

    def rows(
        self,
        *,
        dataset: Dataset | None = None,
        source: str | None = None,
        status: str | None = WAITING,
        limit: int = 1_000,
    ) -> list[QuarantinedRow]:
        """Rows in quarantine, oldest first."""
        query = sa.select(quarantine).order_by(quarantine.c.quarantine_id).limit(limit)
        for column, value in (
            (quarantine.c.dataset, dataset and dataset.value),
            (quarantine.c.source, source),
            (quarantine.c.status, status),
        ):
            query = query if value is None else query.where(column == value)
        with reading(self.engine) as connection:
            return [_quarantined(row) for row in read_rows(connection, query)]

    def counts(self) -> dict[tuple[Dataset, str], int]:
        """Rows in quarantine by data set and status."""
        query = sa.select(quarantine.c.dataset, quarantine.c.status, sa.func.count()).group_by(
            quarantine.c.dataset, quarantine.c.status
        )
        with reading(self.engine) as connection:
            return {(Dataset(dataset), status): count for dataset, status, count in connection.execute(query)}

    def waiting_rows(self, quarantine_ids: Sequence[int]) -> dict[tuple[Dataset, str], list[SourceRow]]:
        """Rows as they were read, by data set and source: to release them, stage, judge and merge them again.

        Raises
        ------
        NotFoundError
            One of them does not exist.
        InvalidValueError
            One of them was decided already.
        """
        with reading(self.engine) as connection:
            found = _require_waiting(connection, quarantine_ids)
        groups: dict[tuple[Dataset, str], list[SourceRow]] = {}
        for row in found:
            dataset = Dataset(row["dataset"])
            restored = source_row(STAGING_OF[dataset], row["staged_values"], row["raw"])
            groups.setdefault((dataset, row["source"]), []).append(restored)
        return groups

    def mark_released(self, quarantine_ids: Sequence[int], *, load_id: str, by: str, now: datetime) -> int:
        """Note who released the rows that `load_id` has now merged; how many of them there are."""
        statement = (
            sa.update(quarantine)
            .where(quarantine.c.status == RESOLVED, quarantine.c.decided_by == load_id)
            .values(status=RELEASED, decided_by=by, decided_at=now)
        )

        def work(connection: sa.Connection) -> int:
            chosen = (quarantine.c.quarantine_id.in_(piece) for piece in pieces(sorted(set(quarantine_ids))))
            return sum(connection.execute(statement.where(which)).rowcount for which in chosen)

        return in_transaction(self.engine, work)

    def reject(self, quarantine_ids: Sequence[int], *, by: str, now: datetime) -> int:
        """Rows that will not be loaded; the same row is not shown again when its source sends it again.

        Raises
        ------
        NotFoundError, InvalidValueError
        """

        def work(connection: sa.Connection) -> int:
            take(connection, Lock.QUALITY)
            _require_waiting(connection, quarantine_ids)
            for piece in pieces(sorted(set(quarantine_ids))):
                connection.execute(
                    sa.update(quarantine)
                    .where(quarantine.c.quarantine_id.in_(piece))
                    .values(status=REJECTED, decided_by=by, decided_at=now)
                )
            return len(set(quarantine_ids))

        return in_transaction(self.engine, work)

    def loads(self, *, dataset: Dataset | None = None, source: str | None = None, limit: int = 50) -> list[LoadLine]:
        """The latest loads, newest first."""
        query = sa.select(loads).order_by(loads.c.staged_at.desc(), loads.c.load_id).limit(limit)
        if dataset is not None:
            query = query.where(loads.c.dataset == dataset.value)
        if source is not None:
            query = query.where(loads.c.source == source)
        with reading(self.engine) as connection:
            return [_load_line(row) for row in read_rows(connection, query)]

    def reopen(self, load_id: str) -> StagedLoad:
        """A refused load, to be judged again; its rows are still staged.

        Raises
        ------
        NotFoundError
            No refused load has that id.
        """

        def work(connection: sa.Connection) -> StagedLoad:
            row = _require_refused(connection, load_id)
            connection.execute(
                sa.update(loads).where(loads.c.load_id == load_id).values(status="staged", refusals=sa.null())
            )
            return StagedLoad(
                load_id=load_id,
                dataset=Dataset(row["dataset"]),
                source=row["source"],
                row_count=row["row_count"],
                staged_at=row["staged_at"],
            )

        return in_transaction(self.engine, work)

    def reject_load(self, load_id: str, *, now: datetime) -> None:
        """Give a refused load up: its staged rows are deleted.

        Raises
        ------
        NotFoundError
        """

        def work(connection: sa.Connection) -> None:
            row = _require_refused(connection, load_id)
            clear_staging(connection, load_id, Dataset(row["dataset"]))
            values = {"status": "rejected", "finished_at": now}
            connection.execute(sa.update(loads).where(loads.c.load_id == load_id).values(values))

        in_transaction(self.engine, work)

    def results(self, load_id: str) -> list[ResultLine]:
        """What the expectations found in a load."""
        return self._results(quality_results.c.load_id == load_id)

    def trend(self, dataset: Dataset, *, since: datetime) -> list[ResultLine]:
        """What the expectations of a data set found over time, oldest first."""
        return self._results(quality_results.c.dataset == dataset.value, quality_results.c.checked_at >= since)

    def _results(self, *where: sa.ColumnElement[bool]) -> list[ResultLine]:
        query = sa.select(quality_results).where(*where).order_by(quality_results.c.result_id)
        with reading(self.engine) as connection:
            return [_result(row) for row in read_rows(connection, query)]


def _require_waiting(connection: sa.Connection, quarantine_ids: Sequence[int]) -> list[Mapping[str, Any]]:
    found: dict[int, Mapping[str, Any]] = {}
    for piece in pieces(sorted(set(quarantine_ids))):
        query = sa.select(quarantine).where(quarantine.c.quarantine_id.in_(piece))
        found |= {row["quarantine_id"]: dict(row) for row in read_rows(connection, query)}
    for quarantine_id in sorted(set(quarantine_ids)):
        row = found.get(quarantine_id)
        if row is None:
            raise NotFoundError("row in quarantine", str(quarantine_id), "list them with: cms quality show")
        if row["status"] != WAITING:
            place = f"quarantine {quarantine_id}"
            raise InvalidValueError(place, "must be waiting for a decision", row["status"])
    return [found[quarantine_id] for quarantine_id in sorted(found)]


def _require_refused(connection: sa.Connection, load_id: str) -> Mapping[str, Any]:
    query = sa.select(loads).where(loads.c.load_id == load_id, loads.c.status == "refused")
    found = read_rows(connection, query)
    if not found:
        raise NotFoundError("refused load", load_id, "list them with: cms quality show")
    return found[0]


def _quarantined(row: Mapping[str, Any]) -> QuarantinedRow:
    values = {name: value for name, value in row.items() if name not in {"row_hash", "staged_values", "column_name"}}
    values["dataset"] = Dataset(row["dataset"])
    values["raw"] = json.loads(row["raw"])
    return QuarantinedRow(**values, column=row["column_name"])


def _load_line(row: Mapping[str, Any]) -> LoadLine:
    values = dict(row)
    values["dataset"] = Dataset(row["dataset"])
    values["refusals"] = tuple((row["refusals"] or "").splitlines())
    return LoadLine(**values)


def _result(row: Mapping[str, Any]) -> ResultLine:
    values = {name: value for name, value in row.items() if name not in {"result_id", "column_name"}}
    values["dataset"] = Dataset(row["dataset"])
    return ResultLine(**values, column=row["column_name"])
