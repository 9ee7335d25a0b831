"""Fakes of the ports, for tests of use cases: they keep what they are given, in memory."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from cms.application.ports import (
    Dataset,
    DeliveryNotice,
    GateVerdict,
    MergeCounts,
    OutboxEntry,
    Plant,
    Progress,
    Reservation,
    RowFailure,
    SourceBatch,
    SourceRow,
    StagedLoad,
    no_progress,
)
from cms.domain.customers import Customer, CustomerId
from cms.domain.errors import LoadRefusedError, NotFoundError, NotificationError, StaleScheduleError
from cms.domain.orders import Order, OrderId
from cms.domain.schedule import MasterSchedule, ScheduleChange, ScheduledDelivery
from tests.builders import NOON, a_plant


@dataclass
class FakeClock:
    """A clock that stands until it is moved."""

    instant: datetime = NOON

    def now(self) -> datetime:
        return self.instant

    def advance(self, **parts: float) -> None:
        self.instant += timedelta(**parts)


@dataclass
class FakeOrderBook:
    known: dict[OrderId, Order] = field(default_factory=dict)
    people: dict[CustomerId, Customer] = field(default_factory=dict)

    def customers(self, customer_ids: Iterable[CustomerId] | None = None) -> dict[CustomerId, Customer]:
        return self.people if customer_ids is None else {i: self.people[i] for i in customer_ids}

    def plannable_orders(self) -> list[Order]:
        return [order for _, order in sorted(self.known.items()) if order.is_plannable]

    def order(self, order_id: OrderId) -> Order:
        if order_id not in self.known:
            raise NotFoundError("order", order_id)
        return self.known[order_id]

    def orders_between(self, start: Any, end: Any) -> list[Order]:
        return [order for order in self.known.values() if start <= order.ordered_at.date() < end]


@dataclass
class FakePlantStore:
    kept: Plant = field(default_factory=a_plant)

    def plant(self) -> Plant:
        return self.kept

    def save_plant(self, plant: Plant, *, now: datetime, actor: str) -> MergeCounts:
        self.kept = plant
        return MergeCounts(updated=1)

    def add_exceptions(self, exceptions: Any, *, now: datetime, actor: str) -> None:
        self.kept = replace(self.kept, exceptions=(*self.kept.exceptions, *exceptions))


@dataclass
class FakeScheduleStore:
    current: MasterSchedule | None = None
    changes: list[ScheduleChange] = field(default_factory=list)
    notices: list[DeliveryNotice] = field(default_factory=list)
    held: list[Reservation] = field(default_factory=list)
    publications: int = 0

    def published(self) -> MasterSchedule | None:
        return self.current

    def published_version(self) -> int:
        return self.current.version if self.current else 0

    def version(self, version: int) -> MasterSchedule:
        if self.current is None or self.current.version != version:
            raise NotFoundError("schedule version", str(version))
        return self.current

    def versions(self, limit: int = 50) -> list[Any]:
        return []

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
        found = self.current.version if self.current else 0
        if found != replaces:
            raise StaleScheduleError(replaces, found)
        self.current = replace(schedule, version=found + 1)
        self.changes += changes
        self.notices += notices
        self.publications += 1
        return found + 1

    def reservations(self, now: datetime) -> list[Reservation]:
        return self.held

    def history(self, order_id: OrderId) -> list[Mapping[str, Any]]:
        return []

    def order_delivery(self, order_id: OrderId) -> tuple[ScheduledDelivery, ...]:
        return self.current.deliveries_by_order().get(order_id, ()) if self.current else ()


@dataclass
class FakeSource:
    """A source of customers or orders that answers with what it was built with."""

    name: str = "erp"
    rows: Sequence[SourceRow] = ()
    windows: Sequence[SourceRow] = ()
    complete: bool = False
    removed: frozenset[str] = frozenset()
    next_watermark: str | None = "w2"
    asked_since: list[str | None] = field(default_factory=list)

    def read(self, *, watermark: str | None, progress: Progress = no_progress) -> SourceBatch:
        self.asked_since.append(watermark)
        return SourceBatch(
            source=self.name,
            rows=iter(self.rows),
            windows=lambda: iter(self.windows),
            complete=lambda: self.complete,
            removed_ids=lambda: self.removed,
            watermark=lambda: self.next_watermark,
        )


@dataclass
class FakeLoadStore:
    """Stages and merges in memory; `merged` keeps what each merge was told."""

    watermarks: dict[tuple[Dataset, str], str] = field(default_factory=dict)
    staged: list[tuple[Dataset, list[SourceRow]]] = field(default_factory=list)
    merged: list[dict[str, Any]] = field(default_factory=list)

    def stage(
        self,
        dataset: Dataset,
        rows: Iterable[SourceRow],
        *,
        source: str,
        now: datetime,
        progress: Progress = no_progress,
    ) -> StagedLoad:
        self.staged.append((dataset, list(rows)))
        return StagedLoad(
            load_id=f"L{len(self.staged)}",
            dataset=dataset,
            source=source,
            row_count=len(self.staged[-1][1]),
            staged_at=now,
        )

    def merge(self, load: StagedLoad, verdict: GateVerdict, *, now: datetime, **options: Any) -> MergeCounts:
        if verdict.is_refused:
            raise LoadRefusedError(load.dataset.value, load.load_id, verdict.refusals)
        self.merged.append({"dataset": load.dataset} | options)
        if options.get("watermark"):
            self.watermarks[load.dataset, load.source] = options["watermark"]
        held_back = len({failure.row_number for failure in verdict.row_failures})
        return MergeCounts(inserted=load.row_count - held_back, quarantined=held_back)

    def watermark(self, dataset: Dataset, source: str) -> str | None:
        return self.watermarks.get((dataset, source))


@dataclass
class FakeGate:
    """Passes everything, or what it was told to find."""

    row_failures: tuple[RowFailure, ...] = ()
    refusals: tuple[str, ...] = ()

    def judge(self, load: StagedLoad, *, now: datetime, complete: bool = False) -> GateVerdict:
        return GateVerdict(load_id=load.load_id, outcomes=(), row_failures=self.row_failures, refusals=self.refusals)


@dataclass
class FakeOutbox:
    """Notices with their state; a claim lasts until it is marked."""

    waiting: dict[int, tuple[DeliveryNotice, int, datetime]] = field(default_factory=dict)
    sent: list[int] = field(default_factory=list)
    dead: list[int] = field(default_factory=list)
    withheld: dict[int, str] = field(default_factory=dict)

    def queue(self, notices: Iterable[DeliveryNotice], *, now: datetime) -> int:
        fresh = list(notices)
        for notice in fresh:
            self.waiting[len(self.waiting) + 1] = (notice, 0, now)
        return len(fresh)

    def claim_due(self, *, now: datetime, limit: int, worker: str, lease_seconds: int = 300) -> list[OutboxEntry]:
        due = [(i, n, a) for i, (n, a, due_at) in sorted(self.waiting.items()) if due_at <= now]
        return [OutboxEntry(outbox_id=i, notice=n, attempts=a, queued_at=now) for i, n, a in due[:limit]]

    def mark_sent(self, outbox_id: int, *, now: datetime) -> None:
        del self.waiting[outbox_id]
        self.sent.append(outbox_id)

    def mark_failed(self, outbox_id: int, *, error: str, retry_at: datetime | None, now: datetime) -> None:
        notice, attempts, _ = self.waiting.pop(outbox_id)
        if retry_at is None:
            self.dead.append(outbox_id)
        else:
            self.waiting[outbox_id] = (notice, attempts + 1, retry_at)

    def mark_withheld(self, outbox_id: int, *, reason: str) -> None:
        del self.waiting[outbox_id]
        self.withheld[outbox_id] = reason

    def counts(self) -> Mapping[str, int]:
        ends = {"sent": len(self.sent), "dead": len(self.dead), "withheld": len(self.withheld)}
        return {"queued": len(self.waiting)} | ends


@dataclass
class FakeNotifier:
    """Sends nothing; fails as often as it was told to."""

    failures: list[NotificationError] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)

    def send(self, entry: OutboxEntry) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append(entry.notice.deduplication_key)
