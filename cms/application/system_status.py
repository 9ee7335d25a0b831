"""How the system is doing: what waits in the inbox and the outbox, when sources were read last, what is published."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from cms.application.inbox import Backlog
from cms.application.ports import ORDER_EVENT, Outbox, ScheduleStore, ScheduleVersion
from cms.application.publication_checks import AUTOMATIC_ROLLBACK

LATE_SECONDS = 120
"""An event that has waited longer is a sign that nobody works on the inbox."""


@dataclass(frozen=True, kw_only=True)
class SourceState:
    """When a source was last read to its end."""

    dataset: str
    source: str
    synced_at: datetime


@dataclass(frozen=True, kw_only=True)
class SystemStatus:
    """Figures for operators.

    Parameters
    ----------
    oldest_event_seconds : float, optional
        How long the oldest waiting event has waited; None: nothing waits.
    notices : mapping
        Notices by state.
    version : int, optional
        The published schedule; None: nothing is published yet.
    schedule_problem : str
        What was found wrong with the latest plan; empty: nothing.
    """

    at: datetime
    inbox: Backlog
    oldest_event_seconds: float | None
    notices: dict[str, int]
    sources: tuple[SourceState, ...]
    version: int | None
    as_of: date | None
    published_at: datetime | None
    schedule_problem: str = ""

    @property
    def problems(self) -> tuple[str, ...]:
        """What somebody should look at, in sentences."""
        found = []
        if self.inbox.dead:
            found.append(f"{self.inbox.dead} event(s) were given up: cms inbox list --dead, cms inbox retry")
        if self.notices.get("dead"):
            found.append(f"{self.notices['dead']} notice(s) were given up: see docs/admin/web-service.md")
        if self.oldest_event_seconds is not None and self.oldest_event_seconds > LATE_SECONDS:
            found.append(f"the oldest event has waited {self.oldest_event_seconds:,.0f} s: is cms serve running?")
        if self.version is None:
            found.append("no schedule is published yet: cms plan daily")
        if self.schedule_problem:
            found.append(f"{self.schedule_problem}; see docs/admin/runbook.md")
        return tuple(found)


class _Syncs(Protocol):
    def last_syncs(self) -> list[tuple[str, str, datetime]]: ...


class _Waiting(Protocol):
    def backlog(self) -> Backlog: ...


def system_status(
    *, inbox: _Waiting, outbox: Outbox, schedules: ScheduleStore, syncs: _Syncs, now: datetime
) -> SystemStatus:
    """Figures of this moment."""
    backlog = inbox.backlog()
    oldest = backlog.oldest_received_at
    versions = schedules.versions()
    published = next((version for version in versions if version.status == "published"), None)
    return SystemStatus(
        at=now,
        inbox=backlog,
        oldest_event_seconds=None if oldest is None else max(0.0, (now - oldest).total_seconds()),
        notices=dict(outbox.counts()),
        sources=tuple(SourceState(dataset=d, source=s, synced_at=at) for d, s, at in syncs.last_syncs()),
        version=published.version if published else None,
        as_of=published.as_of if published else None,
        published_at=published.published_at if published else None,
        schedule_problem=schedule_problem(versions),
    )


def schedule_problem(versions: Sequence[ScheduleVersion]) -> str:
    """What was found wrong with the latest plan, and what became of it; versions that events made are passed over.

    Parameters
    ----------
    versions : sequence of ScheduleVersion
        Newest first.
    """
    latest = next((version for version in versions if version.reason_code != ORDER_EVENT), None)
    if latest is None:
        return ""
    if latest.findings:
        return f"schedule version {latest.version} is wrong: {latest.findings[0]}"
    if latest.reason_code != AUTOMATIC_ROLLBACK:
        return ""
    wrong = next((version for version in versions if version.version == latest.replaced_version), None)
    why = wrong.findings[0] if wrong and wrong.findings else "see cms schedule versions"
    return f"schedule version {latest.replaced_version} was rolled back by itself: {why}"
