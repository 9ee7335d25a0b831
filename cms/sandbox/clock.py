"""The sandbox's clock: it runs with real time from any start, and can be set forward so that nobody has to wait."""

import threading
import time
from datetime import UTC, datetime, timedelta


class SandboxClock:
    """Real time, moved to a start of choice and advanced on demand.

    Parameters
    ----------
    start : datetime, optional
        The sandbox's present at construction; None: the real present.
    frozen : bool
        Whether time passes only by `advance`.

    Examples
    --------
    >>> clock = SandboxClock(datetime(2026, 1, 5, 6, tzinfo=UTC), frozen=True)
    >>> clock.advance(3600)
    >>> clock.now().isoformat()
    '2026-01-05T07:00:00+00:00'
    """

    def __init__(self, start: datetime | None = None, *, frozen: bool = False) -> None:
        self._start = start or datetime.now(UTC)
        self._frozen = frozen
        self._began = time.monotonic()
        self._advanced = 0.0
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The sandbox's present instant."""
        passed = 0.0 if self._frozen else time.monotonic() - self._began
        return self._start + timedelta(seconds=passed + self._advanced)

    def seconds(self) -> float:
        """The present as seconds, for windows of time."""
        return self.now().timestamp()

    def advance(self, seconds: float) -> None:
        """Let time pass at once."""
        with self._lock:
            self._advanced += seconds
