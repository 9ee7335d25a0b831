"""The same rules and verdicts without Great Expectations: milliseconds for what must not wait."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from cms.application.ports import GateVerdict, StagedLoad
from cms.config import GateSettings
from cms.domain.errors import WarehouseError
from expectations.capacity_plan import capacity_plan_suite
from expectations.findings import Findings, find
from expectations.order_book import order_book_suite
from expectations.published import schedule_suite
from expectations.rules import Staged, Standing, TableSuite
from expectations.standing import find_in_tables, published_version
from expectations.suites import suite_of
from expectations.verdicts import TableVerdict, verdict_of_load, verdict_of_tables


@dataclass(frozen=True, kw_only=True)
class DirectGate:
    """Judges loads of a few rows, and the schedule right after its publication; it leaves no page in Data Docs.

    Parameters
    ----------
    tables : mapping of str to sa.Table
        The warehouse's tables by name: ``cms.warehouse.tables.metadata.tables``.
    """

    engine: sa.Engine
    tables: Mapping[str, sa.Table]
    settings: GateSettings

    def judge(
        self, load: StagedLoad, *, now: datetime, complete: bool = False, accepted: frozenset[str] = frozenset()
    ) -> GateVerdict:
        """Decide about a staged load; see `Gate.judge`.

        Raises
        ------
        WarehouseError
            The staged rows could not be read.
        """
        staged = Staged(load=load, tables=self.tables, now=now)
        suite = suite_of(load.dataset).accepting(accepted)
        findings = self._read(lambda c: find(c, suite, staged, self.settings, complete=complete))
        return verdict_of_load(load, findings)

    def check_schedule(self, *, now: datetime) -> TableVerdict:
        """Check the published schedule against its orders, windows and capacity.

        Raises
        ------
        WarehouseError
        """
        return self.check(schedule_suite(), now=now)

    def check_order_book(self, *, now: datetime) -> TableVerdict:
        """Check the order book: fresh, of active customers, in usual amounts.

        Raises
        ------
        WarehouseError
        """
        return self.check(order_book_suite(), now=now)

    def check_capacity_plan(self, *, now: datetime) -> TableVerdict:
        """Check the latest weekly capacity plan: possible hours, of every resource, fresh.

        Raises
        ------
        WarehouseError
        """
        return self.check(capacity_plan_suite(), now=now)

    def check(self, suite: TableSuite, *, now: datetime) -> TableVerdict:
        """Check tables as they stand.

        Raises
        ------
        WarehouseError
        """
        standings: list[Standing] = []

        def work(connection: sa.Connection) -> Findings:
            version = published_version(connection, self.tables)
            standings.append(Standing(tables=self.tables, version=version, now=now))
            return find_in_tables(connection, suite, standings[0])

        findings = self._read(work)
        return verdict_of_tables(suite, standings[0], findings)

    def _read(self, work: Callable[[sa.Connection], Findings]) -> Findings:
        try:
            with self.engine.connect() as connection:
                return work(connection)
        except sa.exc.DBAPIError as error:
            raise WarehouseError(f"the rows could not be checked: {error.orig}") from error
