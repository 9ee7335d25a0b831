"""Delivers webhooks: at once, and again once a minute for half an hour where the receiver does not take them."""

import heapq
import itertools
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import requests

ATTEMPTS = 31
_TIMEOUT_SECONDS = 10.0


@dataclass(order=True)
class _Due:
    at: float
    number: int
    delivery: "Delivery" = field(compare=False)


@dataclass
class Delivery:
    """A message to one receiver, with what became of it.

    Parameters
    ----------
    headers : callable
        Headers of an attempt, made anew each time: signatures carry the time.
    body : callable
        Body of an attempt, given whether it is a redelivery.
    statuses : list of int
        Status of each attempt; 0 where nobody answered.
    """

    url: str
    headers: Callable[[bytes], Mapping[str, str]]
    body: Callable[[bool], bytes]
    statuses: list[int] = field(default_factory=list)

    @property
    def is_taken(self) -> bool:
        """Whether the receiver has said yes."""
        return bool(self.statuses) and 200 <= self.statuses[-1] < 300


class WebhookPost:
    """Sends deliveries from its own threads.

    Parameters
    ----------
    retry_seconds : float
        Pause before a redelivery; a minute at the real ones.
    """

    def __init__(self, *, retry_seconds: float = 60.0, workers: int = 4) -> None:
        self._retry_seconds = retry_seconds
        self._workers = workers
        self._queue: list[_Due] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._open = 0
        self._closed = False
        self._thread: threading.Thread | None = None
        self.deliveries: list[Delivery] = []

    def post(self, delivery: Delivery) -> None:
        """Queue a message."""
        with self._changed:
            self.deliveries.append(delivery)
            self._open += 1
            self._push(delivery, time.monotonic())
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._run, name="webhook-post", daemon=True)
                self._thread.start()

    def wait_until_taken(self, timeout_seconds: float = 10.0) -> bool:
        """Wait until every message was taken or given up; False where the time ran out."""
        with self._changed:
            return self._changed.wait_for(lambda: self._open == 0, timeout_seconds)

    def close(self) -> None:
        """Stop; what is not delivered stays so."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(_TIMEOUT_SECONDS)

    def _push(self, delivery: Delivery, at: float) -> None:
        heapq.heappush(self._queue, _Due(at, next(self._numbers), delivery))
        self._changed.notify_all()

    def _run(self) -> None:
        with ThreadPoolExecutor(self._workers, thread_name_prefix="webhook") as pool:
            while (delivery := self._next()) is not None:
                pool.submit(self._attempt, delivery)

    def _next(self) -> Delivery | None:
        with self._changed:
            while not self._closed:
                now = time.monotonic()
                if self._queue and self._queue[0].at <= now:
                    return heapq.heappop(self._queue).delivery
                self._changed.wait(self._queue[0].at - now if self._queue else None)
            return None

    def _attempt(self, delivery: Delivery) -> None:
        body = delivery.body(bool(delivery.statuses))
        status = _send(delivery.url, body, delivery.headers(body))
        with self._changed:
            delivery.statuses.append(status)
            if delivery.is_taken or len(delivery.statuses) >= ATTEMPTS:
                self._open -= 1
                self._changed.notify_all()
            else:
                self._push(delivery, time.monotonic() + self._retry_seconds)


def _send(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.post(url, data=body, headers=dict(headers), timeout=_TIMEOUT_SECONDS)
            return answer.status_code
    except requests.RequestException:
        return 0
