"""After any schedule of faults the warehouse holds what it would hold if it had read the boards in peace.

``CMS_FAULT_SCHEDULES`` sets how many seeded schedules are tried (a fiftieth of it on each engine, 4 by default).
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import sqlalchemy as sa

from cms.application.gated_load import GatedLoader
from cms.application.ports import Dataset
from cms.application.sync_customers import sync_customers
from cms.application.sync_orders import sync_orders
from cms.config import GateSettings
from cms.monday.errors import DailyLimitError
from cms.sandbox import FaultKind, Sandbox, random_faults
from cms.sandbox.company_boards import CUSTOMER_BOARD, ORDER_BOARD
from cms.sandbox.faults import RECOVERABLE
from cms.warehouse.tables import customer_master, delivery_schedules, metadata, order_source_records
from cms.warehouse.warehouse import Warehouse
from expectations.direct import DirectGate
from tests.integration.monday.boards import a_client, a_source
from tests.integration.web.live_service import copy_of

SCHEDULES = int(os.environ.get("CMS_FAULT_SCHEDULES", "200")) // 50
_DAY_SECONDS = 86_400.0

Held = dict[str, set[tuple[str, ...]]]
"""Key and hash of each row that its source still has, by table."""


def test_the_warehouse_holds_what_the_boards_say(
    warehouse: Warehouse, sandbox: Sandbox, sqlite_template: Path, tmp_path: Path
) -> None:
    for seed in range(SCHEDULES):
        random = Random(seed)
        kinds = (*RECOVERABLE, FaultKind.DAILY_LIMIT)
        sandbox.faults.set(random_faults(seed, kinds=kinds, probability=0.3), seed=seed)
        _sync_at_last(warehouse, sandbox, full=random.random() < 0.5)
        _let_a_day_pass(sandbox)
        _sync(warehouse, sandbox)

        with _an_empty_warehouse(sqlite_template, tmp_path / f"{seed}.db") as other:
            _sync(other, sandbox, full=True)
            assert _held(warehouse) == _held(other), f"seed {seed}"


def test_items_that_left_their_board_are_left_out_once_a_sync_has_looked(
    warehouse: Warehouse, sandbox: Sandbox
) -> None:
    _sync(warehouse, sandbox)
    before = _held(warehouse)
    gone = [min(sandbox.account.boards[board].items) for board in (CUSTOMER_BOARD, ORDER_BOARD)]

    for item_id in gone:
        sandbox.account.delete_item(item_id)
    _let_a_day_pass(sandbox)
    _sync(warehouse, sandbox)

    after = _held(warehouse)
    assert {row[0] for table in ("customers", "orders") for row in before[table] - after[table]} == set(gone)


@contextmanager
def _an_empty_warehouse(template: Path, path: Path) -> Iterator[Warehouse]:
    empty = Warehouse.open(copy_of(template, path))
    try:
        yield empty
    finally:
        empty.close()


def _let_a_day_pass(sandbox: Sandbox) -> None:
    sandbox.faults.clear()
    sandbox.clock.advance(_DAY_SECONDS)


def _sync_at_last(warehouse: Warehouse, sandbox: Sandbox, *, full: bool) -> None:
    """Sync, and after the daily limit go on the next day."""
    for _ in range(6):
        try:
            _sync(warehouse, sandbox, full=full)
        except DailyLimitError as error:
            sandbox.clock.advance((error.resumes_at - sandbox.clock.now()).total_seconds())
        else:
            return
    raise AssertionError("the daily limit was reached again and again")


def _sync(warehouse: Warehouse, sandbox: Sandbox, *, full: bool = False) -> None:
    """Both boards, through the gate, as the flows do it."""
    gate = DirectGate(engine=warehouse.snapshots, tables=metadata.tables, settings=GateSettings())
    loader = GatedLoader(loads=warehouse.loads, gate=gate, clock=sandbox.clock)
    client, known = a_client(sandbox, broken_attempts=12), warehouse.loads.known_ids
    customers = a_source(client, CUSTOMER_BOARD, lambda: known(Dataset.CUSTOMERS, "customer_board"))
    orders = a_source(client, ORDER_BOARD, lambda: known(Dataset.ORDERS, "order_board"))
    sync_customers(customers, loader, full=full)
    sync_orders(orders, loader, full=full)


def _held(warehouse: Warehouse) -> Held:
    customers, windows, orders = customer_master.c, delivery_schedules.c, order_source_records.c
    present = customers.deactivated_at.is_(None)
    queries = {
        "customers": sa.select(customers.source_item_id, customers.customer_id, customers.row_hash).where(present),
        "windows": sa.select(windows.customer_id, windows.row_hash).join(customer_master).where(present),
        "orders": sa.select(orders.source_order_id, orders.order_id, orders.row_hash).where(
            orders.removed_at.is_(None)
        ),
    }
    with warehouse.engine.connect() as connection:
        return {name: {tuple(row) for row in connection.execute(query)} for name, query in queries.items()}
