"""The deliveries an order could get: routing, completion bucket and delivery date that keep every calendar rule.

Capacity is not asked here: a candidate is what the calendars, the customer and the order's own dates allow.
"""

from bisect import bisect_left
from collections.abc import Iterator
from operator import attrgetter
from typing import NamedTuple

from cms.scheduling.ledger import BucketHoursUsed
from cms.scheduling.problem import OrderDemand
from cms.scheduling.tables import Completion, PlantTables, Stop, Way

_day_of, _earliest_day_of = attrgetter("day"), attrgetter("earliest_day")


class Candidate(NamedTuple):
    """One delivery that an order could get, for its whole quantity.

    Parameters
    ----------
    routing : int
        Place of the routing in the order.
    completion, ship, delivery : int
        Days counted from ``as_of``.
    tardiness : int
        Calendar days past the due date.
    money : float
        Routing and holding cost, overtime and changes aside.
    loads : tuple
        Hours by bucket; a bucket stands once.
    """

    routing: int
    completion: int
    ship: int
    delivery: int
    tardiness: int
    money: float
    loads: tuple[BucketHoursUsed, ...]


def candidates_of(tables: PlantTables, order: OrderDemand) -> Iterator[Candidate]:
    """Every candidate of an order, in order of routing, delivery and completion."""
    for way in tables.ways(order):
        yield from way_candidates(tables, order, way)


def earliest_candidates(tables: PlantTables, order: OrderDemand) -> Iterator[Candidate]:
    """Every candidate of an order, in order of delivery, money, completion and routing; later days only when asked."""
    due = tables.index(order.due_date)
    stops: dict[int, list[tuple[Way, Stop]]] = {}
    for way in tables.ways(order):
        for stop in open_stops(tables, order, way):
            stops.setdefault(stop.day, []).append((way, stop))
    for day in sorted(stops):
        found = (one for way, stop in stops[day] for one in _stop_candidates(tables, order, way, stop, due))
        yield from sorted(found, key=lambda one: (one.money, one.completion, one.routing))


def way_candidates(tables: PlantTables, order: OrderDemand, way: Way) -> Iterator[Candidate]:
    """The candidates of one routing, in order of delivery, then completion."""
    due = tables.index(order.due_date)
    for stop in open_stops(tables, order, way):
        yield from _stop_candidates(tables, order, way, stop, due)


def _stop_candidates(tables: PlantTables, order: OrderDemand, way: Way, stop: Stop, due: int) -> Iterator[Candidate]:
    holding = tables.problem.holding_cost_per_hour_day * way.total_hours
    for completion in open_completions(tables, order, way):
        if completion.day > stop.latest_completion:
            break
        yield _candidate(way, completion, stop, due, holding)


def find_candidate(
    tables: PlantTables, order: OrderDemand, way: Way, completion: int, delivery: int
) -> Candidate | None:
    """The candidate of a routing with those days; None where a rule closes it."""
    completions, stops = way.shape.completions, way.stops
    first = bisect_left(completions, completion, key=_day_of)
    second = bisect_left(stops, delivery, key=_day_of)
    if first == len(completions) or second == len(stops):
        return None
    found, stop = completions[first], stops[second]
    if found.day != completion or stop.day != delivery or completion > stop.latest_completion:
        return None
    release = _release_day(tables, order)
    if delivery < _earliest_delivery(tables, order) or found.earliest_day < release:
        return None
    if way.ship_hours and stop.earliest_day < release:
        return None
    holding = tables.problem.holding_cost_per_hour_day * way.total_hours
    return _candidate(way, found, stop, tables.index(order.due_date), holding)


def _release_day(tables: PlantTables, order: OrderDemand) -> int:
    """The first day on which work may start."""
    return 0 if order.release_date is None else max(0, tables.index(order.release_date))


def _earliest_delivery(tables: PlantTables, order: OrderDemand) -> int:
    """The first day on which the customer takes it; before the horizon where it is below 0."""
    return tables.index(order.due_date) - tables.problem.customer(order.customer_id).max_early_days


def _candidate(way: Way, completion: Completion, stop: Stop, due: int, holding: float) -> Candidate:
    return Candidate(
        way.routing,
        completion.day,
        stop.ship_day,
        stop.day,
        max(0, stop.day - due),
        way.cost + holding * (stop.ship_day - completion.day),
        merged_loads(way, completion, stop),
    )


def open_completions(tables: PlantTables, order: OrderDemand, way: Way) -> tuple[Completion, ...]:
    """The completions of a routing whose work does not start before the order's release."""
    completions, release = way.shape.completions, _release_day(tables, order)
    if release == 0:
        return completions
    return completions[bisect_left(completions, release, key=_earliest_day_of) :]


def open_stops(tables: PlantTables, order: OrderDemand, way: Way) -> tuple[Stop, ...]:
    """The delivery days that the customer's earliness and the order's release leave."""
    stops, earliest, release = way.stops, _earliest_delivery(tables, order), _release_day(tables, order)
    if earliest > 0:
        stops = stops[bisect_left(stops, earliest, key=_day_of) :]
    if release == 0 or not way.ship_hours:
        return stops
    return stops[bisect_left(stops, release, key=_earliest_day_of) :]


def merged_loads(way: Way, completion: Completion, stop: Stop) -> tuple[BucketHoursUsed, ...]:
    """Hours by bucket of a candidate."""
    loads = (
        *zip(completion.buckets, way.completion_hours, strict=True),
        *zip(stop.buckets, way.ship_hours, strict=True),
    )
    if not way.shape.shares_resource:
        return loads
    hours: dict[int, float] = {}
    for bucket, more in loads:
        hours[bucket] = hours.get(bucket, 0.0) + more
    return tuple(hours.items())
