"""How long should the planning time fence be? Calm against service, at several lengths under the same luck."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from simulations.conclusion import Conclusion, percent, points
from simulations.figures.labels import label_of
from simulations.order_history import History
from simulations.scenario import Scenario
from simulations.statistics import Estimate
from simulations.study import Progress, Study, compare_studies, no_progress, run_study

CHANGES, OTIF = "changes_per_order", "otif"


def study_fences(
    history: History,
    scenario: Scenario,
    *,
    fence_days: Sequence[int],
    processes: int | None = None,
    progress: Progress = no_progress,
) -> dict[int, Study]:
    """A study at each length of the fence, the shortest first, under the same luck.

    Raises
    ------
    InvalidValueError
        A fence is longer than the horizon.
    """
    return {
        days: run_study(_with_fence(scenario, days), history, processes=processes, progress=progress)
        for days in sorted(set(fence_days))
    }


def conclude_fence(studies: Mapping[int, Study], *, otif_to_lose: float = 0.01) -> Conclusion:
    """The fence with the fewest changes among those that certainly lose no more OTIF than allowed.

    Parameters
    ----------
    studies : mapping of int to Study
        By length of the fence; compared with the shortest.
    otif_to_lose : float
        How much OTIF (0 to 1) calm may cost.
    """
    shortest, *longer = sorted(studies)
    differences = {days: compare_studies(studies[shortest], studies[days]).differences for days in longer}
    calmer = [
        days for days, found in differences.items() if found[CHANGES].high < 0 and found[OTIF].low >= -otif_to_lose
    ]
    facts = tuple((f"fence of {days} days", _fact(studies[days], differences.get(days))) for days in sorted(studies))
    base = label_of(CHANGES).text(studies[shortest].estimate(CHANGES))
    if not calmer:
        return Conclusion(
            verdict=f"{shortest} days",
            answer=f"With a fence of {shortest} days a delivery is moved {base}. No longer fence makes it calmer "
            f"without a risk of losing more than {100 * otif_to_lose:g} points of OTIF.",
            recommendation=f"Keep a fence of {shortest} days; calm has to come from fewer late changes by customers.",
            facts=facts,
        )
    best = min(calmer, key=lambda days: (studies[days].estimate(CHANGES).mean, days))
    found = differences[best]
    return Conclusion(
        verdict=f"{best} days",
        answer=f"Against a fence of {shortest} days ({base}), one of {best} days changes the number of moves by "
        f"{_signed(found[CHANGES])} per order and OTIF by {points(found[OTIF])}.",
        recommendation=f"Set planning_time_fence_days = {best}.",
        facts=facts,
    )


def _with_fence(scenario: Scenario, days: int) -> Scenario:
    planning = replace(scenario.planning, planning_time_fence_days=days)
    return replace(scenario, name=f"fence of {days} days", planning=planning)


def _fact(study: Study, difference: Mapping[str, Estimate] | None) -> str:
    said = f"{label_of(CHANGES).text(study.estimate(CHANGES))}, OTIF {percent(study.estimate(OTIF))}"
    if difference is None:
        return said
    return f"{said}; changes {_signed(difference[CHANGES])}, OTIF {points(difference[OTIF])}"


def _signed(difference: Estimate) -> str:
    return f"{difference.mean:+.2f} ± {difference.half_width:.2f}"
