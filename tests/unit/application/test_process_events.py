"""Events from the inbox: read again, gated, merged, scheduled; done only after their effects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from cms.application.gated_load import GatedLoader
from cms.application.inbox import InboxEvent
from cms.application.notify import RetryPolicy
from cms.application.plan_schedule import Planner, plan_schedule
from cms.application.ports import (
    Dataset,
    GateVerdict,
    MergeCounts,
    SourceBatch,
    SourceRow,
    StagedLoad,
)
from cms.application.process_events import EventReport, EventWork, process_events
from cms.domain.errors import CmsError, NotFoundError, SourceError, StaleScheduleError
from cms.domain.orders import Order, OrderId
from cms.domain.schedule import MasterSchedule
from tests.builders import MONDAY, NOON, an_order
from tests.fakes import FakeClock, FakeGate, FakeLoadStore, FakeOrderBook, FakeScheduleStore
from tests.unit.application.test_plan_schedule import a_planner


@dataclass
class FakeInbox:
    """Waiting events with the instant at which they are due; a claim lasts until it is marked."""

    waiting: dict[int, tuple[InboxEvent, datetime]] = field(default_factory=dict)
    done: list[int] = field(default_factory=list)
    dead: list[int] = field(default_factory=list)

    def add(self, subject: str | None, *, source: str = "erp", attempts: int = 0) -> None:
        number = len(self.waiting) + len(self.done) + len(self.dead) + 1
        event = InboxEvent(
            event_id=number, deduplication_key=str(number), source=source, kind="order.updated", subject_id=subject,
            payload={}, received_at=NOON, attempts=attempts,
        )  # fmt: skip
        self.waiting[number] = (event, NOON)

    def claim(self, *, now: datetime, limit: int, worker: str, lease_seconds: int = 60) -> list[InboxEvent]:
        return [event for event, due_at in self.waiting.values() if due_at <= now][:limit]

    def mark_all_done(self, event_ids: Sequence[int], *, now: datetime) -> None:
        for event_id in event_ids:
            del self.waiting[event_id]
            self.done.append(event_id)

    def mark_failed(self, event_id: int, *, error: str, retry_at: datetime | None) -> None:
        event, _ = self.waiting.pop(event_id)
        if retry_at is None:
            self.dead.append(event_id)
        else:
            failed = replace(event, attempts=event.attempts + 1, error=error)
            self.waiting[event_id] = (failed, retry_at)


@dataclass
class FakeSubjects:
    """A source of orders that answers with what it was built with; a subject that is an error is raised."""

    orders: dict[str, Order | CmsError | None] = field(default_factory=dict)
    name: str = "erp"
    dataset: Dataset = Dataset.ORDERS
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def read_subjects(self, subject_ids: Sequence[str]) -> SourceBatch:
        self.asked.append(tuple(subject_ids))
        found = [self.orders[subject] for subject in subject_ids]
        for entry in found:
            if isinstance(entry, CmsError):
                raise entry
        rows = [a_row(entry) for entry in found if isinstance(entry, Order)]
        gone = frozenset(subject for subject in subject_ids if self.orders[subject] is None)
        return SourceBatch(source=self.name, rows=rows, removed_ids=lambda: gone)


def a_row(order: Order) -> SourceRow:
    values: Mapping[str, Any] = {"order_id": order.order_id, "order": order}
    return SourceRow(values=values, raw=values)


@dataclass
class LoadsIntoTheBook(FakeLoadStore):
    """Merges into the order book of the planner, as the warehouse does."""

    book: FakeOrderBook = field(default_factory=FakeOrderBook)

    def merge(self, load: StagedLoad, verdict: GateVerdict, *, now: datetime, **options: Any) -> MergeCounts:
        counts = super().merge(load, verdict, now=now, **options)
        for row in self.staged[-1][1]:
            order = row.values["order"]
            assert isinstance(order, Order)
            self.book.known[order.order_id] = order
        for order_id in options["removed_ids"]:
            del self.book.known[OrderId(order_id)]
        return counts


@dataclass
class World:
    planner: Planner
    subjects: FakeSubjects
    inbox: FakeInbox = field(default_factory=FakeInbox)
    clock: FakeClock = field(default_factory=FakeClock)
    gate: FakeGate = field(default_factory=FakeGate)

    @property
    def schedules(self) -> FakeScheduleStore:
        assert isinstance(self.planner.schedules, FakeScheduleStore)
        return self.planner.schedules

    def process(self, *, limit: int = 200) -> EventReport:
        assert isinstance(self.planner.orders, FakeOrderBook)
        loads = LoadsIntoTheBook(book=self.planner.orders)
        work = EventWork(
            inbox=self.inbox,
            source=self._source,
            loader=GatedLoader(loads=loads, gate=self.gate, clock=self.clock),
            planner=self.planner,
            policy=RetryPolicy(max_attempts=3, first_pause=timedelta(seconds=10)),
            worker="test",
        )
        return process_events(work, limit=limit)

    def _source(self, name: str) -> FakeSubjects:
        if name != self.subjects.name:
            raise NotFoundError("source of events named", name)
        return self.subjects


def a_world(*orders: Order, **subjects: Order | CmsError | None) -> World:
    planner = a_planner(*orders)
    plan_schedule(planner, as_of=MONDAY, actor="test")
    return World(planner=planner, subjects=FakeSubjects(orders=dict(subjects)))


def test_nothing_waits_and_nothing_happens() -> None:
    assert a_world(an_order("O1")).process() == EventReport()


def test_an_event_brings_its_order_onto_the_schedule_with_its_notice() -> None:
    world = a_world(an_order("O1"), O2=an_order("O2"))
    world.inbox.add("O2")

    report = world.process()

    assert (report.claimed, report.done, world.inbox.done) == (1, 1, [1])
    assert world.schedules.order_delivery(OrderId("O2"))
    assert [notice.order_id for notice in world.schedules.notices] == ["O1", "O2"]


def test_many_events_about_a_few_orders_read_each_once_and_publish_once() -> None:
    world = a_world(an_order("O1"), O2=an_order("O2"), O3=an_order("O3"))
    for subject in ("O2", "O3", "O2", "O2"):
        world.inbox.add(subject)

    report = world.process()

    assert world.subjects.asked == [("O2", "O3")]
    assert (report.done, world.schedules.publications) == (4, 2)


def test_an_event_that_is_processed_again_after_a_crash_changes_nothing() -> None:
    world = a_world(an_order("O1"), O2=an_order("O2"))
    world.inbox.add("O2")
    world.process()
    world.inbox.add("O2")

    report = world.process()

    assert (report.done, report.publication, world.schedules.publications) == (1, None, 2)


def test_an_order_that_left_its_source_frees_its_place() -> None:
    world = a_world(an_order("O1"), an_order("O2"), O2=None)
    world.inbox.add("O2")

    world.process()

    assert world.schedules.order_delivery(OrderId("O2")) == ()


def test_a_source_that_is_away_delays_its_events_with_growing_pauses_until_they_are_given_up() -> None:
    world = a_world(an_order("O1"), O2=SourceError("it is away"))
    world.inbox.add("O2")

    first = world.process()
    too_early = world.process()
    world.clock.advance(seconds=10)
    second = world.process()
    world.clock.advance(seconds=20)
    third = world.process()

    assert [(r.claimed, r.retried, r.dead) for r in (first, too_early, second, third)] == [
        (1, 1, 0), (0, 0, 0), (1, 1, 0), (1, 0, 1),
    ]  # fmt: skip
    assert world.inbox.dead == [1]
    assert "it is away; given up" in third.errors[0]


def test_an_event_that_failed_before_holds_nobody_up() -> None:
    world = a_world(an_order("O1"), O2=SourceError("a poisoned order"), O3=an_order("O3"))
    world.inbox.add("O2")
    world.inbox.add("O3")

    together = world.process()
    world.clock.advance(seconds=10)
    apart = world.process()

    assert (together.done, together.retried) == (0, 2)
    assert (apart.done, apart.retried) == (1, 1)
    assert world.subjects.asked[1:] == [("O2",), ("O3",)]


def test_a_refused_load_and_an_unknown_source_are_failures_of_their_events_alone() -> None:
    world = a_world(an_order("O1"), O2=an_order("O2"))
    world.inbox.add("O2")
    world.inbox.add("X", source="nobody")
    world.inbox.add(None)

    report = world.process()
    world.gate.refusals = ("too many bad rows",)
    world.inbox.add("O2")
    refused = world.process()

    assert (report.done, report.retried) == (1, 2)
    assert "no source of events named 'nobody'" in report.errors[0]
    assert "too many bad rows" in refused.errors[0]


@dataclass
class Contested(FakeScheduleStore):
    """Somebody else publishes first, so many times."""

    contests: int = 0

    def publish(self, schedule: MasterSchedule, *, replaces: int, **options: Any) -> int:
        if self.contests:
            self.contests -= 1
            raise StaleScheduleError(replaces, replaces + 1)
        return super().publish(schedule, replaces=replaces, **options)


def test_a_schedule_that_somebody_else_replaced_is_tried_again_at_once() -> None:
    world = a_world(an_order("O1"), O2=an_order("O2"))
    contested = Contested(current=world.schedules.current, contests=2)
    world.planner = replace(world.planner, schedules=contested)
    world.inbox.add("O2")

    report = world.process()

    assert (report.done, contested.publications) == (1, 1)


def test_where_others_never_stop_publishing_the_events_wait() -> None:
    world = a_world(an_order("O1"), O2=an_order("O2"))
    world.planner = replace(world.planner, schedules=Contested(current=world.schedules.current, contests=99))
    world.inbox.add("O2")

    report = world.process()

    assert (report.done, report.retried, world.inbox.done) == (0, 1, [])


def test_only_so_many_events_are_taken_at_once() -> None:
    world = a_world(an_order("O1"), O2=an_order("O2"))
    for _ in range(3):
        world.inbox.add("O2")

    assert [world.process(limit=2).done for _ in range(3)] == [2, 1, 0]
