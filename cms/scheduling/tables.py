"""The problem as numbers: flat bucket capacities, where each load falls, and when each customer takes delivery.

Days are counted from ``as_of``. A bucket is ``resource * days + day``. What does not depend on a single order is worked
out once and kept: the buckets of a routing's loads for every completion and ship day (a *shape*), and the deliveries
that a customer can get of such a routing (its *stops*).
"""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, TypeAlias

from cms.domain.customers import CustomerId
from cms.domain.orders import OrderId
from cms.scheduling.problem import OrderDemand, RoutingOption, SchedulingProblem, WorkPlace

LoadPlace: TypeAlias = tuple[int, int]
"""Resource (by its place in the problem) and offset in working buckets."""
Buckets: TypeAlias = tuple[int, ...]
Shipment: TypeAlias = tuple[int, int, int, Buckets]
"""Ship day, latest completion, earliest load day and the buckets of the ship-anchored loads."""
NO_BUCKET = -1
HOURS_TOLERANCE = 1e-9
"""Rounding that sums of hours may show; a plan of two decimals that fits exactly must not be refused."""


class Completion(NamedTuple):
    """A day on which a routing can complete, and the buckets of its completion-anchored loads."""

    day: int
    earliest_day: int
    buckets: Buckets


class Stop(NamedTuple):
    """A day on which a customer can take delivery, and the buckets of the ship-anchored loads."""

    day: int
    ship_day: int
    latest_completion: int
    earliest_day: int
    buckets: Buckets


@dataclass(frozen=True, slots=True)
class Shape:
    """Where the loads of a routing fall, whatever their hours: shared by all orders made that way.

    Parameters
    ----------
    completions : tuple of Completion
        In order of day.
    completion_buckets, ship_buckets : list of tuple of int
        By day: the bucket of each place, or NO_BUCKET before the horizon.
    shares_resource : bool
        Whether a resource stands in both anchors, so that two loads may fall in one bucket.
    """

    key: int
    completion_places: tuple[LoadPlace, ...]
    ship_places: tuple[LoadPlace, ...]
    completions: tuple[Completion, ...]
    completion_buckets: list[Buckets]
    ship_buckets: list[Buckets]
    shares_resource: bool


class Way(NamedTuple):
    """One routing of an order with its hours, merged by place, and the stops of its customer."""

    routing: int
    cost: float
    shape: Shape
    completion_hours: tuple[float, ...]
    ship_hours: tuple[float, ...]
    total_hours: float
    stops: tuple[Stop, ...]


class PlantTables:
    """The integer view of a problem, shared by dispatch, the optimiser, quotes and explanations."""

    def __init__(self, problem: SchedulingProblem) -> None:
        self.problem = problem
        self.days = len(problem.horizon)
        self.resources = {resource.resource_id: index for index, resource in enumerate(problem.resources)}
        self._origin = problem.horizon.as_of.toordinal()
        self._fill_capacity()
        self._reach: dict[LoadPlace, list[int]] = {}
        self._shapes: dict[tuple[tuple[WorkPlace, ...], tuple[WorkPlace, ...]], Shape] = {}
        self._open_days: dict[CustomerId, list[int]] = {}
        self._stops: dict[tuple[int, CustomerId], tuple[Stop, ...]] = {}
        self._by_transit: dict[tuple[tuple[LoadPlace, ...], int], list[Stop | None]] = {}
        self._shipments: dict[tuple[LoadPlace, ...], list[Shipment | None]] = {}
        self._ways: dict[OrderId, list[Way]] = {}
        self._holidays = {self.index(day) for day in problem.holidays}

    def _fill_capacity(self) -> None:
        size = len(self.problem.resources) * self.days
        self.regular_hours = [0.0] * size
        self.total_hours = [0.0] * size
        self.overtime_rate = [0.0] * size
        self._working: list[list[int]] = []
        for number, resource in enumerate(self.problem.resources):
            first = number * self.days
            self.overtime_rate[first : first + self.days] = [resource.overtime_cost_per_hour] * self.days
            for day, hours in resource.buckets.items():
                self.regular_hours[first + self.index(day)] = hours.regular_hours
                self.total_hours[first + self.index(day)] = hours.total_hours
            self._working.append([day for day in range(self.days) if self.total_hours[first + day] > 0])

    def index(self, day: date) -> int:
        """Days from ``as_of``."""
        return day.toordinal() - self._origin

    def date(self, index: int) -> date:
        """The calendar date of a day."""
        return date.fromordinal(self._origin + index)

    def working_days(self, resource: int) -> list[int]:
        """The working buckets of a resource, as days."""
        return self._working[resource]

    def reach(self, resource: int, offset_days: int) -> list[int]:
        """For each day: the day of the `offset_days`-th working bucket before it, or NO_BUCKET before the horizon."""
        place = (resource, offset_days)
        if place not in self._reach:
            self._reach[place] = self._reach_of(resource, offset_days)
        return self._reach[place]

    def _reach_of(self, resource: int, offset_days: int) -> list[int]:
        working = self._working[resource]
        is_working = set(working)
        passed, reach = 0, []
        for day in range(self.days):
            passed += day in is_working
            place = passed - 1 - offset_days
            reach.append(working[place] if place >= 0 else NO_BUCKET)
        return reach

    def ways(self, order: OrderDemand) -> list[Way]:
        """The routings of an order, in their order."""
        ways = self._ways.get(order.order_id)
        if ways is None:
            ways = [self._way(order, number) for number in range(len(order.routings))]
            self._ways[order.order_id] = ways
        return ways

    def _way(self, order: OrderDemand, number: int) -> Way:
        routing = order.routings[number]
        shape = self._shape(routing)
        return Way(
            number,
            routing.cost,
            shape,
            routing.completion_hours,
            routing.ship_hours,
            routing.total_hours,
            self._stops_of(shape, order.customer_id),
        )

    def _shape(self, routing: RoutingOption) -> Shape:
        key = (routing.completion_places, routing.ship_places)
        shape = self._shapes.get(key)
        if shape is None:
            completion, ship = self._places(routing.completion_places), self._places(routing.ship_places)
            shape = Shape(
                len(self._shapes),
                completion,
                ship,
                tuple(self._completions(completion)),
                self._buckets_by_day(completion),
                self._buckets_by_day(ship),
                bool({resource for resource, _ in completion} & {resource for resource, _ in ship}),
            )
            self._shapes[key] = shape
        return shape

    def _places(self, named: tuple[WorkPlace, ...]) -> tuple[LoadPlace, ...]:
        return tuple((self.resources[resource_id], offset) for resource_id, offset in named)

    def _buckets_by_day(self, places: tuple[LoadPlace, ...]) -> list[Buckets]:
        reaches = [(resource * self.days, self.reach(resource, offset)) for resource, offset in places]
        return [
            tuple(NO_BUCKET if reach[day] == NO_BUCKET else first + reach[day] for first, reach in reaches)
            for day in range(self.days)
        ]

    def _completions(self, places: tuple[LoadPlace, ...]) -> list[Completion]:
        starts = {day for resource, _ in places for day in self._working[resource]} if places else range(self.days)
        found = []
        for day in sorted(starts):
            reached = [self.reach(resource, offset)[day] for resource, offset in places]
            if NO_BUCKET not in reached:
                found.append(Completion(day, min(reached, default=self.days), self._buckets(places, reached)))
        return found

    def _buckets(self, places: tuple[LoadPlace, ...], reached: list[int]) -> Buckets:
        return tuple(resource * self.days + day for (resource, _), day in zip(places, reached, strict=True))

    def open_days(self, customer_id: CustomerId) -> list[int]:
        """The days of the horizon on which a customer takes delivery: a window, no holiday, no blackout."""
        if customer_id not in self._open_days:
            self._open_days[customer_id] = self._find_open_days(customer_id)
        return self._open_days[customer_id]

    def _find_open_days(self, customer_id: CustomerId) -> list[int]:
        terms = self.problem.customer(customer_id)
        closed = self._holidays | {self.index(day) for day in terms.blackout_dates}
        weekday_of_origin = self.problem.horizon.as_of.weekday()
        found: set[int] = set()
        for window in self.problem.windows(terms):
            first = 0 if window.effective_from is None else max(0, self.index(window.effective_from))
            last = self.days if window.effective_to is None else min(self.days, self.index(window.effective_to) + 1)
            first += (window.weekday - weekday_of_origin - first) % 7
            found.update(range(first, last, 7))
        return sorted(found - closed)

    def _stops_of(self, shape: Shape, customer_id: CustomerId) -> tuple[Stop, ...]:
        """The deliveries of a routing that a customer can take, in order of day, whatever the order's own dates."""
        key = (shape.key, customer_id)
        stops = self._stops.get(key)
        if stops is None:
            at = self._stops_by_day(shape, self.problem.customer(customer_id).transit_days)
            stops = tuple(stop for day in self.open_days(customer_id) if (stop := at[day]) is not None)
            self._stops[key] = stops
        return stops

    def _stops_by_day(self, shape: Shape, transit_days: int) -> list[Stop | None]:
        """By day of delivery: the stop of a customer so many days away, whatever its windows."""
        key = (shape.ship_places, transit_days)
        if key not in self._by_transit:
            shipments = self.shipments(shape.ship_places)[: max(0, self.days - transit_days)]
            found = [None if one is None else Stop(one[0] + transit_days, *one) for one in shipments]
            self._by_transit[key] = [*[None] * (self.days - len(found)), *found]
        return self._by_transit[key]

    def shipments(self, places: tuple[LoadPlace, ...]) -> list[Shipment | None]:
        """Where ship-anchored loads fall, by ship day; None where one would fall before the horizon."""
        if places not in self._shipments:
            self._shipments[places] = [self._shipment(places, day) for day in range(self.days)]
        return self._shipments[places]

    def _shipment(self, places: tuple[LoadPlace, ...], ship_day: int) -> Shipment | None:
        reached = [self.reach(resource, offset)[ship_day] for resource, offset in places]
        if NO_BUCKET in reached:
            return None
        at_ship = [at for (_, offset), at in zip(places, reached, strict=True) if offset == 0]
        latest_completion = min([ship_day, *at_ship])
        return ship_day, latest_completion, min(reached, default=self.days), self._buckets(places, reached)
