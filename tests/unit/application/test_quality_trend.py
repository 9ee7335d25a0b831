"""Which expectations are broken most, and whether it gets better."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cms.application.quality_trend import Trend, trend_of
from tests.builders import NOON


@dataclass(frozen=True, kw_only=True)
class Found:
    load_id: str
    expectation: str
    severity: str
    unexpected_count: int
    checked_at: datetime

    @property
    def success(self) -> bool:
        return self.unexpected_count == 0


def found(expectation: str, *counts: int, severity: str = "warning") -> list[Found]:
    """What an expectation found in one load after the other, told the newest first."""
    results = [
        Found(
            load_id=f"L{number}",
            expectation=expectation,
            severity=severity,
            unexpected_count=count,
            checked_at=NOON + timedelta(days=number),
        )
        for number, count in enumerate(counts)
    ]
    return results[::-1]


def test_rows_are_counted_in_the_older_and_the_newer_half_of_the_loads() -> None:
    (trend,) = trend_of(found("quantity is plausible", 4, 0, 1, 0, 2))

    assert trend == Trend(
        expectation="quantity is plausible",
        severity="warning",
        loads=5,
        broken_loads=3,
        rows=7,
        older_rows=4,
        newer_rows=3,
    )


def test_critical_ones_come_first_then_the_most_broken_and_what_was_always_met_is_left_out() -> None:
    results = [
        *found("a", 1),
        *found("b", 9),
        *found("c", 0, 0),
        *found("d", 1, severity="critical"),
        *found("e", 9),
    ]

    assert [trend.expectation for trend in trend_of(results)] == ["d", "b", "e", "a"]
