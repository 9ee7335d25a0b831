"""How the expectations of a data set fare over time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class ExpectationResult(Protocol):
    """What one expectation found in one load."""

    @property
    def load_id(self) -> str: ...  # noqa: D102
    @property
    def expectation(self) -> str: ...  # noqa: D102
    @property
    def severity(self) -> str: ...  # noqa: D102
    @property
    def success(self) -> bool: ...  # noqa: D102
    @property
    def unexpected_count(self) -> int: ...  # noqa: D102
    @property
    def checked_at(self) -> datetime: ...  # noqa: D102


@dataclass(frozen=True, kw_only=True, slots=True)
class Trend:
    """One expectation over the loads of a period.

    Parameters
    ----------
    loads, broken_loads : int
        Loads that were judged, and those that did not meet it.
    rows : int
        Rows that broke it.
    older_rows, newer_rows : int
        The same in the older and in the newer half of the loads: fewer in the newer is better.
    """

    expectation: str
    severity: str
    loads: int
    broken_loads: int
    rows: int
    older_rows: int
    newer_rows: int


def trend_of(results: Iterable[ExpectationResult]) -> list[Trend]:
    """The expectations that were not always met, the most broken first."""
    by_name: dict[tuple[str, str], list[ExpectationResult]] = {}
    for result in results:
        by_name.setdefault((result.expectation, result.severity), []).append(result)
    trends = [_trend(name, severity, found) for (name, severity), found in by_name.items()]
    broken = (trend for trend in trends if trend.broken_loads)
    return sorted(broken, key=lambda trend: (trend.severity != "critical", -trend.rows, trend.expectation))


def _trend(name: str, severity: str, found: list[ExpectationResult]) -> Trend:
    ordered = sorted(found, key=lambda result: (result.checked_at, result.load_id))
    half = len(ordered) // 2
    return Trend(
        expectation=name,
        severity=severity,
        loads=len(ordered),
        broken_loads=sum(not result.success for result in ordered),
        rows=sum(result.unexpected_count for result in ordered),
        older_rows=sum(result.unexpected_count for result in ordered[:half]),
        newer_rows=sum(result.unexpected_count for result in ordered[half:]),
    )
