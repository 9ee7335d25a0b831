"""What the use cases need from the world: sources, the gate, the warehouse's stores, the notifier and the clock."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol

from cms.capacity.ledger import CapacityLoad
from cms.capacity.weekly_plan import WeeklyLoad
from cms.domain.customers import Customer, CustomerId, DeliveryWindow
from cms.domain.orders import Order, OrderId
from cms.domain.resources import Resource, ResourceId, Routing
from cms.domain.schedule import MasterSchedule, ScheduleChange, ScheduledDelivery
from cms.domain.studies import StudyRecord
from cms.domain.work_calendar import CalendarException, WorkCalendar

Progress = Callable[[str, int, int | None], None]
"""Told the stage, what is done so far, and the total where it is known."""


def no_progress(stage: str, done: int, total: int | None) -> None:
    """Progress that nobody watches."""


class Clock(Protocol):
    """The only clock: everything else gets the time as an argument."""

    def now(self) -> datetime:
        """The present instant, UTC with an offset."""
        ...


# --- sources -------------------------------------------------------------------------------------------------


class Dataset(StrEnum):
    """What can be loaded through the gate; the value is the target table."""

    CUSTOMERS = "customer_master"
    WINDOWS = "delivery_schedules"
    ORDERS = "order_master"


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceRow:
    """One row as a source gave it, mapped to the columns of its staging table.

    Parameters
    ----------
    values : mapping of str to object
        Staging column to typed value; a field that could not be read is None and named in `problems`.
    raw : mapping of str to object
        The fields as they came, for quarantine: bad input never loses data.
    problems : tuple of str
        A sentence for each field that could not be read (``requested_date: '31/02/2011' is no date of form %d/%m/%Y``).
    """

    values: Mapping[str, object]
    raw: Mapping[str, object]
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SourceBatch:
    """What a source answers to "what is new since the watermark?".

    Parameters
    ----------
    rows : iterable of SourceRow
        May be a generator; it is read once. For customers each row's windows follow in `windows`.
    complete : callable
        Asked after `rows` is exhausted: whether the rows were the whole source, so that what is missing was removed.
    removed_ids : callable
        Asked after `rows` is exhausted: source ids that the source says are archived or deleted.
    watermark : callable
        Asked after `rows` is exhausted: where the next incremental read starts; None: the source keeps none.
    """

    source: str
    rows: Iterable[SourceRow]
    windows: Callable[[], Iterable[SourceRow]] = field(default=lambda: ())
    complete: Callable[[], bool] = field(default=lambda: False)
    removed_ids: Callable[[], frozenset[str]] = field(default=frozenset)
    watermark: Callable[[], str | None] = field(default=lambda: None)

    def of_rows(self, rows: Iterable[SourceRow]) -> "SourceBatch":
        """The same answer over rows that were taken from it."""
        return replace(self, rows=rows)


class CustomerSource(Protocol):
    """Where customers and their windows come from."""

    @property
    def name(self) -> str:
        """The source's name in the settings."""
        ...

    def read(self, *, watermark: str | None, progress: Progress = no_progress) -> SourceBatch:
        """Everything (no watermark), or what changed since."""
        ...


class OrderSource(Protocol):
    """Where orders come from."""

    @property
    def name(self) -> str:
        """The source's name in the settings; it is the ``source_system`` of its orders."""
        ...

    def read(self, *, watermark: str | None, progress: Progress = no_progress) -> SourceBatch:
        """Everything (no watermark), or what changed since."""
        ...


# --- gated loads ----------------------------------------------------------------------------------------------


class Severity(StrEnum):
    """What a failed expectation means: a refusal, or a report."""

    CRITICAL = "critical"
    WARNING = "warning"


@dataclass(frozen=True, kw_only=True, slots=True)
class StagedLoad:
    """Rows in a staging table, waiting for their gate."""

    load_id: str
    dataset: Dataset
    source: str
    row_count: int
    staged_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class RowFailure:
    """Why one staged row goes to quarantine."""

    row_number: int
    expectation: str
    column: str
    value: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ExpectationOutcome:
    """What one expectation found.

    Parameters
    ----------
    expectation : str
        Its business name.
    unexpected_count : int
        Rows that break it; 0 or 1 for one about the batch.
    consequence : str
        What happens to the business when it is broken.
    """

    expectation: str
    column: str
    severity: Severity
    success: bool
    unexpected_count: int
    observed: str = ""
    consequence: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class GateVerdict:
    """What the gate decided about a staged load.

    Parameters
    ----------
    refusals : tuple of str
        Why the batch as a whole is refused; empty: it may be merged, without the rows of `row_failures`.
    """

    load_id: str
    outcomes: tuple[ExpectationOutcome, ...]
    row_failures: tuple[RowFailure, ...] = ()
    refusals: tuple[str, ...] = ()

    @property
    def is_refused(self) -> bool:
        """Whether nothing of the load may be merged."""
        return bool(self.refusals)

    @property
    def warnings(self) -> tuple[ExpectationOutcome, ...]:
        """What is reported and stops nothing."""
        return tuple(o for o in self.outcomes if not o.success and o.severity is Severity.WARNING)


@dataclass(frozen=True, kw_only=True, slots=True)
class MergeCounts:
    """What a merge did to its target table.

    Parameters
    ----------
    stale : int
        Rows older than what the warehouse has; they were not written.
    conflicts : tuple of str
        Orders whose sources disagree, one sentence each.
    """

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    stale: int = 0
    removed: int = 0
    quarantined: int = 0
    conflicts: tuple[str, ...] = ()

    @property
    def written(self) -> int:
        """Rows of the target table that changed."""
        return self.inserted + self.updated + self.removed


class QualityGate(Protocol):
    """The only way into a target table."""

    def judge(self, load: StagedLoad, *, now: datetime, complete: bool = False) -> GateVerdict:
        """Run the suite of the load's table on the staged rows; a complete load claims to be all its source has."""
        ...


class LoadStore(Protocol):
    """Staging and merging, each in one transaction."""

    def stage(
        self,
        dataset: Dataset,
        rows: Iterable[SourceRow],
        *,
        source: str,
        now: datetime,
        progress: Progress = no_progress,
    ) -> StagedLoad:
        """Put rows into the staging table under a new load id."""
        ...

    def merge(
        self,
        load: StagedLoad,
        verdict: GateVerdict,
        *,
        now: datetime,
        complete: bool = False,
        removed_ids: frozenset[str] = frozenset(),
        watermark: str | None = None,
    ) -> MergeCounts:
        """Merge what passed, quarantine what did not, keep the watermark: all in one transaction.

        Raises
        ------
        LoadRefusedError
            The verdict refuses the load; its results are kept, nothing else changes.
        """
        ...

    def watermark(self, dataset: Dataset, source: str) -> str | None:
        """Where the next incremental read of a source starts."""
        ...


# --- master data and the order book ---------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Plant:
    """What makes and ships: resources, routings, calendar, and the windows that hold by default."""

    resources: tuple[Resource, ...]
    routings: tuple[Routing, ...]
    exceptions: tuple[CalendarException, ...] = ()
    default_windows: tuple[DeliveryWindow, ...] = ()

    def calendar(self) -> WorkCalendar:
        """The work calendar of the resources."""
        by_id: dict[ResourceId, Resource] = {resource.resource_id: resource for resource in self.resources}
        return WorkCalendar(resources=by_id, exceptions=self.exceptions)


class PlantStore(Protocol):
    """Resources, routings and calendar in the warehouse."""

    def plant(self) -> Plant:
        """Everything that makes and ships."""
        ...

    def save_plant(self, plant: Plant, *, now: datetime, actor: str) -> MergeCounts:
        """Replace the plant's master data; unchanged rows are not written."""
        ...

    def add_exceptions(self, exceptions: Sequence[CalendarException], *, now: datetime, actor: str) -> None:
        """Enter holidays, maintenance, overtime approvals or blackouts, all or none, with their history."""
        ...


class OrderBook(Protocol):
    """Customers and orders as the warehouse has them."""

    def customers(self, customer_ids: Iterable[CustomerId] | None = None) -> dict[CustomerId, Customer]:
        """Customers by id, with their windows and blackouts; all of them, or those named."""
        ...

    def plannable_orders(self) -> list[Order]:
        """Orders that need, or hold, a place in the schedule, in order of id."""
        ...

    def order(self, order_id: OrderId) -> Order:
        """One order.

        Raises
        ------
        NotFoundError
        """
        ...

    def orders_between(self, start: date, end: date) -> list[Order]:
        """Orders ordered from `start` to before `end`, whatever their status."""
        ...


# --- schedules ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Reservation:
    """Hours held by a quote until it expires."""

    quote_id: str
    resource_id: ResourceId
    bucket_date: date
    hours: float

    @property
    def load(self) -> CapacityLoad:
        """The hours as the capacity ledger books them."""
        return CapacityLoad(self.resource_id, self.bucket_date, self.hours)


@dataclass(frozen=True, kw_only=True, slots=True)
class DeliveryNotice:
    """A message to be sent about an order's delivery; what it says is in `facts`, rendered when it is sent.

    Parameters
    ----------
    deduplication_key : str
        The same notice is queued once, whoever asks.
    kind : str
        ``scheduled``, ``changed``, ``late``, ``unscheduled`` or ``alert``.
    facts : mapping
        JSON-able values that the message's template uses.
    """

    deduplication_key: str
    kind: str
    channel: str
    recipient: str
    order_id: OrderId | None
    customer_id: CustomerId | None
    facts: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class ScheduleVersion:
    """A line of the schedule versions.

    Parameters
    ----------
    findings : tuple of str, optional
        What was found wrong after its publication; empty: nothing; None: nobody has looked.
    """

    version: int
    status: str
    as_of: date
    created_at: datetime
    published_at: datetime | None
    actor: str
    reason_code: str
    replaced_version: int | None = None
    findings: tuple[str, ...] | None = None


ORDER_EVENT = "order_event"
"""Reason code of a version that an event gave rise to."""


class ScheduleStore(Protocol):
    """Published schedules, their history, and what they promise of capacity."""

    def published(self) -> MasterSchedule | None:
        """The published schedule, if there is one."""
        ...

    def published_version(self) -> int:
        """The number of the published schedule; 0: there is none."""
        ...

    def version(self, version: int) -> MasterSchedule:
        """Any version.

        Raises
        ------
        NotFoundError
        """
        ...

    def versions(self, limit: int = 50) -> list[ScheduleVersion]:
        """The latest versions, newest first."""
        ...

    def publish(
        self,
        schedule: MasterSchedule,
        *,
        changes: Sequence[ScheduleChange],
        notices: Sequence[DeliveryNotice],
        replaces: int,
        reason_code: str,
        actor: str,
        now: datetime,
        changed_orders: frozenset[OrderId] | None = None,
        instead: Mapping[OrderId, Sequence[DeliveryNotice]] | None = None,
    ) -> int:
        """Publish in one transaction: version, deliveries, loads, order dates, capacity, history, outbox.

        Parameters
        ----------
        replaces : int
            The published version the schedule was built from (0: none); another one meanwhile refuses this one.
        changed_orders : frozenset of OrderId, optional
            The only orders that differ from the replaced version in anything; None: every order may.
        instead : mapping of OrderId to notices, optional
            Take back the notices of the replaced version that nobody was sent yet, and queue these for their orders.

        Raises
        ------
        StaleScheduleError
            Somebody else published meanwhile.
        """
        ...

    def reservations(self, now: datetime) -> list[Reservation]:
        """Hours of quotes that are reserved and not expired."""
        ...

    def history(self, order_id: OrderId) -> list[Mapping[str, Any]]:
        """Every line of an order's schedule history, oldest first."""
        ...

    def order_delivery(self, order_id: OrderId) -> tuple[ScheduledDelivery, ...]:
        """The published deliveries of an order."""
        ...


class CapacityStore(Protocol):
    """Where weekly capacity plans are kept."""

    def save_weekly_plan(self, weeks: Sequence[WeeklyLoad], *, as_of: date, now: datetime) -> int:
        """Keep a weekly plan; returns rows written (0 where the same plan is already there)."""
        ...

    def weekly_plan(self) -> list[WeeklyLoad]:
        """The latest weekly plan."""
        ...

    def hours_by_week(self, start: date, end: date) -> Mapping[tuple[ResourceId, date], float]:
        """Hours that the published loads of past schedules used, by resource and week start (Monday)."""
        ...


# --- notifications --------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class OutboxEntry:
    """A queued notice with its delivery state."""

    outbox_id: int
    notice: DeliveryNotice
    attempts: int
    queued_at: datetime


class Outbox(Protocol):
    """Notices that wait to be sent; a claimed one is not claimed by anyone else until its lease ends."""

    def queue(self, notices: Iterable[DeliveryNotice], *, now: datetime) -> int:
        """Queue notices; one whose key is known is left alone. Returns how many were new."""
        ...

    def claim_due(self, *, now: datetime, limit: int, worker: str, lease_seconds: int = 300) -> list[OutboxEntry]:
        """Take due notices for sending, oldest first."""
        ...

    def mark_sent(self, outbox_id: int, *, now: datetime) -> None:
        """It has gone out."""
        ...

    def mark_failed(self, outbox_id: int, *, error: str, retry_at: datetime | None, now: datetime) -> None:
        """It did not go out: try again at `retry_at`, or never (None: a dead letter)."""
        ...

    def mark_withheld(self, outbox_id: int, *, reason: str) -> None:
        """It is not sent, now or later."""
        ...

    def counts(self) -> Mapping[str, int]:
        """Notices by state: queued, sent, dead, withheld."""
        ...


class Notifier(Protocol):
    """Sends a notice on its channel."""

    def send(self, entry: OutboxEntry) -> None:
        """Render and send.

        Raises
        ------
        NotificationError
            With ``is_permanent`` where another try is useless.
        """
        ...


# --- quality and figures --------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class KpiSnapshot:
    """A figure of the business at an instant."""

    name: str
    value: Decimal
    as_of: date


class KpiStore(Protocol):
    """Figures kept over time."""

    def record(self, snapshots: Sequence[KpiSnapshot], *, schedule_version: int, now: datetime) -> None:
        """Keep figures; the same version's figures are written once."""
        ...


# --- simulations ----------------------------------------------------------------------------------------------


class SimulationStore(Protocol):
    """Simulation studies kept over time."""

    def record(self, study: StudyRecord, *, now: datetime, actor: str) -> None:
        """Keep a study; one that is there already is replaced by what it says now."""
        ...

    def studies(self, limit: int = 50) -> list[StudyRecord]:
        """The latest studies and comparisons, the last one first."""
        ...
