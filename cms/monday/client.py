"""Asks monday.com: one request at a time, at the pinned version, paced, retried by kind of error, whole or not."""

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cms.application.ports import Clock
from cms.config import MondaySettings
from cms.monday.answers import Answer, whole_answer
from cms.monday.errors import BrokenAnswerError, BusyError, CursorExpiredError, MondayError
from cms.monday.http_answers import HttpLine, NoAnswerError
from cms.monday.pacing import Pacer
from cms.monday.queries import Operation

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present instant, UTC."""
        return datetime.now(tz=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How long a request is tried.

    Parameters
    ----------
    broken_attempts : int
        Tries while no usable answer comes.
    first_pause_seconds, longest_pause_seconds : float
        Pauses between them, doubled each time, where the server gives none.
    busy_seconds : float
        Waiting for limits in all; a limit that lasts longer is reported.
    """

    broken_attempts: int = 6
    first_pause_seconds: float = 1.0
    longest_pause_seconds: float = 60.0
    busy_seconds: float = 1800.0

    def pause(self, failures: int) -> float:
        """Seconds before the next try.

        Examples
        --------
        >>> [Patience().pause(failures) for failures in (1, 2, 3, 9)]
        [1.0, 2.0, 4.0, 60.0]
        """
        return float(min(self.longest_pause_seconds, self.first_pause_seconds * 2 ** (min(failures, 20) - 1)))


@dataclass(kw_only=True)
class _Tries:
    """What one request has cost so far."""

    failures: int = 0
    waited_seconds: float = 0.0


@dataclass(kw_only=True)
class MondayClient:
    """The monday.com API.

    Parameters
    ----------
    sleep : callable
        Waits so many seconds.
    """

    settings: MondaySettings
    line: HttpLine = field(repr=False)
    clock: Clock = field(default_factory=SystemClock)
    sleep: Callable[[float], None] = time.sleep
    patience: Patience = field(default_factory=Patience)
    _pacer: Pacer = field(default_factory=Pacer, repr=False)
    _turn: threading.Lock = field(default_factory=threading.Lock, repr=False)
    requests_sent: int = 0

    @classmethod
    def open(
        cls,
        settings: MondaySettings,
        token: str,
        *,
        clock: Clock | None = None,
        sleep: Callable[[float], None] = time.sleep,
        patience: Patience | None = None,
    ) -> "MondayClient":
        """A client of the account that the token belongs to.

        Raises
        ------
        ConfigurationError
            The address or the token cannot be used.
        """
        line = HttpLine(url=settings.url, token=token, timeout_seconds=settings.timeout_seconds)
        return cls(
            settings=settings,
            line=line,
            clock=clock or SystemClock(),
            sleep=sleep,
            patience=patience or Patience(),
        )

    def ask(
        self,
        operation: Operation,
        variables: Mapping[str, Any],
        *,
        key: str | None = None,
        useless_after: datetime | None = None,
    ) -> Answer:
        """The answer to a query or mutation; one request at a time, whoever asks.

        Parameters
        ----------
        key : str, optional
            Makes a mutation safe to repeat: monday.com carries it out once. Without one a mutation whose outcome is
            unknown is never sent again.
        useless_after : datetime
            When a cursor among the variables dies; no wait goes beyond it.

        Raises
        ------
        CursorExpiredError
            The cursor is dead, or would be after the wait that is due.
        DailyLimitError, UnauthorizedError, VersionError, TooComplexError, RefusedError
            Another try is useless.
        BusyError, BrokenAnswerError
            Every try was used up.
        """
        tries = _Tries()
        with self._turn:
            while True:
                self._wait(operation, tries, useless_after)
                try:
                    return self._ask_once(operation, variables, key)
                except BrokenAnswerError as error:
                    self._after_failure(error, tries, may_repeat=not operation.changes or key is not None)
                except BusyError as error:
                    self._after_refusal(error, tries)

    def _wait(self, operation: Operation, tries: _Tries, useless_after: datetime | None) -> None:
        now = self.clock.now()
        seconds = self._pacer.wait_seconds(operation, now)
        if useless_after is not None and now + timedelta(seconds=seconds) >= useless_after:
            what = f"the cursor would not outlive a wait of {seconds:.0f} s"
            raise CursorExpiredError(what, operation=operation.name)
        if seconds > 0:
            tries.waited_seconds += seconds
            _log.info("waiting %.1f s for monday.com's limits before %s", seconds, operation.name)
            self.sleep(seconds)

    def _ask_once(self, operation: Operation, variables: Mapping[str, Any], key: str | None) -> Answer:
        document = {"query": operation.text, "operationName": operation.name, "variables": dict(variables)}
        headers = {"API-Version": self.settings.api_version}
        if key is not None:
            headers["Idempotency-Key"] = hashlib.sha256(key.encode()).hexdigest()
        self.requests_sent += 1
        try:
            http = self.line.post(document, headers)
        except NoAnswerError as error:
            raise BrokenAnswerError(f"{error} from {self.settings.url}", operation=operation.name) from None
        now = self.clock.now()
        self._pacer.note_headers(operation, http.headers, now)
        answer = whole_answer(operation, http, pinned=self.settings.api_version, secret=self.line.token, now=now)
        self._pacer.note_cost(operation, answer.data.get("complexity"))
        _log.debug("%s answered, request %s", operation.name, answer.request_id)
        return answer

    def _after_failure(self, error: BrokenAnswerError, tries: _Tries, *, may_repeat: bool) -> None:
        tries.failures += 1
        if not may_repeat:
            error.what += "; whether it was carried out is unknown, and it was not repeated"
            raise error
        if tries.failures >= self.patience.broken_attempts:
            error.what += f"; {tries.failures} tries"
            raise error
        self._pause(error.retry_in_seconds or self.patience.pause(tries.failures), error)

    def _after_refusal(self, error: BusyError, tries: _Tries) -> None:
        seconds = error.retry_in_seconds or self.patience.longest_pause_seconds
        if tries.waited_seconds + seconds > self.patience.busy_seconds:
            error.what += f"; waited {tries.waited_seconds:.0f} s for it, and it asks for {seconds:.0f} s more"
            raise error
        self._pause(seconds, error)

    def _pause(self, seconds: float, error: MondayError) -> None:
        _log.info("%s; again in %.1f s", error, seconds)
        self._pacer.pause_until(self.clock.now() + timedelta(seconds=seconds))
