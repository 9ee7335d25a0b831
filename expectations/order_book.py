"""What is expected of the order book as it stands: fresh, of active customers, in usual amounts."""

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from cms.application.ports import Dataset, Severity
from cms.domain.customers import CustomerStatus
from cms.domain.orders import PLANNABLE_STATUSES
from expectations.drift import drift_rules
from expectations.rules import Standing, TableRule, TableSuite

FRESH_ORDERS = timedelta(hours=1)
FRESH_CUSTOMERS = timedelta(hours=26)
FRESH_SCHEDULE = timedelta(hours=36)
OUTLIER_FACTOR = 5
FEWEST_ORDERS = 30


def order_book_suite() -> TableSuite:
    """The suite of the order book."""
    return TableSuite(
        key="order_book",
        title="Order book",
        about="Judged with the daily data quality report. All of it is reported, nothing is refused.",
        table="order_master",
        rules=(FRESH_SOURCES, FRESH_PLAN, ACTIVE_CUSTOMERS, USUAL_QUANTITY, *drift_rules()),
    )


def _stale_sources(standing: Standing) -> sa.Select[Any]:
    state = standing.tables["sync_state"].c
    is_stale = sa.or_(
        sa.and_(state.dataset == Dataset.ORDERS.value, state.synced_at < standing.now - FRESH_ORDERS),
        sa.and_(state.dataset != Dataset.ORDERS.value, state.synced_at < standing.now - FRESH_CUSTOMERS),
    )
    return sa.select(state.dataset, state.source, state.synced_at).where(is_stale).order_by(state.dataset, state.source)


FRESH_SOURCES = TableRule(
    name="sources are fresh",
    description="Orders of every source that is read by what has changed were synced within the last hour, customers "
    "and windows within 26 hours.",
    column="synced_at",
    severity=Severity.WARNING,
    consequence="Planners work on orders as they were, and new ones get no date.",
    remedy="See why the sync does not run: `cms sync orders`, the runbook has the causes.",
    reason="{dataset} from {source} were last synced at {synced_at}",
    broken=_stale_sources,
)


def _stale_plan(standing: Standing) -> sa.Select[Any]:
    versions = standing.tables["schedule_versions"].c
    return sa.select(versions.version, versions.as_of, versions.published_at).where(
        versions.version == standing.version, versions.as_of < (standing.now - FRESH_SCHEDULE).date()
    )


FRESH_PLAN = TableRule(
    name="the published schedule is of today or yesterday",
    description="as_of of the published version is at most 36 hours old.",
    column="as_of",
    severity=Severity.WARNING,
    consequence="New orders have no date, and what went wrong since is not planned around.",
    remedy="See why the daily plan does not run: `cms plan daily`, the runbook has the causes.",
    reason="version {version} was planned for {as_of} and published at {published_at}",
    broken=_stale_plan,
)


def _orders_of_inactive(standing: Standing) -> sa.Select[Any]:
    orders, customers = standing.tables["order_master"].c, standing.tables["customer_master"].c
    return (
        sa.select(orders.order_id, orders.customer_id, orders.requested_date)
        .where(orders.customer_id == customers.customer_id, orders.status.in_(sorted(PLANNABLE_STATUSES)))
        .where(customers.status == CustomerStatus.INACTIVE.value)
        .order_by(orders.order_id)
    )


ACTIVE_CUSTOMERS = TableRule(
    name="open orders are of active customers",
    description="No open order belongs to a customer with status inactive.",
    column="customer_id",
    severity=Severity.WARNING,
    consequence="Goods are made for somebody whom we no longer deliver to.",
    remedy="Activate the customer on the board, or cancel the order at its source.",
    reason="order {order_id}, requested for {requested_date}, is of the inactive customer {customer_id}",
    broken=_orders_of_inactive,
)


def _outsized_orders(standing: Standing) -> sa.Select[Any]:
    orders = standing.tables["order_master"].c
    week_ago, year_ago = standing.now - timedelta(days=7), standing.now - timedelta(days=372)
    usual = (
        sa.select(orders.product_family, sa.func.max(orders.quantity).label("largest"))
        .where(orders.ordered_at >= year_ago, orders.ordered_at < week_ago)
        .group_by(orders.product_family)
        .having(sa.func.count() >= FEWEST_ORDERS)
        .subquery()
    )
    return (
        sa.select(orders.order_id, orders.quantity, orders.product_family, usual.c.largest)
        .join_from(standing.tables["order_master"], usual, usual.c.product_family == orders.product_family)
        .where(orders.ordered_at >= week_ago, orders.quantity > OUTLIER_FACTOR * usual.c.largest)
        .order_by(orders.order_id)
    )


USUAL_QUANTITY = TableRule(
    name="no quantity is far beyond what was ever ordered",
    description="An order of the last week is at most five times as large as the largest of its product family in the "
    "year before, where that had 30 orders.",
    column="quantity",
    severity=Severity.WARNING,
    consequence="A slipped decimal point fills the plant with work that nobody wants.",
    remedy="Ask the customer; correct the quantity at the source.",
    reason="order {order_id} is for {quantity} of {product_family}, the largest of the year before was {largest}",
    broken=_outsized_orders,
)
