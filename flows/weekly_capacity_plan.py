"""The capacity plan of the next 26 weeks, every Monday."""

from datetime import date

from prefect import flow, task

from cms.application.plan_capacity import CapacityReport, plan_capacity
from flows.artifacts import publish_capacity_summary
from flows.retries import PAUSES_SECONDS, is_temporary
from flows.secrets import system_with_secrets
from simulations.forecast_hours import forecast_hours
from simulations.history import load_history


@task(retries=3, retry_delay_seconds=PAUSES_SECONDS, retry_condition_fn=is_temporary)
def plan_weeks(as_of: date | None, *, use_forecast: bool) -> CapacityReport:
    """Plan every resource and keep the plan."""
    with system_with_secrets() as system:
        day = as_of or system.clock.now().date()
        expected = forecast_hours(load_history(end=day), as_of=day) if use_forecast else None
        return plan_capacity(system.planner, system.warehouse.capacity, as_of=day, forecast=expected)


@flow(name="weekly_capacity_plan")
def weekly_capacity_plan(as_of: date | None = None, *, use_forecast: bool = False) -> CapacityReport:
    """Plan 26 weeks of load and capacity (from today, where no day is named), by history or by the forecast."""
    report = plan_weeks(as_of, use_forecast=use_forecast)
    publish_capacity_summary(report)
    return report
