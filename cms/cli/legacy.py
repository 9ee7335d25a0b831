"""`cms legacy`: the system that is replaced, beside ours, while both run."""

import csv
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cms.cli.output import AS_JSON, print_json, print_table
from cms.cli.progress import shown_progress

if TYPE_CHECKING:
    from cms.application.legacy_comparison import LegacyComparison, OrderDifference
    from cms.bootstrap import System

app = typer.Typer(help="Compare with the system that is replaced.", no_args_is_help=True)

SHOWN_ORDERS = 25
DAY = ["%Y-%m-%d"]
COLUMNS = [
    "order_id",
    "customer_id",
    "differs",
    "legacy_date",
    "our_date",
    "days",
    "legacy_quantity",
    "our_quantity",
    "reasons",
]


@app.callback()
def _legacy() -> None:
    """Commands for the transition."""


@app.command("compare")
def compare_command(
    file: Path = typer.Argument(..., help="The legacy system's schedule: CSV, Excel or Parquet."),
    source: str | None = typer.Option(
        None, "--source", "-s", help="Source with dataset = 'deliveries' in cms.toml whose mapping reads the file."
    ),
    first: datetime | None = typer.Option(None, "--from", formats=DAY, help="Only deliveries from this day on."),
    last: datetime | None = typer.Option(None, "--to", formats=DAY, help="Only deliveries up to this day."),
    output: Path | None = typer.Option(None, "--output", "-o", help="Write every difference to this .html or .csv."),
    check: bool = typer.Option(False, "--check", help="Exit status 1 where anything differs."),
    as_json: bool = AS_JSON,
) -> None:
    """Compare a schedule export of the legacy system with the published schedule, by order and by day, with reasons.

    Without a mapping in cms.toml the columns must be called order_id, delivery_date, and customer_id and quantity
    where there are any.

    Example: cms legacy compare legacy_schedule.csv --output differences.html
    """
    from cms.application.compare_legacy import compare_legacy
    from cms.bootstrap import open_system

    _require_known_format(output)
    with open_system() as system, shown_progress(quiet=as_json) as progress:
        comparison = compare_legacy(
            system.planner,
            system.delivery_source(file, source),
            quarantined=_quarantined(system),
            first_day=first.date() if first else None,
            last_day=last.date() if last else None,
            progress=progress,
        )
        now = system.clock.now()
    if output is not None:
        _write(comparison, output, file, now)
    if as_json:
        print_json({"counts": comparison.counts(), "comparison": comparison, "report": output})
    else:
        _print(comparison, output)
    if check and (comparison.orders or comparison.unreadable):
        raise typer.Exit(1)


def _require_known_format(output: Path | None) -> None:
    from cms.domain.errors import InvalidValueError

    if output is not None and output.suffix.lower() not in {".html", ".csv"}:
        raise InvalidValueError("--output", "must end with .html or .csv", str(output))


def _quarantined(system: "System") -> dict[str, str]:
    from cms.application.ports import Dataset

    rows = system.warehouse.quality.rows(dataset=Dataset.ORDERS, status="waiting", limit=100_000)
    return {row.row_key: row.reason for row in rows if row.row_key}


def _print(comparison: "LegacyComparison", output: Path | None) -> None:
    typer.echo(
        f"version {comparison.version} for {comparison.as_of}: {comparison.agreeing} orders agree, "
        f"{len(comparison.orders)} differ, {len(comparison.unreadable)} row(s) could not be compared"
    )
    print_table("What differs", ["difference", "orders"], comparison.counts().items())
    days = [
        (d.day, d.legacy_orders, d.our_orders, d.same_orders, f"{d.legacy_quantity:f}", f"{d.our_quantity:f}")
        for d in comparison.days
        if not d.legacy_orders == d.our_orders == d.same_orders
    ]
    columns = ["day", "legacy orders", "our orders", "the same", "legacy units", "our units"]
    print_table("Days that differ", columns, days)
    rows = [
        (o.order_id, ", ".join(o.kinds), o.legacy_date, o.our_date, o.days, "; ".join(o.reasons))
        for o in comparison.orders[:SHOWN_ORDERS]
    ]
    title = f"Orders that differ, {len(rows)} of {len(comparison.orders)}"
    print_table(title, ["order", "differs", "legacy", "ours", "days", "why"], rows)
    for problem in comparison.unreadable[:SHOWN_ORDERS]:
        typer.echo(f"not compared: {problem}", err=True)
    if output is not None:
        typer.echo(f"every difference: {output.resolve()}")


def _write(comparison: "LegacyComparison", output: Path, file: Path, now: datetime) -> None:
    from cms.domain.errors import CmsError

    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        if output.suffix.lower() == ".csv":
            _write_csv(comparison, output)
        else:
            from cms.web.legacy_page import render_legacy_page

            output.write_text(render_legacy_page(comparison, file=file.name, rendered_at=now), encoding="utf-8")
    except OSError as error:
        raise CmsError(f"report {output} cannot be written: {error.strerror}") from None


def _write_csv(comparison: "LegacyComparison", output: Path) -> None:
    with output.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        writer.writerows(_csv_row(order) for order in comparison.orders)


def _csv_row(order: "OrderDifference") -> list[object]:
    return [
        order.order_id,
        order.customer_id,
        "; ".join(order.kinds),
        order.legacy_date,
        order.our_date,
        order.days,
        order.legacy_quantity,
        order.our_quantity,
        "; ".join(order.reasons),
    ]
