"""The rules mean the same on every engine, with and without Great Expectations."""

from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cms.application.ports import Dataset
from cms.config import GateSettings
from cms.warehouse.tables import metadata
from cms.warehouse.warehouse import Warehouse
from expectations.direct import DirectGate
from expectations.gate import Gate
from expectations.rules import Standing
from expectations.standing import find_in_tables, published_version
from expectations.suites import table_suites
from expectations.verdicts import verdict_of_tables
from tests.expectations.cases import ALSO_BROKEN, BREAKING, TAKEN
from tests.expectations.test_standing_tables import BREAKING as BREAKING_TABLES
from tests.published_tables import publish_tables
from tests.staged_rows import A_STAGED, NOW, a_staged_order, know_business, stage

SETTINGS = GateSettings(max_bad_share=0.95)


def prepared(warehouse: Warehouse) -> sa.Engine:
    know_business(warehouse.engine, TAKEN)
    return warehouse.engine


def each_case(dataset: Dataset) -> list[tuple[str, list[dict[str, Any]]]]:
    return [
        (name, [A_STAGED[dataset](number, **change) for number, change in enumerate(changes, 1)])
        for name, changes in BREAKING[dataset].items()
    ]


@pytest.mark.parametrize("dataset", list(Dataset))
def test_every_rule_about_rows_finds_what_breaks_it(warehouse: Warehouse, dataset: Dataset) -> None:
    engine = prepared(warehouse)
    gate = DirectGate(engine=engine, tables=metadata.tables, settings=SETTINGS)
    numbers = count()

    found = {}
    for name, rows in each_case(dataset):
        verdict = gate.judge(stage(engine, dataset, rows, load_id=f"case {next(numbers)}"), now=NOW)
        found[name] = {outcome.expectation for outcome in verdict.outcomes if not outcome.success}

    assert {name: name in broken for name, broken in found.items()} == dict.fromkeys(found, True)
    not_alone = sum(len(names) for (of, _), names in ALSO_BROKEN.items() if of is dataset)
    assert sum(len(broken) for broken in found.values()) <= len(found) + not_alone


def test_good_rows_are_good(warehouse: Warehouse) -> None:
    engine = prepared(warehouse)
    gate = DirectGate(engine=engine, tables=metadata.tables, settings=SETTINGS)

    for dataset in Dataset:
        verdict = gate.judge(stage(engine, dataset, [A_STAGED[dataset](1)]), now=NOW)
        assert [outcome for outcome in verdict.outcomes if not outcome.success] == []


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"order_id": "O1 "}, "order_id is a clean key"),
        ({"product_family": " pumps"}, "product_family is a clean key"),
        ({"order_type": "standard "}, "order_type is one we know"),
        ({"status": "open "}, "status is one we know"),
        ({"ordered_at": datetime(1, 1, 1, tzinfo=UTC)}, "ordered_at is a plausible instant"),
        ({"ordered_at": datetime(9999, 12, 31, 23, tzinfo=UTC)}, "ordered_at is a plausible instant"),
    ],
)
def test_blanks_at_an_end_and_ends_of_the_calendar_hold_only_their_row_back(
    warehouse: Warehouse, changes: dict[str, Any], rule: str
) -> None:
    engine = prepared(warehouse)
    gate = DirectGate(engine=engine, tables=metadata.tables, settings=SETTINGS)
    rows = [a_staged_order(1, **changes), a_staged_order(2)]

    verdict = gate.judge(stage(engine, Dataset.ORDERS, rows), now=NOW)

    assert {failure.row_number for failure in verdict.row_failures} == {1}
    assert rule in {failure.expectation for failure in verdict.row_failures}


def test_great_expectations_gives_the_same_verdicts(warehouse: Warehouse, tmp_path: Path) -> None:
    engine = prepared(warehouse)
    settings = SETTINGS.model_copy(update={"data_docs": tmp_path})
    gate = Gate(engine, settings, metadata.tables)
    direct = DirectGate(engine=engine, tables=metadata.tables, settings=settings)
    rows = [row for _, rows in each_case(Dataset.ORDERS) for row in rows]
    load = stage(engine, Dataset.ORDERS, rows)

    assert gate.judge(load, now=NOW) == direct.judge(load, now=NOW)


@pytest.mark.parametrize("suite", table_suites(), ids=lambda suite: suite.key)
def test_rules_about_tables_hold_on_consistent_ones_and_find_what_breaks_them(warehouse: Warehouse, suite: Any) -> None:
    engine = prepared(warehouse)
    gate = DirectGate(engine=engine, tables=metadata.tables, settings=SETTINGS)
    with engine.begin() as connection:
        publish_tables(connection)
    assert gate.check(suite, now=NOW).is_good

    for name, breaks in BREAKING_TABLES[suite.key].items():
        verdict = _checked_and_undone(engine, suite, breaks)
        assert name in {outcome.expectation for outcome in verdict if not outcome.success}


def _checked_and_undone(engine: sa.Engine, suite: Any, breaks: Any) -> Any:
    with engine.connect() as connection, connection.begin() as transaction:
        breaks(connection)
        version = published_version(connection, metadata.tables)
        standing = Standing(tables=metadata.tables, version=version, now=NOW)
        verdict = verdict_of_tables(suite, standing, find_in_tables(connection, suite, standing))
        transaction.rollback()
    return verdict.outcomes
