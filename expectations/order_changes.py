"""What an order that is already known can plausibly change to.

Most of these are suspicions: such a change may be right. It waits until a steward has asked, and then accepts it with
``cms quality release --accept``.
"""

from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from cms.application.ports import Severity
from expectations.conditions import InstantAfter, is_a_known_source, is_missing, is_unknown, never
from expectations.history import FEWEST_ROWS
from expectations.rules import RowRule, Staged
from expectations.usual_rules import ASKED, ZONE

FACTOR = 10
USUAL_SHARE = 0.9
USUALLY_GIVEN = ("order_type", "priority", "promised_date", "status")
SAME_INSTANT = timedelta(minutes=1)


def change_rules() -> tuple[RowRule, ...]:
    """The suspicions, and what is only reported."""
    return (
        QUANTITY_KEEPS_ITS_POINT,
        CUSTOMER_STAYS,
        ORDERED_ONCE,
        DAY_AND_MONTH_STAY,
        STATUS_IS_STILL_SAID,
        *(_is_given_like_the_others(column) for column in USUALLY_GIVEN),
        UPDATED_AFTER_ORDERED,
        HAS_ROUTING,
    )


def _known(staged: Staged, differs: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """Whether the source's last word on the same order differs from the staged row in the given way."""
    records = staged.tables["order_source_records"]
    same_order = (
        sa.select(sa.literal(1))
        .select_from(records)
        .where(
            records.c.source_system == staged.load.source,
            records.c.source_order_id == staged["source_order_id"],
            differs,
        )
        .correlate(staged.rows)
    )
    return sa.and_(is_a_known_source(staged), sa.exists(same_order))


def _has_jumped(staged: Staged) -> sa.ColumnElement[bool]:
    old, new = staged.tables["order_source_records"].c.quantity, staged["quantity"]
    return _known(staged, sa.or_(new >= FACTOR * old, new * FACTOR <= old))


QUANTITY_KEEPS_ITS_POINT = RowRule(
    name="a quantity keeps its decimal point",
    description="quantity of a known order is less than ten times, and more than a tenth, of what its source said.",
    column="quantity",
    severity=Severity.CRITICAL,
    consequence="A slipped decimal point fills the plant with work that nobody wants, or leaves a customer short.",
    remedy=ASKED,
    reason="quantity of order {order_id!r} has become {quantity}, ten times more or less than its source said before",
    broken=_has_jumped,
    is_suspicion=True,
)


def _has_moved_house(staged: Staged) -> sa.ColumnElement[bool]:
    return _known(staged, staged.tables["order_source_records"].c.customer_id != staged["customer_id"])


CUSTOMER_STAYS = RowRule(
    name="a known order stays with its customer",
    description="customer_id of a known order is what its source said last.",
    column="customer_id",
    severity=Severity.CRITICAL,
    consequence="Goods that one customer was promised would go to another.",
    remedy=ASKED,
    reason="order {order_id!r} belonged to another customer before, now to {customer_id!r}",
    broken=_has_moved_house,
    is_suspicion=True,
)


def _was_ordered_again(staged: Staged) -> sa.ColumnElement[bool]:
    old, new = staged.tables["order_source_records"].c.ordered_at, staged["ordered_at"]
    tolerance = int(SAME_INSTANT.total_seconds())
    moved = sa.or_(new > InstantAfter(old, tolerance), new < InstantAfter(old, -tolerance))
    return _known(staged, sa.and_(new != old, moved))


ORDERED_ONCE = RowRule(
    name="a known order was ordered when it was",
    description="ordered_at of a known order is within a minute of what its source said last.",
    column="ordered_at",
    severity=Severity.CRITICAL,
    consequence="The past has no reason to change: most likely the source's time zone or date format has.",
    remedy="Check the time zone and the format of instants in the source's settings. If the change is right, release "
    "the rows with --accept and this name.",
    reason="order {order_id!r} is said to be ordered at {ordered_at}, at another time than before",
    broken=_was_ordered_again,
    is_suspicion=True,
)


def _has_exchanged_day_and_month(staged: Staged) -> sa.ColumnElement[bool]:
    records = staged.tables["order_source_records"].c
    exchanged = (_are_exchanged(records[column], staged[column]) for column in ("requested_date", "promised_date"))
    return _known(staged, sa.or_(*exchanged))


def _are_exchanged(old: sa.ColumnElement[date], new: sa.ColumnElement[date]) -> sa.ColumnElement[bool]:
    return sa.and_(
        new != old,
        sa.extract("year", new) == sa.extract("year", old),
        sa.extract("month", new) == sa.extract("day", old),
        sa.extract("day", new) == sa.extract("month", old),
    )


DAY_AND_MONTH_STAY = RowRule(
    name="day and month of a known order are not exchanged",
    description="requested_date and promised_date of a known order have not become what they are with day and month "
    "exchanged.",
    column="requested_date",
    severity=Severity.CRITICAL,
    consequence="The order is planned for a day that its customer never asked for.",
    remedy="Check the format of dates in the source's settings. If the change is right, release the row with --accept "
    "and this name.",
    reason="requested_date {requested_date} or promised_date {promised_date} of order {order_id!r} has become what it "
    "was with day and month exchanged",
    broken=_has_exchanged_day_and_month,
    is_suspicion=True,
)


def _says_no_status(staged: Staged) -> sa.ColumnElement[bool]:
    said = staged.tables["order_source_records"].c.status.is_not(None)
    return sa.and_(is_missing(staged, "status"), _known(staged, said))


STATUS_IS_STILL_SAID = RowRule(
    name="a known order still has a status",
    description="A row without status is not of an order whose status the same source has given before.",
    column="status",
    severity=Severity.CRITICAL,
    consequence="An order that is on hold or delivered would be taken for an open one.",
    remedy=ASKED,
    reason="status of order {order_id!r} is empty; its source has given one before",
    broken=_says_no_status,
    is_suspicion=True,
)


def _is_given_like_the_others(column: str) -> RowRule:
    def broken(staged: Staged) -> sa.ColumnElement[bool]:
        if staged.load.row_count < FEWEST_ROWS:
            return never()
        others = staged.rows.alias("others")
        of_load = sa.select(sa.func.count(others.c[column])).where(others.c.load_id == staged.load.load_id)
        return sa.and_(is_missing(staged, column), of_load.scalar_subquery() >= USUAL_SHARE * staged.load.row_count)

    return RowRule(
        name=f"{column} is given as in the other rows",
        description=f"A row without {column} is in a load where fewer than nine rows of ten have it; in loads of 20 "
        "rows or more.",
        column=column,
        severity=Severity.WARNING,
        consequence="The row was probably not filled in; what holds by default is not what was agreed.",
        remedy=f"Enter {column} at the source.",
        reason=f"{column} of order {{order_id!r}} is empty, where nearly all other rows of the load have it",
        broken=broken,
    )


def _was_updated_before(staged: Staged) -> sa.ColumnElement[bool]:
    updated, ordered = staged["source_updated_at"], staged["ordered_at"]
    tolerance = int(SAME_INSTANT.total_seconds())
    # the plain comparison first: it settles nearly every row without a function call
    return sa.and_(updated < ordered, updated < InstantAfter(ordered, -tolerance))


UPDATED_AFTER_ORDERED = RowRule(
    name="an order is not updated before it is ordered",
    description="source_updated_at is at most a minute before ordered_at.",
    column="source_updated_at",
    severity=Severity.CRITICAL,
    consequence="One of the two is read in a wrong time zone: lead times and the order of updates are off.",
    remedy=ZONE,
    reason="source_updated_at {source_updated_at} is before ordered_at {ordered_at}",
    broken=_was_updated_before,
    is_suspicion=True,
)


def _has_no_routing(staged: Staged) -> sa.ColumnElement[bool]:
    routings: Any = staged.tables["routings"]
    others = staged.rows.alias("others")
    # where not one family of the load has a routing, the settings give a default one to all
    some_have = sa.exists(
        sa.select(sa.literal(1))
        .select_from(others.join(routings, routings.c.product_family == others.c.product_family))
        .where(others.c.load_id == staged.load.load_id)
    )
    return sa.and_(is_unknown(staged["product_family"], routings.c.product_family), some_have)


HAS_ROUTING = RowRule(
    name="a product family has its routing",
    description="product_family is that of a routing; judged where at least one family of the load has one.",
    column="product_family",
    severity=Severity.WARNING,
    consequence="The order is made by the default routing, or cannot be scheduled at all.",
    remedy="Correct the family at the source, or enter its routing in the plant file.",
    reason="product family {product_family!r} has no routing",
    broken=_has_no_routing,
)
