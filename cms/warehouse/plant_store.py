"""The plant's master data: resources, routings, calendar and default windows, written only where they change."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from cms.application.ports import MergeCounts, Plant
from cms.domain.errors import InvalidValueError
from cms.domain.resources import LoadAnchor, Resource, ResourceId, Routing, RoutingId, RoutingStep
from cms.domain.work_calendar import CalendarException
from cms.warehouse.bulk import read_rows
from cms.warehouse.engine import in_transaction, reading
from cms.warehouse.history import PastChange, RecordChange, past_changes, record_changes
from cms.warehouse.locks import Lock, take
from cms.warehouse.plant_calendar import (
    enter_exception,
    forget_resources,
    read_default_windows,
    read_exceptions,
    save_default_windows,
    save_exceptions,
)
from cms.warehouse.tables import calendar_exceptions, resources, routing_steps, routings

Row = dict[str, Any]
Key = tuple[Any, ...]


@dataclass(frozen=True, kw_only=True)
class WarehousePlant:
    """The plant in the warehouse; the `PlantStore` of the use cases."""

    engine: Engine

    def plant(self) -> Plant:
        """Everything that makes and ships."""
        with reading(self.engine) as connection:
            return read_plant(connection)

    def save_plant(self, plant: Plant, *, now: datetime, actor: str) -> MergeCounts:
        """Replace the plant's master data; unchanged rows are not written, exceptions entered one by one stay.

        Raises
        ------
        InvalidValueError
            A routing needs a resource that the plant does not have.
        """
        _refuse_unknown_resources(plant)

        def work(connection: sa.Connection) -> MergeCounts:
            take(connection, Lock.PLANT)
            return _save(connection, plant, now, actor)

        return in_transaction(self.engine, work)

    def add_exceptions(self, exceptions: Sequence[CalendarException], *, now: datetime, actor: str) -> None:
        """Enter holidays, maintenance, overtime approvals or blackouts, all or none, with their history.

        One that stands for the same day, kind, resource and customer is withdrawn: the new one replaces it.

        Raises
        ------
        InvalidValueError
            One names a resource that the plant does not have.
        """

        def work(connection: sa.Connection) -> None:
            take(connection, Lock.PLANT)
            for exception in exceptions:
                enter_exception(connection, exception, now=now, actor=actor)

        in_transaction(self.engine, work)

    def calendar_history(self, *, most: int) -> list[PastChange]:
        """Who entered, changed or withdrew what of the calendar, the newest first."""
        with reading(self.engine) as connection:
            return past_changes(connection, calendar_exceptions, most=most)


def read_plant(connection: sa.Connection) -> Plant:
    """Everything that makes and ships, in order of id."""
    return Plant(
        resources=tuple(_resource(row) for row in _read(connection, resources).values()),
        routings=_routings(connection),
        exceptions=read_exceptions(connection),
        default_windows=read_default_windows(connection),
    )


def _refuse_unknown_resources(plant: Plant) -> None:
    known = {resource.resource_id for resource in plant.resources}
    for routing in plant.routings:
        for step in routing.steps:
            if step.resource_id not in known:
                place = f"routings.{routing.routing_id}.resource_id"
                raise InvalidValueError(place, "must name a resource of the plant", step.resource_id)


def _save(connection: sa.Connection, plant: Plant, now: datetime, actor: str) -> MergeCounts:
    loaded = {"loaded_at": now, "load_id": f"plant-{now:%Y%m%dT%H%M%S}"}
    steps = {(r.routing_id, n): _step_row(r, n) for r in plant.routings for n in range(len(r.steps))}
    wanted: list[tuple[sa.Table, dict[Key, Row], Row]] = [
        (resources, {(r.resource_id,): _resource_row(r) for r in plant.resources}, loaded),
        (routings, {(r.routing_id,): _routing_row(r) for r in plant.routings}, loaded),
        (routing_steps, steps, {}),
    ]
    saves = [
        _Save(connection=connection, table=t, rows=rows, stamp=stamp, now=now, actor=actor) for t, rows, stamp in wanted
    ]
    # parents are written before what names them, and removed after
    counts = [save.write() for save in saves]
    counts += [save_exceptions(connection, plant.exceptions, loaded=loaded, now=now, actor=actor)]
    counts += [save_default_windows(connection, plant.default_windows, loaded=loaded, now=now, actor=actor)]
    known = {resource.resource_id for resource in plant.resources}
    forget_resources(connection, [key[0] for key in _read(connection, resources) if key[0] not in known])
    counts += [save.remove() for save in reversed(saves)]
    return _sum(counts)


def _sum(counts: Sequence[MergeCounts]) -> MergeCounts:
    return MergeCounts(
        inserted=sum(c.inserted for c in counts),
        updated=sum(c.updated for c in counts),
        unchanged=sum(c.unchanged for c in counts),
        removed=sum(c.removed for c in counts),
    )


@dataclass(frozen=True, kw_only=True)
class _Save:
    """One table brought to the wanted rows: few rows, compared in memory."""

    connection: sa.Connection
    table: sa.Table
    rows: Mapping[Key, Row]
    stamp: Row
    now: datetime
    actor: str

    def write(self) -> MergeCounts:
        present = _read(self.connection, self.table)
        new = [key for key in self.rows if key not in present]
        changed = [key for key in self.rows if key in present and self._difference(present[key], key)]
        for key in new:
            self.connection.execute(sa.insert(self.table).values(**self.rows[key], **self.stamp))
        for key in changed:
            statement = sa.update(self.table).where(*self._is(key))
            self.connection.execute(statement.values(**self.rows[key], **self.stamp))
        self._record([self._line(key, "inserted", None, self.rows[key]) for key in new])
        self._record([self._changed_line(key, present[key]) for key in changed])
        unchanged = len(self.rows) - len(new) - len(changed)
        return MergeCounts(inserted=len(new), updated=len(changed), unchanged=unchanged)

    def remove(self) -> MergeCounts:
        present = _read(self.connection, self.table)
        gone = [key for key in present if key not in self.rows]
        for key in gone:
            self.connection.execute(sa.delete(self.table).where(*self._is(key)))
        self._record([self._line(key, "removed", present[key], None) for key in gone])
        return MergeCounts(removed=len(gone))

    def _difference(self, row: Row, key: Key) -> dict[str, Any]:
        return {name: row[name] for name, value in self.rows[key].items() if row[name] != value}

    def _is(self, key: Key) -> list[sa.ColumnElement[bool]]:
        return [column == value for column, value in zip(self.table.primary_key.columns, key, strict=True)]

    def _changed_line(self, key: Key, row: Row) -> RecordChange:
        old = self._difference(row, key)
        return self._line(key, "updated", old, {name: self.rows[key][name] for name in old})

    @staticmethod
    def _line(key: Key, change_type: str, old: Row | None, new: Row | None) -> RecordChange:
        return RecordChange(row_key="/".join(map(str, key)), change_type=change_type, old=old, new=new)

    def _record(self, changes: Sequence[RecordChange]) -> None:
        record_changes(self.connection, self.table, changes, now=self.now, actor=self.actor)


def _read(connection: sa.Connection, table: sa.Table) -> dict[Key, Row]:
    keys = [column.name for column in table.primary_key.columns]
    query = sa.select(table).order_by(*table.primary_key.columns)
    return {tuple(row[name] for name in keys): dict(row) for row in read_rows(connection, query)}


def _hours(value: float) -> Decimal:
    return Decimal(str(value)).quantize(Decimal("0.00000001"))


def _money(value: float) -> Decimal:
    return Decimal(str(value)).quantize(Decimal("0.0001"))


def _resource_row(resource: Resource) -> Row:
    return {
        "resource_id": resource.resource_id,
        "name": resource.name,
        "regular_hours": _hours(resource.regular_hours),
        "overtime_hours": _hours(resource.overtime_hours),
        "overtime_cost_per_hour": _money(resource.overtime_cost_per_hour),
        "working_weekdays": ",".join(str(day) for day in sorted(resource.working_weekdays)),
    }


def _resource(row: Row) -> Resource:
    return Resource(
        resource_id=ResourceId(row["resource_id"]),
        name=row["name"],
        regular_hours=float(row["regular_hours"]),
        overtime_hours=float(row["overtime_hours"]),
        overtime_cost_per_hour=float(row["overtime_cost_per_hour"]),
        working_weekdays=frozenset(int(day) for day in row["working_weekdays"].split(",") if day),
    )


def _routing_row(routing: Routing) -> Row:
    return {
        "routing_id": routing.routing_id,
        "product_family": routing.product_family,
        "cost": _money(routing.cost),
    }


def _step_row(routing: Routing, sequence: int) -> Row:
    step = routing.steps[sequence]
    return {
        "routing_id": routing.routing_id,
        "sequence": sequence,
        "resource_id": step.resource_id,
        "setup_hours": _hours(step.setup_hours),
        "hours_per_unit": _hours(step.hours_per_unit),
        "offset_days": step.offset_days,
        "anchor": step.anchor.value,
        "max_hours_per_day": None if math.isinf(step.max_hours_per_day) else _hours(step.max_hours_per_day),
    }


def _routings(connection: sa.Connection) -> tuple[Routing, ...]:
    steps: dict[str, list[RoutingStep]] = {}
    for row in _read(connection, routing_steps).values():
        steps.setdefault(row["routing_id"], []).append(_step(row))
    return tuple(
        Routing(
            routing_id=RoutingId(row["routing_id"]),
            product_family=row["product_family"],
            cost=float(row["cost"]),
            steps=tuple(steps[row["routing_id"]]),
        )
        for row in _read(connection, routings).values()
    )


def _step(row: Row) -> RoutingStep:
    longest = row["max_hours_per_day"]
    return RoutingStep(
        resource_id=ResourceId(row["resource_id"]),
        setup_hours=float(row["setup_hours"]),
        hours_per_unit=float(row["hours_per_unit"]),
        offset_days=row["offset_days"],
        anchor=LoadAnchor(row["anchor"]),
        max_hours_per_day=math.inf if longest is None else float(longest),
    )
