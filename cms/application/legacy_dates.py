"""What speaks against the dates of another system's schedule: the customer's rules, and our capacity."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from cms.application.legacy_comparison import LegacyDelivery
from cms.domain.orders import OrderId
from cms.domain.resources import ResourceId
from cms.scheduling.candidate_rules import CANDIDATE_RULES, Placement, completion_is_on_a_working_bucket
from cms.scheduling.problem import OrderDemand, ResourceCapacity, RoutingOption, SchedulingProblem
from cms.scheduling.recount import Recount, ResourceBucket

_LONGEST_WAIT_DAYS = 7
"""How many days before shipping the last work may end: over a weekend and a holiday or two."""
_TOLERANCE_HOURS = 1e-6

Place = tuple[OrderId, date]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Tried:
    """A delivery of theirs, put on our plant as late as it can be made: what breaks, and the hours it needs."""

    broken: tuple[str, ...]
    hours: Mapping[ResourceBucket, float]


def date_problems(problem: SchedulingProblem, deliveries: Iterable[LegacyDelivery]) -> dict[Place, tuple[str, ...]]:
    """What is wrong with each delivery, by order and date: broken rules of ours, and resources without the hours.

    Each delivery is made as late as its date allows; work may be done earlier, never later. So where all deliveries
    together need more hours of a resource by some day than it has had by then, they cannot all be kept, however they
    are arranged. Orders that the problem does not have are left out.
    """
    recount = Recount(problem=problem)
    by_order: dict[OrderId, list[LegacyDelivery]] = defaultdict(list)
    for delivery in deliveries:
        by_order[delivery.order_id].append(delivery)
    tried = {
        (order_id, delivery.delivery_date): _try(recount, recount.orders[order_id], delivery, len(own))
        for order_id, own in by_order.items()
        if order_id in recount.orders
        for delivery in own
    }
    short = _short_days(problem, tried.values())
    return {place: (*one.broken, *_short_hours(one.hours, short)) for place, one in tried.items()}


def _try(recount: Recount, order: OrderDemand, delivery: LegacyDelivery, parts: int) -> _Tried:
    """By the routing that breaks the fewest rules; the first of equals."""
    share = 1 / parts if delivery.quantity is None else min(1.0, float(delivery.quantity) / order.quantity)
    found = [_by_routing(recount, order, routing, delivery.delivery_date, share) for routing in order.routings]
    return min(found, key=lambda one: len(one.broken))


def _by_routing(recount: Recount, order: OrderDemand, routing: RoutingOption, day: date, share: float) -> _Tried:
    ship = recount.ship_date(order, day)
    placements = [
        Placement(
            problem=recount.problem,
            order=order,
            customer=recount.problem.customer(order.customer_id),
            routing=routing,
            completion_date=completion,
            ship_date=ship,
            delivery_date=day,
            loads=recount.located(order, routing, completion, day, share),
        )
        for completion in (ship - timedelta(days=back) for back in range(_LONGEST_WAIT_DAYS + 1))
    ]
    works = (placement for placement in placements if completion_is_on_a_working_bucket(placement) is None)
    placement = next(works, placements[0])
    broken = [reason for rule in CANDIDATE_RULES.values() if (reason := rule(placement)) is not None]
    hours: dict[ResourceBucket, float] = defaultdict(float)
    for load in placement.loads:
        if load.day is not None:
            hours[load.load.resource_id, load.day] += load.hours
    return _Tried(broken=tuple(broken), hours=hours)


def _short_days(problem: SchedulingProblem, tried: Iterable[_Tried]) -> dict[ResourceId, dict[date, str]]:
    """Days by which a resource has had fewer hours than the work that could not be done any later."""
    needed: dict[ResourceId, dict[date, float]] = defaultdict(lambda: defaultdict(float))
    for one in tried:
        for (resource_id, day), hours in one.hours.items():
            needed[resource_id][day] += hours
    return {resource_id: _short_of(problem.resource(resource_id), by_day) for resource_id, by_day in needed.items()}


def _short_of(resource: ResourceCapacity, needed: Mapping[date, float]) -> dict[date, str]:
    short: dict[date, str] = {}
    wanted = there = 0.0
    for day in sorted(resource.buckets.keys() | needed.keys()):
        wanted += needed.get(day, 0.0)
        there += resource.buckets[day].total_hours if day in resource.buckets else 0.0
        if wanted > there + _TOLERANCE_HOURS:
            said = (
                f"by {day} legacy's deliveries need {wanted:.1f} h of {resource.resource_id}, {there:.1f} h are there"
            )
            short[day] = said
    return short


def _short_hours(hours: Mapping[ResourceBucket, float], short: Mapping[ResourceId, Mapping[date, str]]) -> list[str]:
    """For each resource the first short day that the work of a delivery counts towards."""
    found = []
    for resource_id, day in sorted(hours):
        later = (short_day for short_day in sorted(short[resource_id]) if short_day >= day)
        found += [short[resource_id][first] for first in later][:1]
    return list(dict.fromkeys(found))


def export_span(deliveries: Sequence[LegacyDelivery]) -> tuple[date, date] | None:
    """First and last day of an export; None: it has no delivery."""
    days = [delivery.delivery_date for delivery in deliveries]
    return (min(days), max(days)) if days else None
