"""The master schedule, every morning."""

from datetime import date

from prefect import flow, task

from cms.application.guard_schedule import GuardReport, guard_schedule, require_good
from cms.application.plan_schedule import PlanReport, plan_schedule
from flows.artifacts import publish_rollback, publish_schedule_summary
from flows.retries import PAUSES_SECONDS, is_temporary
from flows.secrets import system_with_secrets


@task(retries=3, retry_delay_seconds=PAUSES_SECONDS, retry_condition_fn=is_temporary)
def plan(as_of: date | None) -> PlanReport:
    """Plan every open order and publish the schedule."""
    with system_with_secrets() as system:
        day = as_of or system.clock.now().date()
        return plan_schedule(system.planner, as_of=day, actor="daily_schedule")


@task(retries=3, retry_delay_seconds=PAUSES_SECONDS, retry_condition_fn=is_temporary)
def guard() -> GuardReport:
    """Judge what was published, and roll it back where it is wrong."""
    with system_with_secrets() as system:
        return guard_schedule(system.guard)


@flow(name="daily_schedule")
def daily_schedule(as_of: date | None = None) -> PlanReport:
    """Build, check, publish and judge the schedule of a day (today, where none is named).

    Raises
    ------
    ScheduleRolledBackError
        What was published is wrong; the run shows what was found and which version is in force.
    """
    report = plan(as_of)
    publish_schedule_summary(report)
    judged = guard()
    publish_rollback(judged)
    require_good(judged)
    return report
