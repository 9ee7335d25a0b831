"""The gate with Great Expectations: the same verdicts as plain SQL, from suites with business names."""

import json
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cms.application.ports import Dataset
from cms.config import GateSettings
from cms.domain.errors import WarehouseError
from cms.warehouse.tables import metadata, staging_orders
from expectations.direct import DirectGate
from expectations.gate import Gate
from expectations.suites import all_suites
from tests.expectations.cases import BREAKING
from tests.staged_rows import A_STAGED, NOW, a_staged_order, stage

SETTINGS = GateSettings(max_bad_share=0.9)


@pytest.fixture
def gate(engine: sa.Engine, tmp_path: Path) -> Gate:
    return Gate(engine, SETTINGS.model_copy(update={"data_docs": tmp_path}), metadata.tables)


def every_broken_row(dataset: Dataset) -> list[dict[str, Any]]:
    numbers = count(1)
    good = [A_STAGED[dataset](next(numbers)) for _ in range(5)]
    cases = BREAKING[dataset].values()
    return good + [A_STAGED[dataset](next(numbers), **change) for changes in cases for change in changes]


@pytest.mark.parametrize("dataset", list(Dataset))
def test_verdicts_are_the_same_as_without_great_expectations(engine: sa.Engine, gate: Gate, dataset: Dataset) -> None:
    load = stage(engine, dataset, every_broken_row(dataset))
    direct = DirectGate(engine=engine, tables=metadata.tables, settings=SETTINGS)

    verdict = gate.judge(load, now=NOW)

    assert verdict == direct.judge(load, now=NOW)
    assert len(verdict.row_failures) > 5


def test_one_gate_judges_many_loads(engine: sa.Engine, gate: Gate) -> None:
    good = stage(engine, Dataset.ORDERS, [a_staged_order(1)], load_id="good")
    bad = stage(engine, Dataset.ORDERS, [a_staged_order(1, status="lost")], load_id="bad")

    verdicts = [gate.judge(load, now=NOW) for load in (good, bad, good)]

    assert [len(verdict.row_failures) for verdict in verdicts] == [0, 1, 0]


def test_an_empty_load_is_judged_too(engine: sa.Engine, gate: Gate) -> None:
    verdict = gate.judge(stage(engine, Dataset.ORDERS, []), now=NOW, complete=True)

    assert len(verdict.refusals) == 1


def test_results_are_kept_with_business_names(engine: sa.Engine, gate: Gate, tmp_path: Path) -> None:
    gate.judge(stage(engine, Dataset.ORDERS, [a_staged_order(1, customer_id="C404")]), now=NOW)

    (file,) = (tmp_path / "results" / "order_master").iterdir()
    result = json.loads(file.read_text(encoding="utf-8"))
    failed = [r["expectation_config"] for r in result["results"] if not r["success"]]
    assert [(f["type"], f["severity"]) for f in failed] == [
        ("expect_of_orders_that_every_order_belongs_to_a_known_customer", "critical")
    ]


def test_no_address_of_the_warehouse_stands_in_the_results(engine: sa.Engine, gate: Gate, tmp_path: Path) -> None:
    gate.judge(stage(engine, Dataset.ORDERS, [a_staged_order(1)]), now=NOW)

    (file,) = (tmp_path / "results" / "order_master").iterdir()
    assert str(engine.url.database) not in file.read_text(encoding="utf-8")


def test_the_engine_is_left_open_and_gives_no_connection_away(engine: sa.Engine, gate: Gate) -> None:
    load = stage(engine, Dataset.ORDERS, [a_staged_order(1)])

    gate.judge(load, now=NOW)

    assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]


def test_a_warehouse_that_cannot_be_read_is_an_error_and_no_verdict(engine: sa.Engine, gate: Gate) -> None:
    load = stage(engine, Dataset.ORDERS, [a_staged_order(1)])
    with engine.begin() as connection:
        metadata.tables["order_source_records"].drop(connection)

    with pytest.raises(WarehouseError, match="could not be checked"):
        gate.judge(load, now=NOW)


def test_a_load_that_another_run_stages_meanwhile_is_seen_by_the_next_judgement(engine: sa.Engine, gate: Gate) -> None:
    load = stage(engine, Dataset.ORDERS, [a_staged_order(1)])
    gate.judge(load, now=NOW)
    with engine.begin() as connection:
        connection.execute(sa.update(staging_orders).values(status="lost"))

    verdict = gate.judge(load, now=NOW)

    assert len(verdict.row_failures) == 1


def test_a_rule_has_a_name_a_meaning_and_a_remedy() -> None:
    rules = [rule for suite in all_suites() for rule in suite.rules]

    assert all(rule.description.endswith(".") for rule in rules)
    assert all(rule.consequence.endswith(".") and rule.remedy.endswith(".") for rule in rules)
    assert all(len({r.name for r in suite.rules}) == len(suite.rules) for suite in all_suites())
