"""`cms solve`: a scheduling problem from a file, its schedule into a file."""

from pathlib import Path

import typer


def solve(
    problem: Path = typer.Argument(..., help="Problem file (JSON, see the reference manual)."),
) -> None:
    """Solve a scheduling problem file.

    Example: cms solve problem.json --output schedule.json --time-limit 30
    """
    raise NotImplementedError(problem)
