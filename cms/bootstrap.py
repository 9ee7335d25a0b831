"""The composition root: settings in, wired use cases out. Heavy adapters are imported when they are first used."""

import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from cms.application.board_writes import BOARD_CHANNEL, BoardColumns, BoardWriter, ByChannel
from cms.application.gated_load import GatedLoader
from cms.application.guard_schedule import Guard
from cms.application.inbox import SubjectSource
from cms.application.kpi_limits import KpiLimits
from cms.application.notify import NotificationReport, RetryPolicy, send_notices
from cms.application.plan_memory import PlanMemory
from cms.application.plan_schedule import Planner
from cms.application.planning_facts import PlanningRules
from cms.application.ports import (
    Clock,
    CustomerSource,
    Dataset,
    GateVerdict,
    Notifier,
    OrderSource,
    OutboxEntry,
    Plant,
    Progress,
    StagedLoad,
    no_progress,
)
from cms.application.process_events import EventWork
from cms.application.remembered_orders import RememberedOrders
from cms.application.remembered_schedules import RememberedSchedules
from cms.application.retain import RetentionPolicy
from cms.application.rollout import RolloutReach
from cms.application.system_status import SystemStatus, system_status
from cms.config import (
    FileSourceSettings,
    MondaySourceSettings,
    RestSourceSettings,
    Settings,
    SourceSettings,
    read_settings,
)
from cms.domain.errors import ConfigurationError, NotFoundError
from cms.scheduling.result import Method

if TYPE_CHECKING:
    from cms.application.compare_legacy import DeliverySource
    from cms.monday.client import MondayClient
    from cms.sandbox import Company
    from cms.warehouse import Warehouse
    from cms.warehouse.archive import WarehouseArchive
    from cms.warehouse.archive_reading import ArchiveReader
    from cms.warehouse.board_writes import WarehouseBoardWrites
    from cms.warehouse.rollout import WarehouseRollout
    from expectations.direct import DirectGate
    from expectations.gate import Gate

EVENT_RETRIES = RetryPolicy(max_attempts=8, first_pause=timedelta(seconds=2))
"""How often an event is tried before it is a dead letter: over about four minutes; the hourly sync repairs the rest."""


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present instant, UTC."""
        return datetime.now(tz=UTC)


@dataclass(frozen=True, kw_only=True)
class _LazyGate:
    """The gate, built at the first load: Great Expectations takes seconds to import."""

    system: "System"

    def judge(self, load: StagedLoad, *, now: datetime, complete: bool = False) -> GateVerdict:
        return self.system.gate.judge(load, now=now, complete=complete)


@dataclass(kw_only=False)
class _Later:
    """A notifier that is made when the first notice comes: it may need a token that nothing else needs."""

    make: Callable[[], Notifier]
    _made: Notifier | None = None

    def send(self, entry: OutboxEntry) -> None:
        self._made = self._made or self.make()
        self._made.send(entry)


@dataclass(frozen=True, kw_only=True)
class System:
    """Everything wired for one process.

    Parameters
    ----------
    environment : mapping of str to str
        Where sources find their secrets.
    """

    settings: Settings
    clock: Clock = field(default_factory=SystemClock)
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)

    @cached_property
    def warehouse(self) -> "Warehouse":
        """The warehouse, its schema checked.

        Raises
        ------
        WarehouseError
        """
        from cms.warehouse import Warehouse

        return Warehouse.open(self.settings.warehouse.url)

    @cached_property
    def gate(self) -> "Gate":
        """The expectations that every load has to pass."""
        from cms.warehouse.tables import metadata
        from expectations.gate import Gate

        return Gate(self.warehouse.snapshots, self.settings.gate, metadata.tables)

    @cached_property
    def loader(self) -> GatedLoader:
        """Gated loads."""
        return GatedLoader(loads=self.warehouse.loads, gate=_LazyGate(system=self), clock=self.clock)

    @cached_property
    def planner(self) -> Planner:
        """Daily planning."""
        planning = self.settings.planning
        return Planner(
            orders=self.warehouse.orders,
            plant=self.warehouse.plant,
            schedules=self.warehouse.schedules,
            kpis=self.warehouse.kpis,
            clock=self.clock,
            rules=self.planning_rules,
            method=Method(planning.method),
            time_limit_seconds=planning.time_limit_seconds,
            rollout=self.rollout,
            planner_recipient=self.settings.notifications.planner_recipient,
            boards=self.board_writes,
            checks=self.warehouse.checks,
        )

    @cached_property
    def guard(self) -> Guard:
        """What judges a schedule right after its publication, in milliseconds, and goes back where it is wrong."""
        limits = self.settings.rollback.model_dump()
        return Guard(
            planner=self.planner,
            check=self._direct_gate,
            checks=self.warehouse.checks,
            outbox=self.warehouse.outbox,
            rolls_back=limits.pop("enabled"),
            limits=KpiLimits(**limits),
        )

    @property
    def _direct_gate(self) -> "DirectGate":
        from cms.warehouse.tables import metadata
        from expectations.direct import DirectGate

        return DirectGate(engine=self.warehouse.snapshots, tables=metadata.tables, settings=self.settings.gate)

    @cached_property
    def rollout(self) -> "WarehouseRollout":
        """The phase of the rollout, as it is at each moment."""
        from cms.warehouse.rollout import WarehouseRollout

        return WarehouseRollout(engine=self.warehouse.engine, initial=self.settings.rollout.phase)

    @cached_property
    def board_writes(self) -> "WarehouseBoardWrites":
        """The order boards that take the schedule, and what was last written to them."""
        from cms.warehouse.board_writes import WarehouseBoardWrites

        boards = {name: source.board_id for name, source in self._written_boards().items()}
        return WarehouseBoardWrites(engine=self.warehouse.engine, boards=boards)

    def _written_boards(self) -> dict[str, MondaySourceSettings]:
        sources = self.settings.sources.items()
        return {name: s for name, s in sources if isinstance(s, MondaySourceSettings) and s.write_back is not None}

    @cached_property
    def planning_rules(self) -> PlanningRules:
        """The rules that schedules are built by."""
        planning = self.settings.planning
        return PlanningRules(
            horizon_days=planning.horizon_days,
            planning_time_fence_days=planning.planning_time_fence_days,
            holding_cost_per_hour_day=planning.holding_cost_per_hour_day,
            change_cost=planning.change_cost,
            rush_priority=planning.rush_priority,
            min_split_share=planning.min_split_share,
            max_splits=planning.max_splits,
            default_routing=planning.default_routing,
        )

    @cached_property
    def notifier(self) -> Notifier:
        """The channels that are set up."""
        from cms.notifications.channels import AppriseChannel, Channel, ChannelNotifier, EmailChannel

        settings = self.settings.notifications
        email = settings.email
        channels: dict[str, Channel] = {
            "email": EmailChannel(
                host=email.host,
                port=email.port,
                sender=email.sender,
                user=email.user,
                password=self.settings.secret("smtp_password"),
                starttls=email.starttls,
                timeout_seconds=email.timeout_seconds,
            )
        }
        if chat := self.settings.secret("chat_url"):
            channels["chat"] = AppriseChannel(url=chat)
        if settings.webhook_url:
            channels["webhook"] = AppriseChannel(url=settings.webhook_url)
        notifier = ChannelNotifier(channels=channels)
        return ByChannel(channels={BOARD_CHANNEL: self._board_writer()}, otherwise=notifier)

    def _board_writer(self) -> BoardWriter:
        from cms.monday.write_back import MondayWriteBack
        from cms.warehouse.locks import turn

        def board_turn(board_id: str) -> AbstractContextManager[None]:
            return turn(self.warehouse.engine, f"board {board_id}")

        written = {name: source.write_back for name, source in self._written_boards().items()}
        columns = {name: BoardColumns(**s.model_dump()) for name, s in written.items() if s is not None}
        return BoardWriter(
            orders=self.warehouse.orders,
            schedules=self.warehouse.schedules,
            memory=self.board_writes,
            columns=columns,
            board=_Later(lambda: MondayWriteBack(client=self.monday, turn=board_turn)),
            clock=self.clock,
        )

    @property
    def reach(self) -> RolloutReach:
        """Whom the rollout, as it is at each moment, lets us tell anything."""
        return RolloutReach(rollout=self.rollout, book=self.warehouse.orders)

    def send_notices(self, *, progress: Progress = no_progress) -> NotificationReport:
        """Send every notice that is due, as far as the rollout reaches."""
        return send_notices(
            self.warehouse.outbox,
            self.notifier,
            self.clock,
            policy=self.retry_policy,
            reach=self.reach,
            worker=self.worker,
            progress=progress,
        )

    @property
    def retry_policy(self) -> RetryPolicy:
        """How often notices are tried."""
        settings = self.settings.notifications
        return RetryPolicy(
            max_attempts=settings.max_attempts, first_pause=timedelta(seconds=settings.first_retry_seconds)
        )

    @property
    def worker(self) -> str:
        """The name under which this process claims work."""
        return f"{socket.gethostname()}:{os.getpid()}"

    @cached_property
    def monday(self) -> "MondayClient":
        """The monday.com client.

        Raises
        ------
        ConfigurationError
            No token is set.
        """
        from cms.monday.client import MondayClient

        return MondayClient.open(self.settings.monday, self._monday_token())

    def _monday_token(self) -> str:
        token = self.settings.secret("monday_token")
        if not token:
            raise ConfigurationError(("monday.com needs a token: set CMS_MONDAY_TOKEN",))
        return token

    @property
    def retention_policy(self) -> RetentionPolicy:
        """How long orders and their history stay in the warehouse."""
        return RetentionPolicy(years=self.settings.retention.years)

    @cached_property
    def archive(self) -> "WarehouseArchive":
        """Where old rows go."""
        from cms.warehouse.archive import WarehouseArchive

        return WarehouseArchive(engine=self.warehouse.engine, folder=self.settings.retention.archive)

    @cached_property
    def archive_reader(self) -> "ArchiveReader":
        """What became of them."""
        from cms.warehouse.archive_reading import ArchiveReader

        return ArchiveReader(engine=self.warehouse.engine, folder=self.settings.retention.archive)

    def status(self) -> SystemStatus:
        """What waits, what failed, what is published."""
        warehouse = self.warehouse
        return system_status(
            inbox=warehouse.inbox,
            outbox=warehouse.outbox,
            schedules=warehouse.schedules,
            syncs=warehouse.loads,
            now=self.clock.now(),
        )

    def vanished_workers(self) -> list[str]:
        """Workers that hold events and cannot be alive: processes of this machine that are gone, or bear our number."""
        host = socket.gethostname()
        names = (name.rpartition(":") for name in self.warehouse.inbox.holders())
        return [f"{of}:{pid}" for of, _, pid in names if of == host and pid.isdigit() and not _is_other(int(pid))]

    @cached_property
    def event_work(self) -> EventWork:
        """Processing of the inbox, for one worker: impatient with sources, since the inbox tries again."""
        return EventWork(
            inbox=self.warehouse.inbox,
            source=cache(self.subject_source),
            loader=replace(self.loader, gate=self._direct_gate),
            planner=replace(
                self.planner,
                orders=RememberedOrders(book=self.warehouse.orders),
                schedules=RememberedSchedules(store=self.warehouse.schedules),
                memory=PlanMemory(),
            ),
            policy=EVENT_RETRIES,
            worker=self.worker,
        )

    def subject_source(self, name: str) -> SubjectSource:
        """A source that can be asked for single items.

        Raises
        ------
        NotFoundError
            The settings have no such source, or it has no single items to ask for.
        """
        match self.settings.sources.get(name):
            case MondaySourceSettings() as settings:
                from cms.monday.subject_source import MondaySubjectSource

                return MondaySubjectSource(name, settings, self._monday_for_events)
            case RestSourceSettings() as settings:
                from cms.order_sources.rest_subjects import RestSubjectSource

                return RestSubjectSource.open(name, settings, self.environment)
        raise NotFoundError("source of events named", name, "events need a monday or REST source in cms.toml")

    @cached_property
    def _monday_for_events(self) -> "MondayClient":
        from cms.monday.subject_source import client_for_events

        return client_for_events(self.settings.monday, self._monday_token())

    def source_names(self, dataset: str) -> list[str]:
        """Names of the sources of ``customers`` or ``orders``, by precedence."""
        sources = self.settings.sources
        named = (name for name, source in sources.items() if source.dataset == dataset)
        return sorted(named, key=lambda name: (sources[name].precedence, name))

    def customer_source(self, name: str) -> CustomerSource:
        """A source of customers.

        Raises
        ------
        NotFoundError
        """
        settings = self._source_settings(name, "customers")
        if isinstance(settings, MondaySourceSettings):
            from cms.monday.customer_source import MondayCustomerSource

            known = self.warehouse.loads.known_ids
            return MondayCustomerSource(name, settings, self.monday, lambda: known(Dataset.CUSTOMERS, name))
        from cms.order_sources import open_customer_source

        return open_customer_source(name, settings, self.environment)

    def order_source(self, name: str) -> OrderSource:
        """A source of orders.

        Raises
        ------
        NotFoundError
        """
        settings = self._source_settings(name, "orders")
        if isinstance(settings, MondaySourceSettings):
            from cms.monday.order_source import MondayOrderSource

            known = self.warehouse.loads.known_ids
            return MondayOrderSource(name, settings, self.monday, lambda: known(Dataset.ORDERS, name))
        from cms.order_sources import open_order_source

        return open_order_source(name, settings, self.environment)

    def delivery_source(self, path: Path, name: str | None = None) -> "DeliverySource":
        """The schedule of another system, in a file.

        Parameters
        ----------
        name : str, optional
            The source of ``deliveries`` whose mapping reads the file; None: the only one that there is, and where there
            is none columns with the names of our fields.

        Raises
        ------
        NotFoundError
            There is no such source, or there are several and none is named.
        """
        from cms.order_sources import open_delivery_source

        known = self.source_names("deliveries")
        if name is None and len(known) > 1:
            raise NotFoundError("single source of", "deliveries", f"name one with --source: {', '.join(known)}")
        if name is None and not known:
            return open_delivery_source("legacy", _plain_deliveries(path), self.environment)
        chosen = name or known[0]
        self._source_settings(chosen, "deliveries")
        settings = self.reading_file(chosen, path).settings.sources[chosen]
        return open_delivery_source(chosen, settings, self.environment)

    def reading_file(self, source: str, path: Path) -> "System":
        """The same system, but a source of files reads another file.

        Raises
        ------
        NotFoundError
            There is no source of that name that reads a file.
        """
        settings = self.settings.sources.get(source)
        if settings is None or settings.kind != "file":
            files = sorted(name for name, one in self.settings.sources.items() if one.kind == "file")
            raise NotFoundError("source of files named", source, f"there are: {', '.join(files) or 'none'}")
        sources = self.settings.sources | {source: settings.model_copy(update={"path": path, "format": None})}
        return replace(self, settings=self.settings.model_copy(update={"sources": sources}))

    @staticmethod
    def plant_from(path: Path) -> Plant:
        """The plant that a file describes.

        Raises
        ------
        ConfigurationError
        SourceError
        """
        from cms.order_sources.plant_file import read_plant

        return read_plant(path)

    def close(self) -> None:
        """Let go of the warehouse's connections."""
        if "warehouse" in self.__dict__:
            self.warehouse.close()

    def _source_settings(self, name: str, dataset: str) -> SourceSettings:
        settings = self.settings.sources.get(name)
        if settings is None or settings.dataset != dataset:
            known = ", ".join(self.source_names(dataset)) or "none is set up"
            raise NotFoundError(f"source of {dataset} named", name, f"in cms.toml there are: {known}")
        return settings


@contextmanager
def open_system(config: Path | None = None, *, environment: Mapping[str, str] | None = None) -> Iterator[System]:
    """The system of a settings file, closed at the end.

    Parameters
    ----------
    environment : mapping of str to str, optional
        Overrides and secrets; the process's environment where not given.

    Raises
    ------
    ConfigurationError
    """
    variables = dict(os.environ) if environment is None else environment
    system = System(settings=read_settings(config, variables), environment=variables)
    try:
        yield system
    finally:
        system.close()


def generated_company(
    *, as_of: date, customers: int, orders_per_month: int, history_months: int, target_load: float, seed: int
) -> "Company":
    """The company of the sandbox: seeded, for training and for trials without data of one's own.

    Raises
    ------
    InvalidValueError
    """
    from cms.sandbox import CompanyOptions, generate_company

    options = CompanyOptions(
        as_of=as_of,
        customers=customers,
        orders_per_month=orders_per_month,
        history_months=history_months,
        target_load=target_load,
        seed=seed,
    )
    return generate_company(options)


def _plain_deliveries(path: Path) -> SourceSettings:
    optional = {name: {"column": name, "optional": True} for name in ("customer_id", "quantity")}
    fields = {"order_id": "order_id", "delivery_date": "delivery_date", **optional}
    return FileSourceSettings.model_validate({"kind": "file", "dataset": "deliveries", "path": path, "fields": fields})


def _is_other(pid: int) -> bool:
    """Whether another process of that number is alive: it may be a worker at work."""
    if pid == os.getpid():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
