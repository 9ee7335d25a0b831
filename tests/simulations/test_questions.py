"""Conclusions in words: what they say follows from the figures, and turns when the figures turn."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from cms.domain.errors import InvalidValueError
from cms.domain.resources import ResourceId
from simulations import (
    CapacityWeek,
    Conclusion,
    DemandForecast,
    Estimate,
    History,
    Lever,
    ReplicationResult,
    ServiceTarget,
    Sizing,
    compare_lateness,
)
from simulations.forecast import NAIVE, SMOOTHING, Backtest, FamilyForecast, MethodForecast, WeekForecast
from simulations.questions import (
    OvertimeOrHire,
    conclude_capacity,
    conclude_demand,
    conclude_fence,
    conclude_overtime,
    conclude_peak,
    conclude_validation,
    question_scenario,
    study_fences,
    study_overtime_or_hire,
    study_peak,
)
from simulations.sizing import SizingStep
from simulations.validation import LatenessValidation
from tests.simulations.small_company import small_history, small_scenario, small_study

MONDAY = date(2026, 1, 5)


@pytest.fixture(scope="module")
def history() -> History:
    return small_history()


def a_step(level: float, otif: float, *, is_met: bool) -> SizingStep:
    cost = Estimate(mean=1200.0, half_width=100.0, level=0.95, replications=5)
    service = Estimate(mean=otif, half_width=0.01, level=0.95, replications=5)
    return SizingStep(level=level, service=service, overtime_cost=cost, is_met=is_met)


def a_sizing(*steps: SizingStep, chosen: float | None, lever: Lever = Lever.CAPACITY, resource: str = "*") -> Sizing:
    found = next((step for step in steps if step.level == chosen), None)
    return Sizing(resource=resource, lever=lever, target=ServiceTarget(at_least=0.95), chosen=found, tried=steps)


def test_a_level_above_todays_is_recommended_as_added_hours_with_the_level_that_failed() -> None:
    sizing = a_sizing(a_step(1.0, 0.9, is_met=False), a_step(1.2, 0.97, is_met=True), chosen=1.2, resource="PRESS")

    found = conclude_capacity(sizing)

    assert found.verdict == "add capacity"
    assert found.recommendation.startswith("Add 20 % to the regular hours of the PRESS.")
    assert "Less does not do: at today's hours of the PRESS it is 90.0 ± 1.0 % of orders" in found.recommendation


@pytest.mark.parametrize(
    ("level", "verdict", "words"),
    [
        (
            1.0,
            "enough",
            "Leave the regular hours of every resource as they are. Nothing less was tried; it may do as well.",
        ),
        (
            0.8,
            "capacity to spare",
            "Up to 20 % of every resource can be spared. Nothing less was tried; it may do as well.",
        ),
    ],
)
def test_enough_and_too_much_capacity_are_told_apart(level: float, verdict: str, words: str) -> None:
    found = conclude_capacity(a_sizing(a_step(level, 0.97, is_met=True), chosen=level))

    assert (found.verdict, found.recommendation) == (verdict, words)


def test_overtime_is_recommended_in_hours_a_day() -> None:
    found = conclude_capacity(a_sizing(a_step(3.0, 0.97, is_met=True), chosen=3.0, lever=Lever.OVERTIME))

    assert found.verdict == "overtime 3"
    assert found.recommendation.startswith("Allow up to 3 hours of overtime a working day on every resource.")


def test_a_target_out_of_reach_is_told_with_the_best_that_was_reached() -> None:
    found = conclude_capacity(a_sizing(a_step(1.0, 0.8, is_met=False), a_step(1.4, 0.9, is_met=False), chosen=None))

    assert found.verdict == "no level meets it"
    assert "Even 1.4 times today's hours of every resource does not reach OTIF of 95 % of orders" in found.answer
    assert found.recommendation.startswith("Try higher levels")


def test_capacity_that_gains_nothing_sends_the_planner_elsewhere() -> None:
    steps = a_step(1.0, 0.900, is_met=False), a_step(1.4, 0.902, is_met=False)

    found = conclude_capacity(a_sizing(*steps, chosen=None))

    assert found.recommendation.startswith("Look elsewhere than at capacity")


def test_a_model_that_history_does_not_contradict_may_be_used(history: History) -> None:
    validation = compare_lateness(small_study(history))
    agreeing = replace(validation, compared=tuple(replace(one, simulated=one.actual) for one in validation.compared))

    found = conclude_validation(agreeing)

    assert found.verdict == "agrees"
    assert found.recommendation.startswith("Use the model")


@pytest.mark.parametrize(("shift", "words"), [(-0.5, "too punctual"), (0.5, "later than the plant was")])
def test_a_model_that_is_off_is_told_in_which_direction(history: History, shift: float, words: str) -> None:
    found = conclude_validation(shifted(compare_lateness(small_study(history)), shift))

    assert found.verdict == "differs"
    assert words in found.recommendation
    assert "late orders" in found.answer


def test_a_model_with_delays_of_the_past_is_sent_to_later_ones(history: History) -> None:
    study = small_study(history, {"transit": {"delays_before": date(2025, 1, 1)}})

    found = conclude_validation(shifted(compare_lateness(study), -0.5))

    assert "Delays from before 2025-01-01 do not tell what came after" in found.recommendation


def shifted(validation: LatenessValidation, shift: float) -> LatenessValidation:
    """The share of late orders is off by `shift`; everything else agrees."""
    late, *others = validation.compared
    actual = replace(late.actual, mean=0.5, half_width=0.01)
    off = replace(late, actual=actual, simulated=replace(actual, mean=0.5 + shift))
    return replace(validation, compared=(off, *(replace(one, simulated=one.actual) for one in others)))


def test_hired_hours_are_as_few_as_serve_as_well_and_are_paid_whether_used_or_not(history: History) -> None:
    choice = study_overtime_or_hire(
        history, small_scenario(), levels=[0.3, 3.0], hour_cost=10.0, tolerance=0.0, processes=1
    )

    regular = sum(
        float(series[14:].sum())
        for name, series in choice.overtime.results[0].daily.items()
        if name.startswith("regular_hours[")
    )
    assert choice.factor == pytest.approx(3.0)
    assert choice.hired_hours == pytest.approx(2 * regular)
    assert choice.hiring_cost == pytest.approx(10 * choice.hired_hours)
    assert choice.hiring.estimate("overtime_hours").mean == 0


@pytest.fixture(scope="module")
def choice(history: History) -> OvertimeOrHire:
    found = study_overtime_or_hire(history, small_scenario(), levels=[2.0], hour_cost=10.0, processes=1)
    return replace(found, is_as_good=True, hired_hours=100.0)


@pytest.mark.parametrize(("share", "verdict"), [(0.1, "hire"), (10.0, "overtime")])
def test_the_cheaper_way_is_recommended_with_the_cost_at_which_it_turns(
    choice: OvertimeOrHire, share: float, verdict: str
) -> None:
    paid = choice.overtime_cost.mean + choice.overtime_cost.half_width
    made = replace(choice, hour_cost=share * paid / choice.hired_hours)

    found = conclude_overtime(made)

    assert (found.verdict == verdict) is (made.hiring_cost not in made.overtime_cost)
    assert f"turns where a hired hour costs {choice.overtime_cost.mean / 100:,.2f}" in found.recommendation


def test_overtime_stays_where_no_level_serves_as_well(choice: OvertimeOrHire) -> None:
    found = conclude_overtime(replace(choice, is_as_good=False))

    assert found.verdict == "overtime"
    assert "No level that was tried serves as well" in found.answer


def test_hours_that_cost_nothing_and_no_levels_are_refused(history: History) -> None:
    with pytest.raises(InvalidValueError, match="hour_cost"):
        study_overtime_or_hire(history, small_scenario(), levels=[1.0], hour_cost=0.0)
    with pytest.raises(InvalidValueError, match="levels"):
        study_overtime_or_hire(history, small_scenario(), levels=[], hour_cost=1.0)


def test_a_fence_that_gains_no_calm_is_not_recommended(history: History) -> None:
    study = small_study(history)

    found = conclude_fence({0: study, 7: study})

    assert found.verdict == "0 days"
    assert "Keep a fence of 0 days" in found.recommendation


def test_the_calmest_fence_that_loses_no_service_is_recommended(history: History) -> None:
    studies = study_fences(history, small_scenario(), fence_days=[7, 0], processes=1)
    calm = replace(studies[7], results=tuple(calmer(one) for one in studies[0].results))

    found = conclude_fence({0: studies[0], 7: calm})

    assert list(studies) == [0, 7]
    assert studies[7].scenario.planning.planning_time_fence_days == 7
    assert found.recommendation == "Set planning_time_fence_days = 7."


def test_a_calm_fence_that_serves_worse_is_not_recommended(history: History) -> None:
    study = small_study(history)
    worse = replace(study, results=tuple(calmer(one, otif=-0.05) for one in study.results))

    found = conclude_fence({3: study, 14: worse}, otif_to_lose=0.01)

    assert found.verdict == "3 days"
    assert "-5.0 ± 0.0 points against the best" in dict(found.facts)["fence of 14 days"]
    assert not found.caution


def calmer(result: ReplicationResult, *, otif: float = 0.0) -> ReplicationResult:
    """The replication with one change per order less, and OTIF changed by so much."""
    measures = dict(result.measures)
    measures |= {"changes_per_order": measures["changes_per_order"] - 1.0, "otif": measures["otif"] + otif}
    return replace(result, measures=measures)


def test_the_peak_is_replayed_from_its_week_on(history: History) -> None:
    peak = study_peak(history, question_scenario(replications=2, warm_up_days=14), levels=[4.0], processes=1)

    monday, orders = history.peak_week()
    run = peak.as_is.scenario.run
    assert (peak.monday, peak.orders) == (monday, orders)
    assert run.start is not None
    assert run.start + timedelta(days=run.warm_up_days) == monday
    assert peak.times_mean > 1
    assert f"The peak is the week of {monday}: {orders} orders" in conclude_peak(peak).answer


def a_forecast(*, smoothing_error: float, naive_error: float) -> DemandForecast:
    week = WeekForecast(monday=MONDAY, mean=10.0, deviation=2.0, low=6.7, high=13.3)
    smoothing, naive = (
        MethodForecast(
            method=name,
            weeks=(week,),
            backtest=Backtest(origins=3, mean_absolute_error=error, error_share=error / 10, coverage=0.9),
        )
        for name, error in ((SMOOTHING, smoothing_error), (NAIVE, naive_error))
    )
    family = FamilyForecast(
        product_family="panels", history=((MONDAY - timedelta(days=7), 8.0),), smoothing=smoothing, naive=naive
    )
    return DemandForecast(families=(family,), level=0.9, season_weeks=4)


def a_week(*, low: float, high: float) -> CapacityWeek:
    return CapacityWeek(
        resource_id=ResourceId("PRESS"),
        monday=MONDAY,
        needed_hours=(low + high) / 2,
        low_hours=low,
        high_hours=high,
        regular_hours=40.0,
        overtime_hours=10.0,
    )


def test_demand_that_fits_needs_no_hours() -> None:
    found = conclude_demand(a_forecast(smoothing_error=1.0, naive_error=2.0), [a_week(low=20, high=45)])

    assert found.verdict == "enough"
    assert "10.0 orders a week are expected over the next 1 weeks, +25 % on the last 1." in found.answer
    assert "In 1 of 1 product families the model beat the seasonal naive baseline" in found.answer


@pytest.mark.parametrize(
    ("low", "words"),
    [(30.0, "Prepare overtime"), (55.0, "Add hours on PRESS now: they are short whatever happens")],
)
def test_a_shortage_that_may_come_is_told_from_one_that_will(low: float, words: str) -> None:
    found = conclude_demand(a_forecast(smoothing_error=2.0, naive_error=2.0), [a_week(low=low, high=60)])

    assert found.verdict == "short"
    assert found.recommendation.startswith(words)
    assert "10 hours at the upper end" in found.recommendation
    assert found.caution.startswith("No model beat the naive baseline")


def test_a_question_runs_as_long_as_the_planner_says_or_as_its_scenario_does(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text("[run]\nstart = 2011-01-03\ndays = 60\nwarm_up_days = 7\n", encoding="utf-8")

    own = question_scenario(str(path), days=0, warm_up_days=14, replications=3).run
    other = question_scenario(str(path), days=50, delays_file="delays.csv")
    begun = question_scenario(str(path), start="2011-02-01").run

    assert (own.start, own.days, own.warm_up_days, own.replications) == (date(2011, 1, 3), 60, 14, 3)
    assert (other.run.start, other.run.days, other.transit.delays_file) == (None, 50, "delays.csv")
    assert begun.start == date(2011, 2, 1)
    with pytest.raises(InvalidValueError, match="start: must be a date such as 2011-10-01"):
        question_scenario(start="October")


def test_a_conclusion_is_markdown_with_its_figures_in_a_table() -> None:
    conclusion = Conclusion(verdict="x", answer="A.", recommendation="R.", facts=(("a|b", "1"),), caution="C.")

    assert conclusion.markdown().splitlines() == [
        "> **Answer.** A.",
        ">",
        "> **Recommendation.** R.",
        ">",
        "> **Mind.** C.",
        "",
        "| figure | value |",
        "|---|---|",
        "| a\\|b | 1 |",
    ]
