"""The options that say which order history a study or a forecast starts from."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from simulations.history_files import HistoryFiles

HISTORY = typer.Option(None, "--history", metavar="FILE", help="Orders (CSV, Parquet, Excel); default: the warehouse.")
PLANT = typer.Option(None, "--plant", metavar="FILE", help="Plant file for --history; default: the warehouse's plant.")
MAPPING = typer.Option(
    None, "--mapping", metavar="FILE", help="What the columns of --history mean; default: our own column names."
)
CUSTOMERS = typer.Option(None, "--customers", metavar="FILE", help="Customers and windows for --history.")


def choice_of(history: Path | None, plant: Path | None, mapping: Path | None, customers: Path | None) -> "HistoryFiles":
    """The choice that the options make.

    Raises
    ------
    InvalidValueError
        A file is not there, or an option stands alone that belongs to --history.
    """
    from simulations.history_files import HistoryFiles

    return HistoryFiles(history=history, plant=plant, mapping=mapping, customers=customers)
