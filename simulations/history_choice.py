"""The history that a question is put to: that of the warehouse, of a file, or of a generated company."""

from dataclasses import dataclass, field
from pathlib import Path

from cms.domain.errors import InvalidValueError, WarehouseError
from simulations.generated_history import generate_history
from simulations.history import load_history, load_history_file
from simulations.order_history import History

AUTO, SANDBOX, WAREHOUSE = "auto", "sandbox", "warehouse"


@dataclass(frozen=True, kw_only=True)
class HistorySummary:
    """What a history holds, as Markdown in a notebook."""

    history: History = field(repr=False)

    def markdown(self) -> str:
        """Size, span, fullest week and fullest resource, and what was left out."""
        one = self.history
        monday, orders = one.peak_week()
        weeks = max(1, ((one.last_day - one.first_day).days + 1) / 7)
        rows = [
            ("source", one.name),
            ("orders", f"{len(one.orders):,}, {one.first_day} to {one.last_day}"),
            ("customers", f"{len({order.customer_id for order in one.orders}):,} with orders"),
            ("resources", ", ".join(resource.resource_id for resource in one.resources)),
            ("fullest resource", one.bottleneck),
            ("fullest week", f"{monday}: {orders:,} orders, {orders * weeks / len(one.orders):.1f} times the mean"),
            *((f"left out: {reason}", f"{count:,} orders") for reason, count in one.left_out.items()),
        ]
        return "\n".join(["| history | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])

    def _repr_markdown_(self) -> str:
        return self.markdown()


def open_history(
    source: str = AUTO,
    *,
    orders_file: str = "",
    plant_file: str = "",
    customers: int = 40,
    orders_per_month: int = 200,
    months: int = 14,
    load: float = 0.88,
    seed: int = 1,
) -> History:
    """The history that `source` names.

    Parameters
    ----------
    source : str
        ``warehouse``; ``sandbox`` for a generated company; ``auto`` for the warehouse where it holds orders and a
        generated company otherwise; or the path of a mapping of columns, which then needs `plant_file`.
    orders_file : str
        The orders, where the mapping shall read another file than the one it names.
    customers, orders_per_month, months, load, seed
        Of the generated company.

    Raises
    ------
    InvalidValueError
        A mapping comes without a plant.
    ConfigurationError
    SourceError
    WarehouseError
        `source` is ``warehouse`` and it cannot be used.
    """
    if source == WAREHOUSE:
        return load_history()
    if source not in {AUTO, SANDBOX}:
        return _from_file(source, orders_file, plant_file)
    found = _from_warehouse() if source == AUTO else None
    return found or generate_history(
        customers=customers, orders_per_month=orders_per_month, months=months, load=load, seed=seed
    )


def describe_history(history: History) -> HistorySummary:
    """The history in a small table."""
    return HistorySummary(history=history)


def _from_warehouse() -> History | None:
    """The history of the warehouse; None where there is no warehouse yet, or no order in it."""
    try:
        return load_history()
    except WarehouseError:
        return None
    except InvalidValueError as refusal:
        if refusal.field in {"orders", "resources"}:
            return None
        raise


def _from_file(mapping: str, orders_file: str, plant_file: str) -> History:
    if not Path(mapping).exists():
        rule = f"must be {AUTO}, {SANDBOX}, {WAREHOUSE} or the path of a mapping of columns"
        raise InvalidValueError("source", rule, mapping)
    if not plant_file:
        raise InvalidValueError("plant_file", "must name the plant that goes with the mapping", plant_file)
    return load_history_file(Path(orders_file) if orders_file else None, plant=Path(plant_file), mapping=Path(mapping))
