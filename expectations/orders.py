"""What is expected of orders before they enter the order book."""

import sqlalchemy as sa

from cms.application.ports import Dataset, Severity
from cms.domain.orders import OrderStatus, OrderType
from expectations.common_rules import (
    every_field_can_be_read,
    is_a_clean_key,
    is_a_plausible_instant,
    is_given,
    is_one_of,
    lies_between,
    says_one_thing,
)
from expectations.conditions import (
    DayAfter,
    is_a_known_source,
    is_missing,
    is_outside,
    is_unknown,
    stands_under_several,
)
from expectations.load_rules import load_rules
from expectations.order_changes import change_rules
from expectations.rules import RowRule, Staged, Suite
from expectations.usual_rules import USUAL_HOURS, usual_rules

LARGEST_QUANTITY = 1_000_000_000
DAYS_BEFORE_ORDER = 1
"""A date may lie one day before the order's UTC day: the customer's day is not ours."""
DAYS_AFTER_ORDER = 3 * 365 + 1
REQUIRED = ("order_id", "source_order_id")
"""What no source may leave out."""
COMPLETED = ("customer_id", "product_family", "quantity", "ordered_at", "requested_date")
"""What an order needs, from this source or from another one that knows the same order."""


def order_suite() -> Suite:
    """The suite of staged orders."""
    return Suite(
        dataset=Dataset.ORDERS,
        title="Orders",
        row_rules=(
            *_key_rules(),
            *_content_rules(),
            *_date_rules(),
            *_delivery_rules(),
            *change_rules(),
            *usual_rules(),
        ),
        load_rules=(*load_rules(REQUIRED), USUAL_HOURS),
        required=REQUIRED,
        keys=("order_id", "source_order_id"),
    )


def _key_rules() -> tuple[RowRule, ...]:
    lost = "An order whose key is not the same everywhere is planned twice, or never updated again."
    return (
        every_field_can_be_read("An order with a guessed field gets a date that its customer never asked for."),
        is_given("order_id", "Nobody can refer to an order without a number."),
        is_given("source_order_id", "The order cannot be recognised when its source sends it again."),
        is_a_clean_key("order_id", lost),
        is_a_clean_key("source_order_id", lost),
        is_a_clean_key("customer_id", "The order would not find its customer's delivery windows."),
        is_a_clean_key("product_family", "The order would find no routing, and could not be scheduled."),
        says_one_thing("source_order_id", "an order", "Which of the two the customer meant would be left to chance."),
        ONE_SOURCE_ORDER,
        NUMBER_IS_KEPT,
        KNOWN_CUSTOMER,
    )


def _shares_its_number(staged: Staged) -> sa.ColumnElement[bool]:
    return stands_under_several(staged, "order_id", "source_order_id")


def _takes_anothers_number(staged: Staged) -> sa.ColumnElement[bool]:
    records = staged.tables["order_source_records"]
    holder = (
        sa.select(records.c.source_order_id)
        .where(
            records.c.source_system == staged.load.source,
            records.c.order_id == staged["order_id"],
            records.c.source_order_id != staged["source_order_id"],
            records.c.removed_at.is_(None),
        )
        .correlate(staged.rows)
    )
    return sa.and_(is_a_known_source(staged), sa.exists(holder))


def _has_no_customer(staged: Staged) -> sa.ColumnElement[bool]:
    return is_unknown(staged["customer_id"], staged.tables["customer_master"].c.customer_id)


ONE_SOURCE_ORDER = RowRule(
    name="an order number means one order",
    description="Within a load no order_id comes with two different source_order_ids.",
    column="order_id",
    severity=Severity.CRITICAL,
    consequence="Two orders would be merged into one, and one of them would never be delivered.",
    remedy="Give each order its own number at the source, or compose order_id from more fields in the settings.",
    reason="order_id {order_id!r} stands for several source orders in this load, one of them {source_order_id!r}",
    broken=_shares_its_number,
)
NUMBER_IS_KEPT = RowRule(
    name="an order keeps its number",
    description="No order of the same source in the warehouse has this order_id under another source_order_id.",
    column="order_id",
    severity=Severity.CRITICAL,
    consequence="An order that is already promised would be overwritten by a different one.",
    remedy="Give the new order its own number at the source, or remove the old one there first.",
    reason="order_id {order_id!r} already belongs to another order of this source than {source_order_id!r}",
    broken=_takes_anothers_number,
)
KNOWN_CUSTOMER = RowRule(
    name="every order belongs to a known customer",
    description="customer_id is in customer_master, active or not.",
    column="customer_id",
    severity=Severity.CRITICAL,
    consequence="Without its customer an order has no delivery windows, no contact and no address.",
    remedy="Enter the customer on the customer board and run `cms sync customers`; then release the row.",
    reason="customer {customer_id!r} is not in the customer master",
    broken=_has_no_customer,
)


def _content_rules() -> tuple[RowRule, ...]:
    return (
        *(_is_known_of_the_order(column) for column in COMPLETED),
        lies_between("priority", 1, 9, "The order would be planned before or after all others for no reason."),
        is_one_of("order_type", tuple(OrderType), "The order would not get the treatment that it was sold with."),
        is_one_of("status", tuple(OrderStatus), "Nobody could tell whether the order still needs a date."),
        PLAUSIBLE_QUANTITY,
        DELIVERED_WITHIN_QUANTITY,
    )


def _is_known_of_the_order(column: str) -> RowRule:
    def broken(staged: Staged) -> sa.ColumnElement[bool]:
        records = staged.tables["order_source_records"]
        told_elsewhere = (
            sa.select(records.c.order_id)
            .where(
                records.c.order_id == staged["order_id"],
                records.c.source_system != staged.load.source,
                records.c.removed_at.is_(None),
            )
            .correlate(staged.rows)
        )
        return sa.and_(is_missing(staged, column), ~sa.exists(told_elsewhere))

    return RowRule(
        name=f"{column} is known of every order",
        description=f"The row gives {column}, or another source has told us of the same order.",
        column=column,
        severity=Severity.CRITICAL,
        consequence=_WITHOUT[column],
        remedy=f"Enter {column} at the source, map a default for it, or load the source that knows it first.",
        reason=f"{column} is empty, and no other source knows order {{order_id!r}}",
        broken=broken,
    )


_WITHOUT = {
    "customer_id": "Without a customer nobody knows where to deliver.",
    "product_family": "Without a product family there is no routing, and no hours can be planned.",
    "quantity": "Without a quantity no hours can be planned.",
    "ordered_at": "Without the instant of ordering the order has no place among others, and no lead time.",
    "requested_date": "Without a requested date the order is never late and never due.",
}

PLAUSIBLE_QUANTITY = RowRule(
    name="quantity is plausible",
    description="quantity is more than 0 and less than 1,000,000,000.",
    column="quantity",
    severity=Severity.CRITICAL,
    consequence="The plan would hold hours for nothing, or fill every machine for years.",
    remedy="Correct quantity at the source; returns and corrections belong to the order that they correct.",
    reason="quantity must be more than 0 and less than 1,000,000,000, found {quantity}",
    broken=lambda staged: sa.or_(staged["quantity"] <= 0, staged["quantity"] >= LARGEST_QUANTITY),
)
DELIVERED_WITHIN_QUANTITY = RowRule(
    name="no more is delivered than was ordered",
    description="delivered_quantity is at least 0 and at most quantity.",
    column="delivered_quantity",
    severity=Severity.WARNING,
    consequence="The rest to be delivered is counted as nothing.",
    remedy="Check the deliveries of the order in order management.",
    reason="delivered_quantity {delivered_quantity} is not between 0 and quantity {quantity}",
    broken=lambda staged: sa.or_(staged["delivered_quantity"] < 0, staged["delivered_quantity"] > staged["quantity"]),
)


def _date_rules() -> tuple[RowRule, ...]:
    return (
        is_a_plausible_instant("ordered_at", Severity.CRITICAL, "The order's lead time and place in line are wrong."),
        _lies_near_the_order("requested_date", "The order would be planned years too early or too late."),
        _lies_near_the_order("promised_date", "Lateness would be measured against a promise that nobody made."),
        RELEASED_IN_TIME,
        is_a_plausible_instant(
            "source_updated_at", Severity.CRITICAL, "Every later update of the order would be taken for an old one."
        ),
    )


def _lies_near_the_order(column: str, consequence: str) -> RowRule:
    def broken(staged: Staged) -> sa.ColumnElement[bool]:
        ordered_at = staged["ordered_at"]
        first, last = DayAfter(ordered_at, -DAYS_BEFORE_ORDER), DayAfter(ordered_at, DAYS_AFTER_ORDER)
        return sa.and_(staged[column].is_not(None), is_outside(staged[column], first, last))

    return RowRule(
        name=f"{column} is plausible",
        description=f"{column} lies between the day before ordered_at and three years after it.",
        column=column,
        severity=Severity.CRITICAL,
        consequence=consequence,
        remedy=f"Correct {column} at the source; where days and months are swapped, set its format in the settings.",
        reason=f"{column} {{{column}}} is not between the day before ordered_at {{ordered_at}} and three years after",
        broken=broken,
    )


RELEASED_IN_TIME = RowRule(
    name="an order is released before it is due",
    description="release_date is not after requested_date.",
    column="release_date",
    severity=Severity.WARNING,
    consequence="The order cannot be on time, whatever the plan.",
    remedy="Agree on a later requested date, or on an earlier release.",
    reason="release_date {release_date} is after requested_date {requested_date}",
    broken=lambda staged: staged["release_date"] > staged["requested_date"],
)


def _delivery_rules() -> tuple[RowRule, ...]:
    unmeasured = "On-time delivery is measured on a wrong date."
    return (
        is_a_plausible_instant("shipped_at", Severity.WARNING, unmeasured),
        is_a_plausible_instant("delivered_at", Severity.WARNING, unmeasured),
        SHIPPED_AFTER_ORDERED,
        DELIVERED_AFTER_SHIPPED,
        DELIVERED_IS_SAID,
        DELIVERY_IS_DATED,
    )


def _is_before_order(staged: Staged, column: str) -> sa.ColumnElement[bool]:
    instant, ordered_at = staged[column], staged["ordered_at"]
    # the plain comparison first: it settles nearly every row without a function call
    return sa.and_(instant < ordered_at, DayAfter(instant, 1) < DayAfter(ordered_at, 0))


SHIPPED_AFTER_ORDERED = RowRule(
    name="nothing is shipped before it is ordered",
    description="shipped_at and delivered_at are not more than a day before ordered_at.",
    column="shipped_at",
    severity=Severity.WARNING,
    consequence="Flow times come out negative.",
    remedy="Check the time zones of the instants in the source's settings.",
    reason="shipped_at {shipped_at} or delivered_at {delivered_at} is before ordered_at {ordered_at}",
    broken=lambda staged: sa.or_(_is_before_order(staged, "shipped_at"), _is_before_order(staged, "delivered_at")),
)
DELIVERED_AFTER_SHIPPED = RowRule(
    name="nothing is delivered before it is shipped",
    description="delivered_at is not before shipped_at.",
    column="delivered_at",
    severity=Severity.WARNING,
    consequence="Transit times come out negative.",
    remedy="Check the time zones of the instants in the source's settings.",
    reason="delivered_at {delivered_at} is before shipped_at {shipped_at}",
    broken=lambda staged: staged["delivered_at"] < staged["shipped_at"],
)
DELIVERED_IS_SAID = RowRule(
    name="what is delivered says so",
    description="An order with delivered_at has status delivered.",
    column="status",
    severity=Severity.WARNING,
    consequence="The order keeps its place in the plan though the customer has the goods.",
    remedy="Set the order's status at the source.",
    reason="delivered_at is {delivered_at}, but status is {status}",
    broken=lambda staged: sa.and_(staged["delivered_at"].is_not(None), staged["status"] != OrderStatus.DELIVERED.value),
)
DELIVERY_IS_DATED = RowRule(
    name="a delivery has its instant",
    description="An order with status delivered has delivered_at.",
    column="delivered_at",
    severity=Severity.WARNING,
    consequence="The order counts in no on-time figure.",
    remedy="Map delivered_at from the source.",
    reason="status is delivered, but delivered_at is empty",
    broken=lambda staged: sa.and_(staged["status"] == OrderStatus.DELIVERED.value, is_missing(staged, "delivered_at")),
)
