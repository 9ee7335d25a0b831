"""Whom a rush order asks to make room, in which sequence, and for which of its places."""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from itertools import islice
from operator import attrgetter
from typing import Generic, NamedTuple, TypeVar

from cms.capacity.ledger import HOURS_TOLERANCE, BucketKey, CapacityLedger, CapacityLoad
from cms.domain.orders import OrderId
from cms.domain.schedule import ScheduledDelivery, ScheduledLoad
from cms.scheduling.candidates import candidates_of
from cms.scheduling.problem import OrderDemand, SchedulingProblem
from cms.scheduling.result import SchedulingResult
from cms.scheduling.tables import PlantTables

Item = TypeVar("Item")
PLACES_BY_ROUND = (3, 9)
"""For how many of the rush order's best places others are asked to make room, round by round, until that is enough."""
MOST_ASKED = 40
"""How many orders are asked at most: a planner reads the list, and the answer must come at once."""


class Holder(NamedTuple):
    """An order that holds hours which the rush order could use, with its present deliveries."""

    order: OrderDemand
    deliveries: tuple[ScheduledDelivery, ...]
    days_to_spare: int
    loads: tuple[ScheduledLoad, ...]


class Round(NamedTuple):
    """Who is asked, in sequence, and the least tardiness that the rush order can have if all of them make room."""

    asked: list[Holder]
    least_tardiness: int


class Place(NamedTuple):
    """A place that the rush order would like, and what is missing there."""

    tardiness: int
    missing_hours: float
    where: tuple[int, ...]
    shortage: dict[BucketKey, float]


def rounds(
    problem: SchedulingProblem, result: SchedulingResult, order: OrderDemand, places: Sequence[Place]
) -> Iterator[Round]:
    """Whom to ask, round by round: more where fewer were not enough."""
    neighbours = _Neighbours(problem, result, order)
    asked: dict[OrderId, Holder] = {}
    possible = (place for place in places if neighbours.can_free(place.shortage))
    wanted: list[Place] = []
    for count in PLACES_BY_ROUND:
        known = len(asked)
        more = list(islice(possible, count - len(wanted)))
        for place in more:
            _ask(neighbours, place.shortage, asked)
        wanted += more
        if len(asked) > known:
            yield Round(sorted(asked.values(), key=_asking_sequence), wanted[0].tardiness)


def _ask(neighbours: "_Neighbours", shortage: Mapping[BucketKey, float], asked: dict[OrderId, Holder]) -> None:
    """Adds as many as would free twice what is lacking, so that there is a choice of who moves."""
    for key, hours in sorted(shortage.items()):
        wanted = 2 * hours
        for holder in neighbours.in_bucket(key):
            if wanted <= 0 or len(asked) >= MOST_ASKED:
                break
            asked.setdefault(holder.order.order_id, holder)
            wanted -= hours_in(holder, key)


def hours_in(holder: Holder, key: BucketKey) -> float:
    """Hours that an order holds in a resource-bucket."""
    return sum(load.hours for load in holder.loads if (load.resource_id, load.bucket_date) == key)


def best_places(problem: SchedulingProblem, order: OrderDemand, ledger: CapacityLedger) -> list[Place]:
    """The places that the order would like best: the least tardy, then those that lack least."""
    tables = PlantTables(problem)
    resources = problem.resources
    found = []
    for candidate in candidates_of(tables, order):
        loads = [
            CapacityLoad(resources[bucket // tables.days].resource_id, tables.date(bucket % tables.days), hours)
            for bucket, hours in candidate.loads
        ]
        shortage = ledger.shortages(loads)
        found.append(Place(candidate.tardiness, sum(shortage.values()), candidate[:4], shortage))
    return sorted(found, key=lambda place: place[:3])


class _Chains(Generic[Item]):
    """Items by key, each pointing to the one before it: a list a key would be tens of thousands to allocate."""

    def __init__(self, items: Sequence[Item], key_of: Callable[[Item], Hashable]) -> None:
        self._items = items
        self._last: dict[Hashable, int] = {}
        self._earlier: list[int] = []
        for index, item in enumerate(items):
            key = key_of(item)
            self._earlier.append(self._last.get(key, -1))
            self._last[key] = index

    def __getitem__(self, key: Hashable) -> list[Item]:
        """The items of a key, in their sequence; empty where there are none."""
        found, index = [], self._last.get(key, -1)
        while index >= 0:
            found.append(self._items[index])
            index = self._earlier[index]
        return found[::-1]


class _Neighbours:
    """Who holds which resource-bucket and may move: worked out for a bucket when it is asked for."""

    def __init__(self, problem: SchedulingProblem, result: SchedulingResult, order: OrderDemand) -> None:
        self._problem, self._rush = problem, order
        self._incomplete = {entry.order_id for entry in result.unscheduled}
        self._holders: dict[OrderId, Holder | None] = {}
        self._in_bucket: dict[BucketKey, list[Holder]] = {}
        self._deliveries = _Chains(result.deliveries, attrgetter("order_id"))
        self._loads = _Chains(result.loads, attrgetter("order_id"))
        self._loads_by_bucket = _Chains(result.loads, attrgetter("resource_id", "bucket_date"))

    def can_free(self, shortage: Mapping[BucketKey, float]) -> bool:
        """Whether those who may move hold what is missing: nobody is asked for a place that others cannot give."""
        return all(self._movable_hours(key) >= hours - HOURS_TOLERANCE for key, hours in shortage.items())

    def _movable_hours(self, key: BucketKey) -> float:
        return sum(hours_in(holder, key) for holder in self.in_bucket(key))

    def in_bucket(self, key: BucketKey) -> list[Holder]:
        """Who may move out of the resource-bucket, in the sequence of asking."""
        if key not in self._in_bucket:
            ids = dict.fromkeys(load.order_id for load in self._loads_by_bucket[key])
            found = [self._holder(order_id) for order_id in ids]
            self._in_bucket[key] = sorted((h for h in found if h is not None), key=_asking_sequence)
        return self._in_bucket[key]

    def _holder(self, order_id: OrderId) -> Holder | None:
        if order_id not in self._holders:
            self._holders[order_id] = self._find_holder(order_id)
        return self._holders[order_id]

    def _find_holder(self, order_id: OrderId) -> Holder | None:
        other = self._problem.order(order_id)
        own = self._deliveries[order_id]
        if other.priority < self._rush.priority or order_id == self._rush.order_id or order_id in self._incomplete:
            return None
        if not _may_move(self._problem, other, own):
            return None
        spare = min((other.due_date - delivery.delivery_date).days for delivery in own)
        return Holder(other, tuple(own), spare, tuple(self._loads[order_id]))


def _may_move(problem: SchedulingProblem, order: OrderDemand, own: Sequence[ScheduledDelivery]) -> bool:
    """Nothing of the order is frozen, as published or by its completion inside the fence."""
    days = [delivery.completion_date for delivery in own] + [current.completion_date for current in order.current]
    return not any(problem.horizon.is_frozen(day) for day in days)


def _asking_sequence(holder: Holder) -> tuple[int, int, float, OrderId]:
    return -holder.order.priority, -holder.days_to_spare, holder.order.weight, holder.order.order_id
