"""The gate: decides which staged rows may enter the warehouse, and whether a load may at all."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from cms.application.ports import GateVerdict, StagedLoad
from cms.config import GateSettings
from expectations.capacity_plan import capacity_plan_suite
from expectations.data_docs import build_data_docs
from expectations.direct import DirectGate
from expectations.findings import find
from expectations.great_expectations_run import BatchOf, GreatExpectationsRun
from expectations.order_book import order_book_suite
from expectations.published import schedule_suite
from expectations.results import RESULTS, KeptResult, keep_result, result_of_load, result_of_tables
from expectations.rules import Staged, Standing, TableSuite
from expectations.standing import find_in_tables, published_version
from expectations.suites import suite_of
from expectations.verdicts import TableVerdict, verdict_of_load, verdict_of_tables


class Gate:
    """Runs suites with Great Expectations on rows of the warehouse, where they are, and keeps what they found.

    Parameters
    ----------
    engine : sa.Engine
        The warehouse.
    settings : GateSettings
        When a batch as a whole is refused, and where Data Docs are.
    tables : mapping of str to sa.Table
        The warehouse's tables by name: ``cms.warehouse.tables.metadata.tables``.
    """

    def __init__(self, engine: sa.Engine, settings: GateSettings, tables: Mapping[str, sa.Table]) -> None:
        self._engine = engine
        self._settings = settings
        self._tables = tables
        self._run = GreatExpectationsRun(engine)
        self._direct = DirectGate(engine=engine, tables=tables, settings=settings)

    def judge(
        self, load: StagedLoad, *, now: datetime, complete: bool = False, accepted: frozenset[str] = frozenset()
    ) -> GateVerdict:
        """Decide about a staged load.

        Parameters
        ----------
        complete : bool
            The load claims to be all that its source has.
        accepted : frozenset of str
            Names of suspicions that a steward has looked into and accepts for this load.

        Raises
        ------
        InvalidValueError
            What is to be accepted is no suspicion.
        WarehouseError
            The staged rows could not be read, or the result could not be kept.
        """
        if not load.row_count:
            # to Great Expectations a load without rows is no batch at all
            return self._direct.judge(load, now=now, complete=complete, accepted=accepted)
        staged = Staged(load=load, tables=self._tables, now=now)
        suite = suite_of(load.dataset)
        suite.accepting(accepted)  # what cannot be accepted is told before anything is read
        findings, result = self._run.run(
            suite,
            BatchOf(table=staged.rows, column="load_id", value=load.load_id),
            lambda connection: find(connection, suite.accepting(accepted), staged, self._settings, complete=complete),
        )
        verdict = verdict_of_load(load, findings)
        self._keep(result_of_load(load, verdict, now), result)
        return verdict

    def check_schedule(self, *, now: datetime) -> TableVerdict:
        """Check the published schedule against its orders, windows and capacity.

        Raises
        ------
        WarehouseError
        """
        return self._check(schedule_suite(), now)

    def check_order_book(self, *, now: datetime) -> TableVerdict:
        """Check the order book: fresh, of active customers, in usual amounts.

        Raises
        ------
        WarehouseError
        """
        return self._check(order_book_suite(), now)

    def check_capacity_plan(self, *, now: datetime) -> TableVerdict:
        """Check the latest weekly capacity plan: possible hours, of every resource, fresh.

        Raises
        ------
        WarehouseError
        """
        return self._check(capacity_plan_suite(), now)

    def build_data_docs(self) -> Path:
        """Bring Data Docs up to date.

        Returns
        -------
        Path
            ``index.html``.

        Raises
        ------
        WarehouseError
            The folder cannot be written.
        """
        return build_data_docs(self._settings.data_docs)

    def _check(self, suite: TableSuite, now: datetime) -> TableVerdict:
        with self._engine.connect() as connection:
            standing = Standing(tables=self._tables, version=published_version(connection, self._tables), now=now)
            batch = _batch_of(suite, standing)
            is_empty = connection.execute(_rows(batch).limit(1)).first() is None
        if is_empty:
            return self._direct.check(suite, now=now)
        findings, result = self._run.run(suite, batch, lambda connection: find_in_tables(connection, suite, standing))
        verdict = verdict_of_tables(suite, standing, findings)
        self._keep(result_of_tables(verdict), result)
        return verdict

    def _keep(self, kept: KeptResult, result: dict[str, Any]) -> None:
        keep_result(self._settings.data_docs / RESULTS, kept, result)


def _batch_of(suite: TableSuite, standing: Standing) -> BatchOf:
    table = standing.tables[suite.table]
    if "version" not in table.c:
        return BatchOf(table=table)
    return BatchOf(table=table, column="version", value=standing.version)


def _rows(batch: BatchOf) -> sa.Select[Any]:
    query = sa.select(sa.literal(1)).select_from(batch.table)
    return query.where(batch.table.c[batch.column] == batch.value) if batch.column else query
