"""Small problems that the optimiser once got wrong, each against the oracle; the file's name says what was wrong."""

from pathlib import Path

import pytest

from cms.scheduling import SolveStatus, build_schedule
from cms.scheduling.feasibility import find_violations
from cms.scheduling.problem_file import parse_problem
from cms.scheduling.recount import tier_values
from tests.brute_force import lexicographic_optimum

CASES = sorted((Path(__file__).parent / "cases").glob("*.json"))


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_a_case_that_was_wrong_once_stays_right(case: Path) -> None:
    problem = parse_problem(case.read_text(encoding="utf-8"))

    result = build_schedule(problem)

    assert find_violations(problem, result) == ()
    assert result.status is SolveStatus.OPTIMAL
    assert tier_values(problem, result) == pytest.approx(lexicographic_optimum(problem), abs=1e-6)
