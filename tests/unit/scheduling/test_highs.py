"""HiGHS ends when it should, and where it does not nobody waits for it."""

import gc
import threading
import time
import weakref
from collections.abc import Iterator

import highspy
import numpy as np
import pytest

from cms.scheduling import Method, build_schedule, integer
from cms.scheduling.budget import Budget, Meter
from cms.scheduling.feasibility import find_violations
from cms.scheduling.highs import QuietHighs, quiet_highs, run_or_give_up, stop_after
from cms.scheduling.problem_file import problem_from_document
from tests.benchmarks.problems import a_problem


@pytest.fixture
def is_over() -> Iterator[threading.Event]:
    """Set when a test is over: what still waits for it may go on."""
    event = threading.Event()
    yield event
    event.set()


def a_hard_programme() -> QuietHighs:
    """One that HiGHS does not solve at its first look: a market split."""
    highs, chance = quiet_highs(), np.random.default_rng(3)
    for _ in range(40):
        highs.addVariable(0, 1, 0.0, highspy.HighsVarType.kInteger)
    for row in chance.integers(1, 100, (5, 40)).astype(float):
        half = float(row.sum() // 2)
        highs.addRow(half, half, 40, np.arange(40, dtype=np.int32), row)
    return highs


def test_a_run_that_ends_is_not_given_up() -> None:
    highs = quiet_highs()
    highs.addVariable(0, 1, -1.0, highspy.HighsVarType.kInteger)

    run_or_give_up(highs, Budget.of_seconds(60))

    assert not highs.is_given_up
    assert highs.getModelStatus() == highspy.HighsModelStatus.kOptimal


def test_a_run_that_does_not_end_is_given_up(is_over: threading.Event) -> None:
    highs, asked = a_hard_programme(), threading.Event()

    def hang(_answer: highspy.cb.HighsCallbackInput) -> None:
        asked.set()
        is_over.wait()

    highs.call(hang)
    run_or_give_up(highs, Budget(Meter(time.monotonic() + 0.2, patience=0.1), 10.0))

    assert asked.is_set()
    assert highs.is_given_up


def test_a_run_that_is_given_up_ends_when_it_asks() -> None:
    highs, ended = a_hard_programme(), threading.Event()
    highs.give_up()
    highs.call(lambda _answer: None)

    def run() -> None:
        highs.run()
        ended.set()

    threading.Thread(target=run, daemon=True).start()

    assert ended.wait(30)
    assert highs.getModelStatus() == highspy.HighsModelStatus.kInterrupt


def test_a_programme_ends_after_so_many_looks_and_tells_how_many_there_were() -> None:
    highs, easy = a_hard_programme(), quiet_highs()
    easy.addVariable(0, 1, -1.0, highspy.HighsVarType.kInteger)

    looks, looks_of_easy = stop_after(highs, 20), stop_after(easy, 20)
    run_or_give_up(highs, Budget.of_seconds(60))
    run_or_give_up(easy, Budget.of_seconds(60))

    assert looks() == 21
    assert highs.getModelStatus() == highspy.HighsModelStatus.kInterrupt
    assert looks_of_easy() < 20
    assert easy.getModelStatus() == highspy.HighsModelStatus.kOptimal


def test_a_programme_that_nobody_needs_any_more_is_freed() -> None:
    highs = a_hard_programme()
    stop_after(highs, 1)
    run_or_give_up(highs, Budget.of_seconds(60))
    is_there = weakref.ref(highs)
    del highs
    latest = time.monotonic() + 10
    while is_there() is not None and time.monotonic() < latest:
        gc.collect()  # its thread lets go of it a moment after it has ended

    assert is_there() is None


def test_a_plan_is_there_in_time_though_its_solver_hangs(
    is_over: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging: list[QuietHighs] = []

    def hang_always(highs: QuietHighs, _looks: int) -> None:
        hanging.append(highs)
        highs.call(hang)

    def hang(_answer: highspy.cb.HighsCallbackInput) -> None:
        is_over.wait()

    problem = problem_from_document(a_problem(60, seed=1))
    monkeypatch.setattr(integer, "stop_after", hang_always)
    started = time.monotonic()
    schedule = build_schedule(problem, method=Method.OPTIMAL, time_limit_seconds=1)

    assert any(highs.is_given_up for highs in hanging)
    assert time.monotonic() - started < 10
    assert not find_violations(problem, schedule)
