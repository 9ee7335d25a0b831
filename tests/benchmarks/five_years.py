"""Years of customers, orders, plans and their history, written in bulk into an empty warehouse of any engine.

Run: ``python -m tests.benchmarks.five_years sqlite:///five_years.db [MONTHS [ORDERS_A_MONTH [CUSTOMERS]]]``; the
schema is made where it is missing. Five years are 3.2 million rows and take some 45 s of CPU on SQLite. What is written
agrees with itself as a real warehouse does: `tests.table_checks` finds nothing wrong with it. A version is planned on
each working day and keeps its deliveries and loads, as versions of plans do.
"""

import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from cms.warehouse.bulk import insert_rows
from cms.warehouse.engine import in_transaction, open_engine
from cms.warehouse.schema import upgrade
from tests.benchmarks.years_of_rows import ROWS_OF_TABLES
from tests.benchmarks.years_of_work import LATEST_MOVE_DAYS, Order, Years

ROWS_AT_ONCE = 20_000


@dataclass(frozen=True, kw_only=True)
class YearsOptions:
    """How much there is; five years of the size that the system is designed for, where nothing else is said."""

    months: int = 60
    orders_a_month: int = 2_000
    customers: int = 500
    seed: int = 1


def fill(engine: Engine, options: YearsOptions | None = None) -> dict[str, int]:
    """Fill an empty warehouse; rows by table. The same options give the same rows."""
    options = options or YearsOptions()
    years = invent(options)
    counts = {}
    for table, rows_of in ROWS_OF_TABLES:
        counts[table.name] = _write(engine, table, rows_of(years))
    if engine.dialect.name != "mssql":
        in_transaction(engine, lambda connection: connection.exec_driver_sql("ANALYZE"))
    return counts


def invent(options: YearsOptions) -> Years:
    """Invent the orders, in order of ordering: each is planned the next working day and delivered some days later."""
    chance = random.Random(options.seed)
    years = Years.of(months=options.months, customers=options.customers)
    total = options.months * options.orders_a_month
    for number in range(total):
        ordered = number * (years.days - 1) // total
        delivery = ordered + chance.randint(4, 12)
        moved_from = delivery - chance.randint(1, LATEST_MOVE_DAYS) if chance.random() < 0.15 else delivery
        moved_at = min(chance.randint(ordered + 2, ordered + 3), moved_from)
        years.orders.append(
            Order(
                number=number,
                customer=chance.randrange(options.customers),
                family=chance.randrange(6),
                quantity=chance.randint(5, 150),
                ordered=ordered,
                delivery=delivery,
                moved_from=moved_from,
                moved_at=moved_at,
                is_cancelled=chance.random() < 0.02,
            )
        )
    return years


def _write(engine: Engine, table: sa.Table, rows: Iterator[dict[str, Any]]) -> int:
    return in_transaction(engine, lambda connection: _insert(connection, table, rows), attempts=1)


def _insert(connection: sa.Connection, table: sa.Table, rows: Iterator[dict[str, Any]]) -> int:
    count = 0
    while piece := list(islice(rows, ROWS_AT_ONCE)):
        insert_rows(connection, table, piece)
        count += len(piece)
    return count


def main(url: str, *options: str) -> None:
    """Fills the warehouse at `url`; the numbers of months, of orders a month and of customers may follow."""
    engine = open_engine(url)
    upgrade(engine)
    started = time.process_time(), time.perf_counter()
    names = ("months", "orders_a_month", "customers")
    counts = fill(engine, YearsOptions(**dict(zip(names, map(int, options), strict=False))))
    engine.dispose()
    for name, count in counts.items():
        print(f"{name:<24}{count:>12,}")
    print(f"{sum(counts.values()):,} rows, {time.process_time() - started[0]:.1f} s of CPU here, ", end="")
    print(f"{time.perf_counter() - started[1]:.1f} s in all")


if __name__ == "__main__":
    main(*sys.argv[1:])
