"""The optimiser on problems whose best plan is known by hand, and its proof on some that are larger."""

import pytest

from cms.scheduling import Method, SchedulingProblem, SolveStatus, build_schedule
from cms.scheduling.feasibility import find_violations
from cms.scheduling.problem_file import problem_from_document
from tests.benchmarks.gap import gap_instances, solve_gap
from tests.benchmarks.problems import a_problem as a_generated_problem
from tests.problem_builders import a_customer, a_load, a_problem, a_resource, a_routing, an_order, published


def tiers(problem: SchedulingProblem) -> dict[str, float]:
    """The value of each tier, proven best and without violations."""
    result = build_schedule(problem, time_limit_seconds=30.0)
    assert find_violations(problem, result) == ()
    assert result.status is SolveStatus.OPTIMAL
    assert all(tier.value == pytest.approx(tier.bound, abs=1e-6) for tier in result.tiers)
    return {tier.name: tier.value for tier in result.tiers}


def test_a_lower_class_waits_for_a_higher_one() -> None:
    problem = a_problem(an_order("LOW", due=0, hours=8, priority=2), an_order("HIGH", due=0, hours=8, priority=1))

    assert tiers(problem) == {"priority 1": 0.0, "priority 2": 1.0, "cost": 0.0}


def test_the_heavier_of_two_equals_comes_first() -> None:
    problem = a_problem(an_order("A", due=0, hours=8), an_order("B", due=0, hours=8, weight=3.0))

    assert tiers(problem) == {"priority 2": 1.0, "cost": 0.0}


def test_packing_beats_the_sequence_of_dispatch() -> None:
    orders = [an_order(name, due=0, hours=hours) for name, hours in (("A", 3), ("B", 5), ("C", 5), ("D", 3))]
    problem = a_problem(*orders)

    assert tiers(problem)["priority 2"] == 2.0


def test_overtime_costs_less_than_lateness_but_more_than_nothing() -> None:
    oven = a_resource(hours=4, overtime=4, cost=10.0)
    problem = a_problem(an_order("A", due=0), an_order("B", due=0), an_order("C", due=1), resources=[oven])

    assert tiers(problem) == {"priority 2": 0.0, "cost": 40.0}


def test_building_ahead_costs_its_holding() -> None:
    oven = a_resource(hours=[8, 8, 0])
    problem = a_problem(
        an_order(due=2, hours=4), resources=[oven], customers=[a_customer(early=0)], holding_cost_per_hour_day=0.5
    )

    assert tiers(problem) == {"priority 2": 0.0, "cost": 2.0}


def test_a_change_is_paid_once_and_only_when_something_changes() -> None:
    kept = an_order("KEPT", due=3, hours=8, current=(published(3),))
    moved = an_order("MOVED", due=3, hours=8, current=(published(3),))

    assert tiers(a_problem(kept, moved, change_cost=7.0)) == {"priority 2": 0.0, "cost": 7.0}


def test_the_dearer_routing_is_taken_where_the_cheaper_is_full() -> None:
    routings = (a_routing("A", a_load("OVEN", 8)), a_routing("B", a_load("PRESS", 8), cost=3.0))
    orders = [an_order(name, due=0, routings=routings) for name in ("X", "Y")]
    problem = a_problem(*orders, resources=[a_resource("OVEN"), a_resource("PRESS")])

    assert tiers(problem) == {"priority 2": 0.0, "cost": 3.0}


def test_a_bulk_order_is_divided_in_whole_units_of_the_least_size() -> None:
    bulk = an_order("BULK", due=0, hours=12, quantity=12, splittable=True, min_split_quantity=5, max_splits=2)
    problem = a_problem(bulk)

    assert tiers(problem) == {"priority 2": pytest.approx(5 / 12), "cost": 0.0}


def test_a_full_bucket_has_a_price() -> None:
    oven = a_resource(hours=4, overtime=4, cost=10.0)
    result = build_schedule(
        a_problem(
            an_order("A", due=0), an_order("B", due=0, hours=2), resources=[oven], customers=[a_customer(early=0)]
        )
    )

    assert result.resource_days[0].overtime_hours == 2.0
    assert result.resource_days[0].price_per_hour == pytest.approx(10.0)


def test_the_time_limit_is_kept_and_the_bounds_stay_honest() -> None:
    problem = problem_from_document(a_generated_problem(300))

    hurried = build_schedule(problem, time_limit_seconds=1.0)

    assert find_violations(problem, hurried) == ()
    assert hurried.seconds < 10.0
    assert all(tier.bound <= tier.value + 1e-9 for tier in hurried.tiers)


def test_the_optimiser_is_never_worse_than_dispatch() -> None:
    problem = problem_from_document(a_generated_problem(60, seed=4))

    best = build_schedule(problem, time_limit_seconds=5.0)
    quick = build_schedule(problem, method=Method.DISPATCH)

    assert [tier.value for tier in best.tiers] <= [tier.value for tier in quick.tiers]


@pytest.mark.parametrize("name", ["gap1-0", "gap1-1", "gap2-0", "gap3-0", "gap6-0", "gap12-0", "a05100", "b05100"])
def test_known_assignment_optima_are_proven(name: str) -> None:
    instance = next((one for one in gap_instances() if one.name == name), None)
    if instance is None:
        pytest.skip("the generalized assignment instances are not there: set CMS_SHARED_DATA")

    result, _ = solve_gap(instance, time_limit_seconds=300.0)

    assert result.status is SolveStatus.OPTIMAL
    assert result.tiers[-1].value == pytest.approx(instance.optimum)
