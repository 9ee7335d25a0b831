"""Weekly capacity plans, and how many hours past schedules really used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from cms.capacity.weekly_plan import WeeklyLoad
from cms.domain.resources import ResourceId
from cms.warehouse.bulk import insert_rows, read_rows
from cms.warehouse.engine import in_transaction, reading
from cms.warehouse.locks import Lock, take
from cms.warehouse.tables import capacity_planning, weekly_capacity_plan

_HOURS = ("regular_hours", "overtime_hours", "committed_hours", "expected_hours")


@dataclass(frozen=True, kw_only=True)
class WarehouseCapacity:
    """Capacity plans in the warehouse; the `CapacityStore` of the use cases."""

    engine: Engine

    def save_weekly_plan(self, weeks: Sequence[WeeklyLoad], *, as_of: date, now: datetime) -> int:
        """Keep a weekly plan; returns rows written (0 where the same plan is already there)."""

        def work(connection: sa.Connection) -> int:
            take(connection, Lock.FIGURES)
            return _save(connection, weeks, as_of, now)

        return in_transaction(self.engine, work)

    def weekly_plan(self) -> list[WeeklyLoad]:
        """The latest weekly plan, by resource and week."""
        latest = sa.select(sa.func.max(weekly_capacity_plan.c.as_of)).scalar_subquery()
        with reading(self.engine) as connection:
            rows = _plan_rows(connection, weekly_capacity_plan.c.as_of == latest)
            return [_week(row) for row in rows]

    def hours_by_week(self, start: date, end: date) -> Mapping[tuple[ResourceId, date], float]:
        """Hours that the published loads of past schedules used, by resource and week start (Monday).

        The capacity plan keeps, for every day, what the last schedule that planned the day committed.
        """
        table = capacity_planning
        query = sa.select(table.c.resource_id, table.c.bucket_date, table.c.committed_hours).where(
            table.c.bucket_date >= start, table.c.bucket_date < end
        )
        weeks: dict[tuple[ResourceId, date], float] = {}
        with reading(self.engine) as connection:
            for resource_id, day, hours in connection.execute(query.order_by(table.c.resource_id, table.c.bucket_date)):
                key = (ResourceId(resource_id), day - timedelta(days=day.weekday()))
                weeks[key] = weeks.get(key, 0.0) + float(hours)
        return weeks


def _save(connection: sa.Connection, weeks: Sequence[WeeklyLoad], as_of: date, now: datetime) -> int:
    table = weekly_capacity_plan
    present = {_key(row): row for row in _plan_rows(connection, table.c.as_of == as_of)}
    wanted = {(week.resource_id, week.week_start): _row(week, as_of) for week in weeks}
    same = {key for key, row in wanted.items() if key in present and _hours(present[key]) == _hours(row)}
    if same == wanted.keys() == present.keys():
        return 0
    connection.execute(sa.delete(table).where(table.c.as_of == as_of))
    insert_rows(connection, table, [row | {"planned_at": now} for row in wanted.values()])
    return len(wanted.keys() - same) + len(present.keys() - wanted.keys())


def _plan_rows(connection: sa.Connection, which: sa.ColumnElement[bool]) -> Sequence[Mapping[str, Any]]:
    table = weekly_capacity_plan
    query = sa.select(table).where(which).order_by(table.c.resource_id, table.c.week_start)
    return read_rows(connection, query)


def _key(row: Mapping[str, Any]) -> tuple[str, date]:
    return row["resource_id"], row["week_start"]


def _hours(row: Mapping[str, Any]) -> list[Decimal]:
    return [Decimal(str(row[name])).quantize(Decimal("0.00000001")) for name in _HOURS]


def _row(week: WeeklyLoad, as_of: date) -> dict[str, Any]:
    hours = {name: getattr(week, name) for name in _HOURS}
    return {"as_of": as_of, "resource_id": week.resource_id, "week_start": week.week_start, **hours}


def _week(row: Mapping[str, Any]) -> WeeklyLoad:
    hours = {name: float(row[name]) for name in _HOURS}
    return WeeklyLoad(resource_id=ResourceId(row["resource_id"]), week_start=row["week_start"], **hours)
