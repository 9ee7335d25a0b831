"""Planning only what changed, beside all that stands, ends as planning everything anew does."""

from dataclasses import replace
from datetime import time, timedelta
from decimal import Decimal
from random import Random

import pytest

from cms.application import reschedule_orders as rescheduling
from cms.application.plan_memory import PlanMemory
from cms.application.plan_schedule import Planner, plan_schedule
from cms.application.planning_facts import PlanningRules
from cms.application.ports import Reservation
from cms.application.publish_schedule import require_no_violation
from cms.application.reschedule_orders import reschedule_orders
from cms.domain.customers import DeliveryWindow
from cms.domain.orders import Order, OrderId, OrderStatus, OrderType, Priority
from cms.domain.resources import ResourceId
from cms.domain.schedule import MasterSchedule
from cms.scheduling.problem import SchedulingProblem
from cms.scheduling.result import Method, SchedulingResult
from tests.builders import MONDAY, a_customer, a_press, an_order
from tests.fakes import FakeOrderBook, FakePlantStore, FakeScheduleStore
from tests.unit.application.test_plan_schedule import a_planner, store_of

CUSTOMERS = ("C1", "C2", "C3")


def an_order_by(random: Random, number: int) -> Order:
    kind = random.choice((OrderType.STANDARD, OrderType.STANDARD, OrderType.BULK))
    return an_order(
        f"O{number:02d}",
        customer=random.choice(CUSTOMERS),
        due=MONDAY + timedelta(days=random.randrange(2, 26)),
        quantity=random.randrange(20, 300),
        priority=Priority(random.randrange(1, 4)),
        order_type=kind,
    )


def a_pair(random: Random) -> tuple[FakeOrderBook, Planner, Planner]:
    """One order book, planned by a worker that remembers and by one that never does."""
    orders = [an_order_by(random, number) for number in range(30)]
    people = {c.customer_id: c for c in (a_customer(name, allows_split=name == "C2") for name in CUSTOMERS)}
    book = FakeOrderBook(known={o.order_id: o for o in orders}, people=people)
    pair = [
        a_planner(orders=book, schedules=FakeScheduleStore(), method=Method.DISPATCH, memory=PlanMemory())
        for _ in range(2)
    ]
    for planner in pair:
        plan_schedule(planner, as_of=MONDAY, actor="test")
    return book, pair[0], pair[1]


def happen(random: Random, book: FakeOrderBook) -> list[OrderId]:
    """Something changes; the orders that an event names."""
    order_id = random.choice(sorted(book.known))
    order = book.known[order_id]
    match random.randrange(7):
        case 0:
            book.known[order_id] = replace(order, status=OrderStatus.CANCELLED)
        case 1:
            new = an_order_by(random, len(book.known))
            book.known[new.order_id] = new
            return [new.order_id] if random.random() < 0.5 else []
        case 2:
            book.known[order_id] = replace(order, requested_date=MONDAY + timedelta(days=random.randrange(0, 28)))
        case 3:
            customer = book.people[order.customer_id]
            window = DeliveryWindow(weekday=random.randrange(5), start=time(7), end=time(random.randrange(8, 18)))
            book.people[order.customer_id] = replace(customer, windows=(*customer.windows[:2], window))
            return []
        case 4:
            book.known[order_id] = replace(order, delivered_quantity=order.quantity / 2)
        case _:
            book.known[order_id] = replace(order, quantity=Decimal(random.randrange(20, 320)))
    return [order_id]


def facts_of(schedule: MasterSchedule | None) -> object:
    """What a schedule says, hours and values to what a reader can see of them.

    Whether the fence has meanwhile frozen a delivery is told by the day, and no part of it.
    """
    assert schedule is not None
    return (
        [replace(delivery, frozen=False) for delivery in schedule.deliveries],
        sorted((u.order_id, u.quantity) for u in schedule.unscheduled),
        sorted((w.order_id, w.sequence, w.resource_id, w.bucket_date, round(w.hours, 6)) for w in schedule.loads),
        [
            (d.resource_id, d.bucket_date, d.regular_hours, round(d.load_hours, 6), round(d.overtime_hours, 6))
            for d in schedule.resource_days
        ],
        [(tier.name, round(tier.value, 5)) for tier in schedule.tiers],
    )


@pytest.mark.parametrize("seed", range(6))
def test_planning_what_changed_ends_as_planning_everything(seed: int) -> None:
    random = Random(seed)
    book, remembering, forgetful = a_pair(random)

    for step in range(25):
        named = [order_id for _ in range(random.randrange(1, 4)) for order_id in happen(random, book)]
        published = [
            reschedule_orders(planner, named, actor="event").publication
            for planner in (remembering, replace(forgetful, memory=PlanMemory()))
        ]

        changes = [publication.changes if publication else () for publication in published]
        assert changes[0] == changes[1], f"step {step}"
        assert facts_of(store_of(remembering).published()) == facts_of(store_of(forgetful).published())
        assert [n.deduplication_key for n in store_of(remembering).notices] == [
            n.deduplication_key for n in store_of(forgetful).notices
        ]


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many orders the referee had to look at, publication by publication."""
    counts: list[int] = []

    def counting(problem: SchedulingProblem, result: SchedulingResult) -> None:
        counts.append(len(problem.orders))
        require_no_violation(problem, result)

    monkeypatch.setattr(rescheduling, "require_no_violation", counting)
    return counts


def changed_twice(planner: Planner, book: FakeOrderBook, between: object = None) -> None:
    for quantity, order_id in ((Decimal(31), OrderId("O01")), (Decimal(32), OrderId("O02"))):
        book.known[order_id] = replace(book.known[order_id], quantity=quantity)
        reschedule_orders(planner, [order_id], actor="event")
        if callable(between):
            between()


def a_plan_of_many(**changes: object) -> tuple[Planner, FakeOrderBook]:
    orders = [an_order(f"O{n:02d}", quantity=30, due=MONDAY + timedelta(days=10)) for n in range(12)]
    planner = a_planner(*orders, method=Method.DISPATCH, **changes)
    plan_schedule(planner, as_of=MONDAY, actor="test")
    assert isinstance(planner.orders, FakeOrderBook)
    return planner, planner.orders


def test_a_worker_that_knows_the_schedule_looks_only_at_what_changed(looked_at: list[int]) -> None:
    planner, book = a_plan_of_many()

    changed_twice(planner, book)

    # the second time the order of the first is looked at as well: its place is new
    assert looked_at[0] == 12
    assert looked_at[1] <= 2


def test_another_plant_makes_it_look_at_everything(looked_at: list[int]) -> None:
    planner, book = a_plan_of_many()
    assert isinstance(planner.plant, FakePlantStore)
    plant = planner.plant

    def more_overtime() -> None:
        plant.kept = replace(plant.kept, resources=(a_press(overtime_hours=6),))

    changed_twice(planner, book, more_overtime)

    assert looked_at == [12, 12]


def test_somebody_elses_publication_makes_it_look_at_everything(looked_at: list[int]) -> None:
    planner, book = a_plan_of_many()

    changed_twice(planner, book, lambda: plan_schedule(planner, as_of=MONDAY, actor="planner", force=True))

    assert looked_at == [12, 12]


def test_a_new_reservation_makes_it_look_at_everything(looked_at: list[int]) -> None:
    planner, book = a_plan_of_many()
    store = store_of(planner)
    held = Reservation(quote_id="Q1", resource_id=ResourceId("PRESS"), bucket_date=MONDAY, hours=1.0)

    changed_twice(planner, book, lambda: store.held.append(held))

    assert looked_at == [12, 12]


def test_a_late_rush_order_asks_among_all_orders(looked_at: list[int]) -> None:
    planner, book = a_plan_of_many(rules=PlanningRules(planning_time_fence_days=0))
    changed_twice(planner, book)
    rush = an_order("R1", quantity=300, due=MONDAY - timedelta(days=3), order_type=OrderType.RUSH, priority=Priority(1))
    book.known[rush.order_id] = rush

    reschedule_orders(planner, [rush.order_id], actor="event")

    assert looked_at[2] >= 12
