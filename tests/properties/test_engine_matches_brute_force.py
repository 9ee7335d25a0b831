"""Both methods against the oracle: on small problems with every feature on, the optimiser is never beaten in any tier.

CMS_EXAMPLES sets how many problems each property tries; without it the same few are tried in every run.
"""

from dataclasses import replace

import pytest
from hypothesis import assume, given

from cms.domain.orders import OrderId
from cms.scheduling import Method, SchedulingProblem, SchedulingResult, SolveStatus, build_schedule
from cms.scheduling.feasibility import find_violations
from cms.scheduling.problem import BucketHours, ResourceCapacity
from cms.scheduling.recount import tier_values
from tests.brute_force import TooLargeError, lexicographic_optimum
from tests.strategies import examples, small_problems

pytestmark = [pytest.mark.slow, pytest.mark.untraced]  # most of the time is the oracle's
TOLERANCE = 1e-6
PATIENT_SECONDS = 600.0
"""No clock decides here: a starved machine must not make a proof look impossible."""


def solved(problem: SchedulingProblem, method: Method = Method.OPTIMAL) -> SchedulingResult:
    return build_schedule(problem, method=method, time_limit_seconds=PATIENT_SECONDS)


def optimum(problem: SchedulingProblem) -> dict[str, float] | None:
    try:
        return lexicographic_optimum(problem)
    except TooLargeError:
        assume(False)
        raise


def is_worse(values: dict[str, float], than: dict[str, float]) -> bool:
    """Whether the first tier in which they differ is larger."""
    for name, value in values.items():
        if abs(value - than[name]) > TOLERANCE:
            return value > than[name]
    return False


@examples()
@given(problem=small_problems())
def test_the_optimiser_equals_brute_force_in_each_tier(problem: SchedulingProblem) -> None:
    best = optimum(problem)

    result = solved(problem)

    assert find_violations(problem, result) == ()
    if best is None:
        assert result.status is SolveStatus.INFEASIBLE
    else:
        assert result.status is SolveStatus.OPTIMAL
        assert tier_values(problem, result) == pytest.approx(best, abs=TOLERANCE)


@examples()
@given(problem=small_problems())
def test_dispatch_keeps_every_rule_and_never_beats_the_optimum(problem: SchedulingProblem) -> None:
    best = optimum(problem)

    result = solved(problem, Method.DISPATCH)

    assert find_violations(problem, result) == ()
    if best is not None:
        assert not is_worse(best, than=tier_values(problem, result))


@examples(share=0.5)
@given(problem=small_problems(most_classes=2), others=small_problems(most_classes=2))
def test_orders_of_a_lower_class_never_change_a_higher_tier(
    problem: SchedulingProblem, others: SchedulingProblem
) -> None:
    resources = {resource.resource_id for resource in problem.resources}
    customers = {customer.customer_id for customer in problem.customers}
    added = tuple(
        replace(order, order_id=OrderId(f"LOW-{order.order_id}"), priority=order.priority + 2, current=())
        for order in others.orders
        if order.customer_id in customers
        and {load.resource_id for routing in order.routings for load in routing.loads} <= resources
    )
    crowded = replace(problem, orders=problem.orders + added)

    before, after = solved(problem), solved(crowded)

    assert before.status == after.status
    if before.status is not SolveStatus.INFEASIBLE:
        higher = [name for name in tier_values(problem, before) if name != "cost"]
        values = tier_values(crowded, after)
        assert {name: values[name] for name in higher} == pytest.approx(
            {name: value for name, value in tier_values(problem, before).items() if name != "cost"}, abs=TOLERANCE
        )


@examples(share=0.5)
@given(problem=small_problems())
def test_removing_capacity_never_improves_a_schedule(problem: SchedulingProblem) -> None:
    smaller = replace(problem, resources=tuple(_with_fewer_hours(resource) for resource in problem.resources))

    with_all, with_less = solved(problem), solved(smaller)

    if SolveStatus.INFEASIBLE in (with_all.status, with_less.status):
        assert with_less.status is SolveStatus.INFEASIBLE
    else:
        assert not is_worse(tier_values(problem, with_all), than=tier_values(smaller, with_less))


def _with_fewer_hours(resource: ResourceCapacity) -> ResourceCapacity:
    """Half the hours of every day; no day stops being a working day, which would move what counts back over it."""
    buckets = {
        day: BucketHours(regular_hours=hours.regular_hours / 2, overtime_hours=hours.overtime_hours / 2)
        for day, hours in resource.buckets.items()
    }
    return replace(resource, buckets=buckets)


@examples(share=0.5)
@given(problem=small_problems())
def test_the_same_problem_gets_the_same_schedule(problem: SchedulingProblem) -> None:
    first, second = solved(problem), solved(problem)

    assert replace(first, seconds=0.0) == replace(second, seconds=0.0)
