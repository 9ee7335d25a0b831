"""Changed orders on the published schedule, at once: they are placed, nobody else moves unless a rush order asks."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from cms.application.plan_memory import PlanMemory
from cms.application.plan_schedule import Planner
from cms.application.planning_facts import PlanningFacts, prepare_plan
from cms.application.ports import ORDER_EVENT
from cms.application.publish_schedule import Publication, master_schedule, publish_schedule, require_no_violation
from cms.application.standing_orders import StandingOrders, prices_of
from cms.domain.errors import InfeasiblePlanError
from cms.domain.orders import OrderId, OrderType
from cms.domain.resources import ResourceId
from cms.domain.schedule import (
    MasterSchedule,
    ScheduledDelivery,
    ScheduledLoad,
    UnscheduledOrder,
    group_by_order,
)
from cms.scheduling.problem import OrderDemand, SchedulingProblem
from cms.scheduling.repair import repair
from cms.scheduling.result import SchedulingResult, SolveStatus
from cms.scheduling.rush import insert_rush

RUSH_SECONDS = 0.3
"""How long room is looked for among the orders that late rush orders may ask, all of them together."""


@dataclass(frozen=True, kw_only=True)
class Rescheduling:
    """What became of the changed orders.

    Parameters
    ----------
    publication : Publication, optional
        None: nothing changed, or no schedule is published yet; the next plan then takes the orders in.
    """

    publication: Publication | None = None


@dataclass(frozen=True, kw_only=True)
class _Repaired:
    """Orders that were looked at, and the whole schedule with them.

    Parameters
    ----------
    problem, result
        What the referee has to look at: all orders, or those that changed in what all others leave free.
    standing : StandingOrders
        The whole schedule, as yet unpublished.
    """

    problem: SchedulingProblem
    result: SchedulingResult
    changed: frozenset[OrderId]
    standing: StandingOrders


def reschedule_orders(planner: Planner, order_ids: Collection[OrderId], *, actor: str) -> Rescheduling:
    """Bring the published schedule in line with the order book as it is now, and publish what that changes.

    The named orders and those that the schedule does not know yet get their best free place; an order whose
    deliveries no longer fit its facts gets others; one that is gone frees its capacity. Only a rush order that would
    be late asks others of its own or a lower class to move. Doing it again changes nothing.

    A worker that knows the schedule looks only at orders that changed since it left it, beside all others; if
    anything else changed, if somebody else published, or if a rush order asks, it looks at all of them.

    Raises
    ------
    InfeasiblePlanError
        What is frozen does not fit the capacity any more.
    ScheduleViolationError
        The referee found a broken rule; nothing was published.
    StaleScheduleError
        Somebody else published meanwhile; try again.
    """
    published = planner.schedules.published()
    if published is None:
        return Rescheduling()
    facts = replace(planner.facts(published.as_of), published=published)
    memory, named = planner.memory, frozenset(order_ids)
    repaired = _repair_part(facts, published, named, memory) or _repair_whole(facts, published, named, memory)
    if not repaired.changed:
        memory.standing = repaired.standing
        return Rescheduling()
    now = planner.clock.now()
    require_no_violation(repaired.problem, repaired.result)
    standing = repaired.standing
    publication = publish_schedule(
        master_schedule(
            standing.result(prices_of(published)),
            as_of=published.as_of,
            left_out=standing.left_out.values(),
            fingerprint="",
            now=now,
        ),
        facts=facts,
        schedules=planner.schedules,
        reason_code=ORDER_EVENT,
        actor=actor,
        phase=planner.rollout.phase(),
        planner_recipient=planner.planner_recipient,
        boards=planner.boards,
        now=now,
        changed_orders=repaired.changed,
    )
    memory.standing = standing.published_as(publication.version)
    return Rescheduling(publication=publication)


def _repair_part(
    facts: PlanningFacts, published: MasterSchedule, named: frozenset[OrderId], memory: PlanMemory
) -> _Repaired | None:
    """Only what changed since the schedule was left; None where that is not enough."""
    standing = memory.standing
    if standing is None or not standing.holds_for(facts):
        return None
    touched = standing.touched_by(facts, named)
    if facts.reservations and standing.holds_frozen(touched):
        return None  # what is reserved depends on what is frozen
    part = standing.published_of(published, touched)
    prepared = standing.prepare(facts, part, touched)
    result = _repaired(prepared.problem, part, named)
    if result.status is SolveStatus.INFEASIBLE or _asking(prepared.problem, result, facts, named, memory):
        return None
    return _Repaired(
        problem=prepared.problem,
        result=result,
        changed=_changed_orders(part, result, prepared.left_out),
        standing=standing.with_part(facts, touched, prepared, result),
    )


def _repair_whole(
    facts: PlanningFacts, published: MasterSchedule, named: frozenset[OrderId], memory: PlanMemory
) -> _Repaired:
    prepared = prepare_plan(facts, entry=memory.entry)
    result = _repaired(prepared.problem, published, named)
    if result.status is SolveStatus.INFEASIBLE:
        remedy = "approve overtime there, or plan once without the fence (cms plan daily --release-fence)"
        raise InfeasiblePlanError(f"{result.reason}; {remedy}")
    problem, result = _ask_for_rush_orders(prepared.problem, result, facts, named, memory)
    prepared = replace(prepared, problem=problem)
    return _Repaired(
        problem=problem,
        result=result,
        changed=_changed_orders(published, result, prepared.left_out),
        standing=StandingOrders.of(facts, prepared, result),
    )


def _repaired(problem: SchedulingProblem, published: MasterSchedule, named: frozenset[OrderId]) -> SchedulingResult:
    known = {entry.order_id for entry in published.unscheduled}
    newcomers = {order.order_id for order in problem.orders if not order.current and order.order_id not in known}
    return repair(problem, replan=named | newcomers, prices=prices_of(published))


def _ask_for_rush_orders(
    problem: SchedulingProblem,
    result: SchedulingResult,
    facts: PlanningFacts,
    named: frozenset[OrderId],
    memory: PlanMemory,
) -> tuple[SchedulingProblem, SchedulingResult]:
    """Named rush orders that would be late ask others to move, one after the other in order of id; each once."""
    asking = _asking(problem, result, facts, named, memory)
    for order in asking:
        memory.note_asked(order)
        insertion = insert_rush(problem, result, order, time_limit_seconds=RUSH_SECONDS / len(asking))
        problem, result = insertion.problem, insertion.result
    return problem, result


def _asking(
    problem: SchedulingProblem,
    result: SchedulingResult,
    facts: PlanningFacts,
    named: frozenset[OrderId],
    memory: PlanMemory,
) -> list[OrderDemand]:
    """Named rush orders that would be late and have not asked yet, in order of id."""
    rush = {order.order_id for order in facts.orders if order.order_type is OrderType.RUSH} & named
    late = {d.order_id for d in result.deliveries if d.tardiness_days > 0} | {u.order_id for u in result.unscheduled}
    free = (o for o in problem.orders if o.order_id in rush & late and not o.frozen_deliveries(problem.horizon))
    return sorted((order for order in free if not memory.has_asked(order)), key=lambda order: order.order_id)


def _changed_orders(
    published: MasterSchedule, result: SchedulingResult, left_out: Collection[UnscheduledOrder]
) -> frozenset[OrderId]:
    """Orders that are delivered, made or left out otherwise than published."""
    before, after = _places(published.deliveries), _places(result.deliveries)
    changed = _differing(before, after)
    changed |= _differing(_hours(published.loads), _hours(result.loads))
    changed |= _differing(_left_out(published.unscheduled), _left_out([*result.unscheduled, *left_out]))
    return frozenset(changed)


def _differing(before: Mapping[OrderId, Any], after: Mapping[OrderId, Any]) -> set[OrderId]:
    return {order_id for order_id in before.keys() | after.keys() if before.get(order_id) != after.get(order_id)}


def _places(deliveries: Iterable[ScheduledDelivery]) -> dict[OrderId, list[ScheduledDelivery]]:
    """Deliveries by order; whether the fence has meanwhile frozen one is no change of it."""
    return {
        order_id: [replace(delivery, frozen=False) if delivery.frozen else delivery for delivery in own]
        for order_id, own in group_by_order(deliveries).items()
    }


def _hours(loads: Iterable[ScheduledLoad]) -> dict[OrderId, dict[tuple[int, ResourceId, date], float]]:
    """Hours by order and place, to what the warehouse keeps of them and a little less."""
    hours: dict[OrderId, dict[tuple[int, ResourceId, date], float]] = {}
    for load in loads:
        own = hours.setdefault(load.order_id, {})
        place = (load.sequence, load.resource_id, load.bucket_date)
        own[place] = round(own.get(place, 0.0) + load.hours, 6)
    return hours


def _left_out(unscheduled: Iterable[UnscheduledOrder]) -> dict[OrderId, Decimal]:
    quantities: dict[OrderId, Decimal] = {}
    for entry in unscheduled:
        quantities[entry.order_id] = quantities.get(entry.order_id, Decimal(0)) + entry.quantity
    return quantities
