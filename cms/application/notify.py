"""Sends what waits in the outbox: each notice once, a failed one again after a growing pause."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cms.application.ports import Clock, Notifier, Outbox, OutboxEntry, Progress, no_progress
from cms.domain.errors import NotificationError

LONGEST_PAUSE = timedelta(hours=6)


@dataclass(frozen=True, kw_only=True, slots=True)
class RetryPolicy:
    """How often a notice is tried, and how the pauses grow: doubled each time, at most six hours."""

    max_attempts: int = 8
    first_pause: timedelta = timedelta(seconds=30)

    def retry_at(self, attempts: int, now: datetime) -> datetime | None:
        """When to try again after `attempts` failed tries; None: never, it is a dead letter.

        Examples
        --------
        >>> from datetime import UTC
        >>> policy = RetryPolicy(max_attempts=3, first_pause=timedelta(seconds=30))
        >>> noon = datetime(2026, 1, 5, 12, tzinfo=UTC)
        >>> [str(policy.retry_at(n, noon)) for n in (1, 2, 3)]
        ['2026-01-05 12:00:30+00:00', '2026-01-05 12:01:00+00:00', 'None']
        """
        if attempts >= self.max_attempts:
            return None
        doublings = min(attempts - 1, 20)
        return now + min(self.first_pause * float(2**doublings), LONGEST_PAUSE)


@dataclass(frozen=True, kw_only=True, slots=True)
class NotificationReport:
    """What a round of sending did."""

    sent: int = 0
    retried: int = 0
    dead: int = 0
    errors: tuple[str, ...] = ()


def send_notices(
    outbox: Outbox,
    notifier: Notifier,
    clock: Clock,
    *,
    policy: RetryPolicy,
    worker: str,
    batch_size: int = 100,
    progress: Progress = no_progress,
) -> NotificationReport:
    """Send every notice that is due.

    A notice is claimed, sent, then marked. Only a crash between sending and marking can send it twice; the channel
    carries the deduplication key, so that a receiver can tell.

    Parameters
    ----------
    worker : str
        Who claims; shown where a notice hangs.
    """
    sent = retried = dead = 0
    errors: list[str] = []
    while claimed := outbox.claim_due(now=clock.now(), limit=batch_size, worker=worker):
        for entry in claimed:
            try:
                notifier.send(entry)
            except NotificationError as error:
                retry_at = None if error.is_permanent else policy.retry_at(entry.attempts + 1, clock.now())
                outbox.mark_failed(entry.outbox_id, error=str(error), retry_at=retry_at, now=clock.now())
                retried, dead = retried + (retry_at is not None), dead + (retry_at is None)
                errors.append(_sentence(entry, error, retry_at))
            else:
                outbox.mark_sent(entry.outbox_id, now=clock.now())
                sent += 1
            progress("sending notices", sent + retried + dead, None)
    return NotificationReport(sent=sent, retried=retried, dead=dead, errors=tuple(errors))


def _sentence(entry: OutboxEntry, error: NotificationError, retry_at: datetime | None) -> str:
    what_next = f"tried again at {retry_at:%Y-%m-%d %H:%M:%S}" if retry_at else "given up"
    return f"{entry.notice.kind} notice to {entry.notice.recipient}: {error}; {what_next}"
