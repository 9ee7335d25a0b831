"""Means with their intervals, side by side: the drawing that most figures share."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

from simulations.figures.canvas import half_width_shown, tone, wrapped
from simulations.statistics import Estimate

_SPREAD = 0.56
"""How much of the room between two rows the series of a row take."""


def draw_rows(
    axes: Axes,
    rows: Sequence[str],
    series: Mapping[str, Sequence[Estimate]],
    *,
    factor: float = 1.0,
    digits: int = 1,
) -> None:
    """A row for each name, a marker with its interval for each series; the figures stand beside the markers.

    Parameters
    ----------
    series : mapping of str to sequence of Estimate
        By name of the series, an estimate for each row.
    factor : float
        From the estimate to the unit of the axis.
    """
    step = _SPREAD / max(1, len(series))
    for number, (name, estimates) in enumerate(series.items()):
        own = tone(number)
        places = [row + (number - (len(series) - 1) / 2) * step for row in range(len(rows))]
        axes.errorbar(
            [factor * one.mean for one in estimates],
            places,
            xerr=[factor * half_width_shown(one.half_width) for one in estimates],
            fmt=own.marker,
            color=own.color,
            markersize=6,
            capsize=4,
            elinewidth=1.6,
            label=name,
        )
        for place, one in zip(places, estimates, strict=True):
            _write_value(axes, factor * (one.mean + half_width_shown(one.half_width)), place, factor * one.mean, digits)
    axes.set_yticks(range(len(rows)), [wrapped(row) for row in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.grid(visible=False, axis="y")
    axes.margins(x=0.16)


def _write_value(axes: Axes, right: float, place: float, value: float, digits: int) -> None:
    axes.annotate(
        f"{value:,.{digits}f}",
        xy=(right, place),
        xytext=(6, 0),
        textcoords="offset points",
        va="center",
        fontsize=8,
    )
