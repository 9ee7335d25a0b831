"""The queries of every day against a warehouse with five years of orders and their history, on SQLite and PostgreSQL.

Run: ``python -m tests.benchmarks.daily_queries [MONTHS]`` (60 without an argument). Each query is asked many times with
other orders, customers and days, through the stores that the commands and the service use; the 99th percentile counts.
"""

import math
import random
import sys
import time
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from cms.domain.customers import CustomerId
from cms.domain.orders import OrderId
from cms.warehouse.engine import reading
from cms.warehouse.tables import capacity_planning, customer_master, order_master
from cms.warehouse.warehouse import Warehouse
from tests.benchmarks.five_years import YearsOptions, fill
from tests.benchmarks.gated_load import warehouses

MOST_MILLISECONDS = 50.0
TIMES = 400
WEEK = timedelta(days=7)
SEED = 7


def main(months: int = 60) -> None:
    """Prints the percentiles; a 99th percentile above its promise is an error."""
    broken = []
    with warehouses() as (urls, _):
        for name, url in urls.items():
            warehouse = Warehouse.open(url)
            counts = fill(warehouse.engine, YearsOptions(months=months))
            print(f"{name}: {sum(counts.values()):,} rows, {counts['order_master']:,} orders")
            for query, milliseconds in measure(warehouse).items():
                print(f"  {query:<32} {milliseconds[50]:6.1f} ms median, {milliseconds[99]:6.1f} ms 99th percentile")
                broken += [f"{name}: {query}"] if milliseconds[99] > MOST_MILLISECONDS else []
            warehouse.close()
    if broken:
        raise SystemExit(f"slower than {MOST_MILLISECONDS:g} ms: {', '.join(broken)}")


def measure(warehouse: Warehouse) -> dict[str, dict[int, float]]:
    """Milliseconds of each query: the median and the 99th percentile."""
    chance = random.Random(SEED)
    orders = [OrderId(order) for order in _some(warehouse, order_master.c.order_id)]
    customers = [CustomerId(customer) for customer in _some(warehouse, customer_master.c.customer_id)]
    published = warehouse.schedules.published()
    assert published is not None
    days = sorted({delivery.delivery_date for delivery in published.deliveries})
    buckets: list[date] = _some(warehouse, capacity_planning.c.bucket_date)
    weeks = [day - timedelta(days=day.weekday()) for day in buckets]
    queries: dict[str, Callable[[], object]] = {
        "schedule of a day": lambda: warehouse.schedules.deliveries_on(chance.choice(days)),
        "an order's history": lambda: warehouse.schedules.history(chance.choice(orders)),
        "a week's capacity": lambda: warehouse.capacity.hours_by_week(monday := chance.choice(weeks), monday + WEEK),
        "open orders of a customer": lambda: warehouse.orders.open_orders_of(chance.choice(customers)),
        "an order with its deliveries": lambda: warehouse.schedules.order_delivery(chance.choice(orders)),
    }
    return {name: _percentiles(query) for name, query in queries.items()}


def _some(warehouse: Warehouse, column: "sa.Column[Any]") -> list[Any]:
    with reading(warehouse.engine) as connection:
        values = connection.execute(sa.select(column).distinct().order_by(column)).scalars().all()
    return list(values[:: max(1, len(values) // 2_000)])


def _percentiles(query: Callable[[], object]) -> dict[int, float]:
    query()
    taken = []
    for _ in range(TIMES):
        started = time.perf_counter()
        query()
        taken.append(1000 * (time.perf_counter() - started))
    taken.sort()
    return {share: taken[math.ceil(len(taken) * share / 100) - 1] for share in (50, 99)}


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
