"""Kills the day's work at random instants; CMS_KILLS says how often on each engine (300 for the full proof)."""

import multiprocessing
import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from cms.warehouse.engine import open_engine
from cms.warehouse.schema import upgrade
from cms.warehouse.tables import notification_outbox, order_master
from cms.warehouse.warehouse import Warehouse
from tests.integration.days_of_work import expected_orders, set_up, work_a_day
from tests.integration.warehouse.loading import rows_of
from tests.postgresql_server import start_server
from tests.table_checks import find_problems
from tests.warehouse_fixtures import EACH_ENGINE

KILLS = int(os.environ.get("CMS_KILLS", "8"))
_FORK = multiprocessing.get_context("fork")


@pytest.fixture(params=[engine for engine in EACH_ENGINE if engine.values != ("mssql",)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A warehouse whose server writes to its disk as in production."""
    if request.param == "sqlite":
        yield _prepared(f"sqlite:///{tmp_path / 'warehouse.db'}")
        return
    server = start_server(Path(tempfile.mkdtemp(prefix="cms-postgresql-")), is_durable=True)
    yield _prepared(server.create_database("warehouse"))
    server.stop()


def test_a_day_that_is_killed_anywhere_is_finished_by_the_next_run(url: str, tmp_path: Path) -> None:
    chance = random.Random(20260105)
    sent = tmp_path / "sent"
    seconds = _work(url, 0, sent, attempt=0)

    for day in range(1, KILLS + 1):
        was_killed = _work_and_kill(url, day, sent, after=chance.uniform(0.0, seconds))
        took = _work(url, day, sent, attempt=1)

        seconds = took if not was_killed else max(seconds, took)
        assert find_problems(url) == [], f"after a kill on day {day}"
        _assert_nothing_lost_or_doubled(url, day, sent)


def _prepared(url: str) -> str:
    engine = open_engine(url)
    upgrade(engine)
    set_up(Warehouse(engine=engine))
    engine.dispose()
    return url


def _work(url: str, day: int, sent: Path, *, attempt: int) -> float:
    started = time.monotonic()
    process = _FORK.Process(target=work_a_day, args=(url, day, sent), kwargs={"attempt": attempt})
    process.start()
    process.join(timeout=120)
    assert process.exitcode == 0, f"the run of day {day} ended with {process.exitcode}"
    return time.monotonic() - started


def _work_and_kill(url: str, day: int, sent: Path, *, after: float) -> bool:
    process = _FORK.Process(target=work_a_day, args=(url, day, sent), kwargs={"attempt": 0})
    process.start()
    process.join(timeout=after)
    was_running = process.is_alive()
    process.kill()
    process.join(timeout=30)
    return was_running


def _assert_nothing_lost_or_doubled(url: str, day: int, sent: Path) -> None:
    warehouse = Warehouse.open(url)
    stored = rows_of(warehouse, order_master, "order_id", "quantity", "status")
    notices = dict(rows_of(warehouse, notification_outbox, "deduplication_key", "status"))
    warehouse.close()
    found = {order_id: (quantity, status == "delivered") for order_id, quantity, status in stored}
    assert found == expected_orders(day)
    assert set(notices.values()) == {"sent"}
    times_sent = Counter(sent.read_text().split())
    assert times_sent.keys() == notices.keys()
    # a kill between sending and noting it is the one case that sends twice: once for a kill at most
    assert times_sent.total() - len(times_sent) <= day
