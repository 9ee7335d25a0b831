from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cms.application.plan_schedule import Planner, plan_schedule
from cms.application.planning_facts import PlanningRules, prepare_plan
from cms.application.ports import Reservation
from cms.application.publish_schedule import refereed
from cms.domain.customers import CustomerStatus
from cms.domain.errors import InfeasiblePlanError, ScheduleViolationError, StaleScheduleError
from cms.domain.orders import Order, OrderStatus, OrderType
from cms.domain.resources import ResourceId, RoutingId
from cms.domain.schedule import ChangeType
from cms.domain.work_calendar import CalendarException, ExceptionKind
from cms.scheduling import build_schedule
from cms.scheduling.result import Method
from tests.builders import MONDAY, NOON, a_customer, a_delivery, a_plant, a_schedule, an_order, planning_facts
from tests.fakes import FakeClock, FakeOrderBook, FakePlantStore, FakeScheduleStore

PRESS = ResourceId("PRESS")


def a_planner(*orders: Order, **changes: Any) -> Planner:
    customer = a_customer()
    planner = Planner(
        orders=FakeOrderBook(known={o.order_id: o for o in orders}, people={customer.customer_id: customer}),
        plant=FakePlantStore(),
        schedules=FakeScheduleStore(),
        clock=FakeClock(),
        rules=PlanningRules(),
        time_limit_seconds=10,
    )
    return replace(planner, **changes)


def store_of(planner: Planner) -> FakeScheduleStore:
    assert isinstance(planner.schedules, FakeScheduleStore)
    return planner.schedules


def test_an_open_order_gets_a_date_a_history_line_and_a_notice() -> None:
    planner = a_planner(an_order(due=date(2026, 1, 13)))

    report = plan_schedule(planner, as_of=MONDAY, actor="test")

    store = store_of(planner)
    assert report.schedule.version == 1
    assert [c.change_type for c in store.changes] == [ChangeType.SCHEDULED]
    assert [n.kind for n in store.notices] == ["scheduled"]
    assert report.late == 0


def test_the_same_facts_write_nothing_and_notify_nobody() -> None:
    planner = a_planner(an_order())
    plan_schedule(planner, as_of=MONDAY, actor="test")

    again = plan_schedule(planner, as_of=MONDAY, actor="test")

    assert again.publication is None
    assert store_of(planner).publications == 1


def test_a_forced_plan_of_the_same_facts_changes_no_date() -> None:
    planner = a_planner(an_order())
    plan_schedule(planner, as_of=MONDAY, actor="test")

    again = plan_schedule(planner, as_of=MONDAY, actor="test", force=True)

    assert again.publication is not None
    assert again.publication.changes == ()


def test_a_new_order_is_a_new_fact() -> None:
    planner = a_planner(an_order("O1"))
    plan_schedule(planner, as_of=MONDAY, actor="test")
    assert isinstance(planner.orders, FakeOrderBook)
    second = an_order("O2")
    planner.orders.known[second.order_id] = second

    report = plan_schedule(planner, as_of=MONDAY, actor="test")

    assert report.publication is not None
    assert [change.order_id for change in report.publication.changes] == ["O2"]


def test_an_order_that_is_delivered_leaves_the_schedule_as_removed() -> None:
    planner = a_planner(an_order("O1"))
    plan_schedule(planner, as_of=MONDAY, actor="test")
    assert isinstance(planner.orders, FakeOrderBook)
    planner.orders.known[an_order().order_id] = an_order("O1", status=OrderStatus.DELIVERED)

    report = plan_schedule(planner, as_of=MONDAY, actor="test")

    assert report.publication is not None
    assert [change.change_type for change in report.publication.changes] == [ChangeType.REMOVED]


def test_what_is_frozen_and_no_longer_fits_is_refused_with_the_remedy() -> None:
    planner = a_planner(an_order(due=date(2026, 1, 6), quantity=200))
    plan_schedule(planner, as_of=MONDAY, actor="test")
    (delivery,) = store_of(planner).current.deliveries  # type: ignore[union-attr]
    assert isinstance(planner.plant, FakePlantStore)
    broken = CalendarException(
        day=delivery.completion_date, kind=ExceptionKind.MAINTENANCE, resource_id=PRESS, hours=12
    )
    # 4 regular and 4 overtime hours are left for 10
    planner.plant.add_exceptions([broken], now=NOON, actor="test")

    with pytest.raises(InfeasiblePlanError, match="--release-fence"):
        plan_schedule(planner, as_of=MONDAY, actor="test")
    released = plan_schedule(planner, as_of=MONDAY, actor="test", release_fence=True)

    assert released.publication is not None
    assert [change.order_id for change in released.publication.changes] == ["O1"]


def test_somebody_elses_publication_is_never_overwritten() -> None:
    planner = a_planner(an_order())
    store = store_of(planner)
    read = planner.schedules.published

    def read_then_lose_the_race() -> Any:
        published = read()
        store.current = a_schedule(version=7)
        return published

    store.published = read_then_lose_the_race  # type: ignore[method-assign]

    with pytest.raises(StaleScheduleError):
        plan_schedule(planner, as_of=MONDAY, actor="test")


def test_a_schedule_with_a_violation_cannot_be_published() -> None:
    prepared = prepare_plan(planning_facts(an_order()))
    result = build_schedule(prepared.problem, method=Method.DISPATCH)
    sunday = date(2026, 1, 11)
    broken = replace(result, deliveries=(replace(result.deliveries[0], delivery_date=sunday),))

    with pytest.raises(ScheduleViolationError, match="O1"):
        refereed(prepared.problem, broken, left_out=(), fingerprint="", now=NOON)


def left_out_reason(*orders: Order, **facts: Any) -> str:
    prepared = prepare_plan(planning_facts(*orders, **facts))
    (left_out,) = prepared.left_out
    assert prepared.problem.orders == ()
    return left_out.reason


def test_an_order_of_an_inactive_customer_is_left_out() -> None:
    inactive = a_customer(status=CustomerStatus.INACTIVE)

    assert "not active" in left_out_reason(an_order(), customers={inactive.customer_id: inactive})
    assert "not active" in left_out_reason(an_order(), customers={})


def test_an_order_without_a_routing_is_left_out_unless_there_is_a_default() -> None:
    order = an_order(product_family="unknown")

    assert "routing" in left_out_reason(order)
    with_default = planning_facts(order, rules=PlanningRules(default_routing={"*": "R1"}))
    assert [demand.order_id for demand in prepare_plan(with_default).problem.orders] == ["O1"]


def test_an_order_due_after_the_horizon_is_left_out_with_the_day_it_enters() -> None:
    reason = left_out_reason(an_order(due=date(2026, 6, 1)))

    assert "after the horizon ends" in reason
    assert "2026-04-28" in reason  # 1 June less 5 days taken early, less the 29 days a 30-day horizon looks ahead


def test_an_order_of_endless_hours_is_left_out_with_the_rule() -> None:
    routing = a_plant().routings[0]
    slow = replace(routing, steps=(replace(routing.steps[0], max_hours_per_day=0.001),))

    assert "days" in left_out_reason(an_order(quantity=1_000_000), plant=a_plant(routings=(slow,)))


def test_a_rush_order_is_planned_in_the_rush_class_unless_its_own_is_higher() -> None:
    facts = planning_facts(
        an_order("O1", order_type=OrderType.RUSH, priority=3),
        an_order("O2", order_type=OrderType.RUSH, priority=1),
        rules=PlanningRules(rush_priority=2),
    )

    assert [demand.priority for demand in prepare_plan(facts).problem.orders] == [2, 1]


def test_a_bulk_order_is_split_only_where_the_customer_allows_it() -> None:
    generous, strict = a_customer("C1", allows_split=True), a_customer("C2")
    facts = planning_facts(
        an_order("O1", customer="C1", order_type=OrderType.BULK, quantity=1001),
        an_order("O2", customer="C2", order_type=OrderType.BULK),
        customers={c.customer_id: c for c in (generous, strict)},
    )

    first, second = prepare_plan(facts).problem.orders
    assert (first.splittable, first.min_split_quantity, first.max_splits) == (True, 251, 4)
    assert (second.splittable, second.min_split_quantity, second.max_splits) == (False, None, None)


def test_published_deliveries_are_current_while_they_fit_the_order() -> None:
    published = a_schedule(a_delivery("O1", quantity=100))

    def currents(**changes: Any) -> int:
        facts = planning_facts(an_order("O1", **changes), published=published)
        return len(prepare_plan(facts).problem.orders[0].current)

    assert currents() == 1
    assert currents(quantity=120) == 0
    other_routing = replace(published, deliveries=(a_delivery("O1", routing_id=RoutingId("GONE")),))
    facts = planning_facts(an_order("O1"), published=other_routing)
    assert prepare_plan(facts).problem.orders[0].current == ()


def test_a_delivery_that_was_made_is_no_longer_current() -> None:
    published = a_schedule(
        a_delivery("O1", on=date(2026, 1, 6), quantity=60),
        a_delivery("O1", on=date(2026, 1, 13), quantity=40, sequence=1),
    )
    order = an_order("O1", quantity=100, delivered_quantity=Decimal(60))

    (demand,) = prepare_plan(planning_facts(order, published=published)).problem.orders

    assert [current.quantity for current in demand.current] == [40]


def test_a_delivery_that_was_planned_after_an_earlier_one_was_made_is_current() -> None:
    published = a_schedule(a_delivery("O1", on=date(2026, 1, 13), quantity=40))
    order = an_order("O1", quantity=100, delivered_quantity=Decimal(60))

    (demand,) = prepare_plan(planning_facts(order, published=published)).problem.orders

    assert [current.quantity for current in demand.current] == [40]


def test_reserved_quotes_hold_their_hours_regular_ones_first() -> None:
    held = [
        Reservation(quote_id=f"Q{n}", resource_id=PRESS, bucket_date=MONDAY + timedelta(days=1), hours=9)
        for n in range(2)
    ]
    facts = planning_facts(an_order(), reservations=held)

    press = prepare_plan(facts).problem.resource(PRESS)

    tuesday = press.buckets[MONDAY + timedelta(days=1)]
    assert (tuesday.regular_hours, tuesday.overtime_hours) == (0, 2)  # 16 + 4 h less 18 h


def test_the_published_capacity_shows_the_hours_of_the_plant_also_where_quotes_hold_some() -> None:
    tuesday = MONDAY + timedelta(days=1)
    held = Reservation(quote_id="Q1", resource_id=PRESS, bucket_date=tuesday, hours=18)
    planner = a_planner(an_order(), schedules=FakeScheduleStore(held=[held]))

    plan_schedule(planner, as_of=MONDAY, actor="test")

    published = store_of(planner).published()
    assert published is not None
    (day,) = [d for d in published.resource_days if (d.resource_id, d.bucket_date) == (PRESS, tuesday)]
    assert (day.regular_hours, day.available_overtime_hours) == (16, 4)


def test_the_fingerprint_follows_the_facts_and_not_what_planning_writes() -> None:
    facts = planning_facts(an_order())
    written = an_order(status=OrderStatus.SCHEDULED, scheduled_delivery_date=date(2026, 1, 13))

    assert planning_facts(written).fingerprint() == facts.fingerprint()
    assert planning_facts(an_order(quantity=101)).fingerprint() != facts.fingerprint()
    assert planning_facts(an_order(), as_of=MONDAY + timedelta(days=1)).fingerprint() != facts.fingerprint()
    holiday = CalendarException(day=MONDAY, kind=ExceptionKind.HOLIDAY)
    assert planning_facts(an_order(), plant=a_plant(exceptions=(holiday,))).fingerprint() != facts.fingerprint()
