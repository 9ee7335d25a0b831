"""The inner loops of annealing, compiled: pieces of orders move from choice to choice, and units from piece to piece.

Everything is an array, and `State` is changed in place. The functions are plain Python and can be run uncompiled.

What is done millions of times is compiled into its callers: every array that a call passes on is pushed as seven
values. Rows and the beginnings of choices are unsigned, so that no index is asked whether it counts from the end.
"""

from typing import NamedTuple, TypeAlias

import numba
import numpy as np
import numpy.typing as npt

Places: TypeAlias = npt.NDArray[np.int64]
Values: TypeAlias = npt.NDArray[np.float64]
Marks: TypeAlias = npt.NDArray[np.bool_]
Draws: TypeAlias = npt.NDArray[np.uint64]
ROOM = 1e-9
_TO_ONE = 2.0**-53
_NEIGHBOURS, _BLOCK = 300, 3_000
"""Moves are tried among so many pieces at a time, which the processor keeps at hand, and so often."""
_FEW, _ASKED, _SCANNED = 12, 3, 24
"""So many of the few in a full bucket are asked to leave it, and so many of the choices of each are looked at."""
_ASKED_OF_MANY, _SCANNED_OF_MANY = 12, 8
"""Where it holds more than a few: the cheapest choices of each."""
_CROWDED_TURN = 6
"""Every so many trials somebody moves who is in a bucket that is too full."""
_WORTHWHILE = 3.0
"""Others make room for a move that would gain so many temperatures."""
_HOPELESS = 30.0
"""A move so many temperatures uphill is not worth a draw."""


class Pieces(NamedTuple):
    """Orders, or the pieces that they may be divided into.

    `first` and `last` tell where their choices begin and end. `units` is the share of one unit of
    quantity, 0 where the order may not be divided; `least` the smallest share of a piece; `family` the first piece of
    its order and `siblings` how many there may be; `divisible` lists the pieces of orders that may be divided.
    """

    first: Places
    last: Places
    units: Values
    least: Values
    family: Places
    siblings: Places
    divisible: Places


class Options(NamedTuple):
    """Choices: what a whole order counts there, whether it goes there whole only, and what it uses of which rows.

    `reduced` is what a choice counts with what it uses at the prices of the rows. Those of a piece ascend by it.
    """

    costs: Values
    reduced: Values
    is_whole: Marks
    starts: npt.NDArray[np.uint64]
    rows: npt.NDArray[np.uint32]
    amounts: Values


class Rows(NamedTuple):
    """What is limited: beyond `regular` an amount counts `rates` each, beyond `limits` also `prices` each.

    `patience` is how much dearer, at the prices of the relaxation, a choice may be for others to make room.
    """

    regular: Values
    rates: Values
    limits: Values
    prices: Values
    patience: float


class Crowd(NamedTuple):
    """Who uses which bucket: by bucket the pieces and how many they are, by piece its places among them.

    Buckets are the first rows. A piece without a share is in none.
    """

    members: npt.NDArray[np.int32]
    counts: Places
    places: npt.NDArray[np.int32]


class Chain(NamedTuple):
    """Room to note who moved, and from where, in a chain of moves."""

    pieces: Places
    left: Places


class State(NamedTuple):
    """By piece its choice and share, by row what is used; the best of them so far, and what that counts (one value).

    `looks` counts in its one value the changes that were looked at.
    """

    chosen: Places
    shares: Values
    used: Values
    best: Places
    best_shares: Values
    best_cost: Values
    crowd: Crowd
    chain: Chain
    looks: Places


@numba.njit(cache=True)
def count_used(options: Options, state: State) -> None:
    """Counts anew what the choices use of each row, and who is in which bucket."""
    state.used[:] = 0.0
    state.crowd.counts[:] = 0
    for piece in range(len(state.chosen)):
        choice = state.chosen[piece]
        for entry in range(options.starts[choice], options.starts[choice + 1]):
            state.used[options.rows[entry]] += options.amounts[entry] * state.shares[piece]
        if state.shares[piece] > 0.0:
            _enter(np.int64(piece), choice, options, state.crowd)


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


@numba.njit(cache=True, forceinline=True)
def _draw(chance: Draws) -> float:
    """A number from 0 to below 1, by the generator of Marsaglia (2003): shifts of 64 bits that come to every state."""
    bits = chance[0]
    bits ^= bits << np.uint64(13)
    bits ^= bits >> np.uint64(7)
    bits ^= bits << np.uint64(17)
    chance[0] = bits
    return np.float64(bits >> np.uint64(11)) * _TO_ONE


@numba.njit(cache=True, forceinline=True)
def _below(count: int, chance: Draws) -> np.int64:
    """A whole number from 0 to below `count`."""
    return np.int64(count * _draw(chance))


@numba.njit(cache=True)
def _enter(piece: np.int64, choice: np.int64, options: Options, crowd: Crowd) -> None:
    for entry in range(options.starts[choice], options.starts[choice + 1]):
        row = options.rows[entry]
        if row < len(crowd.counts):
            crowd.members[row, crowd.counts[row]] = piece
            crowd.places[piece, entry - options.starts[choice]] = crowd.counts[row]
            crowd.counts[row] += 1


@numba.njit(cache=True)
def _leave(piece: np.int64, choice: np.int64, options: Options, chosen: Places, crowd: Crowd) -> None:
    """Takes a piece out of its buckets; the last one of each takes its place. `chosen` holds for all but this piece."""
    for entry in range(options.starts[choice], options.starts[choice + 1]):
        row = options.rows[entry]
        if row < len(crowd.counts):
            crowd.counts[row] -= 1
            last = crowd.members[row, crowd.counts[row]]
            if last != piece:
                place = crowd.places[piece, entry - options.starts[choice]]
                crowd.members[row, place] = last
                begin, end = options.starts[chosen[last]], options.starts[chosen[last] + 1]
                for held in range(begin, end):
                    if options.rows[held] == row:
                        crowd.places[last, held - begin] = place


@numba.njit(cache=True, forceinline=True)
def _look(choice: np.int64, share: float, options: Options, rows: Rows, used: Values) -> float:
    """What adding a share of a choice changes in the rows; a negative share takes it away."""
    change = 0.0
    for entry in range(options.starts[choice], options.starts[choice + 1]):
        row = options.rows[entry]
        before = used[row]
        after = before + options.amounts[entry] * share
        change += rows.rates[row] * (max(0.0, after - rows.regular[row]) - max(0.0, before - rows.regular[row]))
        change += rows.prices[row] * (max(0.0, after - rows.limits[row]) - max(0.0, before - rows.limits[row]))
    return change


@numba.njit(cache=True, forceinline=True)
def _use(choice: np.int64, share: float, options: Options, used: Values) -> None:
    for entry in range(options.starts[choice], options.starts[choice + 1]):
        used[options.rows[entry]] += options.amounts[entry] * share


@numba.njit(cache=True, forceinline=True)
def _is_taken(change: float, temperature: float, chance: Draws) -> bool:
    """The rule of Metropolis."""
    if change <= 0.0:
        return True
    return change < _HOPELESS * temperature and _draw(chance) < np.exp(-change / temperature)


@numba.njit(cache=True, forceinline=True)
def try_move(  # noqa: PLR0917  # compiled code takes no keywords
    piece: np.int64,
    new: np.int64,
    pieces: Pieces,
    options: Options,
    rows: Rows,
    state: State,
    temperature: float,
    chance: Draws,
) -> None:
    """Moves a piece to another choice, if the rule takes it; where only room is missing there, others may make some."""
    old, share = state.chosen[piece], state.shares[piece]
    if new == old or (options.is_whole[new] and share < 1.0 - ROOM):
        return
    state.looks[0] += 1
    change = (options.costs[new] - options.costs[old]) * share + _look(old, -share, options, rows, state.used)
    with_room = change
    _use(old, -share, options, state.used)
    change += _look(new, share, options, rows, state.used)
    if _is_taken(change, temperature, chance):
        _use(new, share, options, state.used)
        _leave(piece, old, options, state.chosen, state.crowd)
        state.chosen[piece] = new
        _enter(piece, new, options, state.crowd)
    elif (
        with_room < -_WORTHWHILE * temperature and (options.reduced[new] - options.reduced[old]) * share < rows.patience
    ):
        _use(new, share, options, state.used)
        state.chain.pieces[0], state.chain.left[0] = piece, old
        state.chosen[piece] = new
        _make_room(change, pieces, options, rows, state, temperature, chance)
    else:
        _use(old, share, options, state.used)


@numba.njit(cache=True)
def _make_room(  # noqa: PLR0917  # compiled code takes no keywords
    change: float,
    pieces: Pieces,
    options: Options,
    rows: Rows,
    state: State,
    temperature: float,
    chance: Draws,
) -> None:
    """Ejects one piece after another from the fullest bucket of the last one, until the rule takes all; else undoes it.

    The first piece has moved already, which changed the count by `change`.
    """
    chain, chosen = state.chain, state.chosen
    length = 1
    while length < len(chain.pieces):
        row = _fullest(chosen[chain.pieces[length - 1]], rows, options, state)
        if row < 0:
            break
        gain, piece, choice = _best_ejection(row, length, pieces, options, rows, state, chance)
        if piece < 0:
            break
        chain.pieces[length], chain.left[length] = piece, chosen[piece]
        _shift(piece, choice, options, state)
        change += gain
        length += 1
        if _is_taken(change, temperature, chance):
            _settle_chain(length, options, state)
            return
    for number in range(length - 1, -1, -1):
        _shift(chain.pieces[number], chain.left[number], options, state)


@numba.njit(cache=True, forceinline=True)
def _shift(piece: np.int64, choice: np.int64, options: Options, state: State) -> None:
    """Moves a piece and what it uses; the buckets learn of it when the chain is settled."""
    _use(state.chosen[piece], -state.shares[piece], options, state.used)
    state.chosen[piece] = choice
    _use(choice, state.shares[piece], options, state.used)


@numba.njit(cache=True)
def _settle_chain(length: int, options: Options, state: State) -> None:
    """Books who moved: all leave where they were, then all enter where they are."""
    chain, chosen = state.chain, state.chosen
    for number in range(length):
        new = chosen[chain.pieces[number]]
        chosen[chain.pieces[number]] = chain.left[number]
        chain.left[number] = new
    for number in range(length):
        piece, old = chain.pieces[number], chosen[chain.pieces[number]]
        _leave(piece, old, options, chosen, state.crowd)
        chosen[piece] = chain.left[number]
        _enter(piece, chosen[piece], options, state.crowd)


@numba.njit(cache=True, forceinline=True)
def _fullest(choice: np.int64, rows: Rows, options: Options, state: State) -> int:
    """The bucket of a choice whose excess counts most; -1 where none has any."""
    found, most = -1, 0.0
    for entry in range(options.starts[choice], options.starts[choice + 1]):
        row = options.rows[entry]
        if row < len(state.crowd.counts):
            excess = rows.prices[row] * max(0.0, state.used[row] - rows.limits[row])
            excess += rows.rates[row] * max(0.0, state.used[row] - rows.regular[row])
            if excess > most:
                found, most = int(row), excess
    return found


@numba.njit(cache=True)
def _best_ejection(  # noqa: PLR0917  # compiled code takes no keywords
    row: int,
    length: int,
    pieces: Pieces,
    options: Options,
    rows: Rows,
    state: State,
    chance: Draws,
) -> tuple[float, np.int64, np.int64]:
    """Of some pieces in a bucket, who leaves it best and for where; -1 where none may."""
    least, found, place = np.inf, np.int64(-1), np.int64(-1)
    count = state.crowd.counts[row]
    if count == 0:
        return least, found, place
    are_many = count > _FEW
    scanned = _SCANNED_OF_MANY if are_many else _SCANNED
    looks = 0
    for _ in range(_ASKED_OF_MANY if are_many else _ASKED):
        piece = np.int64(state.crowd.members[row, _below(count, chance)])
        if _has_moved(piece, length, state.chain):
            continue
        old, share = state.chosen[piece], state.shares[piece]
        leaving = _look(old, -share, options, rows, state.used)
        _use(old, -share, options, state.used)
        first, last = pieces.first[piece], pieces.last[piece]
        choice = last - 1 if are_many else first + _below(last - first, chance)
        for _ in range(min(last - first, scanned)):
            choice = choice + 1 if choice + 1 < last else first
            if choice == old or (options.is_whole[choice] and share < 1.0 - ROOM):
                continue
            change = leaving + (options.costs[choice] - options.costs[old]) * share
            if change < least:
                looks += 1
                change += _look(choice, share, options, rows, state.used)
                if change < least:
                    least, found, place = change, piece, choice
        _use(old, share, options, state.used)
    state.looks[0] += looks
    return least, found, place


@numba.njit(cache=True, forceinline=True)
def _has_moved(piece: np.int64, length: int, chain: Chain) -> bool:
    for number in range(length):  # noqa: SIM110  # a generator cannot be compiled
        if chain.pieces[number] == piece:
            return True
    return False


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
    chance: Draws,
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
        if left == 0.0:
            _leave(giver, source, options, state.chosen, state.crowd)
        if state.shares[taker] == 0.0:
            _enter(taker, target, options, state.crowd)
        state.shares[giver], state.shares[taker] = left, grown
    else:
        _use(source, moved, options, state.used)


@numba.njit(cache=True)
def _move_some(  # noqa: PLR0917  # compiled code takes no keywords
    pieces: Pieces, options: Options, rows: Rows, state: State, temperature: float, chance: Draws
) -> None:
    """As many moves as there are pieces."""
    count = len(state.chosen)
    near = min(count, _NEIGHBOURS)
    block = np.int64(0)
    crowded = _crowded(rows, state)
    for trial in range(count):
        if trial % _BLOCK == 0:
            block = _below(count - near + 1, chance)
        piece = block + _below(near, chance)
        if trial % _CROWDED_TURN == 0 and len(crowded) > 0:
            row = crowded[_below(len(crowded), chance)]
            if state.crowd.counts[row] > 0:
                piece = np.int64(state.crowd.members[row, _below(state.crowd.counts[row], chance)])
        new = pieces.first[piece] + _low_draw(pieces.last[piece] - pieces.first[piece], chance)
        if state.shares[piece] == 0.0:
            state.chosen[piece] = new
        else:
            try_move(piece, new, pieces, options, rows, state, temperature, chance)


@numba.njit(cache=True, forceinline=True)
def _low_draw(count: np.int64, chance: Draws) -> np.int64:
    """A number below `count`, the low ones more often."""
    draw = _draw(chance)
    return np.int64(count * draw * draw)


@numba.njit(cache=True)
def _crowded(rows: Rows, state: State) -> Places:
    """The buckets beyond their limits."""
    count = len(state.crowd.counts)
    return np.flatnonzero(state.used[:count] > rows.limits[:count] + ROOM)


@numba.njit(cache=True)
def _divide_some(  # noqa: PLR0917  # compiled code takes no keywords
    pieces: Pieces, options: Options, rows: Rows, state: State, temperature: float, chance: Draws
) -> None:
    """As many transfers as there are pieces that may give: all of a piece, a few units, or any number."""
    for _ in range(len(pieces.divisible)):
        giver = pieces.divisible[_below(len(pieces.divisible), chance)]
        taker = pieces.family[giver] + _below(pieces.siblings[giver], chance)
        share, unit = state.shares[giver], pieces.units[giver]
        if taker == giver or share == 0.0:
            continue
        moved, kind = share, _draw(chance)
        if kind < 0.4:
            moved = min(share, unit * (1 + _below(3, chance)))
        elif kind < 0.8:
            moved = min(share, unit * (1 + _below(max(1, int(share / unit - 0.5)), chance)))
        try_transfer(giver, taker, moved, pieces, options, rows, state, temperature, chance)


@numba.njit(cache=True)
def search(  # noqa: PLR0917  # compiled code takes no keywords
    pieces: Pieces,
    options: Options,
    rows: Rows,
    limits: Values,
    state: State,
    temperatures: Values,
    chance: Draws,
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
