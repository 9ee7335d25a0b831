"""Whole orders from a linear programme: near its value, in whole units, and never a piece too small."""

import itertools
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cms.scheduling import diving
from cms.scheduling.budget import Budget, Meter
from cms.scheduling.columns import Columns
from cms.scheduling.demand import Demand, Floats, Slot, demand_of
from cms.scheduling.descent import Descent, Hold
from cms.scheduling.diving import dive, narrowed
from cms.scheduling.linear import Programme, Relaxation, Stage, TierLimit, few_per_slot, relax
from cms.scheduling.plan import Plan
from cms.scheduling.pricing import Found, Prices, all_within
from cms.scheduling.problem_file import problem_from_document
from cms.scheduling.rounding import Rounding, fitted
from cms.scheduling.search import tier_value
from cms.scheduling.solution import Solution, beyond_limits, in_units
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


def _dived(demand: Demand, stage: Stage, *, rounds: int = 5, is_patient: bool = False) -> tuple[Solution, Relaxation]:
    programme, relaxation = _relaxed(demand, stage)
    solution = Solution(demand, programme.columns)
    found = dive(programme, solution, Budget.of_seconds(60), rounds=rounds, is_patient=is_patient)
    assert found is not None
    return found, relaxation


def test_whole_orders_cost_little_more_than_the_programme() -> None:
    demand, stage = _plant()

    found, relaxation = _dived(demand, stage)

    assert 0 < relaxation.bound <= tier_value(found, stage) + 1e-6
    assert tier_value(found, stage) <= 1.1 * relaxation.bound


def test_no_limit_is_broken() -> None:
    demand, stage = _plant()

    found, _ = _dived(demand, stage)

    assert _excess(found, stage) == pytest.approx(0.0, abs=1e-9)


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


def test_deciding_pieces_anew_costs_less_than_deciding_them_once() -> None:
    demand, stage = _plant()

    once, _ = _dived(demand, stage, rounds=0)
    anew, relaxation = _dived(demand, stage, rounds=40)

    assert tier_value(anew, stage) <= tier_value(once, stage) - 1e-3 * relaxation.bound


def _decided() -> Descent:
    """The orders that may be divided, in little more room than they need, all decided once."""
    demand, stage = _plant()
    bulk = np.flatnonzero(demand.splittable)
    programme, _ = _relaxed(demand, stage)
    found = dive(programme, Solution(demand, programme.columns), Budget.of_seconds(60), rounds=0)
    assert found is not None
    others = np.setdiff1d(np.flatnonzero(stage.active), bulk)
    hours = stage.regular_hours - found.hours(others)
    few = replace(stage, active=demand.splittable, limits=(), regular_hours=hours)
    descent = Descent(
        Programme(demand, programme.columns, few, programme.chosen), 1e5, Budget.of_seconds(60), rise=1e-3
    )
    descent.ask(20)
    assert descent.settle(descent.choices)
    return descent


def test_what_is_decided_anew_is_taken_only_where_it_costs_less() -> None:
    descent, chance = _decided(), np.random.default_rng(1)

    for _ in range(30):
        value, decided = descent.value, descent.decided
        if descent.redecide(chance.permutation(decided)[: len(decided) // 3]):
            assert descent.value < value
            assert descent.choices() == []
        else:
            assert descent.value == value
            assert descent.decided.tolist() == decided.tolist()


def test_what_was_held_before_a_decision_anew_that_failed_still_holds() -> None:
    descent, chance = _decided(), np.random.default_rng(2)
    while descent.redecide(chance.permutation(descent.decided)[:20]):
        pass

    value = descent.programme.solve(descent.budget)

    assert value == pytest.approx(descent.value)


def _used(descent: Descent) -> Floats:
    programme = descent.programme
    return np.asarray(programme.columns.hours[:, programme.chosen] @ programme.shares()[programme.first_column :])


def test_what_is_spared_of_a_bucket_stays_free() -> None:
    descent = _decided()
    stage = descent.programme.stage
    room = stage.regular_hours + stage.overtime_hours
    used = _used(descent)
    fullest = int(np.where(used > 1.0, room - used, np.inf).argmin())
    amounts = np.zeros(len(room))
    amounts[fullest] = 0.01

    assert descent.spare(amounts)
    assert descent.spare(amounts)

    assert not descent.broken.any()
    assert _used(descent)[fullest] <= room[fullest] - 0.02 + 1e-6


def test_a_bucket_that_cannot_be_kept_is_named_as_broken() -> None:
    descent = _decided()
    fullest = int(_used(descent).argmax())
    amounts = np.zeros(len(descent.broken))
    amounts[fullest] = 1e3

    assert not descent.broken.any()
    descent.spare(amounts)

    assert np.flatnonzero(descent.broken).tolist() == [fullest]


def test_a_dive_keeps_its_limits_where_whole_orders_leave_too_little_for_pieces(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Hours so short that the pieces alone cannot keep them."""
    demand, stage = _plant()
    short = replace(stage, regular_hours=0.9 * stage.regular_hours, overtime_hours=0.9 * stage.overtime_hours)

    found, relaxation = _dived(demand, short, rounds=30, is_patient=True)
    monkeypatch.setattr(diving, "_MOST_WIDENED", 1)
    alone, _ = _dived(demand, short, rounds=30, is_patient=True)

    assert _excess(alone, short) > 1e-3
    assert _excess(found, short) == pytest.approx(0.0, abs=1e-9)
    assert tier_value(found, short) <= 1.2 * relaxation.bound


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

    assert dive(programme, Solution(demand, programme.columns), Budget(Meter(0.0), 0.0), rounds=30) is None


def test_a_dive_is_given_up_where_every_order_that_is_held_divides_another() -> None:
    demand, stage = _plant()
    crowded = replace(stage, active=~demand.splittable, regular_hours=0.85 * stage.regular_hours)
    programme, relaxation = _relaxed(demand, crowded)

    assert relaxation.bound > 0
    assert dive(programme, Solution(demand, programme.columns), Budget.of_seconds(60), rounds=30) is None


def test_the_other_way_is_taken_where_the_first_costs_more() -> None:
    demand, stage = _plant()
    programme, _ = _relaxed(demand, stage)
    descent = Descent(programme, 1e5, Budget.of_seconds(60), rise=1e-4)

    before = descent.value
    descent.settle(descent.whole_choices)

    assert descent.whole_choices() == []
    assert before <= descent.value < 2 * before


class _Watched(Descent):
    """Notes how many decisions are made together, and whether that cost much."""

    def _try(self, holds: list[Hold]) -> bool:
        before = self.value
        is_solved = super()._try(holds)
        self.tried = [*getattr(self, "tried", []), (len(holds), self.value > before + self._rise * abs(before))]
        return is_solved


def test_of_decisions_that_cost_much_together_half_are_made_and_then_half_of_those() -> None:
    programme, _ = _relaxed(*_plant())
    descent = _Watched(programme, 1e5, Budget.of_seconds(60), rise=1e-4)

    assert descent.settle(descent.whole_choices)

    dear = [(count, after) for (count, is_dear), (after, _) in itertools.pairwise(descent.tried) if is_dear]
    assert any(count > 3 for count, _ in dear)
    assert all(after <= count // 2 for count, after in dear if count > 1)


def _narrowed() -> tuple[Programme, Solution, Relaxation]:
    demand, stage = _plant()
    programme, relaxation = _relaxed(demand, stage)
    programme.columns.admit(programme.chosen)
    solution = Solution(demand, programme.columns)
    costs = np.arange(len(demand.slots), dtype=np.float64)
    few, base = narrowed(relaxation, stage, solution, costs)
    return few, base, relaxation


def test_a_narrowed_programme_leaves_out_what_has_the_dearest_second_choices() -> None:
    few, base, relaxation = _narrowed()

    held = {slot: picks for slot, picks in enumerate(base.picks) if picks}
    whole = set(few.columns.slots[relaxation.values > 1 - 1e-6].tolist())
    bulk = set(np.flatnonzero(few.demand.splittable).tolist())

    assert len(held) == int(0.6 * len(few.demand.slots))
    assert sorted([*held, *few.slots.tolist()]) == list(range(len(few.demand.slots)))
    assert all(relaxation.values[column] > 1 - 1e-6 for ((column, _),) in held.values())
    assert min(held) > max((whole - bulk) - set(held), default=-1)


def test_a_narrow_dive_comes_near_the_programme_of_all_orders() -> None:
    few, base, relaxation = _narrowed()

    found = dive(few, base, Budget.of_seconds(60), rounds=30, is_patient=True, keeps_margin=False)

    assert found is not None
    assert relaxation.bound <= tier_value(found, _plant()[1]) * (1 + 1e-6)
    assert all(found.picks[slot] == picks for slot, picks in enumerate(base.picks) if picks)
    assert tier_value(found, _plant()[1]) <= 1.05 * relaxation.bound
    assert _excess(found, _plant()[1]) < 0.1


def test_what_a_narrowed_programme_leaves_out_is_not_beyond_its_limits() -> None:
    few, base, _ = _narrowed()

    beyond = beyond_limits(base, few.stage)[: len(few.stage.regular_hours)]

    assert base.hours().sum() > 0
    assert beyond == pytest.approx(-few.stage.regular_hours - few.stage.overtime_hours)


def test_a_patient_dive_without_time_takes_each_order_where_it_mostly_is() -> None:
    demand, stage = _plant()
    programme, relaxation = _relaxed(demand, stage)

    found = dive(programme, Solution(demand, programme.columns), Budget(Meter(0.0), 0.0), rounds=30, is_patient=True)

    assert found is not None
    for slot in np.flatnonzero(~demand.splittable).tolist():
        mine = np.flatnonzero(programme.columns.slots == slot)
        taken = relaxation.values[mine[mine < len(relaxation.values)]]
        if taken.max() > 0.51:
            assert found.picks[slot] == ((int(mine[taken.argmax()]), 1.0),)


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


def _excess(solution: Solution, stage: Stage) -> float:
    days = (solution.demand.weights * solution.days())[solution.demand.classes == 4].sum()
    over = solution.hours() - stage.regular_hours - stage.overtime_hours
    return float(np.maximum(over, 0.0).sum() + max(0.0, days - stage.limits[0].days))


def _divided(parts: list[float]) -> Solution:
    """The first bulk orders, each in its first and last place."""
    demand, _ = _plant()
    solution = Solution(demand, Columns(demand))
    found = _everything(demand, _prices())
    for part, (number, slot) in zip(parts, _bulk_slots(demand), strict=False):
        places = np.flatnonzero(found.slots == number)
        first, second = solution.columns.add(found.only(places[[0, -1]])).tolist()
        units = min(slot.quantity - slot.order.smallest_split, max(slot.order.smallest_split, part * slot.quantity))
        share = round(units) / slot.quantity
        solution.picks[number] = ((first, share), (second, 1 - share))
    return solution


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0.1, 0.9), min_size=1, max_size=8), st.floats(0.0, 3.0))
def test_units_move_until_limits_are_kept_and_nothing_else_changes(parts: list[float], short: float) -> None:
    demand, stage = _plant()
    start = _divided(parts)
    used = start.hours()
    tight = replace(
        stage,
        regular_hours=np.where(used > 0, np.where(np.arange(len(used)) % 2, used - 0.01 * short, used + 10), 1.0),
        overtime_hours=np.zeros(len(used)),
    )

    found = fitted(start, tight, _prices(), np.arange(len(demand.slots)))

    assert _excess(found, tight) <= _excess(start, tight)
    for before, after, slot in zip(start.picks, found.picks, demand.slots, strict=True):
        assert [column for column, _ in after] == [column for column, _ in before]
        assert sum(share for _, share in after) == pytest.approx(sum(share for _, share in before))
        assert all(round(share * slot.quantity) >= slot.order.smallest_split for _, share in after)


def test_a_bucket_that_lacks_less_than_a_unit_gives_one_to_the_next() -> None:
    demand, stage = _plant()
    start = _divided([0.5])
    number, slot = _bulk_slots(demand)[0]
    first = start.columns.hours[:, [start.picks[number][0][0]]].toarray()[:, 0]
    second = start.columns.hours[:, [start.picks[number][1][0]]].toarray()[:, 0]
    full = int(np.argmax(first - second))
    lacks = np.where(np.arange(len(first)) == full, start.hours() - 1e-4, 1e3)
    tight = replace(stage, regular_hours=lacks, overtime_hours=np.zeros(len(first)), limits=(TierLimit(4, 1e6),))

    found = fitted(start, tight, _prices(), np.array([number]))

    given = (start.picks[number][0][1] - found.picks[number][0][1]) * slot.quantity
    assert _excess(start, tight) == pytest.approx(1e-4)
    assert _excess(found, tight) == 0
    assert given == pytest.approx(1.0)


def test_where_no_order_is_divided_nothing_moves() -> None:
    demand, stage = _plant()
    start = Solution(demand, Columns(demand))

    assert fitted(start, stage, _prices(), np.arange(len(demand.slots))).picks == start.picks


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
