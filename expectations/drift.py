"""How demand has drifted: this week's volume against the weeks before, and what is ordered against what used to be."""

import math
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from statistics import fmean, pstdev
from typing import Any

import sqlalchemy as sa

from cms.application.ports import Severity
from expectations.conditions import DayAfter
from expectations.rules import DemandFacts, DemandRule, Standing

WEEKS = 26
RECENT_WEEKS = 4
FEWEST_WEEKS = 4
FEWEST_ORDERS = 50
NOTABLE_INDEX = 0.25
"""From this population stability index on a distribution counts as changed; a rule of thumb from credit scoring."""
SIZES = (1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000)
"""Upper ends of the bands that quantities are counted in."""


def population_stability_index(recent: Mapping[str, int], usual: Mapping[str, int]) -> float:
    """How far one distribution has moved from another: 0 for the same, from 0.25 on a clear change.

    ``sum((p - q) * ln(p / q))`` over all classes, with half an order added to each so that none is empty.

    Examples
    --------
    >>> population_stability_index({"small": 50, "large": 50}, {"small": 500, "large": 500})
    0.0
    >>> round(population_stability_index({"small": 20, "large": 80}, {"small": 800, "large": 200}), 1)
    1.6
    """
    classes = sorted(recent.keys() | usual.keys())
    shares = [(_share(recent, name, len(classes)), _share(usual, name, len(classes))) for name in classes]
    return sum((now - before) * math.log(now / before) for now, before in shares)


def _share(counts: Mapping[str, int], name: str, classes: int) -> float:
    return (counts.get(name, 0) + 0.5) / (sum(counts.values()) + 0.5 * classes)


def read_demand(connection: sa.Connection, standing: Standing) -> DemandFacts:
    """What was ordered in the last half year, up to yesterday."""
    today = standing.now.date()
    by_day = _orders_by_day(connection, standing, today)
    weeks = [sum(by_day.get(today - timedelta(days=7 * week + day), 0) for day in range(1, 8)) for week in range(WEEKS)]
    recent, usual = _mixes(connection, standing, today)
    return DemandFacts(recent_orders=weeks[0], usual_orders=_until_first(weeks[1:]), recent_mix=recent, usual_mix=usual)


def _until_first(weeks: Sequence[int]) -> tuple[int, ...]:
    """Weeks before the first order say nothing: the plant was not yet connected."""
    last = max((index for index, orders in enumerate(weeks) if orders), default=-1)
    return tuple(weeks[: last + 1])


def _orders_by_day(connection: sa.Connection, standing: Standing, today: date) -> dict[date, int]:
    orders = standing.tables["order_master"].c
    first = today - timedelta(days=7 * WEEKS)
    # SQL Server does not take two equal expressions with parameters for one: it groups by a column
    day = DayAfter(orders.ordered_at, 0).label("day")
    ordered = sa.select(day).where(*_ordered_between(standing, first, today)).subquery()
    query = sa.select(ordered.c.day, sa.func.count()).group_by(ordered.c.day)
    return {row[0]: row[1] for row in connection.execute(query)}


def _ordered_between(standing: Standing, first: date, end: date) -> list[sa.ColumnElement[bool]]:
    ordered_at = standing.tables["order_master"].c.ordered_at
    midnight = standing.now.replace(hour=0, minute=0, second=0, microsecond=0)
    days = (standing.now.date() - first).days, (standing.now.date() - end).days
    return [ordered_at >= midnight - timedelta(days=days[0]), ordered_at < midnight - timedelta(days=days[1])]


def _mixes(
    connection: sa.Connection, standing: Standing, today: date
) -> tuple[dict[str, dict[str, int]], dict[str, dict[str, int]]]:
    border = today - timedelta(days=7 * RECENT_WEEKS)
    recent = _mix(connection, standing, border, today)
    return recent, _mix(connection, standing, today - timedelta(days=7 * WEEKS), border)


def _mix(connection: sa.Connection, standing: Standing, first: date, end: date) -> dict[str, dict[str, int]]:
    orders = standing.tables["order_master"].c
    size: sa.ColumnElement[Any] = sa.case(
        *((orders.quantity <= limit, sa.literal(f"up to {limit}")) for limit in SIZES),
        else_=sa.literal(f"over {SIZES[-1]}"),
    )
    mix: dict[str, dict[str, int]] = {}
    for name, column in (("product family", orders.product_family), ("order size", size)):
        counted = sa.select(column.label("class")).where(*_ordered_between(standing, first, end)).subquery()
        query = sa.select(counted.c[0], sa.func.count()).group_by(counted.c[0])
        mix[name] = {row[0]: row[1] for row in connection.execute(query)}
    return mix


def drift_rules() -> tuple[DemandRule, ...]:
    """Rules about the volume and the mix of demand."""
    return (USUAL_VOLUME, _usual_mix("product family"), _usual_mix("order size"))


def _find_unusual_volume(facts: DemandFacts) -> str:
    weeks = facts.usual_orders
    if len(weeks) < FEWEST_WEEKS:
        return ""
    usual = fmean(weeks)
    # arrivals scatter at least as the square root of their number, however even the last weeks were
    spread = max(pstdev(weeks), math.sqrt(max(usual, 1.0)))
    if abs(facts.recent_orders - usual) <= 3 * spread:
        return ""
    return (
        f"{facts.recent_orders} orders in the last seven days, {usual:.0f} ± {spread:.0f} a week in the "
        f"{len(weeks)} weeks before"
    )


USUAL_VOLUME = DemandRule(
    name="as many orders come in as usual",
    description="Orders of the last seven days are within three standard deviations of the weeks before, of which at "
    "least four are needed.",
    column="ordered_at",
    severity=Severity.WARNING,
    consequence="Either a source has stopped sending orders, or demand has changed and capacity must follow.",
    remedy="Compare with order management; if the orders are right, look at the weekly capacity plan.",
    find=_find_unusual_volume,
)


def _usual_mix(name: str) -> DemandRule:
    def find(facts: DemandFacts) -> str:
        recent, usual = facts.recent_mix.get(name, {}), facts.usual_mix.get(name, {})
        if min(sum(recent.values()), sum(usual.values())) < FEWEST_ORDERS:
            return ""
        index = population_stability_index(recent, usual)
        if index < NOTABLE_INDEX:
            return ""
        moved = _most_moved(recent, usual)
        return f"{name} has shifted (population stability index {index:.2f}), most of all {moved}"

    return DemandRule(
        name=f"the mix by {name} is as usual",
        description=f"The distribution of orders by {name} in the last four weeks has a population stability index "
        "below 0.25 against the half year before; 50 orders are needed on both sides.",
        column="product_family" if name == "product family" else "quantity",
        severity=Severity.WARNING,
        consequence="Routings, capacity and forecasts rest on a mix that no longer holds, or a unit has changed.",
        remedy="Ask sales whether demand has changed; if not, check the source's mapping and units.",
        find=find,
    )


def _most_moved(recent: Mapping[str, int], usual: Mapping[str, int]) -> str:
    classes = sorted(recent.keys() | usual.keys())
    now, before = sum(recent.values()), sum(usual.values())
    shares = {name: (usual.get(name, 0) / before, recent.get(name, 0) / now) for name in classes}
    name = max(classes, key=lambda name: (abs(shares[name][1] - shares[name][0]), name))
    return f"{name}: from {shares[name][0]:.0%} to {shares[name][1]:.0%} of the orders"
