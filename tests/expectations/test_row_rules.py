"""Every expectation about rows, once green and once red."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from cms.application.ports import Dataset, GateVerdict, Severity
from cms.config import GateSettings
from cms.domain.errors import InvalidValueError
from cms.warehouse.tables import metadata
from expectations.direct import DirectGate
from expectations.suites import loaded_suites
from tests.expectations.cases import ALSO_BROKEN, BREAKING
from tests.staged_rows import A_STAGED, NOW, stage

RULES = [(suite.dataset, rule.name) for suite in loaded_suites() for rule in suite.row_rules]
Judge = Callable[..., GateVerdict]


@pytest.fixture
def judge(engine: sa.Engine) -> Judge:
    gate = DirectGate(engine=engine, tables=metadata.tables, settings=GateSettings())

    def judge(dataset: Dataset, rows: list[dict[str, Any]]) -> GateVerdict:
        return gate.judge(stage(engine, dataset, rows), now=NOW)

    return judge


def broken_rows(dataset: Dataset, name: str) -> list[dict[str, Any]]:
    changes = BREAKING[dataset][name]
    return [A_STAGED[dataset](number, **change) for number, change in enumerate(changes, 1)]


def test_every_rule_has_a_case_that_breaks_it() -> None:
    cases = [(dataset, name) for dataset, of_dataset in BREAKING.items() for name in of_dataset]

    assert sorted(cases) == sorted(RULES)


@pytest.mark.parametrize("dataset", list(Dataset))
def test_good_rows_keep_every_rule(judge: Judge, dataset: Dataset) -> None:
    rows = [A_STAGED[dataset](number) for number in range(1, 4)]

    verdict = judge(dataset, rows)

    assert [o.expectation for o in verdict.outcomes if not o.success] == []
    assert verdict.row_failures == ()
    assert verdict.refusals == ()


@pytest.mark.parametrize(("dataset", "name"), RULES)
def test_a_broken_rule_is_found_alone_and_holds_rows_back_if_it_is_critical(
    judge: Judge, dataset: Dataset, name: str
) -> None:
    verdict = judge(dataset, broken_rows(dataset, name))

    broken = {outcome.expectation: outcome for outcome in verdict.outcomes if not outcome.success}
    assert broken.keys() == {name} | ALSO_BROKEN.get((dataset, name), frozenset())
    failures = [failure for failure in verdict.row_failures if failure.expectation == name]
    assert len(failures) == (broken[name].unexpected_count if broken[name].severity is Severity.CRITICAL else 0)
    assert all(failure.reason and "{" not in failure.reason for failure in failures)


def test_a_reason_names_the_value(judge: Judge) -> None:
    rows = [A_STAGED[Dataset.ORDERS](1, customer_id="C404")]

    (failure,) = judge(Dataset.ORDERS, rows).row_failures

    assert failure.row_number == 1
    assert (failure.column, failure.value) == ("customer_id", "C404")
    assert failure.reason == "customer 'C404' is not in the customer master"


def test_a_field_that_could_not_be_read_is_told_by_its_problem_alone(judge: Judge) -> None:
    problem = "quantity: 'many' is no number"
    rows = [A_STAGED[Dataset.ORDERS](1, quantity=None, problems=problem)]

    (failure,) = judge(Dataset.ORDERS, rows).row_failures

    assert (failure.expectation, failure.column, failure.reason) == ("every field can be read", "quantity", problem)


def test_what_one_source_leaves_out_another_one_may_know(judge: Judge, engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.execute(sa.update(metadata.tables["order_source_records"]).values(source_system="order board"))
    partial = A_STAGED[Dataset.ORDERS](1, order_id="TAKEN", quantity=None, requested_date=None)

    verdict = judge(Dataset.ORDERS, [partial])

    assert verdict.row_failures == ()


def test_rows_of_other_loads_are_not_looked_at(judge: Judge, engine: sa.Engine) -> None:
    stage(engine, Dataset.ORDERS, [A_STAGED[Dataset.ORDERS](1, quantity=-1)], load_id="another")

    verdict = judge(Dataset.ORDERS, [A_STAGED[Dataset.ORDERS](1)])

    assert verdict.row_failures == ()


def test_a_steward_may_accept_a_suspicion(engine: sa.Engine) -> None:
    gate = DirectGate(engine=engine, tables=metadata.tables, settings=GateSettings())
    name = "a quantity keeps its decimal point"
    load = stage(engine, Dataset.ORDERS, broken_rows(Dataset.ORDERS, name))

    assert gate.judge(load, now=NOW).row_failures
    assert gate.judge(load, now=NOW, accepted=frozenset({name})).row_failures == ()


def test_nobody_may_accept_what_is_no_suspicion(engine: sa.Engine) -> None:
    gate = DirectGate(engine=engine, tables=metadata.tables, settings=GateSettings())
    load = stage(engine, Dataset.ORDERS, [A_STAGED[Dataset.ORDERS](1)])

    with pytest.raises(InvalidValueError, match="must be one of the suspicions of order_master"):
        gate.judge(load, now=NOW, accepted=frozenset({"every order belongs to a known customer"}))
