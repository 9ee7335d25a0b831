"""Figures of the forecast: weekly demand with its interval beside the naive baseline, and the hours it will need."""

from collections.abc import Sequence

from matplotlib.axes import Axes

from cms.domain.errors import NotFoundError
from simulations.figures.canvas import LIMIT_COLOR, Chart, drawing, on_axis, put_legend, tone, use_dates
from simulations.forecast import CapacityWeek, DemandForecast, FamilyForecast, MethodForecast


def demand_forecast(forecast: DemandForecast, product_family: str, *, weeks_before: int = 52) -> Chart:
    """Orders a week of a family: the last weeks, the forecast with its interval, and the seasonal naive baseline.

    Parameters
    ----------
    weeks_before : int
        How much of the history is shown.

    Raises
    ------
    NotFoundError
        The forecast has no such family.
    """
    family = _family(forecast, product_family)
    with drawing(height_inches=3.4) as (figure, axes):
        past = family.history[-weeks_before:]
        mondays, placed = on_axis(monday for monday, _ in past), [count for _, count in past]
        axes.plot(mondays, placed, color="#777777", label="orders placed")
        for number, method in enumerate((family.smoothing, family.naive)):
            _draw_method(axes, method, number, forecast.level)
        axes.set_ylim(bottom=0)
        axes.set(title=f"Demand for {product_family}", xlabel="week", ylabel="orders a week")
        use_dates(axes)
        put_legend(figure, axes, columns=3)
    return Chart(figure=figure, description=f"Weekly demand for {product_family}. {_said(family, forecast.level)}")


def capacity_weeks(weeks: Sequence[CapacityWeek], *, level: float) -> Chart:
    """Hours that the forecast orders of each week need, with their interval, against what each resource has.

    Parameters
    ----------
    level : float
        Confidence of the intervals, that of the forecast.
    """
    resources = sorted({week.resource_id for week in weeks})
    height = 1.0 + 1.5 * len(resources)
    with drawing(len(resources), 1, height_inches=height, sharex=True, squeeze=False) as (figure, grid):
        for axes, resource in zip(grid[:, 0], resources, strict=True):
            _draw_needs(axes, [week for week in weeks if week.resource_id == resource], level)
            axes.set(title=resource, ylabel="hours a week")
        grid[-1, 0].set_xlabel("week in which the orders arrive")
        use_dates(grid[-1, 0])
        put_legend(figure, grid[0, 0], columns=2)
    short = [f"{week.resource_id} in the week of {week.monday}" for week in weeks if week.is_short]
    said = f"May be short: {', '.join(short)}." if short else "No week exceeds regular and overtime hours."
    return Chart(figure=figure, description=f"Hours needed by the forecast against capacity. {said}")


def _draw_method(axes: Axes, method: MethodForecast, number: int, level: float) -> None:
    own = tone(number)
    mondays = on_axis(week.monday for week in method.weeks)
    low, high = [week.low for week in method.weeks], [week.high for week in method.weeks]
    if number == 0:
        axes.fill_between(mondays, low, high, color=own.color, alpha=0.18, linewidth=0)
    for edge in (low, high):
        axes.plot(mondays, edge, color=own.color, linestyle=own.line, linewidth=0.7)
    label = f"{method.method} ({100 * level:g} % interval)"
    means = [week.mean for week in method.weeks]
    axes.plot(mondays, means, color=own.color, linestyle=own.line, marker=own.marker, markersize=3.5, label=label)


def _draw_needs(axes: Axes, weeks: Sequence[CapacityWeek], level: float) -> None:
    mondays = on_axis(week.monday for week in weeks)
    needed = [week.needed_hours for week in weeks]
    ends = [[w.needed_hours - w.low_hours for w in weeks], [w.high_hours - w.needed_hours for w in weeks]]
    axes.bar(
        mondays,
        needed,
        width=5.6,
        yerr=ends,
        capsize=2,
        color=tone(2).color,
        error_kw={"ecolor": tone(0).color},
        label=f"needed ({100 * level:g} % interval)",
    )
    regular = [week.regular_hours for week in weeks]
    with_overtime = [week.regular_hours + week.overtime_hours for week in weeks]
    axes.step(mondays, regular, where="mid", color=tone(0).color, label="regular hours")
    axes.step(mondays, with_overtime, where="mid", color=LIMIT_COLOR, linestyle="--", label="with overtime")
    axes.set_ylim(bottom=0)


def _family(forecast: DemandForecast, product_family: str) -> FamilyForecast:
    for family in forecast.families:
        if family.product_family == product_family:
            return family
    known = ", ".join(family.product_family for family in forecast.families)
    raise NotFoundError("product family", product_family, f"the forecast has {known}")


def _said(family: FamilyForecast, level: float) -> str:
    return "; ".join(_said_of(method, level) for method in (family.smoothing, family.naive)) + "."


def _said_of(method: MethodForecast, level: float) -> str:
    week, error = method.weeks[0], 100 * method.backtest.error_share
    interval = f"{week.low:,.1f} to {week.high:,.1f} at {100 * level:g} %"
    return f"{method.method}: {week.mean:,.1f} orders in the first week ({interval}), back-test error {error:.0f} %"
