"""Reads order history: from the warehouse, or from any orders file with a column mapping."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cms.domain.customers import Customer, CustomerId, CustomerStatus, DeliveryWindow
from cms.domain.errors import InvalidValueError, NotFoundError
from cms.domain.orders import Order, OrderId, OrderStatus, OrderType, Priority
from simulations.order_history import History, make_history

if TYPE_CHECKING:
    from cms.bootstrap import System

OWN_COLUMNS = Path(__file__).parent / "own_columns.toml"
"""The mapping of a file that has our own column names."""


def load_history(config: Path | None = None, *, start: date | None = None, end: date | None = None) -> History:
    """The order history of the warehouse.

    Parameters
    ----------
    config : Path, optional
        Settings file; None: as for every command.
    start, end : date, optional
        Orders placed from `start` to before `end`; None: all there are.

    Raises
    ------
    ConfigurationError
    WarehouseError
    """
    from cms.bootstrap import open_system  # noqa: PLC0415 - workers of a study need no adapters

    with open_system(config) as system:
        orders = system.warehouse.orders.orders_between(start or date(1970, 1, 1), end or date(2200, 1, 1))
        plant = system.warehouse.plant.plant()
        return make_history(
            "warehouse",
            orders,
            customers=system.warehouse.orders.customers(),
            resources=plant.resources,
            routings=plant.routings,
            exceptions=plant.exceptions,
            default_windows=plant.default_windows,
            default_routing=system.planning_rules.default_routing,
        )


def load_history_file(
    orders: Path | None, *, plant: Path | None = None, mapping: Path = OWN_COLUMNS, customers: Path | None = None
) -> History:
    """The order history of a file (CSV, Parquet, Excel).

    Parameters
    ----------
    orders : Path, optional
        None: the file that the mapping names.
    plant : Path, optional
        Resources, routings, calendar and default windows; None: the plant of the warehouse.
    mapping : Path
        A settings file whose first source of orders says what the columns mean, and whose first source of customers,
        where it has one, reads the same file or `customers`; without it the file has our own column names.
    customers : Path, optional
        None: a customer that no source describes takes delivery on the default windows, a day after shipping.

    Raises
    ------
    ConfigurationError
    SourceError
    """
    from cms.bootstrap import open_system  # noqa: PLC0415 - workers of a study need no adapters

    with open_system(mapping, environment={}) as system, ExitStack() as own:
        name = _first_source(system, "orders")
        reading = system if orders is None else system.reading_file(name, orders)
        made = system.plant_from(plant) if plant else own.enter_context(open_system()).warehouse.plant.plant()
        described = system.source_names("customers") and (customers is not None or mapping != OWN_COLUMNS)
        known = _customers(system, orders, customers, orders_source=name) if described else {}
        counted: Counter[str] = Counter()
        rows = _valid_rows(reading.order_source(name).read(watermark=None).rows, counted)
        read = list(_orders(rows, name, known, counted))
        return make_history(
            (orders or mapping).name,
            read,
            customers=known,
            resources=made.resources,
            routings=made.routings,
            exceptions=made.exceptions,
            default_windows=made.default_windows,
            default_routing=system.planning_rules.default_routing,
            left_out=counted,
        )


def _first_source(system: "System", dataset: str) -> str:
    names = system.source_names(dataset)
    if not names:
        raise NotFoundError("source of", dataset, "the mapping must have one")
    return names[0]


def _customers(
    system: "System", orders: Path | None, customers: Path | None, *, orders_source: str
) -> dict[CustomerId, Customer]:
    """Customers of the mapping's first source of them, which reads the orders' file where both name the same one."""
    source = system.source_names("customers")[0]
    files = [getattr(system.settings.sources[name], "path", None) for name in (source, orders_source)]
    path = customers or (orders if files[0] is not None and files[0] == files[1] else None)
    reading = system if path is None else system.reading_file(source, path)
    batch = reading.customer_source(source).read(watermark=None)
    rows = [row.values for row in batch.rows if not row.problems]
    windows: dict[str, list[DeliveryWindow]] = {}
    for row in batch.windows():
        if not row.problems:
            windows.setdefault(str(row.values["customer_id"]), []).append(_window(row.values))
    return {one.customer_id: one for one in (_customer(row, windows) for row in rows)}


def _window(values: Mapping[str, Any]) -> DeliveryWindow:
    return DeliveryWindow(
        weekday=values["weekday"],
        start=values["window_start"],
        end=values["window_end"],
        effective_from=values.get("effective_from"),
        effective_to=values.get("effective_to"),
    )


def _customer(values: Mapping[str, Any], windows: Mapping[str, list[DeliveryWindow]]) -> Customer:
    key = str(values["customer_id"])
    given = {
        name: values[name]
        for name in ("priority", "transit_days", "max_early_days", "allows_split", "time_zone")
        if values.get(name) is not None
    }
    status = CustomerStatus(values.get("status") or CustomerStatus.ACTIVE)
    name = values.get("name") or key
    return Customer(customer_id=CustomerId(key), name=name, status=status, windows=tuple(windows.get(key, ())), **given)


def _valid_rows(rows: Iterable[Any], counted: Counter[str]) -> Iterator[Mapping[str, Any]]:
    for row in rows:
        if row.problems:
            counted["unreadable"] += 1
        else:
            yield row.values


def _orders(
    rows: Iterable[Mapping[str, Any]], source: str, customers: dict[CustomerId, Customer], counted: Counter[str]
) -> Iterator[Order]:
    """The orders of the rows; customers nobody described are added where the source has none at all."""
    describes_customers = bool(customers)
    for values in rows:
        customer_id = values.get("customer_id")
        if customer_id is None:
            counted["no customer"] += 1
            continue
        if not describes_customers:
            key = CustomerId(customer_id)
            customers.setdefault(key, Customer(customer_id=key, name=customer_id, transit_days=1))
        try:
            yield _order(values, source, customers.get(customer_id))
        except InvalidValueError as refusal:
            counted[f"{refusal.field} {refusal.rule}"] += 1


def _order(values: Mapping[str, Any], source: str, customer: Customer | None) -> Order:
    for name in ("quantity", "ordered_at", "requested_date"):
        if values.get(name) is None:
            raise InvalidValueError(name, "must be given", None)
    priority = values.get("priority") or (customer.priority if customer else 3)
    return Order(
        order_id=OrderId(values["order_id"]),
        source_system=source,
        source_order_id=str(values.get("source_order_id") or values["order_id"]),
        customer_id=CustomerId(values["customer_id"]),
        order_type=OrderType(values.get("order_type") or OrderType.STANDARD),
        priority=Priority(priority),
        product_family=values.get("product_family") or "standard",
        quantity=values["quantity"],
        ordered_at=_instant(values["ordered_at"]),
        requested_date=values["requested_date"],
        promised_date=values.get("promised_date"),
        release_date=values.get("release_date"),
        status=OrderStatus(values.get("status") or OrderStatus.OPEN),
        delivered_at=values.get("delivered_at"),
    )


def _instant(value: datetime | date) -> datetime:
    return value if isinstance(value, datetime) else datetime.combine(value, time(12))
