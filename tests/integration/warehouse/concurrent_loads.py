"""Several processes that load overlapping orders at once.

``naive`` leaves the application lock out: the merge is then UPDATE and INSERT as one would write them first.
"""

import multiprocessing
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier

from cms.application.ports import SourceRow
from cms.domain.errors import WarehouseError
from cms.warehouse import loads
from cms.warehouse.warehouse import Warehouse
from tests.integration.warehouse.loading import NOW, load_orders, order_row

WORKERS = 8
KEYS = 150
WAIT_SECONDS = 120
"""Long enough for eight processes that start on a busy machine with a slow server."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a process has to say in the end."""

    inserted: int
    errors: list[str]


def rows_of_round(worker: int, round_: int) -> Iterator[SourceRow]:
    """About two thirds of the orders, each update with an instant of its own."""
    chance = random.Random(worker * 1_000 + round_)
    updates = list(range(WORKERS))
    random.Random(round_).shuffle(updates)
    number = round_ * WORKERS + updates[worker]
    for key in chance.sample(range(KEYS), KEYS * 2 // 3):
        yield order_row(f"O{key:04d}", quantity=Decimal(number + 1), source_updated_at=NOW + timedelta(seconds=number))


def load_round(warehouse: Warehouse, worker: int, round_: int) -> int:
    counts = load_orders(warehouse, *rows_of_round(worker, round_))
    return counts.inserted


def load_at_once(url: str, *, workers: int, rounds: int, naive: bool = False) -> list[Told]:
    """Start the processes, let them load at the same moment, and hear what they wrote."""
    # forked: the children have everything imported and only open connections of their own
    context = multiprocessing.get_context("fork")
    start, told = context.Barrier(workers), context.Queue()
    processes = [
        context.Process(target=_load_rounds, args=(url, worker, rounds, naive, start, told))
        for worker in range(workers)
    ]
    for process in processes:
        process.start()
    answers = [told.get(timeout=3 * WAIT_SECONDS) for _ in processes]
    for process in processes:
        process.join(timeout=30)
    told.close()
    return answers


def _load_rounds(  # noqa: PLR0917 - a process takes its arguments in order
    url: str, worker: int, rounds: int, naive: bool, start: Barrier, told: "Queue[Told]"
) -> None:
    if naive:
        vars(loads)["take"] = lambda *_: None
    warehouse = Warehouse.open(url)
    start.wait(timeout=WAIT_SECONDS)
    inserted, errors = 0, []
    for round_ in range(rounds):
        try:
            inserted += load_round(warehouse, worker, round_)
        except WarehouseError as error:
            errors.append(str(error)[:200])
    warehouse.close()
    told.put(Told(inserted=inserted, errors=errors))
