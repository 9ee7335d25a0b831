from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from cms.warehouse.engine import open_engine
from cms.warehouse.schema import upgrade
from cms.warehouse.tables import order_master, order_source_records
from cms.warehouse.warehouse import Warehouse
from tests.integration.warehouse.concurrent_loads import KEYS, WORKERS, load_at_once, load_round
from tests.integration.warehouse.loading import NOW, count_of, know_customers, rows_of

ROUNDS = 4
NAIVE_ROUNDS = 2
"""Where loads collide, a deadlock is waited for a second at a time."""


@pytest.fixture
def another_warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    engine = open_engine(f"sqlite:///{tmp_path / 'serial.db'}")
    upgrade(engine)
    yield Warehouse(engine=engine)
    engine.dispose()


def test_loads_at_the_same_time_end_as_if_they_had_come_one_after_the_other(
    warehouse: Warehouse, warehouse_url: str, another_warehouse: Warehouse
) -> None:
    know_customers(warehouse)
    know_customers(another_warehouse)
    workers = WORKERS if warehouse.engine.dialect.name != "sqlite" else WORKERS // 2

    told = load_at_once(warehouse_url, workers=workers, rounds=ROUNDS)
    for worker in reversed(range(workers)):
        for round_ in range(ROUNDS):
            load_round(another_warehouse, worker, round_)

    assert [line.errors for line in told] == [[]] * workers
    assert sum(line.inserted for line in told) == count_of(warehouse, order_master) == KEYS
    assert state_of(warehouse) == state_of(another_warehouse)


def test_without_the_lock_the_same_loads_lose_updates_or_collide(
    warehouse_url: str, warehouse: Warehouse, another_warehouse: Warehouse
) -> None:
    if warehouse.engine.dialect.name == "sqlite":
        pytest.skip("a writing transaction of SQLite is alone from its start: there is no lock to leave out")
    know_customers(warehouse)
    know_customers(another_warehouse)

    told = load_at_once(warehouse_url, workers=WORKERS, rounds=NAIVE_ROUNDS, naive=True)
    for worker in range(WORKERS):
        for round_ in range(NAIVE_ROUNDS):
            load_round(another_warehouse, worker, round_)

    assert any(line.errors for line in told) or state_of(warehouse) != state_of(another_warehouse)


def test_many_workers_claim_each_notice_once(warehouse: Warehouse) -> None:
    events = 200
    for number in range(events):
        warehouse.inbox.add(
            deduplication_key=f"k{number}", source="board", kind="changed", subject_id=None, payload={}, now=NOW
        )

    def work(worker: int) -> list[int]:
        taken: list[int] = []
        while claimed := warehouse.inbox.claim(now=NOW, limit=7, worker=f"w{worker}"):
            taken += [event.event_id for event in claimed]
            for event in claimed:
                warehouse.inbox.mark_done(event.event_id, now=NOW)
        return taken

    with ThreadPoolExecutor(8) as pool:
        taken = [event_id for part in pool.map(work, range(8)) for event_id in part]

    assert (len(taken), len(set(taken))) == (events, events)
    assert warehouse.inbox.backlog().done == events


def test_an_event_that_many_receive_at_once_is_kept_once(warehouse: Warehouse) -> None:
    def add(_number: int) -> bool:
        return warehouse.inbox.add(
            deduplication_key="same", source="board", kind="changed", subject_id=None, payload={}, now=NOW
        )

    with ThreadPoolExecutor(8) as pool:
        added = list(pool.map(add, range(16)))

    assert added.count(True) == 1
    assert warehouse.inbox.backlog().waiting == 1


def state_of(warehouse: Warehouse) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    return (
        rows_of(warehouse, order_master, "order_id", "quantity", "source_updated_at", "status", "row_hash"),
        rows_of(warehouse, order_source_records, "source_order_id", "quantity", "source_updated_at", "row_hash"),
    )
