"""Days of work in a warehouse, one after the other, that can be killed at any instant and simply done again."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from time import monotonic

from cms.application.gated_load import GatedLoader
from cms.application.notify import RetryPolicy, send_notices
from cms.application.plan_schedule import Planner, plan_schedule
from cms.application.planning_facts import PlanningRules
from cms.application.ports import GateVerdict, OutboxEntry, Progress, SourceBatch, SourceRow, StagedLoad, no_progress
from cms.application.retain import RetentionPolicy, retain
from cms.application.rollout import FixedRollout, RolloutReach
from cms.application.sync_customers import sync_customers
from cms.application.sync_orders import sync_orders
from cms.config import GateSettings
from cms.scheduling.result import Method
from cms.warehouse.archive import WarehouseArchive
from cms.warehouse.tables import metadata
from cms.warehouse.warehouse import Warehouse
from expectations.gate import Gate
from tests.builders import MONDAY, a_plant
from tests.fakes import FakeClock

CUSTOMERS = 6
ORDERS_A_DAY = 8
DAYS_TO_DELIVERY = 9
DAYS_TO_KEEP = 12


def expected_orders(day: int) -> dict[str, tuple[Decimal, bool]]:
    """Quantity of every order, and whether it is delivered, once the work of `day` is done."""
    return {
        f"O{of_day:03d}-{number}": (quantity_on(of_day, number, day), day - of_day >= DAYS_TO_DELIVERY)
        for of_day in range(day + 1)
        for number in range(ORDERS_A_DAY)
    }


def quantity_on(of_day: int, number: int, day: int) -> Decimal:
    """A third of the orders change their quantity a day after they came."""
    return Decimal(10 + number + (5 if number % 3 == 0 and day > of_day else 0))


@dataclass(frozen=True, kw_only=True)
class Source:
    """The customers and orders of a day; quantities and deliveries move on from day to day."""

    day: int
    name: str = "erp"

    def read(self, *, watermark: str | None, progress: Progress = no_progress) -> SourceBatch:
        return SourceBatch(source=self.name, rows=self._orders(), watermark=lambda: str(self.day))

    def _orders(self) -> Iterator[SourceRow]:
        for order_id, (quantity, delivered) in expected_orders(self.day).items():
            of_day = int(order_id[1:4])
            if self.day - of_day > DAYS_TO_DELIVERY + 1:
                continue
            ordered = instant(of_day)
            values = {
                "order_id": order_id,
                "source_order_id": order_id,
                "customer_id": f"C{int(order_id[-1]) % CUSTOMERS}",
                "product_family": "standard",
                "quantity": quantity,
                "ordered_at": ordered,
                "requested_date": ordered.date() + timedelta(days=7),
                "status": "delivered" if delivered else "open",
                "delivered_at": instant(of_day + DAYS_TO_DELIVERY) if delivered else None,
                "source_updated_at": instant(self.day),
            }
            yield SourceRow(values=values, raw={"order": order_id})


@dataclass(frozen=True, kw_only=True)
class CustomerSource:
    """The customers, half of them with windows that move once a week."""

    day: int
    name: str = "board"

    def read(self, *, watermark: str | None, progress: Progress = no_progress) -> SourceBatch:
        return SourceBatch(
            source=self.name, rows=self._customers(), windows=self._windows, watermark=lambda: str(self.day)
        )

    def _customers(self) -> Iterator[SourceRow]:
        for number in range(CUSTOMERS):
            values = {
                "customer_id": f"C{number}",
                "source_item_id": f"item-{number}",
                "name": f"Customer {number}",
                "contact_email": f"c{number}@example.org",
                "transit_days": self.day // 10 % 2,
                "source_updated_at": instant(self.day),
            }
            yield SourceRow(values=values, raw={"customer": number})

    def _windows(self) -> Iterator[SourceRow]:
        for number in range(0, CUSTOMERS, 2):
            for weekday in (0, 2, 4):
                values = {
                    "customer_id": f"C{number}",
                    "weekday": weekday,
                    "window_start": time(8),
                    "window_end": time(17),
                    "source_updated_at": instant(self.day),
                }
                yield SourceRow(values=values, raw={"window": weekday})


@dataclass(frozen=True, kw_only=True)
class FileNotifier:
    """Writes the key of every notice that goes out, so that it survives the sender."""

    path: Path

    def send(self, entry: OutboxEntry) -> None:
        line = f"{entry.notice.deduplication_key}\n".encode()
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(descriptor, line)
        os.close(descriptor)


@dataclass(frozen=True, kw_only=True)
class DaysToKeep(RetentionPolicy):
    """Years in days: what a source has stopped to send is old some days later."""

    def cutoff(self, as_of: date) -> date:
        return as_of - timedelta(days=DAYS_TO_KEEP)


def archive_beside(sent: Path) -> Path:
    """The archive of the days of work."""
    return sent.with_name("archive")


@dataclass(frozen=True, kw_only=True)
class GateAtWork:
    """The real gate; tells when it begins and when the merge does."""

    gate: Gate
    marks: "Marks"

    def judge(self, load: StagedLoad, *, now: datetime, complete: bool = False) -> GateVerdict:
        self.marks.begin("gate")
        verdict = self.gate.judge(load, now=now, complete=complete)
        self.marks.begin("merge")
        return verdict


@dataclass(frozen=True, kw_only=True)
class Marks:
    """Which phase of a day began when, in a file that survives the worker."""

    path: Path

    def begin(self, phase: str) -> None:
        line = f"{phase} {monotonic()}\n".encode()
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(descriptor, line)
        os.close(descriptor)

    def read(self) -> list[tuple[str, float]]:
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        return [(phase, float(at)) for phase, at in (line.split() for line in lines)]

    def forget(self) -> None:
        self.path.unlink(missing_ok=True)


PHASES = ("sync", "gate", "merge", "plan", "publish", "notify", "archive")


def marks_beside(sent: Path) -> Marks:
    """The marks of the day that is worked on."""
    return Marks(path=sent.with_name("marks"))


def data_docs_beside(sent: Path) -> Path:
    """What the gate keeps of its results."""
    return sent.with_name("data_docs")


def work_a_day(url: str, day: int, sent: Path, *, attempt: int) -> None:
    """Sync, plan, publish, notify, archive; a later attempt has a later clock: leases of the killed one must end."""
    warehouse, marks = Warehouse.open(url), marks_beside(sent)
    clock = FakeClock(instant(day) + timedelta(hours=attempt))
    gate = Gate(warehouse.snapshots, GateSettings(data_docs=data_docs_beside(sent)), metadata.tables)
    loader = GatedLoader(loads=warehouse.loads, gate=GateAtWork(gate=gate, marks=marks), clock=clock)
    marks.begin("sync")
    sync_customers(CustomerSource(day=day), loader)
    marks.begin("sync")
    sync_orders(Source(day=day), loader)
    marks.begin("plan")
    _plan(warehouse, day, clock, marks)
    marks.begin("notify")
    reach = RolloutReach(rollout=FixedRollout(), book=warehouse.orders)
    worker = f"worker-{os.getpid()}"
    send_notices(warehouse.outbox, FileNotifier(path=sent), clock, policy=RetryPolicy(), reach=reach, worker=worker)
    marks.begin("archive")
    archive = WarehouseArchive(engine=warehouse.engine, folder=archive_beside(sent))
    retain(archive, policy=DaysToKeep(), as_of=as_of(day), now=clock.now())
    marks.begin("done")
    warehouse.close()


def _plan(warehouse: Warehouse, day: int, clock: FakeClock, marks: Marks) -> None:
    planner = Planner(
        orders=warehouse.orders,
        plant=warehouse.plant,
        schedules=warehouse.schedules,
        clock=clock,
        rules=PlanningRules(planning_time_fence_days=2, horizon_days=21),
        method=Method.DISPATCH,
    )

    def note_publication(doing: str, _done: int, _of: int | None) -> None:
        if doing == "publishing the schedule":
            marks.begin("publish")

    plan_schedule(planner, as_of=as_of(day), actor="test", progress=note_publication)


def set_up(warehouse: Warehouse) -> None:
    """The plant."""
    warehouse.plant.save_plant(a_plant(), now=instant(0), actor="test")


def as_of(day: int) -> date:
    """The day that is planned."""
    return MONDAY + timedelta(days=day)


def instant(day: int) -> datetime:
    """Six in the morning of a day."""
    return datetime.combine(as_of(day), time(6), tzinfo=UTC)
