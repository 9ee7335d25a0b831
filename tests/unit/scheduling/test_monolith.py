"""The plain programme that the benchmarks compare with states the same problem: where it proves, it agrees."""

import pytest
from hypothesis import Phase, assume, given, settings

from cms.scheduling import SchedulingProblem, SolveStatus, build_schedule
from tests.benchmarks.monolith import solve_monolith
from tests.strategies import examples, small_problems


@settings(examples(share=0.2), phases=[Phase.explicit, Phase.generate])
@given(problem=small_problems(most_orders=5))
def test_the_plain_programme_reaches_the_optimum_of_each_tier(problem: SchedulingProblem) -> None:
    best = build_schedule(problem)
    assume(best.status is SolveStatus.OPTIMAL)

    tiers = solve_monolith(problem, 30.0)

    assert [tier.name for tier in tiers] == [tier.name for tier in best.tiers]
    assert [tier.value for tier in tiers] == pytest.approx([tier.value for tier in best.tiers], abs=1e-5)
    assert [tier.bound for tier in tiers] == pytest.approx([tier.value for tier in best.tiers], abs=1e-5)
