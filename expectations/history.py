"""What the warehouse already knows of a load's source: the rows it holds, its recent loads, and its usual orders."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from cms.application.ports import Dataset
from expectations.conditions import DayAfter, DaysBetween, DistinctValues, HourOf, WeekdayOf
from expectations.rules import Staged
from expectations.usual_orders import FEWEST_FOR_HOURS, UsualOrders, usual_offset

RECENT_LOADS = 5
FEWEST_ROWS = 20
"""A load of fewer rows says nothing about itself."""
YEAR = timedelta(days=366)
LATEST_ORDERS = 20_000
LATEST_FOR_FEW_ROWS = 1_000
"""Single orders must not wait for a look at a whole year."""
SAMPLED_ROWS = 400


def recent_rows(connection: sa.Connection, staged: Staged) -> tuple[int, ...]:
    """Row counts of the latest merged loads of the same dataset and source, newest first."""
    loads = staged.tables["loads"]
    query = (
        sa.select(loads.c.row_count)
        .where(
            loads.c.dataset == staged.load.dataset.value,
            loads.c.source == staged.load.source,
            loads.c.status == "merged",
            loads.c.load_id != staged.load.load_id,
        )
        .order_by(loads.c.staged_at.desc(), loads.c.load_id.desc())
        .limit(RECENT_LOADS)
    )
    return tuple(connection.scalars(query))


def unrepeated_keys(connection: sa.Connection, staged: Staged, keys: Sequence[str]) -> frozenset[str]:
    """Which of some columns hold no value twice in a load: most loads need no closer look than this count."""
    if not keys or staged.load.row_count <= 1:
        return frozenset(keys)
    counts = (sa.func.count(staged[key]) - DistinctValues(staged[key]) for key in keys)
    repeated = connection.execute(sa.select(*counts).where(staged.belongs)).one()
    return frozenset(key for key, more in zip(keys, repeated, strict=True) if not more)


@dataclass(frozen=True, kw_only=True, slots=True)
class LatestOrders:
    """The latest orders of the last year, at most 20,000; 1,000 for a load of a few rows."""

    table: sa.Table
    since: datetime
    limit: int

    def select(self, *columns: str) -> sa.Select[Any]:
        """Columns of these orders."""
        orders = self.table.c
        query = sa.select(*(orders[column] for column in columns)).where(orders.ordered_at >= self.since)
        return query.order_by(orders.ordered_at.desc()).limit(self.limit)


def latest_orders(staged: Staged) -> LatestOrders:
    """What the rows of a load are compared with."""
    limit = LATEST_FOR_FEW_ROWS if staged.load.row_count < FEWEST_ROWS else LATEST_ORDERS
    return LatestOrders(table=staged.tables["order_master"], since=staged.now - YEAR, limit=limit)


def usual_orders(connection: sa.Connection, staged: Staged) -> UsualOrders:
    """What the orders of a load are compared with; nothing for other datasets."""
    if staged.load.dataset is not Dataset.ORDERS:
        return UsualOrders()
    groups = connection.execute(_usual_groups(staged)).mappings().all()
    own = [group for group in groups if group["source_system"] == staged.load.source]
    promised = [group for group in own if group["promised"]]
    hours: Counter[int] = Counter()
    for group in own:
        hours[group["hour"]] += group["orders"]
    return UsualOrders(
        held=sum(group["orders"] for group in groups),
        orders=hours.total(),
        lead_days=_range(own, "lead"),
        promised=sum(group["promised"] for group in promised),
        promise_days=_range(promised, "later"),
        weekdays=frozenset(group["weekday"] for group in own),
        hours=hours,
        offset_minutes=_usual_offset(connection, staged),
    )


def _range(groups: list[sa.RowMapping], name: str) -> tuple[int, int]:
    least = min((int(group[f"least_{name}"]) for group in groups), default=0)
    return least, max((int(group[f"most_{name}"]) for group in groups), default=0)


def _usual_groups(staged: Staged) -> sa.Select[Any]:
    columns = ("source_system", "ordered_at", "requested_date", "promised_date")
    latest = latest_orders(staged).select(*columns).subquery("latest")
    # SQL Server does not take two equal expressions with parameters for one: it groups by columns
    told = sa.select(
        latest.c.source_system,
        HourOf(latest.c.ordered_at).label("hour"),
        WeekdayOf(latest.c.requested_date).label("weekday"),
        DaysBetween(DayAfter(latest.c.ordered_at, 0), latest.c.requested_date).label("lead"),
        DaysBetween(latest.c.requested_date, latest.c.promised_date).label("later"),
    ).subquery("told")
    groups = (told.c.source_system, told.c.hour, told.c.weekday)
    return sa.select(
        *groups,
        sa.func.count().label("orders"),
        sa.func.count(told.c.later).label("promised"),
        *(
            function(told.c[name]).label(f"{label}_{name}")
            for name in ("lead", "later")
            for label, function in (("least", sa.func.min), ("most", sa.func.max))
        ),
    ).group_by(*groups)


def _usual_offset(connection: sa.Connection, staged: Staged) -> int | None:
    if staged.load.row_count < FEWEST_ROWS:
        return None
    step = max(1, staged.load.row_count // SAMPLED_ROWS)
    sampled = list(range(step, staged.load.row_count + 1, step))
    sample = sa.select(staged["raw"]).where(staged.belongs, staged["row_number"].in_(sampled))
    return usual_offset(connection.scalars(sample))


def hours_of_load(connection: sa.Connection, staged: Staged) -> Mapping[int, int]:
    """Orders of a load by the hour of their instant; empty where there is too little to compare them with."""
    if staged.usual.orders < FEWEST_FOR_HOURS or staged.load.row_count < FEWEST_ROWS:
        return {}
    hours = sa.select(HourOf(staged["ordered_at"]).label("hour")).where(
        staged.belongs, staged["ordered_at"].is_not(None)
    )
    told = hours.subquery("told")
    counts = connection.execute(sa.select(told.c.hour, sa.func.count()).group_by(told.c.hour))
    return {row[0]: row[1] for row in counts}


def held_rows(connection: sa.Connection, staged: Staged) -> int:
    """Rows of the load's source that a complete snapshot without them would remove; 0 where that is not known."""
    query = _HELD.get(staged.load.dataset)
    return 0 if query is None else connection.scalar(query(staged)) or 0


def _held_customers(staged: Staged) -> sa.Select[int]:
    customers = staged.tables["customer_master"]
    return (
        sa.select(sa.func.count())
        .select_from(customers)
        .where(customers.c.source_system == staged.load.source, customers.c.status == "active")
    )


def _held_orders(staged: Staged) -> sa.Select[int]:
    records = staged.tables["order_source_records"]
    return (
        sa.select(sa.func.count())
        .select_from(records)
        .where(records.c.source_system == staged.load.source, records.c.removed_at.is_(None))
    )


_HELD = {Dataset.CUSTOMERS: _held_customers, Dataset.ORDERS: _held_orders}
