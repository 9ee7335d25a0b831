"""HiGHS as this engine uses it: silent, on one thread, and stopped by counting what it does."""

import itertools
from collections.abc import Callable

import highspy

from cms.scheduling.budget import Budget


class QuietHighs(highspy.Highs):
    """HiGHS that does not announce itself: it prints its name when callbacks are enabled, before any option is read."""

    def enableCallbacks(self) -> None:  # noqa: N802  # the name of HiGHS
        """None is used but that of :meth:`call`."""

    def call(self, asked: Callable[[highspy.cb.HighsCallbackInput], None]) -> None:
        """Calls a function whenever an integer programme asks whether it should end."""
        super().setCallback(lambda _kind, _message, _found, answer, _data: asked(answer), None)
        self.startCallback(highspy.cb.HighsCallbackType.kCallbackMipInterrupt)


def quiet_highs() -> QuietHighs:
    """HiGHS without output, on one thread, with a fixed seed: the same input gives the same answer."""
    highs = QuietHighs()  # type: ignore[no-untyped-call]  # highspy carries no types
    highs.setOptionValue("output_flag", False)  # noqa: FBT003  # the signature of HiGHS
    highs.setOptionValue("threads", 1)
    highs.setOptionValue("random_seed", 0)
    return highs


def guard(highs: QuietHighs, budget: Budget) -> None:
    """Ends the next run when the time limit of a budget passes by the clock."""
    highs.setOptionValue("time_limit", highs.getRunTime() + budget.guard_seconds)


def stop_after(highs: QuietHighs, looks: int) -> None:
    """Ends an integer programme when it has asked so often whether it should end.

    HiGHS asks at fixed points of its search, so that this, unlike a time, ends the same programme at the same point.
    """
    asked = itertools.count(1)

    def ask(answer: highspy.cb.HighsCallbackInput) -> None:
        answer.user_interrupt = next(asked) > looks

    highs.call(ask)


__all__ = ["QuietHighs", "guard", "quiet_highs", "stop_after"]
