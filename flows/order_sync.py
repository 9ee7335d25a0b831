"""Orders, every minute."""

from prefect import flow, task

from cms.application.gated_load import LoadReport
from cms.application.sync_orders import sync_orders
from flows.artifacts import publish_load_summary
from flows.retries import PAUSES_SECONDS, is_temporary
from flows.secrets import system_with_secrets


@task(retries=3, retry_delay_seconds=PAUSES_SECONDS, retry_condition_fn=is_temporary, task_run_name="{source}")
def load_orders(source: str, *, full: bool) -> LoadReport:
    """Sync one source of orders."""
    with system_with_secrets() as system:
        return sync_orders(system.order_source(source), system.loader, full=full)


@flow(name="order_sync")
def order_sync(sources: list[str] | None = None, *, full: bool = False) -> list[LoadReport]:
    """Sync every source of orders, or those named."""
    with system_with_secrets() as system:
        names = sources or system.source_names("orders")
    reports = [load_orders(name, full=full) for name in names]
    publish_load_summary("order-sync", reports)
    return reports
