"""Days on which customers take no delivery, as their source says, in the calendar beside those of the plant file."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from cms.aggregation.day_lists import days_of
from cms.application.ports import Dataset, StagedLoad
from cms.domain.work_calendar import ExceptionKind
from cms.warehouse.bulk import insert_rows, pieces, read_rows
from cms.warehouse.history import RecordChange, record_changes
from cms.warehouse.merge_steps import loaded_columns, mergeable
from cms.warehouse.tables import calendar_exceptions
from cms.warehouse.tables import staging_customers as staged

FROM_CUSTOMERS = f"{Dataset.CUSTOMERS.value}-"
"""How the load ids of exceptions begin that a source of customers gave: neither the plant file nor a person did."""


def save_blackouts(connection: sa.Connection, load: StagedLoad, *, now: datetime) -> None:
    """Bring the blackout days of the customers in a load up to what their source says; others' stay as they are."""
    said = connection.execute(
        sa.select(staged.c.customer_id, staged.c.blackout_dates).where(mergeable(staged, load))
    ).all()
    wanted = {customer_id: days_of(text) for customer_id, text in said}
    for customer_ids in pieces(sorted(wanted)):
        _save_piece(connection, load, {name: wanted[name] for name in customer_ids}, now)


def _save_piece(
    connection: sa.Connection, load: StagedLoad, wanted: Mapping[str, frozenset[date]], now: datetime
) -> None:
    present = {
        (row["customer_id"], row["day"]): row["exception_id"] for row in _present(connection, load, list(wanted))
    }
    places = {(customer_id, day) for customer_id, days in wanted.items() for day in days}
    new, gone = sorted(places - present.keys()), sorted(present.keys() - places)
    insert_rows(connection, calendar_exceptions, [_row(*place, load) | loaded_columns(load, now) for place in new])
    for ids in pieces([present[place] for place in gone]):
        connection.execute(
            sa.update(calendar_exceptions).where(calendar_exceptions.c.exception_id.in_(ids)).values(withdrawn_at=now)
        )
    lines = [_line("entered", *place) for place in new] + [_line("withdrawn", *place) for place in gone]
    record_changes(connection, calendar_exceptions, lines, now=now, actor=load.source)


def _present(connection: sa.Connection, load: StagedLoad, customer_ids: Sequence[str]) -> list[dict[str, Any]]:
    table = calendar_exceptions
    query = sa.select(table.c.exception_id, table.c.customer_id, table.c.day).where(
        table.c.kind == ExceptionKind.BLACKOUT.value,
        table.c.customer_id.in_(customer_ids),
        table.c.entered_by == load.source,
        table.c.load_id.startswith(FROM_CUSTOMERS, autoescape=True),
        table.c.withdrawn_at.is_(None),
    )
    return read_rows(connection, query)


def _row(customer_id: str, day: date, load: StagedLoad) -> dict[str, Any]:
    return {
        "day": day,
        "kind": ExceptionKind.BLACKOUT.value,
        "resource_id": None,
        "customer_id": customer_id,
        "hours": 0.0,
        "reason": None,
        "entered_by": load.source,
        "withdrawn_at": None,
    }


def _line(change_type: str, customer_id: str, day: date) -> RecordChange:
    key = f"{day}/{ExceptionKind.BLACKOUT.value}/{customer_id}"
    values = {"day": day, "customer_id": customer_id}
    is_new = change_type == "entered"
    return RecordChange(
        row_key=key, change_type=change_type, old=None if is_new else values, new=values if is_new else None
    )
