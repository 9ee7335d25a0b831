"""A fuzz run: hostile texts go through every store, none becomes part of a statement, all come back as they were."""

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from cms.application.ports import Dataset, DeliveryNotice, KpiSnapshot
from cms.domain.customers import CustomerId
from cms.domain.errors import NotFoundError
from cms.domain.orders import OrderId
from cms.domain.schedule import UnscheduledOrder
from cms.warehouse.engine import schema_of
from cms.warehouse.tables import customer_master, metadata, order_master
from cms.warehouse.warehouse import Warehouse
from tests.builders import MONDAY, a_schedule
from tests.integration.warehouse.loading import NOW, bad_row, customer_row, load, order_row, rows_of

EXAMPLES = int(os.environ.get("CMS_EXAMPLES", "4"))
MARK = "zqx"
"""Stands in every hostile text and in no statement of ours."""
ATTACKS = (
    "'; DROP TABLE order_master; --",
    "' OR '1'='1",
    '"; DELETE FROM customer_master; --',
    "1); UPDATE order_master SET quantity = 0; --",
    "%s %(name)s ? :name {0}",
    "\\' UNION SELECT 1,2,3 --",
    "*/ /* `x` [y] $$",
)


def hostile_texts(count: int, chance: random.Random) -> Iterator[str]:
    """Different ones: an attack, what its quotes may need, and a number."""
    for number in range(count):
        tail = "".join(chance.choices("abc'\"\\;-%:?{}()\u00e9", k=8))
        yield f"{MARK}{chance.choice(ATTACKS)}{tail}{number}"


@contextmanager
def statements(engine: sa.Engine) -> Iterator[list[str]]:
    """The text of every statement that a driver is given meanwhile."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


def test_hostile_texts_stay_values(warehouse: Warehouse) -> None:
    tables = {table.name for table in metadata.sorted_tables}

    texts = list(hostile_texts(2 * EXAMPLES, random.Random(5)))
    with statements(warehouse.engine) as seen:
        for one, other in zip(texts[::2], texts[1::2], strict=True):
            work_with(warehouse, one, other)
    assert [statement for statement in seen if MARK in statement] == []
    assert len(seen) > 20 * EXAMPLES

    with warehouse.engine.connect() as connection:
        assert tables <= set(sa.inspect(connection).get_table_names(schema=schema_of(warehouse.engine)))


def work_with(warehouse: Warehouse, one: str, other: str) -> None:
    """Load, publish, note, look up and quarantine with hostile keys, names and reasons."""
    load(warehouse, Dataset.CUSTOMERS, [customer_row(one, name=other)], source=other)
    load(
        warehouse,
        Dataset.ORDERS,
        [order_row(other, customer_id=one, product_family=one, source_order_id=one)],
        source=one,
        removed_ids=frozenset({other}),
    )
    load(warehouse, Dataset.ORDERS, [order_row(f"BAD {one}", customer_id=one)], failures=[bad_row(1, reason=other)])
    order_id = OrderId(other)
    assert warehouse.orders.order(order_id).product_family == one
    assert (one, other) in rows_of(warehouse, customer_master, "customer_id", "name")
    assert warehouse.orders.open_orders_of(CustomerId(one))
    publish(warehouse, order_id, one)
    assert warehouse.orders.unscheduled_reason(order_id) == one
    assert warehouse.schedules.history(OrderId(one)) == []
    with pytest.raises(NotFoundError):
        warehouse.orders.order(OrderId(one + other))
    notice = DeliveryNotice(
        deduplication_key=one[:150],
        kind="alert",
        channel="email",
        recipient=other,
        order_id=None,
        customer_id=None,
        facts={"subject": one, "text": other},
    )
    warehouse.outbox.queue([notice], now=NOW)
    warehouse.outbox.claim_due(now=NOW + timedelta(days=1), limit=5, worker=one)
    (held, *_) = warehouse.quality.rows(dataset=Dataset.ORDERS, status="waiting", limit=5)
    assert held.reason == other
    warehouse.quality.reject([held.quarantine_id], by=one, now=NOW)
    assert warehouse.quality.rows(dataset=Dataset.ORDERS, status=one, limit=5) == []
    warehouse.checks.note(warehouse.schedules.published_version(), (one, other), now=NOW)
    warehouse.checks.rejected(one)
    figures = [KpiSnapshot(name=one[:150], value=Decimal(1), as_of=MONDAY)]
    warehouse.kpis.record(figures, schedule_version=1, now=NOW)
    assert rows_of(warehouse, order_master, "order_id")


def publish(warehouse: Warehouse, order_id: OrderId, reason: str) -> None:
    replaced = warehouse.schedules.published_version()
    left_out = UnscheduledOrder(order_id=order_id, quantity=Decimal(100), reason=reason)
    warehouse.schedules.publish(
        a_schedule(unscheduled=(left_out,), fingerprint=reason[:60]),
        changes=(),
        notices=(),
        replaces=replaced,
        reason_code=reason[:60],
        actor=reason[:60],
        now=NOW,
    )
