"""Searches for whole orders near the optimum of a relaxation: one order after another tries another place.

Simulated annealing (Kirkpatrick, Gelatt and Vecchi 1983). Hours beyond a bucket and days beyond a settled tier are
allowed at first, at a little more than the relaxation's own prices: an order may step into a full bucket for a while if
another one leaves it. That grows dearer as the temperature falls, until only plans that keep every limit are left.
"""

import time
from dataclasses import dataclass

import numpy as np

from cms.scheduling.demand import Floats, Integers
from cms.scheduling.moves import Options, Pieces, Rows, State, count_used, search, total

_TRIALS_A_CALL = 500_000
_HOTTEST, _COLDEST = 0.02, 0.001
"""Temperatures, in units of what the hours of an order are worth."""
_MILD, _STRICT = 5.0, 300.0
"""Steps that hours and days beyond a limit count, beside their price."""


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
    worth : float
        What the hours of an order are worth.
    """

    pieces: Pieces
    options: Options
    rows: Rows
    steps: Floats
    margins: Floats
    worth: float


@dataclass(frozen=True, slots=True)
class Chosen:
    """By piece: its choice and its share; and what they count, infinite where a limit is broken."""

    choices: Integers
    shares: Floats
    cost: float


def anneal(choices: Choices, start: Chosen, *, trials: int, seed: int, deadline: float) -> tuple[Chosen, Chosen]:
    """The cheapest choices found that keep every limit (`start` where none were found), and where the search ended.

    Parameters
    ----------
    start : Chosen
        Limits may be broken.
    trials : int
        How many moves are tried; fewer where the deadline passes first.
    """
    state = _state(choices, start)
    chance = np.random.default_rng(seed)
    calls = max(1, trials // _TRIALS_A_CALL)
    rounds = max(1, trials // calls // max(1, len(state.chosen)))
    temperatures = choices.worth * np.geomspace(_HOTTEST, _COLDEST, calls * rounds).reshape(calls, rounds)
    strictness = np.geomspace(_MILD, _STRICT, calls)
    limits = choices.rows.limits
    for call in range(calls):
        rows = choices.rows._replace(
            limits=limits - choices.margins, prices=choices.rows.prices + choices.steps * strictness[call]
        )
        search(choices.pieces, choices.options, rows, limits, state, temperatures[call], chance)
        count_used(choices.options, state)
        if time.monotonic() > deadline:
            break
    cost = total(choices.options, choices.rows, limits, state)
    best = Chosen(state.best, state.best_shares, float(state.best_cost[0]))
    return best, Chosen(state.chosen, state.shares, float(cost))


def _state(choices: Choices, start: Chosen) -> State:
    chosen, shares = start.choices.copy(), start.shares.copy()
    used = np.zeros(len(choices.rows.limits))
    state = State(chosen, shares, used, chosen.copy(), shares.copy(), np.array([start.cost]))
    count_used(choices.options, state)
    return state
