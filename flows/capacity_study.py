"""A simulation study, or a grid of them, on the cores of this machine or on a Dask cluster: the same bits."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.futures import as_completed

from cms.bootstrap import open_system
from flows.artifacts import publish_study
from simulations import GridPoint, Scenario, read_scenario, run_grid, run_study
from simulations.batches import missing_batches, run_packed
from simulations.history_files import HistoryFiles
from simulations.report import grid_report, study_report, write_report
from simulations.result_files import write_grid, write_study
from simulations.results import ReplicationResult
from simulations.sensitivity import grid_scenarios
from simulations.study_records import study_record

FOLDER = Path("var/simulations")
MEASURES = ("otif", "changes_per_order", "overtime_cost")


@dataclass(frozen=True, kw_only=True)
class StudyRequest:
    """What is asked: a scenario, perhaps at every point of a grid, on a history."""

    scenario: str
    grid: dict[str, list[Any]]
    replications: int | None
    choice: HistoryFiles
    keep: Path

    def scenarios(self) -> Iterator[Scenario]:
        """The scenario, or that of every point."""
        asked = read_scenario(self.scenario)
        if self.grid:
            yield from (one for _, one in grid_scenarios(asked, self.grid))
        else:
            yield asked


@task(cache_policy=NO_CACHE)
def replicate(packed: bytes) -> list[ReplicationResult]:
    """Run a batch of replications, wherever this task runs."""
    return run_packed(packed)


@flow(name="capacity_study_batches", validate_parameters=False)
def run_batches(request: StudyRequest, batch_size: int) -> int:
    """Run what is missing on the flow's task runner, and keep each batch as it comes back; returns how many."""
    history = request.choice.read()
    batches = missing_batches(
        request.scenarios(), history, replications=request.replications, folder=request.keep, size=batch_size
    )
    running = {replicate.submit(batch.packed()): batch.kept for batch in batches}
    for future in as_completed(list(running)):
        for result in future.result():
            running[future].add(result)
    return len(running)


@task(cache_policy=NO_CACHE)
def conclude(request: StudyRequest, *, output: Path, processes: int | None, record: bool) -> Path:
    """Run what is still missing on this machine, and write files, report and records."""
    points = _points(request, processes)
    if request.grid:
        write_grid(points, output)
        page = grid_report(read_scenario(request.scenario), points, MEASURES)
    else:
        write_study(points[0].study, output)
        page = study_report(points[0].study)
    if record:
        _record(points)
    publish_study([(point.study.scenario.name, point.study.estimates()) for point in points])
    return write_report(output, page)


def _points(request: StudyRequest, processes: int | None) -> Sequence[GridPoint]:
    asked, history = read_scenario(request.scenario), request.choice.read()
    options: Any = {"replications": request.replications, "processes": processes, "folder": request.keep}
    if request.grid:
        return run_grid(asked, history, request.grid, **options)
    return [GridPoint(values={}, study=run_study(asked, history, **options))]


def _record(points: Iterable[GridPoint]) -> None:
    with open_system() as system:
        for point in points:
            found = study_record(point.study)
            system.warehouse.simulations.record(found, now=system.clock.now(), actor="capacity_study")


@flow(name="capacity_study")
def capacity_study(
    *,
    scenario: str = "base",
    grid: dict[str, list[Any]] | None = None,
    replications: int | None = None,
    processes: int | None = None,
    dask_address: str | None = None,
    dask_workers: int | None = None,
    batch_size: int = 5,
    history: Path | None = None,
    plant: Path | None = None,
    mapping: Path | None = None,
    customers: Path | None = None,
    keep: Path = FOLDER / "replications",
    output: Path | None = None,
    record: bool | None = None,
) -> Path:
    """Run a study and return its report; with a Dask address, or a number of Dask workers here, on that cluster.

    Parameters
    ----------
    grid : mapping of str to list, optional
        Values by the key of the scenario file; every combination is run.
    dask_address : str, optional
        Scheduler of a Dask cluster whose workers have this program installed (``tcp://…:8786``).
    batch_size : int
        Replications in a task on Dask.
    record : bool, optional
        Whether the warehouse keeps the result; None: where the orders are its own.
    """
    choice = HistoryFiles(history=history, plant=plant, mapping=mapping, customers=customers)
    request = StudyRequest(scenario=scenario, grid=grid or {}, replications=replications, choice=choice, keep=keep)
    if dask_address or dask_workers:
        run_batches.with_options(task_runner=_dask(dask_address, dask_workers))(request, batch_size)
    folder = output or FOLDER / f"flow-{read_scenario(scenario).name}"
    recorded = choice.is_warehouse if record is None else record
    return conclude(request, output=folder, processes=processes, record=recorded)


def _dask(address: str | None, workers: int | None) -> Any:
    from prefect_dask.task_runners import DaskTaskRunner  # noqa: PLC0415 - an extra of its own: dask

    if address:
        return DaskTaskRunner(address=address)
    cluster = {"n_workers": workers, "threads_per_worker": 1, "dashboard_address": None}
    return DaskTaskRunner(cluster_kwargs=cluster)
