"""What is expected of the loads and the capacity of the published schedule."""

from typing import Any

import sqlalchemy as sa

from cms.application.ports import Severity
from expectations.rules import Standing, TableRule

HOURS_TOLERANCE = 0.01
ROLL_BACK = "Roll the schedule back with `cms schedule rollback`, and plan again once the cause is known."


def capacity_rules() -> tuple[TableRule, ...]:
    """Rules about loads, committed hours and overtime."""
    return (WORK_BEFORE_COMPLETION, LOADS_HAVE_DELIVERIES, CAPACITY_EQUALS_LOADS, WITHIN_CAPACITY, OVERTIME_APPROVED)


def _late_work(standing: Standing) -> sa.Select[Any]:
    table = standing.tables["schedule_loads"]
    loads, steps = table.c, standing.tables["routing_steps"].c
    deliveries = standing.tables["master_schedule"].c
    ships_there = sa.exists(
        sa.select(sa.literal(1))
        .where(steps.routing_id == deliveries.routing, steps.resource_id == loads.resource_id, steps.anchor == "ship")
        .correlate(table, standing.tables["master_schedule"])
    )
    return (
        sa.select(loads.order_id, loads.resource_id, loads.bucket_date, deliveries.completion_date)
        .where(loads.version == standing.version, deliveries.version == loads.version)
        .where(deliveries.order_id == loads.order_id, deliveries.sequence == loads.sequence)
        .where(loads.bucket_date > deliveries.completion_date)
        .where(sa.or_(loads.bucket_date > deliveries.delivery_date, ~ships_there))
        .order_by(loads.order_id, loads.sequence, loads.resource_id, loads.bucket_date)
    )


WORK_BEFORE_COMPLETION = TableRule(
    name="all work is done by the completion date",
    description="No load of a delivery lies after its completion_date, but for docks and trucks (anchor ship in its "
    "routing), which are needed until its delivery_date.",
    column="bucket_date",
    severity=Severity.CRITICAL,
    consequence="Unfinished goods would be shipped.",
    remedy=ROLL_BACK,
    reason="order {order_id} is worked on by {resource_id} on {bucket_date}, after its completion on {completion_date}",
    broken=_late_work,
    follows_facts=True,
)


def _loads_without_delivery(standing: Standing) -> sa.Select[Any]:
    table, loads = standing.tables["schedule_loads"], standing.tables["schedule_loads"].c
    deliveries = standing.tables["master_schedule"].c
    delivery = sa.exists(
        sa.select(sa.literal(1))
        .where(deliveries.version == loads.version, deliveries.order_id == loads.order_id)
        .where(deliveries.sequence == loads.sequence)
        .correlate(table)
    )
    return (
        sa.select(loads.order_id, loads.sequence, loads.resource_id, loads.bucket_date)
        .where(loads.version == standing.version, ~delivery)
        .order_by(loads.order_id, loads.sequence, loads.resource_id, loads.bucket_date)
    )


LOADS_HAVE_DELIVERIES = TableRule(
    name="every load serves a delivery",
    description="Each row of schedule_loads has its delivery in master_schedule.",
    column="order_id",
    severity=Severity.CRITICAL,
    consequence="Capacity is held for nobody, and others are late for it.",
    remedy=ROLL_BACK,
    reason="{resource_id} is held on {bucket_date} for delivery {sequence} of order {order_id}, which does not exist",
    broken=_loads_without_delivery,
)


def _differing_capacity(standing: Standing) -> sa.Select[Any]:
    capacity, loads = standing.tables["capacity_planning"].c, standing.tables["schedule_loads"].c
    totals = (
        sa.select(loads.resource_id, loads.bucket_date, sa.func.sum(loads.hours).label("hours"))
        .where(loads.version == standing.version)
        .group_by(loads.resource_id, loads.bucket_date)
        .subquery()
    )
    same_bucket = sa.and_(totals.c.resource_id == capacity.resource_id, totals.c.bucket_date == capacity.bucket_date)
    loaded = sa.func.coalesce(totals.c.hours, sa.literal(0, loads.hours.type))
    return (
        sa.select(capacity.resource_id, capacity.bucket_date, capacity.committed_hours, loaded.label("loaded"))
        .join_from(standing.tables["capacity_planning"], totals, same_bucket, isouter=True)
        .where(capacity.schedule_version == standing.version)
        .where(sa.func.abs(capacity.committed_hours - loaded) > HOURS_TOLERANCE)
        .order_by(capacity.resource_id, capacity.bucket_date)
    )


CAPACITY_EQUALS_LOADS = TableRule(
    name="committed hours are the sum of the loads",
    description="committed_hours of a resource and day equal the hours of its schedule_loads, within 0.01 h.",
    column="committed_hours",
    severity=Severity.CRITICAL,
    consequence="Quotes and the capacity plan promise hours that are not there, or hide free ones.",
    remedy=ROLL_BACK,
    reason="{resource_id} on {bucket_date}: {committed_hours} h committed, {loaded} h of loads",
    broken=_differing_capacity,
)


def _overloads(standing: Standing) -> sa.Select[Any]:
    capacity = standing.tables["capacity_planning"].c
    available = capacity.regular_hours + capacity.overtime_hours
    promised = capacity.committed_hours + capacity.reserved_hours
    return (
        sa.select(
            capacity.resource_id,
            capacity.bucket_date,
            capacity.committed_hours,
            capacity.reserved_hours,
            available.label("available"),
        )
        .where(capacity.schedule_version == standing.version, promised > available + HOURS_TOLERANCE)
        .order_by(capacity.resource_id, capacity.bucket_date)
    )


WITHIN_CAPACITY = TableRule(
    name="no resource is promised twice",
    description="committed_hours and reserved_hours together are at most regular_hours and overtime_hours together, "
    "within 0.01 h.",
    column="committed_hours",
    severity=Severity.CRITICAL,
    consequence="Orders of that day cannot all be made.",
    remedy=ROLL_BACK,
    reason="{resource_id} on {bucket_date}: {committed_hours} h committed and {reserved_hours} h reserved by quotes, "
    "{available} h available",
    broken=_overloads,
)


def _unapproved_overtime(standing: Standing) -> sa.Select[Any]:
    capacity = standing.tables["capacity_planning"].c
    beyond = capacity.committed_overtime_hours > capacity.overtime_hours + HOURS_TOLERANCE
    return (
        sa.select(
            capacity.resource_id, capacity.bucket_date, capacity.committed_overtime_hours, capacity.overtime_hours
        )
        .where(capacity.schedule_version == standing.version, beyond)
        .order_by(capacity.resource_id, capacity.bucket_date)
    )


OVERTIME_APPROVED = TableRule(
    name="overtime is approved",
    description="committed_overtime_hours are at most overtime_hours, within 0.01 h.",
    column="committed_overtime_hours",
    severity=Severity.CRITICAL,
    consequence="People would be asked to stay without an agreement.",
    remedy=ROLL_BACK,
    reason="{resource_id} on {bucket_date}: {committed_overtime_hours} h of overtime used, {overtime_hours} h approved",
    broken=_unapproved_overtime,
)
