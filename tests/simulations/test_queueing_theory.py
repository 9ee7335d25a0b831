"""The core of the model against theory: means inside a 99 % interval of independent replications, within 2 % each way.

Of what a replication drew, the mean hours of service and between arrivals are known in theory. By how much they missed
it tells how much of its mean wait was luck (control variates), so that fewer replications are needed.
"""

import math
import os
from collections.abc import Callable
from random import Random
from statistics import fmean
from typing import NamedTuple

import numpy as np
import pytest
import simpy
from scipy.stats import t as student

from simulations.station import ServerProcess, Station, Work
from simulations.statistics import Estimate, estimate

REPLICATIONS, LEVEL, WIDEST = int(os.environ.get("CMS_REPLICATIONS", "80")), 0.99, 0.02
CUSTOMERS, WARM_UP = 6_000, 500
pytestmark = pytest.mark.slow

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
    """What one replication saw of the customers after the warm-up; `gaps` are the hours before each arrival."""

    done: list[Work]
    mean_in_line: float
    gaps: list[float]

    @property
    def mean_wait(self) -> float:
        return fmean(work.waited for work in self.done)


def run_queue(seed: int, *, load: float, service: Draw, servers: int = 1, urgent_share: float = 0.0) -> Queue:
    random, env = Random(seed), simpy.Environment()
    done: list[Work] = []
    station = Station(env, servers=servers)
    seen: list[int] = []
    gaps: list[float] = []

    def arrivals() -> ServerProcess:
        for _ in range(CUSTOMERS):
            gaps.append(random.expovariate(load * servers))
            yield env.timeout(gaps[-1])
            # arrivals see time averages, but only before they join
            seen.append(station.waiting)
            rank = 0 if random.random() < urgent_share else 1
            station.submit(Work(service(random), rank=rank, on_done=done.append))

    env.process(arrivals())
    env.run()
    return Queue(done[WARM_UP:], fmean(seen[WARM_UP:]), gaps[WARM_UP:])


def luck(queue: Queue, load: float, servers: int = 1) -> list[float]:
    """By how much the mean hours of service and between arrivals were missed."""
    return [fmean(work.hours for work in queue.done) - 1, fmean(queue.gaps) - 1 / (load * servers)]


def fast_server_luck(queue: Queue, load: float, servers: int = 1) -> float:
    """By how much the wait for one server that is so many times as fast was missed: Lindley's recursion, M/M/1."""
    wait, waits = 0.0, []
    in_order = sorted(queue.done, key=lambda work: work.submitted)
    for gap, work in zip(queue.gaps[1:], in_order, strict=False):
        waits.append(wait)
        wait = max(0.0, wait + work.hours / servers - gap)
    return fmean(waits) - pollaczek_khinchine(load, 2.0) / servers


def controlled(values: list[float], missed: list[list[float]]) -> Estimate:
    """The mean where nothing was missed, by least squares, with its interval."""
    columns = np.array(missed).T
    design = np.column_stack([np.ones(len(values)), *(one for one in columns if one.std() > 1e-9)])
    found, *_ = np.linalg.lstsq(design, np.array(values), rcond=None)
    rest, free = np.array(values) - design @ found, len(values) - design.shape[1]
    deviation = math.sqrt(np.linalg.inv(design.T @ design)[0, 0] * float(rest @ rest) / free)
    half = float(student.ppf(0.5 + LEVEL / 2, free)) * deviation
    return Estimate(mean=float(found[0]), half_width=half, level=LEVEL, replications=len(values))


def check(found: Estimate, theory: float) -> None:
    assert theory in found
    assert found.half_width < WIDEST * theory


@pytest.mark.parametrize("service", [constant, uniform, often_short], ids=lambda one: one.__name__)
def test_the_mean_wait_for_one_server_is_that_of_pollaczek_and_khinchine(service: Draw) -> None:
    queues = [run_queue(seed, load=0.5, service=service) for seed in range(REPLICATIONS)]

    found = controlled([queue.mean_wait for queue in queues], [luck(queue, 0.5) for queue in queues])
    check(found, pollaczek_khinchine(0.5, SECOND_MOMENT[service]))


@pytest.mark.parametrize("servers", [2, 4])
def test_the_mean_wait_for_several_servers_is_that_of_erlang(servers: int) -> None:
    queues = [run_queue(seed, load=0.6, service=exponential, servers=servers) for seed in range(REPLICATIONS)]

    missed = [[*luck(queue, 0.6, servers), fast_server_luck(queue, 0.6, servers)] for queue in queues]
    found = controlled([queue.mean_wait for queue in queues], missed)
    check(found, erlang_c_wait(0.6, servers))


def test_the_formulas_agree_with_numbers_worked_by_hand() -> None:
    assert pollaczek_khinchine(0.6, 2.0) == pytest.approx(1.5)  # M/M/1: 0.6 / 0.4
    assert pollaczek_khinchine(0.6, 1.0) == pytest.approx(0.75)  # M/D/1: half of it
    assert erlang_c_wait(0.6, 1) == pytest.approx(1.5)
    assert erlang_c_wait(0.6, 2) == pytest.approx(0.5625)  # M/M/2: 0.36 / 0.64


def test_the_mean_number_in_line_is_arrival_rate_times_the_mean_wait_of_theory() -> None:
    # Poisson arrivals see the line as it is on average, so both sides are measured without each other
    queues = [run_queue(seed, load=0.5, service=exponential) for seed in range(REPLICATIONS)]

    wait = controlled([queue.mean_wait for queue in queues], [luck(queue, 0.5) for queue in queues])
    check(wait, pollaczek_khinchine(0.5, 2.0))
    missed = [[*luck(queue, 0.5), fast_server_luck(queue, 0.5)] for queue in queues]
    in_line = controlled([queue.mean_in_line for queue in queues], missed)
    check(in_line, 0.5 * pollaczek_khinchine(0.5, 2.0))
    differences = [queue.mean_in_line - 0.5 * queue.mean_wait for queue in queues]
    assert 0.0 in estimate(differences, LEVEL)


def test_urgent_work_waits_as_cobham_says() -> None:
    urgent, usual = [], []
    for seed in range(12):
        done = run_queue(seed, load=0.6, service=exponential, urgent_share=0.5).done
        urgent.append(fmean(work.waited for work in done if work.rank == 0))
        usual.append(fmean(work.waited for work in done if work.rank == 1))

    # hours left of the work in service: 0.6 x 2 / 2; of the load, 0.3 is urgent
    assert 0.6 / (1 - 0.3) in estimate(urgent, LEVEL)
    assert 0.6 / ((1 - 0.3) * (1 - 0.6)) in estimate(usual, LEVEL)
