"""What every test shares: the slow ones come first, and branch coverage is traced only where it finds what counts."""

from collections.abc import Generator, Iterator
from pathlib import Path

import coverage
import pytest

FOLDER = Path(__file__).parent
UNTRACED = (
    "charts", "expectations", "flows", "integration/monday", "integration/notifications", "integration/order_sources",
    "integration/sandbox", "integration/web", "notebooks", "simulations", "web",
)  # fmt: skip
"""Folders whose tests run what others cover, for minutes: a tracer doubles the time of all that it watches."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put slow tests first, in their random order: at the end no process waits for another's long one."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Pause the tracer for a test, and for its fixtures, that is marked as untraced or in a folder of such tests."""
    if not is_untraced(item):
        return (yield)
    stopped = list(stopped_tracers())
    try:
        return (yield)
    finally:
        for tracer in reversed(stopped):
            tracer.start()


def stopped_tracers() -> Iterator[coverage.Coverage]:
    """Each tracer at work, stopped: a process of pytest-xdist has two, and the first goes on where the second stops."""
    while tracer := coverage.Coverage.current():
        tracer.stop()
        yield tracer


def is_untraced(item: pytest.Item) -> bool:
    """Whether what the test runs is covered by other tests."""
    return item.get_closest_marker("untraced") is not None or any(
        item.path.is_relative_to(FOLDER / folder) for folder in UNTRACED
    )
