"""Figures of resources: how full they are, how long they are overfull, overtime, and load against capacity."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import numpy as np
from matplotlib.axes import Axes

from simulations.figures.canvas import (
    LIMIT_COLOR,
    Chart,
    confidence_note,
    drawing,
    half_width_shown,
    on_axis,
    put_legend,
    tone,
    use_dates,
)
from simulations.figures.intervals import draw_rows
from simulations.figures.labels import label_of
from simulations.measures import BUSY
from simulations.statistics import Estimate
from simulations.study import Study


def utilization_by_resource(studies: Mapping[str, Study], *, fullest_week: bool = False) -> Chart:
    """Worked over regular hours of each resource, with the line at 95 % from which nothing can be caught up.

    Parameters
    ----------
    studies : mapping of str to Study
        By the name that the legend gives them; all of the same plant.
    fullest_week : bool
        Whether the fullest week is shown instead of the whole run.
    """
    measure = "peak_week_utilization" if fullest_week else "utilization"
    chart_title = label_of(measure).title
    resources = _resources(studies)
    with drawing(height_inches=1.6 + len(resources) * (0.24 + 0.22 * len(studies))) as (figure, axes):
        series = _by_resource(studies, measure, resources)
        draw_rows(axes, resources, series, factor=100)
        axes.axvline(100 * BUSY, color=LIMIT_COLOR, linestyle="--", linewidth=1.2)
        axes.annotate(f"{100 * BUSY:g} % ", xy=(100 * BUSY, -0.48), ha="right", va="top", fontsize=8)
        axes.set(title=chart_title, xlabel=label_of(measure).axis)
        put_legend(figure, axes)
        confidence_note(axes, *_confidence(series))
    return Chart(figure=figure, description=f"{chart_title} by resource. {_said(series, resources, measure)}")


def hours_over_95_pct(studies: Mapping[str, Study]) -> Chart:
    """Regular hours of the days on which a resource was over 95 % full: hours without room to recover."""
    resources = _resources(studies)
    with drawing(height_inches=1.6 + len(resources) * (0.24 + 0.22 * len(studies))) as (figure, axes):
        series = _by_resource(studies, "hours_over_95_pct", resources)
        draw_rows(axes, resources, series, digits=0)
        axes.set_xlim(left=min(0.0, axes.get_xlim()[0]))
        axes.set(title="Hours on days over 95 % full", xlabel=label_of("hours_over_95_pct").axis)
        put_legend(figure, axes)
        confidence_note(axes, *_confidence(series))
    return Chart(
        figure=figure, description=f"Hours over 95 % by resource. {_said(series, resources, 'hours_over_95_pct')}"
    )


def overtime_by_scenario(studies: Mapping[str, Study], *, currency: str = "money") -> Chart:
    """Overtime hours, and what they cost, by scenario.

    Parameters
    ----------
    currency : str
        The unit of the resources' overtime cost.
    """
    names = list(studies)
    with drawing(1, 2, height_inches=1.5 + 0.5 * len(names), sharey=True) as (figure, (hours, cost)):
        for axes, measure, unit in ((hours, "overtime_hours", "hours"), (cost, "overtime_cost", currency)):
            label = label_of(measure)
            draw_rows(axes, names, {label.title: [study.estimate(measure) for study in studies.values()]}, digits=0)
            axes.set(title=label.title, xlabel=f"{label.title}, {unit}")
        confidence_note(cost, *_confidence({"": [study.estimate("overtime_cost") for study in studies.values()]}))
    said = "; ".join(
        f"{name}: {label_of('overtime_hours').text(s.estimate('overtime_hours'))}" for name, s in studies.items()
    )
    return Chart(figure=figure, description=f"Overtime by scenario. {said}.")


def weekly_load(study: Study, resources: Sequence[str] | None = None) -> Chart:
    """Hours worked in each week of the run, with their interval, against regular hours; one panel a resource.

    Parameters
    ----------
    resources : sequence of str, optional
        None: all.
    """
    shown = list(resources or _resources({"": study}))
    start = study.model.period.start
    with drawing(len(shown), 1, height_inches=1.0 + 1.5 * len(shown), sharex=True, squeeze=False) as (figure, grid):
        for axes, resource in zip(grid[:, 0], shown, strict=True):
            _draw_weeks(axes, study, resource)
            axes.set(title=resource, ylabel="hours a week")
        use_dates(grid[-1, 0])
        grid[-1, 0].set_xlabel(f"week of the run, from {start}")
        put_legend(figure, grid[0, 0], columns=4)
        confidence_note(grid[-1, 0], study.scenario.run.confidence, [len(study.results)])
    said = "; ".join(
        f"{one}: fullest week {100 * study.estimate(f'peak_week_utilization[{one}]').mean:.0f} %" for one in shown
    )
    return Chart(figure=figure, description=f"Weekly load against regular hours. {said}.")


def _draw_weeks(axes: Axes, study: Study, resource: str) -> None:
    worked, half = study.weekly(f"worked_hours[{resource}]")
    regular, _ = study.weekly(f"regular_hours[{resource}]")
    first = study.model.period.start
    weeks = on_axis(first + timedelta(days=7 * week) for week in range(len(worked)))
    own = tone(2)
    axes.bar(
        weeks,
        worked,
        width=5.6,
        yerr=[half_width_shown(one) for one in half],
        capsize=2,
        color=own.color,
        error_kw={"ecolor": tone(0).color},
        label="worked",
    )
    middle = np.where(np.isfinite(regular), regular, 0.0)
    axes.step(weeks, middle, where="mid", color=tone(0).color, label="regular hours")
    axes.step(weeks, BUSY * middle, where="mid", color=LIMIT_COLOR, linestyle=":", linewidth=1.2, label="95 % of them")
    axes.set_ylim(bottom=0)
    warm_up = study.scenario.run.warm_up_days
    if warm_up:
        axes.axvspan(weeks[0] - 3.5, weeks[0] + warm_up - 3.5, color="#eeeeee", zorder=0, label="warm-up")


def _resources(studies: Mapping[str, Study]) -> list[str]:
    study = next(iter(studies.values()))
    return [name[len("utilization[") : -1] for name in study.measures if name.startswith("utilization[")]


def _by_resource(studies: Mapping[str, Study], measure: str, resources: Sequence[str]) -> dict[str, list[Estimate]]:
    return {name: [study.estimate(f"{measure}[{one}]") for one in resources] for name, study in studies.items()}


def _confidence(series: Mapping[str, Sequence[Estimate]]) -> tuple[float, list[int]]:
    found = [one for group in series.values() for one in group]
    return found[0].level, [one.replications for one in found]


def _said(series: Mapping[str, Sequence[Estimate]], resources: Sequence[str], measure: str) -> str:
    label = label_of(measure)
    lines = [
        f"{name}, {resource}: {label.text(one)}"
        for name, group in series.items()
        for resource, one in zip(resources, group, strict=True)
    ]
    return "; ".join(lines) + "."
