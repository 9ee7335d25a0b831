"""The service's pages: the dashboard, the schedule, and the data quality report."""

from datetime import datetime, timedelta
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from cms.application.system_status import SystemStatus
from cms.bootstrap import System
from cms.domain.schedule import MasterSchedule
from cms.web.json_api import published_schedule
from cms.web.schedule_page import key_figures, render_schedule_page

REPORT_PATH = "/data-quality"


def pages(system: System) -> APIRouter:
    """The addresses for people."""
    router = APIRouter(tags=["pages"], default_response_class=HTMLResponse)
    data_docs = system.settings.gate.data_docs
    router.mount(REPORT_PATH, StaticFiles(directory=data_docs, html=True, check_dir=False), name="data-quality")

    @router.get("/")
    def dashboard() -> str:
        """What is published, what waits, and where to look further."""
        return render_dashboard(
            system.status(), system.warehouse.schedules.published(), quality_report=_report_link(data_docs)
        )

    @router.get("/schedule", responses={404: {"description": "Nothing is published yet."}})
    def schedule() -> str:
        """The published schedule as a page."""
        return render_schedule_page(
            published_schedule(system),
            orders={order.order_id: order for order in system.warehouse.orders.plannable_orders()},
            customers=system.warehouse.orders.customers(),
            reasons={},
            quality_report=_report_link(data_docs),
            rendered_at=system.clock.now(),
        )

    return router


def render_dashboard(status: SystemStatus, published: MasterSchedule | None, *, quality_report: str | None) -> str:
    """The dashboard as HTML that needs nothing from anywhere."""
    environment = Environment(
        loader=PackageLoader("cms.web"), autoescape=select_autoescape(), undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["instant"] = _instant
    return environment.get_template("dashboard.html").render(
        status=status,
        figures=key_figures(published) if published else [],
        oldest=_duration(status.oldest_event_seconds),
        quality_report=quality_report,
    )


def _report_link(data_docs: Path) -> str | None:
    return f"{REPORT_PATH}/" if (data_docs / "index.html").exists() else None


def _instant(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "never"


def _duration(seconds: float | None) -> str:
    return "nothing waits" if seconds is None else f"oldest {timedelta(seconds=round(seconds))}"
