"""What is expected of the weekly capacity plan: of known resources, whole weeks, possible hours, and fresh."""

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from cms.application.ports import Severity
from expectations.conditions import WeekdayOf
from expectations.rules import Standing, TableRule, TableSuite

FRESH_DAYS = 8
PLAN_AGAIN = "Plan the weeks again with `cms plan weekly`."


def capacity_plan_suite() -> TableSuite:
    """The suite of the weekly capacity plan."""
    return TableSuite(
        key="weekly_capacity_plan",
        title="Weekly capacity plan",
        about="The latest plan, judged with the daily data quality report. All of it is reported, nothing is refused.",
        table="weekly_capacity_plan",
        rules=(POSSIBLE_WEEKS, KNOWN_RESOURCES, EVERY_RESOURCE, FRESH_PLAN),
    )


def _is_latest(standing: Standing) -> sa.ColumnElement[bool]:
    plan = standing.tables["weekly_capacity_plan"].c
    return plan.as_of == sa.select(sa.func.max(plan.as_of)).scalar_subquery()


def _impossible_weeks(standing: Standing) -> sa.Select[Any]:
    plan = standing.tables["weekly_capacity_plan"].c
    hours = (plan.regular_hours, plan.overtime_hours, plan.committed_hours, plan.expected_hours)
    return (
        sa.select(plan.resource_id, plan.week_start, plan.committed_hours, plan.expected_hours)
        .where(_is_latest(standing), sa.or_(WeekdayOf(plan.week_start) != 0, *(column < 0 for column in hours)))
        .order_by(plan.resource_id, plan.week_start)
    )


POSSIBLE_WEEKS = TableRule(
    name="a week of the capacity plan begins on Monday and has possible hours",
    description="week_start is a Monday; regular, overtime, committed and expected hours are not negative.",
    column="week_start",
    severity=Severity.CRITICAL,
    consequence="Overtime is ordered for weeks that do not need it, and not for those that do.",
    remedy=PLAN_AGAIN,
    reason="{resource_id} from {week_start} on: {committed_hours} h committed, {expected_hours} h expected",
    broken=_impossible_weeks,
)


def _unknown_resources(standing: Standing) -> sa.Select[Any]:
    plan, resources = standing.tables["weekly_capacity_plan"].c, standing.tables["resources"].c
    return (
        sa.select(plan.resource_id, sa.func.min(plan.week_start).label("week_start"))
        .where(_is_latest(standing), plan.resource_id.not_in(sa.select(resources.resource_id)))
        .group_by(plan.resource_id)
        .order_by(plan.resource_id)
    )


KNOWN_RESOURCES = TableRule(
    name="the capacity plan is of known resources",
    description="resource_id of the latest weekly plan is in resources.",
    column="resource_id",
    severity=Severity.WARNING,
    consequence="Hours are planned on something that the plant no longer has.",
    remedy=PLAN_AGAIN,
    reason="{resource_id} is planned from {week_start} on, and the plant does not have it",
    broken=_unknown_resources,
)


def _unplanned_resources(standing: Standing) -> sa.Select[Any]:
    plan, resources = standing.tables["weekly_capacity_plan"].c, standing.tables["resources"].c
    planned = sa.select(plan.resource_id).where(_is_latest(standing))
    has_plan = sa.exists(sa.select(sa.literal(1)).select_from(standing.tables["weekly_capacity_plan"]))
    return (
        sa.select(resources.resource_id, resources.name)
        .where(has_plan, resources.resource_id.not_in(planned))
        .order_by(resources.resource_id)
    )


EVERY_RESOURCE = TableRule(
    name="every resource has its weeks",
    description="Each of resources is in the latest weekly plan, once there is one.",
    column="resource_id",
    severity=Severity.WARNING,
    consequence="A bottleneck is not seen before it is there.",
    remedy=PLAN_AGAIN,
    reason="{resource_id} ({name}) is not in the weekly capacity plan",
    broken=_unplanned_resources,
)


def _stale_plan(standing: Standing) -> sa.Select[Any]:
    plan = standing.tables["weekly_capacity_plan"].c
    oldest = (standing.now - timedelta(days=FRESH_DAYS)).date()
    return sa.select(plan.as_of).distinct().where(_is_latest(standing), plan.as_of < oldest).order_by(plan.as_of)


FRESH_PLAN = TableRule(
    name="the capacity plan is of this week",
    description="as_of of the latest weekly plan is at most eight days old, once there is one.",
    column="as_of",
    severity=Severity.WARNING,
    consequence="Overtime and maintenance are decided on old figures.",
    remedy="See why the weekly flow does not run: `cms plan weekly`, the runbook has the causes.",
    reason="the latest weekly capacity plan is of {as_of}",
    broken=_stale_plan,
)
