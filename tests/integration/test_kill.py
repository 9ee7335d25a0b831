"""Kills the day's work at random instants of each phase; CMS_KILLS says how often on each engine (300 for all)."""

import os
import random
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from cms.warehouse.engine import open_engine
from cms.warehouse.schema import upgrade
from cms.warehouse.tables import notification_outbox, order_master
from cms.warehouse.warehouse import Warehouse
from expectations.results import RESULTS, read_result
from tests.archived_rows import archived_values
from tests.integration.days_of_work import (
    PHASES,
    Marks,
    archive_beside,
    data_docs_beside,
    expected_orders,
    marks_beside,
    set_up,
    work_a_day,
)
from tests.integration.killing import new_durable_url, run_and_kill, run_whole
from tests.integration.warehouse.loading import rows_of
from tests.table_checks import find_problems

__all__ = ["new_durable_url"]

pytestmark = [pytest.mark.slow, pytest.mark.untraced]
KILLS = int(os.environ.get("CMS_KILLS", "7"))


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
    marks, killed_in = marks_beside(sent), Counter[str]()
    # here, so that the processes that are killed are forked from one that has Great Expectations at hand
    work_a_day(url, 0, sent, attempt=0)
    whole = marks.read()

    for day in range(1, KILLS + 1):
        place, after = _instant_in(PHASES[day % len(PHASES)], whole, chance)
        marks.forget()
        begun = partial(_has_begun, marks, place)
        was_killed = run_and_kill(work_a_day, url, day, sent, attempt=0, after=after, begun=begun)
        killed_in[marks.read()[-1][0] if was_killed else "nothing"] += 1
        marks.forget()
        run_whole(work_a_day, url, day, sent, attempt=1)
        # what the killed run had published is not published again: such a day does not tell how long that takes
        whole = marks.read() if {name for name, _ in marks.read()}.issuperset(PHASES) else whole

        assert find_problems(url) == [], f"after a kill on day {day}"
        _assert_nothing_lost_or_doubled(url, day, sent)
    print(f"killed in: {dict(sorted(killed_in.items()))}")  # noqa: T201 - the report: pytest -rP shows it
    assert killed_in.total() - killed_in["nothing"] > KILLS // 2
    assert all(read_result(file) for file in (data_docs_beside(sent) / RESULTS).rglob("*.json"))


def _instant_in(phase: str, marks: list[tuple[str, float]], chance: random.Random) -> tuple[int, float]:
    """One of the times that a phase began in the last whole day, counted, and some seconds of how long it took then."""
    place = chance.choice([place for place, (name, _) in enumerate(marks) if name == phase])
    return place, chance.uniform(0.0, marks[place + 1][1] - marks[place][1])


def _has_begun(marks: Marks, place: int) -> bool:
    return len(marks.read()) > place


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
