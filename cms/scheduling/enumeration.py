"""All choices of a generalized assignment problem that count no more than an aim, by branch and bound.

A node is a set of allowed items with prices; a batch of nodes is bounded at once. An item whose penalty lifts the bound
over the aim is no longer allowed; what is left is divided by the items of one slot.
"""

from typing import NamedTuple

import numpy as np

from cms.scheduling.budget import Budget
from cms.scheduling.demand import Flags, Floats, Integers
from cms.scheduling.knapsacks import Game, Knapsacks, climb

_BATCH = 24
_STEPS = 10
_ROUNDING = 1e-6


class _Nodes(NamedTuple):
    """Nodes waiting: prices (``node x slot``) and allowed items (``node x item``)."""

    prices: Floats
    allowed: Flags


class Enumeration:
    """The search of one aim. What only one item is left for is decided first; the rest is a smaller game.

    Parameters
    ----------
    within : array of int
        The items that a choice within the aim may hold.
    prices : array
        By slot: where to start from.
    granularity : float
        Values differ by whole multiples of this; 0: by anything.

    Attributes
    ----------
    nodes : int
        How many were looked at.
    is_complete : bool
        Whether nothing was left to look at.
    """

    def __init__(self, game: Game, within: Integers, prices: Floats, *, granularity: float) -> None:
        self._game, self._grain = game, granularity
        counts = np.bincount(game.slots[within], minlength=game.slot_count)
        self._is_possible = bool((counts > 0).all())
        is_sole = counts[game.slots[within]] == 1
        self._decided, self._open = within[is_sole], within[~is_sole]
        self._constant = float(game.costs[self._decided].sum())
        self._room = game.room - game.used(self._decided)
        slots, owners = np.unique(game.slots[self._open], return_inverse=True)
        self._part = game.part(self._open, owners, self._room, len(slots))
        self._prices = prices[slots]
        self._knapsacks = Knapsacks(self._part)
        self._best: Integers | None = None
        self._cutoff = np.inf
        self.nodes = 0
        self.is_complete = False

    def run(self, aim: float, *, most_nodes: int, budget: Budget) -> Integers | None:
        """The items of the best choice that counts no more than the aim; None where none was found."""
        self._cutoff = aim - self._constant + _ROUNDING
        waiting: list[_Nodes] = []
        if self._is_possible and (self._room >= 0).all():
            waiting = [_Nodes(self._prices[None], np.ones((1, len(self._open)), dtype=np.bool_))]
        while waiting and self.nodes < most_nodes and not budget.is_spent:
            batch = waiting.pop()
            if len(batch.prices) > _BATCH:
                waiting.append(_Nodes(batch.prices[_BATCH:], batch.allowed[_BATCH:]))
            waiting += self._divide(batch.prices[:_BATCH], batch.allowed[:_BATCH])
        self.is_complete = not waiting
        return None if self._best is None else np.concatenate([self._decided, self._open[self._best]])

    def _divide(self, prices: Floats, allowed: Flags) -> list[_Nodes]:
        """The nodes that these fall into."""
        self.nodes += len(prices)
        bounds, prices, taken = climb(
            self._knapsacks,
            prices,
            allowed,
            cutoff=self._cutoff + 0.5 * self._grain,
            steps=_STEPS,
            step=0.5,
            patience=4,
        )
        for row in np.flatnonzero((self._knapsacks.counts(taken) == 1).all(axis=1)).tolist():
            self._take(np.flatnonzero(taken[row]))
        allowed &= bounds[:, None] + self._knapsacks.penalties(prices, allowed) <= self._cutoff
        left = self._knapsacks.counts(allowed)
        children = []
        for row in np.flatnonzero((left > 0).all(axis=1)).tolist():
            if (left[row] == 1).all():
                self._take(np.flatnonzero(allowed[row]))
            else:
                slot = self._contested(taken[row], left[row])
                children += [(prices[row], child) for child in self._children(allowed[row], slot)]
        if not children:
            return []
        child_prices, child_allowed = zip(*children, strict=True)
        return [_Nodes(np.array(child_prices), np.array(child_allowed))]

    def _take(self, items: Integers) -> None:
        """Keeps a choice that fits and counts no more than the cutoff, which then falls below it."""
        cost = float(self._part.costs[items].sum())
        if cost <= self._cutoff and (self._part.used(items) <= self._room).all():
            self._best, self._cutoff = items, cost - (self._grain or 2 * _ROUNDING) + _ROUNDING

    def _contested(self, taken: Flags, left: Floats) -> int:
        """The slot that the buckets agree on least, among equals the one with the fewest items."""
        strife = np.abs(self._knapsacks.counts(taken[None])[0] - 1)
        return int(np.where(left > 1, 100 * strife - left, -np.inf).argmax())

    def _children(self, allowed: Flags, slot: int) -> list[Flags]:
        mine = self._part.slots == slot
        children = []
        for item in np.flatnonzero(allowed & mine).tolist():
            child = allowed & ~mine
            child[item] = True
            children.append(child)
        return children
