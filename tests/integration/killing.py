"""Runs work in a process of its own, to its end or until it is killed as by a power cut."""

import multiprocessing
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.postgresql_server import start_server
from tests.warehouse_fixtures import EACH_ENGINE

_FORK = multiprocessing.get_context("fork")


@pytest.fixture(params=[engine for engine in EACH_ENGINE if engine.values != ("mssql",)])
def new_durable_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], str]]:
    """Makes empty databases whose server writes to its disk as in production."""
    if request.param == "sqlite":
        yield lambda: f"sqlite:///{tmp_path / uuid.uuid4().hex[:12]}.db"
        return
    server = start_server(Path(tempfile.mkdtemp(prefix="cms-postgresql-")), is_durable=True)
    yield lambda: server.create_database(f"durable_{uuid.uuid4().hex[:12]}")
    server.stop()


def run_whole(work: Callable[..., Any], *arguments: Any, **options: Any) -> float:
    """Do `work` to its end; the seconds that it took."""
    started = time.monotonic()
    process = _FORK.Process(target=work, args=arguments, kwargs=options)
    process.start()
    process.join(timeout=240)
    assert process.exitcode == 0, f"{work.__name__}{arguments} ended with {process.exitcode}"
    return time.monotonic() - started


def run_and_kill(work: Callable[..., Any], *arguments: Any, after: float, **options: Any) -> bool:
    """Start `work` and kill it after some seconds; whether it was still at work."""
    process = _FORK.Process(target=work, args=arguments, kwargs=options)
    process.start()
    process.join(timeout=after)
    was_running = process.is_alive()
    process.kill()
    process.join(timeout=30)
    return was_running
