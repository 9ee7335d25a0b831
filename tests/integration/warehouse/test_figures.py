from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from cms.application.ports import KpiSnapshot, Reservation
from cms.application.quotes import KeptQuote
from cms.capacity.weekly_plan import WeeklyLoad
from cms.domain.customers import CustomerId
from cms.domain.errors import InvalidValueError, NotFoundError
from cms.domain.resources import ResourceId, RoutingId
from cms.warehouse.tables import quotes
from cms.warehouse.warehouse import Warehouse
from tests.builders import MONDAY
from tests.integration.warehouse.loading import NOW, know_customers, load_orders, order_row, rows_of

PRESS = ResourceId("PRESS")
UNTIL = NOW + timedelta(hours=4)
QUOTE = KeptQuote(
    quote_id="Q-1",
    customer_id=CustomerId("C1"),
    order_id=None,
    product_family="standard",
    quantity=Decimal(50),
    routing=RoutingId("R1"),
    completion_date=date(2026, 1, 12),
    delivery_date=date(2026, 1, 13),
    cost=Decimal("12.5"),
    capacity_price=Decimal("3.25"),
    loads=((PRESS, date(2026, 1, 12), 2.5),),
    quoted_at=NOW,
    actor="ann",
    status="reserved",
    expires_at=UNTIL,
)
HELD = [Reservation(quote_id="Q-1", resource_id=PRESS, bucket_date=date(2026, 1, 12), hours=2.5)]


def a_week(resource: str = "PRESS", *, committed: float = 40.0) -> WeeklyLoad:
    return WeeklyLoad(
        resource_id=ResourceId(resource),
        week_start=MONDAY,
        regular_hours=80.0,
        overtime_hours=20.0,
        committed_hours=committed,
        expected_hours=12.25,
    )


def test_a_weekly_plan_is_kept_once(warehouse: Warehouse) -> None:
    first = warehouse.capacity.save_weekly_plan([a_week("OVEN"), a_week()], as_of=MONDAY, now=NOW)
    again = warehouse.capacity.save_weekly_plan([a_week(), a_week("OVEN")], as_of=MONDAY, now=NOW)
    changed = warehouse.capacity.save_weekly_plan([a_week("OVEN"), a_week(committed=41)], as_of=MONDAY, now=NOW)

    assert (first, again, changed) == (2, 0, 1)
    assert warehouse.capacity.weekly_plan() == [a_week("OVEN"), a_week(committed=41)]


def test_the_latest_weekly_plan_is_shown(warehouse: Warehouse) -> None:
    warehouse.capacity.save_weekly_plan([a_week(committed=1)], as_of=MONDAY, now=NOW)
    warehouse.capacity.save_weekly_plan([a_week(committed=2)], as_of=MONDAY + timedelta(days=7), now=NOW)

    assert [week.committed_hours for week in warehouse.capacity.weekly_plan()] == [2.0]


def test_a_figure_of_a_version_is_kept_once(warehouse: Warehouse) -> None:
    on_time = KpiSnapshot(name="on_time_in_full", value=Decimal("0.95"), as_of=MONDAY)

    warehouse.kpis.record([on_time], schedule_version=1, now=NOW)
    warehouse.kpis.record([replace(on_time, value=Decimal("0.5"))], schedule_version=1, now=NOW)
    warehouse.kpis.record([replace(on_time, value=Decimal("0.9"))], schedule_version=2, now=NOW)

    assert [snapshot.value for snapshot in warehouse.kpis.latest()] == [Decimal("0.95"), Decimal("0.9")]


def test_a_reserved_quote_holds_its_hours_until_it_expires(warehouse: Warehouse) -> None:
    warehouse.quotes.keep(QUOTE)

    assert warehouse.quotes.quote("Q-1") == QUOTE
    assert warehouse.schedules.reservations(NOW) == HELD
    assert warehouse.schedules.reservations(UNTIL) == []
    assert [quote.status for quote in warehouse.quotes.quotes(now=UNTIL)] == ["expired"]
    assert warehouse.quotes.quotes(now=UNTIL, status="reserved") == []


def test_the_next_change_of_a_quote_closes_those_whose_time_is_over(warehouse: Warehouse) -> None:
    """The table itself says so then, also to whoever reads it without this program."""
    earlier, later = UNTIL - timedelta(seconds=1), UNTIL + timedelta(seconds=1)
    warehouse.quotes.keep(QUOTE)
    warehouse.quotes.keep(replace(QUOTE, quote_id="Q-2", expires_at=later))
    warehouse.quotes.keep(replace(QUOTE, quote_id="Q-3", quoted_at=earlier, expires_at=later))
    before = rows_of(warehouse, quotes, "quote_id", "status")

    warehouse.quotes.cancel("Q-3", now=UNTIL)

    assert before == [("Q-1", "reserved"), ("Q-2", "reserved"), ("Q-3", "reserved")]
    assert rows_of(warehouse, quotes, "quote_id", "status") == [
        ("Q-1", "expired"),
        ("Q-2", "reserved"),
        ("Q-3", "cancelled"),
    ]


def test_a_quote_that_was_only_asked_for_holds_nothing_until_it_is_reserved(warehouse: Warehouse) -> None:
    warehouse.quotes.keep(replace(QUOTE, status="quoted", expires_at=None))
    before = warehouse.quotes.reservations(NOW)

    warehouse.quotes.reserve("Q-1", expires_at=UNTIL, now=NOW)

    assert (before, warehouse.quotes.reservations(NOW)) == ([], HELD)


def test_a_confirmed_quote_holds_its_hours_until_its_order_is_in_the_order_book(warehouse: Warehouse) -> None:
    know_customers(warehouse)
    warehouse.quotes.keep(QUOTE)

    kept = warehouse.quotes.confirm("Q-1", order_id="O1", now=NOW)
    while_waiting = warehouse.quotes.reservations(NOW)
    load_orders(warehouse, order_row("O1"))

    assert (kept.status, kept.order_id) == ("confirmed", "O1")
    assert (while_waiting, warehouse.quotes.reservations(NOW)) == (HELD, [])


def test_a_cancelled_quote_gives_its_hours_back_and_stays_cancelled(warehouse: Warehouse) -> None:
    warehouse.quotes.keep(QUOTE)

    warehouse.quotes.cancel("Q-1", now=NOW)

    assert warehouse.quotes.reservations(NOW) == []
    with pytest.raises(InvalidValueError, match="cannot become confirmed; quote again, found 'cancelled'"):
        warehouse.quotes.confirm("Q-1", order_id=None, now=NOW)


def test_an_expired_quote_cannot_be_confirmed(warehouse: Warehouse) -> None:
    warehouse.quotes.keep(QUOTE)

    with pytest.raises(InvalidValueError, match="found 'expired'"):
        warehouse.quotes.confirm("Q-1", order_id=None, now=UNTIL)


def test_an_unknown_quote_is_named(warehouse: Warehouse) -> None:
    with pytest.raises(NotFoundError, match="no quote 'Q-9'; list them with: cms quote list"):
        warehouse.quotes.cancel("Q-9", now=NOW)
