"""The plant's calendar exceptions and default delivery windows: replaced as sets, entered one by one, never lost."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from cms.application.ports import MergeCounts
from cms.domain.customers import DeliveryWindow
from cms.domain.errors import InvalidValueError
from cms.domain.resources import ResourceId
from cms.domain.work_calendar import CalendarException, ExceptionKind
from cms.warehouse.bulk import insert_rows, read_rows
from cms.warehouse.customer_blackouts import FROM_CUSTOMERS
from cms.warehouse.history import RecordChange, record_changes
from cms.warehouse.tables import calendar_exceptions, delivery_schedules, resources

ENTERED = "entered"
"""Load id of an exception that a person entered: saving the plant does not withdraw it."""
Row = dict[str, Any]


def read_exceptions(connection: sa.Connection) -> tuple[CalendarException, ...]:
    """The exceptions that hold, by day."""
    return tuple(exception_of(row) for row in _exception_rows(connection))


def read_default_windows(connection: sa.Connection) -> tuple[DeliveryWindow, ...]:
    """The windows of customers that have none of their own."""
    return tuple(window_of(row) for row in _window_rows(connection))


def save_exceptions(
    connection: sa.Connection, exceptions: Iterable[CalendarException], *, loaded: Row, now: datetime, actor: str
) -> MergeCounts:
    """Bring the exceptions that came with the plant up to `exceptions`; those of persons and of customers stay."""
    rows = (row for row in _exception_rows(connection) if not row["load_id"].startswith(FROM_CUSTOMERS))
    present = {exception_of(row): row for row in rows}
    wanted = list(dict.fromkeys(_stored_form(exception) for exception in exceptions))
    new = [exception for exception in wanted if exception not in present]
    gone = [e for e, row in present.items() if row["load_id"] != ENTERED and e not in set(wanted)]
    insert_rows(connection, calendar_exceptions, [_row(e, actor) | loaded for e in new])
    _withdraw(connection, [present[e]["exception_id"] for e in gone], now)
    lines = [_line("entered", None, e) for e in new] + [_line("withdrawn", e, None) for e in gone]
    record_changes(connection, calendar_exceptions, lines, now=now, actor=actor)
    return MergeCounts(inserted=len(new), unchanged=len(wanted) - len(new), removed=len(gone))


def enter_exception(connection: sa.Connection, exception: CalendarException, *, now: datetime, actor: str) -> None:
    """Enter one exception; the one that stands for the same day, kind, resource and customer is withdrawn."""
    exception = _stored_form(exception)
    _refuse_unknown_resource(connection, exception)
    same = [row for row in _exception_rows(connection, exception.day) if _place(exception_of(row)) == _place(exception)]
    if any(exception_of(row) == exception for row in same):
        return
    _withdraw(connection, [row["exception_id"] for row in same], now)
    insert_rows(connection, calendar_exceptions, [_row(exception, actor) | {"loaded_at": now, "load_id": ENTERED}])
    lines = [_line("withdrawn", exception_of(row), None) for row in same] + [_line("entered", None, exception)]
    record_changes(connection, calendar_exceptions, lines, now=now, actor=actor)


def save_default_windows(
    connection: sa.Connection, windows: Iterable[DeliveryWindow], *, loaded: Row, now: datetime, actor: str
) -> MergeCounts:
    """Bring the default windows up to `windows`."""
    present = {window_of(row): row for row in _window_rows(connection)}
    wanted = list(dict.fromkeys(windows))
    new = [window for window in wanted if window not in present]
    gone = [window for window in present if window not in set(wanted)]
    insert_rows(connection, delivery_schedules, [_window_row(window) | loaded for window in new])
    ids = [present[window]["delivery_schedule_id"] for window in gone]
    connection.execute(sa.delete(delivery_schedules).where(delivery_schedules.c.delivery_schedule_id.in_(ids)))
    lines = [
        RecordChange(row_key="default", change_type=change_type, **{side: _window_values(window)})
        for change_type, side, changed in (("inserted", "new", new), ("removed", "old", gone))
        for window in changed
    ]
    record_changes(connection, delivery_schedules, lines, now=now, actor=actor)
    return MergeCounts(inserted=len(new), unchanged=len(wanted) - len(new), removed=len(gone))


def forget_resources(connection: sa.Connection, resource_ids: Sequence[str]) -> None:
    """Delete the exceptions of resources that are leaving; the history keeps them."""
    connection.execute(sa.delete(calendar_exceptions).where(calendar_exceptions.c.resource_id.in_(resource_ids)))


def window_of(row: Mapping[str, Any]) -> DeliveryWindow:
    """A delivery window from its row."""
    return DeliveryWindow(
        weekday=row["weekday"],
        start=row["window_start"],
        end=row["window_end"],
        effective_from=row["effective_from"],
        effective_to=row["effective_to"],
    )


def exception_of(row: Mapping[str, Any]) -> CalendarException:
    """A calendar exception from its row."""
    return CalendarException(
        day=row["day"],
        kind=ExceptionKind(row["kind"]),
        resource_id=None if row["resource_id"] is None else ResourceId(row["resource_id"]),
        customer_id=row["customer_id"],
        hours=float(row["hours"]),
        reason=row["reason"] or "",
    )


def _exception_rows(connection: sa.Connection, day: Any = None) -> Sequence[Mapping[str, Any]]:
    query = sa.select(calendar_exceptions).where(calendar_exceptions.c.withdrawn_at.is_(None))
    if day is not None:
        query = query.where(calendar_exceptions.c.day == day)
    rows = read_rows(connection, query)
    return sorted(rows, key=lambda row: (row["day"], row["kind"], row["resource_id"] or "", row["exception_id"]))


def _window_rows(connection: sa.Connection) -> Sequence[Mapping[str, Any]]:
    query = (
        sa.select(delivery_schedules)
        .where(delivery_schedules.c.customer_id.is_(None))
        .order_by(
            delivery_schedules.c.weekday,
            delivery_schedules.c.window_start,
            delivery_schedules.c.window_end,
            delivery_schedules.c.delivery_schedule_id,
        )
    )
    return read_rows(connection, query)


def _stored_form(exception: CalendarException) -> CalendarException:
    return CalendarException(
        day=exception.day,
        kind=exception.kind,
        resource_id=exception.resource_id,
        customer_id=exception.customer_id,
        hours=round(exception.hours, 8),
        reason=exception.reason,
    )


def _place(exception: CalendarException) -> tuple[object, ...]:
    return exception.day, exception.kind, exception.resource_id, exception.customer_id


def _refuse_unknown_resource(connection: sa.Connection, exception: CalendarException) -> None:
    if exception.resource_id is None:
        return
    query = sa.select(resources.c.resource_id).order_by(resources.c.resource_id)
    known = connection.execute(query).scalars().all()
    if exception.resource_id not in known:
        raise InvalidValueError(
            "resource_id", f"must be one of {', '.join(known) or 'none yet'}", exception.resource_id
        )


def _row(exception: CalendarException, actor: str) -> Row:
    return {
        "day": exception.day,
        "kind": exception.kind.value,
        "resource_id": exception.resource_id,
        "customer_id": exception.customer_id,
        "hours": exception.hours,
        "reason": exception.reason or None,
        "entered_by": actor,
        "withdrawn_at": None,
    }


def _withdraw(connection: sa.Connection, exception_ids: Sequence[int], now: datetime) -> None:
    connection.execute(
        sa.update(calendar_exceptions)
        .where(calendar_exceptions.c.exception_id.in_(exception_ids))
        .values(withdrawn_at=now)
    )


def _line(change_type: str, old: CalendarException | None, new: CalendarException | None) -> RecordChange:
    exception = old or new
    assert exception is not None, "a line is about one exception"
    return RecordChange(
        row_key=f"{exception.day}/{exception.kind}/{exception.resource_id or exception.customer_id or 'all'}",
        change_type=change_type,
        old=_row(old, "") if old else None,
        new=_row(new, "") if new else None,
    )


def _window_values(window: DeliveryWindow) -> Row:
    return {
        "weekday": window.weekday,
        "window_start": window.start,
        "window_end": window.end,
        "effective_from": window.effective_from,
        "effective_to": window.effective_to,
    }


def _window_row(window: DeliveryWindow) -> Row:
    values = _window_values(window)
    row_hash = hashlib.blake2b(repr(list(values.values())).encode(), digest_size=16).hexdigest()
    return {"customer_id": None} | values | {"row_hash": row_hash}
