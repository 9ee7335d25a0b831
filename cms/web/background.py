"""Threads of the service that do a round of work whenever they are woken, and now and then on their own."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from cms.domain.errors import CmsError

_log = logging.getLogger(__name__)
LONGEST_PAUSE_SECONDS = 30.0
STOP_SECONDS = 20.0
GATHER_SECONDS = 0.1
"""Pause before the next round while there is more to do: what comes meanwhile is worked on together."""


@dataclass(kw_only=True)
class BackgroundWorker:
    """Does rounds until it is stopped; a round that fails is tried again after a growing pause.

    Parameters
    ----------
    round : callable
        Does one round; answers whether there may be more to do at once.
    sweep_seconds : float
        How long it waits for somebody to wake it.
    """

    name: str
    round: Callable[[], bool]
    sweep_seconds: float
    rounds_failed: int = 0
    last_error: str | None = None
    _woken: threading.Event = field(default_factory=threading.Event, init=False)
    _stopping: threading.Event = field(default_factory=threading.Event, init=False)
    _thread: threading.Thread | None = field(default=None, init=False)

    def start(self) -> None:
        """Begin, with a round at once; after a stop, begin anew."""
        self._stopping.clear()
        self._woken.set()
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """There is something to do."""
        self._woken.set()

    def stop(self) -> None:
        """Let the round that runs end, and do no other."""
        self._stopping.set()
        self._woken.set()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)

    @property
    def is_alive(self) -> bool:
        """Whether it does its rounds."""
        return self._thread is not None and self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._woken.wait(self.sweep_seconds)
            self._woken.clear()
            if not self._stopping.is_set() and self._try_round():
                self._stopping.wait(GATHER_SECONDS)
                self._woken.set()

    def _try_round(self) -> bool:
        try:
            has_more = self.round()
        except CmsError as error:
            self._note_failure(f"{error}")
            _log.error("%s: %s", self.name, error)
        except Exception as error:  # noqa: BLE001
            # whatever it was, the next round must come: the service would otherwise look alive and do nothing
            self._note_failure(f"{type(error).__name__}: {error}")
            _log.exception("%s: a round failed", self.name)
        else:
            self.rounds_failed = 0
            return has_more
        self._stopping.wait(min(LONGEST_PAUSE_SECONDS, 0.5 * 2 ** min(self.rounds_failed, 10)))
        return True

    def _note_failure(self, error: str) -> None:
        self.rounds_failed += 1
        self.last_error = error
