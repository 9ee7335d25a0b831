"""The published schedule beside today's facts: what explanations, quotes, rush orders and rollbacks start from."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from cms.application.plan_schedule import Planner
from cms.application.planning_facts import PlanningFacts, prepare_plan
from cms.application.standing_orders import prices_of
from cms.capacity.ledger import BucketKey
from cms.domain.errors import NotFoundError
from cms.domain.horizon import PlanningHorizon
from cms.domain.orders import OrderId
from cms.domain.schedule import MasterSchedule, ScheduledDelivery, UnscheduledOrder
from cms.scheduling.problem import CurrentDelivery, OrderDemand, SchedulingProblem
from cms.scheduling.result import SchedulingResult
from cms.scheduling.standing import standing_schedule


@dataclass(frozen=True, kw_only=True)
class StandingPlan:
    """The published schedule as the engine sees it.

    Parameters
    ----------
    result : SchedulingResult
        Every order with the deliveries that it has and that still fit its facts.
    left_out : tuple of UnscheduledOrder
        Orders that cannot enter a plan at all.
    reserved_hours : mapping
        What quotes hold, by resource-bucket; the problem's capacity is what they leave.
    """

    facts: PlanningFacts
    published: MasterSchedule
    problem: SchedulingProblem
    result: SchedulingResult
    left_out: tuple[UnscheduledOrder, ...]
    reserved_hours: Mapping[BucketKey, float] = field(default_factory=dict)

    def demand(self, order_id: OrderId) -> OrderDemand:
        """An order as the engine sees it.

        Raises
        ------
        NotFoundError
            The order book has no such open order, or it cannot enter a plan; the remedy says why.
        """
        for order in self.problem.orders:
            if order.order_id == order_id:
                return order
        reason = next((entry.reason for entry in self.left_out if entry.order_id == order_id), None)
        raise NotFoundError("plannable order", order_id, reason or "it is not open, or not in the order book")

    def newcomers(self) -> list[OrderId]:
        """Orders that the published schedule knows nothing of, or knows with other facts, in order of class."""
        known = {entry.order_id for entry in self.published.unscheduled}
        waiting = [order for order in self.problem.orders if not order.current and order.order_id not in known]
        return [order.order_id for order in sorted(waiting, key=lambda o: (o.priority, o.due_date, o.order_id))]


def as_planned(plan: StandingPlan) -> StandingPlan:
    """The plan as it stood when it was made: frozen is only what was frozen then, not what it has frozen since.

    For explanations: the fence did not close the places of an order that it was given one of that very morning. What
    such an order had published beside its frozen deliveries is left out, for the engine would hold it as frozen; such
    an order counts no change, and may not be asked to move. Every other order keeps all that is published for it.
    """
    frozen = {_place(d) for d in plan.published.deliveries if d.frozen}
    orders = tuple(_as_planned(order, plan.problem.horizon, frozen) for order in plan.problem.orders)
    deliveries = tuple(replace(d, frozen=_place(d) in frozen) for d in plan.result.deliveries)
    return replace(
        plan, problem=replace(plan.problem, orders=orders), result=replace(plan.result, deliveries=deliveries)
    )


def _as_planned(
    order: OrderDemand, horizon: PlanningHorizon, frozen: Collection[tuple[OrderId, date, date]]
) -> OrderDemand:
    was_frozen = tuple(c for c in order.current if (order.order_id, *_days(c)) in frozen)
    return order if was_frozen == order.frozen_deliveries(horizon) else replace(order, current=was_frozen)


def _place(delivery: ScheduledDelivery) -> tuple[OrderId, date, date]:
    return (delivery.order_id, *_days(delivery))


def _days(delivery: ScheduledDelivery | CurrentDelivery) -> tuple[date, date]:
    return delivery.completion_date, delivery.delivery_date


def standing_plan(planner: Planner) -> StandingPlan:
    """The published schedule on the day it was planned for, with the orders of this moment.

    Raises
    ------
    NotFoundError
        Nothing is published yet.
    """
    published = planner.schedules.published()
    if published is None:
        raise NotFoundError("schedule", "published", "build one with: cms plan daily")
    facts = planner.facts(published.as_of)
    prepared = prepare_plan(facts)
    return StandingPlan(
        facts=facts,
        published=published,
        problem=prepared.problem,
        result=standing_schedule(prepared.problem, prices=prices_of(published)),
        left_out=prepared.left_out,
        reserved_hours=prepared.reserved_hours,
    )
