"""The information side: order events arrive, wait, are processed; only then can planning know of the order."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import simpy

from simulations.arrival_process import Period, SimulatedOrder
from simulations.observations import DeskDay, Observations
from simulations.random_streams import RandomStreams
from simulations.scenario import OrderDesk
from simulations.station import ServerProcess, Station, Work

CHANGES_WITHIN_HOURS = 120.0
"""An order is changed in the first five days after its arrival."""


class DeskEvent(NamedTuple):
    """An order, or a change to one, on its way to planning.

    Parameters
    ----------
    sent, received : float
        Simulated hours; they differ while monday.com is down.
    order : SimulatedOrder, optional
        None for a change.
    """

    received: float
    number: int
    sent: float
    service_hours: float
    order: SimulatedOrder | None


class _Event(Work):
    __slots__ = ("order", "sent")

    def __init__(self, event: DeskEvent, on_done: Callable[["_Event"], None]) -> None:
        super().__init__(event.service_hours, on_done=on_done)
        self.sent = event.sent
        self.order = event.order


def desk_events(
    orders: Sequence[SimulatedOrder], desk: OrderDesk, period: Period, streams: RandomStreams
) -> list[DeskEvent]:
    """Every event of the run, in the order in which the desk receives them."""
    end = 24.0 * period.days
    chance = streams.generator("changes to orders")
    changes = chance.poisson(desk.events_per_order - 1, len(orders)).tolist()
    sent: list[tuple[float, SimulatedOrder | None]] = []
    for order, count in zip(orders, changes, strict=True):
        sent.append((order.arrival_hours, order))
        sent += [(order.arrival_hours + CHANGES_WITHIN_HOURS * u, None) for u in chance.random(count).tolist()]
    services = streams.generator("order desk").exponential(desk.seconds_per_event / 3600, len(sent)).tolist()
    events = (
        DeskEvent(_received(moment, desk, period), number, moment, service, order)
        for number, ((moment, order), service) in enumerate(zip(sent, services, strict=True))
    )
    return sorted(event for event in events if event.received < end)


def _received(sent: float, desk: OrderDesk, period: Period) -> float:
    """When an event comes through: at once, or at the end of the outage."""
    for outage in desk.outages:
        start = 24.0 * period.index(outage.start)
        if start <= sent < start + outage.hours:
            return start + outage.hours
    return sent


class Desk:
    """The desk at work.

    Parameters
    ----------
    on_known : callable
        Told of every order as soon as it is processed.
    """

    def __init__(
        self,
        env: simpy.Environment,
        desk: OrderDesk,
        *,
        on_known: Callable[[SimulatedOrder], None],
        observations: Observations,
    ) -> None:
        self._env = env
        self._station = Station(env, servers=desk.workers)
        self._on_known = on_known
        self._seen = observations
        self._seen.desk_days = [DeskDay() for _ in range(observations.days)]

    def receive(self, events: Sequence[DeskEvent]) -> None:
        """Lets the events come in at their times."""
        self._env.process(self._arrive(iter(events)))

    def _arrive(self, events: Iterator[DeskEvent]) -> ServerProcess:
        env, station, days = self._env, self._station, self._seen.desk_days
        for event in events:
            if event.received > env.now:
                yield env.timeout(event.received - env.now)
            station.submit(_Event(event, self._processed))
            day = days[int(env.now // 24)]
            day.backlog = max(day.backlog, station.waiting)

    def _processed(self, event: _Event) -> None:
        seconds = (self._env.now - event.sent) * 3600
        place = int(self._env.now // 24)
        self._seen.desk_delays.append((place, seconds))
        if place < len(self._seen.desk_days):
            day = self._seen.desk_days[place]
            day.delay_seconds = max(day.delay_seconds, seconds)
        if event.order is not None:
            self._on_known(event.order)
