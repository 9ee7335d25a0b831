"""Ctrl-C ends long work, wherever it comes."""

import os
import signal
from contextlib import suppress

import pytest

from cms.application.ports import no_progress
from cms.cli.progress import ended_by_interrupt


def test_an_interrupt_that_a_library_swallowed_ends_the_work_at_its_next_step() -> None:
    with ended_by_interrupt(no_progress) as step:
        step("simulating", 1, 9)
        with suppress(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)

        with pytest.raises(KeyboardInterrupt):
            step("simulating", 2, 9)


def test_after_the_work_an_interrupt_is_what_it_was_before() -> None:
    before = signal.getsignal(signal.SIGINT)

    with ended_by_interrupt(no_progress):
        during = signal.getsignal(signal.SIGINT)

    assert during != before
    assert signal.getsignal(signal.SIGINT) == before
