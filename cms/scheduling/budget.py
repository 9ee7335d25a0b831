"""How much work a search may do: counted, not timed, so that the same problem gets the same schedule.

What decides where a search ends must not depend on how busy the machine is. So each kind of work says what it costs
in seconds of a common machine, by what it did: iterations, moves, columns. Those seconds are spent from a budget. The
clock only guards: a machine so slow that the time limit passes before the budget is spent ends the search early.
"""

import math
import time
from dataclasses import dataclass, replace

RESERVE = 0.85
"""The part of a time limit that is spent by count; the rest is for machines that are slower or busy."""
_SEARCHED = 0.95
"""The part of a time limit after which the clock ends a search: what runs over, and the answer, take some time, too."""
_LEAST_SECONDS = 0.05
"""HiGHS is given so much even when the time is up, so that it ends in order."""
_LEAST_PATIENCE = 0.25
"""A solver that does not end when it should is waited for so much longer at least."""


class Meter:
    """The work done so far, and when the clock ends it whatever is left.

    Attributes
    ----------
    spent : float
        In seconds of a common machine.
    patience : float
        Seconds by the clock that a solver may take beyond the end before it is given up.
    """

    def __init__(self, ends_at: float, patience: float = _LEAST_PATIENCE) -> None:
        self.spent, self.patience = 0.0, patience
        self._ends_at = ends_at

    @property
    def seconds_left(self) -> float:
        """By the clock, until the time limit."""
        return self._ends_at - time.monotonic()


@dataclass(frozen=True, slots=True)
class Budget:
    """Work that may be done until the meter reads `until`.

    Parts of a budget share its meter: what a part leaves is there for the next one.
    """

    meter: Meter
    until: float
    longest: float = math.inf
    """Seconds by the clock that a solver is given for one run at most."""

    @classmethod
    def of_seconds(cls, seconds: float, *, began: float | None = None) -> "Budget":
        """The budget of a search that must end so many seconds after it began, by ``time.monotonic``; else from now.

        What was done since then is no work of the search, but the clock ends it so much earlier.
        """
        patience = max(_LEAST_PATIENCE, (1 - _SEARCHED) * seconds)
        began = time.monotonic() if began is None else began
        return cls(Meter(began + _SEARCHED * seconds, patience), RESERVE * seconds)

    @property
    def left(self) -> float:
        """Seconds of work; 0 once the clock is past the limit."""
        return max(0.0, self.until - self.meter.spent) if self.meter.seconds_left > 0 else 0.0

    @property
    def is_spent(self) -> bool:
        """Whether nothing more may be begun."""
        return self.left == 0.0

    def part(self, share: float) -> "Budget":
        """A share of what is left."""
        return replace(self, until=self.meter.spent + share * self.left)

    def charge(self, seconds: float) -> None:
        """Books work that was done."""
        self.meter.spent += seconds

    @property
    def guard_seconds(self) -> float:
        """What a solver that looks at the clock itself is given."""
        return max(_LEAST_SECONDS, min(self.longest, self.meter.seconds_left))

    @property
    def most_seconds(self) -> float:
        """How long a solver that was given those may take before it is given up."""
        return self.guard_seconds + self.meter.patience


__all__ = ["RESERVE", "Budget", "Meter"]
