"""`cms demo`: the main job end to end, on generated data, through the real flows, with a summary of what happened."""

import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from cms.cli.output import AS_JSON, print_json, print_table

if TYPE_CHECKING:
    from cms.application.gated_load import LoadReport
    from cms.application.plan_schedule import PlanReport
    from cms.bootstrap import System

AS_OF = datetime(2026, 1, 5)  # noqa: DTZ001 - a business date


@dataclass(kw_only=True)
class _Stages:
    """Runs stages one after the other, says so on the way, and keeps their seconds."""

    quiet: bool
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        if not self.quiet:
            sys.stderr.write(f"{name} …")
            sys.stderr.flush()
        started = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - started
        if not self.quiet:
            sys.stderr.write(f" {self.seconds[name]:.1f} s\n")


def demo(
    folder: Path = typer.Option(Path("var/demo"), help="Where the warehouse, pages and reports go."),
    customers: int = typer.Option(200, min=1, help="Customers of the generated company."),
    orders_per_month: int = typer.Option(1000, min=1, help="Mean orders a month, over two years."),
    seed: int = typer.Option(1, help="Seed of the generated company."),
    as_of: datetime = typer.Option(AS_OF, formats=["%Y-%m-%d"], help="The company's today."),
    as_json: bool = AS_JSON,
) -> None:
    """Run the main job end to end: sandbox, sync, gate, schedule, capacity plan, notices, pages.

    Run again, it finds nothing new, writes nothing and notifies nobody.

    Example: cms demo --customers 50 --orders-per-month 200
    """
    from cms.sandbox import CompanyOptions, generate_company

    stages = _Stages(quiet=as_json)
    day = as_of.date()
    with ExitStack() as running:
        with stages.stage("generating the company"):
            options = CompanyOptions(as_of=day, customers=customers, orders_per_month=orders_per_month, seed=seed)
            company = generate_company(options)
        with stages.stage("starting the sandbox"):
            _start_servers(company, folder, running)
        with stages.stage("preparing the warehouse"):
            _prepare_warehouse(company.plant_file(), folder)
        summary = _run_flows(day, stages)
        with stages.stage("rendering the schedule page"):
            summary |= _write_page(folder)
    summary["seconds"] = {name: round(seconds, 1) for name, seconds in stages.seconds.items()}
    if as_json:
        print_json(summary)
    else:
        _print_summary(summary)


def _start_servers(company: Any, folder: Path, running: ExitStack) -> None:
    """Everything outside the system, on loopback; the settings that name it go to the folder."""
    from cms.sandbox import MONDAY_TOKEN, ORDERS_TOKEN, running_sandbox
    from cms.sandbox.receivers import running_mail_server, running_webhook_receiver
    from cms.sandbox.settings_file import sandbox_settings

    folder.mkdir(parents=True, exist_ok=True)
    sandbox = running.enter_context(running_sandbox(company))
    mail_port = running.enter_context(running_mail_server(folder / "mail"))
    chat_port = running.enter_context(running_webhook_receiver(folder / "chat"))
    settings = folder / "cms.toml"
    settings.write_text(
        sandbox_settings(
            monday_url=sandbox.monday_url,
            orders_url=sandbox.orders_url,
            folder=folder,
            mail_port=mail_port,
            webhook_url=f"json://127.0.0.1:{chat_port}/webhook",
        ),
        encoding="utf-8",
    )
    os.environ |= {
        "CMS_CONFIG": str(settings),
        "CMS_MONDAY_TOKEN": MONDAY_TOKEN,
        "CMS_ORDERS_TOKEN": ORDERS_TOKEN,
        "CMS_CHAT_URL": f"json://127.0.0.1:{chat_port}/chat",
        "PREFECT_HOME": str((folder / "prefect").resolve()),
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": os.environ.get(
            "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120"
        ),
        "PREFECT_LOGGING_LEVEL": os.environ.get("PREFECT_LOGGING_LEVEL", "ERROR"),
    }


def _prepare_warehouse(plant_toml: str, folder: Path) -> None:
    from cms.bootstrap import open_system
    from cms.config import read_settings
    from cms.order_sources.plant_file import read_plant
    from cms.warehouse.engine import open_engine
    from cms.warehouse.schema import upgrade

    plant_path = folder / "plant.toml"
    plant_path.write_text(plant_toml, encoding="utf-8")
    upgrade(open_engine(read_settings().warehouse.url))
    with open_system() as system:
        system.warehouse.plant.save_plant(read_plant(plant_path), now=system.clock.now(), actor="demo")


def _run_flows(day: date, stages: _Stages) -> dict[str, Any]:
    with stages.stage("starting Prefect"):
        from flows.customer_sync import customer_sync
        from flows.daily_schedule import daily_schedule
        from flows.data_quality_report import data_quality_report
        from flows.notifications import notifications
        from flows.order_sync import order_sync
        from flows.weekly_capacity_plan import weekly_capacity_plan
    with stages.stage("customers: sync, gate, merge"):
        loads = customer_sync()
    with stages.stage("orders: sync, gate, merge"):
        loads += order_sync()
    with stages.stage("schedule: build, check, publish"):
        planned = daily_schedule(as_of=day)
    with stages.stage("weekly capacity plan"):
        weekly_capacity_plan(as_of=day)
    with stages.stage("notices: send"):
        sent = notifications()
    with stages.stage("data quality report"):
        report = data_quality_report()
    return {
        "loads": [_load_line(load) for load in loads],
        "quarantined": _quarantined(),
        "schedule": _schedule_figures(planned),
        "notices": {"queued": planned.publication.notices if planned.publication else 0, "sent": sent.sent},
        "data_docs": report.resolve(),
    }


def _load_line(load: "LoadReport") -> dict[str, Any]:
    counts = load.counts
    return {
        "source": load.source,
        "table": load.dataset.value,
        "rows": load.staged,
        "inserted": counts.inserted,
        "updated": counts.updated,
        "unchanged": counts.unchanged,
        "quarantined": counts.quarantined,
    }


def _quarantined() -> list[dict[str, Any]]:
    """How many rows wait in quarantine, by the expectation that they broke."""
    with _system() as system:
        waiting = Counter((row.dataset.value, row.expectation) for row in system.warehouse.quality.rows(limit=100_000))
    return [{"expectation": name, "dataset": dataset, "rows": n} for (dataset, name), n in sorted(waiting.items())]


def _schedule_figures(planned: "PlanReport") -> dict[str, Any]:
    from cms.domain.metrics import utilization

    schedule = planned.schedule
    resources = {}
    for resource_id in sorted({day.resource_id for day in schedule.resource_days}):
        days = [day for day in schedule.resource_days if day.resource_id == resource_id]
        hours = sum(day.load_hours for day in days)
        resources[resource_id] = {
            "regular_hours": round(sum(day.regular_hours for day in days), 1),
            "load_hours": round(hours, 1),
            "overtime_hours": round(sum(day.overtime_hours for day in days), 1),
            "utilization": round(utilization(hours, sum(day.regular_hours for day in days)), 3),
        }
    return {
        "version": schedule.version,
        "status": schedule.status,
        "published": planned.publication is not None,
        "changes": len(planned.publication.changes) if planned.publication else 0,
        "orders": len({delivery.order_id for delivery in schedule.deliveries}),
        "deliveries": len(schedule.deliveries),
        "late": planned.late,
        "unscheduled": len(schedule.unscheduled),
        "tiers": [{"name": tier.name, "value": tier.value, "bound": tier.bound} for tier in schedule.tiers],
        "resources": resources,
    }


def _write_page(folder: Path) -> dict[str, Any]:
    from cms.cli.schedule import late_reasons, write_page

    with _system() as system:
        reasons = late_reasons(system)
        page = write_page(system, folder / "schedule.html", reasons)
    return {"late": [{"order": order, "why": why} for order, why in reasons.items()], "page": page}


@contextmanager
def _system() -> "Iterator[System]":
    from cms.bootstrap import open_system

    with open_system() as system:
        yield system


def _print_summary(summary: dict[str, Any]) -> None:
    loads, schedule = summary["loads"], summary["schedule"]
    typer.echo("")
    print_table("Loads", list(loads[0]), [list(load.values()) for load in loads])
    if summary["quarantined"]:
        print_table("Waiting in quarantine", ["reason", "table", "rows"], _quarantine_rows(summary["quarantined"]))
    new = f"{schedule['changes']} changes" if schedule["published"] else "nothing new, nothing written"
    typer.echo(
        f"Schedule version {schedule['version']} ({schedule['status']}; {new}): {schedule['orders']} orders in "
        f"{schedule['deliveries']} deliveries, {schedule['late']} late, {schedule['unscheduled']} unscheduled\n"
    )
    for line in summary["late"][:10]:
        typer.echo(f"  late: {line['order']}: {line['why']}")
    rows = [[name, *figures.values()] for name, figures in schedule["resources"].items()]
    columns = ["resource", "regular h", "load h", "overtime h", "utilization"]
    print_table("Resources", columns, [[*row[:4], f"{row[4]:.0%}"] for row in rows])
    typer.echo(f"Notices: {summary['notices']['queued']} queued, {summary['notices']['sent']} sent\n")
    print_table("Seconds", ["stage", "seconds"], summary["seconds"].items())
    typer.echo(f"Schedule page:        {summary['page']}")
    typer.echo(f"Data quality report:  {summary['data_docs']}")


def _quarantine_rows(lines: list[dict[str, Any]]) -> list[list[Any]]:
    return [[line["expectation"], line["dataset"], line["rows"]] for line in lines]
