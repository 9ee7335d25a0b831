"""Intervals, paired differences, warm-up and the number of replications, against numbers worked by hand."""

import math
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cms.domain.errors import InvalidValueError
from simulations.statistics import (
    estimate,
    lower_bound,
    mser5_warm_up,
    paired_difference,
    replications_needed,
)

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30)


def test_the_interval_is_that_of_student() -> None:
    found = estimate([1.0, 2.0, 3.0, 4.0, 5.0], 0.95)

    # standard deviation 1.5811, t(4, 0.975) = 2.7764
    assert found.mean == 3.0
    assert found.half_width == pytest.approx(2.7764 * 1.5811 / math.sqrt(5), abs=1e-3)
    assert (found.low + found.high) / 2 == found.mean
    assert 4.9 in found
    assert 5.1 not in found


def test_one_replication_says_nothing_of_its_error() -> None:
    found = estimate([7.0])

    assert (found.mean, found.half_width) == (7.0, math.inf)
    assert lower_bound([7.0]) == -math.inf


def test_a_one_sided_bound_is_the_end_of_the_wider_interval() -> None:
    values = [1.0, 2.0, 3.0, 4.0, 5.0]

    # t(4, 0.95) = 2.1318
    assert lower_bound(values, 0.95) == pytest.approx(3 - 2.1318 * 1.5811 / math.sqrt(5), abs=1e-3)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    random = Random(3)
    hits = sum(0.0 in estimate([random.gauss(0, 1) for _ in range(5)], 0.9) for _ in range(2_000))

    # 1,800 expected with a deviation of 13.4
    assert abs(hits - 1_800) < 55


def test_common_luck_cancels_in_a_paired_difference() -> None:
    first = [10.0, 30.0, 20.0, 50.0]
    second = [value + 1 + small for value, small in zip(first, [0.1, -0.1, 0.1, -0.1], strict=True)]

    assert paired_difference(first, second).mean == pytest.approx(1.0)
    assert paired_difference(first, second).half_width < 0.2 < estimate(first).half_width / 10


def test_pairs_need_the_same_replications() -> None:
    with pytest.raises(InvalidValueError, match="must have the 2 replications of the first"):
        paired_difference([1.0, 2.0], [1.0])


@pytest.mark.parametrize(
    ("values", "level", "field"), [([], 0.95, "values"), ([1.0], 1.0, "level"), ([1.0], 0, "level")]
)
def test_an_interval_of_nothing_or_of_no_level_is_refused(values: list[float], level: float, field: str) -> None:
    with pytest.raises(InvalidValueError, match=field):
        estimate(values, level)


def test_a_plant_that_fills_up_is_cut_where_it_is_full() -> None:
    random = Random(5)
    filling = [min(day, 40) + random.uniform(-1, 1) for day in range(200)]

    assert 35 <= mser5_warm_up(filling) <= 60


def test_a_steady_series_loses_little_and_a_short_one_nothing() -> None:
    random = Random(6)

    assert mser5_warm_up([random.uniform(9, 11) for _ in range(200)]) <= 60
    assert mser5_warm_up([0.0] * 5 + [9.0] * 14) == 0


@given(series=st.lists(st.floats(0, 1e4), min_size=20, max_size=120))
@settings(max_examples=50, deadline=None)
def test_the_warm_up_is_whole_batches_of_the_first_half(series: list[float]) -> None:
    cut = mser5_warm_up(series)

    assert cut % 5 == 0
    assert 0 <= cut <= len(series) / 2


def test_a_quarter_of_the_half_width_needs_sixteen_times_the_replications() -> None:
    pilot = [Random(8).gauss(10, 2) for _ in range(1)] + [8.0, 12.0, 9.0, 11.0, 10.0, 7.0, 13.0, 10.5, 9.5]
    wide = replications_needed(pilot, 0.4)
    narrow = replications_needed(pilot, 0.1)

    assert narrow / wide == pytest.approx(16, rel=0.05)


@given(values=VALUES, half_width=st.floats(10, 1e6))
@settings(max_examples=60, deadline=None)
def test_a_pilot_that_is_narrow_enough_needs_no_more(values: list[float], half_width: float) -> None:
    found = estimate(values)
    if found.half_width < half_width * (1 - 1e-9):
        assert replications_needed(values, half_width) == len(values)


def test_a_pilot_of_one_or_a_width_of_nothing_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="at least two replications"):
        replications_needed([1.0], 0.1)
    with pytest.raises(InvalidValueError, match="half_width"):
        replications_needed([1.0, 2.0], 0.0)
