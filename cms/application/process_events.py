"""Events from the inbox: what each is about is read again, gated and merged; then the schedule follows, once for all.

An event is done only after its effects. Killed anywhere, the next worker does it again, and what was done already
changes nothing: a merge of unchanged rows writes nothing, and a schedule that fits is not published again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cms.application.gated_load import GatedLoader, LoadReport
from cms.application.inbox import Inbox, InboxEvent, SubjectSource
from cms.application.notify import RetryPolicy
from cms.application.plan_schedule import Planner
from cms.application.ports import Dataset, SourceBatch, SourceRow
from cms.application.publish_schedule import Publication
from cms.application.reschedule_orders import reschedule_orders
from cms.application.sync_customers import load_customers
from cms.application.sync_orders import load_orders
from cms.domain.errors import CmsError, NotFoundError, StaleScheduleError
from cms.domain.orders import OrderId

LEASE_SECONDS = 60
STALE_TRIES = 5


@dataclass(frozen=True, kw_only=True)
class EventWork:
    """What processing events needs of the world.

    Parameters
    ----------
    source : callable
        The source of a name, to read an event's subject again; raises `NotFoundError` where the settings have none.
    policy : RetryPolicy
        How often an event is tried, and the pauses between.
    worker : str
        Who claims; shown where an event hangs.
    """

    inbox: Inbox
    source: Callable[[str], SubjectSource]
    loader: GatedLoader
    planner: Planner
    policy: RetryPolicy
    worker: str


@dataclass(frozen=True, kw_only=True, slots=True)
class EventReport:
    """What a round of processing did.

    Parameters
    ----------
    claimed, done, retried, dead : int
        Events.
    publication : Publication, optional
        None: the schedule stayed as it was.
    errors : tuple of str
        One sentence for each event that failed.
    """

    claimed: int = 0
    done: int = 0
    retried: int = 0
    dead: int = 0
    loads: tuple[LoadReport, ...] = ()
    publication: Publication | None = None
    errors: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Loaded:
    """Events whose subjects are in the warehouse as their source has them now."""

    events: tuple[InboxEvent, ...]
    order_ids: frozenset[OrderId] = frozenset()
    reports: tuple[LoadReport, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Failed:
    events: tuple[InboxEvent, ...]
    error: CmsError


def process_events(work: EventWork, *, limit: int = 200) -> EventReport:
    """Process the events that are due, oldest first, at most `limit` of them.

    An event that failed before is loaded alone, so that it holds nobody else up.
    """
    clock = work.loader.clock
    events = work.inbox.claim(now=clock.now(), limit=limit, worker=work.worker, lease_seconds=LEASE_SECONDS)
    if not events:
        return EventReport()
    outcomes = [_load(work, group) for group in _groups(events)]
    loaded = [outcome for outcome in outcomes if isinstance(outcome, _Loaded)]
    failed = [outcome for outcome in outcomes if isinstance(outcome, _Failed)]
    publication = None
    if loaded:
        try:
            publication = reschedule(work, frozenset().union(*(group.order_ids for group in loaded)))
        except CmsError as error:
            failed += [_Failed(events=group.events, error=error) for group in loaded]
            loaded = []
    done = [event.event_id for group in loaded for event in group.events]
    if done:
        work.inbox.mark_all_done(done, now=clock.now())
    dead, errors = _give_back(work, failed, clock.now())
    return EventReport(
        claimed=len(events),
        done=len(done),
        retried=len(errors) - dead,
        dead=dead,
        loads=tuple(report for group in loaded for report in group.reports),
        publication=publication,
        errors=tuple(errors),
    )


def _groups(events: Sequence[InboxEvent]) -> list[tuple[InboxEvent, ...]]:
    """Events by source, in order of the first of each; those that failed before, or name nothing, one by one."""
    groups: dict[tuple[str, int], list[InboxEvent]] = {}
    for event in events:
        is_alone = event.attempts > 0 or event.subject_id is None
        groups.setdefault((event.source, event.event_id if is_alone else 0), []).append(event)
    return [tuple(group) for group in groups.values()]


def _load(work: EventWork, events: tuple[InboxEvent, ...]) -> _Loaded | _Failed:
    """Read the events' subjects again and merge what the source says of them now."""
    try:
        source = work.source(events[0].source)
        subjects = dict.fromkeys(event.subject_id for event in events if event.subject_id)
        if not subjects:
            raise NotFoundError("subject of the event", events[0].kind, "the event names no item or order")
        return _merged(work, source, events, source.read_subjects(tuple(subjects)))
    except CmsError as error:
        return _Failed(events=events, error=error)


def _merged(work: EventWork, source: SubjectSource, events: tuple[InboxEvent, ...], batch: SourceBatch) -> _Loaded:
    if source.dataset is not Dataset.ORDERS:
        return _Loaded(events=events, reports=load_customers(batch, work.loader))
    rows = tuple(batch.rows)
    report = load_orders(batch.of_rows(rows), work.loader)
    return _Loaded(events=events, order_ids=_order_ids(rows), reports=(report,))


def _order_ids(rows: Sequence[SourceRow]) -> frozenset[OrderId]:
    named = (row.values.get("order_id") for row in rows)
    return frozenset(OrderId(str(order_id)) for order_id in named if order_id is not None)


def reschedule(work: EventWork, order_ids: frozenset[OrderId] = frozenset()) -> Publication | None:
    """The schedule follows the order book; where somebody else published meanwhile, on what is published now.

    Orders that a sync brought in are placed as well, so that what no webhook told of waits a minute, not a day.

    Raises
    ------
    InfeasiblePlanError, ScheduleViolationError, StaleScheduleError
    """
    for attempt in range(1, STALE_TRIES + 1):
        try:
            return reschedule_orders(work.planner, order_ids, actor=work.worker).publication
        except StaleScheduleError:
            if attempt == STALE_TRIES:
                raise
    raise AssertionError("unreachable: the last attempt returns or raises")


def _give_back(work: EventWork, failed: Sequence[_Failed], now: datetime) -> tuple[int, list[str]]:
    """Let failed events wait for their next try, or give them up; how many were given up, and why each failed."""
    dead, errors = 0, []
    for group in failed:
        for event in group.events:
            retry_at = work.policy.retry_at(event.attempts + 1, now)
            work.inbox.mark_failed(event.event_id, error=str(group.error), retry_at=retry_at)
            dead += retry_at is None
            what_next = f"tried again at {retry_at:%Y-%m-%d %H:%M:%S}" if retry_at else "given up"
            errors.append(f"event {event.event_id} ({event.kind} of {event.subject_id}): {group.error}; {what_next}")
    return dead, errors
