"""What studies say, as tables of text: for the terminal and for the report, in the same words and digits."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from simulations.figures.labels import MeasureLabel, label_of
from simulations.measure_groups import grouped_measures
from simulations.sensitivity import GridPoint
from simulations.sizing import Sizing
from simulations.statistics import Estimate
from simulations.study import Comparison, Study

NO_INTERVAL = "-"
"""Stands for the half-width after a single replication, which says nothing about chance."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A heading, columns, and rows of text; the first column is words, the others are figures."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def figure_text(value: float, *, like: float | None = None) -> str:
    """A figure with the digits that mean something.

    Parameters
    ----------
    like : float, optional
        The figure that it belongs to, and whose digits it has: a half-width's mean.

    Examples
    --------
    >>> figure_text(12345.678), figure_text(95.26), figure_text(0.325), figure_text(math.inf)
    ('12,346', '95.3', '0.33', '-')
    """
    if not math.isfinite(value):
        return NO_INTERVAL
    size = abs(value if like is None else like)
    digits = 0 if size >= 1000 else 1 if size >= 10 else 2
    return f"{value:,.{digits}f}"


def interval_text(label: MeasureLabel, found: Estimate) -> str:
    """A mean with its half-width, without its unit; after a single replication there is none.

    Examples
    --------
    >>> interval_text(label_of("otif"), Estimate(mean=0.953, half_width=0.012, level=0.95, replications=10))
    '95.3 ± 1.2'
    >>> interval_text(label_of("otif"), Estimate(mean=0.953, half_width=math.inf, level=0.95, replications=1))
    '95.3'
    """
    mean = label.factor * found.mean
    half = f" ± {figure_text(label.factor * found.half_width, like=mean)}" if math.isfinite(found.half_width) else ""
    return f"{figure_text(mean)}{half}"


def study_tables(study: Study) -> list[Table]:
    """Every measure of a study: mean, half-width, ends of the interval, level, unit; a table for each heading."""
    level = f"{study.scenario.run.confidence:.0%}"
    columns = ("measure", "mean", "± half-width", "low", "high", "level", "unit")
    return [
        Table(title=heading, columns=columns, rows=tuple(_measure_row(study, name, level) for name in names))
        for heading, names in grouped_measures(study.measures).items()
    ]


def _measure_row(study: Study, measure: str, level: str) -> tuple[str, ...]:
    label, found = label_of(measure), study.estimate(measure)
    shown = (found.mean, found.half_width, found.low, found.high)
    return (label.title, *(figure_text(label.factor * value) for value in shown), level, label.unit)


def comparison_tables(comparison: Comparison) -> list[Table]:
    """Every measure of two studies, their paired difference with its interval, and what it means."""
    first, second = comparison.first.scenario.name, comparison.second.scenario.name
    level = f"{comparison.first.scenario.run.confidence:.0%}"
    columns = ("measure", first, second, "difference", "± half-width", "level", "unit", "meaning")
    return [
        Table(title=heading, columns=columns, rows=tuple(_difference_row(comparison, name, level) for name in names))
        for heading, names in grouped_measures(comparison.differences).items()
    ]


def _difference_row(comparison: Comparison, measure: str, level: str) -> tuple[str, ...]:
    label, found = label_of(measure), comparison.differences[measure]
    means = (comparison.first.estimate(measure).mean, comparison.second.estimate(measure).mean)
    shown = (*means, found.mean, found.half_width)
    figures = (figure_text(label.factor * value) for value in shown)
    return (label.title, *figures, level, label.unit, difference_meaning(label, found))


def difference_meaning(label: MeasureLabel, found: Estimate) -> str:
    """Whether the second is better or worse; ``no difference`` where the interval holds 0.

    Examples
    --------
    >>> difference_meaning(label_of("otif"), Estimate(mean=-0.02, half_width=0.01, level=0.95, replications=10))
    'worse'
    >>> difference_meaning(label_of("otif"), Estimate(mean=-0.02, half_width=0.03, level=0.95, replications=10))
    'no difference'
    """
    if found.mean == 0 == found.half_width:
        return "equal"
    if 0 in found:
        return "no difference"
    if label.more_is_better is None:
        return "more" if found.mean > 0 else "less"
    return "better" if (found.mean > 0) is label.more_is_better else "worse"


def sizing_table(sizing: Sizing) -> Table:
    """The levels that were tried, with the service and the overtime cost of each."""
    label, cost = label_of(sizing.target.measure), label_of("overtime_cost")
    columns = (sizing.lever.value, f"{label.title}, {label.unit}", f"{cost.title}, {cost.unit}", "level", "meets it")
    rows = tuple(
        (
            f"{step.level:g}",
            interval_text(label, step.service),
            interval_text(cost, step.overtime_cost),
            f"{step.service.level:.0%}",
            "yes" if step.is_met else "no",
        )
        for step in sizing.tried
    )
    return Table(title="Levels that were tried", columns=columns, rows=rows)


def grid_table(points: Sequence[GridPoint], measures: Sequence[str]) -> Table:
    """A row for each point of the grid: the values that were set, and the measures with their intervals."""
    keys = tuple(points[0].values)
    labels = [label_of(measure) for measure in measures]
    columns = (*keys, *(f"{label.title}, {label.unit}" for label in labels), "level", "replications")
    rows = tuple(_grid_row(point, measures, labels) for point in points)
    return Table(title="Points of the grid", columns=columns, rows=rows)


def _grid_row(point: GridPoint, measures: Sequence[str], labels: Iterable[MeasureLabel]) -> tuple[str, ...]:
    estimates = [point.study.estimate(measure) for measure in measures]
    figures = [interval_text(label, found) for label, found in zip(labels, estimates, strict=True)]
    level = f"{point.study.scenario.run.confidence:.0%}"
    return (*(str(value) for value in point.values.values()), *figures, level, str(len(point.study.results)))
