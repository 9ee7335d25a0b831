"""Asks the engine for the plan of a morning, in simulated days.

Dispatch is called as ``build_schedule`` calls it, without the report of each plan: windows, reasons and prices, which
nobody reads in a simulated week.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from cms.domain.orders import OrderId
from cms.domain.resources import ResourceId
from cms.scheduling import Method, SchedulingProblem, SchedulingResult, SolveStatus, build_schedule
from cms.scheduling.dispatch import dispatch
from cms.scheduling.plan import Piece, Plan, piece_loads
from cms.scheduling.problem import OrderDemand
from cms.scheduling.tables import PlantTables
from simulations.plant import PlannedWork
from simulations.scenario import Planning, PlanningMethod


class PlannedDelivery(NamedTuple):
    """A delivery of the plan.

    Parameters
    ----------
    routing : int
        By its place in the order.
    works : tuple of PlannedWork
        By day; days are counted from the first of the run.
    """

    routing: int
    completion_day: int
    delivery_day: int
    quantity: float
    works: tuple[PlannedWork, ...]

    @property
    def first_day(self) -> int:
        """The day on which its work begins."""
        return self.works[0].day if self.works else self.completion_day


def plan_morning(
    problem: SchedulingProblem,
    planning: Planning,
    *,
    today: int,
    standing: Mapping[OrderId, Sequence[PlannedDelivery]] | None = None,
) -> Mapping[OrderId, list[PlannedDelivery]] | None:
    """The deliveries of every order that gets any; None: what is frozen does not fit.

    Parameters
    ----------
    standing : mapping of OrderId to sequence of PlannedDelivery, optional
        The deliveries of the last plan: what stays is not worked out again.
    """
    if planning.method is PlanningMethod.OPTIMAL:
        return _optimal(problem, planning.time_limit_seconds, today)
    tables = PlantTables(problem)
    plan = Plan(tables)
    if plan.ledger.overfull():
        return None
    dispatch(plan)
    before = standing or {}
    return {
        order.order_id: [
            _standing(before.get(order.order_id, ()), piece, today) or _planned(tables, order, piece, today)
            for piece in _in_sequence(pieces)
        ]
        for order, pieces in zip(problem.orders, plan.pieces, strict=True)
        if pieces
    }


def _standing(deliveries: Sequence[PlannedDelivery], piece: Piece, today: int) -> PlannedDelivery | None:
    """The delivery of the last plan that the piece is: the same days and units have the same work."""
    place = (piece.routing, today + piece.completion, today + piece.delivery, piece.quantity)
    return next((delivery for delivery in deliveries if delivery[:4] == place), None)


def _in_sequence(pieces: Sequence[Piece]) -> Sequence[Piece]:
    return pieces if len(pieces) == 1 else sorted(pieces, key=lambda piece: (piece.delivery, piece))


def _planned(tables: PlantTables, order: OrderDemand, piece: Piece, today: int) -> PlannedDelivery:
    days = tables.days
    works = sorted(
        PlannedWork(today + bucket % days, bucket // days, hours) for bucket, hours in piece_loads(tables, order, piece)
    )
    return PlannedDelivery(
        piece.routing, today + piece.completion, today + piece.delivery, piece.quantity, tuple(works)
    )


def _optimal(
    problem: SchedulingProblem, time_limit_seconds: float, today: int
) -> Mapping[OrderId, list[PlannedDelivery]] | None:
    result = build_schedule(problem, method=Method.OPTIMAL, time_limit_seconds=time_limit_seconds)
    return None if result.status is SolveStatus.INFEASIBLE else deliveries_of(problem, result, today=today)


def deliveries_of(
    problem: SchedulingProblem, result: SchedulingResult, *, today: int
) -> Mapping[OrderId, list[PlannedDelivery]]:
    """The deliveries of a reported schedule, in simulated days."""
    places: dict[ResourceId, int] = {one.resource_id: number for number, one in enumerate(problem.resources)}
    works: dict[tuple[OrderId, int], list[PlannedWork]] = {}
    for load in result.loads:
        day = today + problem.horizon.index(load.bucket_date)
        work = PlannedWork(day, places[load.resource_id], load.hours)
        works.setdefault((load.order_id, load.sequence), []).append(work)
    found: dict[OrderId, list[PlannedDelivery]] = {}
    for delivery in sorted(result.deliveries, key=lambda one: (one.order_id, one.sequence)):
        names = [routing.routing_id for routing in problem.order(delivery.order_id).routings]
        planned = PlannedDelivery(
            names.index(delivery.routing_id),
            today + problem.horizon.index(delivery.completion_date),
            today + problem.horizon.index(delivery.delivery_date),
            float(delivery.quantity),
            tuple(sorted(works.get((delivery.order_id, delivery.sequence), []))),
        )
        found.setdefault(delivery.order_id, []).append(planned)
    return found
