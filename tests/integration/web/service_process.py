"""`cms serve` as a process of its own, which can be killed, and changes of orders that it is told of."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import Any

import requests
import sqlalchemy as sa

from cms.bootstrap import System
from cms.sandbox import Sandbox
from cms.sandbox.company_boards import ORDER_BOARD
from cms.warehouse.tables import schedule_history
from tests.integration.web.live_service import HOST, wait_until

START_SECONDS = 180.0
"""How long a service may take to start on a busy machine."""


@contextmanager
def service_process(environment: dict[str, str], port: int, *, kill: bool = False) -> Iterator[None]:
    """`cms serve` as its own process, ended politely or by ``kill -9``."""
    command = [sys.executable, "-c", "from cms.cli import main; main()", "serve", "--port", str(port)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, env=os.environ | environment, **quiet)  # type: ignore[call-overload]
    try:
        assert wait_until(lambda: _is_up(port), START_SECONDS)
        yield
    finally:
        process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
        process.wait(60)


def _is_up(port: int) -> bool:
    try:
        return requests.get(f"http://{HOST}:{port}/healthz", timeout=5).ok
    except (requests.ConnectionError, requests.Timeout):
        return False


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True, kw_only=True)
class MovableOrders:
    """Scheduled orders that may change, each told of by one source alone.

    Parameters
    ----------
    numbers : list of str
        Orders of order management.
    items : dict of str to str
        Orders of the order board, with the ids of their items.
    """

    sandbox: Sandbox
    numbers: list[str]
    items: dict[str, str]

    @classmethod
    def of(cls, system: System, sandbox: Sandbox) -> "MovableOrders":
        """Those of a system that has a published schedule."""
        published = system.warehouse.schedules.published()
        assert published is not None
        free = {str(d.order_id) for d in published.deliveries if not d.frozen}
        managed = {row["orderNumber"] for row in sandbox.orders.rows}
        items = {item.name: item.id for item in sandbox.account.boards[ORDER_BOARD].items.values()}
        return cls(
            sandbox=sandbox,
            numbers=sorted((managed & free) - items.keys()),
            items={name: items[name] for name in sorted((items.keys() & free) - managed)},
        )

    def change_one(self, random: Random) -> tuple[str, int]:
        """Change the quantity of an order, in one place or the other; the order and its quantity now."""
        more = random.choice((-1, 1))
        if random.random() < 0.5:
            number = random.choice(self.numbers)
            return number, self.change_number(number, more)
        name = random.choice(sorted(self.items))
        item = self.items[name]
        quantity = max(2, int(float(self.sandbox.account.item(item).values["quantity"])) + more)
        self.sandbox.account.change_values(ORDER_BOARD, item, {"quantity": str(quantity)})
        return name, quantity

    def change_number(self, number: str, more: int) -> int:
        """Change the quantity of an order of order management; its quantity now."""
        row = self.sandbox.orders.order(number)
        assert row is not None
        quantity = max(2, int(float(row["quantity"])) + more)
        self.sandbox.orders.change_order(number, {"quantity": str(quantity)})
        return quantity


def history_of(system: System) -> list[Any]:
    """The schedule history, oldest line first."""
    with system.warehouse.engine.connect() as connection:
        query = sa.select(schedule_history).order_by(schedule_history.c.history_id)
        return list(connection.execute(query).mappings().all())
