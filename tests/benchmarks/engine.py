"""The engine by size: value, bound, gap, seconds and peak memory, beside dispatch and one plain programme.

``python -m tests.benchmarks.engine [--sizes 500,2000] [--seconds 60] [--due 3,24] [--monolith] [--gap]``
"""

import argparse
import multiprocessing
import resource
import time
from typing import Any

from cms.scheduling import Method, build_schedule
from cms.scheduling.feasibility import find_violations
from cms.scheduling.problem_file import problem_from_document
from tests.benchmarks.gap import gap_instances, solve_gap
from tests.benchmarks.monolith import solve_monolith
from tests.benchmarks.problems import a_problem

Row = tuple[str, float, float, float]


def main(arguments: list[str] | None = None) -> None:
    """Prints the tables."""
    options = _options(arguments)
    if options.gap:
        _print_gap()
    for size in map(int, options.sizes.split(",")):
        print(f"\n{size:,} orders, {options.load:.0%} load, at most {options.seconds:g} s")
        methods = ["dispatch", "optimal", *(["monolith"] if options.monolith else [])]
        for method in methods:
            _print_run(method, size, options.load, options.due, options.seconds)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="500,2000", help="numbers of orders, with commas")
    parser.add_argument("--seconds", type=float, default=60.0, help="time limit of each run")
    parser.add_argument("--load", type=float, default=0.92, help="needed to regular hours")
    parser.add_argument("--due", type=_days, help="first and last due day, with a comma; else some cannot be in time")
    parser.add_argument("--monolith", action="store_true", help="also one plain programme for each tier")
    parser.add_argument("--gap", action="store_true", help="also the generalized assignment instances")
    return parser.parse_args(arguments)


def _days(text: str) -> tuple[int, int]:
    first, last = map(int, text.split(","))
    return first, last


def _print_gap() -> None:
    print(f"{'instance':12} {'optimum':>8} {'value':>8} {'bound':>8} {'seconds':>8}  status")
    for instance in gap_instances():
        result, seconds = solve_gap(instance)
        cost = result.tiers[-1]
        row = f"{instance.name:12} {instance.optimum:8} {cost.value:8.0f} {cost.bound:8.1f} {seconds:8.2f}"
        print(f"{row}  {result.status.value}")


def _print_run(method: str, size: int, load: float, due: tuple[int, int] | None, limit_seconds: float) -> None:
    """Runs in a process of its own, so that the peak memory is that of this run."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        rows, seconds, megabytes, violations = pool.apply(_run, (method, size, load, due, limit_seconds))
    checked = "not refereed" if violations is None else f"{violations} violations"
    print(f"  {method}: {seconds:.2f} s, {megabytes:,.0f} MB, {checked}")
    for name, value, bound, gap in rows:
        print(f"    {name:12} value {value:14,.3f}  bound {bound:14,.3f}  gap {100 * gap:8.3f} %")


def _run(
    method: str, size: int, load: float, due: tuple[int, int] | None, limit_seconds: float
) -> tuple[list[Row], float, float, int | None]:
    document: dict[str, Any] = a_problem(size, load=load, due=due)
    problem = problem_from_document(document)
    started = time.perf_counter()
    violations: int | None = None
    if method == "monolith":
        found = solve_monolith(problem, limit_seconds)
        rows = [(t.name, t.value, t.bound, t.gap) for t in found]
    else:
        result = build_schedule(problem, method=Method(method), time_limit_seconds=limit_seconds)
        rows = [(tier.name, tier.value, tier.bound, tier.gap) for tier in result.tiers]
    seconds = time.perf_counter() - started
    if method != "monolith":
        violations = len(find_violations(problem, result))
    return rows, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, violations


if __name__ == "__main__":
    main()
