"""Explanations, insertions, quotes and rollbacks, all on the published schedule."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cms.application.explain_order import explain_late_orders, explain_order, short_reason
from cms.application.insert_order import insert_orders
from cms.application.plan_schedule import Planner, plan_schedule
from cms.application.planning_facts import PlanningRules
from cms.application.quotes import KeptQuote, QuoteRequest, quote_dates, reserve_quote
from cms.application.rollback_schedule import rollback_schedule
from cms.application.standing_plan import as_planned, standing_plan
from cms.domain.customers import CustomerId, DeliveryWindow
from cms.domain.errors import InvalidValueError, NotFoundError
from cms.domain.orders import Order, OrderId, OrderStatus, OrderType, Priority
from cms.domain.resources import ResourceId
from cms.domain.schedule import ChangeType, MasterSchedule
from cms.domain.work_calendar import CalendarException, ExceptionKind
from cms.scheduling.explanation import Explanation
from cms.scheduling.relaxations import RelaxationKind
from tests.builders import MONDAY, NOON, a_customer, a_delivery, a_plant, a_press, a_schedule, an_order
from tests.fakes import FakeOrderBook, FakePlantStore, FakeScheduleStore
from tests.unit.application.test_plan_schedule import a_planner, store_of

TUESDAY = date(2026, 1, 6)
TUESDAY_13TH = date(2026, 1, 13)


def a_published_plan(*orders: Order) -> Planner:
    planner = a_planner(*orders)
    plan_schedule(planner, as_of=MONDAY, actor="test")
    return planner


def book_of(planner: Planner) -> FakeOrderBook:
    assert isinstance(planner.orders, FakeOrderBook)
    return planner.orders


def add(planner: Planner, order: Order) -> None:
    book_of(planner).known[order.order_id] = order


def full_day_orders(count: int = 1) -> list[Order]:
    """Orders of 20 hours each: a whole day of the press, overtime included, all due on the first days."""
    return [an_order(f"O{n}", quantity=400, due=MONDAY + timedelta(days=n), priority=Priority(3)) for n in range(count)]


class FakeQuotes:
    def __init__(self) -> None:
        self.kept: list[KeptQuote] = []

    def keep(self, quote: KeptQuote) -> None:
        self.kept.append(quote)

    def confirm(self, quote_id: str, *, order_id: str | None, now: datetime) -> KeptQuote:
        raise NotImplementedError

    def cancel(self, quote_id: str, *, now: datetime) -> KeptQuote:
        raise NotImplementedError


def test_without_a_published_schedule_there_is_nothing_to_explain() -> None:
    planner = a_planner(an_order())

    with pytest.raises(NotFoundError, match="cms plan daily"):
        standing_plan(planner)


def test_the_standing_plan_is_what_was_published() -> None:
    planner = a_published_plan(an_order("O1"), an_order("O2"))

    plan = standing_plan(planner)

    assert plan.result.deliveries == plan.published.deliveries
    assert plan.newcomers() == []


def test_an_order_is_explained_and_an_unknown_one_is_not_found() -> None:
    planner = a_published_plan(an_order())

    assert "on time" in explain_order(planner, OrderId("O1")).why_this_date
    with pytest.raises(NotFoundError):
        explain_order(planner, OrderId("O9"))


def test_an_order_that_cannot_enter_a_plan_is_not_explained_but_its_reason_is_told() -> None:
    planner = a_published_plan(an_order(product_family="unknown"))

    with pytest.raises(NotFoundError, match="no routing makes product family 'unknown'"):
        explain_order(planner, OrderId("O1"))


def test_an_order_that_has_left_the_book_is_not_explained() -> None:
    planner = a_published_plan(an_order())
    add(planner, an_order(status=OrderStatus.DELIVERED))

    with pytest.raises(NotFoundError, match="not open"):
        explain_order(planner, OrderId("O1"))


def test_the_latest_orders_are_explained_first() -> None:
    planner = a_published_plan(*[an_order(f"O{n}", quantity=400, due=MONDAY) for n in range(4)])

    explained = explain_late_orders(standing_plan(planner), most=2)

    tardiness = [explanation.tardiness_days for explanation in explained.values()]
    assert tardiness == sorted(tardiness, reverse=True)
    assert len(explained) == 2


def test_an_order_planned_into_the_fence_this_morning_is_not_explained_by_the_fence() -> None:
    planner = a_published_plan(*[an_order(f"O{n}", quantity=400, due=MONDAY) for n in range(3)])

    explained = explain_late_orders(standing_plan(planner), most=5)

    assert explained
    reasons = [short_reason(explanation) for explanation in explained.values()]
    assert all("fence" not in reason for reason in reasons)
    assert any("full: PRESS" in reason for reason in reasons)


def test_what_was_frozen_when_the_plan_was_made_is_explained_by_the_fence() -> None:
    planner = a_published_plan(*[an_order(f"O{n}", quantity=400, due=MONDAY) for n in range(3)])
    plan_schedule(planner, as_of=MONDAY, actor="test", force=True)

    explained = explain_late_orders(standing_plan(planner), most=5)

    assert any("frozen by the fence" in short_reason(explanation) for explanation in explained.values())


def a_published_monday(*others: Order, late_quantity: int, overtime_hours: float) -> Planner:
    """The others are published for Monday, LATE for Tuesday, which is wanted on Monday now; nothing is frozen.

    A unit takes 0.05 h of the press, which has 16 regular hours a day; an hour of overtime costs 45, a change 5.
    """
    late = an_order("LATE", quantity=late_quantity, due=MONDAY)
    deliveries = [a_delivery(other.order_id, on=MONDAY, quantity=float(other.quantity)) for other in others]
    deliveries.append(a_delivery("LATE", on=TUESDAY, quantity=late_quantity))
    return a_planner(
        *others,
        late,
        plant=FakePlantStore(kept=a_plant(resources=(a_press(overtime_hours=overtime_hours),))),
        schedules=FakeScheduleStore(current=a_schedule(*deliveries)),
        rules=PlanningRules(planning_time_fence_days=0),
    )


def costs_by_help(explanation: Explanation) -> list[tuple[RelaxationKind, float]]:
    """What would help, the cheapest first, with what it adds in money."""
    return [(relaxation.kind, relaxation.added_cost) for relaxation in explanation.relaxations]


def test_a_little_overtime_comes_before_a_published_order_that_would_have_to_change() -> None:
    """O1 takes all 20 h of Monday and could as well have Tuesday's, its due date; LATE needs 0.1 h.

    More overtime: 0.1 h at 45 is 4.50, and the change of LATE 5. Moving O1: it has 4 h of overtime on either day, and
    LATE works in regular hours on either day; so there are two changes, 10, and nothing else.
    """
    planner = a_published_monday(an_order("O1", quantity=400, due=TUESDAY), late_quantity=2, overtime_hours=4)

    explanation = explain_order(planner, OrderId("LATE"))

    assert costs_by_help(explanation) == [(RelaxationKind.OVERTIME, 9.5), (RelaxationKind.MOVE_ORDERS, 10.0)]
    assert explanation.words[3].startswith("Cheapest help: allow more overtime")
    assert explanation.words[4].endswith("still on time: delivered Mon 2026-01-05, on time, at a cost of 10.00.")


def test_every_order_that_would_have_to_move_counts_its_change_once() -> None:
    """LATE needs all 16 h of Monday, of which O1 and O2 hold 8 each: three orders change, 15, and nothing else does."""
    others = [an_order(name, quantity=160, due=TUESDAY) for name in ("O1", "O2")]
    planner = a_published_monday(*others, late_quantity=320, overtime_hours=0)

    explanation = explain_order(planner, OrderId("LATE"))

    (moving,) = [relaxation for relaxation in explanation.relaxations if relaxation.moved]
    assert {asked.order_id for asked in moving.moved} == {"O1", "O2"}
    assert moving.added_cost == 15.0


@pytest.mark.parametrize(("was_frozen", "kept"), [(True, [MONDAY, TUESDAY_13TH]), (False, [])])
def test_for_explanations_what_is_published_of_an_order_stays_where_the_fence_took_nothing_since(
    was_frozen: bool, kept: list[date]
) -> None:
    """Half of a bulk order lies inside the fence: published as frozen, or planned into it this morning."""
    order = an_order(quantity=200, order_type=OrderType.BULK)
    planner = a_planner(order)
    customer = a_customer(allows_split=True)
    book_of(planner).people[customer.customer_id] = customer
    store_of(planner).current = a_schedule(
        a_delivery(on=MONDAY, frozen=was_frozen), a_delivery(on=TUESDAY_13TH, sequence=1)
    )

    plan = as_planned(standing_plan(planner))

    assert [current.delivery_date for current in plan.demand(order.order_id).current] == kept
    assert [delivery.frozen for delivery in plan.result.deliveries] == [was_frozen, False]


def test_a_rush_order_takes_the_place_of_a_lower_class_and_says_who_moved() -> None:
    planner = a_published_plan(*full_day_orders(8))
    rush = an_order("RUSH", quantity=400, due=date(2026, 1, 9), priority=Priority(1))
    add(planner, rush)

    report = insert_orders(planner, [rush.order_id], actor="test")

    (delivery,) = [d for d in report.schedule.deliveries if d.order_id == "RUSH"]
    assert delivery.tardiness_days == 0
    assert report.publication is not None
    moved = {change.order_id for change in report.publication.changes} - {"RUSH"}
    assert moved == {asked.order_id for asked in report.insertions[0].moved}
    assert moved
    fence_end = MONDAY + timedelta(days=planner.rules.planning_time_fence_days)
    frozen = {d.order_id for d in report.schedule.deliveries if d.completion_date < fence_end}
    assert moved.isdisjoint(frozen - moved)


def test_a_rush_order_can_be_tried_out_without_publishing() -> None:
    planner = a_published_plan(an_order("O1"))
    add(planner, an_order("O2"))

    report = insert_orders(planner, [OrderId("O2")], actor="test", publish=False)

    assert report.publication is None
    assert store_of(planner).publications == 1


def test_other_orders_that_have_become_open_are_placed_with_it() -> None:
    planner = a_published_plan(an_order("O1"))
    add(planner, an_order("O2"))
    add(planner, an_order("O3"))

    report = insert_orders(planner, [OrderId("O3")], actor="test")

    assert [insertion.order_id for insertion in report.insertions] == ["O3", "O2"]
    assert {d.order_id for d in report.schedule.deliveries} == {"O1", "O2", "O3"}


def test_the_next_daily_plan_after_an_insertion_looks_at_everything_again() -> None:
    planner = a_published_plan(an_order("O1"))
    add(planner, an_order("O2"))
    insert_orders(planner, [OrderId("O2")], actor="test")

    assert plan_schedule(planner, as_of=MONDAY, actor="test").publication is not None


def a_request(**changes: Any) -> QuoteRequest:
    values: dict[str, Any] = {
        "customer_id": CustomerId("C1"),
        "product_family": "standard",
        "quantity": Decimal(100),
        "requested_date": TUESDAY_13TH,
    }
    return QuoteRequest(**(values | changes))


def test_a_quote_gives_the_dates_that_need_nobody_to_move() -> None:
    planner = a_published_plan(an_order())

    promises = quote_dates(planner, a_request(), most=3)

    assert promises
    assert all(promise.delivery_date.weekday() < 5 for promise in promises)


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"customer_id": CustomerId("C9")}, "no customer 'C9'"), ({"product_family": "unknown"}, "no routing")],
)
def test_a_quote_for_someone_or_something_unknown_is_not_found(changes: dict[str, Any], message: str) -> None:
    planner = a_published_plan(an_order())

    with pytest.raises(NotFoundError, match=message):
        quote_dates(planner, a_request(**changes))


@pytest.mark.parametrize(("field", "value"), [("quantity", Decimal(0)), ("quantity", Decimal("NaN")), ("priority", 0)])
def test_an_impossible_request_is_refused(field: str, value: Any) -> None:
    with pytest.raises(InvalidValueError, match=field):
        a_request(**{field: value})


def test_a_reserved_quote_keeps_its_date_until_it_expires() -> None:
    planner, quotes = a_published_plan(an_order()), FakeQuotes()

    kept = reserve_quote(
        planner, quotes, a_request(), delivery_date=TUESDAY_13TH, hold=timedelta(hours=48), actor="test"
    )

    assert kept.status == "reserved"
    assert kept.expires_at == NOON + timedelta(hours=48)
    assert kept.delivery_date == TUESDAY_13TH
    assert quotes.kept == [kept]


def test_a_date_that_cannot_be_promised_is_refused_with_those_that_can() -> None:
    planner = a_published_plan(an_order())
    sunday = date(2026, 1, 11)

    with pytest.raises(NotFoundError, match="possible dates: 2026"):
        reserve_quote(planner, FakeQuotes(), a_request(), delivery_date=sunday, hold=timedelta(hours=1), actor="test")
    with pytest.raises(InvalidValueError, match="hold"):
        reserve_quote(planner, FakeQuotes(), a_request(), delivery_date=None, hold=timedelta(0), actor="test")


class VersionedStore(FakeScheduleStore):
    """Keeps every version."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[int, MasterSchedule] = {}

    def publish(self, schedule: MasterSchedule, **options: Any) -> int:
        version = super().publish(schedule, **options)
        assert self.current is not None
        self.kept[version] = self.current
        return version

    def version(self, version: int) -> MasterSchedule:
        return self.kept[version]


def test_a_rollback_restores_what_still_fits_and_names_what_does_not() -> None:
    planner = a_planner(an_order("O1"), an_order("O2", due=date(2026, 1, 14)), schedules=VersionedStore())
    first = plan_schedule(planner, as_of=MONDAY, actor="test").schedule
    thursdays = DeliveryWindow(weekday=3, start=NOON.time(), end=NOON.time().replace(hour=15))
    customer = a_customer(windows=(thursdays,))
    book_of(planner).people[customer.customer_id] = customer
    plan_schedule(planner, as_of=MONDAY, actor="test")
    everyday = a_customer()
    book_of(planner).people[everyday.customer_id] = everyday
    assert isinstance(planner.plant, FakePlantStore)
    closed = CalendarException(day=date(2026, 1, 14), kind=ExceptionKind.BLACKOUT, customer_id="C1")
    planner.plant.add_exceptions([closed], now=NOON, actor="test")

    report = rollback_schedule(planner, to_version=1, as_of=MONDAY, actor="test")

    dates = {str(d.order_id): d.delivery_date for d in report.schedule.deliveries}
    before = {str(d.order_id): d.delivery_date for d in first.deliveries}
    assert dates["O1"] == before["O1"]
    assert [misfit.order_id for misfit in report.misfits] == (["O2"] if before["O2"].day == 14 else [])
    assert dates["O2"] != date(2026, 1, 14)
    assert report.publication.version == 3


def test_a_rollback_gives_new_orders_a_place_in_what_is_left() -> None:
    planner = a_planner(an_order("O1"), schedules=VersionedStore())
    plan_schedule(planner, as_of=MONDAY, actor="test")
    add(planner, an_order("O2"))
    plan_schedule(planner, as_of=MONDAY, actor="test")

    report = rollback_schedule(planner, to_version=1, as_of=MONDAY, actor="test")

    assert {d.order_id for d in report.schedule.deliveries} == {"O1", "O2"}
    assert ChangeType.UNSCHEDULED not in {change.change_type for change in report.publication.changes}


def test_where_capacity_has_become_short_a_rollback_keeps_the_higher_class() -> None:
    day = date(2026, 1, 12)
    high = an_order("HIGH", quantity=200, due=day, priority=Priority(1))
    low = an_order("LOW", quantity=200, due=day, priority=Priority(3))
    customer = a_customer(max_early_days=0)
    planner = a_planner(high, low, schedules=VersionedStore())
    book_of(planner).people[customer.customer_id] = customer
    plan_schedule(planner, as_of=MONDAY, actor="test")
    assert isinstance(planner.plant, FakePlantStore)
    for n in range(7):
        planner.plant.add_exceptions(
            [
                CalendarException(
                    day=day - timedelta(days=n),
                    kind=ExceptionKind.MAINTENANCE,
                    resource_id=ResourceId("PRESS"),
                    hours=6,
                )
            ],
            now=NOON,
            actor="test",
        )

    report = rollback_schedule(planner, to_version=1, as_of=MONDAY, actor="test")

    dates = {str(d.order_id): d.tardiness_days for d in report.schedule.deliveries}
    assert dates["HIGH"] == 0
