"""Progress of long work, on standard error: a moving line on a terminal, a line for each stage elsewhere."""

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from cms.application.ports import Progress, no_progress

_PAUSE_SECONDS = 0.2
_BAR_WIDTH = 24


@contextmanager
def shown_progress(*, quiet: bool = False) -> Iterator[Progress]:
    """A progress callback that shows stages as they go; silent where `quiet`."""
    if quiet:
        yield no_progress
    elif sys.stderr.isatty():
        line = _MovingLine()
        yield line
        line.clear()
    else:
        yield _StageLines()


@contextmanager
def ended_by_interrupt(progress: Progress) -> Iterator[Progress]:
    """A progress callback that ends the work once Ctrl-C was pressed.

    Python only prints what is raised in a finaliser or in a call back from C, so an interrupt that comes there is lost;
    the next step of the work raises it again.
    """
    is_asked = False

    def interrupt(_number: int, _frame: object) -> None:
        nonlocal is_asked
        is_asked = True
        raise KeyboardInterrupt

    def go_on(stage: str, done: int, total: int | None) -> None:
        if is_asked:
            raise KeyboardInterrupt
        progress(stage, done, total)

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield go_on
    finally:
        signal.signal(signal.SIGINT, before)


class _StageLines:
    """One line for each stage, for logs."""

    def __init__(self) -> None:
        self._stage = ""

    def __call__(self, stage: str, done: int, total: int | None) -> None:  # noqa: ARG002
        if stage != self._stage:
            self._stage = stage
            count = f" ({total:,})" if total else ""
            sys.stderr.write(f"  {stage}{count}\n")
            sys.stderr.flush()


class _MovingLine:
    """One line, rewritten a few times a second."""

    def __init__(self) -> None:
        self._shown_at = 0.0
        self._stage = ""

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        now = time.monotonic()
        if stage == self._stage and done != total and now - self._shown_at < _PAUSE_SECONDS:
            return
        self._stage, self._shown_at = stage, now
        sys.stderr.write(f"\r\x1b[2K  {stage}{_shown(done, total)}")
        sys.stderr.flush()

    def clear(self) -> None:
        """Leave the terminal as it was."""
        sys.stderr.write("\r\x1b[2K")
        sys.stderr.flush()


def _shown(done: int, total: int | None) -> str:
    """How far a stage is: a bar and a count where the end is known."""
    if not total:
        return f" {done:,}" if done else ""
    full = _BAR_WIDTH * min(done, total) // total
    return f" [{'#' * full}{'.' * (_BAR_WIDTH - full)}] {done:,} of {total:,}"
