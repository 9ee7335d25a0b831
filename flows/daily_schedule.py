"""The master schedule, every morning."""

from datetime import date

from prefect import flow, task

from cms.application.plan_schedule import PlanReport, plan_schedule
from flows.artifacts import publish_schedule_summary
from flows.retries import PAUSES_SECONDS, is_temporary
from flows.secrets import system_with_secrets


@task(retries=3, retry_delay_seconds=PAUSES_SECONDS, retry_condition_fn=is_temporary)
def plan(as_of: date | None) -> PlanReport:
    """Plan every open order and publish the schedule."""
    with system_with_secrets() as system:
        day = as_of or system.clock.now().date()
        return plan_schedule(system.planner, as_of=day, actor="daily_schedule")


@flow(name="daily_schedule")
def daily_schedule(as_of: date | None = None) -> PlanReport:
    """Build, check and publish the schedule of a day (today, where none is named)."""
    report = plan(as_of)
    publish_schedule_summary(report)
    return report
