"""A system of a generated company, loaded from its sandbox through the gate and planned: for reviews without data."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path

from cms.application.plan_schedule import plan_schedule
from cms.application.sync_customers import sync_customers
from cms.application.sync_orders import sync_orders
from cms.bootstrap import System, open_system
from cms.sandbox import MONDAY_TOKEN, ORDERS_TOKEN, CompanyOptions, generate_company, running_sandbox
from cms.sandbox.settings_file import sandbox_settings
from cms.scheduling.result import Method
from cms.warehouse.engine import open_engine
from cms.warehouse.schema import upgrade
from cms.warehouse.tables import metadata
from expectations.direct import DirectGate


@contextmanager
def practice_system(folder: Path, *, as_of: date, customers: int, orders_per_month: int, seed: int) -> Iterator[System]:
    """A system in `folder` with a published schedule of `as_of`, by dispatch; commands need its ``environment``.

    Its sources answer while it is open. The direct gate judges by the same rules as Great Expectations, which takes
    seconds to import.

    Parameters
    ----------
    folder : Path
        Empty; it holds the warehouse afterwards.

    Raises
    ------
    InvalidValueError
        The company cannot have these sizes.
    """
    company = generate_company(
        CompanyOptions(as_of=as_of, customers=customers, orders_per_month=orders_per_month, seed=seed)
    )
    settings, plant = folder / "cms.toml", folder / "plant.toml"
    with running_sandbox(company) as sandbox:
        document = sandbox_settings(monday_url=sandbox.monday_url, orders_url=sandbox.orders_url, folder=folder)
        settings.write_text(document, encoding="utf-8")
        plant.write_text(company.plant_file(), encoding="utf-8")
        upgrade(open_engine(f"sqlite:///{folder}/warehouse.db"))
        environment = {
            "CMS_CONFIG": str(settings),
            "CMS_MONDAY_TOKEN": MONDAY_TOKEN,
            "CMS_ORDERS_TOKEN": ORDERS_TOKEN,
        }
        with open_system(environment=environment) as system:
            _load(system, plant, as_of)
            plan_schedule(replace(system.planner, method=Method.DISPATCH), as_of=as_of, actor="practice")
            yield system


def _load(system: System, plant: Path, as_of: date) -> None:
    now = datetime.combine(as_of, time(12), tzinfo=UTC)
    system.warehouse.plant.save_plant(system.plant_from(plant), now=now, actor="practice")
    gate = DirectGate(engine=system.warehouse.engine, tables=metadata.tables, settings=system.settings.gate)
    loader = replace(system.loader, gate=gate)
    for name in system.source_names("customers"):
        sync_customers(system.customer_source(name), loader)
    for name in system.source_names("orders"):
        sync_orders(system.order_source(name), loader)
