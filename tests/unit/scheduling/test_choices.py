"""The choices of a tier: where a search starts from."""

from collections.abc import Mapping

import numpy as np
import pytest

from cms.scheduling.budget import Budget
from cms.scheduling.choices import Piecewise, pieces_of
from cms.scheduling.columns import Columns
from cms.scheduling.demand import Demand, demand_of
from cms.scheduling.linear import relax
from cms.scheduling.plan import Plan
from cms.scheduling.problem_file import problem_from_document
from cms.scheduling.solution import Picks, Solution
from cms.scheduling.tables import PlantTables
from tests.benchmarks.problems import a_problem
from tests.unit.scheduling.stages import a_stage

Divisible = tuple[Demand, Columns, Piecewise, int]


@pytest.fixture(scope="module")
def divisible() -> Divisible:
    """Pieces of forty orders, and one of those that may be divided."""
    demand = demand_of(Plan(PlantTables(problem_from_document(a_problem(40, seed=3)))))
    columns, stage = Columns(demand), a_stage(demand)
    relaxation = relax(demand, columns, stage, budget=Budget.of_seconds(60))
    pieces = pieces_of(demand, columns, stage, relaxation, np.arange(len(columns)))
    number = int(np.flatnonzero(demand.splittable & np.isin(np.arange(len(demand.slots)), columns.slots))[0])
    return demand, columns, pieces, number


def back_and_forth(divisible: Divisible, picks: Picks) -> Mapping[int, float]:
    """By column: the share that the pieces take which start from these picks of the order."""
    demand, columns, pieces, number = divisible
    solution = Solution(demand, columns)
    solution.picks[number] = picks
    return dict(pieces.picks(pieces.start(solution.picks))[number])


def test_an_order_that_is_delivered_in_part_starts_in_part(divisible: Divisible) -> None:
    _, columns, _, number = divisible
    column = int(np.flatnonzero(columns.slots == number)[0])

    assert back_and_forth(divisible, ((column, 0.25),)) == {column: 0.25}


def test_the_rest_of_an_order_in_as_many_pieces_as_it_may_have_stays_out(divisible: Divisible) -> None:
    demand, columns, _, number = divisible
    places = np.flatnonzero(columns.slots == number)[: demand.slots[number].most_pieces].tolist()
    assert len(places) == demand.slots[number].most_pieces > 1
    picks = tuple((place, 0.2) for place in places)

    assert back_and_forth(divisible, picks) == dict(picks)


def test_what_stays_out_may_be_a_unit_and_what_is_delivered_no_less_than_a_piece(divisible: Divisible) -> None:
    demand, _, pieces, number = divisible
    slot = demand.slots[number]
    mine = np.flatnonzero(pieces.slots == number)

    least = pieces.choices.pieces.least[mine] * slot.quantity

    assert least[:-1] == pytest.approx(float(slot.order.smallest_split))
    assert least[-1] == pytest.approx(1.0)
    assert pieces.choices.pieces.last[mine[-1]] - pieces.choices.pieces.first[mine[-1]] == 1


def test_an_order_that_must_be_delivered_has_no_rest(divisible: Divisible) -> None:
    demand, columns, _, number = divisible
    must = np.arange(len(demand.slots)) == number
    stage = a_stage(demand, may_stay_out=~must)
    relaxation = relax(demand, columns, stage, budget=Budget.of_seconds(60))

    pieces = pieces_of(demand, columns, stage, relaxation, np.arange(len(columns)))

    assert (pieces.slots == number).sum() == min(4, demand.slots[number].most_pieces)


def test_a_whole_order_and_one_that_stays_out_start_as_they_are(divisible: Divisible) -> None:
    _, columns, _, number = divisible
    column = int(np.flatnonzero(columns.slots == number)[-1])

    assert back_and_forth(divisible, ((column, 1.0),)) == {column: 1.0}
    assert back_and_forth(divisible, ()) == {}
