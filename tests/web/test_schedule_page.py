from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from cms.application.plan_schedule import plan_schedule
from cms.domain.customers import Customer
from cms.domain.orders import Order
from cms.domain.schedule import MasterSchedule
from cms.web.schedule_page import heat_rows, horizon_days, render_schedule_page
from tests.builders import MONDAY, NOON, a_customer, a_schedule, an_order
from tests.unit.application.test_plan_schedule import a_planner

PHONE = {"width": 390, "height": 844}


def a_planned_week() -> tuple[MasterSchedule, list[Order]]:
    orders = [an_order(f"O{n}", quantity=400, due=MONDAY) for n in range(3)]
    orders += [an_order("P1", quantity=100, due=date(2026, 1, 14)), an_order("U1", product_family="unknown")]
    return plan_schedule(a_planner(*orders), as_of=MONDAY, actor="test").schedule, orders


def render(schedule: MasterSchedule, orders: list[Order], customer: Customer | None = None) -> str:
    customer = customer or a_customer()
    return render_schedule_page(
        schedule,
        orders={order.order_id: order for order in orders},
        customers={customer.customer_id: customer},
        reasons={},
        quality_report=None,
        rendered_at=NOON,
    )


@pytest.fixture
def shown(page: Page, tmp_path: Path) -> Page:
    path = tmp_path / "schedule.html"
    path.write_text(render(*a_planned_week()), encoding="utf-8")
    page.goto(path.as_uri())
    return page


def test_the_heat_map_has_a_row_for_each_resource_and_a_cell_for_each_day() -> None:
    schedule, _ = a_planned_week()
    days = horizon_days(schedule)

    (press,) = heat_rows(schedule, days)

    assert len(press.cells) == len(days)
    assert press.cells[0].level == 6  # 20 hours on 16 regular ones
    assert press.cells[0].utilization_pct == 125
    assert press.cells[5].level is None  # Saturday


def test_a_page_without_any_delivery_can_be_rendered() -> None:
    assert "Master schedule" in render(a_schedule(), [])


def test_text_from_outside_is_shown_and_never_run() -> None:
    schedule, orders = a_planned_week()
    customer = replace(a_customer(), name="<script>alert(1)</script>")

    html = render(schedule, orders, customer)

    assert "<script>alert(1)" not in html
    assert "&lt;script&gt;alert(1)" in html


def test_the_page_shows_capacity_late_orders_and_the_schedule_by_day(shown: Page) -> None:
    expect(shown.locator("table.heat tbody tr")).to_have_count(1)
    expect(shown.locator("h2#late")).to_be_visible()
    expect(shown.get_by_text("no routing makes product family")).to_be_visible()
    expect(shown.locator("details.day").first).to_contain_text("Monday 5 January 2026")


def test_the_filter_leaves_what_was_asked_for(shown: Page) -> None:
    shown.locator("#filter").fill("p1")

    rows = shown.locator("details.day:not([hidden]) tbody tr:not([hidden])")
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("P1")
    shown.locator("#filter").fill("")
    expect(shown.locator("details.day tbody tr:not([hidden])")).to_have_count(4)


def test_the_page_fits_a_phone(shown: Page) -> None:
    shown.set_viewport_size(PHONE)  # type: ignore[arg-type]

    assert shown.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
