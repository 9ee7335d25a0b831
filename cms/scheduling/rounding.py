"""Shares of orders that may be divided in whole units, so that what one rounds up another rounds down.

Each order alone could be rounded to the nearest unit, but then hundreds of halves of a unit add up in a full bucket.
So the orders are rounded one after the other, and the units that are left go where least is beyond the shares so far.
"""

import itertools
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

import numpy as np

from cms.scheduling.columns import NO_WAY, Columns
from cms.scheduling.demand import Floats, Integers, Slot
from cms.scheduling.linear import Stage, limit_prices_of
from cms.scheduling.pricing import Prices
from cms.scheduling.solution import Picks, Solution, beyond_limits

Shares: TypeAlias = list[tuple[int, float]]
"""Columns with the shares of the open quantity that they take."""
_NEARLY, _NOTHING = 1e-4, 1e-12
_MOST_SHIFTS = 300


class Rounding:
    """Rounds one order after another, with what has been rounded up so far by bucket and by settled class.

    Parameters
    ----------
    prices : Prices
        Where an hour or a day is dear, nothing should be rounded up.
    """

    def __init__(self, columns: Columns, stage: Stage, prices: Prices) -> None:
        self._rows = _Rows(columns, stage)
        self._worth = _worth(columns, stage, prices)
        self._beyond = np.zeros(len(self._worth))

    def picks(self, slot: Slot, number: int, shares: Shares) -> Picks:
        """The shares of an order, the largest first, in whole units; no piece becomes too small.

        Parameters
        ----------
        number : int
            The order's slot.
        """
        exact = np.array([share * slot.quantity for _, share in shares])
        units = np.maximum(np.floor(exact + _NEARLY), float(slot.order.smallest_split))
        per_unit = np.stack([self._rows.of(column, number) / slot.quantity for column, _ in shares])
        self._beyond += (units - exact) @ per_unit
        for _ in range(round(float(exact.sum() - units.sum()))):
            place = self._best(per_unit, units - exact)
            units[place] += 1
            self._beyond += per_unit[place]
        while units.sum() > round(float(exact.sum())):
            place = int(units.argmax())
            units[place] -= 1
            self._beyond -= per_unit[place]
        return tuple((column, count / slot.quantity) for (column, _), count in zip(shares, units.tolist(), strict=True))

    def _best(self, per_unit: Floats, beyond: Floats) -> int:
        """The piece that takes one more unit at the least harm, of those that are not rounded up yet."""
        after = np.maximum(self._beyond + per_unit, 0.0) ** 2 @ self._worth
        harm: Floats = after - np.maximum(self._beyond, 0.0) ** 2 @ self._worth
        raised: Integers = np.flatnonzero(beyond > _NEARLY)
        if len(raised) < len(harm):
            harm[raised] = np.inf
        return int(harm.argmin())


class _Rows:
    """What columns use of the buckets and settled classes of a stage."""

    def __init__(self, columns: Columns, stage: Stage) -> None:
        self._columns = columns
        self._buckets = len(stage.regular_hours)
        self._of_class = {limit.priority: self._buckets + place for place, limit in enumerate(stage.limits)}

    def of(self, column: int, slot: int) -> Floats:
        """Hours by bucket and days by settled class of a whole order."""
        demand = self._columns.demand
        amounts = np.zeros(self._buckets + len(self._of_class))
        hours = self._columns.hours[:, [column]]
        amounts[hours.indices] = hours.data
        row = self._of_class.get(int(demand.classes[slot]))
        if row is not None:
            amounts[row] = demand.weights[slot] * self._columns.days[column]
        return amounts


def _worth(columns: Columns, stage: Stage, prices: Prices) -> Floats:
    return np.concatenate([prices.bucket, limit_prices_of(columns.demand, stage, prices)])


class _Shift(NamedTuple):
    """A unit that may go from one piece of an order to another: both by place among its picks."""

    slot: int
    giver: int
    taker: int


def fitted(solution: Solution, stage: Stage, prices: Prices, slots: Integers) -> Solution:
    """Moves single units between the pieces of these orders until all limits are kept, or nothing helps any more.

    The unit goes that leaves least beyond the limits, and of those the cheapest one at the prices.
    """
    found, rows = solution.copy(), _Rows(solution.columns, stage)
    worth = _worth(solution.columns, stage, prices)
    shifts = [_Shift(slot, *pair) for slot in slots.tolist() for pair in _pairs(found, slot)]
    if not shifts:
        return found
    changes = np.stack([_change(found, rows, shift) for shift in shifts])
    costs = changes @ worth
    dear = 1.0 + 1e3 * float(np.abs(worth).max())
    beyond, owners = beyond_limits(found, stage), np.array([shift.slot for shift in shifts])
    may = np.array([_may_give(found, shift) for shift in shifts])
    for _ in range(_MOST_SHIFTS):
        harm = np.maximum(beyond, 0.0).sum()
        after = np.where(may, np.maximum(beyond + changes, 0.0).sum(axis=1), np.inf)
        best = int((dear * after + costs).argmin())
        if not after[best] < harm - _NOTHING:
            break
        _shift(found, shifts[best])
        beyond = beyond + changes[best]
        for place in np.flatnonzero(owners == owners[best]).tolist():
            may[place] = _may_give(found, shifts[place])
    return found


def _pairs(solution: Solution, slot: int) -> Iterator[tuple[int, int]]:
    """The pieces of an order, two by two in both directions; none where it is whole or stays as it is published."""
    picks = solution.picks[slot]
    if solution.demand.splittable[slot] and all(solution.columns.ways[column] != NO_WAY for column, _ in picks):
        yield from itertools.permutations(range(len(picks)), 2)


def _change(solution: Solution, rows: _Rows, shift: _Shift) -> Floats:
    """By row: what the shift of a unit adds."""
    picks, quantity = solution.picks[shift.slot], solution.demand.slots[shift.slot].quantity
    return (rows.of(picks[shift.taker][0], shift.slot) - rows.of(picks[shift.giver][0], shift.slot)) / quantity


def _may_give(solution: Solution, shift: _Shift) -> bool:
    """Whether a unit less leaves a piece that is large enough."""
    slot = solution.demand.slots[shift.slot]
    units = round(solution.picks[shift.slot][shift.giver][1] * slot.quantity)
    return units > slot.order.smallest_split


def _shift(solution: Solution, shift: _Shift) -> None:
    quantity = solution.demand.slots[shift.slot].quantity
    units = [round(share * quantity) for _, share in solution.picks[shift.slot]]
    units[shift.giver] -= 1
    units[shift.taker] += 1
    columns = [column for column, _ in solution.picks[shift.slot]]
    solution.picks[shift.slot] = tuple((column, count / quantity) for column, count in zip(columns, units, strict=True))


__all__ = ["Rounding", "Shares", "fitted"]
