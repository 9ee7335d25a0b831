"""Figures of the reviews, on the same paper as those of the simulations."""

from collections.abc import Sequence

from matplotlib.axes import Axes

from cms.charts.quality_review import QualityReview, Share
from cms.charts.schedule_review import FULL, ScheduleReview
from cms.domain.schedule import ResourceDay
from simulations.figures.canvas import LIMIT_COLOR, Chart, drawing, on_axis, put_legend, tone, use_dates, wrapped

_MOST_REASONS = 12


def chart_held_back_rows(review: QualityReview) -> Chart:
    """The share of each source's rows that was held back, with its interval, and why rows wait."""
    shares, reasons = review.shares(), review.reasons()[:_MOST_REASONS]
    height = 2.2 + 0.45 * len(shares) + 0.42 * max(1, len(reasons))
    ratios = [1 + len(shares), 1 + max(1, len(reasons))]
    with drawing(2, 1, height_inches=height, height_ratios=ratios) as (figure, (above, below)):
        _draw_shares(above, shares)
        names = [f"{source}: {expectation}" for source, expectation, _ in reasons]
        own = tone(0)
        bars = below.barh(range(len(names)), [count for *_, count in reasons], color=own.color, height=0.6)
        below.bar_label(bars, padding=4, fontsize=8)
        below.set_yticks(range(len(names)), [wrapped(name, 46) for name in names])
        below.set_ylim(max(1, len(names)) - 0.5, -0.5)
        below.margins(x=0.1)
        below.grid(visible=False, axis="y")
        below.set(title="Waiting in quarantine", xlabel="rows")
    said = "; ".join(f"{one.source}: {one}" for one in shares)
    return Chart(figure=figure, description=f"Rows held back by source. {said}. {len(review.waiting):,} rows wait.")


def chart_daily_load(review: ScheduleReview, *, days: int = 21) -> Chart:
    """Planned hours of each resource and day against its regular hours and overtime.

    Parameters
    ----------
    days : int
        How far ahead.
    """
    found = review.days_of(days=days)
    height = 1.0 + 1.4 * len(found)
    with drawing(max(1, len(found)), 1, height_inches=height, sharex=True, squeeze=False) as (figure, grid):
        for axes, (resource, own) in zip(grid[:, 0], found.items(), strict=False):
            _draw_days(axes, own)
            axes.set(title=resource, ylabel="hours a day")
        use_dates(grid[-1, 0])
        grid[-1, 0].set_xlabel(f"day, from {review.schedule.as_of}")
        put_legend(figure, grid[0, 0], columns=4)
    usage = review.utilization_of(days=days)
    said = "; ".join(f"{resource}: {100 * share:.0f} % of regular hours" for resource, share in usage.items())
    return Chart(figure=figure, description=f"Planned load of the next {days} days. {said}.")


def _draw_shares(axes: Axes, shares: Sequence[Share]) -> None:
    own = tone(0)
    middles = [100 * one.share for one in shares]
    ends = [[100 * (one.share - one.low) for one in shares], [100 * (one.high - one.share) for one in shares]]
    axes.errorbar(middles, range(len(shares)), xerr=ends, fmt=own.marker, color=own.color, capsize=4)
    for place, one in enumerate(shares):
        text = f"{100 * one.share:.2f} %, {one.held_back:,} of {one.rows:,}"
        axes.annotate(text, (100 * one.high, place), (6, 0), textcoords="offset points", va="center", fontsize=8)
    axes.set_yticks(range(len(shares)), [wrapped(one.source) for one in shares])
    axes.set_ylim(max(1, len(shares)) - 0.5, -0.5)
    axes.margins(x=0.3)
    axes.set_xlim(left=0)
    axes.grid(visible=False, axis="y")
    axes.set(title="Held back", xlabel="share of the rows that came, %, with its 95 % confidence interval")


def _draw_days(axes: Axes, days: Sequence[ResourceDay]) -> None:
    places = on_axis(day.bucket_date for day in days)
    regular = [day.regular_hours for day in days]
    with_overtime = [day.regular_hours + day.available_overtime_hours for day in days]
    axes.bar(places, [day.load_hours for day in days], width=0.8, color=tone(2).color, label="planned")
    axes.step(places, regular, where="mid", color=tone(0).color, label="regular hours")
    axes.step(
        places, with_overtime, where="mid", color=LIMIT_COLOR, linestyle="--", linewidth=1.1, label="with overtime"
    )
    axes.step(
        places,
        [FULL * one for one in regular],
        where="mid",
        color=LIMIT_COLOR,
        linestyle=":",
        linewidth=1.1,
        label="95 %",
    )
    axes.set_ylim(bottom=0)
