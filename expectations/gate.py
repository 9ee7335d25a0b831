"""The gate: decides which staged rows may enter the warehouse, and whether a load may at all."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from cms.application.ports import ExpectationOutcome, GateVerdict, StagedLoad
from cms.config import GateSettings
from cms.domain.errors import WarehouseError
from expectations.findings import Finding, Findings, find
from expectations.great_expectations_run import GreatExpectationsRun
from expectations.results import RESULTS, keep_result
from expectations.rules import RowRule, Staged
from expectations.suites import suite_of


class Gate:
    """Runs the suite of a load's dataset with Great Expectations on the staged rows in the warehouse.

    Parameters
    ----------
    engine : sa.Engine
        The warehouse.
    tables : mapping of str to sa.Table
        Its tables by name, as ``MetaData.tables`` has them.
    settings : GateSettings
        When a batch as a whole is refused, and where Data Docs keeps the results.
    """

    def __init__(
        self,
        engine: sa.Engine,
        tables: Mapping[str, sa.Table],
        settings: GateSettings,
    ) -> None:
        self._tables = tables
        self._settings = settings
        self._run = GreatExpectationsRun(engine)
        self._direct = DirectGate(engine=engine, tables=tables, settings=self._settings)

    def judge(self, load: StagedLoad, *, now: datetime, complete: bool = False) -> GateVerdict:
        """Decide about a staged load.

        Parameters
        ----------
        complete : bool
            The load claims to be all that its source has.

        Raises
        ------
        WarehouseError
            The staged rows could not be read.
        """
        if not load.row_count:
            # to Great Expectations a load without rows is no batch at all
            return self._direct.judge(load, now=now, complete=complete)
        staged = Staged(load=load, tables=self._tables, now=now)
        findings, result = self._run.run(suite_of(load.dataset), staged, self._settings, complete=complete)
        verdict = verdict_of(load, findings)
        keep_result(self._settings.data_docs / RESULTS, result, load, verdict, now)
        return verdict


@dataclass(frozen=True, kw_only=True)
class DirectGate:
    """The same rules and verdicts without Great Expectations, for loads of a few rows that must not wait.

    An order event is judged in milliseconds; it leaves no page in Data Docs.
    """

    engine: sa.Engine
    tables: Mapping[str, sa.Table]
    settings: GateSettings

    def judge(self, load: StagedLoad, *, now: datetime, complete: bool = False) -> GateVerdict:
        """Decide about a staged load.

        Raises
        ------
        WarehouseError
            The staged rows could not be read.
        """
        staged = Staged(load=load, tables=self.tables, now=now)
        try:
            with self.engine.connect() as connection:
                findings = find(connection, suite_of(load.dataset), staged, self.settings, complete=complete)
        except sa.exc.DBAPIError as error:
            raise WarehouseError(f"the staged rows could not be checked: {error.orig}") from error
        return verdict_of(load, findings)


def verdict_of(load: StagedLoad, findings: Findings) -> GateVerdict:
    """What the findings mean: refusals of the load, failures of rows, and the outcome of each expectation."""
    return GateVerdict(
        load_id=load.load_id,
        outcomes=tuple(_outcome(finding, load) for finding in findings.findings),
        row_failures=findings.row_failures,
        refusals=findings.refusals,
    )


def _outcome(finding: Finding, load: StagedLoad) -> ExpectationOutcome:
    rule = finding.rule
    return ExpectationOutcome(
        expectation=rule.name,
        column=rule.column,
        severity=rule.severity,
        success=finding.count == 0,
        unexpected_count=finding.count,
        observed=_observed(finding, load),
        consequence=rule.consequence,
    )


def _observed(finding: Finding, load: StagedLoad) -> str:
    if not isinstance(finding.rule, RowRule) or not finding.count:
        return finding.sentence
    first = f"; row {finding.examples[0].row_number}: {finding.examples[0].reason}" if finding.examples else ""
    return f"{finding.count} of {load.row_count} rows{first}"
