"""Changed orders on the published schedule: placed at once, nobody else moved."""

from dataclasses import replace
from datetime import date, time, timedelta
from decimal import Decimal

import pytest

from cms.application.plan_schedule import Planner, plan_schedule
from cms.application.planning_facts import PlanningRules
from cms.application.remembered_schedules import RememberedSchedules
from cms.application.reschedule_orders import reschedule_orders
from cms.domain.customers import Customer, CustomerId, DeliveryWindow
from cms.domain.errors import InfeasiblePlanError
from cms.domain.orders import Order, OrderId, OrderStatus, OrderType, Priority
from cms.domain.schedule import ChangeType
from cms.scheduling.result import Method
from tests.builders import MONDAY, a_customer, a_press, an_order
from tests.fakes import FakeOrderBook, FakePlantStore, FakeScheduleStore
from tests.unit.application.test_plan_schedule import a_planner, store_of


def a_published_plan(*orders: Order) -> Planner:
    planner = a_planner(*orders, method=Method.DISPATCH)
    plan_schedule(planner, as_of=MONDAY, actor="test")
    return planner


def book_of(planner: Planner) -> FakeOrderBook:
    assert isinstance(planner.orders, FakeOrderBook)
    return planner.orders


def change(planner: Planner, order_id: str, **changes: object) -> None:
    known = book_of(planner).known
    known[OrderId(order_id)] = replace(known[OrderId(order_id)], **changes)  # type: ignore[arg-type]


def delivery_date(planner: Planner, order_id: str) -> date:
    return store_of(planner).order_delivery(OrderId(order_id))[-1].delivery_date


def reschedule(planner: Planner, *order_ids: str) -> list[tuple[str, ChangeType]]:
    publication = reschedule_orders(planner, [OrderId(i) for i in order_ids], actor="event").publication
    return [(change.order_id, change.change_type) for change in publication.changes] if publication else []


def test_without_a_published_schedule_orders_wait_for_the_first_plan() -> None:
    planner = a_planner(an_order())

    assert reschedule_orders(planner, [OrderId("O1")], actor="event").publication is None


def test_an_event_that_changes_nothing_publishes_nothing() -> None:
    planner = a_published_plan(an_order("O1"), an_order("O2"))

    assert reschedule(planner, "O1") == []
    assert store_of(planner).publications == 1


def test_a_new_order_is_placed_and_told_once() -> None:
    planner = a_published_plan(an_order("O1"))
    book_of(planner).known[OrderId("O2")] = an_order("O2")

    first, second = reschedule(planner, "O2"), reschedule(planner, "O2")

    assert first == [("O2", ChangeType.SCHEDULED)]
    assert second == []
    assert [notice.order_id for notice in store_of(planner).notices] == ["O1", "O2"]


def test_a_changed_quantity_is_planned_anew_and_others_stay() -> None:
    planner = a_published_plan(an_order("O1"), an_order("O2"))
    change(planner, "O1", quantity=Decimal(150))

    assert reschedule(planner, "O1") == [("O1", ChangeType.QUANTITY_CHANGED)]


def test_a_cancelled_order_frees_its_capacity_for_a_late_one() -> None:
    # each order fills the press for a day, overtime included: of three that are due on Tuesday one comes on Wednesday
    tuesday = date(2026, 1, 6)
    full = [an_order(f"O{n}", quantity=400, due=tuesday, priority=Priority(n)) for n in (1, 2, 3)]
    planner = a_planner(*full, rules=PlanningRules(planning_time_fence_days=0), method=Method.DISPATCH)
    plan_schedule(planner, as_of=MONDAY, actor="test")
    late_before = delivery_date(planner, "O3")
    change(planner, "O1", status=OrderStatus.CANCELLED)

    changes = reschedule(planner, "O3")

    assert late_before > tuesday
    assert changes == [("O1", ChangeType.REMOVED), ("O3", ChangeType.MOVED_EARLIER)]
    assert delivery_date(planner, "O3") <= tuesday


def test_an_order_that_is_wanted_later_than_its_customer_takes_it_moves() -> None:
    planner = a_published_plan(an_order("O1", due=date(2026, 1, 13)))
    book_of(planner).people[CustomerId("C1")] = a_customer(max_early_days=1)
    change(planner, "O1", requested_date=date(2026, 1, 23))

    changes = reschedule(planner, "O1")

    assert changes == [("O1", ChangeType.MOVED_LATER)]
    assert date(2026, 1, 22) <= delivery_date(planner, "O1") <= date(2026, 1, 23)


def test_new_windows_of_a_customer_move_its_orders_without_anybody_naming_them() -> None:
    planner = a_published_plan(an_order("O1", due=date(2026, 1, 13)))
    thursdays: Customer = a_customer(windows=(DeliveryWindow(weekday=3, start=time(9), end=time(12)),))
    book_of(planner).people[CustomerId("C1")] = thursdays

    reschedule(planner)

    assert delivery_date(planner, "O1").weekday() == 3


def test_a_late_rush_order_asks_others_and_an_ordinary_one_does_not() -> None:
    full = [an_order(f"O{n}", quantity=400, due=MONDAY + timedelta(days=n), priority=Priority(3)) for n in range(3, 12)]
    planner = a_published_plan(*full)
    before = {order.order_id: delivery_date(planner, order.order_id) for order in full}
    ordinary = an_order("P1", quantity=200, due=date(2026, 1, 9), priority=Priority(3))
    book_of(planner).known[ordinary.order_id] = ordinary
    reschedule(planner, "P1")
    moved_by_ordinary = [i for i, day in before.items() if delivery_date(planner, i) != day]
    change(planner, "P1", order_type=OrderType.RUSH, priority=Priority(1))

    reschedule(planner, "P1")

    assert moved_by_ordinary == []
    assert delivery_date(planner, "P1") <= date(2026, 1, 9)


def test_what_is_frozen_and_no_longer_fits_is_named_with_its_remedy() -> None:
    planner = a_published_plan(an_order("O1", quantity=400, due=MONDAY + timedelta(days=1)))
    assert isinstance(planner.plant, FakePlantStore)
    planner.plant.kept = replace(planner.plant.kept, resources=(a_press(regular_hours=4, overtime_hours=0),))
    book_of(planner).known[OrderId("O2")] = an_order("O2")

    with pytest.raises(InfeasiblePlanError, match="--release-fence"):
        reschedule(planner, "O2")


def test_a_published_version_is_read_once() -> None:
    store = FakeScheduleStore()
    planner = replace(a_planner(an_order()), schedules=RememberedSchedules(store=store))
    plan_schedule(planner, as_of=MONDAY, actor="test")

    first, second = planner.schedules.published(), planner.schedules.published()
    store.current = replace(store.current, version=7) if store.current else None
    third = planner.schedules.published()

    assert first is second
    assert third is not None
    assert third.version == 7
