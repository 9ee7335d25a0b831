"""`cms capacity`: maintenance, overtime, holidays and blackouts, entered one by one or from a file, with history."""

from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cms.cli.output import AS_JSON, print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from cms.bootstrap import System
    from cms.domain.resources import ResourceId
    from cms.domain.work_calendar import CalendarException

app = typer.Typer(help="Enter what changes the plant's hours, and look at them.", no_args_is_help=True)

DAY = ["%Y-%m-%d"]
ACTOR = typer.Option("cms capacity", "--actor", help="Who enters it, for the history.")


class Kind(StrEnum):
    """What changes a day."""

    HOLIDAY = "holiday"
    MAINTENANCE = "maintenance"
    OVERTIME = "overtime"
    BLACKOUT = "blackout"


@app.command("set")
def set_hours(
    kind: Kind = typer.Argument(..., help="What it is."),
    day: datetime = typer.Argument(..., formats=DAY, metavar="DATE", help="The (first) day."),
    resource: str | None = typer.Option(None, "--resource", "-r", help="Which resource; a holiday without one is all."),
    customer: str | None = typer.Option(None, "--customer", "-c", help="Whom a blackout closes."),
    hours: float = typer.Option(0.0, "--hours", help="Maintenance: hours lost. Overtime: the most allowed that day."),
    until: datetime | None = typer.Option(None, "--until", formats=DAY, metavar="DATE", help="The last day."),
    reason: str = typer.Option("", "--reason", help="Why."),
    actor: str = ACTOR,
    as_json: bool = AS_JSON,
) -> None:
    """Enter maintenance, overtime, a holiday or a blackout; the next plan respects it.

    Example: cms capacity set maintenance 2026-01-13 --resource PRESS --hours 6 --reason "bearing"
    """
    from cms.domain.errors import InvalidValueError
    from cms.domain.resources import ResourceId
    from cms.domain.work_calendar import CalendarException, ExceptionKind

    last = (until or day).date()
    if last < day.date():
        raise InvalidValueError("--until", f"must not be before {day.date()}", str(last))
    if kind in (Kind.MAINTENANCE, Kind.OVERTIME) and resource is None:
        raise InvalidValueError("--resource", f"must name the resource of {kind.value}", resource)
    entered = [
        CalendarException(
            day=day.date() + timedelta(days=n),
            kind=ExceptionKind(kind.value),
            resource_id=ResourceId(resource) if resource else None,
            customer_id=customer,
            hours=hours,
            reason=reason,
        )
        for n in range((last - day.date()).days + 1)
    ]
    _enter(entered, actor, as_json=as_json)


@app.command("load")
def load_file(
    file: Path = typer.Argument(..., help="TOML file with [[calendar]] tables, as in the plant file."),
    actor: str = ACTOR,
    as_json: bool = AS_JSON,
) -> None:
    """Enter everything from a file, all or nothing.

    Example: cms capacity load maintenance-2026.toml
    """
    from cms.order_sources.plant_file import read_calendar

    _enter(list(read_calendar(file)), actor, as_json=as_json)


@app.command()
def show(
    start: datetime | None = typer.Option(None, "--from", formats=DAY, metavar="DATE", help="First day; today if not."),
    days: int = typer.Option(14, "--days", min=1, max=366, help="How many days."),
    resource: str | None = typer.Option(None, "--resource", "-r", help="Only this resource."),
    as_json: bool = AS_JSON,
) -> None:
    """Show the hours of each resource and day: what the published schedule uses, what quotes hold, what is free.

    Example: cms capacity show --from 2026-01-05 --days 7
    """
    from cms.bootstrap import open_system
    from cms.domain.errors import NotFoundError

    with open_system() as system:
        first = start.date() if start else system.clock.now().date()
        known = sorted(r.resource_id for r in system.warehouse.plant.plant().resources)
        if resource is not None and resource not in known:
            raise NotFoundError("resource", resource, f"there are: {', '.join(known)}")
        wanted = [first + timedelta(days=n) for n in range(days)]
        rows = list(_hours_of_days(system, [name for name in known if resource in (None, name)], wanted))
    if as_json:
        print_json(rows)
    else:
        hours = ["regular h", "overtime h", "maintenance h", "committed h", "reserved h", "free h"]
        print_table("Capacity", ["resource", "day", *hours, "price an hour"], [list(row.values()) for row in rows])


def _hours_of_days(
    system: "System", resources: "Sequence[ResourceId]", days: "Sequence[date]"
) -> "Iterator[dict[str, object]]":
    from cms.capacity.ledger import BucketAccount, hours_by_bucket, reserved_beside

    schedules = system.warehouse.schedules
    calendar, published = system.warehouse.plant.plant().calendar(), schedules.published()
    used = {(d.resource_id, d.bucket_date): d for d in (published.resource_days if published else ())}
    reserved = hours_by_bucket(held.load for held in schedules.reservations(system.clock.now()))
    for bucket in (bucket for name in resources for bucket in calendar.buckets(name, days)):
        use = used.get((bucket.resource_id, bucket.bucket_date))
        committed = use.load_hours if use else 0.0
        held = reserved_beside(
            committed,
            available_hours=bucket.regular_hours + bucket.overtime_hours,
            held_hours=reserved.get((bucket.resource_id, bucket.bucket_date), 0.0),
        )
        account = BucketAccount(
            regular_hours=bucket.regular_hours, overtime_hours=bucket.overtime_hours, committed_hours=committed + held
        )
        yield {
            "resource": bucket.resource_id,
            "day": bucket.bucket_date,
            "regular_hours": bucket.regular_hours,
            "overtime_hours": bucket.overtime_hours,
            "maintenance_hours": bucket.maintenance_hours,
            "committed_hours": committed,
            "reserved_hours": held,
            "free_hours": account.free_hours,
            "price_per_hour": use.price_per_hour if use else 0.0,
        }


@app.command("history")
def history(
    last: int = typer.Option(20, "--last", min=1, max=10_000, help="How many lines, the newest first."),
    as_json: bool = AS_JSON,
) -> None:
    """Show who entered, changed or withdrew what of the calendar.

    Example: cms capacity history --last 5
    """
    from cms.bootstrap import open_system

    with open_system() as system:
        changes = system.warehouse.plant.calendar_history(most=last)
    if as_json:
        print_json(changes)
        return
    rows = [
        (
            f"{c.changed_at:%Y-%m-%d %H:%M}",
            c.row_key,
            c.change_type,
            c.values.get("hours"),
            c.values.get("reason"),
            c.actor,
        )
        for c in changes
    ]
    print_table("Changes of the calendar", ["when", "what", "change", "hours", "reason", "by"], rows)


def _enter(entered: "list[CalendarException]", actor: str, *, as_json: bool) -> None:
    from cms.bootstrap import open_system

    with open_system() as system:
        system.warehouse.plant.add_exceptions(entered, now=system.clock.now(), actor=actor)
    if as_json:
        print_json(entered)
    else:
        typer.echo(f"{len(entered)} day(s) entered; the next plan respects them")
