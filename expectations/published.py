"""What is expected of the published schedule: consistent with its orders, its customers' windows and its capacity."""

from typing import Any

import sqlalchemy as sa

from cms.application.ports import Severity
from cms.domain.orders import PLANNABLE_STATUSES
from expectations.conditions import WeekdayOf
from expectations.published_capacity import ROLL_BACK, capacity_rules
from expectations.published_values import value_rules
from expectations.rules import Standing, TableRule, TableSuite

QUANTITY_TOLERANCE = 0.001


def schedule_suite() -> TableSuite:
    """The suite of the published schedule."""
    return TableSuite(
        key="master_schedule",
        title="Published schedule",
        about="Judged after every publication. A critical failure takes the schedule back to the last good version and "
        "raises an alert; a warning is reported.",
        table="master_schedule",
        rules=(
            OF_ITS_CUSTOMER,
            NOTHING_FORGOTTEN,
            QUANTITIES_ADD_UP,
            IN_A_WINDOW,
            NOT_ON_A_CLOSED_DAY,
            MADE_BEFORE_DELIVERED,
            *capacity_rules(),
            ORDERS_CARRY_DATES,
            REASONS_ARE_GIVEN,
            CHANGES_HAVE_HISTORY,
            NOTHING_FOR_FINISHED,
            *value_rules(),
        ),
    )


def _wrong_customers(standing: Standing) -> sa.Select[Any]:
    deliveries, orders = standing.tables["master_schedule"].c, standing.tables["order_master"].c
    return (
        sa.select(deliveries.order_id, deliveries.customer_id, orders.customer_id.label("owner"))
        .where(deliveries.version == standing.version, orders.order_id == deliveries.order_id)
        .where(orders.customer_id != deliveries.customer_id)
        .order_by(deliveries.order_id, deliveries.sequence)
    )


OF_ITS_CUSTOMER = TableRule(
    name="every delivery goes to the customer of its order",
    description="customer_id of a delivery is that of its order in order_master.",
    column="customer_id",
    severity=Severity.CRITICAL,
    consequence="Goods would go to somebody else, in somebody else's window.",
    remedy=ROLL_BACK,
    reason="the delivery of {order_id} goes to {customer_id}, the order is of {owner}",
    broken=_wrong_customers,
    follows_facts=True,
)


def _planned_orders(standing: Standing) -> sa.ColumnElement[bool]:
    """Orders that the published plan had to place: open, with something to deliver, known when it was made."""
    orders, versions = standing.tables["order_master"].c, standing.tables["schedule_versions"].c
    made_at = sa.select(versions.created_at).where(versions.version == standing.version).scalar_subquery()
    return sa.and_(
        orders.status.in_(sorted(PLANNABLE_STATUSES)),
        orders.delivered_quantity < orders.quantity,
        orders.loaded_at <= made_at,
    )


def _forgotten_orders(standing: Standing) -> sa.Select[Any]:
    orders = standing.tables["order_master"].c
    placed = [
        sa.exists(
            sa.select(sa.literal(1))
            .where(table.c.version == standing.version, table.c.order_id == orders.order_id)
            .correlate(standing.tables["order_master"])
        )
        for table in (standing.tables["master_schedule"], standing.tables["unscheduled_orders"])
    ]
    return (
        sa.select(orders.order_id, orders.customer_id, orders.requested_date)
        .where(_planned_orders(standing), ~sa.or_(*placed))
        .order_by(orders.order_id)
    )


NOTHING_FORGOTTEN = TableRule(
    name="every open order has a date or a reason",
    description="Each open order that was loaded before the plan was made is in master_schedule or unscheduled_orders.",
    column="order_id",
    severity=Severity.CRITICAL,
    consequence="A customer waits for an order that nobody plans.",
    remedy="Plan again with `cms plan daily`; if the order is left out again, tell IT.",
    reason="order {order_id} of {customer_id}, requested for {requested_date}, has neither a delivery nor a reason",
    broken=_forgotten_orders,
    follows_facts=True,
)


def _wrong_quantities(standing: Standing) -> sa.Select[Any]:
    orders = standing.tables["order_master"].c
    deliveries, unscheduled = standing.tables["master_schedule"], standing.tables["unscheduled_orders"]
    parts = sa.union_all(
        *(
            sa.select(table.c.order_id, table.c.quantity).where(table.c.version == standing.version)
            for table in (deliveries, unscheduled)
        )
    ).subquery()
    frozen = sa.select(deliveries.c.order_id).where(
        deliveries.c.version == standing.version, deliveries.c.frozen == sa.true()
    )
    wanted = orders.quantity - orders.delivered_quantity
    planned = sa.func.sum(parts.c.quantity)
    return (
        sa.select(orders.order_id, wanted.label("wanted"), planned.label("planned"))
        .join_from(standing.tables["order_master"], parts, parts.c.order_id == orders.order_id)
        # an order inside the planning time fence keeps its deliveries while its quantity changes
        .where(_planned_orders(standing), orders.order_id.not_in(frozen))
        .group_by(orders.order_id, orders.quantity, orders.delivered_quantity)
        .having(sa.func.abs(wanted - planned) > QUANTITY_TOLERANCE)
        .order_by(orders.order_id)
    )


QUANTITIES_ADD_UP = TableRule(
    name="deliveries add up to what was ordered",
    description="Deliveries and unscheduled shares of an order sum to quantity less delivered_quantity; orders with a "
    "frozen delivery are left out.",
    column="quantity",
    severity=Severity.CRITICAL,
    consequence="The customer gets too little or too much, and capacity is held for the wrong hours.",
    remedy=ROLL_BACK,
    reason="order {order_id} has {wanted} to deliver, {planned} are planned",
    broken=_wrong_quantities,
    follows_facts=True,
)


def _outside_windows(standing: Standing) -> sa.Select[Any]:
    table, windows = standing.tables["master_schedule"], standing.tables["delivery_schedules"].c
    deliveries = table.c
    own = sa.exists(sa.select(sa.literal(1)).where(windows.customer_id == deliveries.customer_id).correlate(table))
    is_open = sa.and_(
        windows.weekday == WeekdayOf(deliveries.delivery_date),
        windows.window_start <= deliveries.window_start,
        windows.window_end >= deliveries.window_end,
        sa.or_(windows.effective_from.is_(None), windows.effective_from <= deliveries.delivery_date),
        sa.or_(windows.effective_to.is_(None), windows.effective_to >= deliveries.delivery_date),
    )
    in_own = sa.exists(
        sa.select(sa.literal(1)).where(windows.customer_id == deliveries.customer_id, is_open).correlate(table)
    )
    in_default = sa.exists(sa.select(sa.literal(1)).where(windows.customer_id.is_(None), is_open).correlate(table))
    return (
        sa.select(deliveries.order_id, deliveries.customer_id, deliveries.delivery_date, deliveries.window_start)
        .where(deliveries.version == standing.version, deliveries.frozen == sa.false())
        .where(~in_own, sa.or_(own, ~in_default))
        .order_by(deliveries.order_id, deliveries.sequence)
    )


IN_A_WINDOW = TableRule(
    name="every delivery lies in a window of its customer",
    description="Weekday and hours of a delivery are within one of the customer's own windows, or, where it has none, "
    "within a default one; frozen deliveries are left out.",
    column="delivery_date",
    severity=Severity.CRITICAL,
    consequence="The truck stands before a closed gate.",
    remedy=ROLL_BACK,
    reason="order {order_id} is to reach {customer_id} on {delivery_date} at {window_start}, when no window is open",
    broken=_outside_windows,
    follows_facts=True,
)


def _on_closed_days(standing: Standing) -> sa.Select[Any]:
    deliveries, exceptions = standing.tables["master_schedule"].c, standing.tables["calendar_exceptions"].c
    closes = sa.or_(
        sa.and_(exceptions.kind == "holiday", exceptions.resource_id.is_(None)),
        sa.and_(exceptions.kind == "blackout", exceptions.customer_id == deliveries.customer_id),
    )
    return (
        sa.select(deliveries.order_id, deliveries.customer_id, deliveries.delivery_date, exceptions.kind)
        .where(deliveries.version == standing.version, deliveries.frozen == sa.false())
        .where(exceptions.day == deliveries.delivery_date, exceptions.withdrawn_at.is_(None), closes)
        .order_by(deliveries.order_id, deliveries.sequence, exceptions.exception_id)
    )


NOT_ON_A_CLOSED_DAY = TableRule(
    name="nothing is delivered on a holiday or blackout",
    description="No delivery lies on a holiday of all, or on a blackout day of its customer; frozen ones are left out.",
    column="delivery_date",
    severity=Severity.CRITICAL,
    consequence="Nobody drives, or nobody is there to receive.",
    remedy=ROLL_BACK,
    reason="order {order_id} is to reach {customer_id} on {delivery_date}, a {kind}",
    broken=_on_closed_days,
    follows_facts=True,
)


def _delivered_before_made(standing: Standing) -> sa.Select[Any]:
    deliveries = standing.tables["master_schedule"].c
    return (
        sa.select(deliveries.order_id, deliveries.completion_date, deliveries.delivery_date)
        .where(deliveries.version == standing.version, deliveries.completion_date > deliveries.delivery_date)
        .order_by(deliveries.order_id, deliveries.sequence)
    )


MADE_BEFORE_DELIVERED = TableRule(
    name="nothing is delivered before it is made",
    description="completion_date is not after delivery_date.",
    column="completion_date",
    severity=Severity.CRITICAL,
    consequence="The promised day cannot be kept.",
    remedy=ROLL_BACK,
    reason="order {order_id} is complete on {completion_date}, after its delivery on {delivery_date}",
    broken=_delivered_before_made,
)


def _differing_dates(standing: Standing) -> sa.Select[Any]:
    orders, deliveries = standing.tables["order_master"].c, standing.tables["master_schedule"].c
    last = (
        sa.select(deliveries.order_id, sa.func.max(deliveries.delivery_date).label("last"))
        .where(deliveries.version == standing.version)
        .group_by(deliveries.order_id)
        .subquery()
    )
    differs = sa.or_(orders.scheduled_delivery_date.is_(None), orders.scheduled_delivery_date != last.c.last)
    return (
        sa.select(orders.order_id, orders.scheduled_delivery_date, last.c.last)
        .join_from(standing.tables["order_master"], last, last.c.order_id == orders.order_id)
        .where(orders.status.in_(sorted(PLANNABLE_STATUSES)), differs)
        .order_by(orders.order_id)
    )


ORDERS_CARRY_DATES = TableRule(
    name="an order carries the date of its schedule",
    description="scheduled_delivery_date of an open order is its last delivery in the published schedule.",
    column="scheduled_delivery_date",
    severity=Severity.CRITICAL,
    consequence="Customer service tells another date than the one that is planned.",
    remedy=ROLL_BACK,
    reason="order {order_id} carries {scheduled_delivery_date}, its last delivery is on {last}",
    broken=_differing_dates,
    follows_facts=True,
)


def _without_reason(standing: Standing) -> sa.Select[Any]:
    unscheduled = standing.tables["unscheduled_orders"].c
    return (
        sa.select(unscheduled.order_id)
        .where(unscheduled.version == standing.version, sa.func.length(sa.func.trim(unscheduled.reason)) == 0)
        .order_by(unscheduled.order_id)
    )


REASONS_ARE_GIVEN = TableRule(
    name="what is not scheduled has a reason",
    description="reason of an unscheduled order is more than blanks.",
    column="reason",
    severity=Severity.CRITICAL,
    consequence="Nobody can explain to the customer why there is no date, nor help.",
    remedy="Plan again with `cms plan daily`; if the reason is missing again, tell IT.",
    reason="order {order_id} is not scheduled, and no reason is given",
    broken=_without_reason,
)


def _changes_without_history(standing: Standing) -> sa.Select[Any]:
    versions, history = standing.tables["schedule_versions"].c, standing.tables["schedule_history"].c
    deliveries = standing.tables["master_schedule"].c

    def dates(version: sa.ColumnElement[int]) -> sa.Subquery:
        return (
            sa.select(
                deliveries.order_id,
                sa.func.max(deliveries.delivery_date).label("last"),
                sa.func.count().label("parts"),
            )
            .where(deliveries.version == version)
            .group_by(deliveries.order_id)
            .subquery()
        )

    replaced = sa.select(versions.replaced_version).where(versions.version == standing.version).scalar_subquery()
    new, old = dates(sa.literal(standing.version)), dates(replaced)
    told = sa.select(history.order_id).where(history.schedule_version == standing.version)
    return (
        sa.select(new.c.order_id, old.c.last.label("old"), new.c.last.label("new"))
        .join_from(new, old, old.c.order_id == new.c.order_id, isouter=True)
        .where(sa.or_(old.c.order_id.is_(None), old.c.last != new.c.last), new.c.order_id.not_in(told))
        .order_by(new.c.order_id)
    )


CHANGES_HAVE_HISTORY = TableRule(
    name="every changed date has its line of history",
    description="An order whose last delivery differs from the replaced version has a line in schedule_history.",
    column="order_id",
    severity=Severity.CRITICAL,
    consequence="The customer is not told, and nobody can say when and why the date has changed.",
    remedy=ROLL_BACK,
    reason="the last delivery of order {order_id} went from {old} to {new} without a line of history",
    broken=_changes_without_history,
)


def _finished_orders(standing: Standing) -> sa.Select[Any]:
    orders, deliveries = standing.tables["order_master"].c, standing.tables["master_schedule"].c
    return (
        sa.select(orders.order_id, orders.status, deliveries.delivery_date)
        .where(deliveries.version == standing.version, orders.order_id == deliveries.order_id)
        .where(orders.status.not_in(sorted(PLANNABLE_STATUSES)), deliveries.delivery_date >= standing.now.date())
        .order_by(orders.order_id, deliveries.sequence)
    )


NOTHING_FOR_FINISHED = TableRule(
    name="no capacity is held for finished orders",
    description="No delivery from today on belongs to an order that is cancelled, on hold, shipped or delivered.",
    column="status",
    severity=Severity.WARNING,
    consequence="Hours are held that other orders could use; the next plan frees them.",
    remedy="Plan again with `cms plan daily` if the hours are needed today.",
    reason="order {order_id} is {status}, but has a delivery planned on {delivery_date}",
    broken=_finished_orders,
    follows_facts=True,
)
