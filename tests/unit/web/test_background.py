"""Workers of the service: woken at once, sweeping now and then, never ended by a failure."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cms.domain.errors import WarehouseError
from cms.web.background import BackgroundWorker


@contextmanager
def running(work: Callable[[], bool], *, sweep_seconds: float = 60.0) -> Iterator[BackgroundWorker]:
    worker = BackgroundWorker(name="test", round=work, sweep_seconds=sweep_seconds)
    worker.start()
    try:
        yield worker
    finally:
        worker.stop()


def test_a_worker_begins_with_a_round_and_is_woken_at_once() -> None:
    rounds = threading.Semaphore(0)

    def work() -> bool:
        rounds.release()
        return False

    with running(work) as worker:
        assert rounds.acquire(timeout=5)
        woken_at = time.monotonic()
        worker.wake()
        assert rounds.acquire(timeout=5)

    assert time.monotonic() - woken_at < 5
    assert not worker.is_alive


def test_a_worker_goes_on_as_long_as_there_is_more_to_do() -> None:
    left = [True, True, False]
    done = threading.Event()

    def work() -> bool:
        has_more = left.pop(0)
        if not left:
            done.set()
        return has_more

    with running(work):
        assert done.wait(5)

    assert left == []


def test_a_worker_sweeps_on_its_own() -> None:
    rounds = threading.Semaphore(0)

    def work() -> bool:
        rounds.release()
        return False

    with running(work, sweep_seconds=0.01):
        assert all(rounds.acquire(timeout=5) for _ in range(3))


def test_a_round_that_fails_is_told_and_tried_again() -> None:
    failures: list[Exception] = [WarehouseError("it is away"), RuntimeError("a defect")]
    done = threading.Event()

    def work() -> bool:
        if failures:
            raise failures.pop(0)
        done.set()
        return False

    with running(work) as worker:
        assert worker.is_alive
        assert done.wait(10)

    assert worker.last_error == "RuntimeError: a defect"
