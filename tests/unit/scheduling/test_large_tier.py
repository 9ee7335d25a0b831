"""Large tiers: the dual's bound against the linear programme's, and a whole schedule found by annealing."""

from collections.abc import Iterator

import numpy as np
import pytest

from cms.scheduling import Method, build_schedule
from cms.scheduling.budget import Budget
from cms.scheduling.bundle import Point, ascend
from cms.scheduling.columns import Columns
from cms.scheduling.demand import Demand, demand_of
from cms.scheduling.feasibility import find_violations
from cms.scheduling.large_tier import settle_large
from cms.scheduling.linear import Stage, TierLimit, relax, sample_of
from cms.scheduling.plan import Plan
from cms.scheduling.problem import SchedulingProblem
from cms.scheduling.problem_file import problem_from_document
from cms.scheduling.result import SchedulingResult
from cms.scheduling.search import tier_value
from cms.scheduling.solution import Solution
from cms.scheduling.tables import PlantTables
from tests.benchmarks.problems import a_problem
from tests.unit.scheduling.stages import a_stage


@pytest.fixture(scope="module")
def crowded() -> tuple[Demand, Stage]:
    """Three hundred orders that want more than there is."""
    tables = PlantTables(problem_from_document(a_problem(300, load=1.1, seed=3)))
    demand = demand_of(Plan(tables))
    return demand, a_stage(demand, limits=(TierLimit(3, 600.0),))


def test_the_dual_alone_proves_what_the_linear_programme_proves(crowded: tuple[Demand, Stage]) -> None:
    demand, stage = crowded
    start = Point(np.zeros(len(stage.regular_hours)), np.zeros(1))

    exact = relax(demand, Columns(demand), stage, budget=Budget.of_seconds(60))
    ascent = ascend(demand, Columns(demand), stage, start, budget=Budget.of_seconds(60))

    assert exact.bound > 1
    assert 0.99 * exact.bound <= ascent.response.bound <= exact.bound + 1e-6


def test_a_mixture_of_answers_is_proven_for_every_group_of_orders(crowded: tuple[Demand, Stage]) -> None:
    demand, stage = crowded
    start = Point(np.zeros(len(stage.regular_hours)), np.zeros(1))

    ascent = ascend(demand, Columns(demand), stage, start, budget=Budget.of_seconds(60))

    assert np.allclose(sum(weights for _, weights in ascent.mixed), 1.0)


def test_a_sample_has_its_share_of_the_hours_and_of_the_limits(crowded: tuple[Demand, Stage]) -> None:
    demand, stage = crowded

    sample = sample_of(demand, Columns(demand), stage)

    part = sample.active.sum() / stage.active.sum()
    assert sample.regular_hours == pytest.approx(stage.regular_hours * part)
    assert sample.limits[0].days == pytest.approx(600.0 * part)


@pytest.mark.parametrize("most_rows", [10, 1_500])
def test_with_many_buckets_or_few_a_large_tier_is_bounded(
    crowded: tuple[Demand, Stage], monkeypatch: pytest.MonkeyPatch, most_rows: int
) -> None:
    demand, stage = crowded
    exact = relax(demand, Columns(demand), stage, budget=Budget.of_seconds(60))
    monkeypatch.setattr("cms.scheduling.linear._MOST_ROWS", most_rows)
    monkeypatch.setattr("cms.scheduling.linear._LARGE", 50)

    settled = settle_large(Solution(demand, Columns(demand)), stage, Budget.of_seconds(8), least=0.0)

    assert 0.999 * exact.bound <= settled.bound <= exact.bound + 1e-6
    assert tier_value(settled.solution, stage) >= settled.bound


@pytest.fixture(scope="module")
def annealed() -> Iterator[tuple[SchedulingProblem, SchedulingResult]]:
    """Four hundred orders settled as if they were thousands, with fewer trials."""
    problem = problem_from_document(a_problem(400, load=0.9, seed=5))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cms.scheduling.optimizer.MANY_SLOTS", 50)
        patch.setattr("cms.scheduling.linear._LARGE", 50)
        patch.setattr("cms.scheduling.large_tier._TRIALS_FOR_MONEY", 300)
        yield problem, build_schedule(problem, time_limit_seconds=12.0)


def test_a_schedule_found_by_annealing_keeps_every_rule_and_every_bound(
    annealed: tuple[SchedulingProblem, SchedulingResult],
) -> None:
    problem, result = annealed

    assert find_violations(problem, result) == ()
    assert all(tier.bound <= tier.value + 1e-6 for tier in result.tiers)


def test_annealing_finds_less_tardiness_than_dispatch(annealed: tuple[SchedulingProblem, SchedulingResult]) -> None:
    problem, result = annealed

    dispatched = build_schedule(problem, method=Method.DISPATCH, time_limit_seconds=60.0)

    assert [tier.value for tier in result.tiers] < [tier.value for tier in dispatched.tiers]


def test_where_too_many_orders_would_go_back_the_plan_before_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cms.scheduling.insertion._MOST_RETURNED", 0)
    monkeypatch.setattr("cms.scheduling.insertion._LEAST_STEPS", 0)
    monkeypatch.setattr("cms.scheduling.insertion._STEPS_EACH", 1)
    problem = problem_from_document(a_problem(230, seed=6))

    result = build_schedule(problem, time_limit_seconds=3.0)
    dispatched = build_schedule(problem, method=Method.DISPATCH)

    assert find_violations(problem, result) == ()
    assert [tier.value for tier in result.tiers] <= [tier.value for tier in dispatched.tiers]


def test_the_money_of_hundreds_of_orders_comes_near_its_bound() -> None:
    problem = problem_from_document(a_problem(600, load=0.8, seed=2, due=(6, 29)))

    result = build_schedule(problem, time_limit_seconds=12.0)

    assert find_violations(problem, result) == ()
    assert result.tiers[-1].gap < 0.1
