"""The inner loops of annealing, compiled: pieces of orders move from choice to choice, and units from piece to piece.

Everything is an array, and `State` is changed in place. The functions are plain Python and can be run uncompiled.
"""

from typing import NamedTuple, TypeAlias

import numba
import numpy as np
import numpy.typing as npt

Places: TypeAlias = npt.NDArray[np.int64]
Values: TypeAlias = npt.NDArray[np.float64]
Marks: TypeAlias = npt.NDArray[np.bool_]
ROOM = 1e-9
_NEIGHBOURS, _BLOCK = 300, 3_000
"""Moves are tried among so many pieces at a time, which the processor keeps at hand, and so often."""
_HOPELESS = 30.0
"""A move so many temperatures uphill is not worth a draw."""


class Pieces(NamedTuple):
    """Orders, or the pieces that they may be divided into.

    `first` tells (for one more than there are pieces) where their choices begin. `units` is the share of one unit of
    quantity, 0 where the order may not be divided; `least` the smallest share of a piece; `family` the first piece of
    its order and `siblings` how many there may be; `divisible` lists the pieces of orders that may be divided.
    """

    first: Places
    units: Values
    least: Values
    family: Places
    siblings: Places
    divisible: Places


class Options(NamedTuple):
    """Choices: what a whole order counts there, whether it goes there whole only, and what it uses of which rows."""

    costs: Values
    is_whole: Marks
    starts: Places
    rows: npt.NDArray[np.int32]
    amounts: Values


class Rows(NamedTuple):
    """What is limited: beyond `regular` an amount counts `rates` each, beyond `limits` also `prices` each."""

    regular: Values
    rates: Values
    limits: Values
    prices: Values


class State(NamedTuple):
    """By piece its choice and share, by row what is used; the best of them so far, and what that counts (one value)."""

    chosen: Places
    shares: Values
    used: Values
    best: Places
    best_shares: Values
    best_cost: Values


@numba.njit(cache=True)
def count_used(options: Options, state: State) -> None:
    """Counts anew what the choices use of each row."""
    state.used[:] = 0.0
    for piece in range(len(state.chosen)):
        choice = state.chosen[piece]
        for entry in range(options.starts[choice], options.starts[choice + 1]):
            state.used[options.rows[entry]] += options.amounts[entry] * state.shares[piece]


@numba.njit(cache=True)
def total(options: Options, rows: Rows, limits: Values, state: State) -> float:
    """What the choices count; infinite where they break one of `limits`."""
    cost = 0.0
    for piece in range(len(state.chosen)):
        cost += options.costs[state.chosen[piece]] * state.shares[piece]
    for row in range(len(limits)):
        if state.used[row] > limits[row] + ROOM:
            return np.inf
        if rows.rates[row] > 0.0:
            cost += rows.rates[row] * max(0.0, state.used[row] - rows.regular[row])
    return cost


@numba.njit(cache=True)
def _look(choice: np.int64, share: float, options: Options, rows: Rows, used: Values) -> float:
    """What adding a share of a choice changes in the rows; a negative share takes it away."""
    change = 0.0
    for entry in range(options.starts[choice], options.starts[choice + 1]):
        row = options.rows[entry]
        before = used[row]
        after = before + options.amounts[entry] * share
        if rows.rates[row] > 0.0:
            change += rows.rates[row] * (max(0.0, after - rows.regular[row]) - max(0.0, before - rows.regular[row]))
        change += rows.prices[row] * (max(0.0, after - rows.limits[row]) - max(0.0, before - rows.limits[row]))
    return change


@numba.njit(cache=True)
def _use(choice: np.int64, share: float, options: Options, used: Values) -> None:
    for entry in range(options.starts[choice], options.starts[choice + 1]):
        used[options.rows[entry]] += options.amounts[entry] * share


@numba.njit(cache=True)
def _is_taken(change: float, temperature: float, chance: np.random.Generator) -> bool:
    """The rule of Metropolis."""
    if change <= 0.0:
        return True
    return change < _HOPELESS * temperature and chance.random() < np.exp(-change / temperature)


@numba.njit(cache=True)
def try_move(  # noqa: PLR0917  # compiled code takes no keywords
    piece: np.int64,
    new: np.int64,
    options: Options,
    rows: Rows,
    state: State,
    temperature: float,
    chance: np.random.Generator,
) -> None:
    """Moves a piece to another choice, if the rule takes it."""
    old, share = state.chosen[piece], state.shares[piece]
    if new == old or (options.is_whole[new] and share < 1.0 - ROOM):
        return
    change = (options.costs[new] - options.costs[old]) * share + _look(old, -share, options, rows, state.used)
    _use(old, -share, options, state.used)
    change += _look(new, share, options, rows, state.used)
    if _is_taken(change, temperature, chance):
        _use(new, share, options, state.used)
        state.chosen[piece] = new
    else:
        _use(old, share, options, state.used)


@numba.njit(cache=True)
def try_transfer(  # noqa: PLR0917  # compiled code takes no keywords
    giver: np.int64,
    taker: np.int64,
    moved: float,
    pieces: Pieces,
    options: Options,
    rows: Rows,
    state: State,
    temperature: float,
    chance: np.random.Generator,
) -> None:
    """Moves units from one piece of an order to another, if both stay large enough and the rule takes it."""
    source, target = state.chosen[giver], state.chosen[taker]
    left, grown = state.shares[giver] - moved, state.shares[taker] + moved
    if left < ROOM:
        left, moved = 0.0, state.shares[giver]
    elif left < pieces.least[giver] - ROOM or options.is_whole[source]:
        return
    if grown < pieces.least[taker] - ROOM or options.is_whole[target]:
        return
    change = (options.costs[target] - options.costs[source]) * moved + _look(source, -moved, options, rows, state.used)
    _use(source, -moved, options, state.used)
    change += _look(target, moved, options, rows, state.used)
    if _is_taken(change, temperature, chance):
        _use(target, moved, options, state.used)
        state.shares[giver], state.shares[taker] = left, grown
    else:
        _use(source, moved, options, state.used)


@numba.njit(cache=True)
def _move_some(  # noqa: PLR0917  # compiled code takes no keywords
    pieces: Pieces, options: Options, rows: Rows, state: State, temperature: float, chance: np.random.Generator
) -> None:
    """As many moves as there are pieces."""
    count = len(state.chosen)
    near = min(count, _NEIGHBOURS)
    block = np.int64(0)
    for trial in range(count):
        if trial % _BLOCK == 0:
            block = chance.integers(0, count - near + 1)
        piece = block + chance.integers(0, near)
        new = chance.integers(pieces.first[piece], pieces.first[piece + 1])
        if state.shares[piece] == 0.0:
            state.chosen[piece] = new
        else:
            try_move(piece, new, options, rows, state, temperature, chance)


@numba.njit(cache=True)
def _divide_some(  # noqa: PLR0917  # compiled code takes no keywords
    pieces: Pieces, options: Options, rows: Rows, state: State, temperature: float, chance: np.random.Generator
) -> None:
    """As many transfers as there are pieces that may give: all of a piece, a few units, or any number."""
    for _ in range(len(pieces.divisible)):
        giver = pieces.divisible[chance.integers(0, len(pieces.divisible))]
        taker = pieces.family[giver] + chance.integers(0, pieces.siblings[giver])
        share, unit = state.shares[giver], pieces.units[giver]
        if taker == giver or share == 0.0:
            continue
        moved, kind = share, chance.random()
        if kind < 0.4:
            moved = min(share, unit * chance.integers(1, 4))
        elif kind < 0.8:
            moved = min(share, unit * chance.integers(1, max(2, int(share / unit + 0.5))))
        try_transfer(giver, taker, moved, pieces, options, rows, state, temperature, chance)


@numba.njit(cache=True)
def search(  # noqa: PLR0917  # compiled code takes no keywords
    pieces: Pieces,
    options: Options,
    rows: Rows,
    limits: Values,
    state: State,
    temperatures: Values,
    chance: np.random.Generator,
) -> None:
    """Tries moves at one temperature after the other, and keeps the best state that breaks none of `limits`."""
    for temperature in temperatures:
        _move_some(pieces, options, rows, state, temperature, chance)
        _divide_some(pieces, options, rows, state, temperature, chance)
        cost = total(options, rows, limits, state)
        if cost < state.best_cost[0]:
            state.best_cost[0] = cost
            state.best[:] = state.chosen
            state.best_shares[:] = state.shares
