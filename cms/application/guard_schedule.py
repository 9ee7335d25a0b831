"""After a publication: checks what is in force, and goes back to the last good version where something is wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cms.application.kpi_limits import KpiLimits, beyond_limits
from cms.application.kpis import schedule_kpis
from cms.application.plan_schedule import Planner
from cms.application.ports import DeliveryNotice, Outbox
from cms.application.publication_checks import AUTOMATIC_ROLLBACK, ROLLBACKS, PublicationChecks, PublishedHead
from cms.application.rollback_schedule import RollbackReport, rollback_schedule
from cms.domain.customers import Channel
from cms.domain.errors import InfeasiblePlanError, NotFoundError, ScheduleRolledBackError, ScheduleViolationError
from cms.domain.orders import Order
from cms.domain.schedule import MasterSchedule

ACTOR = "schedule_guard"
RUNBOOK = "docs/admin/runbook.md, The schedule was rolled back by itself"


class _Verdict(Protocol):
    @property
    def failures(self) -> tuple[str, ...]: ...
    @property
    def own_failures(self) -> tuple[str, ...]: ...


class ScheduleCheck(Protocol):
    """The expectations about the published schedule."""

    def check_schedule(self, *, now: datetime) -> _Verdict:
        """Check the published schedule against its orders, windows and capacity."""
        ...


@dataclass(frozen=True, kw_only=True)
class Guard:
    """What it takes to judge a published schedule and to go back.

    Parameters
    ----------
    rolls_back : bool
        False: what is wrong is told, and stays in force.
    """

    planner: Planner
    check: ScheduleCheck
    checks: PublicationChecks
    outbox: Outbox
    limits: KpiLimits
    rolls_back: bool = True


@dataclass(frozen=True, kw_only=True)
class GuardReport:
    """What became of the version in force.

    Parameters
    ----------
    version : int
        The version that was judged; 0: nothing is published.
    failures : tuple of str
        What is wrong with it; empty: it is good.
    rollback : RollbackReport, optional
        None: it stays in force.
    obstacle : str
        Why it stays in force although something is wrong.
    restored_failures : tuple of str
        What is wrong with the restored version too.
    """

    version: int
    failures: tuple[str, ...] = ()
    rollback: RollbackReport | None = None
    obstacle: str = ""
    restored_failures: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """What happened, in one sentence; empty where all is well."""
        if not self.failures:
            return ""
        if self.rollback is None:
            return f"version {self.version} is wrong and stays in force, since {self.obstacle}"
        restored = self.rollback
        also = "; the restored version is wrong too" if self.restored_failures else ""
        return (
            f"version {self.version} was rolled back to version {restored.restored_version}, "
            f"in force as version {restored.publication.version}{also}"
        )


def require_good(report: GuardReport) -> None:
    """Raise what was found wrong.

    Raises
    ------
    ScheduleRolledBackError
    """
    if report.failures:
        raise ScheduleRolledBackError(report.sentence, (*report.failures, *report.restored_failures))


def guard_schedule(guard: Guard, *, again: bool = False) -> GuardReport:
    """Judge the version in force once after its publication, and roll it back where it is wrong.

    Facts go on arriving: where they are others than those the version was planned from, what they can have broken does
    not count.

    Wrong is what breaks a critical expectation, or a figure beyond its limit. A rollback is never rolled back itself.
    The planners are told in every case, once.

    Parameters
    ----------
    again : bool
        Judge it although it has been judged before.

    Raises
    ------
    StaleScheduleError
        Somebody else published meanwhile.
    WarehouseError
        The tables could not be checked.
    """
    head = guard.checks.published()
    if head is None:
        return GuardReport(version=0)
    failures = _judge(guard, head) if again or head.findings is None else head.findings
    if not failures:
        return GuardReport(version=head.version)
    to_version, obstacle = _way_back(guard, head)
    if to_version is None:
        return _stays(guard, head, failures, obstacle)
    return _go_back(guard, head, failures, to_version)


def _judge(guard: Guard, head: PublishedHead) -> tuple[str, ...]:
    now = guard.planner.clock.now()
    verdict = guard.check.check_schedule(now=now)
    facts = guard.planner.facts(head.as_of)
    broken = verdict.failures if facts.fingerprint() == head.fingerprint else verdict.own_failures
    findings = (*broken, *_beyond_limits(guard, head, facts.orders))
    guard.checks.note(head.version, findings, now=now)
    return findings


def _beyond_limits(guard: Guard, head: PublishedHead, orders: Sequence[Order]) -> tuple[str, ...]:
    planner = guard.planner
    schedule, replaced = _version(planner, head.version), _version(planner, head.replaced_version)
    if schedule is None:
        return ()
    return beyond_limits(
        schedule_kpis(schedule, orders),
        schedule_kpis(replaced, orders) if replaced else (),
        guard.limits,
        orders=len(schedule.deliveries_by_order()),
    )


def _version(planner: Planner, version: int | None) -> MasterSchedule | None:
    if version is None:
        return None
    try:
        return planner.schedules.version(version)
    except NotFoundError:  # an event made it, and its details were let go
        return None


def _way_back(guard: Guard, head: PublishedHead) -> tuple[int | None, str]:
    """The version to go back to, or why none is gone back to."""
    if not guard.rolls_back:
        return None, "automatic rollback is switched off (rollback.enabled)"
    if head.reason_code in ROLLBACKS:
        return None, "it is a rollback itself: how to go on is for a person to decide"
    good = guard.checks.last_good(head.version)
    return good, "" if good is not None else "there is no earlier good version"


def _go_back(guard: Guard, head: PublishedHead, failures: tuple[str, ...], to_version: int) -> GuardReport:
    subject = f"Schedule version {head.version} was rolled back to version {to_version}"
    try:
        rollback = rollback_schedule(
            guard.planner,
            to_version=to_version,
            as_of=head.as_of,
            actor=ACTOR,
            reason_code=AUTOMATIC_ROLLBACK,
            detail=f"version {head.version}: {failures[0]}",
            alerts=[_alert(guard, f"rollback:{head.version}", subject, failures)],
        )
    except (InfeasiblePlanError, ScheduleViolationError, NotFoundError) as error:
        return _stays(guard, head, failures, f"version {to_version} cannot be restored: {error}")
    restored = guard.checks.published()
    wrong = _judge(guard, restored) if restored and restored.version == rollback.publication.version else ()
    if wrong:
        said = f"Schedule version {rollback.publication.version}, a rollback, is wrong too"
        _tell(guard, f"restored:{rollback.publication.version}", said, wrong)
    return GuardReport(version=head.version, failures=failures, rollback=rollback, restored_failures=wrong)


def _stays(guard: Guard, head: PublishedHead, failures: tuple[str, ...], obstacle: str) -> GuardReport:
    subject = f"Schedule version {head.version} is wrong and stays in force"
    _tell(guard, f"stays:{head.version}", subject, (*failures, f"it was not rolled back, since {obstacle}"))
    return GuardReport(version=head.version, failures=failures, obstacle=obstacle)


def _tell(guard: Guard, key: str, subject: str, sentences: Sequence[str]) -> None:
    guard.outbox.queue([_alert(guard, key, subject, sentences)], now=guard.planner.clock.now())


def _alert(guard: Guard, key: str, subject: str, sentences: Sequence[str]) -> DeliveryNotice:
    listed = "\n".join(f"- {sentence}" for sentence in sentences)
    return DeliveryNotice(
        deduplication_key=f"alert:{key}",
        kind="alert",
        channel=Channel.EMAIL.value,
        recipient=guard.planner.planner_recipient,
        order_id=None,
        customer_id=None,
        facts={"subject": subject, "text": f"{subject}.\n\n{listed}\n\nWhat to do: {RUNBOOK}.\n"},
    )
