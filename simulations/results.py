"""What a replication leaves: its measures and daily series; kept as Parquet, so that a study can be taken up again."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from cms.domain.errors import CmsError

if TYPE_CHECKING:
    import pyarrow as pa

Series: TypeAlias = npt.NDArray[np.float64]


class StudyError(CmsError):
    """A study cannot go on: what it kept is of another one or cannot be read, or nothing can be written."""

    exit_status = 11


@dataclass(frozen=True, kw_only=True, eq=False)
class ReplicationResult:
    """The figures of one replication.

    Parameters
    ----------
    measures : mapping of str to float
        Over the measured part of the run, by name; those of a resource end in its id, as in ``utilization[PRESS]``.
    daily : mapping of str to array
        A value for each day of the run, warm-up included.
    tardiness : mapping of int to int
        How many of the measured orders were so many days late; 0: on time.
    """

    scenario: str
    replication: int
    measures: Mapping[str, float]
    daily: Mapping[str, Series]
    tardiness: Mapping[int, int]

    def is_same(self, other: "ReplicationResult") -> bool:
        """Whether the two agree to the last bit."""
        return (
            (self.scenario, self.replication) == (other.scenario, other.replication)
            and dict(self.measures) == dict(other.measures)
            and dict(self.tardiness) == dict(other.tardiness)
            and list(self.daily) == list(other.daily)
            and all(np.array_equal(series, other.daily[name]) for name, series in self.daily.items())
        )


def result_path(folder: Path, replication: int) -> Path:
    """Where a replication of a study is kept."""
    return folder / f"replication-{replication:04d}.parquet"


def write_result(folder: Path, result: ReplicationResult, fingerprint: str) -> Path:
    """Keep a replication; the file appears whole or not at all.

    Parameters
    ----------
    fingerprint : str
        Of the study: results of another one are never taken for its own.
    """
    import pyarrow.parquet as pq  # noqa: PLC0415 - only where results are kept

    folder.mkdir(parents=True, exist_ok=True)
    path = result_path(folder, result.replication)
    partial = path.with_suffix(f".{os.getpid()}.partial")
    table = result_table(result).replace_schema_metadata({"study": fingerprint, "scenario": result.scenario})
    pq.write_table(table, partial, compression="zstd")
    partial.replace(path)
    return path


def read_result(path: Path, fingerprint: str) -> ReplicationResult:
    """A replication that was kept.

    Raises
    ------
    StudyError
        The file is of another study, or damaged.
    """
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise StudyError(f"{path}: cannot be read: {error}; remove it, and the study will run it again") from None
    metadata = {key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items()}
    if metadata.get("study") != fingerprint:
        rule = "it belongs to another scenario, history or version; name an empty folder"
        raise StudyError(f"{path}: is no result of this study: {rule}")
    return _result(table, metadata["scenario"])


def result_table(result: ReplicationResult) -> "pa.Table":
    """The figures of a replication, one row each: replication, kind (measure, daily, tardiness), name, day, value."""
    import pyarrow as pa  # noqa: PLC0415

    rows: list[tuple[str, str, int, float]] = [("measure", name, 0, value) for name, value in result.measures.items()]
    rows += [
        ("daily", name, day, value)
        for name, series in result.daily.items()
        for day, value in enumerate(series.tolist())
    ]
    rows += [("tardiness", "orders", days, float(count)) for days, count in result.tardiness.items()]
    kinds, names, days, values = zip(*rows, strict=True)
    count = len(rows)
    return pa.table(
        {
            "replication": pa.array([result.replication] * count, pa.int32()),
            "kind": pa.array(kinds, pa.string()),
            "name": pa.array(names, pa.string()),
            "day": pa.array(days, pa.int32()),
            "value": pa.array(values, pa.float64()),
        }
    )


def _result(table: "pa.Table", scenario: str) -> ReplicationResult:
    columns = table.to_pydict()
    measures: dict[str, float] = {}
    daily: dict[str, list[float]] = {}
    tardiness: dict[int, int] = {}
    for kind, name, day, value in zip(*(columns[key] for key in ("kind", "name", "day", "value")), strict=True):
        if kind == "measure":
            measures[name] = value
        elif kind == "daily":
            daily.setdefault(name, []).append(value)
        else:
            tardiness[day] = int(value)
    return ReplicationResult(
        scenario=scenario,
        replication=columns["replication"][0],
        measures=measures,
        daily={name: np.array(series) for name, series in daily.items()},
        tardiness=tardiness,
    )
