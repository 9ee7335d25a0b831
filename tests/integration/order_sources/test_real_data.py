"""Real data through the mappings of the manual: nothing gets lost, and what cannot be read says why."""

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

from cms.aggregation.order_loads import routing_loads
from cms.application.ports import SourceRow
from cms.config import FileSourceSettings, read_settings
from cms.order_sources import open_customer_source, open_order_source
from cms.order_sources.plant_file import read_plant

EXAMPLES = Path(__file__).resolve().parents[3] / "docs" / "examples"
RETAIL_INVOICES = 25_900
WORKING_DAYS = 39
"""Mondays to Fridays from 1 November to 23 December 2011."""


def rows_of(example: str, source: str, data: Path) -> list[SourceRow]:
    settings = read_settings(EXAMPLES / example, {}).sources[source]
    assert isinstance(settings, FileSourceSettings)
    open_source = open_order_source if settings.dataset == "orders" else open_customer_source
    at_data = settings.model_copy(update={"path": data / settings.path})
    return list(open_source(source, at_data, {}).read(watermark=None).rows)


@pytest.fixture(scope="module")
def invoices(shared_data: Path) -> list[SourceRow]:
    return rows_of("online_retail.toml", "retail_orders", shared_data / "online_retail")


def fate(values: Any) -> str:
    """What the gate makes of an invoice: its rules on customers and quantities, in two lines."""
    if values["customer_id"] is None or values["quantity"] is None or values["quantity"] <= 0:
        return "quarantined"
    return "cancelled" if values["status"] == "cancelled" else "loaded"


def test_every_invoice_is_loaded_cancelled_or_quarantined(invoices: list[SourceRow]) -> None:
    fates = Counter(fate(row.values) for row in invoices)

    assert fates == {"loaded": 18_536, "cancelled": 3_654, "quarantined": 3_710}
    assert sum(fates.values()) == RETAIL_INVOICES == len({row.values["order_id"] for row in invoices})


def test_what_is_quarantined_keeps_its_lines_as_they_came(invoices: list[SourceRow]) -> None:
    adjusted = next(row for row in invoices if row.values["order_id"] == "A563186")

    assert adjusted.values["customer_id"] is None
    assert adjusted.raw["CustomerID"] == ""
    assert len(next(r for r in invoices if r.values["order_id"] == "536365").raw["Quantity"]) == 7  # type: ignore[arg-type]


def test_customers_come_from_the_same_file_once_each(shared_data: Path, invoices: list[SourceRow]) -> None:
    customers = rows_of("online_retail.toml", "retail_customers", shared_data / "online_retail")
    ids = {row.values["customer_id"] for row in customers}

    assert len(customers) == len(ids) == 4_372
    assert {row.values["customer_id"] for row in invoices} - {None} == ids
    assert not any(row.problems for row in customers)


def test_the_plant_of_the_example_is_as_busy_as_it_says(invoices: list[SourceRow]) -> None:
    plant = read_plant(EXAMPLES / "online_retail_plant.toml")
    hours: defaultdict[str, float] = defaultdict(float)
    for row in invoices:
        values: Any = row.values
        if values["status"] == "open" and fate(values) == "loaded":
            way = routing_loads(values["product_family"], values["quantity"], plant.routings, default_routing={})[0]
            for load in way.loads:
                hours[load.resource_id] += load.hours

    busy = {str(r.resource_id): hours[r.resource_id] / (r.regular_hours * WORKING_DAYS) for r in plant.resources}

    assert all(0.8 < busy[name] < 0.9 for name in ("PICK", "PICK-EXPORT", "PACK"))


def test_messy_dates_are_read_or_named(shared_data: Path) -> None:
    orders = rows_of("scms.toml", "scms_orders", shared_data / "scms")

    assert len(orders) == 7_030
    assert not any(row.problems for row in orders)
    assert all(row.values["requested_date"] and row.values["delivered_at"] for row in orders)
    assert sum(1 for row in orders if row.values["ordered_at"] is None) > 0
    assert len(rows_of("scms.toml", "scms_customers", shared_data / "scms")) == 43
