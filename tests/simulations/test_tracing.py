"""Where branch coverage is not wanted there is none, in a process of pytest-xdist too."""

import sys


def test_no_tracer_watches_a_simulation() -> None:
    assert sys.gettrace() is None
