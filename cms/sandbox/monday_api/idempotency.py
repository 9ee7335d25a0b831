"""Idempotency keys: a mutation sent again under the same key is answered, not done, again."""

from cms.sandbox.clock import SandboxClock
from cms.sandbox.monday_api.errors import idempotency_conflict

LIFETIME_SECONDS = 1800.0
Answer = bytes


class IdempotencyBook:
    """Remembers the answers of the last thirty minutes by key."""

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self._answers: dict[str, tuple[float, Answer | None]] = {}

    def begin(self, key: str) -> Answer | None:
        """The remembered answer; None: the key is new, and now being worked on.

        Raises
        ------
        MondayError
            ``IDEMPOTENCY_CONFLICT``: a twin is being worked on.
        """
        now = self._clock.seconds()
        at, answer = self._answers.get(key, (float("-inf"), b""))
        if now - at > LIFETIME_SECONDS:
            self._answers[key] = (now, None)
            return None
        if answer is None:
            raise idempotency_conflict()
        return answer

    def finish(self, key: str, answer: Answer | None) -> None:
        """Remember the answer; None: it was refused before it was carried out, and may be tried again."""
        if answer is None:
            del self._answers[key]
        else:
            self._answers[key] = (self._clock.seconds(), answer)
