"""Histories from files: own column names, what is left out and why, and the figures that a history tells of itself."""

from datetime import date
from pathlib import Path

import pytest

from cms.domain.errors import InvalidValueError, SourceError
from simulations.history import load_history_file
from simulations.order_history import History
from tests.builders import a_press
from tests.simulations.histories import a_history, an_arrival, on, steady_orders

PLANT = Path(__file__).resolve().parents[2] / "docs" / "examples" / "online_retail_plant.toml"
HEAD = "order_id,customer_id,quantity,ordered_at,requested_date,product_family,status\n"
ROWS = """A1,C1,20,2026-01-05T09:00:00+00:00,2026-01-19,domestic,open
A2,C2,40,2026-01-06T09:00:00+00:00,2026-01-20,export,delivered
A3,C1,40,2026-01-07T09:00:00+00:00,2026-01-21,domestic,cancelled
A4,,40,2026-01-07T09:00:00+00:00,2026-01-21,domestic,open
A5,C1,-3,2026-01-07T09:00:00+00:00,2026-01-21,domestic,open
A6,C1,40,2026-01-07T09:00:00+00:00,2026-01-21,unheard of,open
"""


def read(tmp_path: Path, text: str) -> History:
    path = tmp_path / "orders.csv"
    path.write_text(text, encoding="utf-8")
    return load_history_file(path, plant=PLANT)


def test_a_file_with_our_column_names_needs_no_mapping(tmp_path: Path) -> None:
    history = read(tmp_path, HEAD + ROWS)

    assert [order.order_id for order in history.orders] == ["A1", "A2"]
    assert {customer.customer_id for customer in history.customers.values()} == {"C1", "C2"}
    assert all(customer.transit_days == 1 for customer in history.customers.values())


def test_what_is_left_out_is_counted_by_reason(tmp_path: Path) -> None:
    left_out = read(tmp_path, HEAD + ROWS).left_out

    assert sum(left_out.values()) == 4
    assert (left_out["cancelled"], left_out["no customer"], left_out["no routing makes 'unheard of'"]) == (1, 1, 1)


def test_a_file_without_a_usable_order_is_refused_with_its_reasons(tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match=r"at least one order to replay.*cancelled: 1"):
        read(tmp_path, HEAD + ROWS.splitlines()[2] + "\n")


def test_a_file_without_a_needed_column_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="requested_date"):
        read(tmp_path, "order_id,customer_id,quantity,ordered_at\nA1,C1,1,2026-01-05T09:00:00+00:00\n")


def test_the_bottleneck_is_the_resource_that_is_loaded_most() -> None:
    saw = a_press(resource_id="SAW", regular_hours=1.0)

    # the press has 16 hours a day for 6 hours of orders; nothing needs the saw
    history = a_history(steady_orders(28), resources=(saw, a_press()))

    assert history.bottleneck == "PRESS"
    assert history.hours_needed == {"PRESS": 20 * 3 * 2.0, "SAW": 0.0}


def test_the_peak_week_is_the_first_of_the_fullest() -> None:
    orders = [an_arrival(f"O{number}", day=day, due=30) for number, day in enumerate([1, 8, 9, 15, 16, 22])]

    assert a_history(orders).peak_week() == (date(2026, 1, 12), 2)


def test_a_part_of_a_history_has_the_orders_of_its_days() -> None:
    part = a_history(steady_orders(28)).between(on(7), on(8))

    assert (part.first_day, part.last_day, len(part.orders)) == (on(7), on(8), 6)
