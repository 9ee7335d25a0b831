"""Work waits for a station, is served by one of its servers while it is open, and leaves: the core of every model."""

from collections.abc import Callable, Generator
from heapq import heappop, heappush
from typing import Any, NamedTuple, Protocol, TypeAlias

import simpy

SHORTEST_HOURS = 1e-9
"""What rounding leaves of an hour is no work and no opening."""
ServerProcess: TypeAlias = Generator[simpy.Event, Any, None]


class Work:
    """Something a station has to do, and when it was asked, begun and done.

    Attributes
    ----------
    hours : float
        How long it takes, interruptions aside.
    rank : object
        Work with the least rank goes first; equal ranks in order of arrival.
    submitted, started, finished : float
        Simulated hours.
    """

    __slots__ = ("finished", "hours", "on_done", "rank", "started", "submitted")

    def __init__(self, hours: float, *, rank: Any = 0, on_done: Callable[[Any], None] | None = None) -> None:
        self.hours = hours
        self.rank = rank
        self.on_done = on_done
        self.submitted = self.started = self.finished = 0.0

    @property
    def waited(self) -> float:
        """Hours between being asked and being begun."""
        return self.started - self.submitted


class Span(NamedTuple):
    """Hours from `start` to `end` in which a station works `rate` hours of work an hour."""

    start: float
    end: float
    rate: float = 1.0
    is_overtime: bool = False


class OpenHours(Protocol):
    """When a station is open."""

    def span(self, now: float) -> Span:
        """The opening that holds `now`, else the next one."""
        ...

    def note(self, span: Span, hours: float) -> None:
        """Told what was worked in an opening."""
        ...


class Station:
    """Servers that share one queue.

    Parameters
    ----------
    servers : int
        How many pieces of work go on at once.
    hours : OpenHours, optional
        None: it is always open. Work that a closing interrupts goes on at the next opening.
    """

    def __init__(self, env: simpy.Environment, *, servers: int = 1, hours: OpenHours | None = None) -> None:
        self._env = env
        self._hours = hours
        self._queue: list[tuple[Any, int, Work]] = []
        self._idle: list[simpy.Event] = []
        self._arrivals = 0
        serve = self._serve if hours is None else self._serve_in(hours)
        for _ in range(servers):
            env.process(serve())

    def submit(self, work: Work) -> None:
        """Puts work into the queue."""
        work.submitted = self._env.now
        self._arrivals += 1
        heappush(self._queue, (work.rank, self._arrivals, work))
        if self._idle:
            self._idle.pop().succeed()

    @property
    def waiting(self) -> int:
        """How much work waits, what is being served aside."""
        return len(self._queue)

    def _serve(self) -> ServerProcess:
        # as short as it can be: a study spends most of its time here
        env, queue, timeout = self._env, self._queue, self._env.timeout
        while True:
            while queue:
                work = heappop(queue)[2]
                work.started = env.now
                yield timeout(work.hours)
                work.finished = env.now
                if work.on_done is not None:
                    work.on_done(work)
            wake = env.event()
            self._idle.append(wake)
            yield wake

    def _serve_in(self, hours: OpenHours) -> Callable[[], ServerProcess]:
        def serve() -> ServerProcess:
            env, queue = self._env, self._queue
            while True:
                while queue:
                    span = hours.span(env.now)
                    if span.start > env.now:
                        yield env.timeout(span.start - env.now)
                        continue
                    work = heappop(queue)[2]
                    work.started = env.now
                    yield from self._while_open(work.hours, hours)
                    work.finished = env.now
                    if work.on_done is not None:
                        work.on_done(work)
                wake = env.event()
                self._idle.append(wake)
                yield wake

        return serve

    def _while_open(self, left: float, hours: OpenHours) -> ServerProcess:
        env = self._env
        while left > SHORTEST_HOURS:
            span = hours.span(env.now)
            if span.start > env.now:
                yield env.timeout(span.start - env.now)
                continue
            elapsed = min(left / span.rate, span.end - env.now)
            yield env.timeout(elapsed)
            hours.note(span, elapsed * span.rate)
            left -= elapsed * span.rate
