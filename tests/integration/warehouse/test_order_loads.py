from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest
import sqlalchemy as sa

from cms.application.ports import Dataset, GateVerdict, SourceRow
from cms.domain.errors import NotFoundError, SourceError, WarehouseError
from cms.domain.orders import OrderId, OrderStatus
from cms.warehouse import order_merge
from cms.warehouse.engine import in_transaction
from cms.warehouse.tables import loads, order_conflicts, order_master, order_source_records, staging_orders, sync_state
from cms.warehouse.warehouse import Warehouse
from tests.builders import a_delivery, a_schedule
from tests.integration.warehouse.loading import (
    EARLIER,
    LATER,
    NOW,
    count_of,
    know_customers,
    load_orders,
    order_row,
    rows_of,
)

O1 = OrderId("O1")


def publish(warehouse: Warehouse, *order_ids: str) -> None:
    schedule = a_schedule(*(a_delivery(order_id) for order_id in order_ids))
    published = warehouse.schedules.published()
    warehouse.schedules.publish(
        schedule,
        changes=(),
        notices=(),
        replaces=published.version if published else 0,
        reason_code="daily_plan",
        actor="test",
        now=NOW,
    )


def test_a_new_order_stands_in_the_order_book_as_its_source_says(warehouse: Warehouse) -> None:
    know_customers(warehouse)

    counts = load_orders(warehouse, order_row("O1", quantity=Decimal("12.5"), promised_date=date(2026, 1, 14)))

    order = warehouse.orders.order(O1)
    assert counts.inserted == 1
    assert (order.quantity, order.due_date, order.status) == (Decimal("12.5"), date(2026, 1, 14), "open")


def test_an_order_without_a_priority_has_its_customers(warehouse: Warehouse) -> None:
    know_customers(warehouse)

    load_orders(warehouse, order_row("O1", priority=None), order_row("O2", priority=1))

    assert rows_of(warehouse, order_master, "order_id", "priority") == [("O1", 2), ("O2", 1)]


def test_the_same_orders_again_are_not_written(warehouse: Warehouse) -> None:
    know_customers(warehouse)
    load_orders(warehouse, order_row("O1"), order_row("O2"))
    before = (
        rows_of(warehouse, order_master, "order_id", "load_id"),
        rows_of(warehouse, order_source_records, "source_order_id", "load_id"),
    )

    counts = load_orders(warehouse, order_row("O1"), order_row("O2"), complete=True)

    assert (counts.unchanged, counts.written) == (2, 0)
    after = (
        rows_of(warehouse, order_master, "order_id", "load_id"),
        rows_of(warehouse, order_source_records, "source_order_id", "load_id"),
    )
    assert after == before


def test_an_older_update_never_overwrites_a_newer_one(warehouse: Warehouse) -> None:
    know_customers(warehouse)
    load_orders(warehouse, order_row("O1", quantity=Decimal(7), source_updated_at=LATER))

    counts = load_orders(warehouse, order_row("O1", quantity=Decimal(5), source_updated_at=EARLIER))

    assert (counts.stale, counts.updated) == (1, 0)
    assert warehouse.orders.order(O1).quantity == 7


def test_a_duplicate_in_one_load_counts_once_and_the_latest_wins(warehouse: Warehouse) -> None:
    know_customers(warehouse)

    counts = load_orders(
        warehouse,
        order_row("O1", quantity=Decimal(3), source_updated_at=LATER),
        order_row("O1", quantity=Decimal(2), source_updated_at=EARLIER),
    )

    assert (counts.inserted, counts.stale) == (1, 1)
    assert warehouse.orders.order(O1).quantity == 3


def test_a_source_that_still_says_open_does_not_unschedule_an_order(warehouse: Warehouse) -> None:
    know_customers(warehouse)
    load_orders(warehouse, order_row("O1", status="open"))
    publish(warehouse, "O1")

    load_orders(warehouse, order_row("O1", status="open", quantity=Decimal(101), source_updated_at=LATER))

    order = warehouse.orders.order(O1)
    assert order.status is OrderStatus.SCHEDULED
    assert (order.quantity, order.scheduled_delivery_date) == (Decimal(101), date(2026, 1, 13))


def test_whatever_changes_an_order_changes_its_mark_and_no_others(warehouse: Warehouse) -> None:
    know_customers(warehouse)
    load_orders(warehouse, order_row("O1"), order_row("O2"))
    seen = [warehouse.orders.plannable_marks()]
    load_orders(warehouse, order_row("O1", quantity=Decimal(7), source_updated_at=LATER))
    seen.append(warehouse.orders.plannable_marks())
    publish(warehouse, "O1")
    seen.append(warehouse.orders.plannable_marks())
    publish(warehouse)
    seen.append(warehouse.orders.plannable_marks())

    assert all(before[O1] != after[O1] for before, after in pairwise(seen))
    assert len({marks[OrderId("O2")] for marks in seen}) == 1
    assert warehouse.orders.orders([OrderId("O2"), O1]) == warehouse.orders.plannable_orders()


@pytest.mark.parametrize("old", list(OrderStatus))
@pytest.mark.parametrize("new", [status for status in OrderStatus if status is not OrderStatus.SCHEDULED])
def test_the_life_of_an_order_allows_only_its_steps(
    sqlite_warehouse: Warehouse, old: OrderStatus, new: OrderStatus
) -> None:
    _assert_the_step_is_kept_or_refused(sqlite_warehouse, old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [("delivered", "open"), ("shipped", "delivered"), ("open", "shipped"), ("cancelled", "open"), ("on_hold", "open")],
)
def test_the_life_of_an_order_is_the_same_on_each_engine(warehouse: Warehouse, old: str, new: str) -> None:
    _assert_the_step_is_kept_or_refused(warehouse, OrderStatus(old), OrderStatus(new))


def _assert_the_step_is_kept_or_refused(warehouse: Warehouse, old: OrderStatus, new: OrderStatus) -> None:
    allowed: set[OrderStatus] = {
        OrderStatus.OPEN: set(OrderStatus),
        OrderStatus.SCHEDULED: set(OrderStatus) - {OrderStatus.OPEN},
        OrderStatus.IN_PRODUCTION: set(OrderStatus) - {OrderStatus.OPEN, OrderStatus.SCHEDULED},
        OrderStatus.ON_HOLD: set(OrderStatus),
        OrderStatus.SHIPPED: {OrderStatus.SHIPPED, OrderStatus.DELIVERED},
        OrderStatus.DELIVERED: {OrderStatus.DELIVERED},
        OrderStatus.CANCELLED: {OrderStatus.CANCELLED, OrderStatus.OPEN},
    }[old]
    know_customers(warehouse)
    load_orders(warehouse, order_row("O1", status="open" if old == "scheduled" else old.value))
    if old is OrderStatus.SCHEDULED:
        publish(warehouse, "O1")

    counts = load_orders(warehouse, order_row("O1", status=new.value, source_updated_at=LATER, priority=7))

    assert warehouse.orders.order(O1).status == (new if new in allowed else old)
    is_a_conflict = new not in allowed and (old, new) != (OrderStatus.SCHEDULED, OrderStatus.OPEN)
    assert bool(counts.conflicts) == is_a_conflict


def test_a_delivered_order_keeps_its_instants_against_a_claim_that_it_is_open(warehouse: Warehouse) -> None:
    know_customers(warehouse)
    load_orders(warehouse, order_row("O1", status="delivered", shipped_at=EARLIER, delivered_at=NOW))

    load_orders(warehouse, order_row("O1", status="open", source_updated_at=LATER))

    order = warehouse.orders.order(O1)
    assert (order.status, order.shipped_at, order.delivered_at) == ("delivered", EARLIER, NOW)


def test_an_order_missing_from_a_complete_load_is_cancelled(warehouse: Warehouse) -> None:
    know_customers(warehouse)
    load_orders(warehouse, order_row("O1"), order_row("O2"), order_row("O3", status="delivered"))

    counts = load_orders(warehouse, order_row("O1"), complete=True)

    assert counts.removed == 1
    statuses = rows_of(warehouse, order_master, "order_id", "status")
    assert statuses == [("O1", "open"), ("O2", "cancelled"), ("O3", "delivered")]


def test_the_last_word_about_an_order_counts_though_the_same_load_removes_it(warehouse: Warehouse) -> None:
    know_customers(warehouse)
    load_orders(warehouse, order_row("O1", status="in_production"))

    load_orders(
        warehouse,
        order_row("O1", status="delivered", quantity=Decimal(90), source_updated_at=LATER),
        removed_ids=frozenset({"O1"}),
    )

    order = warehouse.orders.order(O1)
    assert (order.status, order.quantity) == (OrderStatus.DELIVERED, Decimal(90))


@pytest.mark.parametrize("status", ["open", "in_production", "on_hold"])
def test_an_order_that_its_source_removed_and_gives_back_is_what_it_was(warehouse: Warehouse, status: str) -> None:
    know_customers(warehouse)
    load_orders(warehouse, order_row("O1", status=status))
    load_orders(warehouse, removed_ids=frozenset({"O1"}))
    when_removed = warehouse.orders.order(O1).status

    counts = load_orders(warehouse, order_row("O1", status=status))

    assert (when_removed, warehouse.orders.order(O1).status) == ("cancelled", status)
    assert counts.conflicts == ()
    assert rows_of(warehouse, order_master, "status_before_removal") == [(None,)]


def test_an_order_of_several_sources_comes_back_as_what_it_was(warehouse: Warehouse) -> None:
    know_customers(warehouse)
    load_orders(warehouse, order_row("O1", source_order_id="a", status="in_production"), source="erp")
    load_orders(warehouse, order_row("O1", source_order_id="b", status="in_production"), source="board")
    load_orders(warehouse, source="erp", removed_ids=frozenset({"a"}))
    load_orders(warehouse, source="board", removed_ids=frozenset({"b"}))
    when_removed = warehouse.orders.order(O1).status

    load_orders(warehouse, order_row("O1", source_order_id="b", status="in_production"), source="board")

    assert (when_removed, warehouse.orders.order(O1).status) == ("cancelled", "in_production")


def test_an_order_that_came_back_goes_on_from_where_it_was(warehouse: Warehouse) -> None:
    know_customers(warehouse)
    load_orders(warehouse, order_row("O1", status="in_production"), order_row("O2", status="in_production"))
    load_orders(warehouse, removed_ids=frozenset({"O1", "O2"}))

    counts = load_orders(warehouse, order_row("O1", status="shipped"), order_row("O2", status="open"))

    statuses = rows_of(warehouse, order_master, "order_id", "status")
    assert statuses == [("O1", "shipped"), ("O2", "in_production")]
    assert counts.conflicts == (
        "order O2: erp says open, but it is in_production and cannot go back; the status was kept",
    )


def test_an_order_that_its_source_cancelled_before_it_removed_it_stays_cancelled(warehouse: Warehouse) -> None:
    know_customers(warehouse)
    load_orders(warehouse, order_row("O1", status="in_production"))
    load_orders(warehouse, order_row("O1", status="cancelled", source_updated_at=LATER))
    load_orders(warehouse, removed_ids=frozenset({"O1"}))

    load_orders(warehouse, order_row("O1", status="in_production", source_updated_at=LATER))

    assert warehouse.orders.order(O1).status == "cancelled"


def test_a_scheduled_order_comes_back_scheduled_as_long_as_its_place_is(warehouse: Warehouse) -> None:
    know_customers(warehouse)
    load_orders(warehouse, order_row("O1"), order_row("O2"))
    publish(warehouse, "O1", "O2")
    load_orders(warehouse, removed_ids=frozenset({"O1"}))
    load_orders(warehouse, order_row("O1"))
    at_once = warehouse.orders.order(O1)
    load_orders(warehouse, removed_ids=frozenset({"O1"}))
    publish(warehouse, "O2")

    load_orders(warehouse, order_row("O1"))

    later = warehouse.orders.order(O1)
    assert (at_once.status, at_once.scheduled_delivery_date) == ("scheduled", date(2026, 1, 13))
    assert (later.status, later.scheduled_delivery_date) == ("open", None)


@pytest.mark.parametrize(("said", "kept"), [("open", "cancelled"), ("in_production", "cancelled"), ("delivered",) * 2])
def test_an_order_that_arrives_already_removed_is_as_if_it_had_left_later(
    warehouse: Warehouse, said: str, kept: str
) -> None:
    know_customers(warehouse)

    load_orders(warehouse, order_row("O1", status=said), removed_ids=frozenset({"O1"}))
    on_arrival = warehouse.orders.order(O1).status
    load_orders(warehouse, order_row("O1", status=said))

    assert (on_arrival, warehouse.orders.order(O1).status) == (kept, said)


def test_a_record_that_leaves_an_order_that_never_came_changes_nothing(warehouse: Warehouse) -> None:
    know_customers(warehouse)
    load_orders(warehouse, order_row("O1", source_order_id="a"))
    in_transaction(warehouse.engine, lambda connection: connection.execute(sa.delete(order_master)))

    counts = load_orders(warehouse, order_row("O2", source_order_id="a", source_updated_at=LATER))

    assert (counts.inserted, counts.removed) == (1, 0)
    assert rows_of(warehouse, order_master, "order_id", "status") == [("O2", "open")]


def test_a_row_in_quarantine_is_not_missing_from_its_source(warehouse: Warehouse) -> None:
    know_customers(warehouse)
    load_orders(warehouse, order_row("O1"))

    load_orders(warehouse, order_row("O1", customer_id="NOBODY"), complete=True)

    assert warehouse.orders.order(O1).status == "open"


def test_an_order_of_two_sources_is_one_order_and_their_conflict_is_reported(warehouse: Warehouse) -> None:
    know_customers(warehouse)
    load_orders(warehouse, order_row("O1", source_order_id="a", quantity=Decimal(5)), source="erp")

    counts = load_orders(
        warehouse,
        order_row("O1", source_order_id="b", quantity=Decimal(6), source_updated_at=LATER),
        source="board",
    )

    assert count_of(warehouse, order_master) == 1
    assert warehouse.orders.order(O1).quantity == 6
    assert len(counts.conflicts) == 1
    conflicts = rows_of(warehouse, order_conflicts, "field", "chosen_source", "chosen_value", "other_value")
    assert conflicts == [("quantity", "board", "6", "5")]


def test_an_order_that_one_of_two_sources_drops_stays(warehouse: Warehouse) -> None:
    know_customers(warehouse)
    load_orders(warehouse, order_row("O1", source_order_id="a"), source="erp")
    load_orders(warehouse, order_row("O1", source_order_id="b"), source="board")

    load_orders(warehouse, source="board", removed_ids=frozenset({"b"}))
    while_one_has_it = warehouse.orders.order(O1).status
    load_orders(warehouse, source="erp", removed_ids=frozenset({"a"}))

    assert (while_one_has_it, warehouse.orders.order(O1).status) == ("open", "cancelled")


def test_a_record_that_becomes_another_order_leaves_the_first_one_cancelled(warehouse: Warehouse) -> None:
    know_customers(warehouse)
    load_orders(warehouse, order_row("O1", source_order_id="a"))

    load_orders(warehouse, order_row("O2", source_order_id="a", source_updated_at=LATER))

    assert rows_of(warehouse, order_master, "order_id", "status") == [("O1", "cancelled"), ("O2", "open")]


def test_the_watermark_moves_with_the_merge(warehouse: Warehouse) -> None:
    know_customers(warehouse)
    before = warehouse.loads.watermark(Dataset.ORDERS, "erp")

    load_orders(warehouse, order_row("O1"), watermark="w1")
    load_orders(warehouse, order_row("O1"), watermark="w2")

    assert before is None
    assert warehouse.loads.watermark(Dataset.ORDERS, "erp") == "w2"
    assert count_of(warehouse, sync_state) == 1


def test_every_staged_row_is_accounted_for(warehouse: Warehouse) -> None:
    know_customers(warehouse)
    load_orders(warehouse, order_row("O1"), order_row("O2", source_updated_at=LATER), order_row("O3"))

    counts = load_orders(
        warehouse,
        order_row("O1"),
        order_row("O2"),
        order_row("O3", quantity=Decimal(1), source_updated_at=LATER),
        order_row("O4"),
        order_row("O4"),
        order_row("O5", customer_id="NOBODY"),
    )

    assert (counts.unchanged, counts.updated, counts.inserted, counts.stale, counts.quarantined) == (1, 1, 1, 2, 1)


def test_a_large_load_is_merged_as_a_small_one(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_merge, "LARGE_LOAD", 1)
    know_customers(warehouse)
    first = load_orders(warehouse, order_row("O1"), order_row("O2"), order_row("O3", status="shipped"))
    other = load_orders(warehouse, order_row("O2", quantity=Decimal(7)), order_row("O4"), source="board")

    counts = load_orders(
        warehouse,
        order_row("O1", quantity=Decimal(1), source_updated_at=LATER),
        order_row("O2", quantity=Decimal(2), source_updated_at=LATER),
        order_row("O3", status="open", source_updated_at=LATER),
        order_row("O5"),
        order_row("O5"),
        order_row("O6", customer_id="NOBODY"),
        now=LATER,
    )

    assert (first.inserted, other.inserted) == (3, 1)
    assert (counts.inserted, counts.updated, counts.stale, counts.quarantined) == (1, 3, 1, 1)
    assert any("O3" in conflict and "cannot go back" in conflict for conflict in counts.conflicts)
    assert rows_of(warehouse, order_master, "order_id", "quantity", "status") == [
        ("O1", Decimal(1), "open"),
        ("O2", Decimal(2), "open"),
        ("O3", Decimal(100), "shipped"),
        ("O4", Decimal(100), "open"),
        ("O5", Decimal(100), "open"),
    ]


def test_a_source_that_fails_on_the_way_leaves_nothing_staged(warehouse: Warehouse) -> None:
    def rows() -> Iterator[SourceRow]:
        yield order_row("O1")
        raise SourceError("the source hung up")

    with pytest.raises(SourceError, match="hung up"):
        warehouse.loads.stage(Dataset.ORDERS, rows(), source="erp", now=NOW)

    assert count_of(warehouse, staging_orders) == 0
    assert rows_of(warehouse, loads, "status") == [("abandoned",)]


def test_a_load_is_merged_once(warehouse: Warehouse) -> None:
    know_customers(warehouse)
    staged = warehouse.loads.stage(Dataset.ORDERS, [order_row("O1")], source="erp", now=NOW)
    verdict = GateVerdict(load_id=staged.load_id, outcomes=())
    warehouse.loads.merge(staged, verdict, now=NOW)

    with pytest.raises(WarehouseError, match="it is merged"):
        warehouse.loads.merge(staged, verdict, now=NOW)


def test_an_unknown_order_is_named(warehouse: Warehouse) -> None:
    with pytest.raises(NotFoundError, match="no order 'O9'"):
        warehouse.orders.order(OrderId("O9"))
