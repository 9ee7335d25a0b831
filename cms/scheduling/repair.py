"""The published plan brought in line with changed orders: who fits keeps its place, others move only if named."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date

from cms.domain.orders import OrderId
from cms.domain.resources import ResourceId
from cms.scheduling.candidates import find_candidate
from cms.scheduling.dispatch import dispatch_sequence, place_order
from cms.scheduling.engine import build_schedule
from cms.scheduling.plan import (
    Piece,
    Plan,
    open_quantity,
    piece_loads,
    piece_of,
    priority_classes,
    tier_name,
    to_result,
    weighted_tardiness,
)
from cms.scheduling.problem import CurrentDelivery, SchedulingProblem
from cms.scheduling.restoration import broken_split
from cms.scheduling.result import Method, SchedulingResult, SolveStatus
from cms.scheduling.standing import prices_by_bucket
from cms.scheduling.tables import HOURS_TOLERANCE, PlantTables

GAIN_DAYS = 1e-9


def repair(
    problem: SchedulingProblem,
    *,
    replan: Collection[OrderId],
    prices: Mapping[tuple[ResourceId, date], float] | None = None,
) -> SchedulingResult:
    """The published deliveries, where today's facts allow them; the rest is dispatched into what is free.

    An order whose deliveries break a rule gets other ones, whoever it is. Of the orders to `replan` those without a
    delivery get one, and those that are late get a less late one where there is one. Nobody else moves, and what is
    frozen stands. Repairing again changes nothing.

    Parameters
    ----------
    prices : mapping, optional
        What an hour of a resource-bucket was worth when the plan was made.

    Returns
    -------
    SchedulingResult
        Infeasible, with its reason, where what is frozen no longer fits the plant.
    """
    tables = PlantTables(problem)
    plan = Plan(tables)
    if plan.ledger.overfull():
        return build_schedule(problem, method=Method.DISPATCH)
    wanted = frozenset(replan)
    for number in _to_place(plan, problem, wanted):
        _place_better(plan, number)
    bounds = {tier_name(priority): 0.0 for priority in priority_classes(tables)} | {"cost": 0.0}
    hours_prices = prices_by_bucket(tables, prices or {})
    return to_result(plan, bounds=bounds, prices=hours_prices, status=SolveStatus.FEASIBLE, seconds=0.0)


def _to_place(plan: Plan, problem: SchedulingProblem, wanted: frozenset[OrderId]) -> list[int]:
    """Put what fits in its place; the orders that need another one, in dispatch sequence."""
    unplaced = []
    for number in dispatch_sequence(plan.tables, range(len(problem.orders))):
        order = problem.orders[number]
        free = [delivery for delivery in order.current if not problem.horizon.is_frozen(delivery.completion_date)]
        if not _keep(plan, number, free) or order.order_id in wanted:
            unplaced.append(number)
    return unplaced


def _keep(plan: Plan, number: int, deliveries: Sequence[CurrentDelivery]) -> bool:
    """Give an order its published deliveries beside its frozen ones; False, and none of them, where one breaks a rule.

    The rules are asked by the engine's own tables, which is several times faster than one by one, as a restoration
    asks them to name the broken one; the referee has the last word in either case.
    """
    order, tables = plan.tables.problem.orders[number], plan.tables
    if not deliveries:
        return True
    fits = broken_split(order, plan.pieces[number], deliveries) is None
    for delivery in deliveries if fits else ():
        piece = piece_of(tables, order, delivery, frozen=False)
        way = tables.ways(order)[piece.routing]
        fits = find_candidate(tables, order, way, piece.completion, piece.delivery) is not None
        if not fits or not _has_room(plan, number, piece):
            plan.replace(number, ())
            return False
        plan.add(number, piece)
    return fits


def _has_room(plan: Plan, number: int, piece: Piece) -> bool:
    hours: dict[int, float] = {}
    for bucket, more in piece_loads(plan.tables, plan.tables.problem.orders[number], piece):
        hours[bucket] = hours.get(bucket, 0.0) + more
    return all(more <= plan.ledger.free_hours(bucket) + HOURS_TOLERANCE for bucket, more in hours.items())


def _place_better(plan: Plan, number: int) -> None:
    """Give an order what is missing of it, or a less late place for what is late; otherwise leave it where it is."""
    tables = plan.tables
    order = tables.problem.orders[number]
    before = list(plan.pieces[number])
    late = weighted_tardiness(tables, order, before)
    if late == 0.0 and not open_quantity(order, before):
        return
    plan.replace(number, ())
    place_order(plan, number)
    if weighted_tardiness(tables, order, plan.pieces[number]) > late - GAIN_DAYS:
        plan.replace(number, [piece for piece in before if not piece.frozen])
