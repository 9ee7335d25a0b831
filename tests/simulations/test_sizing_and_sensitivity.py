"""The smallest capacity that serves well enough, and how an answer depends on assumptions."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from cms.domain.errors import ConfigurationError, InvalidValueError
from simulations.scenario import Scenario
from simulations.scenario_file import scenario_from
from simulations.sensitivity import grid_scenarios, run_grid
from simulations.sizing import Lever, ServiceTarget, Sizing, at_level, size_capacity
from tests.simulations.histories import a_history, steady_orders

HISTORY = a_history(steady_orders(42, a_day=10, lead_days=7, quantity=40))
"""Twenty press-hours on each working day; the press has 16, and 4 of overtime."""


def scenario(**parts: Any) -> Scenario:
    run = {"days": 42, "warm_up_days": 14, "replications": 2}
    return scenario_from({"name": "base", "run": run, "plant": {"overtime": "never", "work_time_cv": 0.0}} | parts)


def sized(levels: Sequence[float], **options: Any) -> Sizing:
    return size_capacity(scenario(), HISTORY, levels=levels, processes=1, **options)


def test_the_smallest_level_that_meets_the_target_is_found_by_halving() -> None:
    found = sized([0.6, 0.8, 1.0, 1.2, 1.4, 1.6, 2.0], target=ServiceTarget(at_least=0.98))

    # 20 hours of work against 16 times the level
    assert found.chosen is not None
    assert found.chosen.level in {1.4, 1.6}
    assert len(found.tried) == 3
    assert all(step.is_met == (step.level >= found.chosen.level) for step in found.tried)


def test_where_no_level_is_enough_none_is_chosen() -> None:
    found = sized([0.5, 0.7])

    assert found.chosen is None
    assert [step.is_met for step in found.tried] == [False]


def test_the_target_must_be_met_with_confidence_not_on_average() -> None:
    target = ServiceTarget(at_least=0.9, confidence=0.95)

    assert target.is_met([0.95, 0.96, 0.94])
    assert not target.is_met([0.80, 1.0, 0.98])  # on average 0.927


def test_a_lever_is_put_on_top_of_the_scenario_and_named() -> None:
    base = scenario(plant={"capacity": [{"resource": "PRESS", "capacity_factor": 1.1}]})

    capacity, overtime = at_level(base, Lever.CAPACITY, "PRESS", 1.5), at_level(base, Lever.OVERTIME, "*", 6.0)

    assert [change.capacity_factor for change in capacity.plant.capacity] == [1.1, 1.5]
    assert overtime.plant.capacity[1].overtime_hours == 6.0
    assert overtime.name == "base, overtime 6 on *"


@pytest.mark.parametrize(
    ("levels", "options", "field"),
    [
        ([], {}, "levels"),
        ([1.0], {"replications": 1}, "replications"),
        ([-1.0], {}, "capacity_factor"),
        ([30.0], {"lever": Lever.OVERTIME}, "overtime_hours"),
        ([1.0], {"resource": "LATHE"}, "resource"),
    ],
)
def test_an_impossible_question_is_refused_naming_the_field(
    levels: list[float], options: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidValueError, match=field):
        sized(levels, **options)


def test_a_grid_has_a_scenario_for_every_combination() -> None:
    grid: dict[str, list[Any]] = {"demand.factor": [0.8, 1.2], "planning.planning_time_fence_days": [0, 2, 4]}

    points = list(grid_scenarios(scenario(), grid))

    assert len(points) == 6
    values, last = points[-1]
    assert values == {"demand.factor": 1.2, "planning.planning_time_fence_days": 4}
    assert (last.demand.factor, last.planning.planning_time_fence_days) == (1.2, 4)
    assert last.name == "base (demand.factor=1.2, planning.planning_time_fence_days=4)"


def test_a_grid_reaches_into_lists() -> None:
    base = scenario(plant={"capacity": [{"resource": "PRESS", "capacity_factor": 1.1}]})

    points = list(grid_scenarios(base, {"plant.capacity.0.capacity_factor": [1.3]}))

    assert points[0][1].plant.capacity[0].capacity_factor == 1.3


@pytest.mark.parametrize(
    ("key", "error"),
    [
        ("demand.charm", ConfigurationError),
        ("charm.factor", InvalidValueError),
        ("plant.capacity.7.capacity_factor", InvalidValueError),
    ],
)
def test_a_key_that_is_none_is_refused_by_name(key: str, error: type[Exception]) -> None:
    with pytest.raises(error, match=key.rsplit(".", maxsplit=1)[0]):
        list(grid_scenarios(scenario(), {key: [1.0]}))


def test_points_of_a_grid_keep_their_replications_apart(tmp_path: Path) -> None:
    points = run_grid(scenario(), HISTORY, {"demand.factor": [0.5, 1.5]}, replications=1, processes=1, folder=tmp_path)

    assert len({path.parent for path in tmp_path.rglob("*.parquet")}) == 2
    light, heavy = (point.study.estimate("otif").mean for point in points)
    assert light > heavy
