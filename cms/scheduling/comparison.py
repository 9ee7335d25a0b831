"""Two schedules side by side: which orders moved, by how many days, and what that did to service and money."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from cms.domain.orders import OrderId
from cms.domain.schedule import (
    ChangeType,
    ResourceDay,
    ScheduleChange,
    ScheduledDelivery,
    ScheduledLoad,
    TierResult,
    UnscheduledOrder,
    group_by_order,
    schedule_changes,
)


class PlannedSchedule(Protocol):
    """What a comparison reads of a schedule, whether it is published or only planned."""

    @property
    def deliveries(self) -> tuple[ScheduledDelivery, ...]:
        """What is delivered when."""

    @property
    def unscheduled(self) -> tuple[UnscheduledOrder, ...]:
        """Who gets nothing, or not all."""

    @property
    def loads(self) -> tuple[ScheduledLoad, ...]:
        """What the deliveries ask of the resources."""

    @property
    def resource_days(self) -> tuple[ResourceDay, ...]:
        """How the resources are used."""

    @property
    def tiers(self) -> tuple[TierResult, ...]:
        """The value of every tier."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderMove:
    """An order whose deliveries differ.

    Parameters
    ----------
    days : int, optional
        How much later its last delivery is; negative: earlier; None: one of the schedules has none.
    added_tardiness_days : int
        How much later past the due date its last delivery is; 0 where one of the schedules has none.
    """

    order_id: OrderId
    change_type: ChangeType
    old_delivery_date: date | None
    new_delivery_date: date | None
    days: int | None
    added_tardiness_days: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceFigures:
    """How well a schedule serves its customers.

    Parameters
    ----------
    orders : int
        With a delivery, or listed as unscheduled.
    late_orders : int
        With a delivery past the due date, or without one for all of it.
    tardiness_days : int
        Of the last delivery of each order that has one.
    overtime_hours : float, optional
        None for a schedule whose days a later one has taken over: what they had of regular hours is no longer known.
    """

    orders: int
    late_orders: int
    unscheduled_orders: int
    tardiness_days: int
    overtime_hours: float | None
    cost: float

    @property
    def on_time_pct(self) -> float:
        """Orders on time and in full, in percent; 100 without any order."""
        return 100.0 * (self.orders - self.late_orders) / self.orders if self.orders else 100.0


@dataclass(frozen=True, kw_only=True, slots=True)
class ScheduleComparison:
    """Two schedules side by side.

    Parameters
    ----------
    unchanged_orders : int
        With the same deliveries in both.
    moves : tuple of OrderMove
        In order of id.
    tier_changes : mapping
        How much more each tier is in the new schedule; a tier that one lacks counts 0 there.
    """

    unchanged_orders: int
    moves: tuple[OrderMove, ...]
    old: ServiceFigures
    new: ServiceFigures
    tier_changes: Mapping[str, float]

    @property
    def days_earlier(self) -> int:
        """Days by which orders come earlier, added up."""
        return -sum(move.days for move in self.moves if move.days is not None and move.days < 0)

    @property
    def days_later(self) -> int:
        """Days by which orders come later, added up."""
        return sum(move.days for move in self.moves if move.days is not None and move.days > 0)


def compare_schedules(
    old: PlannedSchedule, new: PlannedSchedule, *, finished_orders: frozenset[OrderId] = frozenset()
) -> ScheduleComparison:
    """What the new schedule changes against the old one.

    Parameters
    ----------
    finished_orders : frozenset of OrderId
        Orders that left the order book in between: they are removed, not unscheduled.
    """
    before, after = group_by_order(old.deliveries), group_by_order(new.deliveries)
    changes = schedule_changes(
        old.deliveries, new.deliveries, reason_code="comparison", finished_orders=finished_orders
    )
    moves = tuple(_move(change, before, after) for change in changes)
    return ScheduleComparison(
        unchanged_orders=len((before.keys() & after.keys()) - {move.order_id for move in moves}),
        moves=moves,
        old=service_figures(old),
        new=service_figures(new),
        tier_changes=tier_changes(old.tiers, new.tiers),
    )


def service_figures(schedule: PlannedSchedule) -> ServiceFigures:
    """How well a schedule serves its customers, and what it costs."""
    tardiness = {order_id: _tardiness(own) for order_id, own in group_by_order(schedule.deliveries).items()}
    unscheduled = {entry.order_id for entry in schedule.unscheduled}
    late = {order_id for order_id, days in tardiness.items() if days > 0} | unscheduled
    return ServiceFigures(
        orders=len(tardiness.keys() | unscheduled),
        late_orders=len(late),
        unscheduled_orders=len(unscheduled),
        tardiness_days=sum(tardiness.values()),
        overtime_hours=_overtime_hours(schedule),
        cost=sum(tier.value for tier in schedule.tiers if tier.name == "cost"),
    )


def _overtime_hours(schedule: PlannedSchedule) -> float | None:
    known = {(row.resource_id, row.bucket_date) for row in schedule.resource_days}
    if any((load.resource_id, load.bucket_date) not in known for load in schedule.loads):
        return None
    return sum(row.overtime_hours for row in schedule.resource_days)


def _move(
    change: ScheduleChange,
    before: Mapping[OrderId, tuple[ScheduledDelivery, ...]],
    after: Mapping[OrderId, tuple[ScheduledDelivery, ...]],
) -> OrderMove:
    old, new = change.old_delivery_date, change.new_delivery_date
    in_both = old is not None and new is not None
    return OrderMove(
        order_id=change.order_id,
        change_type=change.change_type,
        old_delivery_date=old,
        new_delivery_date=new,
        days=(new - old).days if old is not None and new is not None else None,
        added_tardiness_days=_tardiness(after[change.order_id]) - _tardiness(before[change.order_id]) if in_both else 0,
    )


def _tardiness(own: Sequence[ScheduledDelivery]) -> int:
    return max(delivery.tardiness_days for delivery in own)


def tier_changes(old: Sequence[TierResult], new: Sequence[TierResult]) -> dict[str, float]:
    """How much more each tier is in the new schedule; a tier that one of them lacks counts 0 there."""
    before, after = ({tier.name: tier.value for tier in tiers} for tiers in (old, new))
    names = [*after, *(name for name in before if name not in after)]
    return {name: after.get(name, 0.0) - before.get(name, 0.0) for name in names}
