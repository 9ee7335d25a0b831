"""What is expected of the values in the published schedule and its history: ranges, references, words, amounts."""

from typing import Any

import sqlalchemy as sa

from cms.application.ports import Severity
from cms.domain.schedule import ChangeType
from expectations.published_capacity import ROLL_BACK
from expectations.rules import Standing, TableRule

FEWEST_ORDERS = 20
LEAST_SHARE = 0.5


def value_rules() -> tuple[TableRule, ...]:
    """Rules about single values of the version, and about how many orders it has."""
    return (SOMETHING_IS_DELIVERED, KNOWN_ROUTING, HOURS_ARE_POSSIBLE, HISTORY_CAN_BE_READ, AS_MANY_AS_BEFORE)


def _impossible_deliveries(standing: Standing) -> sa.Select[Any]:
    deliveries = standing.tables["master_schedule"].c
    return (
        sa.select(deliveries.order_id, deliveries.quantity, deliveries.tardiness_days, deliveries.window_start)
        .where(deliveries.version == standing.version)
        .where(
            sa.or_(
                deliveries.quantity <= 0,
                deliveries.tardiness_days < 0,
                deliveries.window_start >= deliveries.window_end,
            )
        )
        .order_by(deliveries.order_id, deliveries.sequence)
    )


SOMETHING_IS_DELIVERED = TableRule(
    name="every delivery brings something at some time",
    description="quantity is more than 0, tardiness_days are not negative, window_start is before window_end.",
    column="quantity",
    severity=Severity.CRITICAL,
    consequence="A truck is sent with nothing, or at no time.",
    remedy=ROLL_BACK,
    reason="order {order_id} is to get {quantity} units at {window_start}, {tardiness_days} days late",
    broken=_impossible_deliveries,
)


def _unknown_routings(standing: Standing) -> sa.Select[Any]:
    deliveries, routings = standing.tables["master_schedule"].c, standing.tables["routings"].c
    return (
        sa.select(deliveries.order_id, deliveries.routing)
        .where(deliveries.version == standing.version, deliveries.routing.not_in(sa.select(routings.routing_id)))
        .order_by(deliveries.order_id, deliveries.sequence)
    )


KNOWN_ROUTING = TableRule(
    name="every delivery is made by a known routing",
    description="routing of a delivery is in routings.",
    column="routing",
    severity=Severity.CRITICAL,
    consequence="Nobody knows how to make it, and its hours are held on resources that may not make it.",
    remedy=ROLL_BACK,
    reason="order {order_id} is to be made by routing {routing}, which the plant does not have",
    broken=_unknown_routings,
    follows_facts=True,
)


def _impossible_hours(standing: Standing) -> sa.Select[Any]:
    loads, days = standing.tables["schedule_loads"].c, standing.tables["capacity_planning"].c
    of_loads = sa.select(loads.resource_id, loads.bucket_date, loads.hours).where(
        loads.version == standing.version, loads.hours < 0
    )
    least = sa.case(
        (days.regular_hours < 0, days.regular_hours),
        (days.overtime_hours < 0, days.overtime_hours),
        else_=days.committed_hours,
    )
    of_days = sa.select(days.resource_id, days.bucket_date, least).where(
        days.schedule_version == standing.version, least < 0
    )
    both = sa.union_all(of_loads, of_days).subquery()
    return sa.select(both).order_by(both.c.resource_id, both.c.bucket_date, both.c.hours)


HOURS_ARE_POSSIBLE = TableRule(
    name="no hours are less than none",
    description="Hours of loads, and regular, overtime and committed hours of resources are not negative.",
    column="hours",
    severity=Severity.CRITICAL,
    consequence="Hours that do not exist are promised to other orders.",
    remedy=ROLL_BACK,
    reason="{resource_id} has {hours} h on {bucket_date}",
    broken=_impossible_hours,
)


def _unreadable_history(standing: Standing) -> sa.Select[Any]:
    history = standing.tables["schedule_history"].c
    unsaid = sa.or_(sa.func.trim(history.reason_code) == "", sa.func.trim(history.actor) == "")
    return (
        sa.select(history.order_id, history.change_type, history.reason_code, history.actor)
        .where(history.schedule_version == standing.version)
        .where(sa.or_(unsaid, history.change_type.not_in([change.value for change in ChangeType])))
        .order_by(history.history_id)
    )


HISTORY_CAN_BE_READ = TableRule(
    name="the history says what, why and by whom",
    description="change_type of a line of schedule_history is one that we know; reason_code and actor are given.",
    column="change_type",
    severity=Severity.CRITICAL,
    consequence="Nobody can say why a date was changed, or who changed it.",
    remedy=ROLL_BACK,
    reason="the history of order {order_id} says {change_type!r}, because {reason_code!r}, by {actor!r}",
    broken=_unreadable_history,
)


def _shrunk_schedule(standing: Standing) -> sa.Select[Any]:
    versions, deliveries = standing.tables["schedule_versions"].c, standing.tables["master_schedule"].c

    def orders(version: sa.ColumnElement[int]) -> sa.ScalarSelect[int]:
        counted = sa.select(sa.func.count(sa.distinct(deliveries.order_id))).where(deliveries.version == version)
        return counted.correlate(standing.tables["schedule_versions"]).scalar_subquery()

    before, now = orders(versions.replaced_version), orders(versions.version)
    return sa.select(versions.version, now.label("orders"), before.label("orders_before")).where(
        versions.version == standing.version, before >= FEWEST_ORDERS, now < LEAST_SHARE * before
    )


AS_MANY_AS_BEFORE = TableRule(
    name="about as many orders are scheduled as before",
    description="At least half as many orders have a delivery as in the replaced version, where that had 20.",
    column="version",
    severity=Severity.WARNING,
    consequence="Many customers lose their dates at once: an input may be missing.",
    remedy="Look at `cms schedule show --unscheduled` and at the latest loads; roll back if an input is missing.",
    reason="version {version} schedules {orders} orders, the one before had {orders_before}",
    broken=_shrunk_schedule,
)
