"""What an old proof says of a plan with one order more: never too much, and something wherever the old tiers hold."""

from dataclasses import replace
from itertools import takewhile

from hypothesis import assume, given

from cms.domain.schedule import TierResult
from cms.scheduling import SchedulingProblem, SolveStatus, build_schedule
from cms.scheduling.inherited_bounds import with_inherited_bounds
from cms.scheduling.rush import insert_rush
from tests.brute_force import TooLargeError, lexicographic_optimum
from tests.problem_builders import a_problem, a_resource, an_order, published
from tests.strategies import examples, small_problems


def bounds(tiers: tuple[TierResult, ...]) -> dict[str, float]:
    return {tier.name: tier.bound for tier in tiers}


def a_plant_of_one_order_a_day(*names_and_classes: tuple[str, int]) -> SchedulingProblem:
    """8 hours a day for five days; each order takes all 8 and is due on the first day."""
    orders = [an_order(name, priority=priority, hours=8, due=0) for name, priority in names_and_classes]
    return a_problem(*orders, days=5, resources=[a_resource(hours=8, days=5)])


def test_a_rush_order_leaves_the_proof_of_higher_classes_and_adds_what_it_must_to_its_own() -> None:
    """O1, O2 of class 1 take days 0 and 1: 1 order-day, proven. The newcomer of class 2 is due two days before."""
    problem = a_plant_of_one_order_a_day(("O1", 1), ("O2", 1))
    plan = build_schedule(problem)

    insertion = insert_rush(problem, plan, an_order("NEW", priority=2, hours=8, due=-2))

    assert bounds(insertion.result.tiers) == {"priority 1": 1.0, "priority 2": 2.0, "cost": 0.0}


def test_what_was_proven_under_a_tier_that_grew_is_no_longer_claimed() -> None:
    """The newcomer takes day 0 from O1, which is a day late then; without it class 2 had proven 0, now nothing is."""
    problem = a_plant_of_one_order_a_day(("O1", 1), ("O2", 2), ("O3", 2))
    plan = build_schedule(problem)

    insertion = insert_rush(problem, plan, an_order("NEW", priority=1, hours=8, due=0))

    values = {tier.name: (tier.value, tier.bound) for tier in insertion.result.tiers}
    assert bounds(plan.tiers) == {"priority 1": 0.0, "priority 2": 3.0, "cost": 0.0}
    assert (values["priority 1"][0], values["priority 2"][1]) == (1.0, 0.0)


def test_an_order_that_is_planned_anew_as_it_is_keeps_every_bound() -> None:
    problem = a_plant_of_one_order_a_day(("O1", 1), ("O2", 1))
    plan = build_schedule(problem)

    insertion = insert_rush(problem, plan, problem.order(problem.orders[0].order_id))

    assert insertion.result.tiers == plan.tiers


def test_an_order_that_was_frozen_in_another_form_leaves_nothing_proven_but_its_own_part() -> None:
    frozen = an_order("O1", priority=1, hours=8, due=0, current=(published(0),))
    before = a_problem(frozen, an_order("O2", priority=1, hours=8, due=0), days=5, fence=1)
    plan = build_schedule(before)
    free = replace(frozen, current=())
    after = replace(before, orders=(free, before.orders[1]))

    tiers = with_inherited_bounds(before, plan.tiers, after, free, plan.tiers)

    assert (bounds(plan.tiers)["priority 1"], bounds(tiers)) == (1.0, {"priority 1": 0.0, "cost": 0.0})


def _comparable(problem: SchedulingProblem, tiers: tuple[TierResult, ...]) -> dict[str, float]:
    """The optimum's tiers that obey what the bounds presuppose: no earlier one is above the value reached."""
    try:
        optimum = lexicographic_optimum(problem)
    except TooLargeError:
        assume(False)
        raise
    assert optimum is not None
    obeying = takewhile(lambda tier: optimum[tier.name] <= tier.value + 1e-6, tiers)
    names = [tier.name for tier in tiers][: len(list(obeying)) + 1]
    return {name: optimum[name] for name in names}


@examples(share=0.2)
@given(problem=small_problems(least_orders=2, most_orders=5))
def test_no_inherited_bound_exceeds_what_brute_force_finds(problem: SchedulingProblem) -> None:
    rush = replace(problem.orders[0], current=())
    before = replace(problem, orders=problem.orders[1:])
    plan = build_schedule(before)
    if plan.status is SolveStatus.INFEASIBLE:
        return

    insertion = insert_rush(before, plan, rush, at_any_price=True)

    for name, best in _comparable(insertion.problem, insertion.result.tiers).items():
        assert bounds(insertion.result.tiers)[name] <= best + 1e-6


@examples(share=0.2)
@given(problem=small_problems(least_orders=2, most_orders=5))
def test_no_bound_inherited_by_a_change_of_class_exceeds_what_brute_force_finds(problem: SchedulingProblem) -> None:
    plan = build_schedule(problem)
    if plan.status is SolveStatus.INFEASIBLE:
        return

    insertion = insert_rush(problem, plan, replace(problem.orders[-1], priority=1, weight=4.0))

    for name, best in _comparable(insertion.problem, insertion.result.tiers).items():
        assert bounds(insertion.result.tiers)[name] <= best + 1e-6
