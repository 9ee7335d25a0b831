"""The weekly capacity plan: 26 weeks of load and capacity, where it gets tight, and what overtime would help."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from cms.aggregation.order_loads import routing_loads
from cms.application.plan_schedule import Planner
from cms.application.planning_facts import PlanningFacts, prepare_plan
from cms.application.ports import CapacityStore
from cms.capacity.overload import Bottleneck, CapacityAlert, bottlenecks, daily_alerts, weekly_alerts
from cms.capacity.overtime import OvertimeProposal, propose_overtime
from cms.capacity.weekly_plan import DemandHistory, WaitingLoad, WeeklyLoad, monday_of, plan_weeks
from cms.domain.errors import InvalidValueError
from cms.domain.orders import Order, OrderStatus
from cms.domain.resources import Load, ResourceId
from cms.scheduling import build_schedule
from cms.scheduling.problem import BucketHours, ResourceCapacity, SchedulingProblem
from cms.scheduling.result import Method, SchedulingResult

HISTORY = timedelta(weeks=105)
MOST_WEIGHED = 8
"""Proposals whose effect on tardiness is worked out, the earliest first; each takes two dispatches."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WeighedProposal:
    """Overtime with its effect.

    Parameters
    ----------
    tardiness_removed_days : float, optional
        Weighted order-days of tardiness of the open orders that it removes, by dispatch with and without it; None
        beyond the planning horizon, where no order is planned yet.
    """

    proposal: OvertimeProposal
    tardiness_removed_days: float | None


@dataclass(frozen=True, kw_only=True)
class CapacityReport:
    """A weekly capacity plan with what it means.

    Parameters
    ----------
    rows_written : int
        0 where the same plan was there already.
    """

    as_of: date
    weeks: tuple[WeeklyLoad, ...]
    bottlenecks: tuple[Bottleneck, ...]
    alerts: tuple[CapacityAlert, ...]
    proposals: tuple[WeighedProposal, ...]
    rows_written: int


def plan_capacity(
    planner: Planner,
    capacity: CapacityStore,
    *,
    as_of: date,
    forecast: Mapping[tuple[ResourceId, date], float] | None = None,
) -> CapacityReport:
    """Plan 26 weeks of each resource from the published schedule, the open orders, and history or a forecast.

    Parameters
    ----------
    forecast : mapping of (resource, Monday) to float, optional
        Hours of coming weeks; where there is none, the order history speaks.
    """
    facts = planner.facts(as_of)
    calendar = facts.plant.calendar()
    published = facts.published
    past = planner.orders.orders_between(as_of - HISTORY, as_of)
    weeks = plan_weeks(
        calendar,
        as_of=as_of,
        committed=published.loads if published else (),
        waiting=_waiting_loads(facts),
        reserved=[held.load for held in facts.reservations],
        history=DemandHistory(hours=_hours_asked(past, facts), forecast=forecast or {}),
    )
    days = published.resource_days if published else ()
    prices = {(day.resource_id, day.bucket_date): day.price_per_hour for day in days}
    proposals = propose_overtime(weeks, calendar, as_of=as_of, prices=prices)
    written = capacity.save_weekly_plan(weeks, as_of=as_of, now=planner.clock.now())
    return CapacityReport(
        as_of=as_of,
        weeks=weeks,
        bottlenecks=tuple(bottlenecks(weeks)),
        alerts=(*weekly_alerts(weeks), *daily_alerts(days)),
        proposals=tuple(_weighed(proposals, facts)),
        rows_written=written,
    )


def _waiting_loads(facts: PlanningFacts) -> Iterable[WaitingLoad]:
    """Hours of open orders that have no place in the published schedule, on their preferred routing."""
    for order in facts.orders:
        if order.order_id not in facts.published_deliveries:
            for load in _preferred_loads(order, facts):
                yield WaitingLoad(resource_id=load.resource_id, due_date=order.due_date, hours=load.hours)


def _hours_asked(orders: Iterable[Order], facts: PlanningFacts) -> Mapping[tuple[ResourceId, date], float]:
    """Hours that past orders asked for, by resource and the week they were due."""
    hours: dict[tuple[ResourceId, date], float] = {}
    for order in orders:
        if order.status is not OrderStatus.CANCELLED:
            for load in _preferred_loads(order, facts):
                key = (load.resource_id, monday_of(order.due_date))
                hours[key] = hours.get(key, 0.0) + load.hours
    return hours


def _preferred_loads(order: Order, facts: PlanningFacts) -> tuple[Load, ...]:
    try:
        ways = routing_loads(
            order.product_family,
            max(order.quantity, order.open_quantity),
            facts.plant.routings,
            default_routing=facts.rules.default_routing,
        )
    except InvalidValueError:
        return ()  # an order that no routing can carry is listed as unscheduled, with this reason
    return ways[0].loads if ways else ()


def _weighed(proposals: Iterable[OvertimeProposal], facts: PlanningFacts) -> Iterable[WeighedProposal]:
    problem = prepare_plan(facts).problem
    for number, proposal in enumerate(proposals):
        planned = proposal.days and proposal.days[0].bucket_date in problem.horizon
        removed = _tardiness_removed(problem, proposal) if planned and number < MOST_WEIGHED else None
        yield WeighedProposal(proposal=proposal, tardiness_removed_days=removed)


def _tardiness_removed(problem: SchedulingProblem, proposal: OvertimeProposal) -> float:
    with_it = build_schedule(problem, method=Method.DISPATCH)
    without = build_schedule(_without_overtime(problem, proposal), method=Method.DISPATCH)
    return max(0.0, _tardiness(without) - _tardiness(with_it))


def _without_overtime(problem: SchedulingProblem, proposal: OvertimeProposal) -> SchedulingProblem:
    days = {day.bucket_date for day in proposal.days}
    resources = tuple(
        _closed(resource, days) if resource.resource_id == proposal.resource_id else resource
        for resource in problem.resources
    )
    return replace(problem, resources=resources)


def _closed(resource: ResourceCapacity, days: set[date]) -> ResourceCapacity:
    buckets = {
        day: BucketHours(regular_hours=hours.regular_hours) if day in days else hours
        for day, hours in resource.buckets.items()
    }
    return replace(resource, buckets=buckets)


def _tardiness(result: SchedulingResult) -> float:
    return sum(tier.value for tier in result.tiers if tier.name != "cost")
