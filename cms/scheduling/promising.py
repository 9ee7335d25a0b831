"""Quotes: the dates an order could get without moving anyone, what each costs, and what its capacity is worth.

A quote is capable-to-promise: it looks at what the published plan leaves free of every resource-bucket on the way, not
at finished stock.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, time

from cms.capacity.ledger import CapacityLedger, CapacityLoad
from cms.domain.metrics import tardiness_days
from cms.domain.orders import OrderId
from cms.domain.resources import RoutingId
from cms.domain.schedule import ScheduledDelivery
from cms.scheduling.candidate_rules import open_window
from cms.scheduling.candidates import Candidate, candidates_of
from cms.scheduling.engine import build_schedule
from cms.scheduling.free_capacity import capacity_ledger, capacity_loads, over_free_capacity
from cms.scheduling.problem import OrderDemand, SchedulingProblem
from cms.scheduling.recount import Recount, ResourceBucket, order_cost
from cms.scheduling.result import Method, SchedulingResult
from cms.scheduling.tables import PlantTables


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanState:
    """A plan as quotes see it, built once and asked many times.

    Parameters
    ----------
    problem : SchedulingProblem
        Plant, customers and calendar; it holds no orders.
    ledger : CapacityLedger
        What the plan and the reservations have committed.
    prices : mapping
        What one more hour of a resource-bucket is worth to the plan, where it is worth anything.
    """

    problem: SchedulingProblem
    ledger: CapacityLedger
    prices: Mapping[ResourceBucket, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class PromisedDelivery:
    """One delivery of a promise."""

    routing_id: RoutingId
    completion_date: date
    delivery_date: date
    window_start: time
    window_end: time
    quantity: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Promise:
    """A date that an order could have today.

    Parameters
    ----------
    delivery_date : date
        The day on which the last of it arrives.
    deliveries : tuple of PromisedDelivery
        One, unless the order may be split.
    tardiness_days : int
        Calendar days past the day that the customer asked for.
    overtime_hours : float
        Overtime that it would add.
    cost : float
        Overtime, routing and holding, in money.
    capacity_price : float
        What the hours are worth to the plan by its duals: what others may later miss.
    loads : tuple of CapacityLoad
        The hours it needs, for a reservation.
    """

    order_id: OrderId
    delivery_date: date
    deliveries: tuple[PromisedDelivery, ...]
    tardiness_days: int
    overtime_hours: float
    cost: float
    capacity_price: float
    loads: tuple[CapacityLoad, ...]


def quote(state: PlanState, demand: OrderDemand, *, most: int | None = None) -> tuple[Promise, ...]:
    """The promises that can be kept without moving anyone: for each delivery date the cheapest, earliest first.

    Parameters
    ----------
    demand : OrderDemand
        What is asked for; an order that may be split is also quoted in parts, where that is sooner.
    most : int, optional
        How many promises at most.

    Returns
    -------
    tuple of Promise
        Empty where nothing fits in the horizon.

    Raises
    ------
    InvalidValueError
        Where the demand names a customer or a resource that the plan does not know.
    """
    problem = replace(state.problem, orders=(demand,))
    whole = _whole_promises(state, problem, demand)
    promises = sorted([*whole, *_split_promise(state, demand, whole)], key=lambda promise: promise.delivery_date)
    return tuple(promises[:most])


def plan_state(
    problem: SchedulingProblem, result: SchedulingResult, reserved: Iterable[CapacityLoad] = ()
) -> PlanState:
    """The state of a published plan, with what is reserved on top of it."""
    return PlanState(
        problem=replace(problem, orders=()),
        ledger=capacity_ledger(problem, result.loads).committed(reserved),
        prices={
            (row.resource_id, row.bucket_date): row.price_per_hour for row in result.resource_days if row.price_per_hour
        },
    )


def reserve(state: PlanState, promise: Promise) -> PlanState:
    """The state with the promise's hours held.

    Raises
    ------
    CapacityExceededError
        Where someone else has taken them since.
    """
    return replace(state, ledger=state.ledger.reserve(promise.loads))


def release(state: PlanState, promise: Promise) -> PlanState:
    """The state with the promise's hours given back."""
    return replace(state, ledger=state.ledger.release(promise.loads))


def _whole_promises(state: PlanState, problem: SchedulingProblem, demand: OrderDemand) -> list[Promise]:
    tables = PlantTables(problem)
    best: dict[int, tuple[float, int, int, Candidate, tuple[CapacityLoad, ...]]] = {}
    for candidate in candidates_of(tables, demand):
        loads = _loads(tables, candidate)
        if not state.ledger.shortages(loads):
            money = candidate.money + _overtime_money(state, loads)
            ranked = (money, candidate.completion, candidate.routing, candidate, loads)
            if candidate.delivery not in best or ranked[:3] < best[candidate.delivery][:3]:
                best[candidate.delivery] = ranked
    return [
        _promise(state, demand, [_delivery(tables, demand, candidate)], loads, money)
        for _, (money, _, _, candidate, loads) in sorted(best.items())
    ]


def _loads(tables: PlantTables, candidate: Candidate) -> tuple[CapacityLoad, ...]:
    resources = tables.problem.resources
    return tuple(
        CapacityLoad(resources[bucket // tables.days].resource_id, tables.date(bucket % tables.days), hours)
        for bucket, hours in candidate.loads
    )


def _delivery(tables: PlantTables, demand: OrderDemand, candidate: Candidate) -> PromisedDelivery:
    delivery_date = tables.date(candidate.delivery)
    window = open_window(tables.problem, tables.problem.customer(demand.customer_id), delivery_date)
    assert window is not None, "a candidate is delivered in a window"
    return PromisedDelivery(
        routing_id=demand.routings[candidate.routing].routing_id,
        completion_date=tables.date(candidate.completion),
        delivery_date=delivery_date,
        window_start=window.start,
        window_end=window.end,
        quantity=demand.quantity,
    )


def _split_promise(state: PlanState, demand: OrderDemand, whole: list[Promise]) -> list[Promise]:
    """The order in parts, as dispatch would place it; nothing where one delivery is as soon."""
    if not demand.splittable:
        return []
    problem = over_free_capacity(state.problem, state.ledger, [demand])
    result = build_schedule(problem, method=Method.DISPATCH)
    if result.unscheduled or len(result.deliveries) < 2:
        return []
    deliveries = [_promised_part(delivery) for delivery in result.deliveries]
    last = max(delivery.delivery_date for delivery in deliveries)
    if any(promise.delivery_date <= last for promise in whole):
        return []
    loads = tuple(capacity_loads(result.loads))
    money = order_cost(Recount(problem=problem), demand, result.deliveries) + _overtime_money(state, loads)
    return [_promise(state, demand, deliveries, loads, money)]


def _promised_part(delivery: ScheduledDelivery) -> PromisedDelivery:
    return PromisedDelivery(
        routing_id=delivery.routing_id,
        completion_date=delivery.completion_date,
        delivery_date=delivery.delivery_date,
        window_start=delivery.window_start,
        window_end=delivery.window_end,
        quantity=float(delivery.quantity),
    )


def _promise(
    state: PlanState,
    demand: OrderDemand,
    deliveries: list[PromisedDelivery],
    loads: tuple[CapacityLoad, ...],
    money: float,
) -> Promise:
    last = max(delivery.delivery_date for delivery in deliveries)
    return Promise(
        order_id=demand.order_id,
        delivery_date=last,
        deliveries=tuple(deliveries),
        tardiness_days=tardiness_days(last, demand.due_date),
        overtime_hours=sum(state.ledger.overtime_added(loads).values()),
        cost=money,
        capacity_price=sum(state.prices.get((load.resource_id, load.bucket_date), 0.0) * load.hours for load in loads),
        loads=loads,
    )


def _overtime_money(state: PlanState, loads: Iterable[CapacityLoad]) -> float:
    return sum(
        hours * state.problem.resource(resource_id).overtime_cost_per_hour
        for (resource_id, _), hours in sorted(state.ledger.overtime_added(loads).items())
    )
