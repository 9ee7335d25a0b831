"""`cms serve`, killed at random while events come: none is lost, and none has its effects twice."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
import requests
import sqlalchemy as sa

from cms.bootstrap import System, open_system
from cms.sandbox import ORDERS_TOKEN, Company, Sandbox, SandboxOptions, running_sandbox
from cms.warehouse.tables import inbox_events, notification_outbox, order_master, schedule_history
from tests.integration.web.conftest import fresh_url
from tests.integration.web.live_service import HOST, load_and_plan, settings_of, wait_until
from tests.warehouse_fixtures import EACH_ENGINE

KILLS = int(os.environ.get("CMS_KILLS", "2"))
EVENTS_A_LIFE = 12


@pytest.fixture(params=EACH_ENGINE)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return fresh_url(request, tmp_path)


@pytest.mark.slow
def test_no_event_is_lost_or_done_twice_however_often_the_service_is_killed(
    company: Company, url: str, tmp_path: Path
) -> None:
    with running_sandbox(company, options=SandboxOptions(webhook_retry_seconds=1.0)) as sandbox:
        environment = settings_of(sandbox, tmp_path / "system", url)
        with open_system(environment=environment) as system:
            load_and_plan(system, tmp_path / "system")
            port = _free_port()
            _subscribe(sandbox, port)
            numbers = _movable(system, sandbox)

            last = _live_and_die(environment, port, sandbox, numbers)
            with _service(environment, port):
                assert sandbox.post.wait_until_taken(60)
                assert wait_until(lambda: system.warehouse.inbox.backlog().waiting == 0, 90)

            _assert_each_once(system, sandbox, last)


def _live_and_die(environment: dict[str, str], port: int, sandbox: Sandbox, numbers: list[str]) -> dict[str, int]:
    """The service lives and is killed, again and again, while orders change; the last quantity of each order."""
    random, quantities = Random(7), {}
    for life in range(KILLS):
        with _service(environment, port, kill=True):
            for _ in range(EVENTS_A_LIFE):
                number = random.choice(numbers)
                row = sandbox.orders.order(number)
                assert row is not None
                quantities[number] = max(2, int(float(row["quantity"])) + random.choice((-1, 1)))
                sandbox.orders.change_order(number, {"quantity": str(quantities[number])})
                time.sleep(random.uniform(0.0, 0.08))
            time.sleep(random.uniform(0.0, 0.6) if life % 2 else 0.0)
    return quantities


def _assert_each_once(system: System, sandbox: Sandbox, quantities: dict[str, int]) -> None:
    told = {json.loads(delivery.body(False))["id"] for delivery in sandbox.post.deliveries}
    with system.warehouse.engine.connect() as connection:
        events = connection.execute(sa.select(inbox_events.c.payload, inbox_events.c.status)).all()
        stored = dict(connection.execute(sa.select(order_master.c.order_id, order_master.c.quantity)).fetchall())
        history = (
            connection.execute(sa.select(schedule_history).order_by(schedule_history.c.history_id)).mappings().all()
        )
        notices = connection.execute(sa.select(notification_outbox.c.order_id, notification_outbox.c.facts)).all()
    published = system.warehouse.schedules.published()
    assert published is not None
    scheduled = {str(i): sum(d.quantity for d in own) for i, own in published.deliveries_by_order().items()}

    assert Counter(json.loads(payload)["id"] for payload, _ in events) == Counter(told)
    assert {status for _, status in events} == {"done"}
    assert {number: int(stored[number]) for number in quantities} == quantities
    assert {number: int(scheduled[number]) for number in quantities} == quantities
    # each history line goes on where the one before it ended: nothing was applied twice or left out
    for number in quantities:
        lines = [line for line in history if line["order_id"] == number]
        assert all(a["new_quantity"] == b["old_quantity"] for a, b in pairwise(lines))
        assert all(a["new_delivery_date"] == b["old_delivery_date"] for a, b in pairwise(lines))
        assert sum(1 for order_id, _ in notices if order_id == number) <= len(lines)


@contextmanager
def _service(environment: dict[str, str], port: int, *, kill: bool = False) -> Iterator[None]:
    """`cms serve` as its own process, ended politely or by ``kill -9``."""
    command = [sys.executable, "-c", "from cms.cli import main; main()", "serve", "--port", str(port)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, env=os.environ | environment, **quiet)  # type: ignore[call-overload]
    try:
        assert wait_until(lambda: _is_up(port), 60)
        yield
    finally:
        process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
        process.wait(60)


def _is_up(port: int) -> bool:
    try:
        return requests.get(f"http://{HOST}:{port}/healthz", timeout=5).ok
    except (requests.ConnectionError, requests.Timeout):
        return False


def _subscribe(sandbox: Sandbox, port: int) -> None:
    address = f"http://{HOST}:{port}/webhooks/orders"
    headers = {"Authorization": f"Bearer {ORDERS_TOKEN}"}
    assert requests.post(f"{sandbox.url}/orders/v1/webhooks", json={"url": address}, headers=headers, timeout=10).ok


def _movable(system: System, sandbox: Sandbox) -> list[str]:
    published = system.warehouse.schedules.published()
    assert published is not None
    free = {d.order_id for d in published.deliveries if not d.frozen}
    shared = {item.name for board in sandbox.account.boards.values() for item in board.items.values()}
    return sorted(({row["orderNumber"] for row in sandbox.orders.rows} & free) - shared)


def _free_port() -> int:
    import socket  # noqa: PLC0415

    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
