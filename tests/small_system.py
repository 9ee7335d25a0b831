"""A whole system of small size: a generated company, loaded from its sandbox through the gate, and planned."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from cms.application.plan_schedule import plan_schedule
from cms.application.sync_customers import sync_customers
from cms.application.sync_orders import sync_orders
from cms.bootstrap import System, open_system
from cms.order_sources.plant_file import read_plant
from cms.sandbox import MONDAY_TOKEN, ORDERS_TOKEN, CompanyOptions, generate_company, running_sandbox
from cms.sandbox.settings_file import sandbox_settings
from cms.scheduling.result import Method
from cms.warehouse.engine import open_engine
from cms.warehouse.schema import upgrade
from cms.warehouse.tables import metadata
from expectations.direct import DirectGate
from tests.builders import MONDAY, NOON


@contextmanager
def small_system(folder: Path, *, customers: int = 15, orders_per_month: int = 30) -> Iterator[System]:
    """A system in `folder` with a published schedule of 5 January 2026; commands need its ``environment``.

    The direct gate judges by the same rules as Great Expectations, which takes seconds to import.
    """
    company = generate_company(
        CompanyOptions(as_of=MONDAY, customers=customers, orders_per_month=orders_per_month, seed=5)
    )
    with running_sandbox(company) as sandbox:
        settings = sandbox_settings(monday_url=sandbox.monday_url, orders_url=sandbox.orders_url, folder=folder)
        (folder / "cms.toml").write_text(settings, encoding="utf-8")
        (folder / "plant.toml").write_text(company.plant_file(), encoding="utf-8")
        upgrade(open_engine(f"sqlite:///{folder}/warehouse.db"))
        environment = {
            "CMS_CONFIG": str(folder / "cms.toml"),
            "CMS_MONDAY_TOKEN": MONDAY_TOKEN,
            "CMS_ORDERS_TOKEN": ORDERS_TOKEN,
        }
        with open_system(environment=environment) as system:
            _load(system, folder)
            planner = replace(system.planner, method=Method.DISPATCH)
            plan_schedule(planner, as_of=MONDAY, actor="test")
            yield system


def _load(system: System, folder: Path) -> None:
    system.warehouse.plant.save_plant(read_plant(folder / "plant.toml"), now=NOON, actor="test")
    gate = DirectGate(engine=system.warehouse.engine, tables=metadata.tables, settings=system.settings.gate)
    loader = replace(system.loader, gate=gate)
    for name in system.source_names("customers"):
        sync_customers(system.customer_source(name), loader)
    for name in system.source_names("orders"):
        sync_orders(system.order_source(name), loader)
