"""Simulation studies: what each one found, kept once under a digest of all that decides its figures."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from cms.domain.studies import StudyFigure, StudyRecord
from cms.warehouse.bulk import insert_rows, pieces, read_rows
from cms.warehouse.engine import in_transaction, reading
from cms.warehouse.locks import Lock, take
from cms.warehouse.tables import simulation_results, simulation_studies

_COPIED = (
    "study_id",
    "baseline_id",
    "scenario",
    "question",
    "history",
    "first_day",
    "days",
    "warm_up_days",
    "seed",
    "replications",
    "parameters",
)


@dataclass(frozen=True, kw_only=True)
class WarehouseSimulations:
    """Studies in the warehouse; the `SimulationStore` of the use cases."""

    engine: Engine

    def record(self, study: StudyRecord, *, now: datetime, actor: str) -> None:
        """Keep a study; one that is there already is replaced by what it says now."""

        def work(connection: sa.Connection) -> None:
            take(connection, Lock.FIGURES)
            for table in (simulation_results, simulation_studies):
                connection.execute(sa.delete(table).where(table.c.study_id == study.study_id))
            row = {name: getattr(study, name) for name in _COPIED} | {"recorded_at": now, "actor": actor}
            insert_rows(connection, simulation_studies, [row])
            insert_rows(connection, simulation_results, [_figure_row(study.study_id, one) for one in study.figures])

        in_transaction(self.engine, work)

    def studies(self, limit: int = 50) -> list[StudyRecord]:
        """The latest studies and comparisons, the last one first."""
        table = simulation_studies
        latest = sa.select(table).order_by(table.c.recorded_at.desc(), table.c.study_id).limit(limit)
        with reading(self.engine) as connection:
            rows = read_rows(connection, latest)
            figures = _figures(connection, [row["study_id"] for row in rows])
        return [_record(row, figures.get(row["study_id"], [])) for row in rows]


def _figure_row(study_id: str, figure: StudyFigure) -> dict[str, Any]:
    return {
        "study_id": study_id,
        "measure": figure.measure,
        "mean": figure.mean,
        "half_width": figure.half_width,
        "level": figure.level,
        "replications": figure.replications,
    }


def _figures(connection: sa.Connection, study_ids: list[str]) -> dict[str, list[StudyFigure]]:
    table = simulation_results
    found: dict[str, list[StudyFigure]] = {}
    for some in pieces(study_ids):
        query = sa.select(table).where(table.c.study_id.in_(some)).order_by(table.c.study_id, table.c.measure)
        for row in read_rows(connection, query):
            found.setdefault(row["study_id"], []).append(_figure(row))
    return found


def _figure(row: Mapping[str, Any]) -> StudyFigure:
    return StudyFigure(
        measure=row["measure"],
        mean=float(row["mean"]),
        half_width=None if row["half_width"] is None else float(row["half_width"]),
        level=float(row["level"]),
        replications=row["replications"],
    )


def _record(row: Mapping[str, Any], figures: Iterable[StudyFigure]) -> StudyRecord:
    return StudyRecord(**{name: row[name] for name in _COPIED}, figures=tuple(figures))
