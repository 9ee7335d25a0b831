"""What an order can plausibly be, seen beside the orders of the last year and the other rows of its load.

All but the last of these are suspicions: what is unusual may be right. It waits until a steward has asked, and then
accepts it with ``cms quality release --accept``. Where too few orders are known, nothing is unusual.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, reduce
from typing import Any, TypeAlias

import sqlalchemy as sa

from cms.application.ports import Severity
from expectations.conditions import (
    BearsAnOffset,
    DayAfter,
    DaysBetween,
    HourOf,
    WeekdayOf,
    is_outside,
    never,
)
from expectations.history import LatestOrders, latest_orders
from expectations.rules import LoadFacts, LoadRule, RowRule, Staged
from expectations.usual_orders import FEWEST_ORDERS, LEAST_REACH, RARITY, hours_moved, offset_text

ASKED = "Ask the customer or order management. If it is right, release the row with --accept and this name."
ZONE = (
    "Check the time zone and the format of instants in the source's settings. If it is right, release the row with "
    "--accept and this name."
)
OF_YEAR = "of the last year (its latest 20,000, 1,000 in loads of fewer than 20 rows)"
SUMMER_TIME = 60
"""Minutes that clocks are put forward by."""
Columns: TypeAlias = Mapping[str, sa.ColumnElement[Any]]


def usual_rules() -> tuple[RowRule, ...]:
    """The rules about rows."""
    return (
        QUANTITY_IS_KNOWN,
        DECIMALS_ARE_KNOWN,
        LEAD_TIME_IS_KNOWN,
        PROMISE_IS_NEAR,
        WEEKDAY_IS_KNOWN,
        HOUR_IS_KNOWN,
        ONE_OFFSET,
    )


@lru_cache(maxsize=8)
def _sizes(latest: LatestOrders) -> sa.CTE:
    """Least, most and finest quantity of each customer and product family; one for all rules of a statement."""
    orders = latest.select("customer_id", "product_family", "quantity").subquery("latest")
    sizes = (
        sa.select(
            orders.c.customer_id,
            orders.c.product_family,
            sa.func.count().label("orders"),
            sa.func.max(orders.c.quantity).label("largest"),
            sa.func.min(orders.c.quantity).label("smallest"),
            sa.func.max(_decimals(orders.c.quantity)).label("decimals"),
        )
        .group_by(orders.c.customer_id, orders.c.product_family)
        .cte("sizes")
    )
    return _read_once(sizes)


def _read_once(cte: sa.CTE) -> sa.CTE:
    for dialect in ("postgresql", "sqlite"):
        # unasked they read the orders again for every staged row
        cte = cte.prefix_with("MATERIALIZED", dialect=dialect)
    return cte


def _decimals(quantity: sa.ColumnElement[object]) -> sa.Case[int]:
    return sa.case(*((~_has_more_decimals(quantity, sa.literal(n)), n) for n in range(4)), else_=4)


def _has_more_decimals(quantity: sa.ColumnElement[object], decimals: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    # SQLite keeps decimals as binary fractions: what it rounds may be off in the last bit
    return sa.func.abs(quantity - sa.func.round(quantity, decimals)) > sa.literal_column("0.00001")


def _limits(sizes: sa.CTE, *level: str) -> sa.Subquery:
    orders = sa.func.sum(sizes.c.orders)
    reach = sa.case(
        (orders >= int(RARITY / LEAST_REACH), sa.literal(LEAST_REACH, sa.Float)),
        else_=sa.literal(float(RARITY), sa.Float) / orders,
    )
    return (
        sa.select(
            *(sizes.c[column] for column in level),
            (sa.func.max(sizes.c.largest) * reach).label("most"),
            (sa.func.min(sizes.c.smallest) / reach).label("least"),
            sa.func.max(sizes.c.decimals).label("decimals"),
        )
        .group_by(*(sizes.c[column] for column in level))
        .having(orders >= FEWEST_ORDERS)
        .subquery()
    )


def _breaks_a_limit(
    staged: Staged,
    levels: Sequence[tuple[str, ...]],
    breaks: Callable[[Columns, Columns], sa.ColumnElement[bool]],
) -> sa.ColumnElement[bool]:
    """Whether a row breaks what is usual of orders that are like it in the columns of one of the levels."""
    if staged.usual.held < FEWEST_ORDERS:
        return never()
    sizes, found = _sizes(latest_orders(staged)), []
    for level in levels:
        row, limits = staged.rows.alias(), _limits(sizes, *level)
        same = [row.c[column] == limits.c[column] for column in level]
        ours = row.c.load_id == staged.load.load_id
        found.append(sa.select(row.c.row_number).where(ours, *same, breaks(dict(row.c), dict(limits.c))))
    # a set that is found once, not a question that is asked again for every row
    return staged["row_number"].in_(sa.union_all(*found))


def _is_outsized(staged: Staged) -> sa.ColumnElement[bool]:
    levels = (("customer_id", "product_family"), ("product_family",), ())
    return _breaks_a_limit(
        staged, levels, lambda row, usual: sa.or_(row["quantity"] > usual["most"], row["quantity"] < usual["least"])
    )


QUANTITY_IS_KNOWN = RowRule(
    name="a quantity is of a size that was ordered before",
    description="quantity is at most 500/n times the largest, and at least n/500 of the smallest, of n orders of its "
    f"customer and product family, of its product family, and of all {OF_YEAR}; from 400 orders on 1.25 times, below "
    "30 it is not judged.",
    column="quantity",
    severity=Severity.CRITICAL,
    consequence="A slipped decimal point fills the plant with work that nobody wants, or leaves a customer short.",
    remedy=ASKED,
    reason="quantity {quantity} is far beyond what {customer_id!r}, or anybody, ordered of {product_family!r} in the "
    "last year",
    broken=_is_outsized,
    is_suspicion=True,
)
DECIMALS_ARE_KNOWN = RowRule(
    name="a quantity has as many decimals as usual",
    description=f"quantity has no more decimals than any order of its product family {OF_YEAR}, of which there must "
    "be 30.",
    column="quantity",
    severity=Severity.CRITICAL,
    consequence="A slipped decimal point leaves the customer with a tenth of the goods.",
    remedy=ASKED,
    reason="quantity {quantity} of {product_family!r} has more decimals than any order of the last year",
    broken=lambda staged: _breaks_a_limit(
        staged, (("product_family",),), lambda row, usual: _has_more_decimals(row["quantity"], usual["decimals"])
    ),
    is_suspicion=True,
)


def _is_wanted_too_soon_or_late(staged: Staged) -> sa.ColumnElement[bool]:
    possible = staged.usual.possible_lead_days
    if possible is None:
        return never()
    return is_outside(DaysBetween(DayAfter(staged["ordered_at"], 0), staged["requested_date"]), *possible)


LEAD_TIME_IS_KNOWN = RowRule(
    name="an order is wanted as long after ordering as usual",
    description="The days from ordered_at to requested_date lie within those of the source's orders "
    f"{OF_YEAR}, widened by a quarter, or by more where there are fewer than 400; below 30 it is not judged.",
    column="requested_date",
    severity=Severity.CRITICAL,
    consequence="A date with day and month exchanged takes the place of orders that are wanted then.",
    remedy=ASKED,
    reason="requested_date {requested_date} is sooner or later after ordered_at {ordered_at} than was ever asked for",
    broken=_is_wanted_too_soon_or_late,
    is_suspicion=True,
)


def _is_promised_too_soon_or_late(staged: Staged) -> sa.ColumnElement[bool]:
    possible = staged.usual.possible_promise_days
    if possible is None:
        return never()
    return is_outside(DaysBetween(staged["requested_date"], staged["promised_date"]), *possible)


PROMISE_IS_NEAR = RowRule(
    name="a promise lies as far from the request as usual",
    description="The days from requested_date to promised_date lie within those of the source's orders "
    f"{OF_YEAR}, a little widened; no promise is earlier than its request where none was. Judged from 30 promises on.",
    column="promised_date",
    severity=Severity.CRITICAL,
    consequence="One of the two dates is not the one that was agreed: the order is planned for a wrong day.",
    remedy=ASKED,
    reason="promised_date {promised_date} lies farther from requested_date {requested_date} than was ever promised",
    broken=_is_promised_too_soon_or_late,
    is_suspicion=True,
)


def _is_wanted_on_an_unusual_weekday(staged: Staged) -> sa.ColumnElement[bool]:
    unusual = staged.usual.unusual_weekdays
    return WeekdayOf(staged["requested_date"]).in_(unusual) if unusual else never()


WEEKDAY_IS_KNOWN = RowRule(
    name="an order is wanted on a usual weekday",
    description="requested_date falls on a weekday that some order of the source asked for, among those "
    f"{OF_YEAR}, of which there must be 150.",
    column="requested_date",
    severity=Severity.CRITICAL,
    consequence="The date is probably not the one that the customer asked for.",
    remedy=ASKED,
    reason="requested_date {requested_date} falls on a weekday on which nobody ever asked for goods",
    broken=_is_wanted_on_an_unusual_weekday,
    is_suspicion=True,
)


def _is_ordered_at_an_unusual_hour(staged: Staged) -> sa.ColumnElement[bool]:
    unusual = staged.usual.unusual_hours
    return HourOf(staged["ordered_at"]).in_(unusual) if unusual else never()


HOUR_IS_KNOWN = RowRule(
    name="an order is made at a usual hour",
    description="ordered_at falls into an hour of the day, in UTC, in which some order of the source was made, or in "
    f"the hour before or after, among those {OF_YEAR}, of which there must be 300.",
    column="ordered_at",
    severity=Severity.CRITICAL,
    consequence="The instant is most likely read in a wrong time zone: the order counts for another day.",
    remedy=ZONE,
    reason="ordered_at {ordered_at} is at an hour at which nobody ever ordered",
    broken=_is_ordered_at_an_unusual_hour,
    is_suspicion=True,
)


def _bears_another_offset(staged: Staged) -> sa.ColumnElement[bool]:
    usual = staged.usual.offset_minutes
    if usual is None:
        return never()
    raw: sa.ColumnElement[str] = staged["raw"]
    if abs(usual) > SUMMER_TIME:
        raw = sa.func.replace(raw, 'Z"', '+00:00"')
    near = [offset_text(usual + beside) for beside in (0, -SUMMER_TIME, SUMMER_TIME)]
    others = reduce(lambda text, offset: sa.func.replace(text, f'{offset}"', ""), [*near, "-00:00"], raw)
    # without the usual offset nearly every row is settled
    return sa.and_(BearsAnOffset(sa.func.replace(raw, f'{near[0]}"', "")), BearsAnOffset(others))


ONE_OFFSET = RowRule(
    name="instants bear the offset of the other rows",
    description="Where 80 of 100 instants of a load, as the source wrote them, end in one offset from UTC or in one an "
    "hour beside it (summer time), those of the row do, too; in loads of 20 rows or more.",
    column="ordered_at",
    severity=Severity.CRITICAL,
    consequence="The clock of one place was written with the zone of another: the order counts for another day, and "
    "old updates are taken for new ones.",
    remedy=ZONE,
    reason="an instant of order {order_id!r} bears another offset from UTC than those of the other rows: ordered_at "
    "{ordered_at}, source_updated_at {source_updated_at}",
    broken=_bears_another_offset,
    is_suspicion=True,
)


def _find_moved_hours(facts: LoadFacts) -> str:
    moved = hours_moved(facts.hours, facts.usual_hours) if facts.hours else 0
    return f"orders were made {abs(moved)} hours {'later' if moved > 0 else 'earlier'} than usual" if moved else ""


USUAL_HOURS = LoadRule(
    name="orders are made at the usual hours",
    description="The hours of ordered_at in a load of 20 rows or more are those of the source's orders "
    f"{OF_YEAR}, and not better explained by a day that is moved by two hours or more; from 300 orders on.",
    column="ordered_at",
    severity=Severity.WARNING,
    consequence="The whole load is most likely read in a wrong time zone: orders near midnight count for another day.",
    remedy="Check the time zone of ordered_at in the source's settings; correct it and load again.",
    find=_find_moved_hours,
)
