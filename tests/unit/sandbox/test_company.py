"""The generated company: deterministic, plausible, and consistent with itself."""

import tomllib
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from cms.domain.errors import InvalidValueError
from cms.domain.orders import OrderStatus, OrderType
from cms.sandbox.company import Company, CompanyOptions, Source, generate_company

AS_OF = date(2026, 3, 2)


@pytest.fixture(scope="module")
def company() -> Company:
    return generate_company(CompanyOptions(as_of=AS_OF, customers=60, orders_per_month=400, history_months=14))


def test_the_same_options_give_the_same_company() -> None:
    options = CompanyOptions(as_of=AS_OF, customers=12, orders_per_month=30, history_months=3)

    assert generate_company(options) == generate_company(options)


def test_another_seed_gives_another_company() -> None:
    options = CompanyOptions(as_of=AS_OF, customers=12, orders_per_month=30, history_months=3)

    assert generate_company(options).orders != generate_company(replace(options, seed=2)).orders


def test_the_company_has_the_size_that_was_asked_for(company: Company) -> None:
    assert len(company.customers) == 60
    assert len(company.orders) == 14 * 400


def test_the_open_order_book_loads_every_resource_between_80_and_95_percent(company: Company) -> None:
    days = [AS_OF + timedelta(days=index) for index in range(14)]
    transit = {r.customer.customer_id: timedelta(days=r.customer.transit_days) for r in company.customers}
    due = [o for o in company.open_orders if o.due_date - transit[o.customer_id] <= days[-1]]
    load = company.load_hours(due)
    calendar = company.plant.calendar()

    for resource in company.plant.resources:
        hours = sum(bucket.regular_hours for bucket in calendar.buckets(resource.resource_id, days))
        assert 0.80 < load[resource.resource_id] / hours < 0.95


def test_five_to_eight_percent_of_the_orders_are_rush_orders(company: Company) -> None:
    types = Counter(record.order.order_type for record in company.orders)

    assert 0.05 < types[OrderType.RUSH] / len(company.orders) < 0.08


def test_bulk_orders_are_few_and_hold_a_heavy_tail_of_the_quantity(company: Company) -> None:
    bulk = [r.order.quantity for r in company.orders if r.order.order_type is OrderType.BULK]
    everything = sum(r.order.quantity for r in company.orders)

    assert len(bulk) < 0.07 * len(company.orders)
    assert sum(bulk) > everything / 4


def test_orders_follow_the_week_and_the_season(company: Company) -> None:
    days = [r.order.ordered_at.date() for r in company.orders]
    weekdays = Counter(day.weekday() for day in days)
    months = Counter((day.year, day.month) for day in days)

    assert weekdays[0] > weekdays[4] > 5 * weekdays[6]
    assert months[2025, 10] > 1.2 * months[2025, 4]


def test_nothing_in_the_company_happened_after_today(company: Company) -> None:
    morning = company.options.morning

    assert all(r.updated_at <= morning for r in company.orders)
    assert all(r.order.ordered_at.date() < AS_OF for r in company.orders)
    assert all(r.updated_at <= morning for r in company.customers)


def test_delivered_orders_have_left_and_arrived_in_that_order(company: Company) -> None:
    delivered = [r.order for r in company.orders if r.order.status is OrderStatus.DELIVERED]

    assert delivered
    for order in delivered:
        assert order.shipped_at is not None
        assert order.delivered_at is not None
        assert order.ordered_at <= order.shipped_at <= order.delivered_at


def test_about_one_delivery_in_eight_was_late(company: Company) -> None:
    delivered = [r.order for r in company.orders if r.order.delivered_at]
    late = [o for o in delivered if o.delivered_at and o.delivered_at.date() > o.due_date]

    assert 0.08 < len(late) / len(delivered) < 0.20


def test_open_orders_look_ahead_but_for_a_few_that_are_past_due(company: Company) -> None:
    past_due = [order for order in company.open_orders if order.due_date < AS_OF]

    assert len(past_due) < 0.05 * len(company.open_orders)


def test_every_order_is_known_to_at_least_one_system_and_few_to_both(company: Company) -> None:
    board = {record.number for record in company.systems.board_orders}
    managed = {record.number for record in company.systems.managed_orders}

    assert board | managed == set(company.orders_by_number)
    assert 0 < len(board & managed) < len(board) / 3


def test_conflicts_name_what_the_two_systems_say(company: Company) -> None:
    board = {record.number: record.order for record in company.systems.board_orders}

    assert company.systems.conflicts
    for conflict in company.systems.conflicts:
        for field, (on_board, in_management) in conflict.fields.items():
            assert str(getattr(board[conflict.order_number], field)) == on_board
            assert str(getattr(company.orders_by_number[conflict.order_number].order, field)) == in_management


def test_a_company_without_dirt_has_no_dirty_rows() -> None:
    options = CompanyOptions(as_of=AS_OF, customers=5, orders_per_month=10, history_months=2, dirty_share=0)

    assert generate_company(options).dirty_rows == ()


def test_dirt_lies_in_every_system_beside_the_clean_rows(company: Company) -> None:
    assert all(company.dirty(source) for source in Source)
    invented = [row.key for row in company.dirty_rows if row.defect.value != "duplicate"]
    assert not set(invented) & (set(company.orders_by_number) | set(company.customers_by_id))


def test_the_plant_file_holds_the_plant(company: Company) -> None:
    written = tomllib.loads(company.plant_file())

    assert [row["resource_id"] for row in written["resources"]] == ["CUT", "PRESS", "OVEN", "PACK", "DOCK"]
    assert {row["routing_id"] for row in written["routings"]} == {r.routing_id for r in company.plant.routings}
    assert written["routings"][0]["steps"][-1]["anchor"] == "ship"
    assert {row["kind"] for row in written["calendar"]} == {"holiday", "maintenance", "blackout"}
    assert len(written["default_windows"]) == 5


@pytest.mark.parametrize(
    ("name", "value"),
    [("customers", 0), ("orders_per_month", 0), ("dirty_share", 1.5), ("target_load", 0), ("as_of", date(1800, 1, 1))],
)
def test_impossible_options_are_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(InvalidValueError, match=name):
        replace(CompanyOptions(as_of=AS_OF), **{name: value})
