"""Sends what waits in the outbox: each notice once, a failed one again after a growing pause."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from cms.application.ports import Clock, Notifier, Outbox, OutboxEntry, Progress, no_progress
from cms.application.rollout import RolloutReach
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
    """What a round of sending did.

    Parameters
    ----------
    withheld : int
        Notices that the rollout does not allow any more; they are not sent later.
    """

    sent: int = 0
    retried: int = 0
    dead: int = 0
    withheld: int = 0
    errors: tuple[str, ...] = ()


def send_notices(
    outbox: Outbox,
    notifier: Notifier,
    clock: Clock,
    *,
    policy: RetryPolicy,
    reach: RolloutReach,
    worker: str,
    batch_size: int = 100,
    progress: Progress = no_progress,
) -> NotificationReport:
    """Send every notice that is due, as far as the rollout, as it is at that moment, reaches its customer.

    A notice is claimed, sent, then marked. Only a crash between sending and marking can send it twice; the channel
    carries the deduplication key, so that a receiver can tell.

    Parameters
    ----------
    reach : RolloutReach
        A notice about a customer that it does not reach is withheld, with the reason.
    worker : str
        Who claims; shown where a notice hangs.
    """
    outcomes: Counter[str] = Counter()
    errors: list[str] = []
    while claimed := outbox.claim_due(now=clock.now(), limit=batch_size, worker=worker):
        for entry in claimed:
            try:
                outcomes[_send(entry, outbox, notifier, clock, reach)] += 1
            except NotificationError as error:
                retry_at = None if error.is_permanent else policy.retry_at(entry.attempts + 1, clock.now())
                outbox.mark_failed(entry.outbox_id, error=str(error), retry_at=retry_at, now=clock.now())
                outcomes["retried" if retry_at else "dead"] += 1
                errors.append(_sentence(entry, error, retry_at))
            progress("sending notices", outcomes.total(), None)
    return NotificationReport(**outcomes, errors=tuple(errors))


def _send(entry: OutboxEntry, outbox: Outbox, notifier: Notifier, clock: Clock, reach: RolloutReach) -> str:
    """Send or withhold a notice; what became of it."""
    customer_id = entry.notice.customer_id
    reason = None if customer_id is None else reach.why_withheld(customer_id)
    if reason is not None:
        outbox.mark_withheld(entry.outbox_id, reason=reason)
        return "withheld"
    notifier.send(entry)
    outbox.mark_sent(entry.outbox_id, now=clock.now())
    return "sent"


def _sentence(entry: OutboxEntry, error: NotificationError, retry_at: datetime | None) -> str:
    what_next = f"tried again at {retry_at:%Y-%m-%d %H:%M:%S}" if retry_at else "given up"
    return f"{entry.notice.kind} notice to {entry.notice.recipient}: {error}; {what_next}"
