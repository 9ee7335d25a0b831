"""Whatever stands in a scenario file is either run or refused by field and rule; nothing else ever happens."""

import copy
from collections.abc import Iterator
from datetime import date, timedelta
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cms.domain.errors import ConfigurationError, InvalidValueError
from simulations.order_history import History
from simulations.replication import build_model
from simulations.scenario_file import scenario_from
from tests.builders import a_press
from tests.simulations.histories import a_history, steady_orders

FULL: dict[str, Any] = {
    "name": "everything",
    "demand": {
        "arrivals": "trace",
        "factor": 1.2,
        "jitter_days": 1.0,
        "rush_share": 0.1,
        "rush_factor": 2.0,
        "rush_lead_days": 4,
        "family_factors": {"standard": 1.1},
        "peaks": [{"start": 8, "days": 5, "factor": 2.0}],
        "rush_waves": [{"start": 8, "days": 2, "share": 0.5}],
        "new_customers": [{"customer_id": "NEW", "orders_per_week": 5.0, "start": 9, "quantity_factor": 1.5}],
    },
    "plant": {
        "overtime": "planned",
        "work_time_cv": 0.2,
        "yield_share": 0.95,
        "capacity": [{"resource": "bottleneck", "capacity_factor": 1.1, "overtime_hours": 2.0, "start": 0, "end": 20}],
        "outages": [{"resource": "PRESS", "start": 10, "days": 2}],
        "shutdowns": [{"start": 14, "days": 3}],
        "breakdowns": [{"resource": "*", "mean_hours_between": 100.0, "mean_hours_to_repair": 2.0}],
        "absences": [{"share_of_days": 0.1, "share_of_hours": 0.2}],
        "maintenance": [{"resource": "PRESS", "every_days": 7, "hours": 2.0, "start": 3}],
    },
    "transit": {"late_share": 0.1, "mean_late_days": 2.0},
    "desk": {
        "workers": 2,
        "seconds_per_event": 1.0,
        "events_per_order": 2.0,
        "outages": [{"start": 9, "hours": 6.0}],
    },
    "planning": {"method": "dispatch", "horizon_days": 20, "planning_time_fence_days": 2, "change_cost": 1.0},
    "run": {"days": 28, "warm_up_days": 7, "replications": 2, "seed": 3, "confidence": 0.9},
}
WRONG: tuple[Any, ...] = (
    nan,
    inf,
    -inf,
    -1,
    0,
    -0.5,
    1e308,
    10**30,
    "word",
    "",
    True,
    None,
    [],
    {},
    [1],
    date(1, 1, 1),
    date(9999, 12, 31),
)


@pytest.fixture(scope="module")
def history() -> History:
    return a_history(steady_orders(28))


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value of a document."""
    if path:
        yield path
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(inner, (*path, key))


def with_value(path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    document = copy.deepcopy(FULL)
    place: Any = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return document


def build(document: dict[str, Any], history: History) -> None:
    build_model(scenario_from(document), history)


def test_the_scenario_that_has_everything_can_be_built(history: History) -> None:
    build(FULL, history)


@settings(max_examples=300, deadline=None)
@given(path=st.sampled_from(list(places(FULL))), value=st.sampled_from(WRONG) | st.integers() | st.floats())
def test_any_value_anywhere_is_taken_or_refused_naming_its_place(path: tuple[Any, ...], value: Any) -> None:
    history = a_history(steady_orders(28))
    try:
        build(with_value(path, value), history)
    except (ConfigurationError, InvalidValueError) as refusal:
        named = [str(key) for key in path if isinstance(key, str)]
        message = str(refusal)
        assert any(key in message for key in (*named, "days")), message
        assert "must" in message or "no such key" in message or "is missing" in message, message


@pytest.mark.parametrize(
    ("path", "value", "field", "rule"),
    [
        (("demand", "factor"), -1, "demand.factor", "more than 0"),
        (("demand", "factor"), nan, "demand.factor", "finite"),
        (("demand", "factor"), 5000, "demand.factor", "at most 1,000"),
        (("demand", "family_factors", "standard"), -0.1, "family_factors.standard", "0 or more"),
        (("demand", "family_factors", "standard"), "many", "family_factors.standard", "must be a number"),
        (("demand", "rush_share"), 1.5, "demand.rush_share", "0 to 1"),
        (("demand", "peaks", 0, "start"), 28, "demand.peaks", "less than run.days"),
        (("demand", "new_customers", 0, "orders_per_week"), inf, "orders_per_week", "finite"),
        (("plant", "capacity", 0, "capacity_factor"), 0, "capacity_factor", "more than 0"),
        (("plant", "capacity", 0, "resource"), "LATHE", "plant.capacity[0].resource", "must be PRESS"),
        (("plant", "capacity", 0, "overtime_hours"), 25, "overtime_hours", "0 to 24"),
        (("plant", "yield_share"), 0, "plant.yield_share", "more than 0"),
        (("plant", "breakdowns", 0, "mean_hours_between"), 0.001, "mean_hours_between", "at least 0.1"),
        (
            ("plant", "outages", 0),
            {"resource": "PRESS", "start": 0, "days": 28},
            "plant.resources[PRESS]",
            "working hours",
        ),
        (("plant", "closed_routings"), ["LASER"], "plant.closed_routings[0]", "must be one of"),
        (("transit", "mean_late_days"), 0.5, "transit.mean_late_days", "1 to 3660"),
        (("desk", "seconds_per_event"), 0, "desk.seconds_per_event", "more than 0"),
        (("planning", "planning_time_fence_days"), 21, "planning_time_fence_days", "0 to horizon_days"),
        (("planning", "method"), "guess", "planning.method", "dispatch, optimal"),
        (("run", "warm_up_days"), 28, "run.warm_up_days", "less than days"),
        (("run", "replications"), 0, "run.replications", "1 or more"),
        (("run", "confidence"), 1, "run.confidence", "less than 1"),
        (("run", "seed"), -1, "run.seed", "0 or more"),
        (("run", "start"), date(2020, 1, 1), "run.start", "lie in the history"),
        (("run", "day"), 3, "run.day", "did you mean days"),
        (("wrong",), 3, "wrong", "no such key"),
    ],
)
def test_an_impossible_value_is_refused_naming_field_and_rule(
    path: tuple[Any, ...], value: Any, field: str, rule: str, history: History
) -> None:
    with pytest.raises((ConfigurationError, InvalidValueError)) as refusal:
        build(with_value(path, value), history)

    assert field in str(refusal.value)
    assert rule in str(refusal.value)
    assert refusal.value.exit_status == 2


def test_a_warm_up_longer_than_the_history_is_refused(history: History) -> None:
    with pytest.raises(InvalidValueError, match=r"run.warm_up_days: must be less than the 26 days of the run"):
        build({"name": "long", "run": {"warm_up_days": 60}}, history)


def test_a_plant_without_any_hours_is_refused() -> None:
    idle = a_press(regular_hours=0.0, overtime_hours=0.0)

    with pytest.raises(InvalidValueError, match=r"PRESS.*working hours"):
        build({"name": "idle", "run": {"warm_up_days": 7}}, a_history(steady_orders(28), resources=(idle,)))


def test_every_mistake_of_a_file_is_named_at_once() -> None:
    with pytest.raises(ConfigurationError) as refusal:
        scenario_from({"name": "x", "demand": {"factor": -1, "colour": "red"}, "run": {"replications": 0, "days": "7"}})

    assert len(refusal.value.problems) == 4


def test_a_history_of_one_order_is_enough_to_build_on() -> None:
    orders = steady_orders(1, a_day=1)

    model = build_model(scenario_from({"name": "one", "run": {"days": 9, "warm_up_days": 1}}), a_history(orders))

    assert model.period.date(0) <= orders[0].ordered_at.date() < model.period.start + timedelta(days=9)
