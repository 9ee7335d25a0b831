"""A rush order into a published plan: only orders of its own or a lower class that share its buckets may move.

Who is asked to move comes in a fixed sequence: the lowest class first, in it the order with the most days to spare,
then the lightest. Nothing that completes inside the planning time fence is touched.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

from cms.capacity.ledger import BucketKey, CapacityLedger, CapacityLoad
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

MOST_ASKED = 40
"""How many orders are asked at most: a planner reads the list, and the answer must come at once."""
MOST_PLACES = 60
"""How many of the rush order's places are looked at for whom to ask."""
GAIN_TOLERANCE = 1e-6
LEAST_CHANGE_COST = 1.0
"""Moving an order counts at least this much, so that nobody moves for nothing."""


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
    time_limit_seconds: float = 0.5,
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
    others = tuple(load for load in result.loads if load.order_id != order.order_id)
    ledger = capacity_ledger(whole, others)
    alone = build_schedule(over_free_capacity(whole, ledger, [order]), method=Method.DISPATCH)
    asked: list[_Holder] = []
    part = alone
    if _is_late(alone):
        asked = _to_ask(whole, result, order, ledger)
        orders = [_put_first(order) if at_any_price else order]
        orders += [_asked_order(holder, behind=at_any_price) for holder in asked]
        free = ledger.release(capacity_loads(load for holder in asked for load in holder.loads))
        part = _make_room(whole, _staying(alone, asked), orders, free, time_limit_seconds)
    changed = [order.order_id, *(holder.order.order_id for holder in asked)]
    new = splice(problem, result, whole, part, changed)
    return RushInsertion(
        problem=whole,
        result=new,
        order_id=order.order_id,
        deliveries=tuple(d for d in part.deliveries if d.order_id == order.order_id),
        asked=tuple(_answers(whole, asked, part)),
        tier_changes=tier_changes(result.tiers, new.tiers),
    )


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


def _to_ask(
    problem: SchedulingProblem, result: SchedulingResult, order: OrderDemand, ledger: CapacityLedger
) -> list[_Holder]:
    """Whom to ask, in sequence: for each place that the order would like, as many as would free twice what it lacks."""
    shortages = list(_shortages(problem, order, ledger))
    holders = _holders(problem, result, order, {key for shortage in shortages for key in shortage})
    asked: dict[OrderId, _Holder] = {}
    for shortage in shortages:
        for key, hours in sorted(shortage.items()):
            wanted = 2 * hours
            for holder in holders.get(key, ()):
                if wanted <= 0 or len(asked) >= MOST_ASKED:
                    break
                asked.setdefault(holder.order.order_id, holder)
                wanted -= sum(load.hours for load in holder.loads if (load.resource_id, load.bucket_date) == key)
    return sorted(asked.values(), key=_asking_sequence)


def _shortages(
    problem: SchedulingProblem, order: OrderDemand, ledger: CapacityLedger
) -> Iterable[dict[BucketKey, float]]:
    """What is missing at each place of the order that it would like best: the least tardy, then the cheapest."""
    tables = PlantTables(problem)
    resources = problem.resources
    ranked = sorted(
        candidates_of(tables, order), key=lambda c: (c.tardiness, c.money, c.delivery, c.completion, c.routing)
    )
    for candidate in ranked[:MOST_PLACES]:
        loads = [
            CapacityLoad(resources[bucket // tables.days].resource_id, tables.date(bucket % tables.days), hours)
            for bucket, hours in candidate.loads
        ]
        yield ledger.shortages(loads)


def _holders(
    problem: SchedulingProblem, result: SchedulingResult, order: OrderDemand, wanted: set[BucketKey]
) -> dict[BucketKey, list[_Holder]]:
    """Who may move out of each wanted resource-bucket, in the sequence of asking."""
    incomplete = {entry.order_id for entry in result.unscheduled}
    here = {load.order_id for load in result.loads if (load.resource_id, load.bucket_date) in wanted} - incomplete
    deliveries = group_by_order(delivery for delivery in result.deliveries if delivery.order_id in here)
    loads: dict[OrderId, list[ScheduledLoad]] = {}
    for load in result.loads:
        if load.order_id in here:
            loads.setdefault(load.order_id, []).append(load)
    by_bucket: dict[BucketKey, list[_Holder]] = {}
    for order_id, own in deliveries.items():
        other = problem.order(order_id)
        if other.priority >= order.priority and order_id != order.order_id and _may_move(problem, other, own):
            spare = min((other.due_date - delivery.delivery_date).days for delivery in own)
            holder = _Holder(other, own, spare, tuple(loads.get(order_id, ())))
            for key in {(load.resource_id, load.bucket_date) for load in holder.loads} & wanted:
                by_bucket.setdefault(key, []).append(holder)
    return {key: sorted(holders, key=_asking_sequence) for key, holders in by_bucket.items()}


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
        over_free_capacity(problem, ledger, orders), change_cost=max(problem.change_cost, LEAST_CHANGE_COST)
    )
    found = build_schedule(local, method=Method.OPTIMAL, time_limit_seconds=time_limit_seconds)
    old, new = tier_values(local, staying), tier_values(local, found)
    gains = [old[name] - new[name] for name in old if abs(old[name] - new[name]) > GAIN_TOLERANCE]
    return found if gains and gains[0] > 0 else staying


def _put_first(order: OrderDemand) -> OrderDemand:
    return replace(order, priority=1)


def _asked_order(holder: _Holder, *, behind: bool) -> OrderDemand:
    """The holder's order with its present deliveries as published, so that leaving them counts as a change."""
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
    return replace(holder.order, current=current, priority=priority)


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
