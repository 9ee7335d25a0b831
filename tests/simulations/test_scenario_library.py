from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import TypeAlias

import numpy as np
import pytest

from cms.domain.orders import OrderType
from simulations.order_history import History
from simulations.replication import build_model, orders_of
from simulations.scenario import Scenario
from simulations.scenario_file import LIBRARY, library_names, read_scenario
from simulations.study import Comparison, Study, compare_studies, run_study
from tests.small_history import small_history

START = 56
"""The day on which something happens in every scenario that has such a day."""
Studies: TypeAlias = Callable[[str], Study]


def of_twelve_weeks(name: str) -> Scenario:
    scenario = read_scenario(name)
    return replace(scenario, run=replace(scenario.run, days=84))


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    return small_history(tmp_path_factory.mktemp("plant"))


@pytest.fixture(scope="module")
def study_of(history: History) -> Studies:
    """A study of a library scenario, run once."""

    @cache
    def study(name: str) -> Study:
        return run_study(of_twelve_weeks(name), history, replications=2, processes=1)

    return study


def against_base(study_of: Studies, name: str) -> Comparison:
    return compare_studies(study_of("base"), study_of(name))


def change(comparison: Comparison, measure: str) -> float:
    return comparison.differences[measure].mean


@pytest.mark.parametrize("name", library_names())
def test_a_scenario_says_in_a_comment_and_in_words_which_question_it_answers(name: str) -> None:
    text = (LIBRARY / f"{name}.toml").read_text(encoding="utf-8")

    assert text.startswith("# ")
    assert "?" in text.split("\n\n")[0]
    assert read_scenario(name).question.endswith("?")
    assert read_scenario(name).name == name


def test_every_scenario_of_the_library_runs_as_long_and_with_the_same_luck() -> None:
    assert len({read_scenario(name).run for name in library_names()}) == 1


def test_a_run_of_so_many_days_begins_on_a_monday(history: History) -> None:
    period = build_model(of_twelve_weeks("base"), history).period

    assert (period.start.weekday(), period.days) == (0, 84)
    assert 0 <= (history.last_day - period.date(83)).days < 7


def test_twice_as_many_orders_come_in_the_peak_season_and_service_suffers(history: History, study_of: Studies) -> None:
    days = slice(START, 84)
    usual, peak = (study_of(name).daily("arrived")[0] for name in ("base", "peak_season"))
    comparison = against_base(study_of, "peak_season")

    assert 1.6 < peak[days].sum() / usual[days].sum() < 2.1
    assert np.array_equal(peak[: START - 2], usual[: START - 2])
    assert change(comparison, "otif") < 0
    assert change(comparison, "max_backlog") > 0


def test_a_line_that_stands_still_for_a_week_works_no_hour_and_costs_service_and_overtime(
    history: History, study_of: Studies
) -> None:
    worked = study_of("line_down").daily(f"worked_hours[{history.bottleneck}]")[0]
    comparison = against_base(study_of, "line_down")

    assert worked[START : START + 7].sum() == 0 < worked[START + 7 : START + 14].sum()
    assert change(comparison, "otif") < 0
    assert change(comparison, "overtime_hours") > 0


def test_nothing_is_made_or_shipped_while_the_plant_is_closed_for_the_holidays(study_of: Studies) -> None:
    shut = slice(START, START + 14)
    study = study_of("holiday_shutdown")
    worked = sum(study.daily(name)[0][shut].sum() for name in study.results[0].daily if name.startswith("worked"))

    assert worked == 0
    assert change(against_base(study_of, "holiday_shutdown"), "otif") < 0
    assert study_of("base").daily("shipped")[0][shut].sum() > 0


def test_overtime_that_is_allowed_is_worked_paid_and_serves_better_than_none(study_of: Studies) -> None:
    comparison = compare_studies(study_of("overtime_not_allowed"), study_of("overtime_allowed"))

    assert study_of("overtime_not_allowed").estimate("overtime_hours").mean == 0
    assert study_of("overtime_not_allowed").estimate("overtime_cost").mean == 0
    assert change(comparison, "overtime_cost") > 0
    assert change(comparison, "otif") > 0
    assert change(comparison, "mean_tardiness_days") < 0


def test_a_big_customer_brings_orders_and_takes_service_from_the_others(study_of: Studies) -> None:
    comparison = against_base(study_of, "big_customer_won")
    more = study_of("big_customer_won").daily("arrived")[0] - study_of("base").daily("arrived")[0]

    assert more[:START].sum() == 0 < more[START:].sum()
    assert 60 < more[START:].sum() < 140  # 25 a week in four weeks
    assert change(comparison, "otif") < 0
    assert change(comparison, "overtime_hours") > 0


def test_three_times_as_many_orders_are_rush_orders_and_the_others_wait(history: History, study_of: Studies) -> None:
    model = build_model(of_twelve_weeks("rush_tripled"), history)
    simulated = [order for number in range(10) for order in orders_of(model, number)]
    usual, tripled = (
        sum(one.order_type is OrderType.RUSH for one in some) / len(some) for some in (history.orders, simulated)
    )

    assert tripled == pytest.approx(3 * usual, rel=0.25)
    assert change(against_base(study_of, "rush_tripled"), "otif") < 0


def test_without_alternate_routings_the_way_of_every_family_is_one_and_service_suffers(
    history: History, study_of: Studies
) -> None:
    ways = study_of("alternate_routing_closed").model.terms.ways

    assert any(len(history.routings_of(family)) > 1 for family in ways)
    assert all(len(left) == 1 for left in ways.values())
    assert change(against_base(study_of, "alternate_routing_closed"), "otif") < 0


def test_a_day_without_monday_com_backs_the_inbox_up_and_it_drains_the_next_morning(study_of: Studies) -> None:
    usual, down = (study_of(name) for name in ("base", "monday_down"))
    backlog = down.daily("desk_backlog")[0]

    assert backlog[START] == 0  # nothing comes in
    assert backlog[START + 1] > usual.daily("desk_backlog")[0].max()
    assert backlog[START + 2 :].max() <= usual.daily("desk_backlog")[0].max()
    assert usual.estimate("max_desk_delay_seconds").mean < 60
    assert 12 * 3600 < down.estimate("max_desk_delay_seconds").mean < 25 * 3600
