"""When a load says two things about one order or customer."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from cms.application.ports import Dataset, StagedLoad
from cms.config import GateSettings
from cms.warehouse.tables import metadata
from expectations.direct import DirectGate
from expectations.history import unrepeated_keys
from expectations.rules import Staged
from expectations.suites import suite_of
from tests.staged_rows import NOW, a_staged_order, stage


def quarantined(engine: sa.Engine, *rows: dict[str, Any]) -> set[int]:
    gate = DirectGate(engine=engine, tables=metadata.tables, settings=GateSettings())
    verdict = gate.judge(stage(engine, Dataset.ORDERS, rows), now=NOW)
    return {failure.row_number for failure in verdict.row_failures}


def test_the_same_row_delivered_twice_is_harmless(engine: sa.Engine) -> None:
    assert quarantined(engine, a_staged_order(1), a_staged_order(1), a_staged_order(2)) == set()


def test_the_same_row_with_another_update_instant_is_harmless(engine: sa.Engine) -> None:
    later = a_staged_order(1, source_updated_at=NOW)

    assert quarantined(engine, a_staged_order(1), later) == set()


def test_different_rows_with_different_update_instants_are_a_history(engine: sa.Engine) -> None:
    later = a_staged_order(1, quantity=Decimal(50), source_updated_at=NOW)

    assert quarantined(engine, a_staged_order(1), later) == set()


@pytest.mark.parametrize("instant", [None, NOW - timedelta(days=1)])
def test_different_rows_of_one_instant_or_none_are_all_held_back(engine: sa.Engine, instant: Any) -> None:
    one = a_staged_order(1, source_updated_at=instant)
    other = a_staged_order(1, source_updated_at=instant, quantity=Decimal(50))

    assert quarantined(engine, one, other, a_staged_order(2)) == {1, 2}


def test_a_row_without_an_instant_contradicts_one_that_has_it(engine: sa.Engine) -> None:
    other = a_staged_order(1, source_updated_at=None, quantity=Decimal(50))

    assert quarantined(engine, a_staged_order(1), other) == {1, 2}


def test_a_contradiction_is_found_behind_a_repetition(engine: sa.Engine) -> None:
    repeated = a_staged_order(1, source_updated_at=NOW)
    contradiction = a_staged_order(1, source_updated_at=NOW, quantity=Decimal(50))

    assert quarantined(engine, a_staged_order(1), repeated, contradiction) == {1, 2, 3}


def test_only_keys_that_stand_in_several_rows_are_looked_at_closer(engine: sa.Engine) -> None:
    rows = [a_staged_order(1), a_staged_order(2, order_id="O1"), a_staged_order(3, order_id=None)]
    rows += [a_staged_order(4, order_id=None)]
    staged = Staged(load=stage(engine, Dataset.ORDERS, rows), tables=metadata.tables, now=NOW)

    with engine.connect() as connection:
        found = unrepeated_keys(connection, staged, ("order_id", "source_order_id"))

    assert found == {"source_order_id"}


def test_the_only_row_of_a_load_repeats_nothing(engine: sa.Engine) -> None:
    staged = Staged(load=stage(engine, Dataset.ORDERS, [a_staged_order(1)]), tables=metadata.tables, now=NOW)

    with engine.connect() as connection:
        assert unrepeated_keys(connection, staged, ("order_id",)) == {"order_id"}


@pytest.mark.parametrize("dataset", [Dataset.ORDERS, Dataset.CUSTOMERS])
def test_every_key_that_a_rule_asks_about_is_counted(engine: sa.Engine, dataset: Dataset) -> None:
    suite = suite_of(dataset)
    load = StagedLoad(load_id="L", dataset=dataset, source="erp", row_count=2, staged_at=NOW)
    staged = Staged(load=load, tables=metadata.tables, now=NOW, unrepeated=frozenset(suite.keys))

    asked = [rule.broken(staged) for rule in suite.row_rules]

    assert not [condition for condition in asked if "GROUP BY" in str(condition.compile(engine))]
