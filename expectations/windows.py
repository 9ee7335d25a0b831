"""What is expected of delivery windows before customers' deliveries are planned into them."""

from datetime import time

import sqlalchemy as sa

from cms.application.ports import Dataset, Severity
from expectations.common_rules import every_field_can_be_read, is_a_clean_key, is_given, lies_between
from expectations.conditions import is_unknown
from expectations.load_rules import load_rules
from expectations.rules import RowRule, Staged, Suite

REQUIRED = ("customer_id", "weekday", "window_start", "window_end")


def window_suite() -> Suite:
    """The suite of staged delivery windows."""
    return Suite(
        dataset=Dataset.WINDOWS,
        title="Delivery windows",
        row_rules=(
            every_field_can_be_read("A delivery would stand before a closed gate."),
            is_given("customer_id", "A window of nobody would hold for everybody."),
            is_given("weekday", "The window opens on no day."),
            is_given("window_start", "The window does not open."),
            is_given("window_end", "The window does not close."),
            is_a_clean_key("customer_id", "The window would not find its customer, and default windows would hold."),
            KNOWN_CUSTOMER,
            lies_between("weekday", 0, 6, "The window opens on no day; Monday is 0, Sunday 6."),
            OPENS_BEFORE_IT_CLOSES,
            TAKES_EFFECT,
            LIES_IN_WORKING_HOURS,
            DO_NOT_ALL_END,
            DOES_NOT_OVERLAP,
        ),
        load_rules=load_rules(REQUIRED),
        required=REQUIRED,
    )


def _has_no_customer(staged: Staged) -> sa.ColumnElement[bool]:
    return is_unknown(staged["customer_id"], staged.tables["customer_master"].c.customer_id)


KNOWN_CUSTOMER = RowRule(
    name="every window belongs to a known customer",
    description="customer_id is in customer_master; customers are loaded before their windows.",
    column="customer_id",
    severity=Severity.CRITICAL,
    consequence="The window would hold for nobody, and its customer would be delivered to at default hours.",
    remedy="See why the customer itself is in quarantine or missing; release it first, then the window.",
    reason="customer {customer_id!r} is not in the customer master",
    broken=_has_no_customer,
)
OPENS_BEFORE_IT_CLOSES = RowRule(
    name="a window opens before it closes",
    description="window_start is before window_end.",
    column="window_end",
    severity=Severity.CRITICAL,
    consequence="No delivery fits into the window.",
    remedy="Correct the hours at the source; a window over midnight becomes two.",
    reason="window_start {window_start} is not before window_end {window_end}",
    broken=lambda staged: staged["window_start"] >= staged["window_end"],
)
TAKES_EFFECT = RowRule(
    name="a window opens at least once",
    description="effective_to is not before effective_from.",
    column="effective_to",
    severity=Severity.CRITICAL,
    consequence="The window never opens, yet hides the default windows from its customer.",
    remedy="Correct the dates of effect at the source.",
    reason="effective_to {effective_to} is before effective_from {effective_from}: the window never opens",
    broken=lambda staged: staged["effective_to"] < staged["effective_from"],
)


def _is_at_night(staged: Staged) -> sa.ColumnElement[bool]:
    return sa.or_(staged["window_end"] <= time(4), staged["window_start"] >= time(22))


LIES_IN_WORKING_HOURS = RowRule(
    name="a window lies in working hours",
    description="The window does not end before 04:00 and does not start after 22:00.",
    column="window_start",
    severity=Severity.WARNING,
    consequence="Deliveries are planned for the middle of the night; morning and afternoon may be swapped.",
    remedy="Check the hours, and their format in the source's settings.",
    reason="the window from {window_start} to {window_end} lies at night",
    broken=_is_at_night,
)


def _belongs_to_closed_customer(staged: Staged) -> sa.ColumnElement[bool]:
    today = staged.now.date()
    rows = staged.rows.alias("windows_in_effect")
    still_open = sa.select(rows.c.customer_id).where(
        rows.c.load_id == staged.load.load_id,
        rows.c.customer_id.is_not(None),
        sa.or_(rows.c.effective_to.is_(None), rows.c.effective_to >= today),
    )
    return sa.and_(staged["customer_id"].is_not(None), staged["customer_id"].not_in(still_open))


def _overlaps(staged: Staged) -> sa.ColumnElement[bool]:
    other = staged.rows.alias("other_window")
    mine = staged.rows.c
    overlapping = (
        sa.select(sa.literal(1))
        .where(
            other.c.load_id == staged.load.load_id,
            other.c.customer_id == mine.customer_id,
            other.c.weekday == mine.weekday,
            other.c.row_number != mine.row_number,
            other.c.row_hash != mine.row_hash,
            other.c.window_start < mine.window_end,
            other.c.window_end > mine.window_start,
            sa.or_(
                other.c.effective_to.is_(None),
                mine.effective_from.is_(None),
                other.c.effective_to >= mine.effective_from,
            ),
            sa.or_(
                other.c.effective_from.is_(None),
                mine.effective_to.is_(None),
                other.c.effective_from <= mine.effective_to,
            ),
        )
        .correlate(staged.rows)
    )
    return sa.exists(overlapping)


DO_NOT_ALL_END = RowRule(
    name="windows of a customer do not all end",
    description="At least one window of the customer in this load has no effective_to, or one from today on.",
    column="effective_to",
    severity=Severity.WARNING,
    consequence="The customer's own windows never open again, and hide the default ones: no order can be scheduled.",
    remedy="Enter the customer's new windows, or remove the old ones so that the default windows hold.",
    reason="every window of customer {customer_id!r} has ended, this one on {effective_to}",
    broken=_belongs_to_closed_customer,
)
DOES_NOT_OVERLAP = RowRule(
    name="windows of a customer do not overlap",
    description="Two different windows of a customer on one weekday, in effect at the same time, share no minute.",
    column="window_start",
    severity=Severity.WARNING,
    consequence="The customer has probably changed the hours, and the old ones were left standing.",
    remedy="Remove the window that no longer holds.",
    reason="the window of {customer_id!r} on weekday {weekday} from {window_start} to {window_end} overlaps another",
    broken=_overlaps,
)
