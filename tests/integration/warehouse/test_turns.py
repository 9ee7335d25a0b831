"""What must happen one at a time does so over threads and processes, and a killed process gives its turn back."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from cms.domain.errors import WarehouseError
from cms.warehouse.locks import turn
from cms.warehouse.warehouse import Warehouse
from tests.integration.web.live_service import wait_until


def taker(warehouse: Warehouse, notes: Path, *, turns: int, seconds: float) -> "subprocess.Popen[bytes]":
    url = warehouse.engine.url.render_as_string(hide_password=False)
    program = [sys.executable, "-m", "tests.integration.warehouse.turn_taker"]
    return subprocess.Popen([*program, url, str(notes), str(turns), str(seconds)])


def test_processes_take_turns(warehouse: Warehouse, tmp_path: Path) -> None:
    notes = tmp_path / "notes"

    processes = [taker(warehouse, notes, turns=4, seconds=0.05) for _ in range(2)]
    assert [process.wait(60) for process in processes] == [0, 0]

    lines = [line.split() for line in notes.read_text(encoding="utf-8").splitlines()]
    assert len(lines) == 16
    assert [what for what, _ in lines] == ["begin", "end"] * 8
    assert all(begin[1] == end[1] for begin, end in zip(lines[::2], lines[1::2], strict=True))


def test_a_killed_process_gives_its_turn_back(warehouse: Warehouse, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    process = taker(warehouse, notes, turns=1, seconds=600)
    assert wait_until(notes.exists, 60)
    with (
        pytest.raises(WarehouseError, match="the turn for board 1 was not free"),
        turn(warehouse.engine, "board 1", wait_seconds=0.1),
    ):
        pass

    process.kill()
    process.wait(30)

    with turn(warehouse.engine, "board 1", wait_seconds=30):
        pass


def test_threads_take_turns_and_other_turns_are_free(warehouse: Warehouse) -> None:
    inside, most = [], []

    def work() -> None:
        with turn(warehouse.engine, "board 1"):
            inside.append(1)
            most.append(len(inside))
            with turn(warehouse.engine, "board 2" if len(most) % 2 else "board 3"):
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert most == [1] * 6
