from decimal import Decimal

import pytest

from cms.application.ports import (
    Dataset,
    ExpectationOutcome,
    GateVerdict,
    Severity,
)
from cms.domain.errors import InvalidValueError, LoadRefusedError, NotFoundError
from cms.warehouse.quarantine_rows import resolve_arrived
from cms.warehouse.tables import order_master, quality_results, quarantine, staging_orders
from cms.warehouse.warehouse import Warehouse
from tests.integration.warehouse.loading import (
    LATER,
    NOW,
    bad_row,
    count_of,
    know_customers,
    load_orders,
    order_row,
    rows_of,
)
from tests.sqlite_steps import steps_of

OUTCOME = ExpectationOutcome(
    expectation="a quantity is positive",
    column="quantity",
    severity=Severity.CRITICAL,
    success=False,
    unexpected_count=1,
    observed="-1",
    consequence="the row cannot be planned",
)


def test_a_bad_row_is_kept_with_its_reason_and_as_it_came(warehouse: Warehouse) -> None:
    know_customers(warehouse)

    counts = load_orders(warehouse, order_row("O1"), order_row("O2", quantity=Decimal(-1)), failures=[bad_row(2)])

    (row,) = warehouse.quality.rows()
    assert (counts.inserted, counts.quarantined) == (1, 1)
    assert (row.row_key, row.row_number, row.expectation, row.status) == ("O2", 2, "a quantity is positive", "waiting")
    assert row.reason == "quantity: must be more than 0, found -1"
    assert row.raw["quantity"] == "-1"


def test_a_row_that_breaks_two_rules_waits_once_with_both_reasons(warehouse: Warehouse) -> None:
    know_customers(warehouse)

    counts = load_orders(warehouse, order_row("O1"), failures=[bad_row(1), bad_row(1, "priority: must be 1 or more")])

    (row,) = warehouse.quality.rows()
    assert counts.quarantined == 1
    assert row.reason == "quantity: must be more than 0, found -1; priority: must be 1 or more"


def test_the_same_bad_row_again_is_not_quarantined_twice(warehouse: Warehouse) -> None:
    know_customers(warehouse)
    for _ in range(3):
        load_orders(warehouse, order_row("O1", quantity=Decimal(-1)), failures=[bad_row(1)])

    assert count_of(warehouse, quarantine) == 1


def test_another_bad_row_of_the_same_order_takes_its_place(warehouse: Warehouse) -> None:
    know_customers(warehouse)
    load_orders(warehouse, order_row("O1", quantity=Decimal(-1)), failures=[bad_row(1)])

    load_orders(warehouse, order_row("O1", quantity=Decimal(-2)), failures=[bad_row(1)])

    assert sorted(status for (status,) in rows_of(warehouse, quarantine, "status")) == ["resolved", "waiting"]


def test_a_row_that_arrives_right_resolves_the_one_that_waited(warehouse: Warehouse) -> None:
    know_customers(warehouse)
    load_orders(warehouse, order_row("O1", quantity=Decimal(-1)), failures=[bad_row(1)])

    load_orders(warehouse, order_row("O1", quantity=Decimal(1), source_updated_at=LATER))

    assert rows_of(warehouse, quarantine, "status") == [("resolved",)]
    assert count_of(warehouse, order_master) == 1


def test_what_has_arrived_right_is_looked_up_for_each_row_that_waits_not_searched(sqlite_warehouse: Warehouse) -> None:
    few, many = (steps_to_resolve(sqlite_warehouse, orders) for orders in (200, 800))

    assert many < 6 * few, "four times the rows take four times the steps, or a little more"
    assert rows_of(sqlite_warehouse, quarantine, "status") == [("resolved",)] * 1000


def steps_to_resolve(warehouse: Warehouse, orders: int) -> int:
    """Steps of SQLite to resolve so many rows that waited, all of which have arrived right."""
    names = [f"O{orders}-{number}" for number in range(orders)]
    know_customers(warehouse)
    load_orders(warehouse, *map(order_row, names), failures=[bad_row(number + 1) for number in range(orders)])
    arrived = warehouse.loads.stage(Dataset.ORDERS, map(order_row, names), source="erp", now=LATER)
    return steps_of(
        warehouse.engine, lambda connection: resolve_arrived(connection, staging_orders, arrived, now=LATER)
    )


def test_a_rejected_row_is_not_shown_again(warehouse: Warehouse) -> None:
    know_customers(warehouse)
    load_orders(warehouse, order_row("O1", quantity=Decimal(-1)), failures=[bad_row(1)])
    (row,) = warehouse.quality.rows()

    warehouse.quality.reject([row.quarantine_id], by="steward", now=NOW)
    load_orders(warehouse, order_row("O1", quantity=Decimal(-1)), failures=[bad_row(1)])

    assert warehouse.quality.rows() == []
    assert warehouse.quality.counts() == {(Dataset.ORDERS, "rejected"): 1}


def test_a_released_row_goes_through_the_gate_again_as_it_was_read(warehouse: Warehouse) -> None:
    know_customers(warehouse)
    original = order_row("O1", customer_id="LATECOMER")
    load_orders(warehouse, original)
    know_customers(warehouse, "C1", "LATECOMER")
    ids = [row.quarantine_id for row in warehouse.quality.rows()]

    ((group, rows),) = warehouse.quality.waiting_rows(ids).items()
    staged = warehouse.loads.stage(group[0], rows, source=group[1], now=NOW)
    counts = warehouse.loads.merge(staged, GateVerdict(load_id=staged.load_id, outcomes=()), now=NOW)
    released = warehouse.quality.mark_released(ids, load_id=staged.load_id, by="steward", now=NOW)

    assert group == (Dataset.ORDERS, "erp")
    assert (rows[0].values, rows[0].raw) == (original.values, original.raw)
    assert (counts.inserted, released) == (1, 1)
    assert rows_of(warehouse, quarantine, "status", "decided_by") == [("released", "steward")]


def test_only_rows_that_wait_can_be_decided(warehouse: Warehouse) -> None:
    know_customers(warehouse)
    load_orders(warehouse, order_row("O1"), failures=[bad_row(1)])
    (row,) = warehouse.quality.rows()
    warehouse.quality.reject([row.quarantine_id], by="steward", now=NOW)

    with pytest.raises(InvalidValueError, match="must be waiting for a decision, found 'rejected'"):
        warehouse.quality.waiting_rows([row.quarantine_id])
    with pytest.raises(NotFoundError, match="no row in quarantine '999'"):
        warehouse.quality.reject([999], by="steward", now=NOW)


def test_a_refused_load_changes_nothing_and_keeps_its_results_and_its_rows(warehouse: Warehouse) -> None:
    know_customers(warehouse)
    staged = warehouse.loads.stage(Dataset.ORDERS, [order_row("O1")], source="erp", now=NOW)
    verdict = GateVerdict(load_id=staged.load_id, outcomes=(OUTCOME,), refusals=("too few rows: 1 of 500",))

    with pytest.raises(LoadRefusedError, match="refused, nothing was changed: too few rows: 1 of 500"):
        warehouse.loads.merge(staged, verdict, now=NOW, watermark="w1", complete=True)

    assert count_of(warehouse, order_master) == 0
    assert count_of(warehouse, staging_orders) == 1
    assert warehouse.loads.watermark(Dataset.ORDERS, "erp") is None
    assert [line.consequence for line in warehouse.quality.results(staged.load_id)] == ["the row cannot be planned"]
    (line,) = warehouse.quality.loads(dataset=Dataset.ORDERS)
    assert (line.status, line.refusals) == ("refused", ("too few rows: 1 of 500",))


def test_a_refused_load_can_be_reopened_and_merged(warehouse: Warehouse) -> None:
    know_customers(warehouse)
    staged = warehouse.loads.stage(Dataset.ORDERS, [order_row("O1")], source="erp", now=NOW)
    with pytest.raises(LoadRefusedError):
        warehouse.loads.merge(
            staged, GateVerdict(load_id=staged.load_id, outcomes=(), refusals=("too few rows",)), now=NOW
        )

    reopened = warehouse.quality.reopen(staged.load_id)
    counts = warehouse.loads.merge(reopened, GateVerdict(load_id=staged.load_id, outcomes=()), now=NOW)

    assert (reopened, counts.inserted) == (staged, 1)


def test_a_refused_load_can_be_given_up(warehouse: Warehouse) -> None:
    staged = warehouse.loads.stage(Dataset.ORDERS, [order_row("O1")], source="erp", now=NOW)
    with pytest.raises(LoadRefusedError):
        warehouse.loads.merge(staged, GateVerdict(load_id=staged.load_id, outcomes=(), refusals=("no",)), now=NOW)

    warehouse.quality.reject_load(staged.load_id, now=NOW)

    assert count_of(warehouse, staging_orders) == 0
    with pytest.raises(NotFoundError, match="no refused load"):
        warehouse.quality.reopen(staged.load_id)


def test_results_of_a_merged_load_are_kept_for_the_trend(warehouse: Warehouse) -> None:
    know_customers(warehouse)
    staged = warehouse.loads.stage(Dataset.ORDERS, [order_row("O1")], source="erp", now=NOW)

    warehouse.loads.merge(staged, GateVerdict(load_id=staged.load_id, outcomes=(OUTCOME,)), now=NOW)

    (line,) = warehouse.quality.trend(Dataset.ORDERS, since=NOW)
    assert count_of(warehouse, quality_results) == 1
    assert (line.expectation, line.success, line.unexpected_count) == ("a quantity is positive", False, 1)
