import builtins
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from cms.domain.errors import ConfigurationError, InvalidValueError, NotFoundError
from cms.domain.orders import Order
from cms.domain.resources import ResourceId
from simulations.forecast import NAIVE, SMOOTHING, DemandForecast, forecast_capacity, forecast_demand, of_family
from simulations.forecast_hours import forecast_hours, hours_due, lead_weeks
from simulations.forecast_tables import backtest_table, forecast_answer
from simulations.order_history import History
from simulations.scenario_file import scenario_from
from simulations.study import run_study
from tests.builders import MONDAY
from tests.simulations.histories import a_history, an_arrival, steady_orders

PRESS = ResourceId("PRESS")


def orders_by_week(counts: Sequence[int]) -> list[Order]:
    """So many orders in each week, spread from Monday to Friday, due two weeks later."""
    return [
        an_arrival(f"O{week:03d}-{number:03d}", day=7 * week + number % 5, due=7 * week + number % 5 + 14)
        for week, count in enumerate(counts)
        for number in range(max(5, count))
    ]


@pytest.fixture(scope="module")
def steady() -> History:
    """15 orders of two press-hours in each of 20 weeks."""
    return a_history(steady_orders(140))


@pytest.fixture(scope="module")
def forecast(steady: History) -> DemandForecast:
    return forecast_demand(steady, weeks=8)


def test_steady_demand_goes_on_as_it_was(forecast: DemandForecast) -> None:
    (family,) = forecast.families

    assert [week.monday for week in family.best.weeks] == [MONDAY + timedelta(weeks=20 + n) for n in range(8)]
    assert all(week.mean == pytest.approx(15, abs=0.5) for week in family.best.weeks)
    assert all(week.low <= week.mean <= week.high for week in family.best.weeks)
    assert family.naive.backtest.mean_absolute_error == 0
    assert family.best is family.naive  # where both are right, the baseline is taken


def test_a_trend_is_followed_by_smoothing_and_not_by_the_baseline() -> None:
    (family,) = forecast_demand(a_history(orders_by_week(range(10, 70))), weeks=4).families

    assert family.best.method == SMOOTHING
    assert family.smoothing.backtest.mean_absolute_error < family.naive.backtest.mean_absolute_error
    assert family.smoothing.weeks[0].mean == pytest.approx(70, abs=3)
    assert family.naive.method == NAIVE
    assert [week.mean for week in family.naive.weeks] == [66, 67, 68, 69]  # the last season of four weeks


def test_the_interval_of_noisy_demand_holds_most_of_what_came_and_widens_with_the_level() -> None:
    counts = np.random.Generator(np.random.PCG64(3)).poisson(30, 80).tolist()
    history = a_history(orders_by_week(counts))

    (family,) = forecast_demand(history, weeks=4, level=0.9, origins=8).families
    (surer,) = forecast_demand(history, weeks=4, level=0.99, origins=1).families

    assert 0.75 <= family.smoothing.backtest.coverage <= 1
    assert family.smoothing.backtest.origins == 8
    assert surer.smoothing.weeks[0].high > family.smoothing.weeks[0].high


def test_the_back_test_knows_nothing_of_the_weeks_that_it_forecasts() -> None:
    """A demand that doubles in the last four weeks is missed from every origin before it."""
    (family,) = forecast_demand(a_history(orders_by_week([20] * 36 + [40] * 4)), weeks=4, origins=1).families

    assert family.naive.backtest.mean_absolute_error == 20
    assert family.smoothing.backtest.mean_absolute_error == pytest.approx(20, abs=1)


def test_the_forecast_hours_of_a_week_are_those_of_the_orders_that_are_due_in_it(steady: History) -> None:
    as_of = MONDAY + timedelta(weeks=20)

    hours = forecast_hours(steady, as_of=as_of, weeks=6)

    assert lead_weeks(steady, "standard") == {2: 1.0}
    assert [monday for _, monday in hours] == [as_of + timedelta(weeks=n) for n in range(6)]
    assert list(hours.values()) == pytest.approx([30.0] * 6, abs=1)  # two weeks of known orders, then the forecast


def test_the_forecast_hours_follow_the_present_day(steady: History, forecast: DemandForecast) -> None:
    early, late = (
        hours_due(forecast, steady, as_of=MONDAY + timedelta(weeks=week), weeks=2)[
            PRESS, MONDAY + timedelta(weeks=week)
        ]
        for week in (20, 24)
    )

    assert (early, late) == pytest.approx((30.0, 30.0), abs=1)


def test_the_hours_of_the_forecast_stand_beside_those_of_the_plant(steady: History, forecast: DemandForecast) -> None:
    weeks = forecast_capacity(forecast, steady)

    assert {week.resource_id for week in weeks} == {PRESS}
    assert weeks[0].needed_hours == pytest.approx(30, abs=1)
    assert weeks[0].regular_hours == 5 * steady.resources[0].regular_hours
    assert not weeks[0].is_short


def test_the_forecast_drives_the_demand_of_a_simulation(steady: History) -> None:
    scenario = scenario_from(
        {"name": "ahead", "demand": {"arrivals": "forecast"}, "run": {"days": 42, "warm_up_days": 7, "replications": 2}}
    )

    study = run_study(scenario, steady, processes=1)

    assert study.model.period.start == MONDAY + timedelta(weeks=20)
    assert study.daily("arrived")[0].sum() == pytest.approx(6 * 15, rel=0.15)


def test_the_table_names_both_methods_and_the_one_that_is_used(forecast: DemandForecast) -> None:
    rows = backtest_table(forecast).rows

    assert [(row[0], row[1], row[-1]) for row in rows] == [("standard", SMOOTHING, "no"), ("standard", NAIVE, "yes")]
    assert "never beats the seasonal naive baseline" in forecast_answer(forecast)


@pytest.mark.parametrize(
    ("options", "field"),
    [({"weeks": 0}, "weeks"), ({"weeks": 1000}, "weeks"), ({"level": 1.0}, "level"), ({"origins": 0}, "origins")],
)
def test_an_impossible_forecast_is_refused(options: dict[str, Any], field: str, steady: History) -> None:
    with pytest.raises(InvalidValueError, match=field):
        forecast_demand(steady, **options)


def test_a_history_of_less_than_twelve_weeks_is_too_short() -> None:
    with pytest.raises(InvalidValueError, match="must have 12 whole weeks"):
        forecast_demand(a_history(steady_orders(70)))


def test_a_family_that_nobody_ordered_is_named(forecast: DemandForecast) -> None:
    assert of_family(forecast, "standard") == forecast
    with pytest.raises(NotFoundError, match="there are: standard"):
        of_family(forecast, "wheels")


def test_a_machine_without_statsmodels_is_told_what_to_install(
    steady: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *arguments: Any, **options: Any) -> Any:
        if name.startswith("statsmodels"):
            raise ModuleNotFoundError(name)
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)

    with pytest.raises(ConfigurationError, match=r"customer-master-schedule\[forecast\]"):
        forecast_demand(steady)


def test_the_week_that_is_not_over_is_forecast_and_not_counted() -> None:
    """The last order came on a Wednesday: its week does not count as a quiet one."""
    orders = [order for order in steady_orders(140) if order.ordered_at.date() <= date(2026, 5, 20)]

    (family,) = forecast_demand(a_history(orders), weeks=2).families

    assert family.best.weeks[0].monday == date(2026, 5, 18)
    assert family.best.weeks[0].mean == pytest.approx(15, abs=0.5)
