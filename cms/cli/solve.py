"""`cms solve`: a scheduling problem from a file, its schedule into a file."""

import json
import math
import os
import tempfile
import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cms.cli.output import AS_JSON, print_json, print_table
from cms.cli.progress import shown_progress
from cms.domain.errors import InfeasiblePlanError, InvalidValueError

if TYPE_CHECKING:
    from cms.scheduling import SchedulingResult


class MethodName(StrEnum):
    """How to solve."""

    OPTIMAL = "optimal"
    DISPATCH = "dispatch"


def solve(
    problem: Path = typer.Argument(..., metavar="PROBLEM.json", help="Problem file; see docs/reference."),
    output: Path = typer.Option(..., "--output", "-o", metavar="SCHEDULE.json", help="Where the schedule goes."),
    time_limit: float = typer.Option(
        60.0, "--time-limit", metavar="SECONDS", help="When the search must end, counted from here."
    ),
    method: MethodName = typer.Option(
        MethodName.OPTIMAL, "--method", help="optimal: search and prove. dispatch: by priority rule, at once."
    ),
    as_json: bool = AS_JSON,
) -> None:
    """Solve a scheduling problem file.

    Exit status: 0 with a schedule, 2 when the problem breaks the format (the message names field, rule and value),
    3 when frozen deliveries alone exceed the capacity; the output file then says so.

    Example: cms solve problem.json --output schedule.json --time-limit 30
    """
    began = time.monotonic()
    from cms.scheduling import Method, SolveStatus, build_schedule
    from cms.scheduling.problem_file import parse_problem, schedule_to_document

    if not (math.isfinite(time_limit) and time_limit > 0):
        raise InvalidValueError("--time-limit", "must be a number of seconds, more than 0", time_limit)
    scheduling_problem = parse_problem(_read(problem))
    _check_writable(output)
    with shown_progress(quiet=as_json) as progress:
        result = build_schedule(
            scheduling_problem,
            method=Method(method.value),
            time_limit_seconds=time_limit,
            progress=lambda sentence: progress(sentence, 0, None),
            began=began,
        )
    document = schedule_to_document(result)
    _write(output, json.dumps(document, ensure_ascii=False, indent=1) + "\n")
    if as_json:
        print_json(document)
    else:
        _print_summary(result, output)
    if result.status is SolveStatus.INFEASIBLE:
        raise InfeasiblePlanError(f"the plan is infeasible: {result.reason}")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidValueError(str(path), "must be UTF-8 text", f"byte {error.start}: {error.reason}") from None
    except OSError as error:
        raise InvalidValueError(str(path), "must be a readable file", error.strerror) from None


def _check_writable(path: Path) -> None:
    """Refuses an output that cannot be written before the work is done, not after it."""
    if path.is_dir():
        raise InvalidValueError("--output", "must be a file, not a directory", str(path))
    if not path.absolute().parent.is_dir():
        raise InvalidValueError("--output", "must lie in a directory that exists", str(path))


def _write(path: Path, text: str) -> None:
    """Writes beside the target and renames, so that a reader never sees half a schedule."""
    try:
        handle, temporary = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(temporary).chmod(0o644)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise InvalidValueError("--output", "must be a file that can be written", f"{path}: {error.strerror}") from None


def _print_summary(result: "SchedulingResult", output: Path) -> None:
    typer.echo(f"{result.status.value} after {result.seconds:.2f} s: {output}")
    if result.reason:
        return
    rows = [(tier.name, tier.value, tier.bound, f"{100 * tier.gap:.3f} %") for tier in result.tiers]
    print_table("Tiers", ("tier", "value", "bound", "gap"), rows)
    typer.echo(f"{len(result.deliveries)} deliveries, {len(result.unscheduled)} orders unscheduled or incomplete")
