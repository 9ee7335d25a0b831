"""Many replications of a scenario: on all cores, kept on the way, taken up again where they were interrupted."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from multiprocessing.context import BaseContext
from pathlib import Path
from threading import Thread
from typing import TypeAlias

import numpy as np

from cms.domain.errors import InvalidValueError
from simulations.kept_replications import KeptReplications
from simulations.order_history import History
from simulations.replication import Model, build_model, run_replication
from simulations.results import ReplicationResult, Series
from simulations.scenario import Scenario
from simulations.statistics import Estimate, estimate, paired_difference, replications_needed

Progress: TypeAlias = Callable[[str, int, int | None], None]
"""Told the stage, how many replications are done, and of how many."""


def no_progress(stage: str, done: int, total: int | None) -> None:
    """Shows nothing."""


@dataclass(frozen=True, kw_only=True)
class Precision:
    """How narrow the interval of a measure has to be before replications end.

    Parameters
    ----------
    half_width : float
        In units of the measure.
    most : int
        The most replications.
    """

    measure: str = "otif"
    half_width: float
    most: int = 200

    def __post_init__(self) -> None:
        if not self.half_width > 0:
            raise InvalidValueError("half_width", "must be more than 0", self.half_width)
        if self.most < 2:
            raise InvalidValueError("most", "must be 2 or more", self.most)


@dataclass(frozen=True, kw_only=True)
class Study:
    """What the replications of a scenario say.

    Parameters
    ----------
    model : Model
        What was run.
    results : tuple of ReplicationResult
        In order of their number.
    """

    model: Model
    results: tuple[ReplicationResult, ...]

    @property
    def scenario(self) -> Scenario:
        """The scenario that was run."""
        return self.model.scenario

    @property
    def measures(self) -> tuple[str, ...]:
        """The measures that every replication has."""
        first, *others = self.results
        return tuple(name for name in first.measures if all(name in other.measures for other in others))

    def values(self, measure: str) -> list[float]:
        """A measure in every replication.

        Raises
        ------
        InvalidValueError
            There is no such measure.
        """
        if measure not in self.measures:
            raise InvalidValueError("measure", f"must be one of {', '.join(self.measures)}", measure)
        return [result.measures[measure] for result in self.results]

    def estimate(self, measure: str) -> Estimate:
        """A measure with its interval."""
        return estimate(self.values(measure), self.scenario.run.confidence)

    def estimates(self) -> dict[str, Estimate]:
        """Every measure with its interval."""
        return {name: self.estimate(name) for name in self.measures}

    def daily(self, name: str) -> tuple[Series, Series]:
        """Mean and half-width of a series, day by day."""
        rows = np.array([result.daily[name] for result in self.results])
        half = [estimate(column.tolist(), self.scenario.run.confidence).half_width for column in rows.T]
        return rows.mean(axis=0), np.array(half)

    def weekly(self, name: str) -> tuple[Series, Series]:
        """Mean and half-width of the weekly sums of a series; the last, broken week is left out."""
        weeks = len(self.results[0].daily[name]) // 7
        rows = np.array([r.daily[name][: 7 * weeks].reshape(weeks, 7).sum(axis=1) for r in self.results])
        half = [estimate(column.tolist(), self.scenario.run.confidence).half_width for column in rows.T]
        return rows.mean(axis=0), np.array(half)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two scenarios under the same luck.

    Parameters
    ----------
    differences : mapping of str to Estimate
        By how much the second exceeds the first.
    """

    first: Study
    second: Study
    differences: Mapping[str, Estimate]


def run_study(
    scenario: Scenario,
    history: History,
    *,
    replications: int | None = None,
    processes: int | None = None,
    folder: Path | None = None,
    precision: Precision | None = None,
    progress: Progress = no_progress,
) -> Study:
    """The study of a scenario; the same figures to the last bit, in one process or many, at once or taken up again.

    Parameters
    ----------
    replications : int, optional
        None: as the scenario says.
    processes : int, optional
        1 stays in this process; None: one for each core.
    folder : Path, optional
        Where studies are kept, each in a folder of its own; replications that are there already are not run again.
    precision : Precision, optional
        Adds replications until the interval is as narrow as wanted.

    Raises
    ------
    InvalidValueError
        The scenario does not go with the history.
    StudyError
        A kept replication is damaged, or was put there from another study.
    """
    model = build_model(scenario, history)
    count = scenario.run.replications if replications is None else replications
    if count < 1:
        raise InvalidValueError("replications", "must be 1 or more", count)
    done: dict[int, ReplicationResult] = {}
    keep = KeptReplications.of(model, folder)
    while True:
        done |= _run_missing(model, range(count), done, keep=keep, processes=processes, progress=progress)
        study = Study(model=model, results=tuple(done[number] for number in sorted(done)))
        wanted = _wanted(study, precision)
        if wanted <= count:
            return study
        count = wanted


def compare_scenarios(
    first: Scenario,
    second: Scenario,
    history: History,
    *,
    replications: int | None = None,
    processes: int | None = None,
    folder: Path | None = None,
    progress: Progress = no_progress,
) -> Comparison:
    """Both scenarios with the seed of the first: replication by replication the same orders, failures and delays.

    Parameters
    ----------
    replications : int, optional
        Of each; None: as the first says.
    folder : Path, optional
        Where studies are kept.
    """
    count = first.run.replications if replications is None else replications
    second = replace(second, run=replace(second.run, seed=first.run.seed))
    studies = [
        run_study(
            scenario,
            history,
            replications=count,
            processes=processes,
            folder=folder,
            progress=progress,
        )
        for scenario in (first, second)
    ]
    return compare_studies(*studies)


def compare_studies(first: Study, second: Study) -> Comparison:
    """The paired differences of two studies with the same seed."""
    level = first.scenario.run.confidence
    differences = {
        name: paired_difference(first.values(name), second.values(name), level)
        for name in first.measures
        if name in second.measures
    }
    return Comparison(first=first, second=second, differences=differences)


def _run_missing(
    model: Model,
    numbers: Sequence[int],
    done: Mapping[int, ReplicationResult],
    *,
    keep: KeptReplications,
    processes: int | None,
    progress: Progress,
) -> dict[int, ReplicationResult]:
    stage = f"simulating {model.scenario.name}"
    found = keep.found(number for number in numbers if number not in done)
    missing = [number for number in numbers if number not in done and number not in found]
    workers = min(processes or len(os.sched_getaffinity(0)), len(missing))
    progress(stage, len(numbers) - len(missing), len(numbers))
    for result in _here(model, missing) if workers <= 1 else _in_processes(model, missing, workers):
        keep.add(result)
        found[result.replication] = result
        progress(stage, len(done) + len(found), len(numbers))
    return found


def _here(model: Model, numbers: Iterable[int]) -> Iterator[ReplicationResult]:
    return (run_replication(model, number) for number in numbers)


def _in_processes(model: Model, numbers: Iterable[int], workers: int) -> Iterator[ReplicationResult]:
    """Results as they are finished; the model goes to each process once."""
    executor = ProcessPoolExecutor(workers, mp_context=_context(), initializer=_set_model, initargs=(model,))
    try:
        futures: list[Future[ReplicationResult]] = [executor.submit(_run, number) for number in numbers]
        for future in as_completed(futures):
            yield future.result()
    finally:
        executor.shutdown(cancel_futures=True)


def _context() -> BaseContext:
    """Never a fork of this process: a notebook's or a flow's threads must not be copied half-way.

    Where there is a fork server, it has read this program once and every worker of every study begins as its copy.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


_worker: dict[str, Model] = {}


def _set_model(model: Model) -> None:
    # Ctrl-C ends a worker without a word, and a worker never outlives the study's own process
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    Thread(target=_end_with_parent, daemon=True).start()
    _worker["model"] = model


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None, "only a process that was started by another runs this"
    parent.join()
    os._exit(1)


def _run(number: int) -> ReplicationResult:
    return run_replication(_worker["model"], number)


def _wanted(study: Study, precision: Precision | None) -> int:
    """How many replications there should be, by what is known now; at least two to know anything."""
    if precision is None:
        return 0
    values = study.values(precision.measure)
    if len(values) < 2:
        return 2
    needed = replications_needed(values, precision.half_width, study.scenario.run.confidence)
    return min(needed, precision.most)
