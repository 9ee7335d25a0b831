"""Answers in words, computed from the results: of a study in a sentence or two, of a planner's question in full."""

from dataclasses import dataclass, field

from simulations.figures.labels import label_of
from simulations.sizing import Sizing
from simulations.statistics import Estimate
from simulations.study import Comparison, Study
from simulations.tables import difference_meaning, figure_text, interval_text


@dataclass(frozen=True, kw_only=True, slots=True)
class Conclusion:
    """What the results say, what to do about it, and the figures behind it; a notebook shows it as Markdown.

    Parameters
    ----------
    verdict : str
        The answer in a word or two, for programs: ``agrees``, ``add capacity``.
    facts : tuple of (name, figure)
        Each figure with its unit and, where it is an estimate, its interval.
    caution : str
        What the reader has to know before acting on it.
    """

    verdict: str
    answer: str
    recommendation: str
    facts: tuple[tuple[str, str], ...] = field(default=())
    caution: str = ""

    def markdown(self) -> str:
        """The conclusion as Markdown: answer and recommendation, then the figures as a table."""
        lines = [f"> **Answer.** {self.answer}", ">", f"> **Recommendation.** {self.recommendation}"]
        if self.caution:
            lines += [">", f"> **Mind.** {self.caution}"]
        if self.facts:
            lines += ["", "| figure | value |", "|---|---|"]
            lines += [f"| {_cell(name)} | {_cell(figure)} |" for name, figure in self.facts]
        return "\n".join(lines)

    def _repr_markdown_(self) -> str:
        return self.markdown()


def percent(share: Estimate) -> str:
    """A share in percent, with its interval.

    Examples
    --------
    >>> percent(Estimate(mean=0.953, half_width=0.012, level=0.95, replications=10))
    '95.3 ± 1.2 %'
    """
    return f"{100 * share.mean:.1f} ± {100 * share.half_width:.1f} %"


def points(difference: Estimate) -> str:
    """A difference of shares in percentage points, signed, with its interval.

    Examples
    --------
    >>> points(Estimate(mean=-0.02, half_width=0.004, level=0.95, replications=10))
    '-2.0 ± 0.4 points'
    """
    return f"{100 * difference.mean:+.1f} ± {100 * difference.half_width:.1f} points"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def study_answer(study: Study) -> str:
    """How the plant served its customers in a scenario, and what it took."""
    otif, overtime = study.estimate("otif"), study.estimate("overtime_hours")
    fullest = max(
        (name for name in study.measures if name.startswith("utilization[")),
        key=lambda name: (study.estimate(name).mean, name),
    )
    use = label_of(fullest)
    return (
        f"{interval_text(label_of('otif'), otif)} % of the orders are delivered on time in full, with "
        f"{interval_text(label_of('overtime_hours'), overtime)} hours of overtime. The fullest resource is "
        f"{fullest.removeprefix('utilization[').rstrip(']')} with {interval_text(use, study.estimate(fullest))} % "
        f"of its regular hours. {_certainty(study)}"
    )


def _certainty(study: Study) -> str:
    count, level = len(study.results), study.scenario.run.confidence
    if count == 1:
        return "One replication says nothing about chance: run more for intervals."
    return f"Intervals are at {level:.0%} confidence, from {count} replications."


def comparison_answer(comparison: Comparison) -> str:
    """What the second scenario changes for customers and for overtime."""
    first, second = comparison.first.scenario.name, comparison.second.scenario.name
    said = "; ".join(_said(comparison, measure, words) for measure, words in _ASKED)
    return f"{second} against {first}: {said}. {_certainty(comparison.first)}"


_ASKED = (
    ("otif", "points of OTIF"),
    ("mean_tardiness_days", "days of mean tardiness"),
    ("overtime_hours", "hours of overtime"),
)


def _said(comparison: Comparison, measure: str, words: str) -> str:
    label, found = label_of(measure), comparison.differences[measure]
    sign = "+" if found.mean > 0 else ""
    return f"{sign}{interval_text(label, found)} {words} ({difference_meaning(label, found)})"


def sizing_answer(sizing: Sizing) -> str:
    """The smallest level that meets the target, or that none does."""
    target, label = sizing.target, label_of(sizing.target.measure)
    goal = f"{label.title} of at least {figure_text(label.factor * target.at_least)} {label.unit}"
    where = "all resources" if sizing.resource == "*" else sizing.resource
    if sizing.chosen is None:
        most = max(step.level for step in sizing.tried)
        levels = f"No level of {sizing.lever.value} up to {most:g} on {where}"
        return f"{levels} gives {goal} with {target.confidence:.0%} confidence."
    unit = "times the regular hours" if sizing.lever.value == "capacity" else "hours of overtime a working day"
    return (
        f"{sizing.chosen.level:g} {unit} on {where} is the smallest level tried that gives {goal} "
        f"with {target.confidence:.0%} confidence: {interval_text(label, sizing.chosen.service)}."
    )
