"""How the parts of a master schedule stand in their tables."""

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from cms.capacity.ledger import BucketKey, reserved_beside
from cms.domain.customers import CustomerId
from cms.domain.orders import OrderId
from cms.domain.resources import ResourceId, RoutingId
from cms.domain.schedule import (
    MasterSchedule,
    ResourceDay,
    ScheduleChange,
    ScheduledDelivery,
    ScheduledLoad,
    TierResult,
    UnscheduledOrder,
)
from cms.domain.work_calendar import WorkCalendar

Row = dict[str, Any]


def delivery_rows(deliveries: Iterable[ScheduledDelivery], version: int) -> list[Row]:
    """Rows of ``master_schedule``."""
    return [
        {
            "version": version,
            "order_id": delivery.order_id,
            "sequence": delivery.sequence,
            "customer_id": delivery.customer_id,
            "routing": delivery.routing_id,
            "completion_date": delivery.completion_date,
            "delivery_date": delivery.delivery_date,
            "window_start": delivery.window_start,
            "window_end": delivery.window_end,
            "quantity": delivery.quantity,
            "frozen": delivery.frozen,
            "tardiness_days": delivery.tardiness_days,
        }
        for delivery in deliveries
    ]


def delivery_of(row: Mapping[str, Any]) -> ScheduledDelivery:
    """A delivery from its row."""
    return ScheduledDelivery(
        order_id=OrderId(row["order_id"]),
        sequence=row["sequence"],
        customer_id=CustomerId(row["customer_id"]),
        routing_id=RoutingId(row["routing"]),
        completion_date=row["completion_date"],
        delivery_date=row["delivery_date"],
        window_start=row["window_start"],
        window_end=row["window_end"],
        quantity=row["quantity"],
        frozen=row["frozen"],
        tardiness_days=row["tardiness_days"],
    )


def load_rows(loads: Iterable[ScheduledLoad], version: int) -> list[Row]:
    """Rows of ``schedule_loads``; loads of one delivery on one resource and day are one row."""
    hours: dict[tuple[OrderId, int, ResourceId, date], float] = {}
    for load in loads:
        key = (load.order_id, load.sequence, load.resource_id, load.bucket_date)
        hours[key] = hours.get(key, 0.0) + load.hours
    return [
        {
            "version": version,
            "order_id": order_id,
            "sequence": sequence,
            "resource_id": resource_id,
            "bucket_date": bucket_date,
            "hours": total,
        }
        for (order_id, sequence, resource_id, bucket_date), total in sorted(hours.items())
    ]


def load_of(row: Mapping[str, Any]) -> ScheduledLoad:
    """A load from its row."""
    return ScheduledLoad(
        order_id=OrderId(row["order_id"]),
        sequence=row["sequence"],
        resource_id=ResourceId(row["resource_id"]),
        bucket_date=row["bucket_date"],
        hours=float(row["hours"]),
    )


def unscheduled_rows(schedule: MasterSchedule, version: int) -> list[Row]:
    """Rows of ``unscheduled_orders``; several shares of one order are one row with all their reasons."""
    rows: dict[OrderId, Row] = {}
    for part in schedule.unscheduled:
        row = rows.get(part.order_id)
        if row is None:
            rows[part.order_id] = {
                "version": version,
                "order_id": part.order_id,
                "quantity": part.quantity,
                "reason": part.reason,
            }
        else:
            row["quantity"] += part.quantity
            row["reason"] += "; " + part.reason
    return [rows[order_id] for order_id in sorted(rows)]


def unscheduled_of(row: Mapping[str, Any]) -> UnscheduledOrder:
    """An unscheduled order from its row."""
    return UnscheduledOrder(order_id=OrderId(row["order_id"]), quantity=row["quantity"], reason=row["reason"])


def capacity_rows(
    schedule: MasterSchedule, version: int, calendar: WorkCalendar, held_hours: Mapping[BucketKey, float]
) -> list[Row]:
    """Rows of ``capacity_planning``: what is committed is exactly what the stored loads of the version add up to.

    `held_hours` are those that quotes hold.
    """
    committed: dict[tuple[ResourceId, date], float] = {}
    for row in load_rows(schedule.loads, version):
        key = (row["resource_id"], row["bucket_date"])
        committed[key] = committed.get(key, 0.0) + round(row["hours"], 8)
    return [
        {
            "resource_id": day.resource_id,
            "bucket_date": day.bucket_date,
            "regular_hours": day.regular_hours,
            "overtime_hours": day.available_overtime_hours,
            "maintenance_hours": _maintenance_hours(calendar, day.resource_id, day.bucket_date),
            "committed_hours": committed.get((day.resource_id, day.bucket_date), 0.0),
            "committed_overtime_hours": day.overtime_hours,
            "reserved_hours": reserved_beside(
                committed.get((day.resource_id, day.bucket_date), 0.0),
                available_hours=day.regular_hours + day.available_overtime_hours,
                held_hours=held_hours.get((day.resource_id, day.bucket_date), 0.0),
            ),
            "price_per_hour": day.price_per_hour,
            "schedule_version": version,
        }
        for day in sorted(schedule.resource_days, key=lambda d: (d.resource_id, d.bucket_date))
    ]


def _maintenance_hours(calendar: WorkCalendar, resource_id: ResourceId, day: date) -> float:
    if resource_id not in calendar.resources:
        return 0.0
    return calendar.buckets(resource_id, [day])[0].maintenance_hours


def resource_day_of(row: Mapping[str, Any]) -> ResourceDay:
    """A resource's day from its row."""
    return ResourceDay(
        resource_id=ResourceId(row["resource_id"]),
        bucket_date=row["bucket_date"],
        regular_hours=float(row["regular_hours"]),
        available_overtime_hours=float(row["overtime_hours"]),
        load_hours=float(row["committed_hours"]),
        overtime_hours=float(row["committed_overtime_hours"]),
        price_per_hour=float(row["price_per_hour"]),
    )


def history_rows(changes: Iterable[ScheduleChange], *, version: int, actor: str, now: datetime) -> list[Row]:
    """Rows of ``schedule_history``, in order of id."""
    return [
        {
            "changed_at": now,
            "schedule_version": version,
            "order_id": change.order_id,
            "change_type": change.change_type.value,
            "old_delivery_date": change.old_delivery_date,
            "new_delivery_date": change.new_delivery_date,
            "old_quantity": change.old_quantity,
            "new_quantity": change.new_quantity,
            "reason_code": change.reason_code,
            "detail": change.detail or None,
            "actor": actor,
        }
        for change in changes
    ]


def tiers_as_json(tiers: Iterable[TierResult]) -> str:
    """The tiers of the objective as JSON."""
    return json.dumps([{"name": tier.name, "value": tier.value, "bound": tier.bound} for tier in tiers])


def tiers_of(text: str) -> tuple[TierResult, ...]:
    """The tiers from their JSON."""
    return tuple(TierResult(**tier) for tier in json.loads(text))
