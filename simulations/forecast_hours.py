"""The forecast as the weekly capacity plan wants it: hours of each resource by the week in which orders are due."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from cms.aggregation.order_loads import loads_on
from cms.domain.orders import Order
from cms.domain.resources import ResourceId
from simulations.forecast import DemandForecast, FamilyForecast, forecast_demand, hours_per_order
from simulations.order_history import History, monday_of

ONE_WEEK = timedelta(weeks=1)


def forecast_hours(history: History, *, as_of: date, weeks: int = 26) -> Mapping[tuple[ResourceId, date], float]:
    """Hours that the orders due in each of the coming weeks need in all, by resource and Monday.

    These are the hours of the orders that are placed already and due in the week, and those of the orders that the
    forecast expects: each takes the mean hours of its family, made the cheapest way, and is due as many weeks after it
    is placed as the orders of its family were.

    Raises
    ------
    InvalidValueError
        The history is too short for a forecast, or ended more than a year before `as_of`.
    """
    behind = max(0, (monday_of(as_of) - monday_of(history.last_day)) // ONE_WEEK)
    return hours_due(forecast_demand(history, weeks=weeks + behind), history, as_of=as_of, weeks=weeks)


def hours_due(
    forecast: DemandForecast, history: History, *, as_of: date, weeks: int
) -> Mapping[tuple[ResourceId, date], float]:
    """As `forecast_hours`, of a forecast that is there already."""
    coming = {monday_of(as_of) + index * ONE_WEEK for index in range(weeks)}
    hours: defaultdict[tuple[ResourceId, date], float] = defaultdict(float)
    first = forecast.families[0].best.weeks[0].monday
    for order in history.orders:
        if order.ordered_at.date() < first:
            for resource, needed in _hours_of(order, history):
                hours[resource, monday_of(order.due_date)] += needed
    for family in forecast.families:
        for resource, monday, needed in _expected(family, history):
            hours[resource, monday] += needed
    return {
        (resource.resource_id, monday): hours[resource.resource_id, monday]
        for resource in history.resources
        for monday in sorted(coming)
    }


def _hours_of(order: Order, history: History) -> Iterator[tuple[ResourceId, float]]:
    for load in loads_on(history.routings_of(order.product_family)[0], order.quantity):
        yield load.resource_id, load.hours


def _expected(family: FamilyForecast, history: History) -> Iterator[tuple[ResourceId, date, float]]:
    """Resource, Monday of the week in which it is due, hours."""
    leads = lead_weeks(history, family.product_family)
    needed = hours_per_order(history, family.product_family)
    for week in family.best.weeks:
        for lead, share in leads.items():
            for resource, hours in needed.items():
                yield resource, week.monday + lead * ONE_WEEK, week.mean * share * hours


def lead_weeks(history: History, product_family: str) -> Mapping[int, float]:
    """How many weeks after the week in which they were placed orders of a family were due: shares that add up to 1."""
    leads = Counter(
        max(0, (monday_of(order.due_date) - monday_of(order.ordered_at.date())) // ONE_WEEK)
        for order in history.orders
        if order.product_family == product_family
    )
    return {lead: count / leads.total() for lead, count in sorted(leads.items())}
