"""The warehouse as a whole: one engine and the stores on it."""

from dataclasses import dataclass, field
from functools import cached_property

from sqlalchemy.engine import Engine

from cms.aggregation.order_merge import OrderMerger
from cms.warehouse.capacity_store import WarehouseCapacity
from cms.warehouse.engine import open_engine, snapshots_of
from cms.warehouse.inbox import WarehouseInbox
from cms.warehouse.known_orders import RecordMerger
from cms.warehouse.kpi_store import WarehouseKpis
from cms.warehouse.loads import WarehouseLoads
from cms.warehouse.order_book import WarehouseOrders
from cms.warehouse.outbox import WarehouseOutbox
from cms.warehouse.plant_store import WarehousePlant
from cms.warehouse.publication_checks import WarehousePublicationChecks
from cms.warehouse.quality_store import WarehouseQuality
from cms.warehouse.quotes import WarehouseQuotes
from cms.warehouse.schedule_store import WarehouseSchedules
from cms.warehouse.schema import require_current_schema
from cms.warehouse.simulation_store import WarehouseSimulations


@dataclass(frozen=True, kw_only=True)
class Warehouse:
    """Every store of one warehouse.

    Parameters
    ----------
    merger : callable
        Makes one order of what several sources say about it.
    """

    engine: Engine
    merger: RecordMerger = field(default_factory=OrderMerger)

    @classmethod
    def open(cls, url: str, *, merger: RecordMerger | None = None) -> "Warehouse":
        """The warehouse at `url`, its schema checked.

        Raises
        ------
        ConfigurationError
            The URL names no warehouse.
        WarehouseError
            It cannot be reached, or its schema is not this program's.
        """
        engine = open_engine(url)
        try:
            require_current_schema(engine)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine=engine, merger=merger or OrderMerger())

    @cached_property
    def snapshots(self) -> Engine:
        """The warehouse for readers of several tables: each of their connections sees one state."""
        return snapshots_of(self.engine)

    @cached_property
    def loads(self) -> WarehouseLoads:
        """Gated loads."""
        return WarehouseLoads(engine=self.engine, merger=self.merger)

    @cached_property
    def plant(self) -> WarehousePlant:
        """Resources, routings, calendar and default windows."""
        return WarehousePlant(engine=self.engine)

    @cached_property
    def orders(self) -> WarehouseOrders:
        """Customers and orders."""
        return WarehouseOrders(engine=self.engine)

    @cached_property
    def schedules(self) -> WarehouseSchedules:
        """Published schedules."""
        return WarehouseSchedules(engine=self.engine)

    @cached_property
    def checks(self) -> WarehousePublicationChecks:
        """What was found wrong with published schedules."""
        return WarehousePublicationChecks(engine=self.engine)

    @cached_property
    def capacity(self) -> WarehouseCapacity:
        """Weekly capacity plans."""
        return WarehouseCapacity(engine=self.engine)

    @cached_property
    def outbox(self) -> WarehouseOutbox:
        """Notices that wait to be sent."""
        return WarehouseOutbox(engine=self.engine)

    @cached_property
    def inbox(self) -> WarehouseInbox:
        """Events that wait to be processed."""
        return WarehouseInbox(engine=self.engine)

    @cached_property
    def quotes(self) -> WarehouseQuotes:
        """Quotes and the capacity they hold."""
        return WarehouseQuotes(engine=self.engine)

    @cached_property
    def kpis(self) -> WarehouseKpis:
        """Figures over time."""
        return WarehouseKpis(engine=self.engine)

    @cached_property
    def quality(self) -> WarehouseQuality:
        """Quarantine, and what the gates found."""
        return WarehouseQuality(engine=self.engine)

    @cached_property
    def simulations(self) -> WarehouseSimulations:
        """Simulation studies."""
        return WarehouseSimulations(engine=self.engine)

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()
