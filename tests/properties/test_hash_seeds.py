"""The same problem gets the same schedule whatever the hash seed: no set or dictionary order decides anything."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import json
from dataclasses import replace
from hypothesis import HealthCheck, Phase, given, settings
from cms.scheduling import Method, build_schedule
from cms.scheduling.explanation import explain
from cms.scheduling.problem_file import schedule_to_document
from cms.scheduling.rush import insert_rush
from tests.strategies import small_problems

@settings(max_examples=8, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
          suppress_health_check=list(HealthCheck))
@given(problem=small_problems(least_orders=4))
def show(problem):
    for method in Method:
        result = build_schedule(problem, method=method)
        print(json.dumps(schedule_to_document(replace(result, seconds=0.0))))
    if result.tiers:
        insertion = insert_rush(problem, result, replace(problem.orders[0], priority=1), at_any_price=True)
        print(insertion.moved, insertion.deliveries)
        print([explain(problem, result, order.order_id).words for order in problem.orders])

show()
"""

LARGER_PROGRAM = """
import json
from dataclasses import replace
from cms.scheduling import Method, build_schedule
from cms.scheduling.problem_file import problem_from_document, schedule_to_document
from cms.scheduling.rush import insert_rush
from tests.benchmarks.problems import a_problem

problem = problem_from_document(a_problem(400))
result = build_schedule(problem, method=Method.DISPATCH)
print(json.dumps(schedule_to_document(replace(result, seconds=0.0))))
for order in problem.orders[::80]:
    insertion = insert_rush(problem, result, replace(order, priority=1), at_any_price=True, time_limit_seconds=100.0)
    print(insertion.asked, insertion.deliveries, insertion.result.tiers)
"""


def output_under(seed: int, program: str = PROGRAM) -> str:
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONPATH": str(root)}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        cwd=root,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_same_problems_get_the_same_answers_under_different_hash_seeds() -> None:
    first = output_under(1)

    assert first
    assert output_under(20260105) == first


@pytest.mark.slow
def test_a_plan_of_400_orders_and_its_rush_orders_are_the_same_under_different_hash_seeds() -> None:
    first = output_under(1, LARGER_PROGRAM)

    assert first
    assert output_under(20260105, LARGER_PROGRAM) == first
