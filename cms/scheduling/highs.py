"""HiGHS as this engine uses it: silent, on one thread, stopped by count, and given up where it never ends."""

import atexit
import threading
from collections.abc import Callable

import highspy

from cms.scheduling.budget import Budget

_LAST_SECONDS = 1.0
"""Python waits so long, before it ends, for a run that was given up: one that only came late ends in order."""


class QuietHighs(highspy.Highs):
    """HiGHS that does not announce itself: it prints its name when callbacks are enabled, before any option is read."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # highspy carries no types
        self._given_up = threading.Event()

    def enableCallbacks(self) -> None:  # noqa: N802  # the name of HiGHS
        """None is used but that of :meth:`call`."""

    def call(self, asked: Callable[[highspy.cb.HighsCallbackInput], None]) -> None:
        """Calls a function whenever an integer programme asks whether it should end."""
        given_up = self._given_up  # a callback that held the programme itself would keep it in memory for ever

        def ask(_kind: object, _text: str, _found: object, answer: highspy.cb.HighsCallbackInput, _: object) -> None:
            asked(answer)
            answer.user_interrupt |= given_up.is_set()

        super().setCallback(ask, None)
        self.startCallback(highspy.cb.HighsCallbackType.kCallbackMipInterrupt)

    def give_up(self) -> None:
        """Tells it to end when it next asks."""
        self._given_up.set()

    @property
    def is_given_up(self) -> bool:
        """Whether nobody waits for it any more: nothing of it may be read then, for it may still be at work."""
        return self._given_up.is_set()


def quiet_highs() -> QuietHighs:
    """HiGHS without output, on one thread, with a fixed seed: the same input gives the same answer."""
    highs = QuietHighs()
    highs.setOptionValue("output_flag", False)  # noqa: FBT003  # the signature of HiGHS
    highs.setOptionValue("threads", 1)
    highs.setOptionValue("random_seed", 0)
    return highs


def guard(highs: QuietHighs, budget: Budget) -> None:
    """Ends the next run when the time limit of a budget passes by the clock."""
    highs.setOptionValue("time_limit", highs.getRunTime() + budget.guard_seconds)


def stop_after(highs: QuietHighs, looks: int) -> Callable[[], int]:
    """Ends an integer programme when it has asked so often whether it should end; tells how often it has asked.

    HiGHS asks at fixed points of its search, so that this, unlike a time, ends the same programme at the same point.
    """
    asked = 0

    def ask(answer: highspy.cb.HighsCallbackInput) -> None:
        nonlocal asked
        asked += 1
        answer.user_interrupt = asked > looks

    highs.call(ask)
    return lambda: asked


def run_or_give_up(highs: QuietHighs, budget: Budget) -> None:
    """Runs an integer programme on a thread of its own, which is left to itself where it does not end when it should.

    The presolve of HiGHS 1.16 has loops in which it looks neither at its time limit nor at what it is told, and on rare
    programmes does not leave them. A plan that is there must not wait for that.
    """
    has_ended = threading.Event()

    def run() -> None:
        highs.run()
        has_ended.set()

    threading.Thread(target=run, name="HiGHS", daemon=True).start()
    try:
        has_ended.wait(budget.most_seconds)
    finally:
        if not has_ended.is_set():
            highs.give_up()
            atexit.register(has_ended.wait, _LAST_SECONDS)


__all__ = ["QuietHighs", "guard", "quiet_highs", "run_or_give_up", "stop_after"]
