"""Where the search ends before it has proven everything, neither the clock nor lower classes decide what it found."""

import copy
import random
import time
from typing import Any

import pytest

from cms.scheduling.budget import Budget, Meter
from cms.scheduling.optimizer import Proof, optimize
from cms.scheduling.plan import Plan, tier_values
from cms.scheduling.problem_file import problem_from_document
from cms.scheduling.tables import PlantTables
from tests.benchmarks.problems import a_problem

pytestmark = [pytest.mark.slow, pytest.mark.untraced]
FEW, MANY = 110, 260
"""Orders: settled by programmes alone, and by annealing."""


def solved(document: dict[str, Any], *, work: float, seconds: float = 600.0) -> tuple[Proof, list[str]]:
    """The plan that so much work finds, and what was reported tier by tier."""
    told: list[str] = []
    plan = Plan(PlantTables(problem_from_document(document)))
    return optimize(plan, Budget(Meter(time.monotonic() + seconds), work), progress=told.append), told


def with_lower_orders(document: dict[str, Any], seed: int) -> dict[str, Any]:
    """The document with a class below all others, its orders anywhere among them."""
    chance = random.Random(seed)
    orders = copy.deepcopy(document["orders"])
    lowest = max(order["priority"] for order in orders)
    for order in chance.sample(document["orders"], len(orders) // 4):
        lower = {**copy.deepcopy(order), "id": f"L{order['id']}", "priority": lowest + 1, "current": None}
        orders.insert(chance.randrange(len(orders) + 1), lower)
    return {**document, "orders": orders}


@pytest.mark.parametrize("size", [FEW, MANY])
def test_an_unproven_plan_is_the_same_however_much_time_is_left(size: int) -> None:
    document = a_problem(size, seed=3)

    first, told = solved(document, work=1.5)
    second, told_again = solved(document, work=1.5, seconds=900.0)

    assert first.status.value == "feasible", "the problem is too easy to show anything"
    assert told_again == told
    assert second.plan.pieces == first.plan.pieces
    assert second.bounds == first.bounds


@pytest.mark.parametrize("size", [FEW, MANY])
def test_orders_of_a_lower_class_change_nothing_that_the_classes_above_settle_at(size: int) -> None:
    document = a_problem(size, seed=4)

    alone, told = solved(document, work=2.0)
    among, told_among = solved(with_lower_orders(document, 4), work=2.0)

    classes = len(told) - 1
    assert told_among[:classes] == told[:classes]
    values, values_among = tier_values(alone.plan), tier_values(among.plan)
    assert any(values[name] > alone.bounds[name] + 1e-6 for name in list(values)[:classes])
    for name, sentence in zip(list(values)[:classes], told, strict=False):
        settled = float(sentence.split(": ")[1].split(",")[0])
        assert values_among[name] <= settled + 1e-3
