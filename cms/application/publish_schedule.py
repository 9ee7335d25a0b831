"""Publication: the referee looks first, then version, dates, capacity, history and notices change together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial

from cms.application.board_writes import BoardItems, NoBoards, board_notices
from cms.application.notices import delivery_notices
from cms.application.planning_facts import PlanningFacts
from cms.application.ports import DeliveryNotice, ScheduleStore
from cms.domain.errors import ScheduleViolationError
from cms.domain.orders import OrderId
from cms.domain.schedule import (
    ChangeType,
    MasterSchedule,
    ScheduleChange,
    ScheduledDelivery,
    UnscheduledOrder,
    schedule_changes,
)
from cms.scheduling.feasibility import find_violations
from cms.scheduling.problem import SchedulingProblem
from cms.scheduling.result import SchedulingResult

NO_BOARDS = NoBoards()


@dataclass(frozen=True, kw_only=True, slots=True)
class Publication:
    """What was published: its version, and what it changed.

    Parameters
    ----------
    version : int
        The published version; the earlier one where nothing changed.
    notices : int
        Notices that were queued with it.
    """

    version: int
    changes: tuple[ScheduleChange, ...]
    notices: int


def publish_schedule(
    schedule: MasterSchedule,
    *,
    facts: PlanningFacts,
    schedules: ScheduleStore,
    reason_code: str,
    actor: str,
    phase: str,
    planner_recipient: str,
    now: datetime,
    changed_orders: frozenset[OrderId] | None = None,
    boards: BoardItems = NO_BOARDS,
    detail: str = "",
    alerts: Sequence[DeliveryNotice] = (),
    told: MasterSchedule | None = None,
) -> Publication:
    """Put a schedule in force, with one history line and at most one notice for each order that it changes.

    Parameters
    ----------
    changed_orders : frozenset of OrderId, optional
        The only orders that differ from the replaced schedule in anything; None: every order may.
    boards : BoardItems
        Boards that take the schedule: what changes for their orders is queued to be written there.
    detail : str
        What the history says beside the reason.
    alerts : sequence of DeliveryNotice
        Queued together with the publication.
    told : MasterSchedule, optional
        The schedule in force before the one that is replaced. Where the notices of the replaced one have not gone out,
        they are taken back, and people are told what differs from this one.

    Raises
    ------
    StaleScheduleError
        Somebody else published meanwhile.
    """
    replaced = facts.published
    schedule = _at_plant_hours(schedule, facts)
    changes = schedule_changes(
        _only(replaced.deliveries if replaced else (), changed_orders),
        _only(schedule.deliveries, changed_orders),
        reason_code=reason_code,
        finished_orders=_finished(replaced, facts),
    )
    changes = [replace(change, detail=detail) for change in changes] if detail else changes
    replaces = replaced.version if replaced else 0
    orders = {order.order_id: order for order in facts.orders}
    notices_of = partial(
        delivery_notices,
        schedule=schedule,
        orders=orders,
        customers=facts.customers,
        replaces=replaces,
        phase=phase,
        planner_recipient=planner_recipient,
    )
    notices = notices_of(changes)
    writes = board_notices(
        _to_write(changes, schedule, replaced, changed_orders),
        boards,
        orders=orders,
        customers=facts.customers,
        replaces=replaces,
        phase=phase,
    )
    version = schedules.publish(
        schedule,
        changes=changes,
        notices=[*notices, *writes, *alerts],
        replaces=replaces,
        reason_code=reason_code,
        actor=actor,
        now=now,
        changed_orders=changed_orders,
        instead=None if told is None else _group(notices_of(_changes_since(told, schedule, facts, reason_code))),
    )
    return Publication(version=version, changes=tuple(changes), notices=len(notices))


def _at_plant_hours(schedule: MasterSchedule, facts: PlanningFacts) -> MasterSchedule:
    """The schedule with the hours that the plant has each day: a plan sees them less what quotes hold."""
    if not facts.reservations:
        return schedule
    calendar = facts.plant.calendar()
    days = []
    for day in schedule.resource_days:
        (bucket,) = calendar.buckets(day.resource_id, [day.bucket_date])
        days.append(replace(day, regular_hours=bucket.regular_hours, available_overtime_hours=bucket.overtime_hours))
    return replace(schedule, resource_days=tuple(days))


def _changes_since(
    earlier: MasterSchedule, schedule: MasterSchedule, facts: PlanningFacts, reason_code: str
) -> list[ScheduleChange]:
    finished = _finished(earlier, facts)
    return schedule_changes(earlier.deliveries, schedule.deliveries, reason_code=reason_code, finished_orders=finished)


def _group(notices: Iterable[DeliveryNotice]) -> dict[OrderId, list[DeliveryNotice]]:
    grouped: dict[OrderId, list[DeliveryNotice]] = {}
    for notice in notices:
        if notice.order_id is not None:
            grouped.setdefault(notice.order_id, []).append(notice)
    return grouped


def _only(
    deliveries: Iterable[ScheduledDelivery], changed_orders: frozenset[OrderId] | None
) -> Iterable[ScheduledDelivery]:
    return deliveries if changed_orders is None else [d for d in deliveries if d.order_id in changed_orders]


def _to_write(
    changes: Iterable[ScheduleChange],
    schedule: MasterSchedule,
    replaced: MasterSchedule | None,
    changed_orders: frozenset[OrderId] | None,
) -> frozenset[OrderId]:
    """Orders whose boards say something else now: moved, newly left out, or late where they were not."""
    left_out = {entry.order_id for entry in schedule.unscheduled}
    before = {entry.order_id for entry in replaced.unscheduled} if replaced else set()
    moved = {change.order_id for change in changes if change.change_type is not ChangeType.REMOVED}
    return frozenset(moved | (left_out - before) | (changed_orders or frozenset()))


def refereed(
    problem: SchedulingProblem,
    result: SchedulingResult,
    *,
    left_out: Sequence[UnscheduledOrder],
    fingerprint: str,
    now: datetime,
) -> MasterSchedule:
    """The schedule of a result, once the referee has found no violation in it.

    Raises
    ------
    ScheduleViolationError
        With every broken rule; such a schedule cannot be published.
    """
    require_no_violation(problem, result)
    return master_schedule(result, as_of=problem.horizon.as_of, left_out=left_out, fingerprint=fingerprint, now=now)


def require_no_violation(problem: SchedulingProblem, result: SchedulingResult) -> None:
    """Have the referee look.

    Raises
    ------
    ScheduleViolationError
        With every broken rule; such a schedule cannot be published.
    """
    violations = find_violations(problem, result)
    if violations:
        raise ScheduleViolationError(tuple(str(violation) for violation in violations))


def master_schedule(
    result: SchedulingResult, *, as_of: date, left_out: Iterable[UnscheduledOrder], fingerprint: str, now: datetime
) -> MasterSchedule:
    """The schedule of a result that the referee has looked at, as it is published."""
    return MasterSchedule(
        version=0,
        as_of=as_of,
        created_at=now,
        status=result.status.value,
        deliveries=result.deliveries,
        loads=result.loads,
        unscheduled=_by_order([*result.unscheduled, *left_out]),
        resource_days=result.resource_days,
        tiers=result.tiers,
        fingerprint=fingerprint,
    )


def _by_order(unscheduled: Iterable[UnscheduledOrder]) -> tuple[UnscheduledOrder, ...]:
    return tuple(sorted(unscheduled, key=lambda u: (u.order_id, u.reason)))


def _finished(replaced: MasterSchedule | None, facts: PlanningFacts) -> frozenset[OrderId]:
    if replaced is None:
        return frozenset()
    return frozenset(d.order_id for d in replaced.deliveries) - frozenset(order.order_id for order in facts.orders)
