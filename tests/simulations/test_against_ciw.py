"""Customer by customer the same as Ciw, an independent simulator, on a model of three resources in a row."""

from collections.abc import Iterator
from itertools import chain, repeat
from random import Random

import ciw
import pytest
import simpy

from simulations.station import ServerProcess, Station, Work

CUSTOMERS = 1_500
SERVERS = (2, 1, 3)
NEVER = 1e9


class Times:
    """The same times for both: between arrivals, and of service by resource, in the order in which service begins."""

    def __init__(self, seed: int) -> None:
        random = Random(seed)
        self.between = [random.expovariate(1.0) for _ in range(CUSTOMERS)]
        self.service = [
            [random.expovariate(1 / 1.5) for _ in range(CUSTOMERS)],
            [0.8] * CUSTOMERS,
            [random.uniform(0.5, 4.0) for _ in range(CUSTOMERS)],
        ]


def waits_of_the_model(times: Times) -> list[list[tuple[float, float]]]:
    """Arrival and wait of each customer, by resource, in order of arrival."""
    env = simpy.Environment()
    stations = [Station(env, servers=servers) for servers in SERVERS]
    hours: list[Iterator[float]] = [iter(service) for service in times.service]
    seen: list[list[Work]] = [[] for _ in SERVERS]

    def submit(place: int) -> None:
        def done(work: Work) -> None:
            seen[place].append(work)
            if place + 1 < len(SERVERS):
                submit(place + 1)

        stations[place].submit(Work(next(hours[place]), on_done=done))

    def arrivals() -> ServerProcess:
        for gap in times.between:
            yield env.timeout(gap)
            submit(0)

    env.process(arrivals())
    env.run()
    return [sorted((work.submitted, work.waited) for work in works) for works in seen]


def waits_of_ciw(times: Times) -> list[list[tuple[float, float]]]:
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Sequential([*times.between, NEVER]), None, None],
        service_distributions=[ciw.dists.Sequential(service) for service in times.service],
        number_of_servers=list(SERVERS),
        routing=[[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]],
    )
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_time(NEVER / 2)
    records = simulation.get_all_records()
    return [
        sorted((record.arrival_date, record.waiting_time) for record in records if record.node == node)
        for node in range(1, len(SERVERS) + 1)
    ]


@pytest.mark.parametrize("seed", range(3))
def test_every_wait_is_that_of_ciw(seed: int) -> None:
    times = Times(seed)

    ours, theirs = waits_of_the_model(times), waits_of_ciw(times)

    for mine, other in zip(ours, theirs, strict=True):
        assert len(mine) == len(other) == CUSTOMERS
        assert list(chain(*mine)) == pytest.approx(list(chain(*other)), abs=1e-6)
    assert all(max(wait for _, wait in waits) > 0 for waits in ours)


def test_the_comparison_would_notice_slower_service() -> None:
    times, slower = Times(0), Times(0)
    slower.service[1] = list(repeat(0.9, CUSTOMERS))

    waits, longer = (sum(wait for _, wait in waits_of_the_model(one)[1]) for one in (times, slower))

    assert longer > 1.1 * waits
