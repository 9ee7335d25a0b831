"""The rows of the invented years, table by table, in the order in which tables refer to each other."""

import json
import math
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import time
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from cms.warehouse import tables
from tests.benchmarks.years_of_work import DAYS_AHEAD, RESOURCES, STEPS, Order, Years

Rows = Iterator[dict[str, Any]]
EXPECTATIONS = 20
_KPIS = ("on_time_in_full", "late_orders", "backlog_orders", "utilization", "tardiness_days", "schedule_accuracy")
_FENCE_DAYS = 3


def customers(years: Years) -> Rows:
    for number in range(years.customers):
        yield {
            "customer_id": f"C{number:05d}",
            "source_system": "board",
            "source_item_id": f"item-{number}",
            "name": f"Customer {number}",
            "status": "active",
            "priority": 1 + number % 4,
            "time_zone": "Europe/Berlin",
            "transit_days": number % 3,
            "max_early_days": 5,
            "allows_split": number % 5 == 0,
            "contact_email": f"c{number}@example.org",
            "preferred_channel": "email",
            "rollout_cohort": "pilot",
            "row_hash": f"{number:032x}",
            "loaded_at": years.instant(0),
            "load_id": "customers",
        }


def windows(years: Years) -> Rows:
    for number in (None, *range(0, years.customers, 2)):
        for weekday in range(5):
            start, end = _window(number)
            yield {
                "customer_id": None if number is None else f"C{number:05d}",
                "weekday": weekday,
                "window_start": start,
                "window_end": end,
                "row_hash": f"{weekday:032x}",
                "loaded_at": years.instant(0),
                "load_id": "customers",
            }


def _window(customer: int | None) -> tuple[time, time]:
    """The odd customers have the default window."""
    if customer is None or customer % 2:
        return time(8), time(17)
    return time(7 + customer % 3), time(12 + customer % 5)


def resources(years: Years) -> Rows:
    for name in RESOURCES:
        yield {
            "resource_id": name,
            "name": name.title(),
            "regular_hours": _regular_hours(years, name),
            "overtime_hours": 2,
            "overtime_cost_per_hour": 45,
            "working_weekdays": "0,1,2,3,4",
            "loaded_at": years.instant(0),
            "load_id": "plant",
        }


def _regular_hours(years: Years, resource: str) -> int:
    """A tenth more than was ever needed."""
    return math.ceil(
        1.1 * max((hours for (of, _), hours in years.committed_hours.items() if of == resource), default=8)
    )


def routings(years: Years) -> Rows:
    for family in range(len(STEPS)):
        yield {
            "routing_id": f"R{family}",
            "product_family": f"family_{family}",
            "cost": 0,
            "loaded_at": years.instant(0),
            "load_id": "plant",
        }


def routing_steps(_years: Years) -> Rows:
    for family, steps in enumerate(STEPS):
        for sequence, (resource, hours, days_before) in enumerate(steps):
            yield {
                "routing_id": f"R{family}",
                "sequence": sequence,
                "resource_id": resource,
                "setup_hours": 0.25,
                "hours_per_unit": hours / 100,
                "offset_days": days_before,
                "anchor": "completion",
            }


def loads(years: Years) -> Rows:
    ordered = Counter(order.ordered for order in years.orders)
    for day in range(years.days):
        yield {
            "load_id": _load_id(day),
            "dataset": "order_master",
            "source": "erp",
            "status": "merged",
            "staged_at": years.instant(day, 18),
            "finished_at": years.instant(day, 19),
            "row_count": ordered[day],
            "inserted": ordered[day],
        }


def _load_id(day: int) -> str:
    return f"orders-{day:05d}"


def orders(years: Years) -> Rows:
    today = years.days - 1
    for order in years.orders:
        delivered = not order.is_cancelled and order.delivery < today
        scheduled = None if order.is_cancelled else years.dates[order.seen_on(today)]
        yield {
            **_said(years, order),
            "priority": 1 + order.customer % 4,
            "delivered_quantity": Decimal(order.quantity if delivered else 0),
            "promised_date": scheduled,
            "status": _status(order, today),
            "scheduled_delivery_date": scheduled,
            "shipped_at": years.instant(order.delivery - 1, 15) if delivered else None,
            "delivered_at": years.instant(order.delivery, 10) if delivered else None,
            "row_hash": f"{order.number:032x}",
        }


def _status(order: Order, today: int) -> str:
    if order.is_cancelled:
        return "cancelled"
    if order.delivery < today:
        return "delivered"
    return "in_production" if order.seen_on(today) <= today + 2 else "scheduled"


def _said(years: Years, order: Order) -> dict[str, Any]:
    return {
        "order_id": order.order_id,
        "source_system": "erp",
        "source_order_id": order.order_id.removeprefix("SO-"),
        "customer_id": order.customer_id,
        "order_type": "standard",
        "product_family": f"family_{order.family}",
        "quantity": Decimal(order.quantity),
        "ordered_at": years.instant(order.ordered, 9),
        "requested_date": years.dates[order.moved_from],
        "source_updated_at": years.instant(min(order.delivery, years.days - 1), 18),
        "loaded_at": years.instant(order.ordered, 19),
        "load_id": _load_id(order.ordered),
    }


def source_records(years: Years) -> Rows:
    today = years.days - 1
    for order in years.orders:
        yield _said(years, order) | {"status": _status(order, today), "row_hash": f"{order.number:032x}"}


def versions(years: Years) -> Rows:
    for day in range(years.days):
        is_last = day == years.days - 1
        yield {
            "version": day + 1,
            "status": "published" if is_last else "superseded",
            "as_of": years.dates[day],
            "solve_status": "feasible",
            "tiers": json.dumps([{"name": "late", "value": 3.0, "bound": 2.0}]),
            "fingerprint": f"{day:032x}",
            "created_at": years.instant(day),
            "published_at": years.instant(day),
            "replaced_version": day or None,
            "reason_code": "daily_plan",
            "actor": "planner",
        }


def deliveries(years: Years) -> Rows:
    for day, standing in years.orders_of_versions():
        for order in standing:
            delivery = order.seen_on(day)
            start, end = _window(order.customer)
            yield {
                "version": day + 1,
                "order_id": order.order_id,
                "sequence": 1,
                "customer_id": order.customer_id,
                "routing": f"R{order.family}",
                "completion_date": years.dates[delivery - 1],
                "delivery_date": years.dates[delivery],
                "window_start": start,
                "window_end": end,
                "quantity": Decimal(order.quantity),
                "frozen": delivery - day <= _FENCE_DAYS,
                "tardiness_days": max(0, delivery - order.moved_from),
            }


def schedule_loads(years: Years) -> Rows:
    for day, standing in years.orders_of_versions():
        for order in standing:
            for resource, bucket, hours in order.loads(order.seen_on(day)):
                if bucket >= day:
                    yield {
                        "version": day + 1,
                        "order_id": order.order_id,
                        "sequence": 1,
                        "resource_id": resource,
                        "bucket_date": years.dates[bucket],
                        "hours": hours,
                    }


def history(years: Years) -> Rows:
    lines: list[tuple[int, Order, str, int | None, int | None]] = []
    for order in years.scheduled:
        lines.append((order.planned, order, "scheduled", None, order.moved_from))
        if order.moved_from != order.delivery:
            lines.append((order.moved_at, order, "moved_later", order.moved_from, order.delivery))
        lines.append((order.delivery + 1, order, "removed", order.delivery, None))
    lines.sort(key=lambda line: (line[0], line[1].number))
    for day, order, change, old, new in lines:
        if day < years.days:
            yield {
                "changed_at": years.instant(day),
                "schedule_version": day + 1,
                "order_id": order.order_id,
                "change_type": change,
                "old_delivery_date": None if old is None else years.dates[old],
                "new_delivery_date": None if new is None else years.dates[new],
                "old_quantity": None if old is None else Decimal(order.quantity),
                "new_quantity": None if new is None else Decimal(order.quantity),
                "reason_code": "daily_plan",
                "actor": "planner",
            }


def capacity(years: Years) -> Rows:
    for resource in RESOURCES:
        regular = _regular_hours(years, resource)
        for day in range(years.days + DAYS_AHEAD):
            yield {
                "resource_id": resource,
                "bucket_date": years.dates[day],
                "regular_hours": regular,
                "overtime_hours": 2,
                "maintenance_hours": 0,
                "committed_hours": round(years.committed_hours.get((resource, day), 0.0), 4),
                "committed_overtime_hours": 0,
                "schedule_version": min(day + 1, years.days),
            }


def notices(years: Years) -> Rows:
    for order in years.scheduled:
        sent = years.instant(order.planned)
        yield {
            "deduplication_key": f"scheduled:{order.order_id}:{order.planned}",
            "kind": "scheduled",
            "channel": "email",
            "recipient": f"c{order.customer}@example.org",
            "order_id": order.order_id,
            "customer_id": order.customer_id,
            "facts": json.dumps({"order": order.order_id, "delivery_date": str(years.dates[order.moved_from])}),
            "status": "sent",
            "attempts": 1,
            "queued_at": sent,
            "due_at": sent,
            "sent_at": sent,
        }


def kpis(years: Years) -> Rows:
    for day in range(years.days):
        for number, name in enumerate(_KPIS):
            yield {
                "name": name,
                "schedule_version": day + 1,
                "as_of": years.dates[day],
                "value": number + day % 7,
                "recorded_at": years.instant(day),
            }


def quality_results(years: Years) -> Rows:
    for day in range(years.days):
        for number in range(EXPECTATIONS):
            yield {
                "load_id": _load_id(day),
                "dataset": "order_master",
                "expectation": f"expectation {number}",
                "column_name": "quantity",
                "severity": "critical",
                "success": True,
                "unexpected_count": 0,
                "checked_at": years.instant(day, 18),
            }


ROWS_OF_TABLES: tuple[tuple[sa.Table, Callable[[Years], Rows]], ...] = (
    (tables.customer_master, customers),
    (tables.delivery_schedules, windows),
    (tables.resources, resources),
    (tables.routings, routings),
    (tables.routing_steps, routing_steps),
    (tables.loads, loads),
    (tables.order_master, orders),
    (tables.order_source_records, source_records),
    (tables.schedule_versions, versions),
    (tables.master_schedule, deliveries),
    (tables.schedule_loads, schedule_loads),
    (tables.schedule_history, history),
    (tables.capacity_planning, capacity),
    (tables.notification_outbox, notices),
    (tables.kpi_snapshots, kpis),
    (tables.quality_results, quality_results),
)
