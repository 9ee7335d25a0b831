"""`cms plan`: the daily schedule, the weekly capacity plan, a rush order."""

from datetime import datetime
from typing import TYPE_CHECKING

import typer

from cms.cli.output import AS_JSON, print_json, print_table
from cms.cli.progress import shown_progress

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from cms.application.insert_order import InsertionReport
    from cms.application.plan_schedule import PlanReport
    from cms.domain.resources import ResourceId

app = typer.Typer(help="Build and publish plans.", no_args_is_help=True)

AS_OF = typer.Option(None, "--as-of", formats=["%Y-%m-%d"], metavar="DATE", help="First day of the plan; today if not.")
ACTOR = typer.Option("cms plan", "--actor", help="Who plans, for the history.")


@app.command()
def daily(
    as_of: datetime | None = AS_OF,
    actor: str = ACTOR,
    force: bool = typer.Option(False, "--force", help="Plan again although nothing has changed."),
    release_fence: bool = typer.Option(
        False, "--release-fence", help="Plan this once without the planning time fence."
    ),
    as_json: bool = AS_JSON,
) -> None:
    """Plan every open order and publish the schedule; nothing is written where nothing has changed.

    What was published is judged at once, and rolled back to the last good version where it is wrong; facts that led
    to such a version are not planned again before they change (--force plans anyway).

    Exit status: 3 where what is frozen no longer fits, 4 where the referee found a violation, 9 where somebody else
    published meanwhile, 15 where the published schedule was found wrong.

    Example: cms plan daily --as-of 2026-01-05
    """
    from cms.application.guard_schedule import guard_schedule, require_good
    from cms.application.plan_schedule import plan_schedule
    from cms.bootstrap import open_system

    with open_system() as system, shown_progress(quiet=as_json) as progress:
        report = plan_schedule(
            system.planner,
            as_of=as_of.date() if as_of else system.clock.now().date(),
            actor=actor,
            force=force,
            release_fence=release_fence,
            progress=progress,
        )
        progress("judging the published schedule", len(report.schedule.deliveries), None)
        judged = guard_schedule(system.guard)
    if as_json:
        print_json(_summary(report) | {"rolled_back": judged.sentence or None, "found_wrong": judged.failures})
    else:
        _print_summary(report)
    require_good(judged)


def _summary(report: "PlanReport") -> dict[str, object]:
    from cms.scheduling.problem_file import tiers_to_document

    schedule = report.schedule
    return {
        "version": schedule.version,
        "as_of": schedule.as_of,
        "status": schedule.status,
        "published": report.publication is not None,
        "rejected_version": report.rejected_version,
        "deliveries": len(schedule.deliveries),
        "late": report.late,
        "unscheduled": len(schedule.unscheduled),
        "changes": len(report.publication.changes) if report.publication else 0,
        "notices": report.publication.notices if report.publication else 0,
        "tiers": tiers_to_document(schedule.tiers),
        "seconds": report.seconds,
    }


def _print_summary(report: "PlanReport") -> None:
    schedule = report.schedule
    if report.rejected_version is not None:
        typer.echo(
            f"the facts are those of version {report.rejected_version}, which was rolled back; version "
            f"{schedule.version} stays in force and nothing was written (--force plans anyway)"
        )
        return
    if report.publication is None:
        typer.echo(f"nothing has changed since version {schedule.version}; nothing was written (--force plans anyway)")
        return
    typer.echo(
        f"version {schedule.version} published for {schedule.as_of}: {len(schedule.deliveries)} deliveries, "
        f"{report.late} orders late, {len(schedule.unscheduled)} unscheduled; "
        f"{len(report.publication.changes)} changes, {report.publication.notices} notices ({report.seconds:.1f} s)"
    )
    rows = [(tier.name, tier.value, tier.bound, f"{tier.gap:.2%}") for tier in schedule.tiers]
    print_table(f"Objective: {schedule.status}", ["tier", "value", "bound", "gap"], rows)


@app.command()
def rush(
    order: str = typer.Argument(..., metavar="ORDER", help="The order, already in the order book."),
    at_any_price: bool = typer.Option(False, "--at-any-price", help="Put it before everyone whom it may ask."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Show who would move; publish nothing."),
    actor: str = ACTOR,
    as_json: bool = AS_JSON,
) -> None:
    """Insert an order into the published schedule, moving only orders of its own or a lower class, none in the fence.

    Example: cms plan rush SO-10042 --dry-run
    """
    from cms.application.guard_schedule import guard_schedule, require_good
    from cms.application.insert_order import insert_orders
    from cms.bootstrap import open_system
    from cms.domain.orders import OrderId

    with open_system() as system:
        report = insert_orders(
            system.planner, [OrderId(order)], actor=actor, at_any_price=at_any_price, publish=not dry_run
        )
        judged = guard_schedule(system.guard) if report.publication else None
    _show_insertion(report, order, as_json=as_json)
    if judged is not None:
        require_good(judged)


def _show_insertion(report: "InsertionReport", order: str, *, as_json: bool) -> None:
    insertion = report.insertions[0]
    if as_json:
        version = report.publication.version if report.publication else None
        asked = [{"moves": a.moves, "order": a.order_id, "class": a.priority} for a in insertion.asked]
        from cms.scheduling.problem_file import tiers_to_document

        print_json(
            {
                "version": version,
                "deliveries": insertion.deliveries,
                "asked": asked,
                "moved": insertion.moved,
                "tiers": tiers_to_document(insertion.result.tiers),
                "tier_changes": insertion.tier_changes,
            }
        )
        return
    from cms.scheduling.wording import days_text

    for delivery in insertion.deliveries:
        late = f"{days_text(delivery.tardiness_days)} late" if delivery.tardiness_days else "on time"
        typer.echo(f"{order}: {delivery.quantity.normalize():f} units delivered on {delivery.delivery_date}, {late}")
    if not insertion.deliveries:
        typer.echo(f"{order}: no delivery fits in the horizon")
    rows = [
        (a.order_id, a.priority, "yes" if a.moves else "no", a.old_delivery_date, a.new_delivery_date)
        for a in insertion.asked
    ]
    if rows:
        print_table("Asked, in this sequence", ["order", "class", "moves", "before", "after"], rows)
    typer.echo(f"published as version {report.publication.version}" if report.publication else "nothing was published")


@app.command()
def weekly(
    as_of: datetime | None = AS_OF,
    forecast: bool = typer.Option(
        False, "--forecast", help="Expect what the demand forecast says (cms forecast), not what the last weeks had."
    ),
    as_json: bool = AS_JSON,
) -> None:
    """Plan 26 weeks of load and capacity: utilization, bottlenecks, alerts, overtime with its cost and its effect.

    Example: cms plan weekly --as-of 2026-01-05
    """
    from cms.application.plan_capacity import plan_capacity
    from cms.bootstrap import open_system

    with open_system() as system:
        day = as_of.date() if as_of else system.clock.now().date()
        report = plan_capacity(
            system.planner, system.warehouse.capacity, as_of=day, forecast=_forecast(day) if forecast else None
        )
    if as_json:
        print_json(report)
        return
    rows = [
        (limit.resource_id, f"{limit.mean_utilization:.0%}", f"{limit.peak_utilization:.0%}", limit.peak_week)
        for limit in report.bottlenecks
    ]
    print_table("Resources, the tightest first", ["resource", "mean", "peak", "peak week"], rows)
    held = [(w.resource_id, w.week_start, w.reserved_hours) for w in report.weeks if w.reserved_hours > 0]
    if held:
        print_table("Held by quotes", ["resource", "week", "reserved h"], held)
    for alert in report.alerts:
        typer.echo(f"alert: {alert}")
    lines = [
        (w.proposal.resource_id, w.proposal.week_start, w.proposal.hours, w.proposal.cost, w.tardiness_removed_days)
        for w in report.proposals
    ]
    if lines:
        columns = ["resource", "week", "overtime h", "cost", "days of tardiness removed"]
        print_table("Overtime that would help", columns, lines)
    typer.echo(f"{report.rows_written} rows written")


def _forecast(as_of: "date") -> "Mapping[tuple[ResourceId, date], float]":
    from simulations.forecast_hours import forecast_hours
    from simulations.history import load_history

    return forecast_hours(load_history(end=as_of), as_of=as_of)
