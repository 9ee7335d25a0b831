"""What a study leaves for other programs: estimates, and everything by replication, as Parquet."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from simulations.results import result_table
from simulations.sensitivity import GridPoint
from simulations.sizing import Sizing
from simulations.statistics import Estimate
from simulations.study import Comparison, Study
from simulations.study_records import study_figure

ESTIMATES, REPLICATIONS = "estimates.parquet", "replications.parquet"


def write_study(study: Study, folder: Path) -> None:
    """A study: its estimates, and its replications."""
    _write_estimates(folder / ESTIMATES, {study.scenario.name: study.estimates()})
    _write_replications(folder / REPLICATIONS, [study])


def write_comparison(comparison: Comparison, folder: Path) -> None:
    """Two studies and their paired differences."""
    first, second = comparison.first, comparison.second
    found = {first.scenario.name: first.estimates(), second.scenario.name: second.estimates()}
    name = f"{second.scenario.name} minus {first.scenario.name}"
    _write_estimates(folder / ESTIMATES, found | {name: comparison.differences})
    _write_replications(folder / REPLICATIONS, [first, second])


def write_sizing(sizing: Sizing, folder: Path) -> None:
    """The levels that were tried: the measure of the target, and the overtime cost."""
    measure = sizing.target.measure
    found = {
        f"{sizing.lever.value} {one.level:g}": {measure: one.service, "overtime_cost": one.overtime_cost}
        for one in sizing.tried
    }
    _write_estimates(folder / ESTIMATES, found)


def write_grid(points: Sequence[GridPoint], folder: Path) -> None:
    """Every point of a grid, by the name of its scenario."""
    _write_estimates(folder / ESTIMATES, {one.study.scenario.name: one.study.estimates() for one in points})
    _write_replications(folder / REPLICATIONS, [one.study for one in points])


def _write_estimates(path: Path, estimates: Mapping[str, Mapping[str, Estimate]]) -> None:
    """One row a measure: study, measure, mean, half_width (empty after one replication), level, replications.

    Parameters
    ----------
    estimates : mapping of str to mapping of str to Estimate
        By name of the study, then of the measure.
    """
    import pyarrow as pa  # noqa: PLC0415 - only where results are written
    import pyarrow.parquet as pq  # noqa: PLC0415

    figures = [(study, study_figure(name, one)) for study, found in estimates.items() for name, one in found.items()]
    table = pa.table(
        {
            "study": pa.array([study for study, _ in figures], pa.string()),
            "measure": pa.array([one.measure for _, one in figures], pa.string()),
            "mean": pa.array([one.mean for _, one in figures], pa.float64()),
            "half_width": pa.array([one.half_width for _, one in figures], pa.float64()),
            "level": pa.array([one.level for _, one in figures], pa.float64()),
            "replications": pa.array([one.replications for _, one in figures], pa.int32()),
        }
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, compression="zstd")


def _write_replications(path: Path, studies: Iterable[Study]) -> None:
    """Every measure, daily figure and count of every replication: scenario, replication, kind, name, day, value."""
    import pyarrow as pa  # noqa: PLC0415 - only where results are written
    import pyarrow.parquet as pq  # noqa: PLC0415

    tables = []
    for study in studies:
        for result in study.results:
            table = result_table(result)
            names = pa.array([result.scenario] * table.num_rows, pa.string())
            tables.append(table.add_column(0, "scenario", names))
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.concat_tables(tables), path, compression="zstd")
