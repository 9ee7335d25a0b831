"""Figures of service: OTIF, tardiness, what one scenario does better than another, and what history says to it."""

from collections import Counter
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

from simulations.figures.canvas import LIMIT_COLOR, Chart, confidence_note, drawing, half_width_shown, put_legend, tone
from simulations.figures.intervals import draw_rows
from simulations.figures.labels import label_of
from simulations.statistics import Estimate, estimate
from simulations.study import Comparison, Study
from simulations.validation import LatenessValidation

DAYS_LATE = ((0, 0), (1, 1), (2, 2), (3, 5), (6, 10), (11, None))
"""The classes of tardiness that are shown: from and to, in days."""
DAYS_LATE_LONG = ((0, 0), (1, 7), (8, 14), (15, 30), (31, None))
"""The same for deliveries that are weeks under way."""
_Range = tuple[int, int | None]


def otif_by_scenario(otif: Mapping[str, Estimate], *, target: float | None = None) -> Chart:
    """On time in full by scenario, with its interval.

    Parameters
    ----------
    otif : mapping of str to Estimate
        Shares (0 to 1) by name of the scenario.
    target : float, optional
        Share to reach; drawn as a line.
    """
    label = label_of("otif")
    with drawing(height_inches=1.5 + 0.5 * len(otif)) as (figure, axes):
        draw_rows(axes, list(otif), {label.title: list(otif.values())}, factor=label.factor)
        if target is not None:
            axes.axvline(100 * target, color=LIMIT_COLOR, linestyle="--", linewidth=1.2, label="target")
            axes.annotate(f"target {100 * target:g} % ", xy=(100 * target, -0.48), ha="right", va="top", fontsize=8)
        axes.set(title="On time in full", xlabel=label.axis)
        confidence_note(axes, *_confidence(list(otif.values())))
    said = "; ".join(f"{name}: {label.text(one)}" for name, one in otif.items())
    return Chart(figure=figure, description=f"On time in full by scenario. {said}.")


def tardiness_distribution(studies: Mapping[str, Study]) -> Chart:
    """Share of the orders by days late, with its interval, beside each other for several studies."""
    shares = {
        name: _shares([dict(one.tardiness) for one in study.results], DAYS_LATE, study)
        for name, study in studies.items()
    }
    names = [_range_name(one, zero="on time") for one in DAYS_LATE]
    with drawing(height_inches=3.2) as (figure, axes):
        _draw_columns(axes, names, shares)
        axes.set(title="Tardiness", xlabel="days past due", ylabel="share of orders, %")
        put_legend(figure, axes)
        confidence_note(axes, *_confidence([one for group in shares.values() for one in group]))
    said = "; ".join(f"{name}: {100 * (1 - group[0].mean):.1f} % of orders late" for name, group in shares.items())
    return Chart(figure=figure, description=f"Tardiness distribution. {said}.")


def paired_differences(comparison: Comparison, measures: Sequence[str]) -> Chart:
    """By how much the second scenario exceeds the first, for each measure in its own unit, around a line at zero."""
    first, second = comparison.first.scenario.name, comparison.second.scenario.name
    with drawing(len(measures), 1, height_inches=0.9 + 0.95 * len(measures), squeeze=False) as (figure, grid):
        for axes, measure in zip(grid[:, 0], measures, strict=True):
            label, found = label_of(measure), comparison.differences[measure]
            draw_rows(axes, [label.title], {second: [found]}, factor=label.factor, digits=2)
            axes.axvline(0, color=LIMIT_COLOR, linewidth=1.2)
            axes.set_xlabel(f"{label.unit}{_better_side(label.more_is_better)}")
        figure.suptitle(f"{second} minus {first}", x=0.01, ha="left", fontsize=10, fontweight="bold")
        confidence_note(grid[-1, 0], *_confidence([comparison.differences[measure] for measure in measures]))
    said = "; ".join(f"{label_of(one).title}: {label_of(one).text(comparison.differences[one])}" for one in measures)
    return Chart(figure=figure, description=f"Paired differences, {second} minus {first}. {said}.")


def simulated_against_actual_lateness(validation: LatenessValidation) -> Chart:
    """Share of the orders by days late, as it was and as the model has it, each with its interval.

    The interval of what happened takes the orders of the history as a sample of all that could have been.
    """
    study, level = validation.study, validation.study.scenario.run.confidence
    orders = list(Counter(validation.actual).elements())
    actual = [estimate([float(_is_within(late, bounds)) for late in orders], level) for bounds in DAYS_LATE_LONG]
    simulated = _shares([dict(one.tardiness) for one in study.results], DAYS_LATE_LONG, study)
    with drawing(height_inches=3.2) as (figure, axes):
        names = [_range_name(one, zero="on time") for one in DAYS_LATE_LONG]
        _draw_columns(axes, names, {"actual": actual, "simulated": simulated})
        axes.set(title="Actual and simulated lateness", xlabel="days past due", ylabel="share of orders, %")
        put_legend(figure, axes)
        confidence_note(axes, *_confidence(simulated))
    late = validation.measure("late_share")
    return Chart(
        figure=figure,
        description=f"Actual and simulated lateness. Late in fact: {_percent(late.actual)} of {validation.orders:,} "
        f"orders; simulated: {_percent(late.simulated)}.",
    )


def _percent(share: Estimate) -> str:
    return f"{100 * share.mean:.1f} ± {100 * share.half_width:.1f} %"


def _confidence(estimates: Sequence[Estimate]) -> tuple[float, list[int]]:
    return estimates[0].level, [one.replications for one in estimates]


def _shares(counts: Sequence[Mapping[int, int]], ranges: Sequence[_Range], study: Study) -> list[Estimate]:
    return [
        estimate([_share_within(one, bounds) for one in counts], study.scenario.run.confidence) for bounds in ranges
    ]


def _share_within(counts: Mapping[int, int], bounds: _Range) -> float:
    total = sum(counts.values())
    return sum(count for days, count in counts.items() if _is_within(days, bounds)) / total if total else 0.0


def _is_within(days: int, bounds: _Range) -> bool:
    low, high = bounds
    return days >= low and (high is None or days <= high)


def _range_name(bounds: _Range, *, zero: str) -> str:
    low, high = bounds
    if high is None:
        return f"≥ {low}"
    if low == high:
        return zero if low == 0 else f"{low}"
    return f"{low} to {high}"


def _draw_columns(axes: Axes, names: Sequence[str], series: Mapping[str, Sequence[Estimate]]) -> None:
    width = 0.8 / len(series)
    for number, (name, estimates) in enumerate(series.items()):
        own = tone(number)
        axes.bar(
            [place + (number - (len(series) - 1) / 2) * width for place in range(len(names))],
            [100 * one.mean for one in estimates],
            width=width,
            yerr=[100 * half_width_shown(one.half_width) for one in estimates],
            capsize=3,
            color=own.color,
            edgecolor="white",
            hatch=own.hatch,
            label=name,
        )
    axes.set_xticks(range(len(names)), names)
    axes.set_ylim(bottom=0)
    axes.grid(visible=False, axis="x")


def _better_side(more_is_better: bool | None) -> str:  # noqa: FBT001 - a tri-state, not a switch
    if more_is_better is None:
        return ""
    return "  (right of the line is better)" if more_is_better else "  (left of the line is better)"
