"""Memory stays flat over replications: what one held is given back before the next."""

import gc
import tracemalloc

from simulations.replication import build_model, run_replication
from simulations.scenario_file import scenario_from
from tests.simulations.histories import a_history, steady_orders


def test_memory_is_flat_over_replications() -> None:
    run = {"days": 28, "warm_up_days": 7}
    model = build_model(scenario_from({"name": "many", "run": run}), a_history(steady_orders(28, a_day=4)))
    held = []
    tracemalloc.start()
    try:
        for number in range(7):
            run_replication(model, number)
            gc.collect()
            held.append(tracemalloc.get_traced_memory()[0])
        one_run = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    # after the first two, which fill caches, five more leave less than a twentieth of what one of them uses
    assert held[-1] - held[1] < 0.05 * one_run
