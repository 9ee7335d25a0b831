from datetime import date, datetime
from decimal import Decimal

import pytest

from cms.domain.errors import InvalidValueError
from cms.domain.orders import OrderId, OrderStatus, may_become
from tests.builders import an_order


def test_an_order_is_due_when_it_was_promised_else_when_it_was_requested() -> None:
    assert an_order(due=date(2026, 1, 13)).due_date == date(2026, 1, 13)
    assert an_order(due=date(2026, 1, 13), promised_date=date(2026, 1, 15)).due_date == date(2026, 1, 15)


def test_a_partly_delivered_order_needs_a_place_for_the_rest() -> None:
    order = an_order(quantity=100, delivered_quantity=Decimal(60))

    assert order.open_quantity == 40
    assert order.is_plannable


def test_an_order_delivered_in_full_needs_no_place() -> None:
    assert not an_order(quantity=100, delivered_quantity=Decimal(120)).is_plannable


@pytest.mark.parametrize(
    "status", [OrderStatus.SHIPPED, OrderStatus.DELIVERED, OrderStatus.CANCELLED, OrderStatus.ON_HOLD]
)
def test_an_order_that_left_or_waits_is_not_planned(status: OrderStatus) -> None:
    assert not an_order(status=status).is_plannable


def test_a_delivered_order_never_reopens() -> None:
    assert not any(may_become(OrderStatus.DELIVERED, status) for status in OrderStatus if status != "delivered")


def test_every_status_may_stay() -> None:
    assert all(may_become(status, status) for status in OrderStatus)


@pytest.mark.parametrize(
    ("old", "new", "allowed"),
    [
        (OrderStatus.OPEN, OrderStatus.SHIPPED, True),
        (OrderStatus.SHIPPED, OrderStatus.OPEN, False),
        (OrderStatus.SHIPPED, OrderStatus.DELIVERED, True),
        (OrderStatus.CANCELLED, OrderStatus.OPEN, True),
        (OrderStatus.CANCELLED, OrderStatus.SHIPPED, False),
        (OrderStatus.IN_PRODUCTION, OrderStatus.OPEN, False),
    ],
)
def test_the_life_of_an_order_goes_forward(old: OrderStatus, new: OrderStatus, allowed: bool) -> None:
    assert may_become(old, new) is allowed


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("order_id", OrderId("")),
        ("priority", 0),
        ("quantity", 0),
        ("delivered_quantity", Decimal(-1)),
        ("ordered_at", datetime(2026, 1, 2)),  # noqa: DTZ001 - the point of the test
    ],
)
def test_an_impossible_order_is_refused_naming_the_field(field: str, value: object) -> None:
    with pytest.raises(InvalidValueError) as refusal:
        an_order(**{field: value})  # type: ignore[arg-type]

    assert refusal.value.field == field
