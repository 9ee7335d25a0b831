"""The same study on the cores of this machine and on a Dask cluster, through Prefect."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.small_history import write_small_history

pytestmark = pytest.mark.slow
SCENARIO = 'name = "short"\n[run]\ndays = 28\nwarm_up_days = 7\nreplications = 3\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_small_history(tmp_path, every=4)
    (tmp_path / "short.toml").write_text(SCENARIO, encoding="utf-8")
    return tmp_path


def test_a_grid_on_a_dask_cluster_gives_the_bits_of_a_grid_in_two_processes(prefect: None, folder: Path) -> None:
    from flows.capacity_study import capacity_study  # noqa: PLC0415 - Prefect takes seconds to import

    asked: dict[str, Any] = {
        "scenario": str(folder / "short.toml"),
        "grid": {"demand.factor": [1, 1.5]},
        "history": folder / "orders.csv",
        "plant": folder / "plant.toml",
        "batch_size": 2,
    }

    here = capacity_study(**asked, processes=2, keep=folder / "here", output=folder / "one")
    there = capacity_study(**asked, dask_workers=2, processes=1, keep=folder / "there", output=folder / "two")

    for name in ("estimates.parquet", "replications.parquet"):
        assert pq.read_table(folder / "one" / name).equals(pq.read_table(folder / "two" / name))
    assert "short: sensitivity" in here.read_text(encoding="utf-8") == there.read_text(encoding="utf-8")
    kept = {path.relative_to(folder / "there"): path.read_bytes() for path in (folder / "there").glob("*/*.parquet")}
    assert len(kept) == 6
    assert all((folder / "here" / name).read_bytes() == content for name, content in kept.items())


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[str]:
    """The address of a Dask scheduler that is a process of its own, with two worker processes."""
    file = tmp_path / "scheduler.json"
    dask = [sys.executable, "-m", "dask"]
    told = ["--scheduler-file", str(file), "--no-dashboard"]
    commands = [
        [*dask, "scheduler", "--host", "127.0.0.1", "--port", "0", *told],
        *([*dask, "worker", "--nthreads", "1", "--host", "127.0.0.1", *told] for _ in range(2)),
    ]
    with ExitStack() as running:
        for command in commands:
            process = running.enter_context(subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL))
            running.callback(process.terminate)
            for _ in range(600):
                if file.exists():
                    break
                time.sleep(0.1)
        yield json.loads(file.read_text(encoding="utf-8"))["address"]


def test_a_study_on_a_scheduler_somewhere_else_keeps_the_same_files(
    prefect: None, folder: Path, scheduler: str
) -> None:
    from distributed import Client  # noqa: PLC0415

    from flows.capacity_study import capacity_study  # noqa: PLC0415

    asked: dict[str, Any] = {
        "scenario": str(folder / "short.toml"),
        "history": folder / "orders.csv",
        "plant": folder / "plant.toml",
        "processes": 1,
    }
    with Client(scheduler) as client:  # type: ignore[no-untyped-call]
        client.wait_for_workers(2, timeout=60)

    there = capacity_study(**asked, dask_address=scheduler, batch_size=1, keep=folder / "there", output=folder / "two")
    kept = {path.name: path.read_bytes() for path in (folder / "there").glob("*/*.parquet")}
    here = capacity_study(**asked, keep=folder / "here", output=folder / "one")

    assert kept == {path.name: path.read_bytes() for path in (folder / "here").glob("*/*.parquet")}
    assert len(kept) == 3
    assert here.read_bytes() == there.read_bytes()


def test_the_batches_of_a_study_are_what_is_not_kept_yet(prefect: None, folder: Path) -> None:
    from flows.capacity_study import StudyRequest, run_batches  # noqa: PLC0415
    from simulations.history_files import HistoryFiles  # noqa: PLC0415

    choice = HistoryFiles(history=folder / "orders.csv", plant=folder / "plant.toml")
    scenario = str(folder / "short.toml")
    request = StudyRequest(scenario=scenario, grid={}, replications=None, choice=choice, keep=folder / "kept")

    assert run_batches(request, 2) == 2
    next((folder / "kept").glob("*/replication-0001.parquet")).unlink()
    assert run_batches(request, 2) == 1
    assert run_batches(request, 2) == 0
