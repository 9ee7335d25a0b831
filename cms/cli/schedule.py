"""`cms schedule`: what is published, why, how it differs, and back to an earlier version."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from cms.cli.output import AS_JSON, print_json, print_table

if TYPE_CHECKING:
    from cms.application.rollback_schedule import RollbackReport
    from cms.bootstrap import System
    from cms.domain.orders import OrderId
    from cms.domain.schedule import MasterSchedule, ScheduledDelivery

app = typer.Typer(help="Look at schedules, explain them, compare them, and roll back.", no_args_is_help=True)

DELIVERY_COLUMNS = ["delivery", "window", "customer", "order", "quantity", "routing", "completed", "days late"]
MOST_REASONS = 25


@app.command()
def show(
    day: datetime | None = typer.Option(None, "--day", formats=["%Y-%m-%d"], help="Only deliveries of this day."),
    order: str | None = typer.Option(None, "--order", help="Only this order, with its history."),
    late: bool = typer.Option(False, "--late", help="Only late deliveries."),
    unscheduled: bool = typer.Option(False, "--unscheduled", help="The orders without a delivery, and why."),
    version: int | None = typer.Option(None, "--version", help="An earlier version; the published one if not given."),
    as_json: bool = AS_JSON,
) -> None:
    """Show the deliveries of a schedule.

    Example: cms schedule show --day 2026-01-13
    """
    from cms.application.system_status import schedule_problem
    from cms.bootstrap import open_system
    from cms.domain.orders import OrderId

    with open_system() as system:
        schedule = _schedule(system, version)
        history = system.warehouse.schedules.history(OrderId(order)) if order else []
        if order:
            system.warehouse.orders.order(OrderId(order))
        problem = schedule_problem(system.warehouse.schedules.versions()) if version is None else ""
    deliveries = [
        delivery
        for delivery in schedule.deliveries
        if (day is None or delivery.delivery_date == day.date())
        and (order is None or delivery.order_id == order)
        and (not late or delivery.tardiness_days > 0)
    ]
    left_out = [u for u in schedule.unscheduled if order is None or u.order_id == order]
    if as_json:
        document: dict[str, Any] = {"version": schedule.version, "as_of": schedule.as_of, "status": schedule.status}
        print_json(document | {"deliveries": deliveries, "unscheduled": left_out, "history": history})
        return
    typer.echo(f"version {schedule.version}, planned for {schedule.as_of}, {schedule.status}")
    if problem:
        typer.echo(f"look at: {problem}")
    if not unscheduled:
        print_table(f"{len(deliveries)} deliveries", DELIVERY_COLUMNS, map(_line, deliveries))
    if unscheduled or (order and left_out):
        rows = [(u.order_id, u.quantity, u.reason) for u in left_out]
        print_table(f"{len(left_out)} unscheduled", ["order", "quantity", "reason"], rows)
    if order:
        _print_history(history)


@app.command()
def page(
    output: Path | None = typer.Option(None, "--output", "-o", help="Where the page goes; var/schedule.html if not."),
    as_json: bool = AS_JSON,
) -> None:
    """Write the published schedule as one self-contained HTML page.

    Example: cms schedule page --output schedule.html
    """
    from cms.bootstrap import open_system

    with open_system() as system:
        path = write_page(system, output or system.settings.output / "schedule.html", late_reasons(system))
    if as_json:
        print_json({"page": path})
    else:
        typer.echo(path)


def write_page(system: "System", path: Path, reasons: "Mapping[OrderId, str]") -> Path:
    """Write the published schedule's page to `path`."""
    from cms.web.schedule_page import render_schedule_page

    schedule = _schedule(system, None)
    report = system.settings.gate.data_docs / "index.html"
    html = render_schedule_page(
        schedule,
        orders={order.order_id: order for order in system.warehouse.orders.plannable_orders()},
        customers=system.warehouse.orders.customers(),
        reasons=reasons,
        quality_report=report.resolve().as_uri() if report.exists() else None,
        rendered_at=system.clock.now(),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(html, encoding="utf-8")
    return path.resolve()


def _schedule(system: "System", version: int | None) -> "MasterSchedule":
    from cms.domain.errors import NotFoundError

    schedules = system.warehouse.schedules
    if version is not None:
        return schedules.version(version)
    published = schedules.published()
    if published is None:
        raise NotFoundError("schedule", "published", "build one with: cms plan daily")
    return published


def _line(delivery: "ScheduledDelivery") -> list[object]:
    return [
        delivery.delivery_date,
        f"{delivery.window_start:%H:%M}-{delivery.window_end:%H:%M}",
        delivery.customer_id,
        delivery.order_id,
        f"{delivery.quantity.normalize():f}",
        delivery.routing_id,
        delivery.completion_date,
        delivery.tardiness_days,
    ]


def _print_history(history: Iterable[Mapping[str, Any]]) -> None:
    columns = [
        "changed_at",
        "schedule_version",
        "change_type",
        "old_delivery_date",
        "new_delivery_date",
        "reason_code",
        "actor",
        "detail",
    ]
    rows = [[entry[column] for column in columns] for entry in history]
    print_table("History", [column.replace("_", " ") for column in columns], rows)


@app.command("explain")
def explain_command(order: str = typer.Argument(..., help="The order."), as_json: bool = AS_JSON) -> None:
    """Say why an order has its date, why it is late, who holds the capacity, and what would help.

    Example: cms schedule explain SO-10042
    """
    from cms.application.explain_order import explain_order
    from cms.bootstrap import open_system
    from cms.domain.orders import OrderId

    with open_system() as system:
        explanation = explain_order(system.planner, OrderId(order))
    if as_json:
        print_json(explanation)
        return
    for sentence in explanation.words:
        typer.echo(sentence)


@app.command("compare")
def compare_command(
    old: int = typer.Argument(..., metavar="V1", help="A version."),
    new: int = typer.Argument(..., metavar="V2", help="A later one."),
    as_json: bool = AS_JSON,
) -> None:
    """Compare two versions: orders moved, days, service, cost.

    Example: cms schedule compare 3 4
    """
    from cms.bootstrap import open_system
    from cms.scheduling.comparison import compare_schedules

    with open_system() as system:
        schedules = system.warehouse.schedules
        before, after = schedules.version(old), schedules.version(new)
        open_orders = {order.order_id for order in system.warehouse.orders.plannable_orders()}
    gone = frozenset(delivery.order_id for delivery in before.deliveries) - open_orders
    comparison = compare_schedules(before, after, finished_orders=gone)
    if as_json:
        print_json(comparison)
        return
    typer.echo(
        f"{len(comparison.moves)} orders differ, {comparison.unchanged_orders} do not; "
        f"{comparison.days_later} days later and {comparison.days_earlier} days earlier in all"
    )
    figures = [
        ("orders", comparison.old.orders, comparison.new.orders),
        ("on time, %", comparison.old.on_time_pct, comparison.new.on_time_pct),
        ("late or unscheduled orders", comparison.old.late_orders, comparison.new.late_orders),
        ("days of tardiness", comparison.old.tardiness_days, comparison.new.tardiness_days),
        ("unscheduled orders", comparison.old.unscheduled_orders, comparison.new.unscheduled_orders),
        ("overtime, h", comparison.old.overtime_hours, comparison.new.overtime_hours),
        ("cost", comparison.old.cost, comparison.new.cost),
    ]
    print_table("Service and cost", ["figure", f"version {old}", f"version {new}"], figures)
    moves = [
        (
            move.order_id,
            move.change_type.value.replace("_", " "),
            move.old_delivery_date,
            move.new_delivery_date,
            move.days,
        )
        for move in comparison.moves
    ]
    print_table("Orders that differ", ["order", "change", "before", "after", "days"], moves)


@app.command("rollback")
def rollback_command(
    to: int = typer.Option(..., "--to", metavar="V", help="The version to go back to."),
    as_of: datetime | None = typer.Option(None, "--as-of", formats=["%Y-%m-%d"], help="Today, if not given."),
    actor: str = typer.Option("cms schedule rollback", "--actor", help="Who does it, for the history."),
    reason: str = typer.Option("", "--reason", help="Why, for the history: the rule of the business that was broken."),
    as_json: bool = AS_JSON,
) -> None:
    """Republish an earlier version, checked against today's facts, and say what no longer fits.

    Notices of the version in force that have not gone out are taken back. The facts that led to it are not planned
    again before they change (cms plan daily --force plans anyway).

    Example: cms schedule rollback --to 3 --reason "promised the new mill before its acceptance"
    """
    from cms.application.guard_schedule import guard_schedule, require_good
    from cms.application.rollback_schedule import rollback_schedule
    from cms.bootstrap import open_system

    with open_system() as system:
        day = as_of.date() if as_of else system.clock.now().date()
        report = rollback_schedule(system.planner, to_version=to, as_of=day, actor=actor, detail=reason)
        judged = guard_schedule(system.guard)
    _show_rollback(report, as_json=as_json)
    require_good(judged)


def _show_rollback(report: "RollbackReport", *, as_json: bool) -> None:
    if as_json:
        changes = len(report.publication.changes)
        print_json({"version": report.publication.version, "changes": changes, "misfits": report.misfits})
        return
    publication = report.publication
    typer.echo(
        f"version {report.restored_version} restored as version {publication.version}: "
        f"{len(publication.changes)} changes"
    )
    now = report.schedule.deliveries_by_order()
    for misfit in report.misfits:
        days = sorted({str(delivery.delivery_date) for delivery in now.get(misfit.order_id, ())})
        instead = f"delivered {' and '.join(days)} instead" if days else "without a delivery"
        typer.echo(f"no longer fits: {misfit.order_id}: {misfit.reason}; {instead}")


@app.command()
def versions(as_json: bool = AS_JSON) -> None:
    """List the latest versions.

    Example: cms schedule versions
    """
    from cms.bootstrap import open_system

    with open_system() as system:
        known = system.warehouse.schedules.versions()
    if as_json:
        print_json(known)
        return
    rows = [
        (v.version, v.status, v.as_of, f"{v.created_at:%Y-%m-%d %H:%M}", v.reason_code, v.actor, _found(v.findings))
        for v in known
    ]
    print_table("Versions", ["version", "status", "planned for", "made", "reason", "by", "found wrong"], rows)


def _found(findings: tuple[str, ...] | None) -> str:
    if findings is None:
        return "not looked at"
    more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
    return f"{findings[0]}{more}" if findings else ""


def late_reasons(system: "System") -> "dict[OrderId, str]":
    """Why the latest orders are late, each in a sentence."""
    from cms.application.explain_order import explain_late_orders, short_reason
    from cms.application.standing_plan import standing_plan

    explained = explain_late_orders(standing_plan(system.planner), most=MOST_REASONS)
    return {order_id: short_reason(explanation) for order_id, explanation in explained.items()}
