"""What the rules about tables as they stand find."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from cms.application.ports import RowFailure
from expectations.drift import read_demand
from expectations.findings import Finding, Findings, as_texts
from expectations.rules import DemandRule, Standing, TableRule, TableSuite

EXAMPLES = 20


def published_version(connection: sa.Connection, tables: Mapping[str, sa.Table]) -> int:
    """The version of the published schedule; 0 where none is."""
    versions = tables["schedule_versions"].c
    return connection.scalar(sa.select(versions.version).where(versions.status == "published")) or 0


def find_in_tables(connection: sa.Connection, suite: TableSuite, standing: Standing) -> Findings:
    """Check every rule of a suite on the tables as they stand."""
    findings = [_find(connection, rule, standing) for rule in suite.rules if isinstance(rule, TableRule)]
    demand_rules = [rule for rule in suite.rules if isinstance(rule, DemandRule)]
    if demand_rules:
        facts = read_demand(connection, standing)
        sentences = [(rule, rule.find(facts)) for rule in demand_rules]
        findings += [Finding(rule=rule, count=1 if said else 0, sentence=said) for rule, said in sentences]
    return Findings(findings=tuple(findings), row_failures=())


def _find(connection: sa.Connection, rule: TableRule, standing: Standing) -> Finding:
    query = rule.broken(standing)
    rows = connection.execute(query.limit(EXAMPLES + 1)).mappings().all()
    # the rows themselves tell how many there are, unless there are more than are shown
    count = len(rows) if len(rows) <= EXAMPLES else _count(connection, query)
    examples = tuple(_failure(rule, number, row) for number, row in enumerate(rows[:EXAMPLES], 1))
    return Finding(rule=rule, count=count, examples=examples)


def _count(connection: sa.Connection, query: sa.Select[Any]) -> int:
    broken = query.order_by(None).subquery()
    return connection.scalar(sa.select(sa.func.count()).select_from(broken)) or 0


def _failure(rule: TableRule, number: int, row: Mapping[Any, Any]) -> RowFailure:
    texts = as_texts(row)
    return RowFailure(
        row_number=number,
        expectation=rule.name,
        column=rule.column,
        value=texts.get(rule.column, ""),
        reason=rule.reason.format_map(texts),
    )
