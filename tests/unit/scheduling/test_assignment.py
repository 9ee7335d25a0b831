"""Generalized assignment by knapsacks: bounds that hold, and choices that are the best, against trying everything."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cms.scheduling.assignment as assignment_module
from cms.scheduling import SchedulingProblem, SolveStatus, build_schedule
from cms.scheduling.budget import Budget
from cms.scheduling.enumeration import Enumeration
from cms.scheduling.integer import grain_of
from cms.scheduling.knapsacks import NO_BUCKET, Game, Knapsacks, climb
from cms.scheduling.recount import tier_values
from tests.brute_force import TooLargeError, lexicographic_optimum
from tests.strategies import examples, small_problems


@st.composite
def games(draw: st.DrawFn) -> Game:
    """Up to five slots with up to three items each, for three buckets."""
    slot_count = draw(st.integers(1, 5))
    items = [
        (slot, draw(st.sampled_from([NO_BUCKET, 0, 1, 2])), draw(st.integers(0, 6)), draw(st.integers(0, 9)))
        for slot in range(slot_count)
        for _ in range(draw(st.integers(1, 3)))
    ]
    slots, buckets, units, costs = (np.array(part) for part in zip(*items, strict=True))
    room = np.array(draw(st.lists(st.integers(0, 9), min_size=3, max_size=3)))
    return Game(slots, buckets, np.where(buckets < 0, 0, units), costs.astype(float), room, slot_count)


def choices(game: Game) -> list[tuple[int, ...]]:
    """Every choice that fits."""
    by_slot = [np.flatnonzero(game.slots == slot).tolist() for slot in range(game.slot_count)]
    return [one for one in itertools.product(*by_slot) if (game.used(np.array(one)) <= game.room).all()]


def least(game: Game, holding: int | None = None) -> float:
    """The least that a choice counts, of those that hold an item."""
    return min(
        (game.costs[list(one)].sum() for one in choices(game) if holding is None or holding in one), default=np.inf
    )


@examples(share=0.5)
@given(game=games(), prices=st.lists(st.integers(-2, 12), min_size=5, max_size=5))
def test_no_choice_counts_less_than_the_bound_nor_with_an_item_less_than_its_penalty(
    game: Game, prices: list[int]
) -> None:
    knapsacks, at = Knapsacks(game), np.array([prices[: game.slot_count]], dtype=float)
    everything = np.ones((1, len(game.slots)), dtype=np.bool_)

    bound = knapsacks.fill(at, everything).bounds[0]
    penalties = knapsacks.penalties(at, everything)[0]

    assert bound <= least(game) + 1e-9
    for item in range(len(game.slots)):
        assert bound + penalties[item] <= least(game, holding=item) + 1e-9


@examples(share=0.5)
@given(game=games(), above=st.sampled_from([0.0, 1.0, 5.0]), granularity=st.sampled_from([0.0, 1.0]))
def test_what_is_found_within_an_aim_is_the_best_and_nothing_is_missed(
    game: Game, above: float, granularity: float
) -> None:
    best = least(game)
    aim = best + above if np.isfinite(best) else 50.0
    search = Enumeration(game, np.arange(len(game.slots)), np.zeros(game.slot_count), granularity=granularity)

    found = search.run(aim, most_nodes=10_000, budget=Budget.of_seconds(600))

    assert search.is_complete
    if not np.isfinite(best):
        assert found is None
    else:
        assert found is not None
        assert tuple(sorted(found.tolist())) in {tuple(sorted(one)) for one in choices(game)}
        assert game.costs[found].sum() == pytest.approx(best)


@examples(share=0.5)
@given(game=games())
def test_nothing_is_found_below_the_best(game: Game) -> None:
    aim = min(least(game), 50.0) - 1.0
    search = Enumeration(game, np.arange(len(game.slots)), np.zeros(game.slot_count), granularity=1.0)

    assert search.run(aim, most_nodes=10_000, budget=Budget.of_seconds(600)) is None
    assert search.is_complete


def test_climbing_reaches_what_whole_orders_need_where_a_linear_relaxation_would_divide_them() -> None:
    # Two orders of 3 units; a bucket of 5 at cost 1, one of 5 at cost 9. Pieces would count 2 + 8 / 3, whole ones 10.
    game = Game(
        slots=np.array([0, 0, 1, 1]),
        buckets=np.array([0, 1, 0, 1]),
        units=np.array([3, 3, 3, 3]),
        costs=np.array([1.0, 9.0, 1.0, 9.0]),
        room=np.array([5, 5]),
        slot_count=2,
    )

    bounds, _, _ = climb(Knapsacks(game), np.zeros((1, 2)), np.ones((1, 4), dtype=np.bool_), cutoff=10.0, steps=100)

    assert bounds[0] == pytest.approx(10.0, abs=1e-6)


@examples(share=0.2)
@given(problem=small_problems())
def test_problems_that_are_assignments_get_the_optimum_of_brute_force(problem: SchedulingProblem) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assignment_module, "FEWEST_COLUMNS", 0)
        try:
            best = lexicographic_optimum(problem)
        except TooLargeError:
            return
        result = build_schedule(problem)

    if best is None:
        assert result.status is SolveStatus.INFEASIBLE
    else:
        assert result.status is SolveStatus.OPTIMAL
        assert tier_values(problem, result) == pytest.approx(best, abs=1e-6)


@pytest.mark.parametrize(
    ("values", "grain"),
    [([1.0, 3.0], 1.0), ([0.5, 2.0], 0.5), ([4.36, 0.25], 0.01), ([1.0, 1 / 3], 0.0), ([123_000.001], 0.0), ([], 1.0)],
)
def test_values_are_multiples_of_a_grain(values: list[float], grain: float) -> None:
    assert grain_of(np.array(values)) == grain
