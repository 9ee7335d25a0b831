"""Every expectation about the published schedule and the order book, once green and once red."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from cms.config import GateSettings
from cms.warehouse.tables import (
    capacity_planning,
    customer_master,
    delivery_schedules,
    master_schedule,
    metadata,
    order_master,
    schedule_loads,
    schedule_versions,
    sync_state,
    unscheduled_orders,
    weekly_capacity_plan,
)
from expectations.direct import DirectGate
from expectations.gate import Gate
from expectations.published import schedule_suite
from expectations.rules import TableSuite
from expectations.suites import table_suites
from expectations.verdicts import TableVerdict
from tests.published_tables import (
    COMPLETION,
    DELIVERY,
    a_known_order,
    change,
    close_the_day,
    history_is_missing,
    lines_of_history,
    many_orders_before,
    publish_tables,
    ship_at_the_press,
)
from tests.staged_rows import NOW

Breaks = Callable[[sa.Connection], object]

SCHEDULE: Mapping[str, Breaks] = {
    "every delivery goes to the customer of its order": lambda c: change(c, order_master, customer_id="ELSEWHERE"),
    "every open order has a date or a reason": lambda c: c.execute(sa.delete(unscheduled_orders)),
    "deliveries add up to what was ordered": lambda c: change(c, master_schedule, quantity=Decimal(39)),
    "every delivery lies in a window of its customer": lambda c: change(c, delivery_schedules, weekday=2),
    "nothing is delivered on a holiday or blackout": lambda c: close_the_day(c, "holiday"),
    "nothing is delivered before it is made": lambda c: change(
        c, master_schedule, completion_date=DELIVERY + timedelta(days=1)
    ),
    "all work is done by the completion date": lambda c: change(
        c, master_schedule, completion_date=COMPLETION - timedelta(days=1)
    ),
    "every load serves a delivery": lambda c: change(c, schedule_loads, sequence=1),
    "committed hours are the sum of the loads": lambda c: change(c, schedule_loads, hours=Decimal(5)),
    "no resource is promised twice": lambda c: change(c, capacity_planning, reserved_hours=Decimal(5)),
    "overtime is approved": lambda c: change(c, capacity_planning, committed_overtime_hours=Decimal(3)),
    "an order carries the date of its schedule": lambda c: change(
        c, order_master, scheduled_delivery_date=date(2026, 1, 18)
    ),
    "what is not scheduled has a reason": lambda c: change(c, unscheduled_orders, reason=" "),
    "every changed date has its line of history": history_is_missing,
    "no capacity is held for finished orders": lambda c: change(c, order_master, status="cancelled"),
    "every delivery brings something at some time": lambda c: change(c, master_schedule, tardiness_days=-1),
    "every delivery is made by a known routing": lambda c: change(c, master_schedule, routing="by hand"),
    "no hours are less than none": lambda c: change(c, schedule_loads, hours=Decimal(-1)),
    "the history says what, why and by whom": lambda c: lines_of_history(c, actor=" "),
    "about as many orders are scheduled as before": many_orders_before,
}
ORDER_BOOK: Mapping[str, Breaks] = {
    "sources are fresh": lambda c: change(c, sync_state, synced_at=NOW - timedelta(hours=2)),
    "the published schedule is of today or yesterday": lambda c: change(
        c, schedule_versions, as_of=date(2026, 1, 2), tiers="[]"
    ),
    "open orders are of active customers": lambda c: change(c, customer_master, status="inactive"),
    "no quantity is far beyond what was ever ordered": lambda c: order_every_day(c, days=90, then=Decimal(201)),
    "as many orders come in as usual": lambda c: order_every_day(c, days=90, until=8),
    "the mix by product family is as usual": lambda c: order_every_day(c, days=170, recent_family="valves"),
    "the mix by order size is as usual": lambda c: order_every_day(c, days=170, recent_quantity=Decimal(4)),
}
CAPACITY_PLAN: Mapping[str, Breaks] = {
    "a week of the capacity plan begins on Monday and has possible hours": lambda c: change(
        c, weekly_capacity_plan, expected_hours=Decimal(-1)
    ),
    "the capacity plan is of known resources": lambda c: change(c, weekly_capacity_plan, resource_id="OVEN"),
    "every resource has its weeks": lambda c: change(c, weekly_capacity_plan, resource_id="OVEN"),
    "the capacity plan is of this week": lambda c: change(c, weekly_capacity_plan, as_of=date(2025, 12, 1)),
}
BREAKING: Mapping[str, Mapping[str, Breaks]] = {
    "master_schedule": SCHEDULE,
    "order_book": ORDER_BOOK,
    "weekly_capacity_plan": CAPACITY_PLAN,
}
CASES = [(suite, name) for suite in table_suites() for name in BREAKING[suite.key]]


def order_every_day(
    connection: sa.Connection,
    *,
    days: int,
    until: int = 1,
    then: Decimal | None = None,
    recent_family: str = "pumps",
    recent_quantity: Decimal = Decimal(40),
) -> None:
    """Three orders a day, `days` back until `until` days ago, in the last four weeks of another kind; and one more."""
    connection.execute(sa.delete(order_master).where(order_master.c.status == "delivered"))
    rows = [
        a_known_order(
            f"D{back}-{number}",
            status="delivered",
            ordered_at=NOW - timedelta(days=back),
            product_family=recent_family if back <= 28 else "pumps",
            quantity=recent_quantity if back <= 28 else Decimal(40),
        )
        for back in range(until, days)
        for number in range(3)
    ]
    if then is not None:
        rows.append(a_known_order("LARGE", status="delivered", ordered_at=NOW - timedelta(hours=1), quantity=then))
    connection.execute(sa.insert(order_master), rows)


@pytest.fixture
def world(engine: sa.Engine) -> sa.Engine:
    with engine.begin() as connection:
        publish_tables(connection)
    return engine


def check(engine: sa.Engine, suite: TableSuite, *, now: datetime = NOW) -> TableVerdict:
    return DirectGate(engine=engine, tables=metadata.tables, settings=GateSettings()).check(suite, now=now)


def broken(verdict: TableVerdict) -> set[str]:
    return {outcome.expectation for outcome in verdict.outcomes if not outcome.success}


def test_every_rule_has_a_case_that_breaks_it() -> None:
    rules = {suite.key: [rule.name for rule in suite.rules] for suite in table_suites()}

    assert {key: list(cases) for key, cases in BREAKING.items()} == rules


@pytest.mark.parametrize("suite", table_suites(), ids=lambda suite: suite.key)
def test_consistent_tables_keep_every_rule(world: sa.Engine, suite: TableSuite) -> None:
    verdict = check(world, suite)

    assert broken(verdict) == set()
    assert verdict.is_good
    assert verdict.version == 2


@pytest.mark.parametrize(("suite", "name"), CASES, ids=lambda value: getattr(value, "key", value))
def test_a_broken_rule_is_found(world: sa.Engine, suite: TableSuite, name: str) -> None:
    with world.begin() as connection:
        BREAKING[suite.key][name](connection)

    verdict = check(world, suite)

    assert name in broken(verdict)
    sentences = (*verdict.failures, *verdict.warnings)
    assert any(sentence.startswith(f"{name}: ") and "{" not in sentence for sentence in sentences)


@pytest.mark.parametrize("suite", table_suites(), ids=lambda suite: suite.key)
def test_an_empty_warehouse_breaks_no_rule(engine: sa.Engine, suite: TableSuite) -> None:
    assert broken(check(engine, suite)) == set()


def test_a_blackout_closes_only_its_customer(world: sa.Engine) -> None:
    with world.begin() as connection:
        close_the_day(connection, "blackout", "ELSEWHERE")

    assert broken(check(world, schedule_suite())) == set()


def test_a_default_window_holds_for_a_customer_without_own_ones(world: sa.Engine) -> None:
    with world.begin() as connection:
        change(connection, delivery_schedules, customer_id=None)

    assert broken(check(world, schedule_suite())) == set()


def test_own_windows_hide_the_default_ones(world: sa.Engine) -> None:
    with world.begin() as connection:
        change(connection, delivery_schedules, customer_id=None)
        own = {"customer_id": "C1", "weekday": 3, "window_start": time(8), "window_end": time(9)}
        connection.execute(sa.insert(delivery_schedules).values(row_hash="h", loaded_at=NOW, load_id="earlier", **own))

    assert broken(check(world, schedule_suite())) == {"every delivery lies in a window of its customer"}


def test_a_frozen_delivery_stays_where_it_is(world: sa.Engine) -> None:
    with world.begin() as connection:
        change(connection, master_schedule, frozen=True)
        change(connection, delivery_schedules, weekday=2)
        change(connection, order_master, quantity=Decimal(50))
        change(connection, unscheduled_orders, quantity=Decimal(50))

    assert broken(check(world, schedule_suite())) == set()


def test_an_order_that_came_after_the_plan_is_not_forgotten(world: sa.Engine) -> None:
    with world.begin() as connection:
        connection.execute(sa.insert(order_master), [a_known_order("NEW", status="open", loaded_at=NOW)])

    assert broken(check(world, schedule_suite())) == set()


@pytest.mark.parametrize(
    ("anchor", "day", "found"),
    [
        ("ship", DELIVERY, False),
        ("ship", DELIVERY + timedelta(days=1), True),
        ("completion", DELIVERY, True),
    ],
)
def test_only_a_dock_works_after_completion_and_not_after_delivery(
    world: sa.Engine, anchor: str, day: date, *, found: bool
) -> None:
    with world.begin() as connection:
        ship_at_the_press(connection, anchor)
        change(connection, schedule_loads, bucket_date=day)
        change(connection, capacity_planning, bucket_date=day)

    expected = {"all work is done by the completion date"} if found else set()
    assert broken(check(world, schedule_suite())) == expected


def test_many_failures_are_counted_and_the_first_is_named(world: sa.Engine) -> None:
    with world.begin() as connection:
        rows = [a_known_order(f"X{number:03}", status="open") for number in range(50)]
        connection.execute(sa.insert(order_master), rows)

    (failure,) = check(world, schedule_suite()).failures

    assert failure == (
        "every open order has a date or a reason: 50 found; first: order X000 of C1, requested for 2026-01-20, "
        "has neither a delivery nor a reason"
    )


def test_great_expectations_finds_the_same_and_keeps_it(world: sa.Engine, tmp_path: Path) -> None:
    gate = Gate(world, GateSettings(data_docs=tmp_path), metadata.tables)
    with world.begin() as connection:
        change(connection, schedule_loads, hours=Decimal(5))

    checks = (gate.check_schedule, gate.check_order_book, gate.check_capacity_plan)
    verdicts = [check(now=NOW) for check in checks]
    index = gate.build_data_docs().read_text("utf-8")

    assert verdicts == [check(world, suite) for suite in table_suites()]
    assert not verdicts[0].is_good
    assert "failed" in index
    assert "committed hours are the sum of the loads" in index
