"""Two services on one warehouse: whatever both are told of is kept once, and done once."""

import hashlib
import hmac
import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
import sqlalchemy as sa

from cms.bootstrap import System, open_system
from cms.sandbox import SIGNING_SECRET, Company, running_sandbox
from cms.warehouse.tables import inbox_events, loads
from tests.integration.web.conftest import fresh_url
from tests.integration.web.live_service import HOST, load_and_plan, settings_of, wait_until
from tests.integration.web.service_process import MovableOrders, free_port, history_of, service_process
from tests.warehouse_fixtures import EACH_ENGINE


@pytest.fixture(params=EACH_ENGINE)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return fresh_url(request, tmp_path)


@pytest.mark.slow
def test_two_services_on_one_warehouse_do_no_event_twice(company: Company, url: str, tmp_path: Path) -> None:
    with running_sandbox(company) as sandbox:
        environment = settings_of(sandbox, tmp_path / "system", url)
        with open_system(environment=environment) as system:
            load_and_plan(system, tmp_path / "system")
            ports = [free_port(), free_port()]
            orders = MovableOrders.of(system, sandbox)
            numbers = orders.numbers[:16]
            rows_before, lines_before = _staged_rows(system), len(history_of(system))
            with (
                service_process(environment, ports[0]),
                service_process(environment, ports[1]),
                ThreadPoolExecutor(4) as pool,
            ):
                answers = []
                for n, number in enumerate(numbers):
                    orders.change_number(number, 1)
                    # each service is told of every event, in turn the one first and the other
                    answers += [pool.submit(_tell, port, number) for port in (ports if n % 2 else ports[::-1])]
                    time.sleep(0.05)
                assert wait_until(lambda: system.warehouse.inbox.backlog().done == len(numbers), 180)

            assert Counter(answer.result() for answer in answers) == {"stored": len(numbers), "known": len(numbers)}
            assert {event.attempts for event in _all_events(system)} == {0}
            # every order was read and merged once, and its history has one line at most
            assert _staged_rows(system) - rows_before == len(numbers)
            lines = history_of(system)[lines_before:]
            assert max(Counter(line["order_id"] for line in lines).values()) == 1


def _all_events(system: System) -> list[Any]:
    with system.warehouse.engine.connect() as connection:
        return list(connection.execute(sa.select(inbox_events)).all())


def _staged_rows(system: System) -> int:
    with system.warehouse.engine.connect() as connection:
        return int(connection.execute(sa.select(sa.func.sum(loads.c.row_count))).scalar_one())


def _tell(port: int, number: str) -> str:
    """Tell a service of the order, as order management does; what became of the event."""
    body = json.dumps({"id": f"event-{number}", "type": "order.updated", "orderNumber": number}).encode()
    seconds = int(time.time())
    digest = hmac.new(SIGNING_SECRET.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json", "X-Order-Signature": f"t={seconds},v1={digest}"}
    answer = requests.post(f"http://{HOST}:{port}/webhooks/orders", data=body, headers=headers, timeout=30)
    return str(answer.json()["status"])
