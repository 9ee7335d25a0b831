"""Figures of a question at several levels: capacity or overtime against service, the fence against nervousness."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

from simulations.figures.canvas import LIMIT_COLOR, Chart, confidence_note, drawing, half_width_shown, tone
from simulations.figures.intervals import draw_rows
from simulations.figures.labels import label_of
from simulations.sizing import Lever, Sizing
from simulations.statistics import Estimate
from simulations.study import Study

_LEVELS = {Lever.CAPACITY: "regular hours, times today's", Lever.OVERTIME: "most overtime, hours a day"}


def service_by_level(sizing: Sizing) -> Chart:
    """Service at every level that was tried, with its interval; the target as a line, the chosen level marked."""
    label = label_of(sizing.target.measure)
    with drawing(height_inches=3.0) as (figure, axes):
        _draw_levels(axes, [one.level for one in sizing.tried], [one.service for one in sizing.tried], label.factor)
        goal = label.factor * sizing.target.at_least
        axes.axhline(goal, color=LIMIT_COLOR, linestyle="--", linewidth=1.2)
        _write_target(axes, goal)
        if sizing.chosen is not None:
            chosen_mean = label.factor * sizing.chosen.service.mean
            _mark_chosen(axes, sizing.chosen.level, chosen_mean, is_first=sizing.chosen is sizing.tried[0])
        resource = "all resources" if sizing.resource == "*" else sizing.resource
        axes.set(title=f"{label.title} by {sizing.lever.value} of {resource}")
        axes.set(xlabel=_LEVELS[sizing.lever], ylabel=label.axis)
        axes.set_xticks([one.level for one in sizing.tried])
        confidence_note(axes, sizing.tried[0].service.level, [one.service.replications for one in sizing.tried])
    chosen = "no level meets it" if sizing.chosen is None else f"{sizing.chosen.level:g} is the smallest that meets it"
    said = "; ".join(f"{one.level:g}: {label.text(one.service)}" for one in sizing.tried)
    return Chart(figure=figure, description=f"{label.title} by level against the target {goal:g}: {chosen}. {said}.")


def nervousness_by_fence(studies: Mapping[int, Study]) -> Chart:
    """How often a delivery is moved after its first plan, and OTIF, by length of the planning time fence in days."""
    days = sorted(studies)
    with drawing(2, 1, height_inches=4.4, sharex=True) as (figure, panels):
        for axes, measure in zip(panels, ("changes_per_order", "otif"), strict=True):
            label = label_of(measure)
            _draw_levels(axes, days, [studies[one].estimate(measure) for one in days], label.factor)
            axes.set(title=label.title, ylabel=label.unit)
        panels[0].set_ylim(bottom=0)
        panels[1].set(xlabel="planning time fence, days")
        panels[1].set_xticks(days)
        level = studies[days[0]].scenario.run.confidence
        confidence_note(panels[1], level, [len(study.results) for study in studies.values()])
    said = "; ".join(
        f"fence of {one} days: {label_of('changes_per_order').text(studies[one].estimate('changes_per_order'))}"
        for one in days
    )
    return Chart(figure=figure, description=f"Nervousness by planning time fence. {said}.")


def cost_and_otif(costs: Mapping[str, Estimate], otif: Mapping[str, Estimate], *, currency: str = "money") -> Chart:
    """What each way costs, and how it serves, side by side with their intervals.

    Parameters
    ----------
    costs, otif : mapping of str to Estimate
        By the same names.
    currency : str
        The unit of the costs.
    """
    names, label = list(costs), label_of("otif")
    with drawing(1, 2, height_inches=1.5 + 0.5 * len(names), sharey=True) as (figure, (left, right)):
        draw_rows(left, names, {"cost": list(costs.values())}, digits=0)
        draw_rows(right, names, {"otif": [otif[name] for name in names]}, factor=label.factor)
        left.set(title="Cost", xlabel=f"cost of the measured days, {currency}")
        right.set(title=label.title, xlabel=label.axis)
        confidence_note(right, otif[names[0]].level, [one.replications for one in otif.values()])
    said = "; ".join(f"{name}: {costs[name].mean:,.0f} {currency}, OTIF {label.text(otif[name])}" for name in names)
    return Chart(figure=figure, description=f"Cost and OTIF of each way. {said}.")


def _draw_levels(axes: Axes, levels: Sequence[float], estimates: Sequence[Estimate], factor: float) -> None:
    own = tone(0)
    axes.errorbar(
        levels,
        [factor * one.mean for one in estimates],
        yerr=[factor * half_width_shown(one.half_width) for one in estimates],
        fmt=f"{own.marker}{own.line}",
        color=own.color,
        capsize=4,
    )


def _mark_chosen(axes: Axes, level: float, value: float, *, is_first: bool) -> None:
    axes.plot([level], [value], "o", markersize=13, markerfacecolor="none", markeredgecolor="black", label="chosen")
    # beside the curve, which rises; the first level has the axis to its left
    place, side, height = ((12.0, -6.0), "left", "top") if is_first else ((-12.0, 6.0), "right", "bottom")
    axes.annotate(
        f"chosen: {level:g}", (level, value), place, textcoords="offset points", ha=side, va=height, fontsize=8
    )


def _write_target(axes: Axes, goal: float) -> None:
    axes.annotate(
        f"target {goal:g}",
        (0.99, goal),
        (0, 3),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        ha="right",
        va="bottom",
        fontsize=8,
    )
