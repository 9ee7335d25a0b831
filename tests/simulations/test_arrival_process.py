"""Which orders come: history replayed, thinned, copied, drawn by week or from a forecast; and which are in a rush."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cms.domain.orders import OrderType
from simulations.arrival_process import Period, SimulatedOrder, WeeklyCount, arrivals, customers_with
from simulations.order_history import History
from simulations.random_streams import RandomStreams
from simulations.scenario_demand import Arrivals, Demand, NewCustomer, Peak, RushWave
from tests.builders import MONDAY
from tests.simulations.histories import a_history, an_arrival, at, on, steady_orders

FOUR_WEEKS = Period(start=MONDAY, days=28)
HISTORY = a_history(steady_orders(28, a_day=5))
"""Five orders on each of 20 working days."""


def drawn(
    demand: Demand | None = None, *, history: History = HISTORY, replication: int = 0, seed: int = 1, **more: Any
) -> list[SimulatedOrder]:
    streams = RandomStreams(seed=seed, replication=replication)
    return arrivals(history, demand or Demand(), FOUR_WEEKS, streams, **more)


def test_a_trace_replays_every_order_as_it_came() -> None:
    orders = drawn()

    assert len(orders) == 100
    first = orders[0]
    # placed at noon of the first day, six hours after the planning run from which hours are counted
    assert (first.order_id, first.arrival_hours, first.due) == ("O000-0", 6.0, on(14))
    assert [order.arrival_hours for order in orders] == sorted(order.arrival_hours for order in orders)


def test_an_order_before_the_first_planning_run_is_of_the_day_before() -> None:
    history = a_history([an_arrival("EARLY", day=0, due=9, ordered_at=at(0, 5)), an_arrival("LATER", day=0, due=9)])

    assert [order.order_id for order in drawn(history=history)] == ["LATER"]


def test_a_smaller_demand_is_part_of_a_larger_one() -> None:
    half, whole, more = ({order.order_id for order in drawn(Demand(factor=f))} for f in (0.5, 1.0, 1.7))

    assert half < whole < more


def test_a_copy_lies_within_the_jitter_of_its_original() -> None:
    originals = {order.order_id: order for order in drawn()}

    copies = [order for order in drawn(Demand(factor=3, jitter_days=2)) if "~" in order.order_id]

    assert len(copies) > 150
    for copy in copies:
        original = originals[copy.order_id.split("~")[0]]  # type: ignore[index]
        assert abs(copy.arrival_hours - original.arrival_hours) <= 48
        assert abs((copy.due - original.due).days) <= 2


@given(factor=st.floats(0.05, 4.0), seed=st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_thinning_and_copying_keep_the_expected_number(factor: float, seed: int) -> None:
    expected = 100 * factor
    counts = [len(drawn(Demand(factor=factor, jitter_days=0), replication=number, seed=seed)) for number in range(4)]

    # each order adds at most one chance: over 400 of them the deviation is at most 10, and six of those are never seen
    assert abs(sum(counts) - 4 * expected) <= 60
    assert all(100 * int(factor) <= count <= 100 * (int(factor) + 1) for count in counts)


def test_families_have_factors_of_their_own() -> None:
    history = a_history(
        [
            an_arrival(f"{family}-{day}", day=day, due=day + 14, product_family=family)
            for family in ("a", "b")
            for day in range(20)
        ],
        default_routing={"*": "R1"},
    )

    found = Counter(
        order.product_family for order in drawn(Demand(family_factors={"a": 2.0, "b": 0.0}), history=history)
    )

    assert set(found) == {"a"}
    assert 38 <= found["a"] <= 40


def test_a_peak_multiplies_the_orders_of_its_days_alone() -> None:
    peak = Peak(start=7, days=7, factor=2.0)

    by_day = Counter(int(order.arrival_hours // 24) for order in drawn(Demand(peaks=(peak,), jitter_days=0)))

    assert [by_day[day] for day in (0, 7, 11, 14)] == [5, 10, 10, 5]


def test_bootstrap_draws_whole_weeks() -> None:
    orders = [an_arrival(f"O{day}", day=day, due=day + 10, quantity=20 + day // 7) for day in range(28) if day % 7 < 5]
    demand = Demand(arrivals=Arrivals.BOOTSTRAP)

    replications = [drawn(demand, history=a_history(orders), replication=number) for number in range(6)]

    for found in replications:
        assert len(found) == 20
        for week in range(4):
            # the orders of a simulated week are all from the same week of the history, on their own weekdays
            inside = [order for order in found if week * 168 <= order.arrival_hours < (week + 1) * 168]
            assert len({order.quantity for order in inside}) == 1
            assert [int(order.arrival_hours // 24) % 7 for order in inside] == [0, 1, 2, 3, 4]
    assert len({tuple(order.quantity for order in found) for found in replications}) > 1


def test_a_drawn_order_keeps_its_distance_to_its_due_date() -> None:
    for order in drawn(Demand(arrivals=Arrivals.BOOTSTRAP)):
        assert order.due - (FOUR_WEEKS.origin + timedelta(hours=order.arrival_hours)).date() == timedelta(days=14)


def test_a_forecast_decides_how_many_orders_each_week_brings() -> None:
    weeks = [WeeklyCount(on(7 * week), "standard", mean=10.0 * (week + 1), deviation=0.0) for week in range(4)]

    orders = drawn(Demand(arrivals=Arrivals.FORECAST), forecast=weeks)

    assert Counter(int(order.arrival_hours // 168) for order in orders) == {0: 10, 1: 20, 2: 30, 3: 40}


def test_no_rush_share_leaves_no_rush_order() -> None:
    history = a_history([an_arrival(f"O{day}", day=day, due=day + 9, order_type=OrderType.RUSH) for day in range(20)])

    assert {o.order_type for o in drawn(Demand(rush_factor=0.0), history=history)} == {OrderType.STANDARD}


def test_a_rush_wave_turns_orders_into_rush_orders_that_are_due_soon() -> None:
    wave = RushWave(start=7, days=7, share=1.0)

    orders = drawn(Demand(rush_waves=(wave,), rush_lead_days=5))

    rush = [order for order in orders if order.order_type is OrderType.RUSH]
    assert len(rush) == 25
    assert {(order.due - on(int(order.arrival_hours // 24))).days for order in rush} == {5}
    assert all(7 * 24 <= order.arrival_hours < 14 * 24 for order in rush)


@given(share=st.floats(0, 1), seed=st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_the_share_of_rush_orders_comes_near_its_target(share: float, seed: int) -> None:
    found = [order for number in range(4) for order in drawn(Demand(rush_share=share), seed=seed, replication=number)]

    assert abs(sum(order.order_type is OrderType.RUSH for order in found) / len(found) - share) < 0.16


def test_a_customer_won_orders_from_its_first_day_on_what_the_history_holds() -> None:
    won = NewCustomer(customer_id="NEW", orders_per_week=20, start=14, quantity_factor=2.0, transit_days=3)
    demand = Demand(new_customers=(won,))

    orders = [order for order in drawn(demand) if order.customer_id == "NEW"]

    assert 15 <= len(orders) <= 65
    assert all(order.arrival_hours >= 14 * 24 and order.quantity == 80 for order in orders)
    assert customers_with(HISTORY, demand)["NEW"].transit_days == 3  # type: ignore[index]
    assert len(drawn(demand)) == 100 + len(orders)


def test_luck_does_not_depend_on_what_else_a_scenario_changes() -> None:
    usual = {order.order_id: order for order in drawn()}

    for order in drawn(Demand(factor=2.0, new_customers=(NewCustomer(customer_id="NEW", orders_per_week=9),))):
        if order.order_id in usual:
            assert order[9:] == usual[order.order_id][9:]


@pytest.mark.parametrize("replication", [1, 2])
def test_another_replication_has_other_luck(replication: int) -> None:
    assert [order.work_luck for order in drawn()] != [order.work_luck for order in drawn(replication=replication)]
