from datetime import timedelta
from typing import Any

import pytest


def deployments_by_name() -> dict[str, Any]:
    from flows.serve import deployments  # noqa: PLC0415 - Prefect takes seconds to import

    return {deployment.name: deployment for deployment in deployments()}


def schedule_of(deployment: Any) -> Any:
    (own,) = deployment.schedules
    return getattr(own.schedule, "cron", None) or own.schedule.interval


def test_orders_come_every_minute_customers_hourly_schedules_daily_and_capacity_weekly(prefect: None) -> None:
    served = deployments_by_name()

    assert schedule_of(served["order-sync"]) == timedelta(minutes=1)
    assert schedule_of(served["event-sweep"]) == timedelta(minutes=1)
    assert schedule_of(served["customer-sync"]) == "5 * * * *"
    assert schedule_of(served["daily-schedule"]) == "0 5 * * *"
    assert schedule_of(served["weekly-capacity-plan"]) == "30 5 * * 1"
    assert schedule_of(served["retention"]) == "0 3 1 * *"
    assert schedule_of(served["capacity-study"]) == "0 1 * * 6"


def test_a_sync_never_runs_beside_itself(prefect: None) -> None:
    assert deployments_by_name()["order-sync"].concurrency_limit == 1


def test_an_entrypoint_that_is_no_flow_is_refused(prefect: None) -> None:
    from flows.serve import entrypoint  # noqa: PLC0415 - Prefect takes seconds to import

    with pytest.raises(TypeError, match="is no flow"):
        entrypoint("flows/retries.py:is_temporary")
