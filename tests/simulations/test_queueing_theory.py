"""The core of the model against theory: mean waits inside a 99 % interval over independent replications."""

from random import Random
from statistics import fmean

import pytest
import simpy

from simulations.station import ServerProcess, Station, Work
from simulations.statistics import estimate

REPLICATIONS, CUSTOMERS, WARM_UP = 20, 6_000, 1_000


def mean_wait(seed: int, *, servers: int, load: float, deterministic: bool) -> float:
    """The mean wait in a queue whose service takes an hour on average."""
    random, env = Random(seed), simpy.Environment()
    done: list[Work] = []
    station = Station(env, servers=servers)

    def arrivals() -> ServerProcess:
        for _ in range(CUSTOMERS):
            yield env.timeout(random.expovariate(load * servers))
            hours = 1.0 if deterministic else random.expovariate(1.0)
            station.submit(Work(hours, on_done=done.append))

    env.process(arrivals())
    env.run()
    measured = [work.waited for work in done[WARM_UP:]]
    return fmean(measured)


@pytest.mark.parametrize(
    ("servers", "load", "deterministic", "theory"),
    [
        (1, 0.6, False, 1.5),  # M/M/1: ρ / (1 - ρ)
        (1, 0.6, True, 0.75),  # M/D/1: half of it, by Pollaczek and Khinchine
        (2, 0.6, False, 0.5625),  # M/M/2: Erlang C, ρ² / (1 - ρ²)
    ],
    ids=["M/M/1", "M/D/1", "M/M/2"],
)
def test_the_mean_wait_is_that_of_theory(servers: int, load: float, deterministic: bool, theory: float) -> None:
    waits = [mean_wait(seed, servers=servers, load=load, deterministic=deterministic) for seed in range(REPLICATIONS)]

    found = estimate(waits, 0.99)

    assert abs(found.mean - theory) <= found.half_width
    assert found.half_width < 0.1 * theory
