"""The files that a history is read from, as commands and flows name them; without any it is the warehouse's."""

from dataclasses import dataclass
from pathlib import Path

from cms.domain.errors import InvalidValueError
from simulations.history import OWN_COLUMNS, load_history, load_history_file
from simulations.order_history import History


@dataclass(frozen=True, kw_only=True, slots=True)
class HistoryFiles:
    """Where the orders come from.

    Parameters
    ----------
    history : Path, optional
        Orders file; None: the orders of the warehouse, or of the file that `mapping` names.
    plant : Path, optional
        Plant file; None: the plant of the warehouse.
    mapping : Path, optional
        What the columns of `history` mean; None: our own column names.
    customers : Path, optional
        Customers and windows for `history`.
    """

    history: Path | None = None
    plant: Path | None = None
    mapping: Path | None = None
    customers: Path | None = None

    def __post_init__(self) -> None:
        named = {"plant": self.plant, "customers": self.customers}
        for name, path in ({"history": self.history, "mapping": self.mapping} | named).items():
            if path is not None and not path.is_file():
                raise InvalidValueError(name, "must be a file that exists", str(path))
        for name, path in named.items():
            if path is not None and self.is_warehouse:
                raise InvalidValueError(name, "must come together with history or mapping", str(path))

    @property
    def is_warehouse(self) -> bool:
        """Whether the orders are those of the warehouse."""
        return self.history is None and self.mapping is None

    def read(self) -> History:
        """The order history.

        Raises
        ------
        ConfigurationError
        SourceError
        WarehouseError
        """
        if self.is_warehouse:
            return load_history()
        mapping = self.mapping or OWN_COLUMNS
        return load_history_file(self.history, plant=self.plant, mapping=mapping, customers=self.customers)
