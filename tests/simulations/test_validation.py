"""Simulated beside actual lateness: right when the model is right, and it says so when it is not."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from cms.domain.errors import InvalidValueError
from cms.domain.orders import Order
from simulations.history import load_history_file
from simulations.order_history import History
from simulations.scenario import Scenario
from simulations.scenario_file import scenario_from
from simulations.validation import LatenessValidation, validate_lateness
from tests.simulations.histories import a_history, at, shared_file, steady_orders

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"


def delivered(order: Order, late_days: int) -> Order:
    return replace(order, delivered_at=at(0) + (order.due_date - at(0).date() + timedelta(days=late_days)))


def history_late_by(late_days: list[int]) -> History:
    orders = steady_orders(56)
    return a_history([delivered(o, late_days[number % len(late_days)]) for number, o in enumerate(orders)])


def scenario(**parts: Any) -> Scenario:
    run = {"days": 56, "warm_up_days": 14, "replications": 3}
    return scenario_from({"name": "as it was", "run": run} | parts)


def validated(history: History, **parts: Any) -> LatenessValidation:
    return validate_lateness(history, scenario(**parts), processes=1)


def test_a_history_that_was_always_on_time_agrees_with_a_plant_that_has_room() -> None:
    found = validated(history_late_by([0, -1]))

    assert found.agrees
    assert found.measure("late_share").simulated.mean == found.measure("late_share").actual.mean == 0.0
    assert found.largest_gap.mean == 0.0


def test_actual_lateness_is_counted_over_the_orders_that_the_run_measures() -> None:
    found = validated(history_late_by([0, 0, 0, 9]))

    # due from day 14 on and before day 56, two weeks after they came: three orders on each of 30 working days
    assert found.orders == 90
    assert sum(found.actual.values()) == 90
    assert abs(found.measure("late_share").actual.mean - 0.25) < 0.01
    assert abs(found.measure("mean_tardiness_days").actual.mean - 9 / 4) < 0.1
    assert found.measure("late_share_over_7_days").actual.mean == found.later_than(8).actual.mean
    assert found.later_than(9).actual.mean == 0.0


def test_a_model_that_knows_nothing_of_late_roads_is_contradicted() -> None:
    found = validated(history_late_by([0, 0, 0, 9]))

    assert not found.agrees
    assert not found.measure("late_share").agrees
    assert found.largest_gap.mean == pytest.approx(found.measure("late_share").actual.mean)


def test_the_difference_is_as_uncertain_as_both_sides_together() -> None:
    one = validated(history_late_by([0, 0, 0, 9])).measure("late_share")

    assert one.difference.mean == one.simulated.mean - one.actual.mean
    assert one.difference.half_width == pytest.approx((one.simulated.half_width**2 + one.actual.half_width**2) ** 0.5)


@pytest.mark.parametrize(
    "demand", [{"factor": 2.0}, {"arrivals": "bootstrap"}, {"peaks": [{"start": 20, "days": 5, "factor": 2.0}]}]
)
def test_changed_demand_cannot_be_compared_with_what_happened(demand: dict[str, Any]) -> None:
    with pytest.raises(InvalidValueError, match="demand"):
        validated(history_late_by([0]), demand=demand)


def test_a_history_without_deliveries_cannot_validate() -> None:
    with pytest.raises(InvalidValueError, match="must hold orders that were delivered"):
        validated(a_history(steady_orders(56)))


def test_an_unknown_figure_is_refused_by_name() -> None:
    with pytest.raises(InvalidValueError, match="must be one of late_share"):
        validated(history_late_by([0])).measure("charm")


def test_the_real_delays_bring_the_real_lateness_back() -> None:
    delays = shared_file("scms", "scms_delivery_history.csv.gz")
    history = load_history_file(delays, plant=EXAMPLES / "scms_plant.toml", mapping=EXAMPLES / "scms.toml")
    transit = {"delays_file": str(delays), "mode_column": "Shipment Mode", "delivery_column": "ASN/DN #"}
    run = {"start": date(2009, 1, 1), "days": 2_420, "warm_up_days": 28, "replications": 2}

    found = validated(history, transit=transit, run=run, planning={"replan_every_days": 7})

    assert found.orders == 5_352
    assert abs(found.measure("late_share").difference.mean) < 0.02
    assert found.measure("mean_tardiness_days").simulated.mean > 2.0
    assert found.largest_gap.mean < 0.02
