"""Figures over time: what is open, what is past due, and how the order desk comes through the peak."""

from collections.abc import Mapping
from datetime import date, timedelta

import numpy as np

from simulations.figures.canvas import Chart, confidence_note, draw_band, drawing, put_legend, use_dates
from simulations.study import Study

_SECONDS = ((1.0, "seconds"), (60.0, "minutes"), (3600.0, "hours"))


def backlog_over_time(studies: Mapping[str, Study]) -> Chart:
    """Open orders and orders past due at the end of each day, with the bands of their intervals; warm-up is grey."""
    with drawing(2, 1, height_inches=4.4, sharex=True) as (figure, (backlog, past_due)):
        for number, (name, study) in enumerate(studies.items()):
            for axes, series in ((backlog, "backlog"), (past_due, "past_due")):
                draw_band(axes, _dates(study), *study.daily(series), label=name, number=number)
        study = next(iter(studies.values()))
        for axes in (backlog, past_due):
            axes.set_ylim(bottom=0)
            if study.scenario.run.warm_up_days:
                first = study.model.period.start
                end = first + timedelta(days=study.scenario.run.warm_up_days)
                axes.axvspan(first, end, color="#eeeeee", zorder=0, label="warm-up")
        backlog.set(title="Backlog", ylabel="open orders")
        past_due.set(title="Past due", ylabel="open orders past due", xlabel="day")
        use_dates(past_due)
        put_legend(figure, backlog)
        confidence_note(past_due, study.scenario.run.confidence, [len(one.results) for one in studies.values()])
    return Chart(figure=figure, description=f"Backlog and past due over time. {_highest(studies)}")


def order_desk_at_peak(study: Study, *, days_around: int = 14) -> Chart:
    """The most order events that waited on a day, and the longest delay, around the day with most of them.

    Parameters
    ----------
    days_around : int
        How many days before and after are shown.
    """
    backlog, backlog_half = study.daily("desk_backlog")
    delay, delay_half = study.daily("desk_delay_seconds")
    days = _dates(study)
    warm_up = study.scenario.run.warm_up_days
    peak = warm_up + int(np.argmax(backlog[warm_up:]))
    shown = slice(max(0, peak - days_around), peak + days_around + 1)
    seconds, unit = _unit(float(delay[shown].max(initial=0.0)))
    with drawing(2, 1, height_inches=4.2, sharex=True) as (figure, (above, below)):
        draw_band(above, days[shown], backlog[shown], backlog_half[shown], label="waiting", number=0)
        draw_band(below, days[shown], delay[shown] / seconds, delay_half[shown] / seconds, label="delay", number=0)
        for axes, value in ((above, backlog[peak]), (below, delay[peak] / seconds)):
            axes.set_ylim(bottom=0)
            axes.annotate(
                f" {days[peak]}: {value:,.1f}" if axes is above else f" {value:,.1f} {unit}",
                xy=(days[peak], value),
                fontsize=8,
                va="bottom",
            )
            axes.plot([days[peak]], [value], "o", color="black", markersize=4)
        above.set(title="Order events waiting", ylabel="most events at once")
        below.set(title="Order-desk delay", ylabel=f"longest delay, {unit}", xlabel="day")
        use_dates(below)
        confidence_note(below, study.scenario.run.confidence, [len(study.results)])
    return Chart(
        figure=figure,
        description=f"Order desk around its peak on {days[peak]}: {backlog[peak]:,.1f} ± {backlog_half[peak]:,.1f} "
        f"events waiting at once, longest delay {delay[peak] / seconds:,.1f} ± {delay_half[peak] / seconds:,.1f} "
        f"{unit}.",
    )


def _dates(study: Study) -> list[date]:
    period = study.model.period
    return [period.start + timedelta(days=day) for day in range(period.days)]


def _unit(longest_seconds: float) -> tuple[float, str]:
    """The largest unit in which the longest delay is 2 or more."""
    return max((one for one in _SECONDS if longest_seconds >= 2 * one[0]), default=_SECONDS[0])


def _highest(studies: Mapping[str, Study]) -> str:
    lines = []
    for name, study in studies.items():
        backlog, past_due = study.estimate("max_backlog"), study.estimate("max_past_due")
        lines.append(f"{name}: at most {backlog.mean:,.0f} open and {past_due.mean:,.0f} past due")
    return "; ".join(lines) + "."
