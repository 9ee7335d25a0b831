"""Generalized assignment as scheduling: one day, an order a job, a routing and a resource an agent."""

import csv
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cms.scheduling import SchedulingResult, build_schedule
from cms.scheduling.problem_file import problem_from_document

DAY = "2026-01-05"


@dataclass(frozen=True, kw_only=True, slots=True)
class GapInstance:
    """An instance of the OR-Library with its proven optimum."""

    name: str
    optimum: int
    document: dict[str, Any]


def gap_folder() -> Path:
    """Where the instances lie: under CMS_SHARED_DATA, by default beside the project."""
    default = Path(__file__).resolve().parents[2].parent / "shared" / "data"
    return Path(os.environ.get("CMS_SHARED_DATA", default)) / "gap"


def gap_instances() -> Iterator[GapInstance]:
    """Every instance with a proven optimum, by name; none where the data is absent."""
    table = gap_folder() / "best_known.csv"
    if not table.is_file():
        return
    with table.open(encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row["Path"])
    for row in rows:
        name = row["Path"].split("/")[-1]
        text = (gap_folder() / f"{name}.txt").read_text(encoding="utf-8")
        yield GapInstance(name=name, optimum=int(row["Optimum"]), document=gap_document(text))


def gap_document(text: str) -> dict[str, Any]:
    """The problem document of an instance in OR-Library form: agents and jobs, costs, uses, capacities."""
    agents, jobs, *numbers = map(int, text.split())
    costs, uses = numbers[: agents * jobs], numbers[agents * jobs : 2 * agents * jobs]
    capacities = numbers[2 * agents * jobs :]
    return {
        "as_of": DAY,
        "horizon_days": 1,
        "default_windows": [{"weekday": 0, "start": "08:00", "end": "17:00"}],
        "resources": [
            {"id": f"AGENT{agent}", "buckets": [{"date": DAY, "regular_hours": capacities[agent]}]}
            for agent in range(agents)
        ],
        "customers": [{"id": "CUSTOMER"}],
        "orders": [
            {
                "id": f"JOB{job}",
                "customer": "CUSTOMER",
                "priority": 1,
                "quantity": 1,
                "due_date": DAY,
                "routings": [
                    {
                        "id": f"BY{agent}",
                        "cost": costs[agent * jobs + job],
                        "loads": [{"resource": f"AGENT{agent}", "hours": uses[agent * jobs + job]}],
                    }
                    for agent in range(agents)
                ],
            }
            for job in range(jobs)
        ],
    }


def solve_gap(instance: GapInstance, time_limit_seconds: float = 60.0) -> tuple[SchedulingResult, float]:
    """The schedule of an instance and the seconds it took."""
    started = time.perf_counter()
    result = build_schedule(problem_from_document(instance.document), time_limit_seconds=time_limit_seconds)
    return result, time.perf_counter() - started
