"""`cms serve`, killed at random while boards and order management tell of changes: no event is lost or done twice."""

import json
import os
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
import requests
import sqlalchemy as sa

from cms.bootstrap import System, open_system
from cms.monday.webhooks import create_webhooks
from cms.sandbox import ORDERS_TOKEN, Company, Sandbox, SandboxOptions, running_sandbox
from cms.sandbox.company_boards import ORDER_BOARD
from cms.warehouse.tables import inbox_events, notification_outbox, order_master
from cms.web.event_bodies import monday_event, order_event
from tests.integration.web.conftest import fresh_url
from tests.integration.web.live_service import HOST, load_and_plan, settings_of, wait_until
from tests.integration.web.service_process import MovableOrders, free_port, history_of, service_process
from tests.warehouse_fixtures import EACH_ENGINE

KILLS = int(os.environ.get("CMS_KILLS", "2"))
EVENTS_A_LIFE = 12
RETRY_SECONDS = 6.0
"""Between redeliveries, of which there are 30: a service may take three minutes to come back on a busy machine."""
BOARD, MANAGED = "order_board", "order_management"


@pytest.fixture(params=EACH_ENGINE)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return fresh_url(request, tmp_path)


@pytest.mark.slow
def test_no_event_is_lost_or_done_twice_however_often_the_service_is_killed(
    company: Company, url: str, tmp_path: Path
) -> None:
    with running_sandbox(company, options=SandboxOptions(webhook_retry_seconds=RETRY_SECONDS)) as sandbox:
        environment = settings_of(sandbox, tmp_path / "system", url)
        with open_system(environment=environment) as system:
            load_and_plan(system, tmp_path / "system")
            port = free_port()

            last = _live_and_die(environment, port, system, sandbox)
            with service_process(environment, port):
                assert sandbox.post.wait_until_taken(180)
                assert all(delivery.is_taken for delivery in sandbox.post.deliveries), "the sandbox gave up telling"
                assert wait_until(lambda: system.warehouse.inbox.backlog().waiting == 0, 180)

            assert _events(system) == Counter(_told(sandbox))
            assert {source for source, _ in _events(system)} == {BOARD, MANAGED}
            _assert_each_once(system, last)


def _live_and_die(environment: dict[str, str], port: int, system: System, sandbox: Sandbox) -> dict[str, int]:
    """The service lives and is killed, again and again, while orders change; the last quantity of each order."""
    random, quantities = Random(7), {}
    orders = MovableOrders.of(system, sandbox)
    for life in range(KILLS):
        with service_process(environment, port, kill=True):
            if life == 0:
                _subscribe(system, sandbox, port)
            for _ in range(EVENTS_A_LIFE):
                order_id, quantity = orders.change_one(random)
                quantities[order_id] = quantity
                time.sleep(random.uniform(0.0, 0.08))
            time.sleep(random.uniform(0.0, 0.6) if life % 2 else 0.0)
    return quantities


def _subscribe(system: System, sandbox: Sandbox, port: int) -> None:
    """Have the sandbox tell a service that is up of changes on the order board and in order management."""
    create_webhooks(system.monday, ORDER_BOARD, f"http://{HOST}:{port}/webhooks/monday")
    address = f"http://{HOST}:{port}/webhooks/orders"
    headers = {"Authorization": f"Bearer {ORDERS_TOKEN}"}
    assert requests.post(f"{sandbox.url}/orders/v1/webhooks", json={"url": address}, headers=headers, timeout=10).ok


def _told(sandbox: Sandbox) -> set[tuple[str, str]]:
    """Source and key of everything that the sandbox told of."""
    told = set()
    for delivery in sandbox.post.deliveries:
        body = json.loads(delivery.body(False))
        source, event = (BOARD, monday_event(body)) if "event" in body else (MANAGED, order_event(body))
        told.add((source, f"{event.key}:{source}"))
    return told


def _events(system: System) -> Counter[tuple[str, str]]:
    """Source and key of everything that was done; whatever else is in the inbox is named by its state."""
    table = inbox_events.c
    with system.warehouse.engine.connect() as connection:
        rows = connection.execute(sa.select(table.source, table.deduplication_key, table.status)).all()
    return Counter((row.source, row.deduplication_key) if row.status == "done" else tuple(row[1:]) for row in rows)


def _assert_each_once(system: System, quantities: dict[str, int]) -> None:
    with system.warehouse.engine.connect() as connection:
        stored = dict(connection.execute(sa.select(order_master.c.order_id, order_master.c.quantity)).fetchall())
        notices = connection.execute(sa.select(notification_outbox.c.order_id, notification_outbox.c.facts)).all()
    published = system.warehouse.schedules.published()
    assert published is not None
    scheduled = {str(i): sum(d.quantity for d in own) for i, own in published.deliveries_by_order().items()}
    scheduled |= {u.order_id: scheduled.get(u.order_id, 0) + u.quantity for u in published.unscheduled}
    history = history_of(system)

    assert {number: int(stored[number]) for number in quantities} == quantities
    assert {number: int(scheduled[number]) for number in quantities} == quantities
    # each history line goes on where the one before it ended: nothing was applied twice or left out
    for number in quantities:
        lines = [line for line in history if line["order_id"] == number]
        assert all(a["new_quantity"] == b["old_quantity"] for a, b in pairwise(lines))
        assert all(a["new_delivery_date"] == b["old_delivery_date"] for a, b in pairwise(lines))
        assert sum(1 for order_id, _ in notices if order_id == number) <= len(lines)
