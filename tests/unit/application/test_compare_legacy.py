"""The legacy system's schedule beside ours: every kind of difference with its reason, worked by hand."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cms.application.compare_legacy import compare_legacy
from cms.application.legacy_comparison import Difference, LegacyComparison, OrderDifference
from cms.application.plan_schedule import Planner
from cms.application.ports import Progress, SourceBatch, SourceRow, no_progress
from cms.domain.customers import DeliveryWindow
from cms.domain.orders import Order, OrderStatus
from cms.domain.work_calendar import CalendarException, ExceptionKind
from tests.builders import NOON, a_customer, a_delivery, a_schedule, an_order
from tests.fakes import FakeOrderBook, FakePlantStore
from tests.unit.application.test_plan_schedule import a_planner, store_of

TUESDAY = date(2026, 1, 13)


@dataclass
class Export:
    rows: Sequence[SourceRow]

    def read(self, *, watermark: str | None, progress: Progress = no_progress) -> SourceBatch:
        return SourceBatch(source="legacy", rows=iter(self.rows))


def theirs(order_id: str | None = "O1", on: date | None = TUESDAY, problems: tuple[str, ...] = (), **more: Any) -> Any:
    values = {"order_id": order_id, "delivery_date": on, "customer_id": "C1", "quantity": Decimal(100)} | more
    return SourceRow(values=values, raw={}, problems=problems)


def a_world(*orders: Order) -> Planner:
    """Every order is published for Tuesday the 13th."""
    planner = a_planner(*orders)
    open_orders = [order for order in orders if order.is_plannable]
    store_of(planner).current = a_schedule(*(a_delivery(order.order_id) for order in open_orders))
    return planner


def compared(planner: Planner, *rows: SourceRow, **options: Any) -> LegacyComparison:
    return compare_legacy(planner, Export(rows), **({"quarantined": {}} | options))


def only(comparison: LegacyComparison) -> OrderDifference:
    (order,) = comparison.orders
    return order


def test_schedules_that_agree_have_no_difference() -> None:
    comparison = compared(a_world(an_order("O1"), an_order("O2")), theirs("O1"), theirs("O2"))

    assert (comparison.agreeing, comparison.orders, comparison.counts()) == (2, (), {})
    (day,) = comparison.days
    assert (day.day, day.legacy_orders, day.our_orders, day.same_orders) == (TUESDAY, 2, 2, 2)
    assert (day.legacy_quantity, day.our_quantity) == (Decimal(200), Decimal(200))


def test_another_date_tells_by_how_many_days() -> None:
    order = only(compared(a_world(an_order("O1")), theirs(on=TUESDAY - timedelta(days=1))))

    assert (order.kinds, order.days) == ((Difference.OTHER_DATE,), 1)
    assert order.reasons == (
        "legacy's date breaks no rule by itself; ours is the best for all: cms schedule explain O1",
    )


def test_a_date_outside_the_customers_windows_is_said_to_be() -> None:
    planner = a_world(an_order("O1"))
    tuesdays = DeliveryWindow(weekday=1, start=NOON.time(), end=NOON.time().replace(hour=15))
    customer = a_customer(windows=(tuesdays,))
    book(planner).people[customer.customer_id] = customer

    order = only(compared(planner, theirs(on=TUESDAY + timedelta(days=1))))

    assert order.days == -1
    assert order.reasons == ("customer C1 has no window on Wednesday 2026-01-14",)


@pytest.mark.parametrize(
    ("kind", "customer_id", "reason"),
    [
        (ExceptionKind.HOLIDAY, None, "2026-01-14 is a holiday"),
        (ExceptionKind.BLACKOUT, "C1", "customer C1 takes no delivery on 2026-01-14 (blackout)"),
    ],
)
def test_a_date_on_a_closed_day_is_said_to_be(kind: ExceptionKind, customer_id: str | None, reason: str) -> None:
    planner = a_world(an_order("O1"))
    assert isinstance(planner.plant, FakePlantStore)
    closed = CalendarException(day=date(2026, 1, 14), kind=kind, customer_id=customer_id)
    planner.plant.add_exceptions([closed], now=NOON, actor="test")

    assert reason in only(compared(planner, theirs(on=date(2026, 1, 14)))).reasons


def test_dates_that_the_plant_cannot_keep_together_name_the_resource() -> None:
    # a press of 16 + 4 hours a day, from Monday the 5th to Tuesday the 6th 40 hours; five orders need 10 hours each
    orders = [an_order(f"O{n}", quantity=200, due=TUESDAY - timedelta(days=7)) for n in range(5)]
    tuesday = TUESDAY - timedelta(days=7)

    four = compared(a_world(*orders), *(theirs(f"O{n}", tuesday, quantity=Decimal(200)) for n in range(4)))
    five = compared(a_world(*orders), *(theirs(f"O{n}", tuesday, quantity=Decimal(200)) for n in range(5)))

    short = "by 2026-01-06 legacy's deliveries need 50.0 h of PRESS, 40.0 h are there"
    assert not any("need" in reason for order in four.orders for reason in order.reasons)
    assert [short in order.reasons for order in five.orders] == [True] * 5


def test_an_order_that_only_legacy_delivers_is_explained() -> None:
    planner = a_world(an_order("GONE", status=OrderStatus.CANCELLED))
    add(planner, an_order("NEW"))
    store = store_of(planner)
    assert store.current is not None
    comparison = compared(
        planner,
        *(theirs(order_id) for order_id in ("GONE", "HELD", "NEW", "NOBODY")),
        quarantined={"HELD": "quantity: must be more than 0, found -1"},
    )

    assert {order.order_id: order.reasons[0] for order in comparison.orders} == {
        "GONE": "it is cancelled here",
        "HELD": "it waits in quarantine: quantity: must be more than 0, found -1",
        "NEW": "it came, or changed, after the schedule was made: cms plan daily",
        "NOBODY": "our order book has no such order",
    }
    assert comparison.counts() == {"only in legacy": 4}


def test_an_order_without_a_date_of_ours_brings_our_reason() -> None:
    planner = a_world()
    add(planner, an_order("O1", product_family="unknown"))

    assert only(compared(planner, theirs())).reasons[0].startswith("we have no date for it: no routing makes")


def test_an_order_that_only_we_deliver_is_explained() -> None:
    planner = a_world(an_order("O1"), an_order("O2"))

    inside = compared(planner, theirs("O1"))
    after = compared(planner, theirs("O1", TUESDAY - timedelta(days=1)), last_day=None)
    before = compared(planner, theirs("O1", TUESDAY + timedelta(days=1)))

    def reasons(comparison: LegacyComparison) -> tuple[str, ...]:
        return next(order.reasons for order in comparison.orders if order.order_id == "O2")

    assert reasons(inside) == ("the export does not have it",)
    assert reasons(after) == ("the export ends on 2026-01-12",)
    assert reasons(before) == ("the export begins on 2026-01-14",)


def test_other_quantities_and_customers_are_named() -> None:
    planner = a_world(an_order("O1"), an_order("O2"), an_order("O3"))
    second = a_customer("C2")
    book(planner).people[second.customer_id] = second

    comparison = compared(
        planner, theirs("O1", quantity=Decimal(90)), theirs("O2", customer_id="C2"), theirs("O3", customer_id="C9")
    )

    assert [(o.kinds[0].value, o.reasons[0]) for o in comparison.orders] == [
        ("other quantity", "legacy delivers 90 units, ours 100"),
        ("other customer", "legacy delivers it to C2, the order is of C1"),
        ("unknown customer", "the customer master has no customer C9"),
    ]


def test_parts_on_other_days_are_another_split() -> None:
    parts = [theirs(on=day, quantity=Decimal(50)) for day in (TUESDAY - timedelta(days=1), TUESDAY)]

    order = only(compared(a_world(an_order("O1")), *parts))

    assert (order.kinds, order.reasons) == (
        (Difference.OTHER_SPLIT,),
        ("legacy delivers it in 2 part(s), ours in 1",),
    )


def test_what_the_export_does_not_say_is_not_compared() -> None:
    row = theirs(quantity=None, customer_id=None)

    assert compared(a_world(an_order("O1")), row).orders == ()


def test_rows_that_cannot_be_read_are_listed_and_the_others_compared() -> None:
    bad = theirs(problems=("delivery_date: '31/02/2026' is no date",), on=None)

    comparison = compared(a_world(an_order("O1")), theirs(), bad, theirs(order_id=None))

    assert comparison.agreeing == 1
    assert comparison.unreadable == ("row 2: delivery_date: '31/02/2026' is no date", "row 3: order_id is empty")


def test_only_the_days_that_were_asked_for_are_compared() -> None:
    planner = a_world(an_order("O1"), an_order("O2"))

    comparison = compared(planner, theirs("O1", TUESDAY + timedelta(days=9)), first_day=TUESDAY + timedelta(days=7))

    assert [(order.order_id, order.our_date) for order in comparison.orders] == [("O1", None)]


def book(planner: Planner) -> FakeOrderBook:
    assert isinstance(planner.orders, FakeOrderBook)
    return planner.orders


def add(planner: Planner, order: Order) -> None:
    book(planner).known[order.order_id] = replace(order)
