"""Searches for whole orders near the optimum of a relaxation: one order after another tries another place.

Simulated annealing (Kirkpatrick, Gelatt and Vecchi 1983). Hours beyond a bucket and days beyond a settled tier are
allowed at first, at a little more than the relaxation's own prices: an order may step into a full bucket for a while if
another one leaves it, or is made to. That grows dearer as the temperature falls, and faster where a limit stays broken,
until only plans that keep every limit are left.
"""

import time
from dataclasses import dataclass

import numpy as np

from cms.scheduling.demand import Floats, Integers
from cms.scheduling.moves import Chain, Crowd, Options, Pieces, Rows, State, count_used, search, total

_EXACT = 1e-9
_TRIALS_A_CALL = 100_000
_HOTTEST, _COLDEST = 0.01, 0.0005
"""Temperatures, in units of what the hours of an order are worth."""
_MILD, _STRICT = 0.2, 30.0
"""Steps that hours and days beyond a limit count, beside their price."""
_INSISTENCE = 1.2
"""What is beyond its limit after some moves counts so many times more from then on."""
_LONGEST_CHAIN = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Choices:
    """Who may go where, and what that counts and uses.

    Parameters
    ----------
    rows : Rows
        With the prices of the relaxation.
    steps : array
        By row: what makes a difference to it.
    margins : array
        By row: how far below its limit the search stays, so that the last orders find room.
    heat : float
        The unit of temperature: what makes a difference to an order.
    buckets : int
        How many of the rows are buckets; they come first.
    """

    pieces: Pieces
    options: Options
    rows: Rows
    steps: Floats
    margins: Floats
    heat: float
    buckets: int


@dataclass(frozen=True, slots=True)
class Chosen:
    """By piece: its choice and its share; and what they count, infinite where a limit is broken."""

    choices: Integers
    shares: Floats
    cost: float


def anneal(
    choices: Choices, start: Chosen, *, trials: int, seed: int, deadline: float, is_strict: bool = False
) -> tuple[Chosen, Chosen]:
    """The cheapest choices found that keep every limit (`start` where none were found), and where the search ended.

    Parameters
    ----------
    start : Chosen
        Limits may be broken.
    trials : int
        How many moves are tried; fewer, and cooling faster, where the time does not suffice.
    is_strict : bool
        From the beginning limits count as they do at the end otherwise: for a start that keeps them.
    """
    state = _state(choices, start)
    chance = np.random.default_rng(seed)
    calls = max(1, trials // _TRIALS_A_CALL)
    rounds = max(1, trials // calls // max(1, len(state.chosen)))
    temperatures = choices.heat * np.geomspace(_HOTTEST, _COLDEST, calls * rounds).reshape(calls, rounds)
    strictness = np.geomspace(_STRICT if is_strict else _MILD, _STRICT, calls)
    limits = choices.rows.limits
    insistence = np.ones(len(limits))
    began, call = time.monotonic(), 0
    while call < calls:
        rows = choices.rows._replace(
            limits=limits - choices.margins, prices=choices.rows.prices + choices.steps * insistence * strictness[call]
        )
        search(choices.pieces, choices.options, rows, limits, state, temperatures[call], chance)
        count_used(choices.options, state)
        is_over = state.used > limits - choices.margins + _EXACT
        insistence = np.where(is_over, insistence * _INSISTENCE, np.maximum(1.0, insistence / _INSISTENCE**0.2))
        call = _next_call(call, calls, (time.monotonic() - began) / max(deadline - began, _EXACT))
    cost = total(choices.options, choices.rows, limits, state)
    best = Chosen(state.best, state.best_shares, float(state.best_cost[0]))
    return best, Chosen(state.chosen, state.shares, float(cost))


def _next_call(call: int, calls: int, spent: float) -> int:
    """The next one, or where the time runs out a later one: the last and coldest is always made."""
    if call == calls - 1:
        return calls
    return max(call + 1, min(calls - 1, int(spent * calls)))


def _state(choices: Choices, start: Chosen) -> State:
    chosen, shares = start.choices.copy(), start.shares.copy()
    used = np.zeros(len(choices.rows.limits))
    best_cost = np.array([start.cost])
    state = State(chosen, shares, used, chosen.copy(), shares.copy(), best_cost, _crowd(choices), _chain())
    count_used(choices.options, state)
    best_cost[0] = min(start.cost, total(choices.options, choices.rows, choices.rows.limits, state))
    return state


def _crowd(choices: Choices) -> Crowd:
    pieces, width = len(choices.pieces.first), int(np.diff(choices.options.starts).max(initial=1))
    return Crowd(
        members=np.zeros((choices.buckets, pieces), dtype=np.int32),
        counts=np.zeros(choices.buckets, dtype=np.int64),
        places=np.zeros((pieces, width), dtype=np.int32),
    )


def _chain() -> Chain:
    return Chain(np.zeros(_LONGEST_CHAIN, dtype=np.int64), np.zeros(_LONGEST_CHAIN, dtype=np.int64))
