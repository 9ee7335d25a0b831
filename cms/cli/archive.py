"""`cms archive`: what is older than the years to keep, moved to files, verified, and found again."""

from datetime import datetime
from typing import TYPE_CHECKING

import typer

from cms.cli.output import AS_JSON, print_json, print_table
from cms.cli.progress import shown_progress

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cms.application.order_history import OrderHistory
    from cms.application.retain import ArchiveKind, RetentionReport
    from cms.warehouse.archive_reading import ArchiveCheck

app = typer.Typer(help="Move old rows to the archive, verify it, and ask it about orders.", no_args_is_help=True)
DAY = ["%Y-%m-%d"]


@app.command()
def run(
    as_of: datetime | None = typer.Option(None, formats=DAY, help="The day to count back from; today where not given."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Only say what would be archived."),
    as_json: bool = AS_JSON,
) -> None:
    """Archive orders closed longer ago than retention.years, with all that belongs to them; then what is left of days.

    Rows are written to Parquet, read back and compared before they are deleted. Open orders stay.

    Example: cms archive run --dry-run
    """
    from cms.application.retain import retain
    from cms.bootstrap import open_system

    with open_system() as system:
        now = system.clock.now()
        day = as_of.date() if as_of else now.date()
        if dry_run:
            cutoff = system.retention_policy.cutoff(day)
            _print_waiting(cutoff.isoformat(), system.archive.waiting(cutoff=cutoff), as_json=as_json)
            return
        with shown_progress(quiet=as_json) as progress:
            report = retain(system.archive, policy=system.retention_policy, as_of=day, now=now, progress=progress)
    _print_report(report, as_json=as_json)


@app.command()
def verify(as_json: bool = AS_JSON) -> None:
    """Compare every archive with its checksums, its catalog and the warehouse; exit status 14 if anything is wrong.

    Example: cms archive verify
    """
    from cms.bootstrap import open_system
    from cms.domain.errors import StoredCopyError

    with open_system() as system, shown_progress(quiet=as_json) as progress:
        check = system.archive_reader.check(progress)
    _print_check(check, as_json=as_json)
    if check.problems:
        raise typer.Exit(StoredCopyError.exit_status)


@app.command()
def query(
    order: str | None = typer.Option(None, "--order", "-o", help="One order."),
    customer: str | None = typer.Option(None, "--customer", "-c", help="Orders of a customer."),
    since: datetime | None = typer.Option(None, "--from", formats=DAY, help="First day of ordering."),
    until: datetime | None = typer.Option(None, "--to", formats=DAY, help="Last day of ordering."),
    limit: int = typer.Option(100, min=1, help="At most so many orders, the oldest first."),
    as_json: bool = AS_JSON,
) -> None:
    """Show orders with their history, from the archive and the warehouse alike.

    Example: cms archive query --order SO-10042
    """
    from cms.application.order_history import OrderQuery
    from cms.bootstrap import open_system

    asked = OrderQuery(
        order_id=order,
        customer_id=customer,
        ordered_from=since.date() if since else None,
        ordered_to=until.date() if until else None,
        limit=limit,
    )
    with open_system() as system:
        found = system.archive_reader.find(asked)
    if as_json:
        print_json(found)
    else:
        _print_orders(found)


def _print_waiting(cutoff: str, waiting: "Mapping[ArchiveKind, int]", *, as_json: bool) -> None:
    if as_json:
        print_json({"cutoff": cutoff, "waiting": dict(waiting)})
    else:
        counts = ", ".join(f"{count:,} {_NAMES[str(kind)]}" for kind, count in waiting.items())
        typer.echo(f"older than {cutoff}: {counts}; nothing was archived")


_NAMES = {"orders": "closed orders", "days": "rows of days", "versions": "unused schedule versions"}


def _print_report(report: "RetentionReport", *, as_json: bool) -> None:
    if as_json:
        print_json(report)
        return
    for one in (*report.finished, *report.archived):
        typer.echo(
            f"{one.archive_id}: " + ", ".join(f"{count:,} {table}" for table, count in one.rows.items() if count)
        )
    orders = report.rows_of("order_master")
    typer.echo(f"{report.rows:,} rows older than {report.cutoff} archived, {orders:,} orders among them")


def _print_check(check: "ArchiveCheck", *, as_json: bool) -> None:
    if as_json:
        print_json(check)
        return
    for problem in check.problems:
        typer.echo(problem, err=True)
    for name in check.unfinished:
        typer.echo(
            f"{name}: is not in the catalog; if an archive run was interrupted, the next one finishes it", err=True
        )
    typer.echo(f"{check.archives:,} archives of {check.rows:,} rows, {len(check.problems)} problem(s)")


def _print_orders(found: "Sequence[OrderHistory]") -> None:
    columns = ["order", "customer", "ordered", "quantity", "status", "delivered", "place", "changes"]
    print_table(f"{len(found)} order(s)", columns, [_line(one) for one in found])
    if len(found) == 1:
        _print_history(found[0])


def _line(one: "OrderHistory") -> tuple[object, ...]:
    order = one.order
    delivered = f"{order['delivered_at']:%Y-%m-%d}" if order["delivered_at"] else None
    ordered, quantity = f"{order['ordered_at']:%Y-%m-%d}", f"{order['quantity']:f}"
    customer, status = order["customer_id"], order["status"]
    return (order["order_id"], customer, ordered, quantity, status, delivered, one.place, len(one.history))


def _print_history(one: "OrderHistory") -> None:
    print_table(
        f"History of {one.order['order_id']}",
        ["when", "version", "change", "from", "to", "reason", "by"],
        [
            (
                f"{line['changed_at']:%Y-%m-%d %H:%M}",
                str(line["schedule_version"]),
                line["change_type"],
                line["old_delivery_date"],
                line["new_delivery_date"],
                line["reason_code"],
                line["actor"],
            )
            for line in one.history
        ],
    )
