"""Histories for simulation tests: one press, one routing of an hour for 20 units, one customer."""

import os
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from cms.domain.orders import Order
from simulations.order_history import History, make_history
from tests.builders import MONDAY, WEEKDAYS, a_customer, a_press, a_routing, an_order


def at(day: int, hour: float = 12) -> datetime:
    """A moment on day `day` after Monday 2026-01-05; by default at noon, UTC."""
    return datetime.combine(MONDAY, time(), tzinfo=UTC) + timedelta(days=day, hours=hour)


def on(day: int) -> date:
    """Day `day` after Monday 2026-01-05."""
    return MONDAY + timedelta(days=day)


def an_arrival(order_id: str, *, day: int, due: int, quantity: float = 20, **changes: Any) -> Order:
    """An order of a press-hour, placed at noon of a day; days count from Monday 2026-01-05."""
    return an_order(order_id, due=on(due), quantity=quantity, **({"ordered_at": at(day)} | changes))


def a_history(orders: Sequence[Order], **changes: Any) -> History:
    parts: dict[str, Any] = {
        "customers": {one.customer_id: one for one in (a_customer(transit_days=1),)},
        "resources": (a_press(),),
        "routings": (a_routing(),),
        "default_windows": WEEKDAYS,
    }
    return make_history("by hand", orders, **(parts | changes))


def steady_orders(days: int, *, a_day: int = 3, lead_days: int = 14, quantity: float = 40) -> list[Order]:
    """So many orders on every working day, alike."""
    return [
        an_arrival(f"O{day:03d}-{number}", day=day, due=day + lead_days, quantity=quantity)
        for day in range(days)
        if day % 7 < 5
        for number in range(a_day)
    ]


def shared_file(*parts: str) -> Path:
    """A file of the shared data; the test is skipped where it is absent."""
    root = Path(__file__).resolve().parents[2]
    path = Path(os.environ.get("CMS_SHARED_DATA", root.parent / "shared" / "data")).joinpath(*parts)
    if not path.exists():
        pytest.skip(f"{path} is absent; set CMS_SHARED_DATA to the folder of the real data")
    return path
