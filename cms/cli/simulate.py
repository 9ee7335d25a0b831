"""`cms simulate`: a scenario in, its measures with intervals and a report out; comparison, sizing and grids."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from cms.cli.history_options import CUSTOMERS, HISTORY, MAPPING, PLANT, choice_of
from cms.cli.output import AS_JSON, print_json, print_table
from cms.cli.progress import ended_by_interrupt, shown_progress
from cms.domain.errors import InvalidValueError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cms.domain.studies import StudyRecord
    from simulations import Scenario, Sizing
    from simulations.history_files import HistoryFiles

INTERRUPTED_STATUS = 130
DEFAULT_FOLDER = Path("var/simulations")


class _RunByDefault(TyperGroup):
    """``cms simulate SCENARIO`` says the same as ``cms simulate run SCENARIO``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["run", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_RunByDefault,
    help="Ask the model of the plant: what would have been, with its confidence interval.\n\n"
    "`cms simulate SCENARIO` runs one scenario: a TOML file, or a name of the library (cms simulate scenarios).",
    no_args_is_help=True,
)

SCENARIO = typer.Argument(..., metavar="SCENARIO", help="A TOML file, or a name of the library.")
REPLICATIONS = typer.Option(
    None, "--replications", "-n", min=1, help="How many runs under other luck; default: as the scenario says."
)
SEED = typer.Option(None, "--seed", min=0, help="Of all chance; default: as the scenario says.")
PROCESSES = typer.Option(None, "--processes", min=1, help="How many at once; default: one for each core.")
OUTPUT = typer.Option(
    None, "--output", "-o", metavar="FOLDER", help="For report.html and the Parquet files; default: var/simulations/…"
)
KEEP = typer.Option(
    DEFAULT_FOLDER / "replications",
    "--keep",
    metavar="FOLDER",
    help="Where finished replications are kept; what was interrupted goes on from there.",
)
REPORT = typer.Option(True, "--report/--no-report", help="Draw the report; its figures take a few seconds.")
RECORD = typer.Option(
    None, "--record/--no-record", help="Keep the result in the warehouse; default: where the orders are its own."
)
ACTOR = typer.Option("cms simulate", "--actor", help="Who asks, for the record.")


class LeverName(StrEnum):
    """What is made larger."""

    CAPACITY = "capacity"
    OVERTIME = "overtime"


@dataclass(frozen=True, kw_only=True)
class _Answer:
    """Where the files of an answer go, and whether the warehouse keeps it."""

    name: str
    output: Path | None
    report: bool
    record: bool | None
    history: "HistoryFiles"
    actor: str

    @property
    def folder(self) -> Path:
        from simulations.kept_replications import folder_name

        return self.output or DEFAULT_FOLDER / folder_name(self.name)

    def draw(self, page: "Callable[[], str]") -> Path | None:
        """Writes the report, where it is wanted; returns its path."""
        if not self.report:
            return None
        from simulations.report import write_report

        return write_report(self.folder, page())

    def check(self) -> None:
        """Refuses a folder that cannot be one before the work is done, not after it."""
        if self.folder.exists() and not self.folder.is_dir():
            raise InvalidValueError("--output", "must be a folder", str(self.folder))

    def keep(self, records: "Sequence[StudyRecord]") -> bool:
        """Records studies in the warehouse, where that is wanted; returns whether."""
        wanted = self.history.is_warehouse if self.record is None else self.record
        if wanted:
            from cms.bootstrap import open_system

            with open_system() as system:
                for one in records:
                    system.warehouse.simulations.record(one, now=system.clock.now(), actor=self.actor)
        return wanted


@app.command()
def run(
    scenario: str = SCENARIO,
    replications: int | None = REPLICATIONS,
    half_width: float | None = typer.Option(
        None, "--half-width", help="Add replications until the interval of --measure is as narrow, in its own unit."
    ),
    measure: str = typer.Option("otif", "--measure", help="For --half-width."),
    most: int = typer.Option(200, "--most", min=2, help="The most replications for --half-width."),
    history: Path | None = HISTORY,
    plant: Path | None = PLANT,
    mapping: Path | None = MAPPING,
    customers: Path | None = CUSTOMERS,
    seed: int | None = SEED,
    processes: int | None = PROCESSES,
    output: Path | None = OUTPUT,
    keep: Path = KEEP,
    report: bool = REPORT,
    record: bool | None = RECORD,
    actor: str = ACTOR,
    as_json: bool = AS_JSON,
) -> None:
    """Run a scenario and answer with every measure, its confidence interval, and a report of figures.

    The word `run` may be left out. Run again, a study that was interrupted goes on where it stopped.

    Example: cms simulate run peak_season --replications 20
    """
    from simulations import Precision, run_study
    from simulations.report import study_report
    from simulations.result_files import write_study
    from simulations.study_records import study_record

    asked = _scenario(scenario, seed)
    choice = choice_of(history, plant, mapping, customers)
    answer = _Answer(name=asked.name, output=output, report=report, record=record, history=choice, actor=actor)
    answer.check()
    precision = None if half_width is None else Precision(measure=measure, half_width=half_width, most=most)
    with _work(keep, quiet=as_json) as progress:
        study = run_study(
            asked,
            choice.read(),
            replications=replications,
            processes=processes,
            folder=keep,
            precision=precision,
            progress=progress,
        )
        write_study(study, answer.folder)
        page = answer.draw(lambda: study_report(study))
    found = study_record(study)
    recorded = answer.keep([found])
    if as_json:
        print_json(_summary(found, page, recorded=recorded))
        return
    from cms.cli.simulation_tables import print_study

    print_study(study)
    _print_places(answer.folder, page, recorded=recorded)


@app.command()
def compare(
    first: str = typer.Argument(..., metavar="A", help="What is compared with: a TOML file, or a name of the library."),
    second: str = typer.Argument(..., metavar="B", help="What is compared."),
    replications: int | None = REPLICATIONS,
    history: Path | None = HISTORY,
    plant: Path | None = PLANT,
    mapping: Path | None = MAPPING,
    customers: Path | None = CUSTOMERS,
    seed: int | None = SEED,
    processes: int | None = PROCESSES,
    output: Path | None = OUTPUT,
    keep: Path = KEEP,
    report: bool = REPORT,
    record: bool | None = RECORD,
    actor: str = ACTOR,
    as_json: bool = AS_JSON,
) -> None:
    """Compare two scenarios under the same luck: by how much B exceeds A, with the interval of the difference.

    Example: cms simulate compare base line_down --replications 20
    """
    from simulations import compare_scenarios
    from simulations.report import comparison_report
    from simulations.result_files import write_comparison
    from simulations.study_records import comparison_records

    one, other = _scenario(first, seed), _scenario(second, seed)
    choice = choice_of(history, plant, mapping, customers)
    name = f"{one.name}-and-{other.name}"
    answer = _Answer(name=name, output=output, report=report, record=record, history=choice, actor=actor)
    answer.check()
    with _work(keep, quiet=as_json) as progress:
        comparison = compare_scenarios(
            one,
            other,
            choice.read(),
            replications=replications,
            processes=processes,
            folder=keep,
            progress=progress,
        )
        write_comparison(comparison, answer.folder)
        page = answer.draw(lambda: comparison_report(comparison))
    records = comparison_records(comparison)
    recorded = answer.keep(records)
    if as_json:
        names = ("first", "second", "difference")
        found = {key: _figures(value) for key, value in zip(names, records, strict=True)}
        print_json({"scenarios": [one.name, other.name], **found, "report": page, "recorded": recorded})
        return
    from cms.cli.simulation_tables import print_comparison

    print_comparison(comparison)
    _print_places(answer.folder, page, recorded=recorded)


@app.command()
def size(
    scenario: str = SCENARIO,
    lever: LeverName = typer.Option(LeverName.CAPACITY, "--lever", help="Regular hours, or overtime of a working day."),
    resource: str = typer.Option("*", "--resource", "-r", help="A resource, `bottleneck`, or * for all."),
    levels: str | None = typer.Option(
        None,
        "--levels",
        metavar="1,1.1,…",
        help="Factors of regular hours, or hours of overtime; default: 1 to 2, 0 to 8.",
    ),
    measure: str = typer.Option("otif", "--measure", help="What has to be reached."),
    at_least: float = typer.Option(0.95, "--at-least", help="How much of it, in its own unit."),
    confidence: float = typer.Option(0.95, "--confidence", help="How surely, one-sided."),
    replications: int | None = REPLICATIONS,
    history: Path | None = HISTORY,
    plant: Path | None = PLANT,
    mapping: Path | None = MAPPING,
    customers: Path | None = CUSTOMERS,
    seed: int | None = SEED,
    processes: int | None = PROCESSES,
    output: Path | None = OUTPUT,
    keep: Path = KEEP,
    report: bool = REPORT,
    as_json: bool = AS_JSON,
) -> None:
    """Find the smallest capacity, or the least overtime, that meets a service target with confidence.

    Example: cms simulate size peak_season --lever overtime --resource bottleneck --at-least 0.9
    """
    from simulations import Lever, ServiceTarget, size_capacity
    from simulations.report import sizing_report
    from simulations.result_files import write_sizing

    asked = _scenario(scenario, seed)
    target = ServiceTarget(measure=measure, at_least=at_least, confidence=confidence)
    wanted = _levels(levels, lever)
    choice = choice_of(history, plant, mapping, customers)
    answer = _Answer(name=f"size-{asked.name}", output=output, report=report, record=False, history=choice, actor="")
    answer.check()
    with _work(keep, quiet=as_json) as progress:
        sizing = size_capacity(
            asked,
            choice.read(),
            levels=wanted,
            resource=resource,
            lever=Lever(lever.value),
            target=target,
            replications=replications,
            processes=processes,
            folder=keep,
            progress=progress,
        )
        write_sizing(sizing, answer.folder)
        page = answer.draw(lambda: sizing_report(asked, sizing))
    if as_json:
        print_json({"scenario": asked.name, "sizing": _sizing_figures(sizing), "report": page})
        return
    from cms.cli.simulation_tables import print_sizing

    print_sizing(sizing)
    _print_places(answer.folder, page, recorded=False)


def _sizing_figures(sizing: "Sizing") -> dict[str, object]:
    """A sizing without the studies behind its steps."""
    plain = {f.name: getattr(sizing, f.name) for f in fields(sizing)}
    steps = [{f.name: getattr(step, f.name) for f in fields(step) if f.name != "study"} for step in sizing.tried]
    chosen = next((steps[n] for n, step in enumerate(sizing.tried) if step == sizing.chosen), None)
    return plain | {"tried": steps, "chosen": chosen}


@app.command()
def grid(
    scenario: str = SCENARIO,
    values: list[str] = typer.Option(
        ..., "--set", metavar="KEY=V1,V2", help="A key of the scenario file and its values; may be given repeatedly."
    ),
    measures: list[str] = typer.Option(
        ["otif", "changes_per_order", "overtime_cost"], "--measure", help="What is shown; may be given repeatedly."
    ),
    replications: int | None = REPLICATIONS,
    history: Path | None = HISTORY,
    plant: Path | None = PLANT,
    mapping: Path | None = MAPPING,
    customers: Path | None = CUSTOMERS,
    seed: int | None = SEED,
    processes: int | None = PROCESSES,
    output: Path | None = OUTPUT,
    keep: Path = KEEP,
    report: bool = REPORT,
    as_json: bool = AS_JSON,
) -> None:
    """Run a scenario at every combination of some values: how much the answer depends on what was assumed.

    Example: cms simulate grid base --set demand.factor=1,1.2 --set planning.planning_time_fence_days=0,3,5
    """
    from simulations import run_grid
    from simulations.report import grid_report
    from simulations.result_files import write_grid
    from simulations.sensitivity import parse_grid
    from simulations.study_records import study_figure

    asked = _scenario(scenario, seed)
    points = parse_grid(values)
    choice = choice_of(history, plant, mapping, customers)
    answer = _Answer(name=f"grid-{asked.name}", output=output, report=report, record=False, history=choice, actor="")
    answer.check()
    with _work(keep, quiet=as_json) as progress:
        found = run_grid(
            asked,
            choice.read(),
            points,
            replications=replications,
            processes=processes,
            folder=keep,
            progress=progress,
        )
        write_grid(found, answer.folder)
        page = answer.draw(lambda: grid_report(asked, found, measures))
    if as_json:
        rows = [
            {"values": one.values, "estimates": [study_figure(m, one.study.estimate(m)) for m in measures]}
            for one in found
        ]
        print_json({"scenario": asked.name, "points": rows, "report": page})
        return
    from cms.cli.simulation_tables import print_grid

    print_grid(found, measures)
    _print_places(answer.folder, page, recorded=False)


@app.command()
def scenarios(as_json: bool = AS_JSON) -> None:
    """List the scenarios of the library, with the question that each one answers.

    Example: cms simulate scenarios
    """
    from simulations import library_names, read_scenario

    rows = [(name, read_scenario(name).question) for name in library_names()]
    if as_json:
        print_json([{"name": name, "question": question} for name, question in rows])
    else:
        print_table("Scenarios", ["name", "question"], rows)


@app.command("list")
def list_studies(
    limit: int = typer.Option(20, "--limit", min=1, help="How many, the latest first."),
    as_json: bool = AS_JSON,
) -> None:
    """List the studies that the warehouse keeps.

    Example: cms simulate list --limit 5
    """
    from cms.bootstrap import open_system
    from cms.cli.simulation_tables import print_records

    with open_system() as system:
        records = system.warehouse.simulations.studies(limit)
    if as_json:
        print_json(records)
    else:
        print_records(records)


@contextmanager
def _work(keep: Path, *, quiet: bool) -> "Iterator[Any]":
    try:
        with shown_progress(quiet=quiet) as progress, ended_by_interrupt(progress) as steps:
            yield steps
    except OSError as error:
        from simulations import StudyError

        raise StudyError(f"{error.filename or keep}: cannot be written: {error.strerror or error}") from None
    except KeyboardInterrupt:
        typer.echo(f"interrupted; what is done is kept in {keep}: the same command goes on from there", err=True)
        raise typer.Exit(INTERRUPTED_STATUS) from None


def _scenario(source: str, seed: int | None) -> "Scenario":
    from simulations import read_scenario

    found = read_scenario(source)
    return found if seed is None else replace(found, run=replace(found.run, seed=seed))


def _levels(text: str | None, lever: LeverName) -> list[float]:
    if text is None:
        steps = range(11) if lever is LeverName.CAPACITY else range(9)
        return [round(1 + step / 10, 1) if lever is LeverName.CAPACITY else float(step) for step in steps]
    try:
        return [float(one) for one in text.split(",")]
    except ValueError:
        raise InvalidValueError("--levels", "must be numbers with commas between them", text) from None


def _summary(found: "StudyRecord", page: Path | None, *, recorded: bool) -> dict[str, object]:
    named = ("study_id", "scenario", "question", "history", "first_day", "days", "warm_up_days", "seed", "replications")
    facts = {name: getattr(found, name) for name in named}
    return facts | {"estimates": _figures(found), "report": page, "recorded": recorded}


def _figures(found: "StudyRecord") -> dict[str, object]:
    return {
        one.measure: {
            "mean": one.mean,
            "half_width": one.half_width,
            "level": one.level,
            "replications": one.replications,
        }
        for one in found.figures
    }


def _print_places(folder: Path, page: Path | None, *, recorded: bool) -> None:
    typer.echo(f"report: {page}" if page else f"results: {folder}")
    if recorded:
        typer.echo("recorded in the warehouse: cms simulate list")
