"""`cms sync` and `cms import`: data into the warehouse, through the gate."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cms.cli.output import AS_JSON, print_json, print_table
from cms.cli.progress import shown_progress
from cms.domain.errors import CmsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cms.application.gated_load import LoadReport
    from cms.bootstrap import System

sync = typer.Typer(help="Bring in what is new from every source.", no_args_is_help=True)
imports = typer.Typer(help="Bring in everything from one source, or the plant's master data.", no_args_is_help=True)

SOURCES = typer.Option(None, "--source", "-s", help="Only this source (may be repeated).")
FULL = typer.Option(False, "--full", help="Read everything, not only what changed since the last time.")
SOURCE = typer.Option(..., "--source", "-s", help="The source's name in cms.toml.")
QUARANTINED_STATUS = 12


@sync.command("customers")
def sync_customers_command(source: list[str] | None = SOURCES, full: bool = FULL, as_json: bool = AS_JSON) -> None:
    """Sync customers and their delivery windows.

    Example: cms sync customers --full
    """
    show_all(_load_customers(source, full=full, quiet=as_json), as_json=as_json)


@sync.command("orders")
def sync_orders_command(source: list[str] | None = SOURCES, full: bool = FULL, as_json: bool = AS_JSON) -> None:
    """Sync orders.

    Example: cms sync orders --source erp
    """
    show_all(_load_orders(source, full=full, quiet=as_json), as_json=as_json)


@imports.command("customers")
def import_customers(source: str = SOURCE, as_json: bool = AS_JSON) -> None:
    """Import every customer of a source; exit status 12 where rows were quarantined.

    Example: cms import customers --source crm_export
    """
    _finish(_load_customers([source], full=True, quiet=as_json), as_json=as_json)


@imports.command("orders")
def import_orders(source: str = SOURCE, as_json: bool = AS_JSON) -> None:
    """Import every order of a source; exit status 12 where rows were quarantined.

    Example: cms import orders --source erp_export
    """
    _finish(_load_orders([source], full=True, quiet=as_json), as_json=as_json)


@imports.command("plant")
def import_plant(
    file: Path = typer.Argument(..., help="Plant file: resources, routings, calendar, default windows (TOML)."),
    actor: str = typer.Option("cms import", help="Who does it, for the history."),
    as_json: bool = AS_JSON,
) -> None:
    """Import resources, routings, the calendar and the default windows.

    Example: cms import plant plant.toml
    """
    from cms.bootstrap import open_system
    from cms.order_sources.plant_file import read_plant

    plant = read_plant(file)
    with open_system() as system:
        counts = system.warehouse.plant.save_plant(plant, now=system.clock.now(), actor=actor)
    if as_json:
        print_json({"inserted": counts.inserted, "updated": counts.updated, "removed": counts.removed})
        return
    typer.echo(
        f"{len(plant.resources)} resources, {len(plant.routings)} routings, {len(plant.exceptions)} calendar "
        f"exceptions, {len(plant.default_windows)} default windows; {counts.written} rows written"
    )


def _load_customers(names: "Sequence[str] | None", *, full: bool, quiet: bool) -> "Iterator[LoadReport]":
    from cms.application.sync_customers import sync_customers
    from cms.bootstrap import open_system

    with open_system() as system, shown_progress(quiet=quiet) as progress:
        for name in names or _every_source(system, "customers"):
            yield from sync_customers(system.customer_source(name), system.loader, full=full, progress=progress)


def _load_orders(names: "Sequence[str] | None", *, full: bool, quiet: bool) -> "Iterator[LoadReport]":
    from cms.application.sync_orders import sync_orders
    from cms.bootstrap import open_system

    with open_system() as system, shown_progress(quiet=quiet) as progress:
        for name in names or _every_source(system, "orders"):
            yield sync_orders(system.order_source(name), system.loader, full=full, progress=progress)


def _every_source(system: "System", dataset: str) -> list[str]:
    from cms.domain.errors import NotFoundError

    names = system.source_names(dataset)
    if not names:
        remedy = "add [sources.NAME] to cms.toml, or name the file in CMS_CONFIG"
        raise NotFoundError("source of", dataset, remedy)
    return names


def _finish(loading: "Iterator[LoadReport]", *, as_json: bool) -> None:
    """Show the reports; rows that were held back make the command fail, so that nobody overlooks them."""
    if any(report.has_quarantined for report in show_all(loading, as_json=as_json)):
        raise typer.Exit(QUARANTINED_STATUS)


def show_all(loading: "Iterator[LoadReport]", *, as_json: bool) -> "list[LoadReport]":
    """Load source after source and show the reports; where one fails, what was loaded before it is shown first."""
    reports: list[LoadReport] = []
    try:
        for report in loading:
            reports.append(report)  # noqa: PERF402 - what came before a failure must be kept
    except CmsError:
        if reports:
            _show(reports, as_json=as_json)
        raise
    _show(reports, as_json=as_json)
    return reports


def _show(reports: "Sequence[LoadReport]", *, as_json: bool) -> None:
    if as_json:
        print_json(list(reports))
        return
    columns = ["source", "table", "rows", "inserted", "updated", "unchanged", "removed", "quarantined", "load"]
    print_table("Loads", columns, [_line(report) for report in reports])
    for report in reports:
        for conflict in report.counts.conflicts[:10]:
            typer.echo(f"conflict: {conflict}")
        for failure in report.row_failures[:10]:
            typer.echo(f"quarantined: {report.dataset} row {failure.row_number}: {failure.reason}", err=True)
        if len(report.row_failures) > 10:
            typer.echo(f"… all of them: cms quality show --load {report.load_id}", err=True)


def _line(report: "LoadReport") -> list[object]:
    counts = report.counts
    return [
        report.source,
        report.dataset.value,
        report.staged,
        counts.inserted,
        counts.updated,
        counts.unchanged,
        counts.removed,
        counts.quarantined,
        report.load_id,
    ]
