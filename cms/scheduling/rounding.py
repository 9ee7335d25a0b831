"""Shares of orders that may be divided in whole units, so that what one rounds up another rounds down.

Each order alone could be rounded to the nearest unit, but then hundreds of halves of a unit add up in a full bucket.
So the orders are rounded one after the other, and the units that are left go where least is beyond the shares so far.
"""

from typing import TypeAlias

import numpy as np

from cms.scheduling.columns import Columns
from cms.scheduling.demand import Floats, Integers, Slot
from cms.scheduling.linear import Stage, class_price
from cms.scheduling.pricing import Prices
from cms.scheduling.solution import Picks

Shares: TypeAlias = list[tuple[int, float]]
"""Columns with the shares of the open quantity that they take."""
_NEARLY = 1e-4


class Rounding:
    """Rounds one order after another, with what has been rounded up so far by bucket and by settled class.

    Parameters
    ----------
    prices : Prices
        Where an hour or a day is dear, nothing should be rounded up.
    """

    def __init__(self, columns: Columns, stage: Stage, prices: Prices) -> None:
        self._columns = columns
        tiers = [class_price(columns.demand, prices, limit.priority) for limit in stage.limits]
        self._worth = np.concatenate([prices.bucket, tiers])
        self._row_of_class = {limit.priority: len(prices.bucket) + n for n, limit in enumerate(stage.limits)}
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
        per_unit = np.stack([self._per_unit(column, number) / slot.quantity for column, _ in shares])
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

    def _per_unit(self, column: int, number: int) -> Floats:
        """Hours by bucket and days by settled class of a whole order."""
        demand = self._columns.demand
        amounts = np.zeros(len(self._worth))
        hours = self._columns.hours[:, [column]]
        amounts[hours.indices] = hours.data
        row = self._row_of_class.get(int(demand.classes[number]))
        if row is not None:
            amounts[row] = demand.weights[number] * self._columns.days[column]
        return amounts

    def _best(self, per_unit: Floats, beyond: Floats) -> int:
        """The piece that takes one more unit at the least harm, of those that are not rounded up yet."""
        after = np.maximum(self._beyond + per_unit, 0.0) ** 2 @ self._worth
        harm: Floats = after - np.maximum(self._beyond, 0.0) ** 2 @ self._worth
        raised: Integers = np.flatnonzero(beyond > _NEARLY)
        if len(raised) < len(harm):
            harm[raised] = np.inf
        return int(harm.argmin())


__all__ = ["Rounding", "Shares"]
