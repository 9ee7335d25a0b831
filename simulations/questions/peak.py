"""What does the peak week need? The plant through the fullest week of the history, at several capacities."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from simulations.conclusion import Conclusion, percent
from simulations.order_history import History
from simulations.questions.capacity import change_in_words, conclude_capacity
from simulations.scenario import Scenario
from simulations.sizing import ServiceTarget, Sizing, size_capacity
from simulations.study import Progress, Study, no_progress, run_study

WEEKS_AFTER = 6
"""So long after the peak week its orders are due and its backlog is worked off."""


@dataclass(frozen=True, kw_only=True)
class PeakStudy:
    """The peak week, how today's plant comes through it, and what it would need.

    Parameters
    ----------
    times_mean : float
        Orders of the peak week over those of a mean week.
    as_is : Study
        At today's capacity, from the warm-up before the peak to six weeks after it.
    """

    monday: date
    orders: int
    times_mean: float
    as_is: Study
    sizing: Sizing


def study_peak(
    history: History,
    scenario: Scenario,
    *,
    levels: Sequence[float],
    target: float = 0.95,
    resource: str = "*",
    processes: int | None = None,
    progress: Progress = no_progress,
) -> PeakStudy:
    """Replays the time around the peak week at today's capacity, and sizes the capacity for it.

    Parameters
    ----------
    scenario : Scenario
        Its run is moved to the peak: the warm-up ends when the peak week begins.
    levels : sequence of float
        Factors of regular hours.
    target : float
        OTIF to reach, 0 to 1, over the orders that are due in the peak week and the weeks after it.

    Raises
    ------
    InvalidValueError
    """
    monday, orders = history.peak_week()
    around = _around(scenario, monday, history)
    weeks = max(1.0, ((history.last_day - history.first_day).days + 1) / 7)
    sizing = size_capacity(
        around,
        history,
        levels=levels,
        resource=resource,
        target=ServiceTarget(at_least=target),
        processes=processes,
        progress=progress,
    )
    known = next((step.study for step in sizing.tried if step.level == 1), None)
    return PeakStudy(
        monday=monday,
        orders=orders,
        times_mean=orders * weeks / len(history.orders),
        as_is=known or run_study(around, history, processes=processes, progress=progress),
        sizing=sizing,
    )


def conclude_peak(peak: PeakStudy) -> Conclusion:
    """How the plant of today comes through the peak, and what capacity it needs."""
    sized = conclude_capacity(peak.sizing)
    study = peak.as_is
    otif, open_orders, late = (study.estimate(name) for name in ("otif", "max_backlog", "max_past_due"))
    fullest = max(
        (name for name in study.measures if name.startswith("peak_week_utilization[")),
        key=lambda name: study.estimate(name).mean,
    )
    resource = fullest[len("peak_week_utilization[") : -1]
    answer = (
        f"The peak is the week of {peak.monday}: {peak.orders:,} orders, {peak.times_mean:.1f} times a mean week. "
        f"With today's capacity OTIF around it is {percent(otif)}, up to {open_orders.mean:,.0f} ± "
        f"{open_orders.half_width:,.0f} orders are open and {late.mean:,.0f} ± {late.half_width:,.0f} past due; "
        f"{resource} is fullest, {percent(study.estimate(fullest))} of its regular hours in its fullest week. "
    )
    facts = (
        ("OTIF as today", percent(otif)),
        (f"fullest week of {resource}", percent(study.estimate(fullest))),
        ("overtime as today", _hours(study)),
        *sized.facts,
    )
    return Conclusion(
        verdict=sized.verdict,
        answer=answer + sized.answer,
        recommendation=_recommendation(peak, sized.recommendation),
        facts=facts,
        caution="One peak was seen. The next one may be higher: try demand.factor in the scenario.",
    )


def _recommendation(peak: PeakStudy, otherwise: str) -> str:
    chosen = peak.sizing.chosen
    if chosen is None or chosen.level <= 1:
        return otherwise
    until = peak.monday + timedelta(days=7 * WEEKS_AFTER)
    return f"For the peak, from about {peak.monday} to {until}, {change_in_words(peak.sizing, chosen.level)}."


def _hours(study: Study) -> str:
    hours, cost = study.estimate("overtime_hours"), study.estimate("overtime_cost")
    return f"{hours.mean:,.0f} ± {hours.half_width:,.0f} hours, cost {cost.mean:,.0f} ± {cost.half_width:,.0f}"


def _around(scenario: Scenario, monday: date, history: History) -> Scenario:
    """The run from the warm-up before the peak week to some weeks after it, as far as the history goes."""
    start = max(history.first_day, monday - timedelta(days=scenario.run.warm_up_days))
    warm_up = max(0, (monday - start).days)
    run = replace(scenario.run, start=start, days=warm_up + 7 * (1 + WEEKS_AFTER), warm_up_days=warm_up)
    return replace(scenario, name="as today", run=run)
