"""Decides how long to wait before a request, so that limits are kept instead of run into."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cms.monday.queries import Operation

MINUTE = timedelta(seconds=60)
_MEMBER = re.compile(r'"?(?P<name>[A-Za-z]\w*)"?(?P<parameters>(?:\s*;\s*\w+=[^,;]+)*)')
_PARAMETER = re.compile(r"(\w+)=(\d+(?:\.\d+)?)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Quota:
    """What is left of a limit.

    Parameters
    ----------
    left : float
        Calls or complexity points.
    reset_seconds : float, optional
        When it is filled up again; None: not said.
    """

    left: float
    reset_seconds: float | None = None


def read_rate_limits(header: str | None) -> dict[str, Quota]:
    """The limits of a ``RateLimit`` header, by name; what cannot be read is left out.

    Examples
    --------
    >>> limits = read_rate_limits('"minuteRate";r=9, "complexityMinute";r=4950000;t=45')
    >>> limits["minuteRate"].left, limits["complexityMinute"].reset_seconds
    (9.0, 45.0)
    """
    found = {}
    for member in _MEMBER.finditer(header or ""):
        parameters = dict(_PARAMETER.findall(member["parameters"]))
        if "r" in parameters:
            reset = float(parameters["t"]) if "t" in parameters else None
            found[member["name"]] = Quota(left=float(parameters["r"]), reset_seconds=reset)
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class _Budget:
    left: float
    reset_at: datetime


@dataclass(kw_only=True)
class Pacer:
    """Remembers what the last answers said about limits.

    A request waits where its limit is used up, or where less complexity is left than the same request cost the last
    time. A pause that monday.com asked for holds for every request, not only for the one that was refused. Queries
    and mutations have budgets of their own.
    """

    _costs: dict[str, float] = field(default_factory=dict)
    _budgets: dict[bool, _Budget] = field(default_factory=dict)
    _not_before: datetime | None = None

    def wait_seconds(self, operation: Operation, now: datetime) -> float:
        """How long `operation` should wait; 0: not at all."""
        moments = [self._not_before or now, self._budget_wait(operation) or now]
        return max(0.0, (max(moments) - now).total_seconds())

    def _budget_wait(self, operation: Operation) -> datetime | None:
        budget = self._budgets.get(operation.changes)
        if budget is None or budget.left >= self._costs.get(operation.name, 1.0):
            return None
        return budget.reset_at

    def pause_until(self, moment: datetime) -> None:
        """No request before `moment`."""
        if self._not_before is None or moment > self._not_before:
            self._not_before = moment

    def note_headers(self, operation: Operation, headers: Mapping[str, str], now: datetime) -> None:
        """Take in what an answer's headers say of the limits."""
        limits = read_rate_limits(headers.get("RateLimit"))
        minute, complexity = limits.get("minuteRate"), limits.get("complexityMinute")
        if minute is not None and minute.left < 1:
            self.pause_until(now + _reset(minute.reset_seconds))
        if complexity is not None:
            self._budgets[operation.changes] = _Budget(
                left=complexity.left, reset_at=now + _reset(complexity.reset_seconds)
            )

    def note_cost(self, operation: Operation, complexity: Any) -> None:
        """Take in an answer's ``complexity``: what this operation costs."""
        cost = complexity.get("query") if isinstance(complexity, Mapping) else None
        if isinstance(cost, int | float):
            self._costs[operation.name] = float(cost)


def _reset(seconds: float | None) -> timedelta:
    return MINUTE if seconds is None else timedelta(seconds=seconds)
