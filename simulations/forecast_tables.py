"""What forecasts say, as sentences and tables of text: for the terminal and for the report."""

from collections.abc import Sequence

from simulations.forecast import CapacityWeek, DemandForecast, FamilyForecast
from simulations.tables import Table, figure_text


def forecast_answer(forecast: DemandForecast) -> str:
    """How many orders a week are expected, and for which families the statistical method earned its keep."""
    ahead = len(forecast.families[0].best.weeks)
    orders = sum(week.mean for family in forecast.families for week in family.best.weeks) / ahead
    better = [family.product_family for family in forecast.families if family.best is family.smoothing]
    said = (
        f"It beats the seasonal naive baseline on the past for {', '.join(better)}"
        if better
        else ("It never beats the seasonal naive baseline on the past, which is used instead")
    )
    return (
        f"{figure_text(orders)} orders a week are expected in the next {ahead} weeks. "
        f"Exponential smoothing was tried: {said[0].lower()}{said[1:]}."
    )


def backtest_table(forecast: DemandForecast) -> Table:
    """How both methods did on the past, by family: the one that is used errs less."""
    columns = (
        "family",
        "method",
        "mean error, orders a week",
        "error, %",
        "in interval, %",
        "origins",
        "used",
    )
    rows = tuple(
        (
            family.product_family,
            one.method,
            figure_text(one.backtest.mean_absolute_error),
            figure_text(100 * one.backtest.error_share),
            figure_text(100 * one.backtest.coverage),
            str(one.backtest.origins),
            "yes" if one is family.best else "no",
        )
        for family in forecast.families
        for one in (family.smoothing, family.naive)
    )
    title = (
        f"Both methods on the past (season of {forecast.season_weeks} weeks; {forecast.level:.0%} should lie inside)"
    )
    return Table(title=title, columns=columns, rows=rows)


def forecast_tables(forecast: DemandForecast) -> list[Table]:
    """The coming weeks of each family: the used method with its interval, and the naive baseline beside it."""
    return [_family_table(family, forecast.level) for family in forecast.families]


def _family_table(family: FamilyForecast, level: float) -> Table:
    columns = ("week of", "orders", "low", "high", "level", "naive", "naive low", "naive high")
    rows = tuple(
        (
            str(week.monday),
            *(figure_text(value) for value in (week.mean, week.low, week.high)),
            f"{level:.0%}",
            *(figure_text(value) for value in (naive.mean, naive.low, naive.high)),
        )
        for week, naive in zip(family.best.weeks, family.naive.weeks, strict=True)
    )
    return Table(title=f"{family.product_family}: {family.best.method}", columns=columns, rows=rows)


def hours_table(hours: Sequence[CapacityWeek]) -> Table:
    """The hours that the forecast orders need of each resource, in the week in which they arrive."""
    columns = ("resource", "week of", "hours needed", "low", "high", "regular hours", "overtime hours", "may be short")
    rows = tuple(
        (
            str(one.resource_id),
            str(one.monday),
            *(
                figure_text(value)
                for value in (one.needed_hours, one.low_hours, one.high_hours, one.regular_hours, one.overtime_hours)
            ),
            "yes" if one.is_short else "no",
        )
        for one in hours
    )
    return Table(title="Hours of the forecast orders", columns=columns, rows=rows)
