"""How several sources make one order."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from cms.aggregation.order_merge import FieldConflict, MergedOrder, OrderMerger, OrderRecord, Precedence, merge_order
from cms.domain.orders import OrderStatus

EIGHT, NINE = datetime(2026, 1, 5, 8, tzinfo=UTC), datetime(2026, 1, 5, 9, tzinfo=UTC)
ERP_FIRST = Precedence(sources={"erp": 10, "board": 20})


def erp(*, at: datetime | None = EIGHT, removed: bool = False, **values: Any) -> OrderRecord:
    return OrderRecord(source_system="erp", source_order_id="7", values=values, source_updated_at=at, removed=removed)


def board(*, at: datetime | None = NINE, removed: bool = False, **values: Any) -> OrderRecord:
    return OrderRecord(
        source_system="board", source_order_id="81", values=values, source_updated_at=at, removed=removed
    )


def merged(*records: OrderRecord, precedence: Precedence = ERP_FIRST, status: OrderStatus | None = None) -> MergedOrder:
    return merge_order(records, precedence=precedence, status=status)


def test_the_source_of_higher_precedence_is_believed_and_the_other_one_reported() -> None:
    order = merged(erp(quantity=Decimal("5.00")), board(quantity=Decimal(6)))

    assert order.values["quantity"] == 5
    assert order.conflicts == (
        FieldConflict(field="quantity", chosen_source="erp", chosen_value="5", other_source="board", other_value="6"),
    )


def test_among_equals_the_latest_update_is_believed_and_no_time_is_the_oldest() -> None:
    equals = Precedence()

    assert merged(erp(priority=1), board(priority=2), precedence=equals).values["priority"] == 2
    assert merged(erp(priority=1), board(at=None, priority=2), precedence=equals).values["priority"] == 1
    assert merged(erp(priority=1), board(at=EIGHT, priority=2), precedence=equals).values["priority"] == 2


def test_a_field_may_have_an_order_of_sources_of_its_own() -> None:
    precedence = Precedence(sources=ERP_FIRST.sources, fields={"promised_date": {"board": 5}})
    tuesday, friday = date(2026, 1, 13), date(2026, 1, 16)

    order = merged(
        erp(promised_date=tuesday, priority=1), board(promised_date=friday, priority=2), precedence=precedence
    )

    assert (order.values["promised_date"], order.values["priority"]) == (friday, 1)
    assert [(c.field, c.chosen_value, c.other_value) for c in order.conflicts] == [
        ("priority", "1", "2"),
        ("promised_date", "2026-01-16", "2026-01-13"),
    ]


def test_a_source_that_says_nothing_of_a_field_leaves_it_to_the_others() -> None:
    order = merged(erp(quantity=Decimal(5), priority=None), board(priority=2, product_family="panels"))

    assert order.values["priority"] == 2
    assert order.values["product_family"] == "panels"
    assert order.conflicts == ()


def test_what_nobody_says_has_the_usual_value() -> None:
    values = merged(erp()).values

    assert (values["status"], values["order_type"], values["delivered_quantity"]) == ("open", "standard", 0)
    assert values["promised_date"] is None


def test_the_leading_record_gives_the_keys_and_the_latest_update_counts() -> None:
    values = merged(erp(), board()).values

    assert (values["source_system"], values["source_order_id"], values["source_updated_at"]) == ("erp", "7", NINE)
    assert merged(erp(at=None)).values["source_updated_at"] is None


def test_a_delivered_order_is_not_reopened_by_what_a_source_says() -> None:
    order = merged(erp(status="open", delivered_at=EIGHT), status=OrderStatus.DELIVERED)

    assert order.values["status"] == "delivered"
    assert order.values["delivered_at"] == EIGHT
    assert order.notes == ("its sources say open, but it is delivered and cannot go back; the status was kept",)


def test_our_own_scheduled_stays_where_a_source_says_open_or_scheduled() -> None:
    for said in ("open", "scheduled"):
        order = merged(erp(status=said), status=OrderStatus.SCHEDULED)

        assert order.values["status"] == "scheduled"
        assert order.notes == ()


def test_scheduled_and_open_are_no_disagreement_of_sources() -> None:
    order = merged(erp(status="open"), board(status="scheduled"))

    assert order.values["status"] == "open"
    assert order.conflicts == ()


def test_a_cancelled_order_may_be_reopened_by_its_customer() -> None:
    assert merged(erp(status="open"), status=OrderStatus.CANCELLED).values["status"] == "open"


@pytest.mark.parametrize(
    ("said", "shipped", "delivered"),
    [("in_production", None, None), ("shipped", EIGHT, None), ("delivered", EIGHT, NINE)],
)
def test_instants_go_with_the_status_that_was_believed(
    said: str, shipped: datetime | None, delivered: datetime | None
) -> None:
    order = merged(erp(status=said), board(status="delivered", shipped_at=EIGHT, delivered_at=NINE))

    assert (order.values["shipped_at"], order.values["delivered_at"]) == (shipped, delivered)


def test_a_partial_delivery_is_a_field_like_any_other() -> None:
    order = merged(erp(quantity=Decimal(10), delivered_quantity=Decimal(4)), board(delivered_quantity=Decimal(0)))

    assert order.values["delivered_quantity"] == 4
    assert [conflict.field for conflict in order.conflicts] == ["delivered_quantity"]


def test_an_order_that_one_source_dropped_lives_while_another_has_it() -> None:
    order = merged(erp(removed=True, quantity=Decimal(5)), board(quantity=Decimal(6)))

    assert not order.removed
    assert (order.values["quantity"], order.values["source_system"]) == (6, "board")
    assert order.conflicts == (
        FieldConflict(
            field="removed", chosen_source="board", chosen_value="kept", other_source="erp", other_value="removed"
        ),
    )


def test_an_order_that_every_source_dropped_is_cancelled_with_what_was_known() -> None:
    order = merged(erp(removed=True, quantity=Decimal(5)), status=OrderStatus.SCHEDULED)

    assert order.removed
    assert (order.values["status"], order.values["quantity"]) == ("cancelled", 5)
    assert order.notes == ()


def test_a_delivered_order_stays_delivered_when_its_sources_drop_it() -> None:
    order = merged(erp(removed=True, status="delivered"))

    assert order.values["status"] == "delivered"
    assert order.notes == ("no source has it any more, but it is delivered and cannot go back; the status was kept",)


def test_an_order_has_a_record() -> None:
    with pytest.raises(ValueError, match="at least one record"):
        merged()


def test_rows_of_the_warehouse_are_merged_by_the_same_rules() -> None:
    row = {"source_system": "erp", "source_order_id": "7", "quantity": Decimal(5), "status": "open",
           "source_updated_at": EIGHT, "removed_at": None, "load_id": "x"}  # fmt: skip
    other = {"source_system": "board", "source_order_id": "81", "quantity": Decimal(6), "removed_at": NINE}

    order = OrderMerger(precedence=ERP_FIRST)([other, row], None)

    assert order.values["quantity"] == 5
    assert [conflict.field for conflict in order.conflicts] == ["removed"]
