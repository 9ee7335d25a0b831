"""How long a quote, a rush order, an explanation and the referee take against a full plan.

Run: ``python -m tests.benchmarks.around_the_engine [ORDERS]`` (20,000 without an argument). The plan is built by
dispatch, which leaves more orders late than the optimiser: more to explain.
"""

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from typing import TypeVar

from cms.domain.orders import OrderId
from cms.scheduling import Method, SchedulingProblem, SchedulingResult, build_schedule
from cms.scheduling.explanation import explain
from cms.scheduling.feasibility import find_violations
from cms.scheduling.problem_file import problem_from_document
from cms.scheduling.promising import plan_state, quote
from cms.scheduling.rush import insert_rush
from tests.benchmarks.problems import a_problem

T = TypeVar("T")
SAMPLES = 20


def main(order_count: int = 20_000) -> None:
    """Prints the mean and the longest time of each question."""
    problem = problem_from_document(a_problem(order_count))
    plan = _timed("dispatch", lambda: build_schedule(problem, method=Method.DISPATCH))
    violations = _timed("referee", lambda: find_violations(problem, plan))
    print(f"{len(plan.deliveries)} deliveries, {len(plan.unscheduled)} unscheduled, {len(violations)} violations")
    for name, times in _questions(problem, plan):
        print(f"{name:<24}mean {1000 * sum(times) / len(times):8.1f} ms   longest {1000 * max(times):8.1f} ms")


def _questions(problem: SchedulingProblem, plan: SchedulingResult) -> Iterator[tuple[str, list[float]]]:
    state = _timed("state for quotes", lambda: plan_state(problem, plan))
    step = max(1, len(problem.orders) // SAMPLES)
    asked = [replace(order, order_id=OrderId("NEW"), current=()) for order in problem.orders[::step]]
    late = [delivery.order_id for delivery in plan.deliveries if delivery.tardiness_days > 0]
    _timed("solver, once a process", lambda: import_module("cms.scheduling.optimizer"))
    yield "quote", [_seconds(quote, state, order) for order in asked]
    yield "rush order", [_seconds(insert_rush, problem, plan, replace(order, priority=1)) for order in asked]
    if late:
        chosen = late[:: max(1, len(late) // SAMPLES)]
        yield "explanation (late)", [_seconds(explain, problem, plan, order_id) for order_id in chosen]


def _timed(name: str, run: Callable[[], T]) -> T:
    started = time.perf_counter()
    result = run()
    print(f"{name:<24}{time.perf_counter() - started:8.2f} s")
    return result


def _seconds(run: Callable[..., object], *arguments: object) -> float:
    started = time.perf_counter()
    run(*arguments)
    return time.perf_counter() - started


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:2]))
