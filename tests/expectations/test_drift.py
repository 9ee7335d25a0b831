"""What counts as drift of demand, and what as scatter."""

import doctest
from collections.abc import Mapping

import pytest

from expectations import drift
from expectations.drift import drift_rules, population_stability_index
from expectations.rules import DemandFacts


def said(
    recent: int = 250,
    usual: tuple[int, ...] = (),
    now: Mapping[str, int] | None = None,
    before: Mapping[str, int] | None = None,
) -> list[str]:
    facts = DemandFacts(
        recent_orders=recent,
        usual_orders=usual,
        recent_mix={"product family": now or {}},
        usual_mix={"product family": before or {}},
    )
    return [sentence for rule in drift_rules() if (sentence := rule.find(facts))]


@pytest.mark.parametrize("recent", [203, 250, 297])
def test_a_week_within_three_standard_deviations_is_usual(recent: int) -> None:
    # the square root of 250 is 15.8: three of them are 47.4
    assert said(recent, (250,) * 8) == []


@pytest.mark.parametrize("recent", [202, 298])
def test_a_week_beyond_three_standard_deviations_is_told(recent: int) -> None:
    (sentence,) = said(recent, (250,) * 8)

    assert sentence == f"{recent} orders in the last seven days, 250 ± 16 a week in the 8 weeks before"


def test_weeks_that_differ_widely_allow_more() -> None:
    assert said(100, (100, 400, 100, 400)) == []


def test_three_weeks_say_nothing_yet() -> None:
    assert said(0, (250, 250, 250)) == []


def test_a_mix_that_has_shifted_is_told_with_its_largest_move() -> None:
    (sentence,) = said(now={"pumps": 60, "valves": 40}, before={"pumps": 900, "valves": 100})

    assert sentence.startswith("product family has shifted (population stability index 0.5")
    assert sentence.endswith("most of all valves: from 10% to 40% of the orders")


def test_a_mix_of_few_orders_says_nothing() -> None:
    assert said(now={"valves": 49}, before={"pumps": 900}) == []


def test_a_small_shift_is_scatter() -> None:
    assert said(now={"pumps": 85, "valves": 15}, before={"pumps": 900, "valves": 100}) == []


def test_a_class_that_is_new_or_gone_gives_a_finite_index() -> None:
    assert 1 < population_stability_index({"valves": 100}, {"pumps": 100}) < 20


def test_the_examples_of_the_index_hold() -> None:
    assert doctest.testmod(drift).failed == 0
