"""One way in: a problem and a method, a schedule out."""

import time
from collections.abc import Callable
from typing import TypeAlias

from cms.scheduling.budget import Budget
from cms.scheduling.dispatch import dispatch
from cms.scheduling.plan import Plan, priority_classes, tier_name, to_result
from cms.scheduling.problem import SchedulingProblem
from cms.scheduling.result import Method, SchedulingResult, SolveStatus
from cms.scheduling.tables import PlantTables

Progress: TypeAlias = Callable[[str], None]
"""Told in a sentence what the engine has reached."""


def build_schedule(
    problem: SchedulingProblem,
    *,
    method: Method = Method.OPTIMAL,
    time_limit_seconds: float = 60.0,
    progress: Progress | None = None,
    began: float | None = None,
) -> SchedulingResult:
    """The schedule of a problem.

    Parameters
    ----------
    method : Method
        ``OPTIMAL`` searches and proves until every tier is settled or the time is up; ``DISPATCH`` places order by
        order, once.
    time_limit_seconds : float
        When the search ends with the best schedule found, its bounds still honest. Dispatch does not look at it.
    progress : callable, optional
        Told in a sentence whenever a tier is settled.
    began : float, optional
        When the time limit began to run, by ``time.monotonic``, where that was before this call.

    Returns
    -------
    SchedulingResult
        With status ``infeasible`` and a reason, and nothing else, where frozen deliveries alone exceed a bucket.
    """
    started, budget = time.monotonic(), Budget.of_seconds(time_limit_seconds, began=began)
    tables = PlantTables(problem)
    plan = Plan(tables)
    overfull = plan.ledger.overfull()
    if overfull:
        return _infeasible(plan, overfull, time.monotonic() - started)
    if method is Method.DISPATCH:
        dispatch(plan)
        return _dispatched(plan, time.monotonic() - started)
    from cms.scheduling.optimizer import optimize  # noqa: PLC0415  # HiGHS loads only where it is asked for

    proof = optimize(plan, budget, progress=progress or (lambda _: None))
    return to_result(
        proof.plan,
        bounds=proof.bounds,
        prices=proof.prices,
        status=proof.status,
        seconds=time.monotonic() - started,
    )


def _dispatched(plan: Plan, seconds: float) -> SchedulingResult:
    """Dispatch proves nothing: tardiness and money are merely known not to be negative."""
    bounds = {tier_name(priority): 0.0 for priority in priority_classes(plan.tables)} | {"cost": 0.0}
    prices = [0.0] * len(plan.ledger.used_hours)
    return to_result(plan, bounds=bounds, prices=prices, status=SolveStatus.FEASIBLE, seconds=seconds)


def _infeasible(plan: Plan, overfull: list[int], seconds: float) -> SchedulingResult:
    return SchedulingResult(
        status=SolveStatus.INFEASIBLE,
        seconds=seconds,
        tiers=(),
        deliveries=(),
        loads=(),
        unscheduled=(),
        resource_days=(),
        reason=_overfull_reason(plan, overfull),
    )


def _overfull_reason(plan: Plan, overfull: list[int]) -> str:
    tables, ledger = plan.tables, plan.ledger
    bucket = overfull[0]
    name = tables.problem.resources[bucket // tables.days].resource_id
    reason = (
        f"frozen deliveries need {ledger.used_hours[bucket]:g} h of {name} on {tables.date(bucket % tables.days)}, "
        f"which has {ledger.total_hours[bucket]:g} h"
    )
    others = len(overfull) - 1
    return f"{reason}; so do {others} more resource-buckets" if others else reason
