"""A rush order into a published plan: only orders of its own or a lower class that share its buckets may move.

Who is asked to move comes in a fixed sequence: the lowest class first, in it the order with the most days to spare,
then the lightest. Nothing that completes inside the planning time fence is touched.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from cms.capacity.ledger import CapacityLedger
from cms.domain.metrics import tardiness_days
from cms.domain.orders import OrderId
from cms.domain.schedule import ScheduledDelivery, group_by_order
from cms.scheduling.asking import Holder, best_places, rounds
from cms.scheduling.comparison import tier_changes
from cms.scheduling.engine import build_schedule
from cms.scheduling.free_capacity import capacity_ledger, capacity_loads, over_free_capacity
from cms.scheduling.inherited_bounds import with_inherited_bounds
from cms.scheduling.problem import CurrentDelivery, OrderDemand, SchedulingProblem
from cms.scheduling.recount import is_changed, order_tardiness, tier_values
from cms.scheduling.result import Method, SchedulingResult
from cms.scheduling.splice import splice

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
    time_limit_seconds: float = 0.6,
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
        Its result is feasible wherever `result` was, and its bounds are what follows from those of `result`.
    """
    whole = _with_order(problem, order)
    ledger = capacity_ledger(whole, (load for load in result.loads if load.order_id != order.order_id))
    alone = build_schedule(over_free_capacity(whole, ledger, [order]), method=Method.DISPATCH)
    asked: list[Holder] = []
    part = alone
    if _is_late(alone):
        asked, part = _make_room(
            whole, result, order, alone, ledger, at_any_price=at_any_price, time_limit_seconds=time_limit_seconds
        )
    new = splice(problem, result, whole, part, [order.order_id, *(holder.order.order_id for holder in asked)])
    new = replace(new, tiers=with_inherited_bounds(problem, result.tiers, whole, order, new.tiers))
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


def _staying(alone: SchedulingResult, asked: Sequence["Holder"]) -> SchedulingResult:
    """The rush order alone in what is free, and everyone who was asked where they are."""
    deliveries = (*alone.deliveries, *(delivery for holder in asked for delivery in holder.deliveries))
    loads = (*alone.loads, *(load for holder in asked for load in holder.loads))
    return replace(alone, deliveries=deliveries, loads=loads)


def _with_order(problem: SchedulingProblem, order: OrderDemand) -> SchedulingProblem:
    kept = tuple(other for other in problem.orders if other.order_id != order.order_id)
    return replace(problem, orders=(*kept, order))


def _is_late(result: SchedulingResult) -> bool:
    return bool(result.unscheduled) or any(delivery.tardiness_days for delivery in result.deliveries)


def _make_room(
    problem: SchedulingProblem,
    result: SchedulingResult,
    order: OrderDemand,
    alone: SchedulingResult,
    ledger: CapacityLedger,
    *,
    at_any_price: bool,
    time_limit_seconds: float,
) -> tuple[list[Holder], SchedulingResult]:
    """Asks round by round until the order is as early as it can be and nobody is left without a date."""
    asked: list[Holder] = []
    part = alone
    first = _put_first(order) if at_any_price else order
    for asked, least_tardiness in rounds(problem, result, order, best_places(problem, order, ledger)):
        orders = [first, *(_asked_order(holder, behind=at_any_price) for holder in asked)]
        free = ledger.release(capacity_loads(load for holder in asked for load in holder.loads))
        local = replace(
            over_free_capacity(problem, free, orders), change_cost=max(problem.change_cost, LOCAL_CHANGE_COST)
        )
        found = build_schedule(local, method=Method.OPTIMAL, time_limit_seconds=time_limit_seconds / 2)
        part = _better_of(local, _staying(alone, asked), found)
        if not part.unscheduled and _tardiness_of(part, order) <= least_tardiness:
            break
    return asked, _by_true_due_dates(problem, part)


def _better_of(local: SchedulingProblem, staying: SchedulingResult, found: SchedulingResult) -> SchedulingResult:
    """What was found, where it is better in the first tier in which they differ; else everyone stays."""
    old, new = tier_values(local, staying), tier_values(local, found)
    gains = [old[name] - new[name] for name in old if abs(old[name] - new[name]) > GAIN_TOLERANCE]
    return found if gains and gains[0] > 0 else staying


def _by_true_due_dates(problem: SchedulingProblem, part: SchedulingResult) -> SchedulingResult:
    deliveries = tuple(
        replace(d, tardiness_days=tardiness_days(d.delivery_date, problem.order(d.order_id).due_date))
        for d in part.deliveries
    )
    return replace(part, deliveries=deliveries)


def _put_first(order: OrderDemand) -> OrderDemand:
    return replace(order, priority=1)


def _asked_order(holder: Holder, *, behind: bool) -> OrderDemand:
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


def _answers(problem: SchedulingProblem, asked: Sequence[Holder], part: SchedulingResult) -> Iterable[AskedOrder]:
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
