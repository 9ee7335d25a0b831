"""What the rules find in a load: one pass over its rows in the warehouse, more only where it finds something."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from cms.application.ports import RowFailure
from cms.config import GateSettings
from expectations.history import held_rows, hours_of_load, recent_rows, unrepeated_keys, usual_orders
from expectations.rules import LoadFacts, LoadRule, RowRule, Rule, Staged, Suite

SHOWN_WARNINGS = 100
"""Rows with warnings that are read to be shown; all are counted."""
SHOWN_WHEN_REFUSED = 1_000
"""Rows that are named of a refused load: nothing of it is merged, so more would only be noise."""
_VALUE_LIMIT = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What one rule found.

    Parameters
    ----------
    count : int
        Rows that break the rule; 0 or 1 for a rule about the load.
    sentence : str
        How a rule about the load is broken.
    examples : tuple of RowFailure
        Some of the rows.
    """

    rule: Rule
    count: int
    sentence: str = ""
    examples: tuple[RowFailure, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Findings:
    """What all rules of a suite found in one load.

    Parameters
    ----------
    row_failures : tuple of RowFailure
        Every critical failure of a row; of a refused load the first ones.
    """

    findings: tuple[Finding, ...]
    row_failures: tuple[RowFailure, ...]

    @property
    def refusals(self) -> tuple[str, ...]:
        """Why the load as a whole is refused."""
        return tuple(f.sentence for f in self.findings if f.sentence and f.rule.is_critical)

    def by_name(self) -> Mapping[str, Finding]:
        """Findings by the name of their rule."""
        return {finding.rule.name: finding for finding in self.findings}


def find(
    connection: sa.Connection, suite: Suite, staged: Staged, settings: GateSettings, *, complete: bool
) -> Findings:
    """Check every rule of a suite on the staged rows of one load.

    What is usual is read first, and which keys stand in one row only. The next pass counts what breaks each rule. Only
    where something does, further passes read those rows.
    """
    unrepeated = unrepeated_keys(connection, staged, suite.keys)
    staged = replace(staged, usual=usual_orders(connection, staged), unrepeated=unrepeated)
    counts = _count(connection, suite, staged)
    broken = [rule for rule in suite.row_rules if counts.broken[rule.name]]
    critical = [rule for rule in broken if rule.is_critical]
    facts = LoadFacts(
        rows=counts.rows,
        bad_rows=_count_rows(connection, critical, staged),
        filled=counts.filled,
        complete=complete,
        held_rows=held_rows(connection, staged) if complete else 0,
        recent_rows=recent_rows(connection, staged) if complete else (),
        usual_hours=staged.usual.hours,
        hours=hours_of_load(connection, staged),
        settings=settings,
    )
    of_load = [_find_in_load(rule, facts) for rule in suite.load_rules]
    refused = any(finding.sentence and finding.rule.is_critical for finding in of_load)
    failures = _failures(connection, critical, staged, SHOWN_WHEN_REFUSED if refused else 0)
    warnings = _failures(connection, [r for r in broken if not r.is_critical], staged, SHOWN_WARNINGS)
    examples = _examples((*failures, *warnings))
    of_rows = [
        Finding(rule=rule, count=counts.broken[rule.name], examples=tuple(examples.get(rule.name, ())))
        for rule in suite.row_rules
    ]
    return Findings(findings=(*of_rows, *of_load), row_failures=failures)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Counts:
    rows: int
    filled: Mapping[str, int]
    broken: Mapping[str, int]


def _count(connection: sa.Connection, suite: Suite, staged: Staged) -> _Counts:
    flags = [_flag(rule, staged).label(f"rule_{index}") for index, rule in enumerate(suite.row_rules)]
    # the flags stand in a derived table because SQL Server sums no expression with a subquery in it
    checked = sa.select(*flags, *(staged[name] for name in suite.required)).where(staged.belongs).subquery("checked")
    broken = [checked.c[f"rule_{index}"] for index in range(len(flags))]
    row = connection.execute(
        sa.select(
            sa.func.count(),
            *(sa.func.count(checked.c[name]) for name in suite.required),
            *(sa.func.sum(flag) for flag in broken),
        ).select_from(checked)
    ).one()
    rows, *rest = (int(value or 0) for value in row)
    filled, found = rest[: len(suite.required)], rest[len(suite.required) :]
    return _Counts(
        rows=rows,
        filled=dict(zip(suite.required, filled, strict=True)),
        broken={rule.name: count for rule, count in zip(suite.row_rules, found, strict=True)},
    )


def _count_rows(connection: sa.Connection, rules: Sequence[RowRule], staged: Staged) -> int:
    """Rows that break at least one of the rules."""
    if not rules:
        return 0
    query = sa.select(sa.func.count()).select_from(staged.rows).where(staged.belongs, _breaks_any(rules, staged))
    return connection.scalar(query) or 0


def _breaks_any(rules: Sequence[RowRule], staged: Staged) -> sa.ColumnElement[bool]:
    return sa.or_(*(rule.broken(staged) for rule in rules))


def _flag(rule: RowRule, staged: Staged) -> sa.Case[int]:
    return sa.case((rule.broken(staged), 1), else_=0)


def _find_in_load(rule: LoadRule, facts: LoadFacts) -> Finding:
    sentence = rule.find(facts)
    return Finding(rule=rule, count=1 if sentence else 0, sentence=sentence)


def _failures(
    connection: sa.Connection, rules: Sequence[RowRule], staged: Staged, limit: int
) -> tuple[RowFailure, ...]:
    if not rules:
        return ()
    shown = [column for column in staged.rows.c if column.name not in {"load_id", "raw", "row_hash"}]
    flags = [_flag(rule, staged).label(f"rule_{index}") for index, rule in enumerate(rules)]
    query = sa.select(*shown, *flags).where(staged.belongs, _breaks_any(rules, staged)).order_by(staged["row_number"])
    rows = connection.execute(query.limit(limit) if limit else query)
    return tuple(failure for row in rows.mappings() for failure in _failures_of_row(dict(row), rules))


def _failures_of_row(row: Mapping[str, Any], rules: Sequence[RowRule]) -> Iterator[RowFailure]:
    texts = as_texts(row)
    for index, rule in enumerate(rules):
        if row[f"rule_{index}"]:
            yield RowFailure(
                row_number=row["row_number"],
                expectation=rule.name,
                column=_column(rule, texts),
                value=texts[rule.column][:_VALUE_LIMIT],
                reason=rule.reason.format_map(texts),
            )


def as_texts(row: Mapping[Any, Any]) -> dict[str, str]:
    """A row's values as they stand in a sentence."""
    return {
        str(name): "nothing" if value is None else "; ".join(str(value).splitlines()) for name, value in row.items()
    }


def _column(rule: RowRule, texts: Mapping[str, str]) -> str:
    """The column of a failure; for a field that could not be read, the one that its problem names first."""
    return texts["problems"].partition(":")[0][:_VALUE_LIMIT] if rule.column == "problems" else rule.column


def _examples(failures: Sequence[RowFailure], limit: int = 20) -> dict[str, list[RowFailure]]:
    examples: dict[str, list[RowFailure]] = {}
    for failure in failures:
        found = examples.setdefault(failure.expectation, [])
        if len(found) < limit:
            found.append(failure)
    return examples
