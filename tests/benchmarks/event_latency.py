"""How long after an event its order is scheduled and its notice queued, at a steady rate, on SQLite and PostgreSQL.

Run with: python -m tests.benchmarks.event_latency [--seconds 60] [--rate 20] [--orders-per-month 2000]

The service runs as its own process, as `cms serve` does; events come as signed webhooks of order management, whose
REST API the sandbox serves from this process. The latency of an event is the time from its sending to the commit of
what it caused: the instant at which it was marked done. A 99th percentile of a second or more is an error.
"""

import argparse
import hashlib
import hmac
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from random import Random

import requests
import sqlalchemy as sa

from cms.bootstrap import System, open_system
from cms.sandbox import SIGNING_SECRET, Sandbox, running_sandbox
from cms.warehouse.tables import inbox_events
from tests.integration.web.live_service import a_company, load_and_plan, settings_of, wait_until
from tests.postgresql_server import find_binaries, start_server

MOST_SECONDS = 1.0


def main() -> None:
    """Measure and print."""
    options = _options()
    company = a_company(customers=options.customers, orders_per_month=options.orders_per_month, history_months=3)
    slow = []
    with running_sandbox(company) as sandbox, tempfile.TemporaryDirectory() as name:
        for engine in options.engines.split(","):
            folder = Path(name) / engine
            folder.mkdir()
            with _database(engine, folder) as url:
                slow += [engine] if _measure(engine, url, folder, sandbox, options) >= MOST_SECONDS else []
    if slow:
        raise SystemExit(f"on {', '.join(slow)} the 99th percentile is not under {MOST_SECONDS:g} s, as is promised")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=20.0)
    parser.add_argument("--customers", type=int, default=200)
    parser.add_argument("--orders-per-month", type=int, default=1000)
    parser.add_argument("--engines", default="sqlite,postgresql")
    return parser.parse_args()


@contextmanager
def _database(engine: str, folder: Path) -> Iterator[str]:
    if engine == "sqlite":
        yield f"sqlite:///{folder / 'warehouse.db'}"
        return
    if find_binaries() is None:
        sys.exit("no PostgreSQL programs are installed")
    server = start_server(Path(tempfile.mkdtemp(prefix="cms-bench-")), is_durable=True)
    try:
        yield server.create_database("bench")
    finally:
        server.stop()


def _measure(engine: str, url: str, folder: Path, sandbox: Sandbox, options: argparse.Namespace) -> float:
    """Print what was measured; the 99th percentile of the seconds until an event's order is scheduled."""
    environment = settings_of(sandbox, folder, url)
    with open_system(environment=environment) as system:
        load_and_plan(system, folder)
        published = system.warehouse.schedules.published()
        assert published is not None
        free = {delivery.order_id for delivery in published.deliveries if not delivery.frozen}
        numbers = sorted({row["orderNumber"] for row in sandbox.orders.rows} & free)
        with _service(environment) as address:
            sent = _send(sandbox, address, numbers, options)
            done = _wait(system, len(sent))
        versions = system.warehouse.schedules.published_version()
        scheduled = [done[key][1] - at for key, at in sent.items()]
        print(
            f"{engine}: {len(published.deliveries)} deliveries, {len(sent)} events at {options.rate:g}/s, "
            f"{versions - 1} versions\n"
            f"  stored after       {_shares([done[key][0] - at for key, at in sent.items()])}\n"
            f"  scheduled, queued  {_shares(scheduled)}",
            flush=True,
        )
        return _share(scheduled, 0.99)


@contextmanager
def _service(environment: dict[str, str]) -> Iterator[str]:
    """`cms serve` as its own process; its address."""
    command = [sys.executable, "-c", "from cms.cli import main; main()", "serve", "--port", "0", "--json"]
    process = subprocess.Popen(
        command, env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    try:
        announced = ""
        while "}" not in announced:
            announced += process.stdout.readline()
        address = str(json.loads(announced)["address"])
        wait_until(lambda: _is_up(address))
        yield address
    finally:
        process.terminate()
        process.wait(30)


def _is_up(address: str) -> bool:
    try:
        return requests.get(f"{address}/healthz", timeout=5).ok
    except requests.ConnectionError:
        return False


def _send(sandbox: Sandbox, address: str, numbers: list[str], options: argparse.Namespace) -> dict[str, float]:
    """Change an order and tell of it, at the rate; when each event was sent, by its id."""
    random, sent, lock = Random(1), {}, threading.Lock()
    local = threading.local()

    def tell(event_id: str, number: str) -> None:
        body = json.dumps({"id": event_id, "type": "order.updated", "orderNumber": number}).encode()
        if not hasattr(local, "session"):
            local.session = requests.Session()
        at = time.time()
        digest = hmac.new(SIGNING_SECRET.encode(), f"{int(at)}.".encode() + body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "X-Order-Signature": f"t={int(at)},v1={digest}"}
        answer = local.session.post(f"{address}/webhooks/orders", data=body, headers=headers, timeout=30)
        assert answer.ok, answer.text
        with lock:
            sent[event_id] = at

    with ThreadPoolExecutor(16) as pool:
        started, futures = time.monotonic(), []
        for n in range(int(options.seconds * options.rate)):
            time.sleep(max(0.0, started + n / options.rate - time.monotonic()))
            number = random.choice(numbers)
            row = sandbox.orders.order(number)
            assert row is not None
            sandbox.orders.change_order(
                number, {"quantity": str(max(1, int(float(row["quantity"])) + random.choice((-1, 1))))}
            )
            futures.append(pool.submit(tell, f"e{n}", number))
        for future in futures:
            future.result()
    return sent


def _wait(system: System, count: int) -> dict[str, tuple[float, float]]:
    """When each event was stored and when it was done, by its id."""
    inbox = system.warehouse.inbox
    wait_until(lambda: inbox.backlog().done >= count, 120)
    query = sa.select(inbox_events.c.payload, inbox_events.c.received_at, inbox_events.c.processed_at)
    with system.warehouse.engine.connect() as connection:
        rows = connection.execute(query).all()
    return {json.loads(payload)["id"]: (stored.timestamp(), done.timestamp()) for payload, stored, done in rows if done}


def _shares(seconds: list[float]) -> str:
    shown = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
    return ", ".join(f"{name} {_share(seconds, share) * 1000:.0f} ms" for name, share in shown.items())


def _share(seconds: list[float], share: float) -> float:
    return sorted(seconds)[min(len(seconds) - 1, int(len(seconds) * share))]


if __name__ == "__main__":
    main()
