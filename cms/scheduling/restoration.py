"""Deliveries of an earlier schedule put back into today's plant: what still fits is kept, the rest gets other dates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from cms.domain.orders import OrderId
from cms.scheduling.candidate_rules import CANDIDATE_RULES, Placement
from cms.scheduling.dispatch import dispatch, dispatch_sequence
from cms.scheduling.plan import Piece, Plan, piece_loads, piece_of, priority_classes, tier_name, to_result
from cms.scheduling.problem import CurrentDelivery, OrderDemand, SchedulingProblem
from cms.scheduling.recount import Recount, routing_of
from cms.scheduling.result import SchedulingResult, SolveStatus
from cms.scheduling.tables import HOURS_TOLERANCE, PlantTables
from cms.scheduling.wording import enough_hours, hours_text


@dataclass(frozen=True, kw_only=True, slots=True)
class Misfit:
    """An order whose earlier deliveries no longer fit, and why; it was given other ones where there are any."""

    order_id: OrderId
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Restoration:
    """A restored schedule, and what of the earlier one did not fit."""

    result: SchedulingResult
    misfits: tuple[Misfit, ...]


def restore(problem: SchedulingProblem, wanted: Mapping[OrderId, Sequence[CurrentDelivery]]) -> Restoration:
    """The schedule in which each order has the wanted deliveries, wherever today's facts allow them.

    Orders come in dispatch sequence, so that a higher class keeps its place where capacity has become short. What is
    frozen stands. An order whose wanted deliveries break a rule, or that has none, is dispatched into what is left.

    Parameters
    ----------
    wanted : mapping
        Deliveries by order, of an earlier schedule.
    """
    tables = PlantTables(problem)
    plan, recount = Plan(tables), Recount(problem=problem)
    misfits = []
    for number in dispatch_sequence(tables, range(len(problem.orders))):
        order = problem.orders[number]
        if plan.pieces[number] or order.order_id not in wanted:
            continue
        reason = _keep(plan, recount, number, wanted[order.order_id])
        if reason is not None:
            misfits.append(Misfit(order_id=order.order_id, reason=reason))
    dispatch(plan)
    bounds = {tier_name(priority): 0.0 for priority in priority_classes(tables)} | {"cost": 0.0}
    prices = [0.0] * len(plan.ledger.used_hours)
    result = to_result(plan, bounds=bounds, prices=prices, status=SolveStatus.FEASIBLE, seconds=0.0)
    return Restoration(result=result, misfits=tuple(misfits))


def _keep(plan: Plan, recount: Recount, number: int, deliveries: Sequence[CurrentDelivery]) -> str | None:
    """Give an order its deliveries beside its frozen ones; where one breaks a rule it gets none: that is the answer."""
    order, tables = recount.problem.orders[number], plan.tables
    reason = broken_split(order, plan.pieces[number], deliveries)
    pieces: list[Piece] = []
    for delivery in deliveries:
        reason = reason or _broken_rule(recount, order, delivery)
        if reason is None:
            piece = piece_of(tables, order, delivery, frozen=False)
            reason = _full_bucket(plan, order, piece)
            pieces.append(piece)
            plan.add(number, piece)
    if reason is not None:
        plan.replace(number, ())
    return reason


def broken_split(order: OrderDemand, frozen: Sequence[Piece], deliveries: Sequence[CurrentDelivery]) -> str | None:
    """Why an order may not have these deliveries beside its frozen ones, for their number and quantities alone."""
    quantity = sum(piece.quantity for piece in frozen) + sum(delivery.quantity for delivery in deliveries)
    if abs(quantity - order.quantity) > HOURS_TOLERANCE * order.quantity:
        return f"it was scheduled with {quantity:g} units and has {order.quantity:g} now"
    if len(frozen) + len(deliveries) == 1:
        return None
    if not order.splittable:
        return "it may no longer be split"
    if order.max_splits is not None and len(frozen) + len(deliveries) > order.max_splits:
        return f"it may be split into {order.max_splits} deliveries at most"
    if min(delivery.quantity for delivery in deliveries) < order.smallest_split:
        return f"each of its deliveries must have {order.smallest_split:g} units at least"
    return None


def _broken_rule(recount: Recount, order: OrderDemand, delivery: CurrentDelivery) -> str | None:
    problem = recount.problem
    routing = routing_of(order, delivery.routing_id)
    if routing is None:
        return f"routing {delivery.routing_id} is not one of the order's any more"
    customer = problem.customer(order.customer_id)
    placement = Placement(
        problem=problem,
        order=order,
        customer=customer,
        routing=routing,
        completion_date=delivery.completion_date,
        ship_date=delivery.delivery_date - timedelta(days=customer.transit_days),
        delivery_date=delivery.delivery_date,
        loads=recount.located(
            order, routing, delivery.completion_date, delivery.delivery_date, delivery.quantity / order.quantity
        ),
    )
    broken = (rule(placement) for rule in CANDIDATE_RULES.values())
    return next((reason for reason in broken if reason is not None), None)


def _full_bucket(plan: Plan, order: OrderDemand, piece: Piece) -> str | None:
    tables, ledger = plan.tables, plan.ledger
    hours: dict[int, float] = {}
    for bucket, more in piece_loads(tables, order, piece):
        hours[bucket] = hours.get(bucket, 0.0) + more
    for bucket, more in sorted(hours.items()):
        if more > ledger.free_hours(bucket) + HOURS_TOLERANCE:
            name = tables.problem.resources[bucket // tables.days].resource_id
            free, where = hours_text(ledger.free_hours(bucket)), f"{name} on {tables.date(bucket % tables.days)}"
            return f"it needs {hours_text(enough_hours(more))} h of {where}, where {free} h are left"
    return None
