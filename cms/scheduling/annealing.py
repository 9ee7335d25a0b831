"""Searches for whole orders near the optimum of a relaxation: one order after another tries another place.

Simulated annealing (Kirkpatrick, Gelatt and Vecchi 1983). Hours beyond a bucket and days beyond a settled tier are
allowed at first, at a little more than the relaxation's own prices: an order may step into a full bucket for a while if
another one leaves it, or is made to. That grows dearer as the temperature falls, and faster where a limit stays broken,
until only plans that keep every limit are left.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from cms.scheduling.budget import Budget
from cms.scheduling.demand import Floats, Integers
from cms.scheduling.moves import Chain, Crowd, Draws, Options, Pieces, Rows, State, count_used, search, total

_EXACT = 1e-9
_TRIALS_A_CALL = 25_000
_INSISTENCE = 1.1
"""What is beyond its limit after some moves counts so many times more from then on."""
_COOLING_PART = 0.8
"""Of the budget, for cooling; the rest is for the end."""
_LAST_CALLS, _LAST_INSISTENCE, _LAST_PART = 400, 1.2, 12
"""At the end, where a limit is still broken, the coldest moves go on so often, more and more strictly, and so much
shorter each time: for a bucket that is minutes too full a step in strictness does more than more moves."""
_LONGEST_CHAIN = 4
_TRIAL_SECONDS, _SLOWER, _LOOK_SECONDS = 2.2e-7, 0.4, 2.6e-8
"""Of a common machine, measured: to try a move, more where memory is far away, and to look at what it would change."""


class Schedule(NamedTuple):
    """How a search cools down and grows strict, from its beginning to its end.

    Temperatures are in units of heat; what is beyond a limit counts so many steps beside its price.
    """

    hottest: float
    coldest: float
    mildest: float
    strictest: float


DRAWN = Schedule(0.01, 0.0005, 0.2, 30.0)
"""From whole orders drawn from a relaxation: near to it, and limits may be broken for long."""
STRICT = DRAWN._replace(mildest=DRAWN.strictest)
"""From the beginning limits count as they do at the end otherwise."""
WITHIN_LIMITS = Schedule(0.3, 0.0015, 1e5, 1e5)
"""From a plan that keeps the limits, and in units of how far choices are apart: no gain is worth breaking one."""


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
    choices: Choices, start: Chosen, *, trials: int, seed: int, budget: Budget, schedule: Schedule = DRAWN
) -> tuple[Chosen, Chosen]:
    """The cheapest choices found that keep every limit (`start` where none were found), and where the search ended.

    Parameters
    ----------
    start : Chosen
        Limits may be broken.
    trials : int
        How many moves are tried; fewer, and cooling faster, where the budget does not suffice.
    schedule : Schedule
        A strict one is for a start that keeps the limits.
    """
    state = _state(choices, start)
    walk = _Walk(choices, state, _draws(seed))
    calls = max(1, trials // _TRIALS_A_CALL)
    rounds = max(1, trials // calls // max(1, len(state.chosen)))
    temperatures = choices.heat * np.geomspace(schedule.hottest, schedule.coldest, calls * rounds).reshape(
        calls, rounds
    )
    strictness = np.geomspace(schedule.mildest, schedule.strictest, calls)
    cooling, call = budget.part(_COOLING_PART), 0
    available = cooling.left
    while call < calls:
        walk.go(temperatures[call], strictness[call], _INSISTENCE)
        budget.charge(walk.seconds())
        call = _next_call(call, calls, 1.0 - cooling.left / max(available, _EXACT))
    for _ in range(_LAST_CALLS):
        if state.best_cost[0] < np.inf or budget.is_spent:
            break
        walk.go(temperatures[-1][: max(1, rounds // _LAST_PART)], schedule.strictest, _LAST_INSISTENCE)
        budget.charge(walk.seconds())
    cost = total(choices.options, choices.rows, choices.rows.limits, state)
    best = Chosen(state.best, state.best_shares, float(state.best_cost[0]))
    return best, Chosen(state.chosen, state.shares, float(cost))


class _Walk:
    """Moves at falling temperatures; what stays beyond its limit counts more and more."""

    def __init__(self, choices: Choices, state: State, chance: Draws) -> None:
        self._choices, self._state, self._chance = choices, state, chance
        self._aims = choices.rows.limits - choices.margins
        self._insistence = np.ones(len(self._aims))
        self._trials = 0

    def go(self, temperatures: Floats, strictness: float, insistence: float) -> None:
        """Tries moves at some temperatures; afterwards what is beyond its limit counts `insistence` times as much."""
        choices, state = self._choices, self._state
        self._trials += len(temperatures) * len(state.chosen)
        prices = choices.rows.prices + choices.steps * self._insistence * strictness
        rows = choices.rows._replace(limits=self._aims, prices=prices)
        search(choices.pieces, choices.options, rows, choices.rows.limits, state, temperatures, self._chance)
        count_used(choices.options, state)
        calmed = np.maximum(1.0, self._insistence / insistence**0.2)
        self._insistence = np.where(state.used > self._aims + _EXACT, self._insistence * insistence, calmed)

    def seconds(self) -> float:
        """What the moves since the last time cost on a common machine."""
        far = max(1.0, len(self._state.chosen) / 1000) ** _SLOWER
        seconds: float = far * _TRIAL_SECONDS * self._trials + _LOOK_SECONDS * int(self._state.looks[0])
        self._trials, self._state.looks[0] = 0, 0
        return seconds


def _next_call(call: int, calls: int, spent: float) -> int:
    """The next one, or where the budget runs out a later one: the last and coldest is always made."""
    if call == calls - 1:
        return calls
    return max(call + 1, min(calls - 1, int(spent * calls)))


def _state(choices: Choices, start: Chosen) -> State:
    chosen, shares = start.choices.copy(), start.shares.copy()
    used = np.zeros(len(choices.rows.limits))
    best_cost = np.array([start.cost])
    looks = np.zeros(1, dtype=np.int64)
    state = State(chosen, shares, used, chosen.copy(), shares.copy(), best_cost, _crowd(choices), _chain(), looks)
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


def _draws(seed: int) -> Draws:
    """Where a sequence of draws begins: anything but zero."""
    return np.random.default_rng(seed).integers(1, 2**64, 1, dtype=np.uint64)


def _chain() -> Chain:
    return Chain(np.zeros(_LONGEST_CHAIN, dtype=np.int64), np.zeros(_LONGEST_CHAIN, dtype=np.int64))
