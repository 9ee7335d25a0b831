"""Which order history a study or a forecast starts from: the warehouse's, or that of a file."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cms.domain.errors import InvalidValueError

if TYPE_CHECKING:
    from simulations import History

HISTORY = typer.Option(None, "--history", metavar="FILE", help="Orders (CSV, Parquet, Excel); default: the warehouse.")
PLANT = typer.Option(None, "--plant", metavar="FILE", help="Plant file for --history; default: the warehouse's plant.")
MAPPING = typer.Option(
    None, "--mapping", metavar="FILE", help="What the columns of --history mean; default: our own column names."
)
CUSTOMERS = typer.Option(None, "--customers", metavar="FILE", help="Customers and windows for --history.")


@dataclass(frozen=True, kw_only=True)
class HistoryChoice:
    """The options as they were given.

    Parameters
    ----------
    orders : Path, optional
        None: the orders of the warehouse, or of the file that `mapping` names.
    """

    orders: Path | None
    plant: Path | None
    mapping: Path | None
    customers: Path | None

    @property
    def is_warehouse(self) -> bool:
        """Whether the orders are those of the warehouse."""
        return self.orders is None and self.mapping is None

    def read(self) -> "History":
        """The order history.

        Raises
        ------
        InvalidValueError
            An option stands alone that belongs to --history, or a file is not there.
        """
        from simulations.history import OWN_COLUMNS, load_history, load_history_file

        named = {"--plant": self.plant, "--customers": self.customers}
        for option, path in ({"--history": self.orders, "--mapping": self.mapping} | named).items():
            if path is not None and not path.is_file():
                raise InvalidValueError(option, "must be a file that exists", str(path))
        if not self.is_warehouse:
            return load_history_file(
                self.orders, plant=self.plant, mapping=self.mapping or OWN_COLUMNS, customers=self.customers
            )
        for option, path in named.items():
            if path is not None:
                raise InvalidValueError(option, "must come together with --history or --mapping", str(path))
        return load_history()
