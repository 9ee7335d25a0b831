"""Knapsacks: what each bucket could hold at best when the orders no longer compete, only their hours do.

Where every candidate loads one bucket the choice is a generalized assignment problem. Its linear relaxation lets a
bucket hold pieces of orders; here each holds whole orders only, which bounds much more tightly. Orders are kept
together by prices (Lagrangian relaxation of the assignment: Fisher 1981, Management Science 27, 1-18), and each bucket
is solved exactly by dynamic programming over its hours in whole units, for many nodes of a search at a time.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from cms.scheduling.demand import Flags, Floats, Integers

NO_BUCKET = -1
_DUST = 1e-9
_LEAST_STEP = 1e-2


@dataclass(frozen=True, slots=True)
class Game:
    """A generalized assignment problem: one item of each slot is chosen, and what is chosen fits its bucket.

    Parameters
    ----------
    slots, buckets, units, costs : array
        By item: whose it is, what it loads (NO_BUCKET: nothing), how many units of it, and what it counts.
    room : array
        By bucket: the units it holds.
    slot_count : int
        How many slots there are.
    """

    slots: Integers
    buckets: Integers
    units: Integers
    costs: Floats
    room: Integers
    slot_count: int

    def part(self, items: Integers, slots: Integers, room: Integers, slot_count: int) -> "Game":
        """A smaller game: some of the items, with the slots numbered anew, and other room."""
        return Game(slots, self.buckets[items], self.units[items], self.costs[items], room, slot_count)

    def used(self, items: Integers) -> Integers:
        """By bucket: the units that these items take together."""
        loading = items[self.buckets[items] != NO_BUCKET]
        used = np.bincount(self.buckets[loading], self.units[loading], minlength=len(self.room))
        return np.asarray(np.round(used), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Filling:
    """The best filling of all buckets at given prices, node by node.

    Parameters
    ----------
    bounds : array
        By node: no choice among its items counts less.
    taken : array
        ``node x item``.
    """

    bounds: Floats
    taken: Flags


class Knapsacks:
    """The buckets of a game, solved at prices of its slots. Nodes differ in the items that they allow."""

    def __init__(self, game: Game) -> None:
        self._game = game
        self._owner = np.zeros((len(game.slots), game.slot_count))
        self._owner[np.arange(len(game.slots)), game.slots] = 1.0
        fits = (game.buckets == NO_BUCKET) | (game.units <= game.room[game.buckets])
        self._free = np.flatnonzero(game.buckets == NO_BUCKET)
        self._members = [np.flatnonzero((game.buckets == bucket) & fits) for bucket in range(len(game.room))]
        self.fits: Flags = fits

    def counts(self, taken: Flags) -> Floats:
        """``node x slot``: how many of its items are taken."""
        return np.asarray(taken @ self._owner)

    def fill(self, prices: Floats, allowed: Flags) -> Filling:
        """The best filling at these prices (``node x slot``) of the allowed items (``node x item``)."""
        profits = self._profits(prices, allowed)
        bounds, taken = prices.sum(axis=1), np.zeros(allowed.shape, dtype=np.bool_)
        for room, members in self._used():
            own = members[(profits[:, members] < 0).any(axis=0)]
            tables = self._tables(profits[:, own], self._game.units[own], room)
            bounds = bounds + tables[-1][:, room]
            self._read_back(tables, own, room, taken)
        taken[:, self._free] = self._free_taken(profits)
        return Filling(bounds + np.where(taken, profits, 0.0)[:, self._free].sum(axis=1), taken)

    def penalties(self, prices: Floats, allowed: Flags) -> Floats:
        """``node x item``: how much the bound rises when it must be taken; infinite where it cannot be."""
        profits = self._profits(prices, allowed)
        penalties = np.full(allowed.shape, np.inf)
        for room, members in self._used():
            units = self._game.units[members]
            before = self._tables(profits[:, members], units, room)
            after = self._tables(profits[:, members[::-1]], units[::-1], room)[::-1]
            for place, item in enumerate(members.tolist()):
                left = room - int(units[place])
                rest = (before[place][:, : left + 1] + after[place + 1][:, left::-1]).min(axis=1)
                penalties[:, item] = rest + profits[:, item] - before[-1][:, room]
        penalties[:, self._free] = np.maximum(profits[:, self._free], 0.0)
        return penalties

    def _used(self) -> Iterator[tuple[int, Integers]]:
        for room, members in zip(self._game.room.tolist(), self._members, strict=True):
            if len(members):
                yield room, members

    def _profits(self, prices: Floats, allowed: Flags) -> Floats:
        """What taking an item counts; what is not allowed is never wanted."""
        profits = self._game.costs - prices[:, self._game.slots]
        return np.asarray(np.where(allowed & self.fits, profits, np.inf))

    @staticmethod
    def _tables(profits: Floats, units: Integers, room: int) -> Floats:
        """``places + 1 x node x units``: the least that the first places count in at most that many units."""
        tables = np.zeros((len(units) + 1, len(profits), room + 1))
        for place, size in enumerate(units.tolist()):
            before, after = tables[place], tables[place + 1]
            after[:, :size] = before[:, :size]
            np.add(before[:, : room + 1 - size], profits[:, place, None], out=after[:, size:])
            np.minimum(after[:, size:], before[:, size:], out=after[:, size:])
        return tables

    def _read_back(self, tables: Floats, own: Integers, room: int, taken: Flags) -> None:
        rows = np.arange(len(taken))
        left = np.full(len(taken), room)
        for place in range(len(own) - 1, -1, -1):
            is_taken = tables[place + 1][rows, left] < tables[place][rows, left] - _DUST
            taken[:, own[place]] = is_taken
            left -= np.where(is_taken, self._game.units[own[place]], 0)

    def _free_taken(self, profits: Floats) -> Flags:
        """``node x free item``: whether it is worth taking, and the best one of its slot that loads nothing."""
        taken = np.zeros((len(profits), len(self._free)), dtype=np.bool_)
        owners = self._game.slots[self._free]
        for slot in np.unique(owners).tolist():
            own = np.flatnonzero(owners == slot)
            chosen = own[profits[:, self._free[own]].argmin(axis=1)]
            rows = np.arange(len(profits))
            taken[rows, chosen] = profits[rows, self._free[chosen]] < 0
        return taken


def climb(
    knapsacks: Knapsacks,
    prices: Floats,
    allowed: Flags,
    *,
    cutoff: float,
    steps: int,
    step: float = 1.0,
    patience: int = 8,
) -> tuple[Floats, Floats, Flags]:
    """The highest bounds found from these prices on, node by node, with their prices and fillings.

    The steps are Polyak's, towards the slots that are taken too often or not at all: as long as the distance to
    `cutoff` asks for, halved when they no longer help. Their number is fixed, so the same game gets the same prices.
    """
    count = len(prices)
    best, best_prices = np.full(count, -np.inf), prices.copy()
    best_taken = np.zeros(allowed.shape, dtype=np.bool_)
    lengths, waiting = np.full(count, step), np.zeros(count, dtype=np.int64)
    for _ in range(steps):
        filling = knapsacks.fill(prices, allowed)
        is_better = filling.bounds > best + _DUST
        best = np.where(is_better, filling.bounds, best)
        best_prices[is_better], best_taken[is_better] = prices[is_better], filling.taken[is_better]
        waiting = np.where(is_better, 0, waiting + 1)
        missing = 1.0 - knapsacks.counts(filling.taken)
        distance = (missing**2).sum(axis=1)
        is_lost = waiting >= patience
        lengths, waiting = np.where(is_lost, lengths / 2, lengths), np.where(is_lost, 0, waiting)
        move = lengths * np.maximum(cutoff - filling.bounds, 0.0) / np.maximum(distance, 1.0)
        prices = np.where(is_lost[:, None], best_prices, prices + move[:, None] * missing)
        if ((distance == 0) | (best > cutoff) | (lengths < _LEAST_STEP)).all():
            break
    return best, best_prices, best_taken
