"""A rush order, or an order that has just changed, into the published schedule without planning everything anew."""

from collections.abc import Sequence
from dataclasses import dataclass

from cms.application.plan_schedule import Planner
from cms.application.publish_schedule import Publication, publish_schedule, refereed
from cms.application.standing_plan import StandingPlan, standing_plan
from cms.domain.orders import OrderId
from cms.domain.schedule import MasterSchedule
from cms.scheduling.problem import SchedulingProblem
from cms.scheduling.result import SchedulingResult
from cms.scheduling.rush import RushInsertion, insert_rush


@dataclass(frozen=True, kw_only=True)
class InsertionReport:
    """What became of the inserted orders.

    Parameters
    ----------
    insertions : tuple of RushInsertion
        In the sequence in which the orders were placed: the named ones first, then others that had become open.
    publication : Publication, optional
        None: it was only tried out.
    """

    insertions: tuple[RushInsertion, ...]
    schedule: MasterSchedule
    publication: Publication | None


def insert_orders(
    planner: Planner,
    order_ids: Sequence[OrderId],
    *,
    actor: str,
    reason_code: str = "rush",
    at_any_price: bool = False,
    publish: bool = True,
) -> InsertionReport:
    """Place the named orders, and every other one that the schedule does not know yet, and publish the result.

    Only orders of the same or a lower class may move, none inside the planning time fence.

    Parameters
    ----------
    at_any_price : bool
        The named orders go before all whom they may ask, even where the plan as a whole becomes worse.

    Raises
    ------
    NotFoundError
        An order is not open, or nothing is published yet.
    ScheduleViolationError, StaleScheduleError
    """
    plan = standing_plan(planner)
    named = [plan.demand(order_id).order_id for order_id in order_ids]
    problem, result = plan.problem, plan.result
    insertions = []
    for order_id in [*named, *(other for other in plan.newcomers() if other not in named)]:
        insertion = insert_rush(problem, result, plan.demand(order_id), at_any_price=at_any_price and order_id in named)
        problem, result = insertion.problem, insertion.result
        insertions.append(insertion)
    schedule = _schedule(planner, plan, problem, result)
    publication = _publish(planner, plan, schedule, reason_code, actor) if publish else None
    return InsertionReport(insertions=tuple(insertions), schedule=schedule, publication=publication)


def _schedule(
    planner: Planner, plan: StandingPlan, problem: SchedulingProblem, result: SchedulingResult
) -> MasterSchedule:
    """The schedule, refereed; it has no fingerprint: the next daily plan looks at everything again."""
    return refereed(problem, result, left_out=plan.left_out, fingerprint="", now=planner.clock.now())


def _publish(
    planner: Planner, plan: StandingPlan, schedule: MasterSchedule, reason_code: str, actor: str
) -> Publication:
    return publish_schedule(
        schedule,
        facts=plan.facts,
        schedules=planner.schedules,
        reason_code=reason_code,
        actor=actor,
        phase=planner.rollout.phase(),
        planner_recipient=planner.planner_recipient,
        boards=planner.boards,
        now=planner.clock.now(),
    )
