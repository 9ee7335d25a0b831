"""`cms quality`: what a data steward sees and decides."""

import getpass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import typer

from cms.cli.output import AS_JSON, print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cms.application.ports import Dataset
    from cms.application.release_rows import Steward
    from cms.bootstrap import System

app = typer.Typer(help="See what the gate held back, and decide about it.", no_args_is_help=True)

ROWS = typer.Argument(None, help="Numbers of rows in quarantine.")
LOAD = typer.Option(None, "--load", help="A refused load instead of rows.")
DATASET = typer.Option(None, "--dataset", help="Only customers, windows or orders.")
BY = typer.Option(None, "--by", help="Who decides, for the record; the system's user where not given.")
ACCEPT = typer.Option(None, "--accept", help="Name of a suspicion that you have looked into (may be repeated).")
FAILED_STATUS = 13
SHOWN = 80


@app.command()
def show(
    dataset: str | None = DATASET,
    load: str | None = typer.Option(None, "--load", help="What the expectations found in this load, and its rows."),
    status: str = typer.Option("waiting", help="waiting, released, rejected, resolved or all."),
    limit: int = typer.Option(100, min=1, help="At most so many rows."),
    as_json: bool = AS_JSON,
) -> None:
    """Show rows in quarantine with their reasons, and the loads that were refused.

    Example: cms quality show --dataset orders
    """
    from cms.bootstrap import open_system

    with open_system() as system:
        quality = system.warehouse.quality
        wanted = None if status == "all" or load else _one_of("status", status, _STATUSES)
        rows = quality.rows(dataset=_dataset(dataset), status=wanted, limit=100_000 if load else limit)
        rows = [row for row in rows if load in (None, row.load_id)]
        in_all = len(rows) if load else _count(quality.counts(), _dataset(dataset), wanted)
        refused = [line for line in quality.loads(dataset=_dataset(dataset), limit=200) if line.status == "refused"]
        results = [result for result in quality.results(load) if not result.success] if load else []
    if as_json:
        print_json({"rows": rows[:limit], "rows_in_all": in_all, "refused_loads": refused, "not_met": results})
        return
    _print_rows(rows[:limit], in_all)
    if results:
        _print_results(results)
    if refused and load is None:
        print_table(
            "Refused loads",
            ["load", "table", "source", "rows", "why"],
            [(r.load_id, r.dataset.value, r.source, r.row_count, "; ".join(r.refusals)) for r in refused],
        )


@app.command()
def release(
    rows: list[int] | None = ROWS,
    load: str | None = LOAD,
    accept: list[str] | None = ACCEPT,
    by: str | None = BY,
    as_json: bool = AS_JSON,
) -> None:
    """Judge rows, or a refused load, again, and let in what passes; exit status 13 where something still waits.

    Example: cms quality release 17 18 --accept "a quantity keeps its decimal point"
    """
    from cms.application.release_rows import release_load, release_rows
    from cms.bootstrap import open_system

    with open_system() as system:
        steward = _steward(system, accept, by)
        if load:
            report = release_load(load, steward)
            told, held = {"load": load, "merged": report.counts.written}, report.row_failures
        else:
            done = release_rows(rows or [], steward)
            told, held = {"asked": done.asked, "released": done.released}, done.still_held
    if as_json:
        print_json({**told, "still_held": held})
    else:
        typer.echo(", ".join(f"{name} {value}" for name, value in told.items()))
        for failure in held:
            typer.echo(f"still held: {failure.reason} ({failure.expectation})", err=True)
    if held:
        raise typer.Exit(FAILED_STATUS)


@app.command()
def reject(
    rows: list[int] | None = ROWS, load: str | None = LOAD, by: str | None = BY, as_json: bool = AS_JSON
) -> None:
    """Give rows, or a refused load, up: the same row is not shown again when its source sends it again.

    Example: cms quality reject 17 18
    """
    from cms.bootstrap import open_system
    from cms.domain.errors import InvalidValueError

    if not rows and not load:
        raise InvalidValueError("rows", "must name at least one row in quarantine, or --load", "nothing")
    with open_system() as system:
        now = system.clock.now()
        if load:
            system.warehouse.quality.reject_load(load, now=now)
        rejected = system.warehouse.quality.reject(rows, by=by or getpass.getuser(), now=now) if rows else 0
    if as_json:
        print_json({"rows": rejected, "load": load})
    else:
        typer.echo(f"rejected {rejected} row(s)" + (f" and load {load}" if load else ""))


@app.command()
def check(
    roll_back: bool = typer.Option(
        False, "--roll-back", help="Go back to the last good version where the published schedule is wrong."
    ),
    as_json: bool = AS_JSON,
) -> None:
    """Check published schedule, order book and capacity plan; exit status 13 where something critical is wrong.

    With --roll-back the figures are held against their limits too, and exit status 15 tells that the schedule is wrong.

    Example: cms quality check
    """
    from cms.application.guard_schedule import guard_schedule, require_good
    from cms.bootstrap import open_system

    with open_system() as system:
        now = system.clock.now()
        gate = system.gate
        checks = (gate.check_schedule, gate.check_order_book, gate.check_capacity_plan)
        verdicts = [check(now=now) for check in checks]
        judged = guard_schedule(system.guard, again=True) if roll_back else None
    if as_json:
        print_json([{"suite": v.suite, "failures": v.failures, "warnings": v.warnings} for v in verdicts])
    else:
        for verdict in verdicts:
            typer.echo(f"{verdict.suite}: {'good' if verdict.is_good else 'failed'}")
            for sentence in (*verdict.failures, *verdict.warnings):
                typer.echo(f"  {sentence}")
    if judged is not None:
        require_good(judged)
    if not all(verdict.is_good for verdict in verdicts):
        raise typer.Exit(FAILED_STATUS)


@app.command()
def trend(
    dataset: str = typer.Option("orders", "--dataset", help="customers, windows or orders."),
    days: int = typer.Option(30, min=1, help="How far back."),
    as_json: bool = AS_JSON,
) -> None:
    """Show which expectations were not met, how often, and whether it is getting better.

    Example: cms quality trend --dataset orders --days 90
    """
    from cms.application.quality_trend import trend_of
    from cms.bootstrap import open_system

    chosen = _dataset(dataset)
    assert chosen is not None
    with open_system() as system:
        now = system.clock.now()
        lines = trend_of(system.warehouse.quality.trend(chosen, since=now - timedelta(days=days)))
    if as_json:
        print_json(lines)
        return
    columns = ["expectation", "severity", "loads", "not met in", "rows", "rows in the older half", "in the newer half"]
    print_table(
        f"{dataset}: last {days} days",
        columns,
        [(t.expectation, t.severity, t.loads, t.broken_loads, t.rows, t.older_rows, t.newer_rows) for t in lines],
    )


@app.command()
def docs(as_json: bool = AS_JSON) -> None:
    """Build Data Docs, a site that opens without a network, and tell where it is.

    Example: cms quality docs
    """
    from cms.bootstrap import open_system

    with open_system() as system:
        index = system.gate.build_data_docs().resolve()
    if as_json:
        print_json({"index": index})
    else:
        typer.echo(index.as_uri())


_STATUSES = ("waiting", "released", "rejected", "resolved")
_DATASETS = {"customers": "customer_master", "windows": "delivery_schedules", "orders": "order_master"}


def _dataset(name: str | None) -> "Dataset | None":
    from cms.application.ports import Dataset

    return None if name is None else Dataset(_DATASETS[_one_of("dataset", name, tuple(_DATASETS))])


def _one_of(option: str, value: str, allowed: tuple[str, ...]) -> str:
    from cms.domain.errors import InvalidValueError

    if value not in allowed:
        raise InvalidValueError(f"--{option}", f"must be one of {', '.join(allowed)}", value)
    return value


def _steward(system: "System", accept: list[str] | None, by: str | None) -> "Steward":
    from cms.application.release_rows import Steward
    from cms.warehouse.tables import metadata
    from expectations.direct import DirectGate

    # a steward waits at the terminal: the same rules without the seconds that Great Expectations takes to start
    gate = DirectGate(engine=system.warehouse.snapshots, tables=metadata.tables, settings=system.settings.gate)
    return Steward(
        quarantine=system.warehouse.quality,
        loader=system.loader,
        gate=gate,
        by=by or getpass.getuser(),
        accepted=frozenset(accept or ()),
    )


def _count(counts: "Mapping[tuple[Dataset, str], int]", dataset: "Dataset | None", status: str | None) -> int:
    """Rows in quarantine of a table, or of all of them, with a status, or with any."""
    return sum(
        count
        for (of_dataset, of_status), count in counts.items()
        if dataset in {None, of_dataset} and status in {None, of_status}
    )


def _print_rows(rows: "Sequence[Any]", in_all: int) -> None:
    count = f"{in_all}" if len(rows) == in_all else f"first {len(rows)} (all: --limit {in_all}) of {in_all}"
    print_table(
        f"{count} row(s) in quarantine",
        ["row", "table", "source", "key", "status", "why"],
        [(r.quarantine_id, r.dataset.value, r.source, r.row_key, r.status, r.reason[:SHOWN]) for r in rows],
    )


def _print_results(results: "Sequence[Any]") -> None:
    print_table(
        "Expectations that were not met",
        ["expectation", "severity", "rows", "observed"],
        [(r.expectation, r.severity, r.unexpected_count, (r.observed or "")[:SHOWN]) for r in results],
    )
