"""The interior point method: the same optimum as the simplex method, and a basis near it."""

from typing import Any

import highspy
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, sparse

from cms.scheduling import crossover, linear, schur
from cms.scheduling.budget import Budget
from cms.scheduling.columns import Columns
from cms.scheduling.demand import Demand, demand_of
from cms.scheduling.highs import quiet_highs
from cms.scheduling.interior import GroupedProgramme, InteriorPoint, solve_interior
from cms.scheduling.linear import Programme, Stage, relax
from cms.scheduling.plan import Plan
from cms.scheduling.pricing import Prices, all_within
from cms.scheduling.problem_file import problem_from_document
from cms.scheduling.tables import PlantTables
from tests.benchmarks.problems import a_problem
from tests.unit.scheduling.stages import a_stage


@pytest.fixture(params=["compiled", "plain"])
def loops(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The inner loops by name, in both ways in which they can run."""
    found = {name: getattr(schur, name) for name in ("system_of", "factorise", "solved")}
    if request.param == "plain":
        found = {name: loop.py_func for name, loop in found.items()}
        for name, loop in found.items():
            monkeypatch.setattr(f"cms.scheduling.interior.{name}", loop)
    return found


def a_programme(seed: int, *, orders: int = 12, buckets: int = 4, full: float = 0.7) -> GroupedProgramme:
    """Orders with some places each and one outside, which is dear; buckets that hold a part of them."""
    chance = np.random.default_rng(seed)
    sizes = chance.integers(1, 5, orders)
    firsts = np.concatenate([[0], np.cumsum(sizes + 1)])
    count = int(firsts[-1])
    hours = chance.random((buckets, count)) * (chance.random((buckets, count)) < 0.6)
    costs = chance.random(count).round(2)
    hours[:, firsts[1:] - 1] = 0.0
    costs[firsts[1:] - 1] = 5.0
    limits = np.maximum(0.05, full * hours.sum(axis=1) / 3)
    return GroupedProgramme(costs, firsts, np.ones(orders), sparse.csc_array(hours), limits)


def found(programme: GroupedProgramme, tolerance: float = 1e-8) -> InteriorPoint:
    """The point near the optimum, which there is."""
    point = solve_interior(programme, tolerance=tolerance, go_on=lambda: True)
    assert point is not None
    return point


def simplex_value(programme: GroupedProgramme) -> float:
    """The optimum by another method."""
    groups = np.repeat(np.arange(len(programme.sizes)), np.diff(programme.firsts))
    members = sparse.csc_array((np.ones(len(groups)), (groups, np.arange(len(groups))))).toarray()
    answer = optimize.linprog(
        programme.costs, programme.rows.toarray(), programme.limits, members, programme.sizes, method="highs-ds"
    )
    assert answer.fun is not None
    return float(answer.fun)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 40), st.integers(1, 6), st.floats(0.05, 2.0))
def test_the_value_is_that_of_the_simplex_method(seed: int, orders: int, buckets: int, full: float) -> None:
    programme = a_programme(seed, orders=orders, buckets=buckets, full=full)

    point = found(programme)

    assert float(programme.costs @ point.values) == pytest.approx(simplex_value(programme), rel=1e-5, abs=1e-5)
    assert (programme.rows @ point.values <= programme.limits + 1e-5).all()
    assert np.add.reduceat(point.values, programme.firsts[:-1]) == pytest.approx(programme.sizes, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_no_plan_counts_less_than_the_prices_prove(seed: int) -> None:
    programme = a_programme(seed)

    prices = found(programme, tolerance=0.1).prices

    priced = np.minimum.reduceat(programme.costs + programme.rows.T @ prices, programme.firsts[:-1])
    assert (prices >= 0).all()
    assert float(priced.sum() - programme.limits @ prices) <= simplex_value(programme) + 1e-9


@pytest.mark.usefixtures("loops")
def test_compiled_and_plain_loops_come_to_the_same() -> None:
    programme = a_programme(7)

    point = found(programme)

    assert point.steps < 30
    assert float(programme.costs @ point.values) == pytest.approx(simplex_value(programme), rel=1e-6)


def test_groups_of_any_size_are_filled() -> None:
    overtime = GroupedProgramme(
        costs=np.array([0.0, 8.0, 3.0, 0.0]),
        firsts=np.array([0, 2, 4]),
        sizes=np.array([1.0, 0.4]),
        rows=sparse.csc_array(np.array([[1.0, 0.0, -1.0, 0.0]])),
        limits=np.array([0.5]),
    )

    point = found(overtime)

    assert point.values == pytest.approx([0.9, 0.1, 0.4, 0.0], abs=1e-6)
    assert point.prices == pytest.approx([8.0], abs=1e-4)


def test_what_has_no_plan_has_no_point() -> None:
    crowded = GroupedProgramme(
        np.zeros(1), np.array([0, 1]), np.ones(1), sparse.csc_array(np.array([[2.0]])), np.array([1.0])
    )

    assert solve_interior(crowded, tolerance=1e-7, go_on=lambda: True) is None


def test_a_method_that_is_stopped_early_has_no_point_unless_it_is_near() -> None:
    programme = a_programme(3)

    assert solve_interior(programme, tolerance=1e-7, go_on=lambda: False) is None
    steps = iter(range(found(programme).steps - 1))
    near = solve_interior(programme, tolerance=1e-8, go_on=lambda: next(steps, None) is not None)
    assert near is not None
    assert float(programme.costs @ near.values) == pytest.approx(simplex_value(programme), rel=1e-3)


def test_the_system_is_that_of_the_rows_less_what_groups_hold_together(loops: dict[str, Any]) -> None:
    programme = a_programme(5)
    weights = np.random.default_rng(5).random(len(programme.costs))
    groups = np.repeat(np.arange(len(programme.sizes)), np.diff(programme.firsts))
    dense, group_weights = programme.rows.toarray(), np.bincount(groups, weights)
    held = np.array([dense[:, groups == group] @ weights[groups == group] for group in range(len(group_weights))])
    expected = np.diag(np.ones(4)) + dense * weights @ dense.T - (held.T / group_weights) @ held
    rows = sparse.csc_array(programme.rows)
    columns = schur.Columnwise(programme.firsts, rows.indptr, rows.indices, rows.data)
    touched = schur.Touched(np.arange(0, 4 * len(group_weights) + 1, 4), np.tile(np.arange(4), len(group_weights)))

    system = loops["system_of"](columns, weights, group_weights, touched, np.ones(4))

    assert np.triu(system) == pytest.approx(np.triu(expected))
    assert loops["factorise"](system)
    assert loops["solved"](system, np.arange(4.0)) == pytest.approx(np.linalg.solve(expected, np.arange(4.0)))
    assert not loops["factorise"](-np.ones((1, 1)))


def _plant() -> tuple[Demand, Stage]:
    """Three hundred orders and the money that they cost."""
    demand = demand_of(Plan(PlantTables(problem_from_document(a_problem(300, load=0.8, seed=3, due=(5, 29))))))
    return demand, a_stage(demand, priority=None, money=1.0)


def _programme(demand: Demand, stage: Stage) -> Programme:
    columns = Columns(demand)
    found = all_within(
        demand,
        Prices(np.zeros(len(stage.regular_hours)), np.zeros(len(demand.slots)), 0.0, stage.most_days),
        np.full(len(demand.slots), np.inf),
    )
    return Programme(demand, columns, stage, columns.add(found))


def test_a_programme_in_highs_is_approached_and_then_needs_few_steps() -> None:
    demand, stage = _plant()
    far, near, budget = _programme(demand, stage), _programme(demand, stage), Budget.of_seconds(60)
    optimum = far.solve(budget)

    bound = near.approach(budget)
    near.cross()

    assert optimum is not None
    assert bound is not None
    assert bound == pytest.approx(optimum, rel=1e-3)
    assert bound <= optimum + 1e-9
    assert near.solve(budget) == pytest.approx(optimum, rel=1e-9)
    steps = [programme.highs.getInfo().simplex_iteration_count for programme in (near, far)]
    assert steps[0] < 0.5 * steps[1]


def test_a_relaxation_that_is_approached_first_comes_to_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    demand, stage = _plant()
    expected = relax(demand, Columns(demand), stage, budget=Budget.of_seconds(60))
    monkeypatch.setattr(linear, "_LARGE", 100)

    exact = relax(demand, Columns(demand), stage, budget=Budget.of_seconds(60))
    near = relax(demand, Columns(demand), stage, budget=Budget.of_seconds(60), to_vertex=False)

    assert exact.bound == pytest.approx(expected.bound, rel=1e-6)
    assert exact.programme is not None
    assert near.bound == pytest.approx(expected.bound, rel=1e-3)
    assert near.bound <= expected.bound + 1e-6
    assert near.programme is None


def test_what_is_not_fit_for_the_method_is_left_to_the_simplex_method() -> None:
    demand, stage = _plant()
    relented = _programme(demand, stage)
    relented.relent(10.0)
    homeless = quiet_highs()
    homeless.addRow(1.0, 1.0, 0, np.zeros(0, dtype=np.int32), np.zeros(0))
    homeless.addCol(1.0, 0.0, highspy.kHighsInf, 0, np.zeros(0, dtype=np.int32), np.zeros(0))

    assert relented.approach(Budget.of_seconds(60)) is None
    assert crossover.approach(homeless, 1, Budget.of_seconds(60), tolerance=1e-6) is None


def test_without_time_a_programme_is_not_approached() -> None:
    demand, stage = _plant()

    assert _programme(demand, stage).approach(Budget.of_seconds(60).part(0.0)) is None
