"""Customers and their windows, every hour."""

from prefect import flow, task

from cms.application.gated_load import LoadReport
from cms.application.sync_customers import sync_customers
from flows.artifacts import publish_load_summary
from flows.retries import PAUSES_SECONDS, is_temporary
from flows.secrets import system_with_secrets


@task(retries=3, retry_delay_seconds=PAUSES_SECONDS, retry_condition_fn=is_temporary, task_run_name="{source}")
def load_customers(source: str, *, full: bool) -> tuple[LoadReport, ...]:
    """Sync one source of customers."""
    with system_with_secrets() as system:
        return sync_customers(system.customer_source(source), system.loader, full=full)


@flow(name="customer_sync")
def customer_sync(sources: list[str] | None = None, *, full: bool = False) -> list[LoadReport]:
    """Sync every source of customers, or those named."""
    with system_with_secrets() as system:
        names = sources or system.source_names("customers")
    reports = [report for name in names for report in load_customers(name, full=full)]
    publish_load_summary("customer-sync", reports)
    return reports
