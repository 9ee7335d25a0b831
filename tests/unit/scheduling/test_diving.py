"""Whole orders from a linear programme: near its value, in whole units, and never a piece too small."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cms.scheduling.budget import Budget, Meter
from cms.scheduling.columns import Columns
from cms.scheduling.demand import Demand, Slot, demand_of
from cms.scheduling.descent import Descent
from cms.scheduling.diving import dive
from cms.scheduling.linear import Programme, Relaxation, Stage, TierLimit, few_per_slot, relax
from cms.scheduling.plan import Plan
from cms.scheduling.pricing import Found, Prices, all_within
from cms.scheduling.problem_file import problem_from_document
from cms.scheduling.rounding import Rounding
from cms.scheduling.search import tier_value
from cms.scheduling.solution import Solution, in_units
from cms.scheduling.tables import PlantTables
from tests.benchmarks.problems import a_problem
from tests.unit.scheduling.stages import a_stage


@cache
def _plant() -> tuple[Demand, Stage]:
    """Seven hundred orders, hardly any late, and the money that they cost."""
    tables = PlantTables(problem_from_document(a_problem(700, load=0.8, seed=3, due=(5, 29))))
    demand = demand_of(Plan(tables))
    nobody = np.zeros(len(demand.slots), dtype=np.bool_)
    return demand, a_stage(demand, priority=None, money=1.0, limits=(TierLimit(4, 300.0),), may_stay_out=nobody)


def _relaxed(demand: Demand, stage: Stage) -> tuple[Programme, Relaxation]:
    columns = Columns(demand)
    nothing = Prices(np.zeros(len(stage.regular_hours)), np.ones(len(demand.slots)), 1.0, stage.most_days)
    some = few_per_slot(_everything(demand, nothing), 12)
    relaxation = relax(
        demand,
        columns,
        stage,
        budget=Budget.of_seconds(60),
        start=np.union1d(columns.add(some), np.flatnonzero(columns.is_lean)),
    )
    assert relaxation.programme is not None
    return relaxation.programme, relaxation


def _dived(demand: Demand, stage: Stage, *, attempts: int = 1) -> tuple[Solution, Relaxation]:
    programme, relaxation = _relaxed(demand, stage)
    found = dive(programme, Solution(demand, programme.columns), Budget.of_seconds(60), attempts=attempts)
    assert found is not None
    return found, relaxation


def test_whole_orders_cost_little_more_than_the_programme() -> None:
    demand, stage = _plant()

    found, relaxation = _dived(demand, stage)

    assert 0 < relaxation.bound <= tier_value(found, stage) + 1e-6
    assert tier_value(found, stage) <= 1.1 * relaxation.bound


def test_hours_and_days_beyond_a_limit_are_less_than_a_unit_of_an_order() -> None:
    demand, stage = _plant()

    found, _ = _dived(demand, stage)

    room = stage.regular_hours + stage.overtime_hours - found.hours()
    late = float((demand.weights * found.days())[demand.classes == 4].sum())
    assert room.min() > -0.05
    assert late <= 300.1


def test_every_order_is_delivered_whole_or_in_pieces_that_are_allowed() -> None:
    demand, stage = _plant()

    found, _ = _dived(demand, stage)

    for slot, picks in zip(demand.slots, found.picks, strict=True):
        assert sum(share for _, share in picks) == pytest.approx(1.0)
        if len(picks) > 1:
            units = [share * slot.quantity for _, share in picks]
            assert slot.order.splittable
            assert len(units) <= slot.most_pieces
            assert all(count == pytest.approx(round(count)) for count in units)
            assert min(units) >= slot.order.smallest_split - 1e-6


def test_more_attempts_are_never_worse_in_the_small_programme() -> None:
    demand, stage = _plant()

    one, _ = _dived(demand, stage)
    four, relaxation = _dived(demand, stage, attempts=4)

    # The rounding to units differs, by less than a tenth per cent.
    assert tier_value(four, stage) <= tier_value(one, stage) + 1e-3 * relaxation.bound


def test_the_same_programme_gives_the_same_orders() -> None:
    assert _dived(*_plant())[0].picks == _dived(*_plant())[0].picks


def test_without_divisible_orders_the_dive_ends_with_whole_ones() -> None:
    demand, stage = _plant()
    whole = replace(stage, active=~demand.splittable, regular_hours=1.2 * stage.regular_hours)

    found, relaxation = _dived(demand, whole)

    assert tier_value(found, whole) >= relaxation.bound - 1e-6
    assert all(len(found.picks[slot]) == 1 for slot in np.flatnonzero(whole.active).tolist())
    assert all(found.picks[slot] == () for slot in np.flatnonzero(~whole.active).tolist())


def test_a_dive_without_time_comes_to_nothing() -> None:
    demand, stage = _plant()
    programme, _ = _relaxed(demand, stage)

    assert dive(programme, Solution(demand, programme.columns), Budget(Meter(0.0), 0.0)) is None


def test_a_dive_is_given_up_where_every_order_that_is_held_divides_another() -> None:
    demand, stage = _plant()
    crowded = replace(stage, active=~demand.splittable, regular_hours=0.85 * stage.regular_hours)
    programme, relaxation = _relaxed(demand, crowded)

    assert relaxation.bound > 0
    assert dive(programme, Solution(demand, programme.columns), Budget.of_seconds(60)) is None


def test_the_other_way_is_taken_where_the_first_costs_more() -> None:
    demand, stage = _plant()
    programme, _ = _relaxed(demand, stage)
    descent = Descent(programme, 1e5, Budget.of_seconds(60), rise=1e-4)

    before = descent.value
    descent.settle(descent.whole_choices)

    assert descent.whole_choices() == []
    assert before <= descent.value < 2 * before


def _everything(demand: Demand, prices: Prices) -> Found:
    return all_within(demand, prices, np.full(len(demand.slots), np.inf))


@cache
def _prices() -> Prices:
    return _relaxed(*_plant())[1].prices


def _bulk_slots(demand: Demand) -> list[tuple[int, Slot]]:
    return [
        (number, slot) for number, slot in enumerate(demand.slots) if slot.order.splittable and slot.most_pieces > 1
    ]


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_rounding_keeps_the_quantity_whole_and_no_bucket_takes_more_than_a_unit_too_much(data: st.DataObject) -> None:
    demand, stage = _plant()
    columns = Columns(demand)
    found = _everything(demand, _prices())
    rounding = Rounding(columns, stage, _prices())
    for number, slot in _bulk_slots(demand)[:6]:
        places = np.flatnonzero(found.slots == number)[:2]
        least = slot.order.smallest_split / slot.quantity
        share = data.draw(st.floats(least, 1 - least))
        first, second = columns.add(found.only(places)).tolist()
        shares = sorted([(first, share), (second, 1 - share)], key=lambda part: -part[1])

        picks = rounding.picks(slot, number, shares)

        units = [part * slot.quantity for _, part in picks]
        assert sum(units) == pytest.approx(slot.quantity)
        assert all(count == pytest.approx(round(count)) for count in units)
        assert min(units) >= slot.order.smallest_split - 1e-6
        assert all(
            abs(part * slot.quantity - count) <= 1 + 1e-3 for (_, part), count in zip(shares, units, strict=True)
        )


def test_units_that_would_add_up_in_a_full_bucket_go_elsewhere() -> None:
    demand, stage = _plant()
    columns = Columns(demand)
    found = _everything(demand, _prices())
    dear = replace(_prices(), bucket=np.ones(len(stage.regular_hours)))
    rounding = Rounding(columns, stage, dear)
    exact, rounded, largest = np.zeros(len(dear.bucket)), np.zeros(len(dear.bucket)), 0.0
    for number, slot in _bulk_slots(demand):
        places = np.flatnonzero(found.slots == number)
        pair = columns.add(found.only(places[[0, -1]])).tolist()
        hours = columns.hours[:, pair].toarray()
        shares = np.array([0.5 + 0.5 / slot.quantity, 0.5 - 0.5 / slot.quantity])
        picks = rounding.picks(slot, number, list(zip(pair, shares.tolist(), strict=True)))
        exact += hours @ shares
        rounded += hours @ np.array([part for _, part in picks])
        largest = max(largest, float(hours.max() / slot.quantity))

    assert (rounded - exact).max() <= 2 * largest


def test_shares_that_are_not_allowed_become_whole_units_of_those_that_are() -> None:
    demand = _plant()[0]
    columns = Columns(demand)
    number, slot = _bulk_slots(demand)[0]
    found = _everything(demand, _prices())
    first, second = columns.add(found.only(np.flatnonzero(found.slots == number)[:2])).tolist()
    tiny = 0.4 / slot.quantity

    assert in_units(slot, columns, [(first, 1 - tiny), (second, tiny)], 1.0) == ((first, 1.0),)
    assert in_units(slot, columns, [(first, tiny)], tiny) == ()
    assert in_units(slot, columns, [], 1.0) == ()
    assert len(in_units(slot, columns, [(first, 0.5), (second, 0.5)], 1.0)) == 2
