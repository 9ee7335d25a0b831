"""A rush order into a published plan: only orders of its own or a lower class that share its buckets may move.

Who is asked to move comes in a fixed sequence: the lowest class first, in it the order with the most days to spare,
then the lightest. Nothing that completes inside the planning time fence is touched.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

from cms.capacity.ledger import BucketKey, CapacityLedger, CapacityLoad
from cms.domain.metrics import tardiness_days
from cms.domain.orders import OrderId
from cms.domain.schedule import ScheduledDelivery, ScheduledLoad, group_by_order
from cms.scheduling.candidates import candidates_of
from cms.scheduling.comparison import tier_changes
from cms.scheduling.engine import build_schedule
from cms.scheduling.free_capacity import capacity_ledger, capacity_loads, over_free_capacity
from cms.scheduling.problem import CurrentDelivery, OrderDemand, SchedulingProblem
from cms.scheduling.recount import is_changed, order_tardiness, tier_values
from cms.scheduling.result import Method, SchedulingResult
from cms.scheduling.splice import splice
from cms.scheduling.tables import PlantTables

PLACES_BY_ROUND = (1, 3, 9)
"""For how many of the rush order's best places others are asked to make room, round by round, until that is enough."""
MOST_ASKED = 40
"""How many orders are asked at most: a planner reads the list, and the answer must come at once."""
GAIN_TOLERANCE = 1e-6
LOCAL_CHANGE_COST = 10_000.0
"""What moving an order counts in the local search: among equally punctual answers the one that moves fewest."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AskedOrder:
    """An order that was asked to make room, and what became of it.

    Parameters
    ----------
    moves : bool
        Whether its deliveries change.
    old_delivery_date, new_delivery_date : date, optional
        Its last delivery before and after; None: it gets none.
    added_tardiness_days : float
        Weighted days of tardiness that the move adds to its class.
    """

    order_id: OrderId
    priority: int
    days_to_spare: int
    moves: bool
    old_delivery_date: date | None
    new_delivery_date: date | None
    added_tardiness_days: float


@dataclass(frozen=True, kw_only=True, slots=True)
class RushInsertion:
    """The plan with the rush order in it, and who makes room.

    Parameters
    ----------
    problem : SchedulingProblem
        The problem with the rush order among its orders.
    result : SchedulingResult
        The whole schedule.
    deliveries : tuple of ScheduledDelivery
        What the rush order gets; empty: nothing.
    asked : tuple of AskedOrder
        In the sequence in which they were asked; empty where it fits without asking anyone.
    tier_changes : mapping
        How much more each tier is than before.
    """

    problem: SchedulingProblem
    result: SchedulingResult
    order_id: OrderId
    deliveries: tuple[ScheduledDelivery, ...]
    asked: tuple[AskedOrder, ...]
    tier_changes: Mapping[str, float]

    @property
    def moved(self) -> tuple[AskedOrder, ...]:
        """Who moves, in the sequence of asking."""
        return tuple(asked for asked in self.asked if asked.moves)


def insert_rush(
    problem: SchedulingProblem,
    result: SchedulingResult,
    order: OrderDemand,
    *,
    at_any_price: bool = False,
    time_limit_seconds: float = 1.0,
) -> RushInsertion:
    """Gives `order` its best place in the published plan `result`, asking others to move only where that helps it.

    Parameters
    ----------
    order : OrderDemand
        New, or one of the problem's, which then gives up its present place.
    at_any_price : bool
        False: others move only where the whole plan becomes better by its tiers, so that an order of the same class
        is not made later by more than this one gains. True: it is put before all whom it may ask.
    time_limit_seconds : float
        For the local search.

    Returns
    -------
    RushInsertion
        Its result is feasible wherever `result` was.
    """
    whole = _with_order(problem, order)
    ledger = capacity_ledger(whole, (load for load in result.loads if load.order_id != order.order_id))
    alone = build_schedule(over_free_capacity(whole, ledger, [order]), method=Method.DISPATCH)
    asked: list[_Holder] = []
    part = alone
    if _is_late(alone):
        first = _put_first(order) if at_any_price else order
        places = _places(whole, order, ledger)
        least = min((place.tardiness for place in places), default=0)
        for asked in _rounds(whole, result, order, places):
            orders = [first, *(_asked_order(holder, behind=at_any_price) for holder in asked)]
            free = ledger.release(capacity_loads(load for holder in asked for load in holder.loads))
            part = _make_room(whole, _staying(alone, asked), orders, free, time_limit_seconds / len(PLACES_BY_ROUND))
            if not part.unscheduled and _tardiness_of(part, order) <= least:
                break
    new = splice(problem, result, whole, part, [order.order_id, *(holder.order.order_id for holder in asked)])
    return RushInsertion(
        problem=whole,
        result=new,
        order_id=order.order_id,
        deliveries=tuple(d for d in part.deliveries if d.order_id == order.order_id),
        asked=tuple(_answers(whole, asked, part)),
        tier_changes=tier_changes(result.tiers, new.tiers),
    )


def _tardiness_of(part: SchedulingResult, order: OrderDemand) -> int:
    return max(d.tardiness_days for d in part.deliveries if d.order_id == order.order_id)


def _staying(alone: SchedulingResult, asked: Sequence["_Holder"]) -> SchedulingResult:
    """The rush order alone in what is free, and everyone who was asked where they are."""
    deliveries = (*alone.deliveries, *(delivery for holder in asked for delivery in holder.deliveries))
    loads = (*alone.loads, *(load for holder in asked for load in holder.loads))
    return replace(alone, deliveries=deliveries, loads=loads)


class _Holder(NamedTuple):
    """An order that holds hours which the rush order could use, with its present deliveries."""

    order: OrderDemand
    deliveries: tuple[ScheduledDelivery, ...]
    days_to_spare: int
    loads: tuple[ScheduledLoad, ...]


def _with_order(problem: SchedulingProblem, order: OrderDemand) -> SchedulingProblem:
    kept = tuple(other for other in problem.orders if other.order_id != order.order_id)
    return replace(problem, orders=(*kept, order))


def _is_late(result: SchedulingResult) -> bool:
    return bool(result.unscheduled) or any(delivery.tardiness_days for delivery in result.deliveries)


def _rounds(
    problem: SchedulingProblem, result: SchedulingResult, order: OrderDemand, places: "Sequence[_Place]"
) -> Iterator[list[_Holder]]:
    """Whom to ask, in sequence, round by round: more where fewer were not enough."""
    neighbours = _Neighbours(problem, result, order)
    asked: dict[OrderId, _Holder] = {}
    done = 0
    for count in PLACES_BY_ROUND:
        known = len(asked)
        for place in places[done:count]:
            _ask(neighbours, place.shortage, asked)
        done = count
        if len(asked) > known:
            yield sorted(asked.values(), key=_asking_sequence)


def _ask(neighbours: "_Neighbours", shortage: dict[BucketKey, float], asked: dict[OrderId, _Holder]) -> None:
    """Adds as many as would free twice what is lacking, so that there is a choice of who moves."""
    for key, hours in sorted(shortage.items()):
        wanted = 2 * hours
        for holder in neighbours.in_bucket(key):
            if wanted <= 0 or len(asked) >= MOST_ASKED:
                break
            asked.setdefault(holder.order.order_id, holder)
            wanted -= sum(load.hours for load in holder.loads if (load.resource_id, load.bucket_date) == key)


class _Place(NamedTuple):
    """A place that the rush order would like, and what is missing there."""

    tardiness: int
    missing_hours: float
    where: tuple[int, ...]
    shortage: dict[BucketKey, float]


def _places(problem: SchedulingProblem, order: OrderDemand, ledger: CapacityLedger) -> list[_Place]:
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
        found.append(_Place(candidate.tardiness, sum(shortage.values()), candidate[:4], shortage))
    return sorted(found, key=lambda place: place[:3])[: PLACES_BY_ROUND[-1]]


class _Neighbours:
    """Who holds which resource-bucket and may move: worked out for a bucket when it is asked for."""

    def __init__(self, problem: SchedulingProblem, result: SchedulingResult, order: OrderDemand) -> None:
        self._problem, self._rush = problem, order
        self._incomplete = {entry.order_id for entry in result.unscheduled}
        self._holders: dict[OrderId, _Holder | None] = {}
        self._deliveries: dict[OrderId, list[ScheduledDelivery]] = {}
        for delivery in result.deliveries:
            self._deliveries.setdefault(delivery.order_id, []).append(delivery)
        self._by_order: dict[OrderId, list[ScheduledLoad]] = {}
        self._by_bucket: dict[BucketKey, list[OrderId]] = {}
        for load in result.loads:
            self._by_order.setdefault(load.order_id, []).append(load)
            self._by_bucket.setdefault((load.resource_id, load.bucket_date), []).append(load.order_id)

    def in_bucket(self, key: BucketKey) -> list[_Holder]:
        """Who may move out of the resource-bucket, in the sequence of asking."""
        found = [self._holder(order_id) for order_id in dict.fromkeys(self._by_bucket.get(key, ()))]
        return sorted((holder for holder in found if holder is not None), key=_asking_sequence)

    def _holder(self, order_id: OrderId) -> _Holder | None:
        if order_id not in self._holders:
            self._holders[order_id] = self._find_holder(order_id)
        return self._holders[order_id]

    def _find_holder(self, order_id: OrderId) -> _Holder | None:
        other = self._problem.order(order_id)
        own = self._deliveries[order_id]
        if other.priority < self._rush.priority or order_id == self._rush.order_id or order_id in self._incomplete:
            return None
        if not _may_move(self._problem, other, own):
            return None
        spare = min((other.due_date - delivery.delivery_date).days for delivery in own)
        return _Holder(other, tuple(own), spare, tuple(self._by_order[order_id]))


def _may_move(problem: SchedulingProblem, order: OrderDemand, own: Sequence[ScheduledDelivery]) -> bool:
    """Nothing of the order is frozen, as published or by its completion inside the fence."""
    days = [delivery.completion_date for delivery in own] + [current.completion_date for current in order.current]
    return not any(problem.horizon.is_frozen(day) for day in days)


def _asking_sequence(holder: _Holder) -> tuple[int, int, float, OrderId]:
    return -holder.order.priority, -holder.days_to_spare, holder.order.weight, holder.order.order_id


def _make_room(
    problem: SchedulingProblem,
    staying: SchedulingResult,
    orders: Sequence[OrderDemand],
    ledger: CapacityLedger,
    time_limit_seconds: float,
) -> SchedulingResult:
    """The best schedule of these orders over what all others leave free; the one at hand where none better is found."""
    local = replace(
        over_free_capacity(problem, ledger, orders), change_cost=max(problem.change_cost, LOCAL_CHANGE_COST)
    )
    found = build_schedule(local, method=Method.OPTIMAL, time_limit_seconds=time_limit_seconds)
    old, new = tier_values(local, staying), tier_values(local, found)
    gains = [old[name] - new[name] for name in old if abs(old[name] - new[name]) > GAIN_TOLERANCE]
    return _by_true_due_dates(problem, found) if gains and gains[0] > 0 else staying


def _by_true_due_dates(problem: SchedulingProblem, part: SchedulingResult) -> SchedulingResult:
    deliveries = tuple(
        replace(d, tardiness_days=tardiness_days(d.delivery_date, problem.order(d.order_id).due_date))
        for d in part.deliveries
    )
    return replace(part, deliveries=deliveries)


def _put_first(order: OrderDemand) -> OrderDemand:
    return replace(order, priority=1)


def _asked_order(holder: _Holder, *, behind: bool) -> OrderDemand:
    """The holder's order with its present deliveries as published, so that leaving them counts as a change.

    It is due by its present delivery at the earliest: what is late already gains nothing here by moving.
    """
    current = tuple(
        CurrentDelivery(
            routing_id=delivery.routing_id,
            completion_date=delivery.completion_date,
            delivery_date=delivery.delivery_date,
            quantity=float(delivery.quantity),
        )
        for delivery in holder.deliveries
    )
    priority = holder.order.priority + 1 if behind else holder.order.priority
    due = max([holder.order.due_date, *(delivery.delivery_date for delivery in holder.deliveries)])
    return replace(holder.order, current=current, priority=priority, due_date=due)


def _answers(problem: SchedulingProblem, asked: Sequence[_Holder], part: SchedulingResult) -> Iterable[AskedOrder]:
    after = group_by_order(part.deliveries)
    for holder in asked:
        new = after.get(holder.order.order_id, ())
        added = order_tardiness(problem, holder.order, new) - order_tardiness(problem, holder.order, holder.deliveries)
        yield AskedOrder(
            order_id=holder.order.order_id,
            priority=holder.order.priority,
            days_to_spare=holder.days_to_spare,
            moves=is_changed(_asked_order(holder, behind=False), new),
            old_delivery_date=_last_delivery(holder.deliveries),
            new_delivery_date=_last_delivery(new),
            added_tardiness_days=added,
        )


def _last_delivery(deliveries: Sequence[ScheduledDelivery]) -> date | None:
    return max((delivery.delivery_date for delivery in deliveries), default=None)
