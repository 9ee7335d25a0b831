"""Remembers which tokens were used: one stands for the deliveries of a few seconds, not for whatever comes later."""

import hashlib
import threading
from datetime import datetime, timedelta

FRESH = timedelta(seconds=15)
"""monday.com's token does not cover the body, and events of one second may share one: they arrive within this time."""
REMEMBERED = timedelta(minutes=15)


class UsedTokens:
    """When each token was first accepted; only digests are kept, and only for some minutes."""

    def __init__(self) -> None:
        self._first_used: dict[str, datetime] = {}
        self._lock = threading.Lock()

    def is_replayed(self, token: str, now: datetime) -> bool:
        """Whether the token was accepted so long ago that another event under it is not of its sender."""
        first = self._first_used.get(_digest(token))
        return first is not None and now - first > FRESH

    def note(self, token: str, now: datetime) -> None:
        """An event was accepted under the token."""
        with self._lock:
            if len(self._first_used) > 1_000:
                old = now - REMEMBERED
                self._first_used = {digest: first for digest, first in self._first_used.items() if first > old}
            self._first_used.setdefault(_digest(token), now)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
