"""A wholesaler's real orders through the rolling horizon, planned daily; `CMS_FULL_YEAR=20` runs the year so often."""

import os
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from simulations.history import load_history_file
from simulations.order_history import History
from simulations.scenario import Scenario
from simulations.scenario_file import read_scenario
from simulations.study import Study, run_study
from tests.simulations.histories import shared_file

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
FULL_YEAR = int(os.environ.get("CMS_FULL_YEAR", "0"))
PEAK_MONDAY = date(2011, 11, 14)
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def retail() -> History:
    return load_history_file(
        shared_file("online_retail", "online_retail.csv.gz"),
        plant=EXAMPLES / "online_retail_plant.toml",
        mapping=EXAMPLES / "online_retail.toml",
    )


def the_year(**run: Any) -> Scenario:
    scenario = read_scenario(EXAMPLES / "online_retail_year.toml")
    return replace(scenario, run=replace(scenario.run, **run))


@pytest.fixture(scope="module")
def study(retail: History) -> Study:
    """The whole year where it is asked for, else the six weeks around its peak."""
    if FULL_YEAR:
        return run_study(the_year(), retail, replications=FULL_YEAR)
    return run_study(the_year(start=date(2011, 10, 24), days=42, warm_up_days=14), retail, replications=2, processes=1)


def test_the_history_is_complete_and_its_peak_week_is_found(retail: History) -> None:
    monday, orders = retail.peak_week()

    assert len(retail.orders) == 18_536
    assert retail.left_out == {"cancelled": 3_654, "no customer": 3_710}
    # 18,536 orders in 54 weeks are 343 a week
    assert (monday, orders) == (PEAK_MONDAY, 669)
    assert retail.bottleneck == "PICK-EXPORT"


def test_every_order_of_the_run_arrives(retail: History, study: Study) -> None:
    period = study.model.period
    expected = sum(0 <= period.hours(order.ordered_at) < 24 * period.days for order in retail.orders)

    assert {result.daily["arrived"].sum() for result in study.results} == {expected}


def test_service_use_and_backlog_have_intervals(study: Study) -> None:
    otif, picking = study.estimate("otif"), study.estimate("utilization[PICK]")

    assert 0.8 < otif.mean <= 1.0
    assert 0.3 < picking.mean < 1.2
    assert 0 < otif.half_width < 0.5
    assert study.estimate("mean_backlog").mean > 100


def test_the_peak_shows_in_the_simulated_weeks(study: Study) -> None:
    arrived, _ = study.weekly("arrived")
    first = study.model.period.start

    busiest = int(arrived.argmax())

    assert abs((first.toordinal() + 7 * busiest) - PEAK_MONDAY.toordinal()) < 7


def test_the_year_is_planned_every_day_on_which_there_is_something_to_plan(study: Study) -> None:
    days = study.model.period.days

    assert all(0.7 * days <= result.measures["plans"] <= days for result in study.results)
