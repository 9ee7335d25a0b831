from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cms.domain.errors import ConfigurationError
from simulations.generated_history import generate_history
from simulations.order_history import History
from simulations.scenario_file import scenario_from
from simulations.study import Study, run_study


@pytest.fixture(scope="module")
def history() -> History:
    return generate_history(customers=20, orders_per_month=60, months=4, seed=2)


def study_of(history: History, document: dict[str, Any] | None = None, **options: Any) -> Study:
    wanted = {"name": "base", "run": {"days": 42, "warm_up_days": 14, "replications": 2, "seed": 7}}
    return run_study(scenario_from(wanted | (document or {})), history, **options)


def test_the_same_seed_gives_the_same_bits_in_one_process_or_two(history: History) -> None:
    alone = study_of(history, processes=1)
    together = study_of(history, processes=2)

    assert all(a.is_same(b) for a, b in zip(alone.results, together.results, strict=True))


def test_an_interrupted_study_goes_on_where_it_stopped(history: History, tmp_path: Path) -> None:
    study_of(history, processes=1, replications=1, folder=tmp_path)

    resumed = study_of(history, processes=1, folder=tmp_path)

    fresh = study_of(history, processes=1)
    assert all(a.is_same(b) for a, b in zip(resumed.results, fresh.results, strict=True))


def test_more_capacity_never_serves_worse(history: History) -> None:
    richer = replace(
        history,
        resources=tuple(
            replace(r, regular_hours=min(24.0 - r.overtime_hours, 1.3 * r.regular_hours)) for r in history.resources
        ),
    )

    usual, more = study_of(history, processes=1), study_of(richer, processes=1)

    assert more.estimate("otif").mean >= usual.estimate("otif").mean


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"run": {"days": 10, "warm_up_days": 10}}, "warm_up_days"),
        ({"demand": {"factor": -1}}, "factor"),
        ({"run": {"replications": 0}}, "replications"),
        ({"wrong": 1}, "wrong"),
    ],
)
def test_an_impossible_scenario_is_refused_naming_the_field(document: dict[str, Any], field: str) -> None:
    with pytest.raises(ConfigurationError, match=field):
        scenario_from({"name": "impossible"} | document)
