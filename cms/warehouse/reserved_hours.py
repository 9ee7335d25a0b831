"""Keeps the reserved hours of the capacity plan in step with the quotes that hold them."""

from collections.abc import Iterable

import sqlalchemy as sa

from cms.application.ports import Reservation
from cms.capacity.ledger import hours_by_bucket, reserved_beside
from cms.domain.resources import ResourceId
from cms.warehouse.tables import capacity_planning, schedule_versions


def keep_reserved_hours(connection: sa.Connection, reservations: Iterable[Reservation]) -> None:
    """Write what quotes hold now into the days of the plan in force; days before it stay as they were."""
    held, table = hours_by_bucket(reservation.load for reservation in reservations), capacity_planning.c
    in_force = sa.select(schedule_versions.c.version).where(schedule_versions.c.status == "published")
    concerned = sa.or_(table.reserved_hours != 0, table.bucket_date.in_(sorted({day for _, day in held})))
    query = sa.select(
        table.resource_id,
        table.bucket_date,
        table.regular_hours + table.overtime_hours,
        table.committed_hours,
        table.reserved_hours,
    ).where(table.schedule_version == in_force.scalar_subquery(), concerned)
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
