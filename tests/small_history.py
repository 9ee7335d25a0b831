"""A small order history with its plant: 275 orders of half a year, and hours enough that most of them are on time."""

import csv
from datetime import date
from pathlib import Path

from cms.order_sources.plant_file import read_plant
from cms.sandbox import Company, CompanyOptions, generate_company
from simulations.order_history import History, make_history

END = date(2026, 1, 5)


def small_company() -> Company:
    """A generated company whose orders, taken together, are too many for its plant."""
    return generate_company(CompanyOptions(as_of=END, customers=20, orders_per_month=80, history_months=7, seed=2))


def small_history(folder: Path, *, every: int = 2) -> History:
    """The history of every so manieth order of the company; `folder` gets its plant file."""
    company = small_company()
    path = folder / "plant.toml"
    path.write_text(company.plant_file(), encoding="utf-8")
    plant = read_plant(path)
    return make_history(
        "generated",
        [record.order for record in company.orders][::every],
        customers={record.customer.customer_id: record.customer for record in company.customers},
        resources=plant.resources,
        routings=plant.routings,
        exceptions=plant.exceptions,
        default_windows=plant.default_windows,
    )


def write_small_history(folder: Path, *, every: int = 2) -> None:
    """The same history as files: ``orders.csv`` with our own column names, and ``plant.toml``."""
    company = small_company()
    (folder / "plant.toml").write_text(company.plant_file(), encoding="utf-8")
    names = ("order_id", "customer_id", "quantity", "ordered_at", "requested_date", "product_family", "priority")
    with (folder / "orders.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow([*names, "order_type"])
        for record in company.orders[::every]:
            rows.writerow([*(getattr(record.order, name) for name in names), record.order.order_type.value])
