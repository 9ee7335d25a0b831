"""Every deployment in one process, for one machine: `python -m flows.serve`."""

from datetime import timedelta

from prefect import serve
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.deployments.runner import RunnerDeployment

from flows.customer_sync import customer_sync
from flows.daily_schedule import daily_schedule
from flows.data_quality_report import data_quality_report
from flows.notifications import notifications
from flows.order_sync import order_sync
from flows.weekly_capacity_plan import weekly_capacity_plan

ONE_AT_A_TIME = ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW)


def deployments() -> list[RunnerDeployment]:
    """The deployments of prefect.yaml, with the same schedules."""
    return [
        order_sync.to_deployment("order-sync", interval=timedelta(minutes=1), concurrency_limit=ONE_AT_A_TIME),
        customer_sync.to_deployment("customer-sync", cron="5 * * * *", concurrency_limit=ONE_AT_A_TIME),
        daily_schedule.to_deployment("daily-schedule", cron="0 5 * * *", concurrency_limit=ONE_AT_A_TIME),
        weekly_capacity_plan.to_deployment("weekly-capacity-plan", cron="30 5 * * 1"),
        notifications.to_deployment("notifications", interval=timedelta(minutes=2), concurrency_limit=ONE_AT_A_TIME),
        data_quality_report.to_deployment("data-quality-report", cron="0 6 * * *"),
    ]


if __name__ == "__main__":
    serve(*deployments())
