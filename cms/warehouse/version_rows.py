"""The rows of a schedule version: written anew or copied; of versions that events made only the latest keep theirs."""

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from cms.application.ports import ORDER_EVENT
from cms.domain.errors import NotFoundError
from cms.domain.orders import OrderId
from cms.domain.schedule import MasterSchedule
from cms.warehouse.bulk import IDS_IN_A_QUERY, insert_rows
from cms.warehouse.schedule_rows import delivery_rows, load_rows, unscheduled_rows
from cms.warehouse.tables import master_schedule, schedule_loads, schedule_versions, unscheduled_orders

KEPT_EVENT_VERSIONS = 50
"""An event changes a few orders and makes a version with all of them: the details of older ones are let go.

What each changed stays in the schedule history for ever, and versions by plans keep their details.
"""
_DETAILS = (master_schedule, schedule_loads, unscheduled_orders)


def write_version(
    connection: sa.Connection,
    schedule: MasterSchedule,
    version: int,
    *,
    replaces: int,
    changed_orders: frozenset[OrderId] | None,
) -> None:
    """Give a version its deliveries, loads and unscheduled orders."""
    if changed_orders is None or replaces == 0 or len(changed_orders) > IDS_IN_A_QUERY:
        insert_rows(connection, master_schedule, delivery_rows(schedule.deliveries, version))
        insert_rows(connection, schedule_loads, load_rows(schedule.loads, version))
    else:
        for table in (master_schedule, schedule_loads):
            _copy_others(connection, table, replaces, version, changed_orders)
        insert_rows(connection, master_schedule, delivery_rows(_of(schedule.deliveries, changed_orders), version))
        insert_rows(connection, schedule_loads, load_rows(_of(schedule.loads, changed_orders), version))
    insert_rows(connection, unscheduled_orders, unscheduled_rows(schedule, version))


def forget_details(connection: sa.Connection, version: int) -> None:
    """Let go of the details of the version by an event that has become old enough with `version`."""
    old = version - KEPT_EVENT_VERSIONS
    table = schedule_versions
    query = sa.select(table.c.version).where(table.c.version == old, table.c.reason_code == ORDER_EVENT)
    if connection.execute(query).first() is not None:
        for details in _DETAILS:
            connection.execute(sa.delete(details).where(details.c.version == old))


def refuse_forgotten(connection: sa.Connection, head: Mapping[str, Any]) -> None:
    """Refuse to show a version whose details were let go as if it had none.

    Raises
    ------
    NotFoundError
    """
    if head["reason_code"] != ORDER_EVENT:
        return
    newest = connection.execute(sa.select(sa.func.max(schedule_versions.c.version))).scalar_one()
    if head["version"] <= newest - KEPT_EVENT_VERSIONS:
        remedy = "an event made it, and only its changes are kept: cms schedule show --order ORDER"
        raise NotFoundError("details of schedule version", str(head["version"]), remedy)


def _copy_others(
    connection: sa.Connection, table: sa.Table, replaces: int, version: int, changed_orders: Iterable[OrderId]
) -> None:
    others = [column for column in table.columns if column.name != "version"]
    chosen = sa.select(sa.literal(version, table.c.version.type), *others).where(
        table.c.version == replaces, table.c.order_id.not_in(sorted(changed_orders))
    )
    connection.execute(sa.insert(table).from_select(["version", *(column.name for column in others)], chosen))


def _of(parts: Iterable[Any], order_ids: frozenset[OrderId]) -> list[Any]:
    return [part for part in parts if part.order_id in order_ids]
