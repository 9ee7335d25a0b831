"""The data quality report, every day."""

from pathlib import Path

from prefect import flow, task

from flows.artifacts import publish_link
from flows.secrets import system_with_secrets


@task
def build_report() -> Path:
    """Judge schedule, order book and capacity plan, and build Data Docs from what the gates have found."""
    with system_with_secrets() as system:
        now = system.clock.now()
        system.gate.check_schedule(now=now)
        system.gate.check_order_book(now=now)
        system.gate.check_capacity_plan(now=now)
        return system.gate.build_data_docs()


@flow(name="data_quality_report")
def data_quality_report() -> Path:
    """Build the report and link it."""
    index = build_report()
    publish_link("data-quality-report", index, "Data quality report")
    return index
