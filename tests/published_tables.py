"""A small warehouse in which every expectation about the published schedule and the order book holds."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from cms.application.ports import Dataset
from cms.warehouse.tables import (
    calendar_exceptions,
    capacity_planning,
    delivery_schedules,
    master_schedule,
    order_master,
    resources,
    routing_steps,
    routings,
    schedule_history,
    schedule_loads,
    schedule_versions,
    sync_state,
    unscheduled_orders,
    weekly_capacity_plan,
)
from tests.staged_rows import NOW

DELIVERY = date(2026, 1, 19)
COMPLETION = date(2026, 1, 16)
_LOADED = {"loaded_at": NOW - timedelta(hours=4), "load_id": "earlier"}
_VERSION = 2


def a_known_order(order_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "source_system": "erp",
        "source_order_id": order_id,
        "customer_id": "C1",
        "order_type": "standard",
        "priority": 3,
        "product_family": "pumps",
        "quantity": Decimal(40),
        "delivered_quantity": Decimal(0),
        "ordered_at": datetime(2026, 1, 2, 9, tzinfo=UTC),
        "requested_date": date(2026, 1, 20),
        "status": "scheduled",
        "scheduled_delivery_date": DELIVERY,
        "row_hash": "h",
        **_LOADED,
    } | changes


def publish_tables(connection: sa.Connection) -> None:
    """Customer C1 takes goods on Mondays; order O1 is scheduled, O2 unscheduled with a reason; version 2 replaces 1."""
    monday = {"weekday": 0, "window_start": time(8), "window_end": time(12), "row_hash": "h", **_LOADED}
    _insert(connection, delivery_schedules, {"customer_id": "C1", **monday})
    _insert(connection, order_master, a_known_order("O1"))
    _insert(connection, order_master, a_known_order("O2", status="open", scheduled_delivery_date=None))
    for version, status, replaced in ((1, "superseded", None), (_VERSION, "published", 1)):
        _insert(connection, schedule_versions, _a_version(version, status, replaced))
        _insert(connection, master_schedule, _a_delivery(version))
    _insert(connection, unscheduled_orders, _of_version(order_id="O2", quantity=Decimal(40), reason="no capacity"))
    load = {"order_id": "O1", "sequence": 0, "resource_id": "press", "bucket_date": COMPLETION, "hours": Decimal(6)}
    _insert(connection, schedule_loads, _of_version(**load))
    _insert(connection, capacity_planning, _a_bucket())
    plan_the_press(connection)
    for dataset in Dataset:
        _insert(
            connection,
            sync_state,
            {"dataset": dataset.value, "source": "erp", "watermark": "7", "synced_at": NOW - timedelta(minutes=5)},
        )


def _insert(connection: sa.Connection, table: sa.Table, row: Mapping[str, Any]) -> None:
    connection.execute(sa.insert(table).values(**row))


def _of_version(**values: Any) -> dict[str, Any]:
    return {"version": _VERSION, **values}


def _a_version(version: int, status: str, replaced: int | None) -> dict[str, Any]:
    return {
        "version": version,
        "status": status,
        "as_of": NOW.date(),
        "solve_status": "optimal",
        "tiers": "[]",
        "created_at": NOW - timedelta(hours=2),
        "published_at": NOW - timedelta(hours=2),
        "replaced_version": replaced,
        "reason_code": "daily",
        "actor": "planner",
    }


def _a_delivery(version: int) -> dict[str, Any]:
    return {
        "version": version,
        "order_id": "O1",
        "sequence": 0,
        "customer_id": "C1",
        "routing": "standard",
        "completion_date": COMPLETION,
        "delivery_date": DELIVERY,
        "window_start": time(8),
        "window_end": time(12),
        "quantity": Decimal(40),
        "frozen": False,
        "tardiness_days": 0,
    }


def _a_bucket() -> dict[str, Any]:
    return {
        "resource_id": "press",
        "bucket_date": COMPLETION,
        "regular_hours": Decimal(8),
        "overtime_hours": Decimal(2),
        "maintenance_hours": Decimal(0),
        "committed_hours": Decimal(6),
        "committed_overtime_hours": Decimal(0),
        "schedule_version": _VERSION,
    }


def close_the_day(connection: sa.Connection, kind: str, customer_id: str | None = None) -> None:
    """Enter a holiday or a blackout on the day of the delivery."""
    values = {"day": DELIVERY, "kind": kind, "customer_id": customer_id, "hours": 0, "entered_by": "planner"}
    _insert(connection, calendar_exceptions, values | _LOADED)


def change(connection: sa.Connection, table: sa.Table, **values: Any) -> None:
    """Change every row of a table that belongs to the published version, or all of them where it has none."""
    statement = sa.update(table).values(**values)
    connection.execute(statement.where(table.c.version == _VERSION) if "version" in table.c else statement)


def history_is_missing(connection: sa.Connection) -> None:
    """The replaced version had another date, and no line of history tells of the change."""
    connection.execute(
        sa.update(master_schedule).where(master_schedule.c.version == 1).values(delivery_date=date(2026, 1, 26))
    )
    lines_of_history(connection, order_id="another")


def plan_the_press(connection: sa.Connection) -> None:
    """The plant has a press, with a routing of one step and a weekly capacity plan of one week."""
    hours = {"regular_hours": 8, "overtime_hours": 2, "overtime_cost_per_hour": 1, "working_weekdays": "0,1,2,3,4"}
    _insert(connection, resources, {"resource_id": "press", "name": "Press", **hours, **_LOADED})
    _insert(connection, routings, {"routing_id": "standard", "product_family": "pumps", "cost": 0, **_LOADED})
    step = {"resource_id": "press", "setup_hours": 0, "hours_per_unit": 1, "offset_days": 0, "anchor": "completion"}
    _insert(connection, routing_steps, {"routing_id": "standard", "sequence": 0, **step})
    week = {"regular_hours": 40, "overtime_hours": 10, "committed_hours": 6, "expected_hours": 8, "planned_at": NOW}
    days = {"as_of": NOW.date(), "week_start": date(2026, 1, 5)}
    _insert(connection, weekly_capacity_plan, {"resource_id": "press", **days, **week})


def ship_at_the_press(connection: sa.Connection, anchor: str) -> None:
    """The press's step is counted from `anchor`."""
    connection.execute(sa.update(routing_steps).values(anchor=anchor))


def lines_of_history(connection: sa.Connection, **changes: Any) -> None:
    """A line of history for the published version."""
    line = {
        "changed_at": NOW,
        "schedule_version": _VERSION,
        "order_id": "O1",
        "change_type": "scheduled",
        "reason_code": "daily",
        "actor": "planner",
    }
    _insert(connection, schedule_history, line | changes)


def many_orders_before(connection: sa.Connection) -> None:
    """The replaced version scheduled twenty orders more."""
    for number in range(20):
        _insert(connection, order_master, a_known_order(f"B{number:02}", status="delivered"))
        _insert(connection, master_schedule, _a_delivery(1) | {"order_id": f"B{number:02}"})
