"""Order events wait at the desk: one after another, through outages, and planning knows of an order only after them."""

import pytest
import simpy

from simulations.arrival_process import Period, SimulatedOrder, arrivals
from simulations.observations import Observations
from simulations.order_desk import Desk, DeskEvent, desk_events
from simulations.random_streams import RandomStreams
from simulations.scenario import DeskOutage, OrderDesk
from simulations.scenario_demand import Demand
from tests.builders import MONDAY
from tests.simulations.histories import a_history, steady_orders

WEEK = Period(start=MONDAY, days=7)
STREAMS = RandomStreams(seed=1, replication=0)
ORDERS = arrivals(a_history(steady_orders(7, a_day=4)), Demand(), WEEK, STREAMS)
"""Four orders at noon, six hours after planning, on each of five days."""
HOUR = 1 / 3600
"""Of a second."""


def event(number: int, received: float, seconds: float, order: SimulatedOrder | None = None) -> DeskEvent:
    return DeskEvent(received, number, received, seconds * HOUR, order)


def run(events: list[DeskEvent], desk: OrderDesk | None = None) -> tuple[Observations, list[tuple[str, float]]]:
    env, seen = simpy.Environment(), Observations(start=MONDAY, days=7)
    known: list[tuple[str, float]] = []
    at_work = Desk(
        env,
        desk or OrderDesk(),
        on_known=lambda order: known.append((order.order_id, round(env.now / HOUR, 6))),
        observations=seen,
    )
    at_work.receive(events)
    env.run(until=24.0 * 7)
    return seen, known


def test_events_are_processed_one_after_another() -> None:
    seen, known = run([event(0, 0.0, 10, ORDERS[0]), event(1, 0.0, 20), event(2, 0.0, 30, ORDERS[1])])

    assert known == [(ORDERS[0].order_id, 10.0), (ORDERS[1].order_id, 60.0)]
    assert [round(seconds, 6) for _, seconds in seen.desk_delays] == [10.0, 30.0, 60.0]
    assert seen.desk_days[0].backlog == 3
    assert seen.desk_days[0].delay_seconds == pytest.approx(60.0)


def test_a_second_worker_halves_the_line() -> None:
    seen, _ = run([event(number, 0.0, 10) for number in range(4)], OrderDesk(workers=2))

    assert [round(seconds, 6) for _, seconds in seen.desk_delays] == [10.0, 10.0, 20.0, 20.0]


def test_every_order_is_an_event_and_changes_follow_within_five_days() -> None:
    events = desk_events(ORDERS, OrderDesk(events_per_order=1.0), WEEK, STREAMS)
    more = desk_events(ORDERS, OrderDesk(events_per_order=6.0), WEEK, STREAMS)

    assert [one.order for one in events] == ORDERS
    assert [one.received for one in more] == sorted(one.received for one in more)
    assert sum(one.order is not None for one in more) == len(ORDERS)
    # 20 orders with five changes each on average, less those that fall after the week
    assert 60 <= len(more) <= 130


def test_what_comes_in_an_outage_comes_all_at_once_at_its_end() -> None:
    desk = OrderDesk(events_per_order=1.0, outages=(DeskOutage(start=1, hours=24.0),))

    events = desk_events(ORDERS, desk, WEEK, STREAMS)
    seen, known = run(events, desk)

    tuesday = [one for one in events if one.sent == 30.0]
    assert [one.received for one in tuesday] == [48.0] * 4
    assert len(known) == 20
    assert seen.desk_days[2].backlog >= 3
    assert seen.desk_days[2].delay_seconds > 18 * 3600


def test_an_event_after_the_run_is_none_of_it() -> None:
    desk = OrderDesk(events_per_order=1.0, outages=(DeskOutage(start=4, hours=100.0),))

    events = desk_events(ORDERS, desk, WEEK, STREAMS)

    assert len(events) == 16
