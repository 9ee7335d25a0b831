"""An answer to a planner's question in words that are computed from the results, with the figures that it rests on."""

from dataclasses import dataclass, field

from simulations.statistics import Estimate


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
