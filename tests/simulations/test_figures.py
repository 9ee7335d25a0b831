"""What the figures draw: series, labels with units, intervals; on small studies of a generated company."""

from collections.abc import Mapping
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.container import BarContainer, ErrorbarContainer

from cms.domain.errors import NotFoundError
from simulations import (
    DemandForecast,
    Estimate,
    History,
    Study,
    compare_lateness,
    compare_studies,
    estimate,
    figures,
    forecast_capacity,
    forecast_demand,
    size_capacity,
)
from simulations.figures.canvas import TONES
from tests.simulations.small_company import small_history, small_scenario, small_study

DOUBLED: Mapping[str, Any] = {
    "name": "double",
    "demand": {"peaks": [{"start": 20, "days": 7, "factor": 2.0}]},
    "desk": {"seconds_per_event": 3600.0},
}


@pytest.fixture(scope="module")
def history() -> History:
    return small_history()


@pytest.fixture(scope="module")
def study(history: History) -> Study:
    return small_study(history)


@pytest.fixture(scope="module")
def peak(history: History) -> Study:
    return small_study(history, DOUBLED)


@pytest.fixture(scope="module")
def forecast(history: History) -> DemandForecast:
    return forecast_demand(history, weeks=5)


def axes_of(chart: figures.Chart) -> list[Axes]:
    return list(chart.figure.axes)


def intervals(axes: Axes, series: int = 0) -> list[tuple[float, float, float]]:
    """Value, low and high end of every interval that a series of the axes shows, along its direction."""
    drawn = [one for one in axes.containers if isinstance(one, ErrorbarContainer)][series]
    along = 0 if drawn.has_xerr else 1
    ends = [np.asarray(segment)[:, along] for segment in drawn.lines[2][0].get_segments()]
    # the intervals are symmetric: the value is in the middle
    return [(float(np.mean(one)), float(min(one)), float(max(one))) for one in ends]


def words(chart: figures.Chart) -> str:
    """Every text of the figure, as it stands in the SVG."""
    return chart.svg()


def test_otif_stands_in_percent_with_its_interval_and_the_target_as_a_line() -> None:
    found = Estimate(mean=0.9, half_width=0.04, level=0.95, replications=10)

    chart = figures.otif_by_scenario({"as today": found}, target=0.95)

    (axes,) = axes_of(chart)
    assert axes.get_xlabel() == "OTIF, % of orders"
    assert intervals(axes) == [pytest.approx((90.0, 86.0, 94.0))]
    assert 95.0 in [line.get_xdata()[0] for line in axes.lines if line.get_linestyle() == "--"]  # type: ignore[index]
    assert "target 95 %" in words(chart)
    assert "10 replications with its 95 % confidence interval" in words(chart)
    assert "as today: 90.0 ± 4.0 % of orders" in chart.description


def test_a_single_replication_is_drawn_without_an_interval_and_says_so() -> None:
    alone = estimate([0.9])

    chart = figures.otif_by_scenario({"as today": alone})

    assert intervals(axes_of(chart)[0]) == [pytest.approx((90.0, 90.0, 90.0))]
    assert "one replication: no confidence interval" in words(chart)


def test_the_shares_of_the_tardiness_distribution_sum_to_all_orders(study: Study, peak: Study) -> None:
    chart = figures.tardiness_distribution({"as today": study, "peak": peak})

    (axes,) = axes_of(chart)
    bars = [one for one in axes.containers if isinstance(one, BarContainer)]
    assert [one.get_label() for one in bars] == ["as today", "peak"]
    for one in bars:
        assert sum(patch.get_height() for patch in one.patches) == pytest.approx(100.0)
    assert bars[0].patches[0].get_height() == pytest.approx(100 * study.estimate("otif").mean)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("days past due", "share of orders, %")


@pytest.mark.parametrize("fullest_week", [False, True])
def test_utilization_has_a_row_for_each_resource_and_the_line_at_95_percent(study: Study, fullest_week: bool) -> None:
    chart = figures.utilization_by_resource({"as today": study}, fullest_week=fullest_week)

    (axes,) = axes_of(chart)
    resources = [label.get_text() for label in axes.get_yticklabels()]
    measure = "peak_week_utilization" if fullest_week else "utilization"
    found = [study.estimate(f"{measure}[{one}]") for one in resources]
    assert resources == [one.resource_id for one in study.model.history.resources]
    assert [value for value, _, _ in intervals(axes)] == pytest.approx([100 * one.mean for one in found])
    assert [high for _, _, high in intervals(axes)] == pytest.approx([100 * one.high for one in found])
    assert "95 % " in words(chart)
    assert "% of regular hours" in axes.get_xlabel()


def test_hours_over_95_percent_tell_two_scenarios_apart(study: Study, peak: Study) -> None:
    chart = figures.hours_over_95_pct({"as today": study, "peak": peak})

    (axes,) = axes_of(chart)
    first = study.model.history.resources[0].resource_id
    for number, one in enumerate((study, peak)):
        assert intervals(axes, number)[0][0] == pytest.approx(one.estimate(f"hours_over_95_pct[{first}]").mean)
    assert axes.get_xlabel().endswith("hours")
    assert "as today" in words(chart)


def test_overtime_is_shown_in_hours_and_in_the_currency_given(study: Study) -> None:
    chart = figures.overtime_by_scenario({"as today": study}, currency="EUR")

    hours, cost = axes_of(chart)
    assert (hours.get_xlabel(), cost.get_xlabel()) == ("Overtime, hours", "Overtime cost, EUR")
    assert intervals(hours)[0][0] == pytest.approx(study.estimate("overtime_hours").mean)
    assert intervals(cost)[0][0] == pytest.approx(study.estimate("overtime_cost").mean)


def test_backlog_and_past_due_have_a_band_of_their_interval_and_a_grey_warm_up(study: Study) -> None:
    chart = figures.backlog_over_time({"as today": study})

    for axes, name in zip(axes_of(chart), ("backlog", "past_due"), strict=True):
        mean, half = study.daily(name)
        (line,) = [one for one in axes.lines if one.get_label() == "as today"]
        band = axes.collections[0].get_datalim(axes.transData)
        assert np.asarray(line.get_ydata()) == pytest.approx(mean)
        assert band.ymax == pytest.approx(float((mean + half).max()))
        assert any(patch.get_label() == "warm-up" for patch in axes.patches)
        assert "open orders" in axes.get_ylabel()


def test_the_order_desk_is_shown_around_its_peak_in_the_unit_that_fits(peak: Study) -> None:
    chart = figures.order_desk_at_peak(peak, days_around=5)

    above, below = axes_of(chart)
    waiting, _ = peak.daily("desk_backlog")
    warm_up = peak.scenario.run.warm_up_days
    assert max(np.asarray(above.lines[0].get_ydata())) == pytest.approx(waiting[warm_up:].max())
    assert len(np.asarray(above.lines[0].get_xdata())) <= 11
    assert below.get_ylabel() == "longest delay, hours"


def test_weekly_load_stands_against_regular_hours_for_each_resource(study: Study) -> None:
    chart = figures.weekly_load(study)

    for axes, resource in zip(axes_of(chart), study.model.history.resources, strict=True):
        worked, half = study.weekly(f"worked_hours[{resource.resource_id}]")
        (bars,) = [one for one in axes.containers if isinstance(one, BarContainer)]
        (interval,) = [one for one in axes.containers if isinstance(one, ErrorbarContainer)]
        ends = [np.asarray(segment)[:, 1] for segment in interval.lines[2][0].get_segments()]
        assert [patch.get_height() for patch in bars.patches] == pytest.approx(worked.tolist())
        assert [float(end.max() - end.min()) / 2 for end in ends] == pytest.approx(half.tolist())
        assert {"regular hours", "95 % of them"} <= {str(line.get_label()) for line in axes.lines}
        assert (axes.get_title(loc="left"), axes.get_ylabel()) == (resource.resource_id, "hours a week")


def test_nervousness_is_drawn_by_length_of_the_fence(study: Study, peak: Study) -> None:
    chart = figures.nervousness_by_fence({7: study, 0: peak})

    changes, otif = axes_of(chart)
    assert [value for value, _, _ in intervals(changes)] == pytest.approx(
        [one.estimate("changes_per_order").mean for one in (peak, study)]
    )
    assert otif.get_xlabel() == "planning time fence, days"
    assert changes.get_ylabel() == "changes per order"


def test_paired_differences_are_drawn_around_zero_each_in_its_unit(study: Study, peak: Study) -> None:
    comparison = compare_studies(study, peak)

    chart = figures.paired_differences(comparison, ["otif", "overtime_hours"])

    for axes, measure, factor in zip(axes_of(chart), ("otif", "overtime_hours"), (100, 1), strict=True):
        found = comparison.differences[measure]
        assert intervals(axes)[0] == pytest.approx((factor * found.mean, factor * found.low, factor * found.high))
        assert any(set(np.asarray(line.get_xdata())) == {0} for line in axes.lines)
    assert axes_of(chart)[0].get_xlabel().startswith("% of orders")
    assert "double minus base" in words(chart)


def test_the_forecast_stands_beside_the_naive_baseline_each_with_its_interval(forecast: DemandForecast) -> None:
    family = forecast.families[0]

    chart = figures.demand_forecast(forecast, family.product_family)

    (axes,) = axes_of(chart)
    for method in (family.smoothing, family.naive):
        (line,) = [one for one in axes.lines if str(one.get_label()).startswith(method.method)]
        assert np.asarray(line.get_ydata()).tolist() == [week.mean for week in method.weeks]
        edges = [np.asarray(one.get_ydata()).tolist() for one in axes.lines]
        assert [week.low for week in method.weeks] in edges
        assert [week.high for week in method.weeks] in edges
    assert axes.get_ylabel() == "orders a week"
    assert "(90 % interval)" in words(chart)


def test_a_family_that_was_not_forecast_is_refused_with_those_that_were(forecast: DemandForecast) -> None:
    with pytest.raises(NotFoundError, match=forecast.families[0].product_family):
        figures.demand_forecast(forecast, "unknown")


def test_the_hours_that_a_forecast_needs_stand_against_regular_hours_and_overtime(
    history: History, forecast: DemandForecast
) -> None:
    weeks = forecast_capacity(forecast, history)

    chart = figures.capacity_weeks(weeks, level=forecast.level)

    axes = axes_of(chart)[0]
    own = [week for week in weeks if week.resource_id == axes.get_title(loc="left")]
    (bars,) = [one for one in axes.containers if isinstance(one, BarContainer)]
    assert [patch.get_height() for patch in bars.patches] == pytest.approx([week.needed_hours for week in own])
    assert {"regular hours", "with overtime"} <= {str(line.get_label()) for line in axes.lines}


def test_the_smallest_level_that_meets_the_target_is_marked(history: History) -> None:
    sizing = size_capacity(small_scenario(), history, levels=[1.0, 3.0], replications=2, processes=1)

    chart = figures.service_by_level(sizing)

    (axes,) = axes_of(chart)
    assert [value for value, _, _ in intervals(axes)] == pytest.approx([100 * s.service.mean for s in sizing.tried])
    assert axes.get_xlabel() == "regular hours, times today's"
    assert ("chosen: " in words(chart)) is (sizing.chosen is not None)


def test_cost_stands_beside_otif_each_with_its_interval() -> None:
    paid = Estimate(mean=900.0, half_width=50.0, level=0.95, replications=4)
    served = Estimate(mean=0.9, half_width=0.02, level=0.95, replications=4)

    chart = figures.cost_and_otif({"overtime": paid}, {"overtime": served}, currency="EUR")

    cost, otif = axes_of(chart)
    assert intervals(cost) == [pytest.approx((900.0, 850.0, 950.0))]
    assert intervals(otif) == [pytest.approx((90.0, 88.0, 92.0))]
    assert (cost.get_xlabel(), otif.get_xlabel()) == ("cost of the measured days, EUR", "OTIF, % of orders")


def test_actual_lateness_stands_beside_the_simulated_one_each_with_its_interval(study: Study) -> None:
    validation = compare_lateness(study)

    chart = figures.simulated_against_actual_lateness(validation)

    (axes,) = axes_of(chart)
    bars = [one for one in axes.containers if isinstance(one, BarContainer)]
    assert [one.get_label() for one in bars] == ["actual", "simulated"]
    late = validation.measure("late_share")
    assert [one.patches[0].get_height() for one in bars] == pytest.approx(
        [100 * (1 - late.actual.mean), 100 * (1 - late.simulated.mean)]
    )
    (_, low, high), (_, other_low, other_high) = (intervals(axes, number)[0] for number in (0, 1))
    assert (high - low) / 2 == pytest.approx(100 * late.actual.half_width)
    assert (other_high - other_low) / 2 == pytest.approx(100 * late.simulated.half_width)
    assert axes.get_xlabel() == "days past due"
    assert f"of {validation.orders} orders" in chart.description


def test_series_stay_apart_when_colour_is_lost() -> None:
    grey = [float(np.dot(to_rgb(one.color), (0.299, 0.587, 0.114))) for one in TONES]

    assert all(lighter - darker > 0.1 for darker, lighter in pairwise(sorted(grey)))
    assert len({one.marker for one in TONES}) == len({one.line for one in TONES}) == len(TONES)


def test_a_chart_is_one_element_without_scripts_or_addresses_to_load() -> None:
    found = Estimate(mean=0.9, half_width=0.04, level=0.95, replications=10)

    chart = figures.otif_by_scenario({'"quoted" & <odd>': found})

    html = chart.html()
    assert html.startswith("<figure")
    assert html.endswith("</figure>")
    assert "<script" not in html
    assert "<image" not in html
    assert "&quot;quoted&quot; &amp; &lt;odd&gt;" in html
    assert html == chart.html()
    assert chart.png().startswith(b"\x89PNG")


def test_days_of_the_run_are_dates_on_the_axis(study: Study) -> None:
    chart = figures.backlog_over_time({"as today": study})

    first, last = axes_of(chart)[1].get_xlim()
    start = (study.model.period.start - date(1970, 1, 1)).days
    assert first < start < start + study.model.period.days - 1 < last
