"""The search within the limits: it finds more than a search that the relaxation guides, and breaks nothing."""

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cms.scheduling import build_schedule
from cms.scheduling.budget import Budget, Meter
from cms.scheduling.columns import Columns
from cms.scheduling.demand import Demand, Integers, demand_of
from cms.scheduling.feasibility import find_violations
from cms.scheduling.linear import Relaxation, Stage, TierLimit, relax
from cms.scheduling.plan import Plan
from cms.scheduling.pricing import Prices, all_within
from cms.scheduling.problem_file import problem_from_document
from cms.scheduling.search import keeps_limits, tier_value
from cms.scheduling.solution import Solution
from cms.scheduling.tables import PlantTables
from cms.scheduling.tempering import temper
from tests.benchmarks.problems import a_problem
from tests.unit.scheduling.stages import a_stage


def a_tier(orders: int, *, seed: int) -> tuple[Demand, Stage, Solution, Relaxation, Integers]:
    """Class 4 with all that stands before it empty, its relaxation, and every column there is."""
    demand = demand_of(Plan(PlantTables(problem_from_document(a_problem(orders, load=1.0, seed=seed)))))
    columns, stage = Columns(demand), a_stage(demand)
    relaxation = relax(demand, columns, stage, budget=Budget.of_seconds(60))
    count, buckets = len(demand.slots), len(stage.regular_hours)
    free = Prices(np.zeros(buckets), np.zeros(count), 0.0, stage.most_days)
    known = columns.add(all_within(demand, free, np.full(count, np.inf)))
    return demand, stage, Solution(demand, columns), relaxation, known


def work(seconds: float) -> Budget:
    """So many seconds of counted work, and the clock far away."""
    return Budget(Meter(time.monotonic() + 600), seconds)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1_000), orders=st.integers(8, 30), most=st.floats(0.5, 1.0))
def test_what_is_found_keeps_every_limit_and_is_no_worse(seed: int, orders: int, most: float) -> None:
    demand, stage, solution, relaxation, known = a_tier(orders, seed=seed)
    late = tier_value(solution, replace(stage, priority=3))
    stage = replace(stage, limits=(TierLimit(3, late),), regular_hours=most * stage.regular_hours)

    found = temper(solution, stage, relaxation, known, work(0.1))

    assert keeps_limits(found, stage)
    assert tier_value(found, stage) <= tier_value(solution, stage) + 1e-9
    assert found.demand is demand


def test_the_same_work_finds_the_same_plan() -> None:
    _, stage, solution, relaxation, known = a_tier(40, seed=5)

    first, second = (temper(solution, stage, relaxation, known, work(0.2)) for _ in range(2))

    assert first.picks == second.picks
    assert tier_value(first, stage) < tier_value(solution, stage)


def test_no_work_leaves_the_plan_as_it_is() -> None:
    _, stage, solution, relaxation, known = a_tier(12, seed=2)

    found = temper(solution, stage, relaxation, known, work(0.0))

    assert tier_value(found, stage) <= tier_value(solution, stage)


def test_the_work_is_charged() -> None:
    _, stage, solution, relaxation, known = a_tier(40, seed=5)
    budget = work(0.5)

    temper(solution, stage, relaxation, known, budget)

    assert 0.4 < budget.meter.spent < 1.0


@pytest.mark.parametrize(("due", "most_days"), [((5, 29), 250.0), (None, 400.0)])
def test_where_orders_are_large_beside_the_buckets_a_class_ends_far_below_what_programmes_alone_find(
    due: tuple[int, int] | None, most_days: float
) -> None:
    problem = problem_from_document(a_problem(100, seed=2, due=due))

    schedule = build_schedule(problem, time_limit_seconds=5)

    assert not find_violations(problem, schedule)
    assert next(tier.value for tier in schedule.tiers if tier.name == "priority 4") < most_days
