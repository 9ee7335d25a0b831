"""Runs work in a process of its own, to its end or until it is killed as by a power cut."""

import multiprocessing
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cms.warehouse.engine import open_engine
from tests.postgresql_server import start_server
from tests.warehouse_fixtures import EACH_ENGINE, SQL_SERVER_URL

_FORK = multiprocessing.get_context("fork")


@pytest.fixture(params=EACH_ENGINE)
def new_durable_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], str]]:
    """Makes empty databases whose server writes to its disk as in production."""
    if request.param == "sqlite":
        yield lambda: f"sqlite:///{tmp_path / uuid.uuid4().hex[:12]}.db"
        return
    if request.param == "mssql":
        with databases_on_sql_server() as new_url:
            yield new_url
        return
    server = start_server(Path(tempfile.mkdtemp(prefix="cms-postgresql-")), is_durable=True)
    yield lambda: server.create_database(f"durable_{uuid.uuid4().hex[:12]}")
    server.stop()


@contextmanager
def databases_on_sql_server() -> Iterator[Callable[[], str]]:
    """Makes databases beside the one of the tests, whose user must be allowed to; they are dropped at the end."""
    assert SQL_SERVER_URL is not None, "without a server the test is skipped"
    url, names = sa.make_url(SQL_SERVER_URL), list[str]()
    engine = open_engine(SQL_SERVER_URL).execution_options(isolation_level="AUTOCOMMIT")

    def new_url() -> str:
        names.append(f"cms_durable_{uuid.uuid4().hex[:12]}")
        _run(engine, "CREATE DATABASE " + names[-1])
        return url.set(database=names[-1]).render_as_string(hide_password=False)

    yield new_url
    for name in names:
        _run(engine, "DROP DATABASE " + name)
    engine.dispose()


def _run(engine: sa.Engine, statement: str) -> None:
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)


def run_whole(work: Callable[..., Any], *arguments: Any, **options: Any) -> float:
    """Do `work` to its end; the seconds that it took."""
    started = time.monotonic()
    process = _FORK.Process(target=work, args=arguments, kwargs=options)
    process.start()
    process.join(timeout=240)
    assert process.exitcode == 0, f"{work.__name__}{arguments} ended with {process.exitcode}"
    return time.monotonic() - started


def run_and_kill(
    work: Callable[..., Any],
    *arguments: Any,
    after: float,
    begun: Callable[[], bool] = lambda: True,
    **options: Any,
) -> bool:
    """Start `work` and kill it some seconds after it has begun what is waited for; whether it was still at work."""
    process = _FORK.Process(target=work, args=arguments, kwargs=options)
    process.start()
    while process.is_alive() and not begun():
        time.sleep(0.001)
    process.join(timeout=after)
    was_running = process.is_alive()
    process.kill()
    process.join(timeout=30)
    return was_running
