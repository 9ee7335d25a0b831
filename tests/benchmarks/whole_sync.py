"""The first day: 500 customers and 2,000 orders by the real commands, from a sandbox that answers in 300 ms.

Run: ``python -m tests.benchmarks.whole_sync [CUSTOMERS] [ORDERS] [LATENCY_MS]`` (500, 2,000 and 300 without arguments).
The sandbox runs in a process of its own; each command is a process, as an operator starts it, its imports included.
"""

import multiprocessing
import multiprocessing.queues
import os
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from cms.sandbox import (
    MONDAY_TOKEN,
    ORDERS_TOKEN,
    CompanyOptions,
    Sandbox,
    SandboxOptions,
    generate_company,
    serve_forever,
)
from cms.sandbox.settings_file import sandbox_settings

MOST_SECONDS = 600.0
COMMANDS = ("db upgrade", "import plant plant.toml", "sync customers --full", "sync orders --full")


def main(customers: int = 500, orders: int = 2_000, latency_ms: int = 300) -> None:
    """Prints what each command took; ten minutes in all are too much."""
    context = multiprocessing.get_context("spawn")
    ready: multiprocessing.queues.Queue[tuple[str, str, str]] = context.Queue()
    server = context.Process(target=_serve, args=(customers, orders, latency_ms, ready), daemon=True)
    server.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            seconds = _run_commands(Path(folder), *ready.get(timeout=300))
    finally:
        server.terminate()
        server.join()
    print(f"{customers} customers and {orders} orders: {seconds:.1f} s in all")
    if seconds > MOST_SECONDS:
        raise SystemExit(f"at most {MOST_SECONDS:g} s are promised")


def _serve(
    customers: int, orders: int, latency_ms: int, ready: "multiprocessing.queues.Queue[tuple[str, str, str]]"
) -> None:
    options = CompanyOptions(as_of=date(2026, 1, 5), customers=customers, orders_per_month=orders, history_months=1)
    company = generate_company(options)
    sandbox = Sandbox(company, options=SandboxOptions(latency_seconds=latency_ms / 1000))
    listening = sandbox.listen()
    ready.put((sandbox.monday_url, sandbox.orders_url, company.plant_file()))
    serve_forever(sandbox, listening)


def _run_commands(folder: Path, monday_url: str, orders_url: str, plant: str) -> float:
    text = sandbox_settings(monday_url=monday_url, orders_url=orders_url, folder=folder)
    (folder / "cms.toml").write_text(text, encoding="utf-8")
    (folder / "plant.toml").write_text(plant, encoding="utf-8")
    environment = os.environ | {
        "CMS_CONFIG": str(folder / "cms.toml"),
        "CMS_WAREHOUSE_URL": f"sqlite:///{folder / 'warehouse.db'}",
        "CMS_MONDAY_TOKEN": MONDAY_TOKEN,
        "CMS_ORDERS_TOKEN": ORDERS_TOKEN,
    }
    started = time.perf_counter()
    for command in COMMANDS:
        _run(command, folder, environment)
    return time.perf_counter() - started


def _run(command: str, folder: Path, environment: dict[str, str]) -> None:
    before, started = os.times(), time.perf_counter()
    program = [sys.executable, "-c", "from cms.cli import main; main()", *command.split()]
    done = subprocess.run(program, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 12):  # 12: rows were held back, as the company's own bad rows are
        sys.exit(f"cms {command}: status {done.returncode}: {done.stderr}")
    after = os.times()
    work = after.children_user + after.children_system - before.children_user - before.children_system
    print(f"  cms {command:<24} {time.perf_counter() - started:6.1f} s   ({work:.1f} s of them work)", flush=True)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:4]))
