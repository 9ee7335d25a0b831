"""Annealing: moves and transfers one at a time, and the search as a whole, compiled and not."""

import time
from typing import Any

import numpy as np
import pytest

from cms.scheduling import moves
from cms.scheduling.annealing import STRICT, Choices, Chosen, _draws, _next_call, _state, anneal
from cms.scheduling.budget import Budget, Meter
from cms.scheduling.moves import Options, Pieces, Rows, State

COMPILED = (
    "count_used",
    "total",
    "_enter",
    "_leave",
    "_look",
    "_use",
    "_is_taken",
    "try_move",
    "_make_room",
    "_settle_chain",
    "_shift",
    "_fullest",
    "_best_ejection",
    "_has_moved",
    "_draw",
    "_below",
    "_low_draw",
    "_crowded",
    "try_transfer",
    "_move_some",
    "_divide_some",
)


@pytest.fixture(params=["compiled", "plain"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Both ways in which the moves can run."""
    if request.param == "plain":
        for name in COMPILED:
            monkeypatch.setattr(moves, name, getattr(moves, name).py_func)
        monkeypatch.setattr(moves, "search", moves.search.py_func)
        monkeypatch.setattr("cms.scheduling.annealing.search", moves.search)
        monkeypatch.setattr("cms.scheduling.annealing.count_used", moves.count_used)
        monkeypatch.setattr("cms.scheduling.annealing.total", moves.total)
    return request.param


def whole_orders(orders: int, *, choices: int) -> Pieces:
    """Orders that may not be divided, with so many choices each."""
    return Pieces(
        first=np.arange(0, choices * orders, choices),
        last=np.arange(choices, choices * orders + 1, choices),
        units=np.zeros(orders),
        least=np.ones(orders),
        family=np.arange(orders),
        siblings=np.ones(orders, dtype=np.int64),
        divisible=np.zeros(0, dtype=np.int64),
    )


def two_buckets(orders: int, *, costs: tuple[float, float] = (0.0, 1.0), limit: float = 2.0) -> Choices:
    """Orders of one hour each that all prefer the first of two buckets."""
    return Choices(
        pieces=whole_orders(orders, choices=2),
        options=Options(
            costs=np.tile(costs, orders),
            reduced=np.tile(costs, orders),
            is_whole=np.zeros(2 * orders, dtype=np.bool_),
            starts=np.arange(2 * orders + 1, dtype=np.uint64),
            rows=np.tile(np.array([0, 1], dtype=np.uint32), orders),
            amounts=np.ones(2 * orders),
        ),
        rows=a_pair_of_rows(limit),
        steps=np.ones(2),
        margins=np.zeros(2),
        heat=1.0,
        buckets=2,
    )


def a_pair_of_rows(limit: float) -> Rows:
    return Rows(
        regular=np.full(2, np.inf),
        rates=np.zeros(2),
        limits=np.array([limit, np.inf]),
        prices=np.array([1.0, 0.0]),
        patience=0.3,
    )


def a_divided_order(*, least: float) -> Choices:
    """One order of ten units and ten hours, which may be two pieces; each bucket has room for six hours."""
    return Choices(
        pieces=Pieces(
            first=np.array([0, 2]),
            last=np.array([2, 4]),
            units=np.full(2, 0.1),
            least=np.full(2, least),
            family=np.zeros(2, dtype=np.int64),
            siblings=np.full(2, 2),
            divisible=np.arange(2),
        ),
        options=Options(
            costs=np.array([0.0, 1.0, 0.0, 1.0]),
            reduced=np.array([0.0, 1.0, 0.0, 1.0]),
            is_whole=np.zeros(4, dtype=np.bool_),
            starts=np.arange(5, dtype=np.uint64),
            rows=np.array([0, 1, 0, 1], dtype=np.uint32),
            amounts=np.full(4, 10.0),
        ),
        rows=Rows(
            regular=np.full(2, np.inf),
            rates=np.zeros(2),
            limits=np.full(2, 6.0),
            prices=np.ones(2),
            patience=0.3,
        ),
        steps=np.ones(2),
        margins=np.zeros(2),
        heat=1.0,
        buckets=2,
    )


def start(*choices: int, shares: tuple[float, ...] = ()) -> Chosen:
    return Chosen(np.array(choices), np.array(shares or [1.0] * len(choices)), np.inf)


def run(choices: Choices, begin: Chosen, trials: int = 400) -> Chosen:
    return anneal(choices, begin, trials=trials, seed=7, budget=Budget.of_seconds(60))[0]


@pytest.mark.usefixtures("way")
def test_a_full_bucket_keeps_as_many_orders_as_it_holds() -> None:
    found = run(two_buckets(5), start(0, 2, 4, 6, 8))

    assert found.cost == 3.0
    assert sorted((found.choices % 2).tolist()) == [0, 0, 1, 1, 1]


@pytest.mark.usefixtures("way")
def test_an_order_too_large_for_every_bucket_is_divided_in_whole_units() -> None:
    found = run(a_divided_order(least=0.3), start(0, 2, shares=(1.0, 0.0)), trials=2_000)

    assert found.cost == pytest.approx(0.4)
    assert sorted(found.shares.round(9).tolist()) == [0.4, 0.6]


@pytest.mark.usefixtures("way")
def test_no_piece_becomes_smaller_than_it_may() -> None:
    found = run(a_divided_order(least=0.5), start(0, 2, shares=(1.0, 0.0)), trials=2_000)

    assert found.shares.round(9).tolist() == [0.5, 0.5]


@pytest.mark.usefixtures("way")
def test_nothing_is_found_where_nothing_fits() -> None:
    found, last = anneal(
        only_the_full_bucket(),
        start(0),
        trials=50,
        seed=1,
        budget=Budget.of_seconds(60),
    )

    assert found.cost == np.inf
    assert last.cost == np.inf


def only_the_full_bucket() -> Choices:
    choices = two_buckets(1, limit=0.5)
    rows = choices.rows._replace(limits=np.array([0.5, 0.5]))
    return Choices(
        pieces=choices.pieces,
        options=choices.options,
        rows=rows,
        steps=choices.steps,
        margins=choices.margins,
        heat=1.0,
        buckets=2,
    )


@pytest.mark.usefixtures("way")
def test_overtime_is_paid_where_it_costs_less_than_the_other_bucket() -> None:
    choices = two_buckets(3, costs=(0.0, 5.0), limit=3.0)
    rows = choices.rows._replace(regular=np.array([1.0, np.inf]), rates=np.array([2.0, 0.0]))
    paid = Choices(
        pieces=choices.pieces,
        options=choices.options,
        rows=rows,
        steps=choices.steps,
        margins=choices.margins,
        heat=1.0,
        buckets=2,
    )

    assert run(paid, start(1, 3, 5)).cost == 4.0


def a_state(choices: Choices, chosen: list[int], shares: list[float]) -> State:
    """These choices, as a search begins with them."""
    state = _state(choices, Chosen(np.array(chosen), np.array(shares), np.inf))
    moves.count_used(choices.options, state)
    return state


@pytest.mark.usefixtures("way")
def test_draws_are_even_between_nought_and_one() -> None:
    chance = _draws(5)

    drawn = np.array([moves._draw(chance) for _ in range(4000)])
    below = np.array([moves._below(3, chance) for _ in range(3000)])

    assert 0.0 <= drawn.min() < 0.01
    assert 0.99 < drawn.max() < 1.0
    assert np.histogram(drawn, 4, (0.0, 1.0))[0] == pytest.approx(1000, abs=120)
    assert np.bincount(below) == pytest.approx(1000, abs=120)


@pytest.mark.usefixtures("way")
def test_what_takes_an_order_whole_takes_no_piece_of_it() -> None:
    choices = a_divided_order(least=0.3)
    whole = choices.options._replace(is_whole=np.array([False, True, False, True]))
    state = a_state(choices, [0, 2], [0.6, 0.4])

    moves.try_move(np.int64(1), np.int64(3), choices.pieces, whole, choices.rows, state, 1e9, _draws(1))

    assert state.chosen.tolist() == [0, 2]


@pytest.mark.usefixtures("way")
def test_an_order_gets_into_a_full_bucket_where_another_leaves_it_at_no_cost() -> None:
    choices = two_buckets(2, limit=1.0)
    indifferent = choices.options._replace(costs=np.array([0.0, 9.0, 0.0, 0.0]), reduced=np.array([0.0, 9.0, 0.0, 0.0]))
    rows = choices.rows._replace(prices=np.array([100.0, 0.0]))
    state = a_state(choices, [1, 2], [1.0, 1.0])

    moves.try_move(np.int64(0), np.int64(0), choices.pieces, indifferent, rows, state, 1e-6, _draws(1))

    assert state.chosen.tolist() == [0, 3]
    assert state.used.tolist() == [1.0, 1.0]


@pytest.mark.usefixtures("way")
def test_a_chain_that_does_not_pay_is_undone() -> None:
    choices = two_buckets(2, limit=1.0)
    dearer = choices.options._replace(costs=np.array([0.0, 9.0, 0.0, 9.5]))
    rows = choices.rows._replace(prices=np.array([100.0, 0.0]))
    state = a_state(choices, [1, 2], [1.0, 1.0])

    moves.try_move(np.int64(0), np.int64(0), choices.pieces, dearer, rows, state, 1e-6, _draws(1))

    assert state.chosen.tolist() == [1, 2]
    assert state.used.tolist() == [1.0, 1.0]


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(("pieces", "limit"), [(9, 3.0), (4, 2.0)])
def test_after_any_moves_every_bucket_knows_who_is_in_it(pieces: int, limit: float) -> None:
    choices = two_buckets(pieces, costs=(0.0, 0.1), limit=limit)
    state = a_state(choices, list(range(0, 2 * pieces, 2)), [1.0] * pieces)

    moves.search(
        choices.pieces,
        choices.options,
        choices.rows,
        choices.rows.limits,
        state,
        np.array([1.0, 0.1, 0.01]),
        _draws(3),
    )

    crowd = state.crowd
    for bucket in range(2):
        inside = crowd.members[bucket, : crowd.counts[bucket]].tolist()
        assert sorted(inside) == np.flatnonzero(state.chosen % 2 == bucket).tolist()
        assert [int(crowd.places[piece, 0]) for piece in inside] == list(range(len(inside)))
        assert state.used[bucket] == len(inside)


@pytest.mark.usefixtures("way")
def test_a_strict_search_from_what_keeps_every_limit_never_ends_dearer() -> None:
    choices = two_buckets(4, costs=(0.0, 1.0), limit=2.0)
    begin = start(0, 3, 5, 7)

    found, _ = anneal(choices, begin, trials=200, seed=2, budget=Budget.of_seconds(60), schedule=STRICT)

    assert found.cost == 2.0


def test_the_last_and_coldest_moves_are_made_even_where_the_time_is_short() -> None:
    assert _next_call(0, 10, 0.0) == 1
    assert _next_call(0, 10, 0.55) == 5
    assert _next_call(5, 10, 7.0) == 9
    assert _next_call(9, 10, 7.0) == 10


def tight_buckets(orders: int, *, seed: int) -> Choices:
    """Orders of any size that like one of six buckets better than another, and hardly any room in all six."""
    chance, many = np.random.default_rng(seed), 6
    hours = chance.uniform(0.5, 1.5, orders)
    costs = np.sort(chance.random((orders, many)), axis=1).ravel()
    return Choices(
        pieces=whole_orders(orders, choices=many),
        options=Options(
            costs=costs,
            reduced=costs,
            is_whole=np.zeros(many * orders, dtype=np.bool_),
            starts=np.arange(many * orders + 1, dtype=np.uint64),
            rows=np.concatenate([chance.permutation(many) for _ in range(orders)]).astype(np.uint32),
            amounts=np.repeat(hours, many),
        ),
        rows=Rows(
            regular=np.full(many, np.inf),
            rates=np.zeros(many),
            limits=np.full(many, 1.0002 * hours.sum() / many),
            prices=np.full(many, 0.2),
            patience=0.3,
        ),
        steps=np.ones(many),
        margins=np.zeros(many),
        heat=1.0,
        buckets=many,
    )


def test_where_time_is_short_the_end_comes_to_keep_every_limit() -> None:
    kept = 0
    for seed in range(20):
        choices, budget = tight_buckets(300, seed=seed), Budget(Meter(time.monotonic() + 60), 0.12)
        begin = Chosen(choices.pieces.first.copy(), np.ones(300), np.inf)

        found, _ = anneal(choices, begin, trials=800 * 300, seed=seed, budget=budget)

        kept += found.cost < np.inf
    assert kept >= 18


def test_compiled_and_plain_moves_end_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = run(two_buckets(6), start(*range(0, 12, 2)))
    for name in COMPILED:
        monkeypatch.setattr(moves, name, getattr(moves, name).py_func)
    monkeypatch.setattr("cms.scheduling.annealing.search", moves.search.py_func)

    plain = run(two_buckets(6), start(*range(0, 12, 2)))

    assert plain.choices.tolist() == compiled.choices.tolist()
