"""Figures of the business over time: each figure of a schedule version is kept once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from cms.application.ports import KpiSnapshot
from cms.warehouse.bulk import insert_rows, read_rows
from cms.warehouse.engine import in_transaction, reading
from cms.warehouse.locks import Lock, take
from cms.warehouse.tables import kpi_snapshots


@dataclass(frozen=True, kw_only=True)
class WarehouseKpis:
    """Figures in the warehouse; the `KpiStore` of the use cases."""

    engine: Engine

    def record(self, snapshots: Sequence[KpiSnapshot], *, schedule_version: int, now: datetime) -> None:
        """Keep figures; the same version's figures are written once."""

        def work(connection: sa.Connection) -> None:
            take(connection, Lock.FIGURES)
            query = sa.select(kpi_snapshots.c.name).where(kpi_snapshots.c.schedule_version == schedule_version)
            known = set(connection.execute(query).scalars())
            new = {snapshot.name: snapshot for snapshot in snapshots if snapshot.name not in known}
            rows = [
                {
                    "name": snapshot.name,
                    "schedule_version": schedule_version,
                    "as_of": snapshot.as_of,
                    "value": snapshot.value,
                    "recorded_at": now,
                }
                for snapshot in new.values()
            ]
            insert_rows(connection, kpi_snapshots, rows)

        in_transaction(self.engine, work)

    def latest(self, limit_versions: int = 90) -> list[KpiSnapshot]:
        """Figures of the latest versions, oldest first."""
        table = kpi_snapshots
        versions = (
            sa.select(table.c.schedule_version)
            .distinct()
            .order_by(table.c.schedule_version.desc())
            .limit(limit_versions)
            .subquery("versions")
        )
        query = (
            sa.select(table.c.name, table.c.value, table.c.as_of)
            .join(versions, versions.c.schedule_version == table.c.schedule_version)
            .order_by(table.c.schedule_version, table.c.name)
        )
        with reading(self.engine) as connection:
            return [KpiSnapshot(**row) for row in read_rows(connection, query)]
