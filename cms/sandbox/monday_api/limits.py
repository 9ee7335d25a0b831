"""The account's limits: complexity by query and minute, calls by minute and day, calls at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from cms.sandbox.clock import SandboxClock
from cms.sandbox.monday_api.errors import (
    complexity_exhausted,
    concurrency_exceeded,
    daily_limit_exceeded,
    minute_limit_exceeded,
    query_too_complex,
)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What the plan allows.

    Parameters
    ----------
    complexity_per_query, complexity_per_minute : int
        Points; reading and writing have a minute's budget each.
    calls_per_minute, calls_per_day, concurrency : int
        Calls; the day ends at midnight UTC.
    """

    complexity_per_query: int = 5_000_000
    complexity_per_minute: int = 5_000_000
    calls_per_minute: int = 2_500
    calls_per_day: int = 10_000
    concurrency: int = 100


class _Window:
    """A budget that is full again a minute after the first use of it."""

    def __init__(self, clock: SandboxClock, seconds: float = 60.0) -> None:
        self._clock = clock
        self._seconds = seconds
        self._ends_at = 0.0
        self._used = 0

    def used(self) -> int:
        if self._clock.seconds() >= self._ends_at:
            self._used = 0
        return self._used

    def resets_in(self) -> float:
        return max(0.0, self._ends_at - self._clock.seconds()) or self._seconds

    def take(self, amount: int) -> None:
        if self.used() == 0:
            self._ends_at = self._clock.seconds() + self._seconds
        self._used += amount


@dataclass(frozen=True)
class Budget:
    """The minute's complexity as a query found and left it."""

    before: int
    after: int
    query: int
    reset_in_x_seconds: int


class LimitLedger:
    """Counts what was used; `limits` may be changed while it runs."""

    def __init__(self, clock: SandboxClock, limits: Limits) -> None:
        self.limits = limits
        self._clock = clock
        self._calls = _Window(clock)
        self._complexity = {"query": _Window(clock), "mutation": _Window(clock)}
        self._day: tuple[datetime, int] = (clock.now(), 0)
        self._running = 0

    @property
    def calls_today(self) -> int:
        """Calls since midnight UTC."""
        day, calls = self._day
        return calls if day.date() == self._clock.now().date() else 0

    @contextmanager
    def call(self) -> Iterator[None]:
        """Count a call, and refuse it where the plan does not allow it.

        Raises
        ------
        MondayError
            Daily, minute or concurrency limit.
        """
        calls = self.calls_today
        if calls >= self.limits.calls_per_day:
            raise daily_limit_exceeded(self.limits.calls_per_day, self._seconds_to_midnight())
        self._day = (self._clock.now(), calls + 1)
        if self._calls.used() >= self.limits.calls_per_minute:
            raise minute_limit_exceeded(self.limits.calls_per_minute, self._calls.resets_in())
        self._calls.take(1)
        if self._running >= self.limits.concurrency:
            raise concurrency_exceeded(self.limits.concurrency)
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1

    def spend(self, operation: str, cost: int) -> Budget:
        """Take a query's complexity from the minute's budget.

        Raises
        ------
        MondayError
            The query alone is too complex, or the budget does not cover it.
        """
        window, budget = self._complexity[operation], self.limits.complexity_per_minute
        if cost > self.limits.complexity_per_query:
            raise query_too_complex(cost, self.limits.complexity_per_query)
        before = budget - window.used()
        if cost > before:
            raise complexity_exhausted(cost, max(0, before), budget, window.resets_in())
        window.take(cost)
        return Budget(before, before - cost, cost, round(window.resets_in()))

    def exhaust_complexity(self, operation: str) -> None:
        """Use up the minute's budget, as another program of the account might."""
        self._complexity[operation].take(self.limits.complexity_per_minute)

    def exhaust_day(self) -> None:
        """Use up the day's calls."""
        self._day = (self._clock.now(), self.limits.calls_per_day)

    def headers(self, operation: str = "query") -> dict[str, str]:
        """``RateLimit-Policy`` and ``RateLimit``, as structured fields."""
        window = self._complexity[operation]
        rows = (
            ("minuteRate", self.limits.calls_per_minute, self._calls.used(), 60, self._calls.resets_in()),
            ("concurrency", self.limits.concurrency, self._running, 1, 1),
            ("complexityMinute", self.limits.complexity_per_minute, window.used(), 60, window.resets_in()),
        )
        return {
            "RateLimit-Policy": ", ".join(f'"{name}";q={limit};w={length}' for name, limit, _, length, _ in rows),
            "RateLimit": ", ".join(
                f'"{name}";r={max(0, limit - used)};t={round(reset)}' for name, limit, used, _, reset in rows
            ),
        }

    def _seconds_to_midnight(self) -> float:
        now = self._clock.now()
        midnight = datetime.combine(now.date() + timedelta(days=1), time(), tzinfo=UTC)
        return (midnight - now).total_seconds()
