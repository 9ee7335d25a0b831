"""Kills the day's work at random instants; CMS_KILLS says how often on each engine (300 for the full proof)."""

import os
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from cms.warehouse.engine import open_engine
from cms.warehouse.schema import upgrade
from cms.warehouse.tables import notification_outbox, order_master
from cms.warehouse.warehouse import Warehouse
from tests.archived_rows import archived_values
from tests.integration.days_of_work import archive_beside, expected_orders, set_up, work_a_day
from tests.integration.killing import new_durable_url, run_and_kill, run_whole
from tests.integration.warehouse.loading import rows_of
from tests.table_checks import find_problems

__all__ = ["new_durable_url"]

KILLS = int(os.environ.get("CMS_KILLS", "8"))


@pytest.fixture
def url(new_durable_url: Callable[[], str]) -> str:
    """A warehouse with a plant."""
    url = new_durable_url()
    engine = open_engine(url)
    upgrade(engine)
    set_up(Warehouse(engine=engine))
    engine.dispose()
    return url


def test_a_day_that_is_killed_anywhere_is_finished_by_the_next_run(url: str, tmp_path: Path) -> None:
    chance = random.Random(20260105)
    sent = tmp_path / "sent"
    seconds = run_whole(work_a_day, url, 0, sent, attempt=0)

    for day in range(1, KILLS + 1):
        was_killed = run_and_kill(work_a_day, url, day, sent, attempt=0, after=chance.uniform(0.0, seconds))
        took = run_whole(work_a_day, url, day, sent, attempt=1)

        seconds = took if not was_killed else max(seconds, took)
        assert find_problems(url) == [], f"after a kill on day {day}"
        _assert_nothing_lost_or_doubled(url, day, sent)


def _assert_nothing_lost_or_doubled(url: str, day: int, sent: Path) -> None:
    warehouse = Warehouse.open(url)
    stored, told = (
        [
            *rows_of(warehouse, table, *columns),
            *archived_values(warehouse.engine, archive_beside(sent), table, *columns),
        ]
        for table, *columns in (
            (order_master, "order_id", "quantity", "status"),
            (notification_outbox, "deduplication_key", "status"),
        )
    )
    warehouse.close()
    found = {order_id: (quantity, status == "delivered") for order_id, quantity, status in stored}
    notices = dict(told)
    assert found == expected_orders(day)
    assert (len(stored), len(told)) == (len(found), len(notices))
    assert set(notices.values()) == {"sent"}
    times_sent = Counter(sent.read_text().split())
    assert times_sent.keys() == notices.keys()
    # a kill between sending and noting it is the one case that sends twice: once for a kill at most
    assert times_sent.total() - len(times_sent) <= day
