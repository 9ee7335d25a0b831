"""A small generated company as a history, and short studies of it."""

from collections.abc import Mapping
from typing import Any

from simulations import History, Scenario, Study, generate_history, run_study, scenario_from

SHORT: Mapping[str, Any] = {"name": "base", "run": {"days": 42, "warm_up_days": 14, "replications": 2, "seed": 7}}


def small_history() -> History:
    return generate_history(customers=10, orders_per_month=40, months=6, load=0.6, seed=2)


def small_scenario(changes: Mapping[str, Any] | None = None) -> Scenario:
    return scenario_from({**SHORT, **(changes or {})})


def small_study(history: History, changes: Mapping[str, Any] | None = None) -> Study:
    return run_study(small_scenario(changes), history, processes=1)
