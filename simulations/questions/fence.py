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
    """The calmest fence among those that certainly lose no more OTIF than allowed against the one that serves best.

    Parameters
    ----------
    studies : mapping of int to Study
        By length of the fence.
    otif_to_lose : float
        How much OTIF (0 to 1) calm may cost.
    """
    days = sorted(studies)
    best = min(days, key=lambda one: (-studies[one].estimate(OTIF).mean, one))
    against_best = {one: compare_studies(studies[best], studies[one]).differences for one in days}
    kept = [one for one in days if against_best[one][OTIF].low >= -otif_to_lose]
    chosen = min(kept, key=lambda one: (studies[one].estimate(CHANGES).mean, one))
    moves = label_of(CHANGES).text(studies[chosen].estimate(CHANGES))
    return Conclusion(
        verdict=f"{chosen} days",
        answer=f"A fence of {best} days serves best, OTIF {percent(studies[best].estimate(OTIF))}. Among those that "
        f"certainly lose no more than {100 * otif_to_lose:g} points against it, a fence of {chosen} days is calmest: "
        f"{moves}{_against_shortest(studies, chosen)}.",
        recommendation=_recommendation(chosen, days[0]),
        facts=tuple((f"fence of {one} days", _fact(studies[one], against_best[one], best == one)) for one in days),
        caution=_undecided(studies, against_best, chosen, otif_to_lose),
    )


def _recommendation(chosen: int, shortest: int) -> str:
    if chosen > shortest:
        return f"Set planning_time_fence_days = {chosen}."
    return f"Keep a fence of {shortest} days; calm has to come from fewer late changes by customers."


def _against_shortest(studies: Mapping[int, Study], chosen: int) -> str:
    shortest = min(studies)
    if chosen == shortest:
        return ""
    found = compare_studies(studies[shortest], studies[chosen]).differences
    return f", {_signed(found[CHANGES])} against a fence of {shortest} days"


def _undecided(
    studies: Mapping[int, Study], against_best: Mapping[int, Mapping[str, Estimate]], chosen: int, otif_to_lose: float
) -> str:
    """Calmer fences that these replications neither allow nor rule out."""
    calm = studies[chosen].estimate(CHANGES).mean
    open_ones = [
        f"{one} days"
        for one, found in against_best.items()
        if studies[one].estimate(CHANGES).mean < calm and found[OTIF].high >= -otif_to_lose
    ]
    if not open_ones:
        return ""
    return f"Calmer, and perhaps as good: {', '.join(open_ones)}. More replications would tell."


def _with_fence(scenario: Scenario, days: int) -> Scenario:
    planning = replace(scenario.planning, planning_time_fence_days=days)
    return replace(scenario, name=f"fence of {days} days", planning=planning)


def _fact(study: Study, against_best: Mapping[str, Estimate], is_best: bool) -> str:  # noqa: FBT001
    said = f"{label_of(CHANGES).text(study.estimate(CHANGES))}, OTIF {percent(study.estimate(OTIF))}"
    return said if is_best else f"{said} ({points(against_best[OTIF])} against the best)"


def _signed(difference: Estimate) -> str:
    return f"{difference.mean:+.2f} ± {difference.half_width:.2f}"
