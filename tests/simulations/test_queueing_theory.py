"""The core of the model against theory: means inside a 99 % interval over independent replications.

The replications of a usual run bring the half-width under 6 %; ``CMS_REPLICATIONS=400`` brings it under 2 %.
"""

import math
import os
from collections.abc import Callable
from random import Random
from statistics import fmean
from typing import NamedTuple

import pytest
import simpy

from simulations.station import ServerProcess, Station, Work
from simulations.statistics import Estimate, estimate

REPLICATIONS = int(os.environ.get("CMS_REPLICATIONS", "12"))
WIDEST = 0.02 if REPLICATIONS >= 400 else 0.08
CUSTOMERS, WARM_UP = 6_000, 500

Draw = Callable[[Random], float]


def exponential(random: Random) -> float:
    return random.expovariate(1.0)


def constant(random: Random) -> float:
    return 1.0


def uniform(random: Random) -> float:
    return 2 * random.random()


def often_short(random: Random) -> float:
    """Half an hour for four pieces of work in five, three hours for the fifth: an hour on average."""
    return 0.5 if random.random() < 0.8 else 3.0


SECOND_MOMENT: dict[Draw, float] = {exponential: 2.0, constant: 1.0, uniform: 4 / 3, often_short: 0.8 * 0.25 + 0.2 * 9}
"""Of the hours of service, whose mean is 1."""


def pollaczek_khinchine(load: float, second_moment: float) -> float:
    """Mean wait in a single-server queue with Poisson arrivals, in mean service times."""
    return load * second_moment / (2 * (1 - load))


def erlang_c_wait(load: float, servers: int) -> float:
    """Mean wait in M/M/c, in mean service times: the chance to wait over the rate at which the queue falls."""
    offered = load * servers
    waiting = offered**servers / math.factorial(servers) / (1 - load)
    chance = waiting / (sum(offered**k / math.factorial(k) for k in range(servers)) + waiting)
    return chance / (servers * (1 - load))


class Queue(NamedTuple):
    """What one replication saw of the customers after the warm-up."""

    done: list[Work]
    mean_in_line: float


def run_queue(seed: int, *, load: float, service: Draw, servers: int = 1, urgent_share: float = 0.0) -> Queue:
    random, env = Random(seed), simpy.Environment()
    done: list[Work] = []
    station = Station(env, servers=servers)
    seen: list[tuple[float, int]] = []

    def arrivals() -> ServerProcess:
        for number in range(CUSTOMERS):
            yield env.timeout(random.expovariate(load * servers))
            # arrivals see time averages, but only before they join
            seen.append((number, station.waiting))
            rank = 0 if random.random() < urgent_share else 1
            station.submit(Work(service(random), rank=rank, on_done=done.append))

    env.process(arrivals())
    env.run()
    return Queue(done[WARM_UP:], fmean(waiting for number, waiting in seen[WARM_UP:]))


def mean_wait(seed: int, *, load: float, service: Draw, servers: int = 1) -> float:
    return fmean(work.waited for work in run_queue(seed, load=load, service=service, servers=servers).done)


def check(found: Estimate, theory: float) -> None:
    assert theory in found
    assert found.half_width < WIDEST * theory


@pytest.mark.parametrize("service", [exponential, constant, uniform, often_short], ids=lambda one: one.__name__)
def test_the_mean_wait_for_one_server_is_that_of_pollaczek_and_khinchine(service: Draw) -> None:
    waits = [mean_wait(seed, load=0.5, service=service) for seed in range(REPLICATIONS)]

    check(estimate(waits, 0.99), pollaczek_khinchine(0.5, SECOND_MOMENT[service]))


@pytest.mark.parametrize("servers", [2, 4])
def test_the_mean_wait_for_several_servers_is_that_of_erlang(servers: int) -> None:
    waits = [mean_wait(seed, load=0.6, service=exponential, servers=servers) for seed in range(REPLICATIONS)]

    check(estimate(waits, 0.99), erlang_c_wait(0.6, servers))


def test_the_formulas_agree_with_numbers_worked_by_hand() -> None:
    assert pollaczek_khinchine(0.6, 2.0) == pytest.approx(1.5)  # M/M/1: 0.6 / 0.4
    assert pollaczek_khinchine(0.6, 1.0) == pytest.approx(0.75)  # M/D/1: half of it
    assert erlang_c_wait(0.6, 1) == pytest.approx(1.5)
    assert erlang_c_wait(0.6, 2) == pytest.approx(0.5625)  # M/M/2: 0.36 / 0.64


def test_the_mean_number_in_line_is_arrival_rate_times_mean_wait() -> None:
    # Poisson arrivals see the line as it is on average, so both sides are measured without each other
    queues = [run_queue(seed, load=0.5, service=exponential) for seed in range(REPLICATIONS)]

    in_line = estimate([queue.mean_in_line for queue in queues], 0.99)
    check(in_line, 0.5 * pollaczek_khinchine(0.5, 2.0))
    differences = [queue.mean_in_line - 0.5 * fmean(work.waited for work in queue.done) for queue in queues]
    assert 0.0 in estimate(differences, 0.99)


def test_urgent_work_waits_as_cobham_says() -> None:
    urgent, usual = [], []
    for seed in range(REPLICATIONS):
        done = run_queue(seed, load=0.6, service=exponential, urgent_share=0.5).done
        urgent.append(fmean(work.waited for work in done if work.rank == 0))
        usual.append(fmean(work.waited for work in done if work.rank == 1))

    # hours left of the work in service: 0.6 x 2 / 2; of the load, 0.3 is urgent
    assert 0.6 / (1 - 0.3) in estimate(urgent, 0.99)
    assert 0.6 / ((1 - 0.3) * (1 - 0.6)) in estimate(usual, 0.99)
