"""A whole system of small size: a generated company, loaded from its sandbox through the gate, and planned."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cms.bootstrap import System
from cms.charts.practice import practice_system
from tests.builders import MONDAY


@contextmanager
def small_system(folder: Path, *, customers: int = 15, orders_per_month: int = 30) -> Iterator[System]:
    """A system in `folder` with a published schedule of 5 January 2026; commands need its ``environment``."""
    with practice_system(
        folder, as_of=MONDAY, customers=customers, orders_per_month=orders_per_month, seed=5
    ) as system:
        yield system
