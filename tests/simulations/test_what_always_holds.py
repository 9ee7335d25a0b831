"""Whatever chance decides: nothing is lost, more capacity never serves worse, the same seed gives the same bits."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulations.order_history import History
from simulations.replication import build_model, run_replication
from simulations.results import ReplicationResult
from simulations.scenario_file import scenario_from
from tests.builders import a_press
from tests.simulations.histories import a_history, steady_orders

SCENARIOS: dict[str, dict[str, Any]] = {
    "calm": {},
    "breakdowns": {"plant": {"breakdowns": [{"resource": "*", "mean_hours_between": 60, "mean_hours_to_repair": 6}]}},
    "peak": {"demand": {"peaks": [{"start": 14, "days": 7, "factor": 2.0}]}},
    "rush": {"demand": {"rush_share": 0.4, "rush_lead_days": 3}},
    "outage": {"plant": {"outages": [{"resource": "PRESS", "start": 16, "days": 3}]}},
    "scrap": {"plant": {"yield_share": 0.9, "work_time_cv": 0.5}},
}


def replicated(history: History, *, seed: int, days: int = 49, **parts: Any) -> ReplicationResult:
    run = {"days": days, "warm_up_days": 7, "seed": seed}
    return run_replication(build_model(scenario_from({"name": "one", "run": run} | parts), history), 0)


def with_hours(history: History, factor: float) -> History:
    return replace(history, resources=(a_press(regular_hours=16 * factor, overtime_hours=0),))


@given(
    seed=st.integers(0, 10_000),
    a_day=st.integers(4, 10),
    factor=st.floats(1.05, 1.4),
    name=st.sampled_from(sorted(SCENARIOS)),
)
@settings(max_examples=12, deadline=None)
def test_more_capacity_never_serves_worse_under_the_same_luck(seed: int, a_day: int, factor: float, name: str) -> None:
    history = a_history(steady_orders(49, a_day=a_day, lead_days=10))

    usual = replicated(with_hours(history, 1.0), seed=seed, **SCENARIOS[name]).measures
    more = replicated(with_hours(history, factor), seed=seed, **SCENARIOS[name]).measures

    assert more["otif"] >= usual["otif"]
    assert more["mean_tardiness_days"] <= usual["mean_tardiness_days"]


@given(seed=st.integers(0, 10_000), name=st.sampled_from(sorted(SCENARIOS)))
@settings(max_examples=8, deadline=None)
def test_what_arrives_is_shipped_or_still_open(seed: int, name: str) -> None:
    found = replicated(a_history(steady_orders(49, a_day=8)), seed=seed, **SCENARIOS[name])

    arrived, shipped, backlog = (found.daily[one] for one in ("arrived", "shipped", "backlog"))
    assert np.all(backlog >= 0)
    assert arrived.sum() == shipped.sum() + backlog[-1]
    assert sum(found.tardiness.values()) == found.measures["orders"] == found.daily["due"][7:].sum()
    assert found.daily["on_time"][7:].sum() == found.tardiness.get(0, 0)


@pytest.mark.parametrize("name", ["calm", "breakdowns", "outage"])
def test_the_hours_worked_are_the_hours_of_the_orders(name: str) -> None:
    history = a_history(steady_orders(21, a_day=6))
    parts = SCENARIOS[name] | {"plant": SCENARIOS[name].get("plant", {}) | {"work_time_cv": 0.0}}

    found = replicated(history, seed=3, **parts)

    # four weeks later all 90 orders of two press-hours have left
    assert found.daily["backlog"][-1] == 0
    assert found.daily["worked_hours[PRESS]"].sum() == pytest.approx(history.hours_needed["PRESS"])  # type: ignore[index]
    assert history.hours_needed["PRESS"] == 180.0  # type: ignore[index]


def test_no_day_has_more_work_than_hours() -> None:
    found = replicated(a_history(steady_orders(49, a_day=10)), seed=1, **SCENARIOS["breakdowns"])

    assert np.all(found.daily["worked_hours[PRESS]"] <= 20.0 + 1e-6)
    assert np.all(found.daily["overtime_hours[PRESS]"] <= 4.0 + 1e-6)


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_the_same_seed_gives_the_same_bits_and_another_one_does_not(name: str) -> None:
    history = a_history(steady_orders(49, a_day=8))

    first, again, other = (replicated(history, seed=seed, **SCENARIOS[name]) for seed in (5, 5, 6))

    assert first.is_same(again)
    assert not first.is_same(other)
