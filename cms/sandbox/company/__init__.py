"""A generated company: seeded, deterministic, and known in full, so that what a system makes of it can be verified."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from cms.domain.customers import CustomerId
from cms.domain.orders import Order
from cms.domain.resources import ResourceId
from cms.sandbox.company.clients import DEFAULT_WINDOWS, generate_customers
from cms.sandbox.company.demand import generate_orders
from cms.sandbox.company.options import CompanyOptions
from cms.sandbox.company.plant import GeneratedPlant, generate_exceptions, generate_plant, load_by_resource
from cms.sandbox.company.plant_file import write_plant_file
from cms.sandbox.company.records import (
    CustomerRecord,
    Defect,
    DirtyRow,
    OrderRecord,
    Source,
    SourceConflict,
)
from cms.sandbox.company.systems import OrderSystems, dirty_rows, share_orders

__all__ = [
    "DEFAULT_WINDOWS",
    "Company",
    "CompanyOptions",
    "CustomerRecord",
    "Defect",
    "DirtyRow",
    "OrderRecord",
    "Source",
    "SourceConflict",
    "generate_company",
]


@dataclass(frozen=True, kw_only=True)
class Company:
    """Everything that is true about the generated company.

    Parameters
    ----------
    customers : tuple of CustomerRecord
        Clean customers, in order of id.
    orders : tuple of OrderRecord
        Clean orders, each once, as they truly are, in order of number.
    systems : OrderSystems
        The same orders as the order board and order management know them, and where these disagree.
    dirty_rows : tuple of DirtyRow
        What stands between the clean rows and must be refused.
    """

    options: CompanyOptions
    customers: tuple[CustomerRecord, ...]
    orders: tuple[OrderRecord, ...]
    plant: GeneratedPlant
    systems: OrderSystems
    dirty_rows: tuple[DirtyRow, ...]

    @cached_property
    def customers_by_id(self) -> dict[CustomerId, CustomerRecord]:
        """Clean customers by id."""
        return {record.customer.customer_id: record for record in self.customers}

    @cached_property
    def orders_by_number(self) -> dict[str, OrderRecord]:
        """Clean orders by number."""
        return {record.number: record for record in self.orders}

    @property
    def open_orders(self) -> tuple[Order, ...]:
        """Orders that need a place in the schedule."""
        return tuple(record.order for record in self.orders if record.order.is_plannable)

    def dirty(self, source: Source) -> tuple[DirtyRow, ...]:
        """The dirty rows of one system."""
        return tuple(row for row in self.dirty_rows if row.source is source)

    def plant_file(self) -> str:
        """The plant as TOML: resources, routings, calendar (with the customers' blackouts), default windows."""
        return write_plant_file(self.plant, {r.customer.customer_id: r.customer.blackout_dates for r in self.customers})

    def load_hours(self, orders: Iterable[Order]) -> dict[ResourceId, float]:
        """Hours that orders need of each resource, made the preferred way."""
        return load_by_resource(self.plant, orders)


def generate_company(options: CompanyOptions) -> Company:
    """The company that the options describe; the same options give the same company, to the last digit."""
    customers = generate_customers(options)
    exceptions = generate_exceptions(options)
    holidays = frozenset(e.day for e in exceptions if e.resource_id is None)
    orders = generate_orders(options, customers, holidays)
    transit = {record.customer.customer_id: record.customer.transit_days for record in customers}
    plant = generate_plant(options, [record.order for record in orders], transit, exceptions)
    systems = share_orders(options, orders)
    return Company(
        options=options,
        customers=customers,
        orders=orders,
        plant=plant,
        systems=systems,
        dirty_rows=dirty_rows(options, customers, systems),
    )
