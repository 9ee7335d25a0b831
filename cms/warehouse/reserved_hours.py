"""Keeps the reserved hours of the capacity plan in step with the quotes that hold them."""

from collections.abc import Iterable
from datetime import date

import sqlalchemy as sa

from cms.application.ports import Reservation
from cms.capacity.ledger import BucketKey, CapacityLoad, hours_by_bucket, reserved_beside
from cms.domain.resources import ResourceId
from cms.warehouse.tables import capacity_planning


def held_hours(reservations: Iterable[Reservation]) -> dict[BucketKey, float]:
    """What quotes hold, by resource-bucket."""
    return hours_by_bucket(CapacityLoad(held.resource_id, held.bucket_date, held.hours) for held in reservations)


def keep_reserved_hours(connection: sa.Connection, reservations: Iterable[Reservation], *, today: date) -> None:
    """Write what quotes hold now into the capacity plan, from today on; days that are past stay as they were."""
    held, table = held_hours(reservations), capacity_planning.c
    concerned = sa.or_(table.reserved_hours != 0, table.bucket_date.in_(sorted({day for _, day in held})))
    query = sa.select(
        table.resource_id,
        table.bucket_date,
        table.regular_hours + table.overtime_hours,
        table.committed_hours,
        table.reserved_hours,
    ).where(table.bucket_date >= today, concerned)
    for resource_id, day, available, committed, reserved in connection.execute(query).all():
        wanted = reserved_beside(
            float(committed),
            available_hours=float(available),
            held_hours=held.get((ResourceId(resource_id), day), 0.0),
        )
        if abs(wanted - float(reserved)) > 1e-9:
            connection.execute(
                sa.update(capacity_planning)
                .where(table.resource_id == resource_id, table.bucket_date == day)
                .values(reserved_hours=round(wanted, 8))
            )
