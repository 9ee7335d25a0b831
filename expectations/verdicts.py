"""What findings mean: which rows stay out, which load is refused, whether tables as they stand can be trusted."""

from dataclasses import dataclass
from datetime import datetime

from cms.application.ports import ExpectationOutcome, GateVerdict, Severity, StagedLoad
from expectations.findings import Finding, Findings
from expectations.rules import RowRule, Standing, TableRule, TableSuite


@dataclass(frozen=True, kw_only=True, slots=True)
class TableVerdict:
    """What was found in tables as they stand.

    Parameters
    ----------
    suite : str
        The suite's key.
    version : int
        The published schedule version; 0: none is.
    following_facts : frozenset of str
        Names of expectations that facts that came later can break.
    """

    suite: str
    version: int
    checked_at: datetime
    outcomes: tuple[ExpectationOutcome, ...]
    following_facts: frozenset[str] = frozenset()

    @property
    def failures(self) -> tuple[str, ...]:
        """One sentence for each critical expectation that is not met."""
        return self._sentences(Severity.CRITICAL)

    @property
    def own_failures(self) -> tuple[str, ...]:
        """Those of them that no fact that came later can have caused."""
        return self._sentences(Severity.CRITICAL, without=self.following_facts)

    @property
    def warnings(self) -> tuple[str, ...]:
        """One sentence for each warning."""
        return self._sentences(Severity.WARNING)

    @property
    def is_good(self) -> bool:
        """Whether no critical expectation is broken."""
        return not self.failures

    def _sentences(self, severity: Severity, *, without: frozenset[str] = frozenset()) -> tuple[str, ...]:
        broken = (o for o in self.outcomes if not o.success and o.severity is severity and o.expectation not in without)
        return tuple(f"{outcome.expectation}: {outcome.observed}" for outcome in broken)


def verdict_of_load(load: StagedLoad, findings: Findings) -> GateVerdict:
    """Refusals of the load, failures of rows, and the outcome of each expectation."""
    return GateVerdict(
        load_id=load.load_id,
        outcomes=tuple(_outcome(finding, load.row_count) for finding in findings.findings),
        row_failures=findings.row_failures,
        refusals=findings.refusals,
    )


def verdict_of_tables(suite: TableSuite, standing: Standing, findings: Findings) -> TableVerdict:
    """The outcome of each expectation about tables as they stand."""
    return TableVerdict(
        suite=suite.key,
        version=standing.version,
        checked_at=standing.now,
        outcomes=tuple(_outcome(finding, None) for finding in findings.findings),
        following_facts=frozenset(
            rule.name for rule in suite.rules if isinstance(rule, TableRule) and rule.follows_facts
        ),
    )


def _outcome(finding: Finding, rows: int | None) -> ExpectationOutcome:
    rule = finding.rule
    return ExpectationOutcome(
        expectation=rule.name,
        column=rule.column,
        severity=rule.severity,
        success=finding.count == 0,
        unexpected_count=finding.count,
        observed=finding.sentence if finding.sentence or not finding.count else _counted(finding, rows),
        consequence=rule.consequence,
    )


def _counted(finding: Finding, rows: int | None) -> str:
    counted = f"{finding.count} of {rows} rows" if rows is not None else f"{finding.count} found"
    if not finding.examples:
        return counted
    first = finding.examples[0]
    place = f"row {first.row_number}: " if isinstance(finding.rule, RowRule) else "first: "
    return f"{counted}; {place}{first.reason}"
