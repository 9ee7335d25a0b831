"""The simulation's speed: its core beside a bare SimPy program, Ciw and salabim; a year of orders; processes; memory.

``python -m tests.benchmarks.simulation [--core] [--year] [--processes] [--memory]``; all of them where none is named.
Seconds are CPU time, which other work on the machine disturbs little; the gain of a second process is wall time, and
needs two idle cores.
"""

import argparse
import os
import resource
import time
from collections.abc import Callable
from random import Random
from statistics import fmean

import ciw
import salabim
import simpy

from simulations.generated_history import generate_history
from simulations.replication import build_model, run_replication
from simulations.scenario_file import scenario_from
from simulations.station import ServerProcess, Station, Work
from simulations.study import run_study

CUSTOMERS, LOAD, ROUNDS = 20_000, 0.7, 3
CoreRun = Callable[[int], float]
"""From a seed to the mean wait."""


def main(arguments: list[str] | None = None) -> None:
    """Prints a table for each part."""
    parts = {"core": _print_core, "year": _print_year, "processes": _print_processes, "memory": _print_memory}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in parts:
        parser.add_argument(f"--{name}", action="store_true")
    options = vars(parser.parse_args(arguments))
    named = [name for name in parts if options[name]]
    for name in named or parts:
        print(f"\n{name}  (load of the machine {os.getloadavg()[0]:.1f} on {len(os.sched_getaffinity(0))} cores)")
        parts[name]()


def _print_core() -> None:
    runs: dict[str, CoreRun] = {"bare SimPy": _bare, "station": _station, "Ciw": _ciw, "salabim": _salabim}
    best = dict.fromkeys(runs, float("inf"))
    waits = dict.fromkeys(runs, 0.0)
    # in turns, so that a busy minute of the machine falls on all of them
    for seed in range(ROUNDS):
        for name, run in runs.items():
            started = time.process_time()
            waits[name] = run(seed)
            best[name] = min(best[name], time.process_time() - started)
    for name in runs:
        ratio = best[name] / best["bare SimPy"]
        print(f"  {name:<12}{best[name]:7.3f} s  {ratio:5.2f} times bare SimPy   mean wait {waits[name]:.3f}")


def _times(seed: int) -> tuple[list[float], list[float]]:
    random = Random(seed)
    between = [random.expovariate(LOAD) for _ in range(CUSTOMERS)]
    return between, [random.expovariate(1.0) for _ in range(CUSTOMERS)]


def _bare(seed: int) -> float:
    """The queue as the SimPy tutorial would write it."""
    env, waits = simpy.Environment(), []
    server = simpy.Resource(env, capacity=1)

    def customer(hours: float) -> ServerProcess:
        arrived = env.now
        with server.request() as request:
            yield request
            waits.append(env.now - arrived)
            yield env.timeout(hours)

    def source() -> ServerProcess:
        for gap, hours in zip(*_times(seed), strict=True):
            yield env.timeout(gap)
            env.process(customer(hours))

    env.process(source())
    env.run()
    return fmean(waits)


def _station(seed: int) -> float:
    env = simpy.Environment()
    done: list[Work] = []
    station = Station(env)

    def source() -> ServerProcess:
        for gap, hours in zip(*_times(seed), strict=True):
            yield env.timeout(gap)
            station.submit(Work(hours, on_done=done.append))

    env.process(source())
    env.run()
    return fmean(work.waited for work in done)


def _ciw(seed: int) -> float:
    between, services = _times(seed)
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Sequential([*between, 1e12])],
        service_distributions=[ciw.dists.Sequential(services)],
        number_of_servers=[1],
    )
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_time(1e11)
    return fmean(record.waiting_time for record in simulation.get_all_records())


def _salabim(seed: int) -> float:
    salabim.yieldless(False)
    env, waits = salabim.Environment(trace=False), []
    server = salabim.Resource("server", capacity=1)

    class Customer(salabim.Component):  # type: ignore[misc]
        def setup(self, hours: float) -> None:
            self.hours = hours

        def process(self) -> ServerProcess:
            arrived = env.now()
            yield self.request(server)
            waits.append(env.now() - arrived)
            yield self.hold(self.hours)
            self.release()

    class Source(salabim.Component):  # type: ignore[misc]
        def process(self) -> ServerProcess:
            for gap, hours in zip(*_times(seed), strict=True):
                yield self.hold(gap)
                Customer(hours=hours)

    Source()
    env.run()
    return fmean(waits)


def _print_year() -> None:
    history = generate_history(customers=500, orders_per_month=2_000, months=13, seed=2)
    for factor, words in ((1.0, "as generated"), (1.15, "15 % more hours")):
        plant = {"capacity": [{"capacity_factor": factor}]}
        scenario = scenario_from({"name": "a year", "plant": plant, "run": {"days": 365, "warm_up_days": 28}})
        model = build_model(scenario, history)
        started = time.process_time()
        result = run_replication(model, 0)
        seconds = time.process_time() - started
        orders, plans = result.daily["arrived"].sum(), result.measures["plans"]
        busiest = max(value for name, value in result.measures.items() if name.startswith("utilization"))
        print(
            f"  {words:<16}{orders:8,.0f} orders, {plans:.0f} plans, busiest resource {busiest:.0%}, "
            f"mean backlog {result.measures['mean_backlog']:,.0f}: {seconds:6.1f} s CPU"
        )


def _print_processes() -> None:
    history = generate_history(customers=60, orders_per_month=200, months=6, seed=2)
    scenario = scenario_from({"name": "processes", "run": {"days": 150, "warm_up_days": 28, "replications": 16}})
    seconds = {}
    for processes in (1, 2):
        started = time.perf_counter()
        run_study(scenario, history, processes=processes)
        seconds[processes] = time.perf_counter() - started
    print(f"  one process {seconds[1]:.1f} s, two {seconds[2]:.1f} s: {seconds[1] / seconds[2]:.2f} times as fast")


def _print_memory() -> None:
    history = generate_history(customers=60, orders_per_month=200, months=6, seed=2)
    model = build_model(scenario_from({"name": "memory", "run": {"days": 120, "warm_up_days": 28}}), history)
    for number in range(16):
        run_replication(model, number)
        if number + 1 in {1, 2, 4, 8, 16}:
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(f"  after {number + 1:3d} replications the most memory ever held is {peak:7.1f} MB")


if __name__ == "__main__":
    main()
