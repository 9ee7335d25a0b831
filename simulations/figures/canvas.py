"""What figures are drawn on: size, type, tones that stay apart in grey, and the ways to hand a figure over."""

import io
import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from html import escape
from textwrap import fill
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib import dates as mpl_dates
from matplotlib.axes import Axes
from matplotlib.figure import Figure

WIDTH_INCHES = 7.2
_STYLE: Any = {
    "font.family": ["DejaVu Sans", "sans-serif"],
    "font.size": 9.0,
    "axes.titlesize": 10.0,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "svg.fonttype": "none",  # letters stay letters: readable by machines, and a third of the size
    "svg.hashsalt": "cms",  # the same figure is the same file
}


class Tone(NamedTuple):
    """How one series is drawn: apart from the others in lightness, marker, line and hatch."""

    color: str
    marker: str
    line: str
    hatch: str


TONES = (
    Tone("#0b3954", "o", "-", ""),
    Tone("#c8553d", "s", "--", "///"),
    Tone("#5fa8d3", "^", "-.", "..."),
    Tone("#e3b23c", "D", ":", "xxx"),
)
LIMIT_COLOR = "#333333"
"""Of lines that are a rule, not a result: a target, 95 %, zero, the end of the warm-up."""


def tone(number: int) -> Tone:
    """The tone of a series by its place; more than four series begin again."""
    return TONES[number % len(TONES)]


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A figure, with the sentence that says the same to whoever cannot see it.

    A notebook shows it when it is the last value of a cell; a page takes `html()`.
    """

    figure: Figure
    description: str

    def svg(self) -> str:
        """The figure as an SVG element, without XML declaration; the same figure gives the same text."""
        text = io.StringIO()
        with mpl.rc_context(_STYLE):
            self.figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
        return text.getvalue()[text.getvalue().index("<svg") :]

    def png(self, *, dots_per_inch: int = 150) -> bytes:
        """The figure as a PNG image."""
        image = io.BytesIO()
        with mpl.rc_context(_STYLE):
            self.figure.savefig(image, format="png", dpi=dots_per_inch)
        return image.getvalue()

    def html(self) -> str:
        """An element that a page can hold without anything else; a narrow screen scrolls it rather than shrink it."""
        drawing = self.svg().replace("<svg ", '<svg style="max-width:100%;min-width:34rem;height:auto" ', 1)
        label = escape(self.description, quote=True)
        frame = f'<figure role="img" aria-label="{label}" style="margin:1em 0;overflow-x:auto">'
        return f"{frame}{drawing}</figure>"

    def _repr_html_(self) -> str:
        return self.html()


@contextmanager
def drawing(rows: int = 1, columns: int = 1, *, height_inches: float, **options: Any) -> Iterator[tuple[Figure, Any]]:
    """A figure and its axes (one, or an array of them) in our style.

    Parameters
    ----------
    options : Any
        For ``Figure.subplots``.
    """
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(WIDTH_INCHES, height_inches), layout="constrained")
        yield figure, figure.subplots(rows, columns, **options)


def half_width_shown(half_width: float) -> float:
    """Half the length of an interval's bar; after a single replication there is none to draw."""
    return half_width if math.isfinite(half_width) else 0.0


def wrapped(name: str, width: int = 24) -> str:
    """A name on as many lines as it needs."""
    return fill(name, width)


def draw_band(
    axes: Axes,
    places: Any,
    mean: npt.NDArray[np.float64],
    half_width: npt.NDArray[np.float64],
    *,
    label: str,
    number: int,
    floor: float = 0.0,
) -> None:
    """A line with the band of its interval; a stock or a number of hours is not below 0."""
    own = tone(number)
    half = np.where(np.isfinite(half_width), half_width, 0.0)
    axes.fill_between(places, np.maximum(mean - half, floor), mean + half, color=own.color, alpha=0.22, linewidth=0)
    axes.plot(places, mean, color=own.color, linestyle=own.line, label=label)


def use_dates(axes: Axes) -> None:
    """A time axis with as few words as it needs."""
    locator = mpl_dates.AutoDateLocator(minticks=3, maxticks=9)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(mpl_dates.ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]


def on_axis(days: Iterable[date]) -> npt.NDArray[np.float64]:
    """Days as places on a time axis."""
    return np.array([mpl_dates.date2num(day) for day in days], dtype=np.float64)  # type: ignore[no-untyped-call]


def put_legend(figure: Figure, axes: Axes, *, columns: int = 3) -> None:
    """One legend above everything, where there is more than one thing to tell apart."""
    handles, labels = axes.get_legend_handles_labels()
    if len(labels) > 1:
        figure.legend(handles, labels, loc="outside upper left", ncols=min(columns, len(labels)))


def confidence_note(axes: Axes, level: float, replications: Sequence[int]) -> None:
    """What the bars and bands mean, under the figure."""
    fewest, most = min(replications), max(replications)
    count = f"{fewest}" if fewest == most else f"{fewest} to {most}"
    if fewest < 2:
        note = "one replication: no confidence interval"
    else:
        note = f"mean of {count} replications with its {100 * level:g} % confidence interval"
    axes.annotate(
        note,
        xy=(1, 0),
        xycoords="axes fraction",
        xytext=(0, -34),
        textcoords="offset points",
        ha="right",
        va="top",
        fontsize=7.5,
        color="#555555",
    )
