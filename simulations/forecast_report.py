"""The forecast as a report: an HTML file with its figures and tables that opens without a network."""

from collections.abc import Sequence

from simulations import figures
from simulations.forecast import CapacityWeek, DemandForecast
from simulations.forecast_tables import backtest_table, forecast_answer, forecast_tables, hours_table
from simulations.report import render_page


def forecast_report(forecast: DemandForecast, hours: Sequence[CapacityWeek], *, history: str) -> str:
    """A forecast as an HTML page.

    Parameters
    ----------
    history : str
        Where the orders come from.
    """
    first, last = forecast.families[0].history[0][0], forecast.families[0].history[-1][0]
    drawn = [figures.demand_forecast(forecast, family.product_family) for family in forecast.families]
    return render_page(
        title="Demand forecast",
        question="How many orders of each product family come in the next weeks, and how surely?",
        answer=forecast_answer(forecast),
        cards=[],
        charts=[*drawn, figures.capacity_weeks(hours, level=forecast.level)],
        tables_title="Results",
        tables=[backtest_table(forecast), *forecast_tables(forecast), hours_table(hours)],
        facts=[("Orders", f"{history}, weeks of {first} to {last}"), ("Confidence", f"{forecast.level:.0%}")],
        note=(
            "An interval says where a single week will lie with the confidence that is named, if the future is like "
            "the past. The baseline repeats the last season; a method that does not beat it on the past is not used."
        ),
    )
