"""The merge against a model of a few lines: any series of loads ends as the model says."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from cms.application.ports import Dataset
from cms.domain.orders import OrderStatus, may_become
from cms.warehouse.engine import open_engine
from cms.warehouse.schema import upgrade
from cms.warehouse.tables import customer_master, order_master
from cms.warehouse.warehouse import Warehouse
from tests.integration.warehouse.loading import NOW, customer_row, know_customers, load, order_row, rows_of

KEYS = ("A", "B", "C", "D")
STATUSES = tuple(status for status in OrderStatus if status is not OrderStatus.SCHEDULED)
orders_of_a_load = st.lists(
    st.tuples(st.sampled_from(KEYS), st.integers(0, 12), st.integers(1, 5), st.sampled_from(STATUSES)), max_size=5
)
customers_of_a_load = st.lists(st.tuples(st.sampled_from(KEYS), st.integers(0, 12), st.integers(1, 3)), max_size=5)


class Orders(RuleBasedStateMachine):
    """Loads of orders of one source, complete or not, some removed, some from long ago."""

    @initialize()
    def open(self) -> None:
        self._scope = an_empty_warehouse()
        self.warehouse = self._scope.__enter__()
        know_customers(self.warehouse)
        self.records: dict[str, tuple[int, int, OrderStatus]] = {}
        self.removed: set[str] = set()
        self.orders: dict[str, tuple[int, OrderStatus]] = {}
        self.before_removal: dict[str, OrderStatus] = {}

    @rule(rows=orders_of_a_load, complete=st.booleans(), removed=st.frozensets(st.sampled_from(KEYS), max_size=2))
    def load_orders(
        self, rows: list[tuple[str, int, int, OrderStatus]], complete: bool, removed: frozenset[str]
    ) -> None:
        load(
            self.warehouse,
            Dataset.ORDERS,
            [
                order_row(key, quantity=Decimal(n), status=s.value, source_updated_at=NOW + timedelta(minutes=minute))
                for key, minute, n, s in rows
            ],
            complete=complete,
            removed_ids=removed,
        )
        for key, (minute, quantity, status) in self._latest(rows).items():
            self._take(key, minute, quantity, status)
        gone = removed | (self.records.keys() - {row[0] for row in rows} if complete else set())
        for key in gone & self.records.keys():
            self._remove(key)

    @invariant()
    def the_order_book_is_the_models(self) -> None:
        if hasattr(self, "warehouse"):
            found = rows_of(self.warehouse, order_master, "order_id", "quantity", "status")
            assert found == sorted((key, Decimal(n), status.value) for key, (n, status) in self.orders.items())

    def teardown(self) -> None:
        if hasattr(self, "_scope"):
            self._scope.__exit__(None, None, None)

    @staticmethod
    def _latest(rows: list[tuple[str, int, int, OrderStatus]]) -> dict[str, tuple[int, int, OrderStatus]]:
        latest: dict[str, tuple[int, int, OrderStatus]] = {}
        for key, minute, quantity, status in rows:
            if key not in latest or minute >= latest[key][0]:
                latest[key] = (minute, quantity, status)
        return latest

    def _take(self, key: str, minute: int, quantity: int, status: OrderStatus) -> None:
        if key in self.records and minute < self.records[key][0]:
            return
        said_before = self.records.get(key, (0, 0, None))[1:]
        self.records[key] = (minute, quantity, status)
        if said_before == (quantity, status) and key not in self.removed:
            return
        self.removed.discard(key)
        old = self.orders[key][1] if key in self.orders else status
        old = self.before_removal.pop(key, old)
        self.orders[key] = (quantity, status if may_become(old, status) else old)

    def _remove(self, key: str) -> None:
        if key in self.removed:
            return
        self.removed.add(key)
        quantity, status = self.orders[key]
        if status is not OrderStatus.CANCELLED and may_become(status, OrderStatus.CANCELLED):
            self.before_removal[key] = status
            self.orders[key] = (quantity, OrderStatus.CANCELLED)


class Customers(RuleBasedStateMachine):
    """Loads of customers of one source, complete or not."""

    @initialize()
    def open(self) -> None:
        self._scope = an_empty_warehouse()
        self.warehouse = self._scope.__enter__()
        self.customers: dict[str, tuple[int, int, str]] = {}

    @rule(rows=customers_of_a_load, complete=st.booleans())
    def load_customers(self, rows: list[tuple[str, int, int]], complete: bool) -> None:
        load(
            self.warehouse,
            Dataset.CUSTOMERS,
            [
                customer_row(key, priority=n, source_updated_at=NOW + timedelta(minutes=minute))
                for key, minute, n in rows
            ],
            complete=complete,
        )
        for key, minute, priority in rows:
            if key not in self.customers or minute >= self.customers[key][0]:
                self.customers[key] = (minute, priority, "active")
        if complete:
            for key in self.customers.keys() - {row[0] for row in rows}:
                minute, priority, _ = self.customers[key]
                self.customers[key] = (minute, priority, "inactive")

    @invariant()
    def the_customer_master_is_the_models(self) -> None:
        if hasattr(self, "warehouse"):
            found = rows_of(self.warehouse, customer_master, "customer_id", "priority", "status")
            assert found == sorted((key, n, status) for key, (_, n, status) in self.customers.items())

    def teardown(self) -> None:
        if hasattr(self, "_scope"):
            self._scope.__exit__(None, None, None)


@contextmanager
def an_empty_warehouse() -> Iterator[Warehouse]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "warehouse.db"
        path.write_bytes(_template())
        engine = open_engine(f"sqlite:///{path}")
        yield Warehouse(engine=engine)
        engine.dispose()


@cache
def _template() -> bytes:
    """The file of an empty warehouse: migrations take longer than the loads of an example."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "warehouse.db"
        engine = open_engine(f"sqlite:///{path}")
        upgrade(engine)
        engine.dispose()
        return path.read_bytes()


RUNS = settings(
    max_examples=int(os.environ.get("CMS_EXAMPLES", "10")),
    stateful_step_count=8,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestOrders = Orders.TestCase
TestOrders.settings = RUNS
TestCustomers = Customers.TestCase
TestCustomers.settings = RUNS
