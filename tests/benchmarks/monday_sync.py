"""A full sync of a board against a bare loop that fetches the same pages, in the same run.

Run: ``python -m tests.benchmarks.monday_sync [ITEMS] [LATENCY_MS]`` (10,000 and 300 without arguments). The sandbox
runs in a process of its own; both read its customer board in turn, five times, and the shortest times are compared.
Without latency the ratio says what our own work costs beside a server that answers from memory.
"""

import multiprocessing
import multiprocessing.queues
import sys
import time
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import requests

from cms.config import MondaySettings, MondaySourceSettings
from cms.monday.client import MondayClient
from cms.monday.customer_source import MondayCustomerSource
from cms.monday.queries import FIRST_PAGE, NEXT_PAGE, Operation
from cms.sandbox import MONDAY_TOKEN, CompanyOptions, Sandbox, SandboxOptions, generate_company, serve_forever
from cms.sandbox.monday_api.limits import Limits
from cms.sandbox.settings_file import sandbox_settings

MOST_TIMES_A_BARE_LOOP = 1.3
ROUNDS = 5


def main(items: int = 10_000, latency_ms: int = 300) -> None:
    """Prints both times and their ratio; a ratio above the promised one is an error."""
    context = multiprocessing.get_context("spawn")
    ready: multiprocessing.queues.Queue[str] = context.Queue()
    server = context.Process(target=_serve, args=(items, latency_ms, ready), daemon=True)
    server.start()
    try:
        ratio = _compare(ready.get(timeout=120))
    finally:
        server.terminate()
        server.join()
    if ratio > MOST_TIMES_A_BARE_LOOP:
        raise SystemExit(f"a sync took {ratio:.2f} times a bare loop; at most {MOST_TIMES_A_BARE_LOOP} is promised")


def _serve(items: int, latency_ms: int, ready: "multiprocessing.queues.Queue[str]") -> None:
    company = generate_company(
        CompanyOptions(as_of=date(2026, 1, 5), customers=items, orders_per_month=10, history_months=1)
    )
    unlimited = Limits(complexity_per_query=10**9, complexity_per_minute=10**9)
    sandbox = Sandbox(company, options=SandboxOptions(limits=unlimited, latency_seconds=latency_ms / 1000))
    listening = sandbox.listen()
    ready.put(sandbox.monday_url)
    serve_forever(sandbox, listening)


def _compare(url: str) -> float:
    source, columns = _source(url, MONDAY_TOKEN)
    _sync(source)
    bare, synced = [], []
    for _ in range(ROUNDS):
        bare.append(_bare_loop(url, source, columns))
        synced.append(_sync(source))
    ratio = min(synced) / min(bare)
    print(f"bare loop {min(bare):6.2f} s   sync {min(synced):6.2f} s   ratio {ratio:.2f}")
    return ratio


def _source(url: str, token: str) -> tuple[MondayCustomerSource, list[str]]:
    text = sandbox_settings(monday_url=url, orders_url="http://127.0.0.1/", folder=Path("var"))
    settings = MondaySourceSettings.model_validate(tomllib.loads(text)["sources"]["customer_board"])
    source = MondayCustomerSource("board", settings, MondayClient.open(MondaySettings(url=url), token))
    return source, list(source.board.pages.columns)


def _sync(source: MondayCustomerSource) -> float:
    """Seconds until every row and window is there."""
    started = time.perf_counter()
    batch = source.read(watermark=None)
    rows, windows = sum(1 for _ in batch.rows), sum(1 for _ in batch.windows())
    seconds = time.perf_counter() - started
    print(f"  sync: {rows:,} rows, {windows:,} windows, {seconds:.2f} s, {source.board.client.requests_sent} requests")
    return seconds


def _bare_loop(url: str, source: MondayCustomerSource, columns: list[str]) -> float:
    """Seconds to fetch the same pages, and do nothing with them."""
    session = requests.Session()
    session.headers.update({"Authorization": MONDAY_TOKEN, "API-Version": MondaySettings().api_version})
    board = source.board.settings.board_id
    first = {
        "board": board,
        "limit": 500,
        "columns": columns,
        "query": {"order_by": [{"column_id": "__last_updated__"}]},
    }

    def ask(operation: Operation, variables: dict[str, object]) -> dict[str, Any]:
        answer = session.post(url, json={"query": operation.text, "variables": variables}, timeout=60)
        data: dict[str, Any] = answer.json()["data"]
        return data

    started = time.perf_counter()
    boards = ask(FIRST_PAGE, first)["boards"]
    page = boards[0]["items_page"]
    count = len(page["items"])
    while page["cursor"]:
        page = ask(NEXT_PAGE, {"cursor": page["cursor"], "limit": 500, "columns": columns})["next_items_page"]
        count += len(page["items"])
    seconds = time.perf_counter() - started
    print(f"  bare: {count:,} items, {seconds:.2f} s")
    return seconds


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:3]))
