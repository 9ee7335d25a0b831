"""Figures of a schedule within their limits, and beyond."""

from decimal import Decimal

import pytest

from cms.application.kpi_limits import KpiLimits, beyond_limits
from cms.application.ports import KpiSnapshot
from tests.builders import MONDAY


def figures(**values: float) -> list[KpiSnapshot]:
    return [KpiSnapshot(name=name, value=Decimal(str(value)), as_of=MONDAY) for name, value in values.items()]


@pytest.mark.parametrize("name", ["late_orders", "unscheduled_orders", "utilization", "overtime_hours"])
def test_a_figure_at_its_limit_is_good_and_one_above_it_is_told_with_its_setting(name: str) -> None:
    limits = KpiLimits(**{f"max_{name}": 2})

    at, above = (beyond_limits(figures(**{name: value}), [], limits, orders=30) for value in (2, 2.5))

    assert at == ()
    assert above == (f"{name} is 2.5, at most 2 are allowed (rollback.max_{name})",)


def test_fewer_orders_on_time_than_must_be_are_told() -> None:
    limits = KpiLimits(min_on_time_share=0.9)

    assert beyond_limits(figures(on_time_share=0.9), [], limits, orders=30) == ()
    assert beyond_limits(figures(on_time_share=0.8), [], limits, orders=30) == (
        "80% of the orders are on time, at least 90% must be (rollback.min_on_time_share)",
    )


def test_a_fall_of_the_share_on_time_is_measured_against_the_version_before() -> None:
    now, limits = figures(on_time_share=0.6), KpiLimits(max_on_time_drop=0.25)

    assert beyond_limits(now, [], limits, orders=30) == ()
    assert beyond_limits(now, figures(on_time_share=0.8), limits, orders=30) == ()
    assert beyond_limits(now, figures(on_time_share=0.9), limits, orders=30) == (
        "60% of the orders are on time, 90% were before: a fall by more than 25% (rollback.max_on_time_drop)",
    )


def test_shares_of_few_orders_say_nothing() -> None:
    limits = KpiLimits(min_on_time_share=0.9, max_on_time_drop=0.1, min_orders=20)

    assert beyond_limits(figures(on_time_share=0.0), figures(on_time_share=1.0), limits, orders=19) == ()
