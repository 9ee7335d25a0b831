"""Every rule has its statement for SQL Server, where that engine's own words are needed."""

import pytest
import sqlalchemy as sa

from cms.application.ports import Dataset, StagedLoad
from cms.warehouse.tables import metadata
from expectations.rules import RowRule, Staged, Standing, TableRule
from expectations.suites import loaded_suites, table_suites
from expectations.usual_orders import UsualOrders
from tests.sql_server_refusals import refusals
from tests.staged_rows import NOW

USUAL = UsualOrders(
    held=400,
    orders=400,
    lead_days=(7, 21),
    promised=400,
    promise_days=(0, 3),
    weekdays=frozenset(range(5)),
    hours={9: 400},
    offset_minutes=120,
)
ROW_RULES = [(suite.dataset, rule) for suite in loaded_suites() for rule in suite.row_rules]
TABLE_RULES = [rule for suite in table_suites() for rule in suite.rules if isinstance(rule, TableRule)]


def as_query(dataset: Dataset, rule: RowRule, row_count: int) -> sa.Select[tuple[object, ...]]:
    load = StagedLoad(load_id="L", dataset=dataset, source="erp", row_count=row_count, staged_at=NOW)
    staged = Staged(load=load, tables=metadata.tables, now=NOW, usual=USUAL)
    return sa.select(sa.case((rule.broken(staged), 1), else_=0)).where(staged.belongs)


@pytest.mark.parametrize("row_count", [1, 100])
@pytest.mark.parametrize(("dataset", "rule"), ROW_RULES, ids=lambda value: getattr(value, "name", value))
def test_a_rule_about_rows_can_be_said_to_sql_server(dataset: Dataset, rule: RowRule, row_count: int) -> None:
    assert refusals(as_query(dataset, rule, row_count)) == []


@pytest.mark.parametrize("rule", TABLE_RULES, ids=lambda rule: rule.name)
def test_a_rule_about_tables_can_be_said_to_sql_server(rule: TableRule) -> None:
    standing = Standing(tables=metadata.tables, version=7, now=NOW)

    assert refusals(rule.broken(standing).limit(21)) == []
