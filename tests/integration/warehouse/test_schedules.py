import dataclasses
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cms.application.ports import DeliveryNotice
from cms.domain.customers import CustomerId
from cms.domain.errors import NotFoundError, StaleScheduleError
from cms.domain.orders import OrderId
from cms.domain.resources import ResourceId
from cms.domain.schedule import (
    MasterSchedule,
    ResourceDay,
    ScheduledDelivery,
    ScheduledLoad,
    TierResult,
    UnscheduledOrder,
    schedule_changes,
)
from cms.domain.work_calendar import CalendarException, ExceptionKind
from cms.warehouse.tables import capacity_planning, notification_outbox, order_master, quotes, schedule_versions
from cms.warehouse.warehouse import Warehouse
from tests.builders import MONDAY, a_delivery, a_plant, a_schedule
from tests.integration.warehouse.loading import LATER, NOW, count_of, know_customers, load_orders, order_row, rows_of
from tests.integration.warehouse.test_figures import QUOTE, UNTIL

PRESS = ResourceId("PRESS")
TUESDAY = MONDAY + timedelta(days=8)


@pytest.fixture
def orders(warehouse: Warehouse) -> Warehouse:
    """A warehouse with a press and the open orders O1, O2 and O3 of customer C1."""
    warehouse.plant.save_plant(a_plant(), now=NOW, actor="test")
    know_customers(warehouse)
    load_orders(warehouse, *(order_row(f"O{number}") for number in (1, 2, 3)))
    return warehouse


def a_day(day: date = TUESDAY, *, hours: float) -> ResourceDay:
    return ResourceDay(
        resource_id=PRESS,
        bucket_date=day,
        regular_hours=16,
        available_overtime_hours=4,
        load_hours=hours,
        overtime_hours=max(0.0, hours - 16),
        price_per_hour=1.25,
    )


def a_load(order_id: str, *, hours: float, day: date = TUESDAY) -> ScheduledLoad:
    return ScheduledLoad(order_id=OrderId(order_id), sequence=0, resource_id=PRESS, bucket_date=day, hours=hours)


def a_full_schedule() -> MasterSchedule:
    return a_schedule(
        a_delivery("O1"),
        a_delivery("O2", quantity=60, tardiness_days=2),
        a_delivery("O2", on=TUESDAY + timedelta(days=2), quantity=40, sequence=1, frozen=True),
        loads=(a_load("O1", hours=1 / 3), a_load("O2", hours=17.123456)),
        unscheduled=(UnscheduledOrder(order_id=OrderId("O3"), quantity=Decimal(100), reason="PRESS is full"),),
        resource_days=(a_day(hours=17.456789),),
        tiers=(TierResult(name="priority 1", value=2.5, bound=2.0), TierResult(name="cost", value=10, bound=10)),
        fingerprint="f" * 64,
    )


def publish(warehouse: Warehouse, schedule: MasterSchedule, *, reason_code: str = "daily_plan", **options: Any) -> int:
    published = warehouse.schedules.published()
    old = published.deliveries if published else ()
    defaults: dict[str, Any] = {
        "changes": schedule_changes(old, schedule.deliveries, reason_code=reason_code),
        "notices": (),
        "replaces": published.version if published else 0,
        "reason_code": reason_code,
        "actor": "test",
        "now": NOW,
    }
    return warehouse.schedules.publish(schedule, **(defaults | options))


def test_a_published_schedule_is_read_back_as_it_was(orders: Warehouse) -> None:
    schedule = a_full_schedule()

    version = publish(orders, schedule)

    found = orders.schedules.published()
    assert version == 1
    assert found is not None
    assert found.loads[0].hours == pytest.approx(1 / 3, abs=1e-8)
    assert dataclasses.replace(found, loads=(), resource_days=()) == dataclasses.replace(
        schedule, loads=(), resource_days=()
    )
    assert orders.schedules.version(1) == found


def test_orders_get_their_last_delivery_and_the_others_their_reason(orders: Warehouse) -> None:
    publish(orders, a_full_schedule())

    assert rows_of(orders, order_master, "order_id", "status", "scheduled_delivery_date", "unscheduled_reason") == [
        ("O1", "scheduled", TUESDAY, None),
        ("O2", "scheduled", TUESDAY + timedelta(days=2), None),
        ("O3", "open", None, "PRESS is full"),
    ]


def test_what_the_next_version_leaves_out_is_open_again_without_a_date(orders: Warehouse) -> None:
    publish(orders, a_full_schedule())

    publish(orders, a_schedule(a_delivery("O3")))

    assert rows_of(orders, order_master, "order_id", "status", "scheduled_delivery_date", "unscheduled_reason") == [
        ("O1", "open", None, None),
        ("O2", "open", None, None),
        ("O3", "scheduled", TUESDAY, None),
    ]


def test_a_shipped_order_keeps_the_date_that_was_scheduled(orders: Warehouse) -> None:
    publish(orders, a_full_schedule())
    load_orders(orders, order_row("O1", status="shipped", shipped_at=LATER, source_updated_at=LATER))

    publish(orders, a_schedule(a_delivery("O2")))

    shipped = orders.orders.order(OrderId("O1"))
    assert (shipped.status, shipped.scheduled_delivery_date) == ("shipped", TUESDAY)


def test_an_order_in_production_keeps_its_status_and_gets_its_date(orders: Warehouse) -> None:
    load_orders(orders, order_row("O1", status="in_production", source_updated_at=LATER))

    publish(orders, a_full_schedule())

    order = orders.orders.order(OrderId("O1"))
    assert (order.status, order.scheduled_delivery_date) == ("in_production", TUESDAY)


def test_the_capacity_plan_is_the_sum_of_the_stored_loads(orders: Warehouse) -> None:
    service = CalendarException(day=TUESDAY, kind=ExceptionKind.MAINTENANCE, resource_id=PRESS, hours=2)
    orders.plant.add_exceptions([service], now=NOW, actor="planner")

    publish(orders, a_full_schedule())

    names = ("committed_hours", "committed_overtime_hours", "maintenance_hours", "price_per_hour", "schedule_version")
    ((committed, *rest),) = rows_of(orders, capacity_planning, *names)
    assert committed == Decimal("0.33333333") + Decimal("17.12345600")
    assert rest == [Decimal("1.456789"), Decimal(2), Decimal("1.25"), 1]


HELD_ON_TUESDAY = replace(QUOTE, loads=((PRESS, TUESDAY, 2.5),))


def reserved_on_tuesday(warehouse: Warehouse) -> list[tuple[Decimal, Decimal]]:
    return rows_of(warehouse, capacity_planning, "committed_hours", "reserved_hours")


def test_the_capacity_plan_holds_what_quotes_reserve_beside_what_is_committed(orders: Warehouse) -> None:
    orders.quotes.keep(HELD_ON_TUESDAY)

    publish(orders, a_schedule(resource_days=(a_day(hours=0),)))

    assert reserved_on_tuesday(orders) == [(Decimal(0), Decimal("2.5"))]


def test_no_more_is_reserved_than_what_is_committed_leaves(orders: Warehouse) -> None:
    """Of the 20 h of a Tuesday 17.46 are committed: a quote of 10 h holds the 2.54 that are left."""
    orders.quotes.keep(replace(QUOTE, loads=((PRESS, TUESDAY, 10.0),)))

    publish(orders, a_full_schedule())

    ((committed, reserved),) = reserved_on_tuesday(orders)
    assert committed + reserved == Decimal(20)


def test_reserving_and_cancelling_are_seen_in_the_capacity_plan_at_once(orders: Warehouse) -> None:
    publish(orders, a_schedule(resource_days=(a_day(hours=0),)))

    orders.quotes.keep(replace(HELD_ON_TUESDAY, status="quoted", expires_at=None))
    quoted = reserved_on_tuesday(orders)
    orders.quotes.reserve("Q-1", expires_at=UNTIL, now=NOW)
    reserved = reserved_on_tuesday(orders)
    orders.quotes.cancel("Q-1", now=NOW)

    assert [quoted, reserved, reserved_on_tuesday(orders)] == [
        [(Decimal(0), hours)] for hours in (Decimal(0), Decimal("2.5"), Decimal(0))
    ]


def test_a_publication_closes_the_quotes_whose_time_is_over_and_frees_their_hours(orders: Warehouse) -> None:
    publish(orders, a_schedule(resource_days=(a_day(hours=0),)))
    orders.quotes.keep(HELD_ON_TUESDAY)
    reserved = reserved_on_tuesday(orders)

    publish(orders, a_schedule(resource_days=(a_day(hours=0),)), now=UNTIL)

    assert [reserved, reserved_on_tuesday(orders)] == [[(Decimal(0), Decimal("2.5"))], [(Decimal(0), Decimal(0))]]
    assert rows_of(orders, quotes, "quote_id", "status") == [("Q-1", "expired")]


def test_days_before_the_plan_in_force_keep_what_was_reserved(orders: Warehouse) -> None:
    orders.quotes.keep(HELD_ON_TUESDAY)
    publish(orders, a_schedule(resource_days=(a_day(hours=0),)))
    publish(orders, a_schedule(as_of=TUESDAY + timedelta(days=1)))

    orders.quotes.cancel("Q-1", now=NOW)

    assert reserved_on_tuesday(orders) == [(Decimal(0), Decimal("2.5"))]


def test_days_before_the_new_plan_keep_their_capacity(orders: Warehouse) -> None:
    publish(orders, a_schedule(resource_days=(a_day(MONDAY, hours=0), a_day(TUESDAY, hours=0))))

    later = a_schedule(resource_days=(a_day(TUESDAY, hours=0),), as_of=MONDAY + timedelta(days=1))
    publish(orders, later)

    assert rows_of(orders, capacity_planning, "bucket_date", "schedule_version") == [(TUESDAY, 2), (MONDAY, 1)]
    assert orders.capacity.hours_by_week(MONDAY, TUESDAY) == {(PRESS, MONDAY): 0.0}


def test_one_version_is_published_and_the_others_are_superseded(orders: Warehouse) -> None:
    for _ in range(3):
        publish(orders, a_full_schedule())

    versions = orders.schedules.versions(limit=2)
    assert [(v.version, v.status, v.actor, v.as_of) for v in versions] == [
        (3, "published", "test", MONDAY),
        (2, "superseded", "test", MONDAY),
    ]
    assert orders.schedules.published_version() == 3


def test_a_rollback_says_so_of_the_version_it_replaces(orders: Warehouse) -> None:
    publish(orders, a_full_schedule())

    publish(orders, a_schedule(a_delivery("O1")), reason_code="rollback")

    assert rows_of(orders, schedule_versions, "version", "status", "replaced_version") == [
        (1, "rolled_back", None),
        (2, "published", 1),
    ]


def test_a_schedule_that_was_built_on_an_older_version_is_refused_and_changes_nothing(orders: Warehouse) -> None:
    publish(orders, a_full_schedule())
    publish(orders, a_full_schedule())

    with pytest.raises(StaleScheduleError, match="version 2 was published while planning on 1; plan again"):
        publish(orders, a_schedule(), replaces=1)

    assert orders.schedules.published_version() == 2
    assert orders.orders.order(OrderId("O1")).status == "scheduled"


def test_each_change_has_its_line_of_history(orders: Warehouse) -> None:
    publish(orders, a_schedule(a_delivery("O1")))
    publish(orders, a_schedule(a_delivery("O1", on=TUESDAY + timedelta(days=1))))

    lines = orders.schedules.history(OrderId("O1"))
    seen = [(line["schedule_version"], line["change_type"], line["new_delivery_date"], line["actor"]) for line in lines]
    assert seen == [(1, "scheduled", TUESDAY, "test"), (2, "moved_later", TUESDAY + timedelta(days=1), "test")]
    assert orders.schedules.history(OrderId("O2")) == []


def test_notices_are_queued_with_the_schedule_or_not_at_all(orders: Warehouse) -> None:
    notice = DeliveryNotice(
        deduplication_key="k",
        kind="scheduled",
        channel="email",
        recipient="c1@example.org",
        order_id=OrderId("O1"),
        customer_id=CustomerId("C1"),
        facts={},
    )
    publish(orders, a_full_schedule(), notices=(notice, notice))
    with pytest.raises(StaleScheduleError):
        publish(orders, a_schedule(), replaces=7, notices=(dataclasses.replace(notice, deduplication_key="other"),))

    assert rows_of(orders, notification_outbox, "deduplication_key", "order_id") == [("k", "O1")]


def test_only_the_rows_of_changed_orders_are_given_when_the_others_are_copied(orders: Warehouse) -> None:
    schedule = a_full_schedule()
    publish(orders, schedule)
    moved = dataclasses.replace(
        schedule,
        deliveries=(a_delivery("O1", on=TUESDAY + timedelta(days=1)), *schedule.deliveries[1:]),
        loads=(a_load("O1", hours=1.0), schedule.loads[1]),
    )

    publish(orders, moved, changed_orders=frozenset({OrderId("O1")}))

    found = orders.schedules.published()
    assert found is not None
    assert (found.deliveries, found.unscheduled) == (moved.deliveries, moved.unscheduled)
    assert [load.hours for load in found.loads] == [1.0, 17.123456]


def test_the_deliveries_of_a_day_and_of_an_order_are_those_of_the_published_version(orders: Warehouse) -> None:
    publish(orders, a_full_schedule())
    publish(orders, a_schedule(a_delivery("O1"), a_delivery("O2", on=TUESDAY + timedelta(days=1))))

    on_tuesday: tuple[ScheduledDelivery, ...] = orders.schedules.deliveries_on(TUESDAY)
    assert [delivery.order_id for delivery in on_tuesday] == ["O1"]
    assert [d.delivery_date for d in orders.schedules.order_delivery(OrderId("O2"))] == [TUESDAY + timedelta(days=1)]


def test_without_a_schedule_there_is_nothing_to_show(warehouse: Warehouse) -> None:
    assert warehouse.schedules.published() is None
    assert warehouse.schedules.published_version() == 0
    assert count_of(warehouse, schedule_versions) == 0
    with pytest.raises(NotFoundError, match="no schedule version '7'"):
        warehouse.schedules.version(7)
