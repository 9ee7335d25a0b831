"""`cms forecast`: the orders of coming weeks by product family, with intervals, and how good such forecasts were."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cms.cli.history_options import CUSTOMERS, HISTORY, MAPPING, PLANT, choice_of
from cms.cli.output import AS_JSON, print_json, print_text_table
from cms.cli.progress import shown_progress

if TYPE_CHECKING:
    from simulations import CapacityWeek, DemandForecast


def forecast(
    weeks: int = typer.Option(13, "--weeks", "-w", min=1, max=104, help="How many weeks ahead."),
    level: float = typer.Option(0.9, "--level", help="Confidence of the intervals, between 0 and 1."),
    origins: int = typer.Option(6, "--origins", min=1, help="From how many past weeks the methods are tried."),
    family: str | None = typer.Option(None, "--family", "-f", help="Only this product family."),
    history: Path | None = HISTORY,
    plant: Path | None = PLANT,
    mapping: Path | None = MAPPING,
    customers: Path | None = CUSTOMERS,
    output: Path | None = typer.Option(None, "--output", "-o", metavar="FOLDER", help="Write a report of figures too."),
    as_json: bool = AS_JSON,
) -> None:
    """Forecast weekly orders by product family, beside a seasonal naive baseline, both tried on the past.

    Each family takes the method that erred less. The hours that the orders need stand beside those of the plant.

    Example: cms forecast --weeks 8 --output var/forecast
    """
    from simulations.forecast import forecast_capacity, forecast_demand, of_family

    with shown_progress(quiet=as_json) as progress:
        read = choice_of(history, plant, mapping, customers).read()
        progress("forecasting", 0, None)
        everything = forecast_demand(read, weeks=weeks, level=level, origins=origins)
        shown = everything if family is None else of_family(everything, family)
        hours = forecast_capacity(everything, read)
    page = _draw(shown, hours, output, name=read.name)
    if as_json:
        print_json({"history": read.name, "forecast": shown, "hours": hours, "report": page})
        return
    _print(shown, hours)
    if page:
        typer.echo(f"report: {page}")


def _draw(shown: "DemandForecast", hours: "tuple[CapacityWeek, ...]", output: Path | None, *, name: str) -> Path | None:
    if output is None:
        return None
    from simulations.forecast_report import forecast_report
    from simulations.report import write_report

    return write_report(output, forecast_report(shown, hours, history=name))


def _print(shown: "DemandForecast", hours: "tuple[CapacityWeek, ...]") -> None:
    from simulations.forecast_tables import backtest_table, forecast_answer, forecast_tables, hours_table

    typer.echo(forecast_answer(shown))
    for table in (backtest_table(shown), *forecast_tables(shown), hours_table(hours)):
        print_text_table(table.title, table.columns, table.rows)
