"""The interior point method for programmes of many orders that compete for few buckets.

Mehrotra's predictor and corrector (Wright 1997, chapter 10) with Gondzio's (1996) further correctors. Each column
belongs to one group, the choices of an order, so what remains of each step is a dense system no larger than the
number of buckets: a step over 100,000 orders costs less than a tenth of a second.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import sparse

from cms.scheduling.demand import Floats, Integers
from cms.scheduling.schur import Columnwise, Touched, factorise, solved, system_of

_MOST_STEPS = 250
_WEIGHT, _PART_OF_SPREAD = 100.0, 0.3
"""Where it starts: the weight of the barrier, by the mean cost, and the prices, by what the orders can save."""
_FEASIBLE, _LEAST_FEASIBLE, _LEAST_TOLERANCE = 1e-7, 1e-5, 1e-3
"""How much the shares and prices may miss; and how much, and how large the gap may be, where it ends early."""
_SHORT = 0.9
"""A step ends before the first value or price is 0, so that the next ones are not kept short by it."""
_CORRECTORS, _FAR, _LONGER, _GAIN = 3, 10.0, 0.5, 0.01
"""A corrector brings products back to within `_FAR` times the mean, for steps this much longer, and must gain some."""
_RIDGE = 1e-14


@dataclass(frozen=True, slots=True)
class GroupedProgramme:
    """Minimise `costs @ x`, where each group adds up to its size, `rows @ x <= limits` and `x >= 0`.

    Parameters
    ----------
    costs : array
        By column.
    firsts : array of int
        By group: where its columns begin; at the end how many columns there are. None is empty.
    sizes : array
        By group.
    rows : csc_array
        ``row x column``.
    limits : array
        By row.
    """

    costs: Floats
    firsts: Integers
    sizes: Floats
    rows: sparse.csc_array
    limits: Floats


class InteriorPoint(NamedTuple):
    """Near an optimum: shares by column, what is left of each row, prices of the rows, and the steps that it took."""

    values: Floats
    slacks: Floats
    prices: Floats
    steps: int


class _Direction(NamedTuple):
    values: Floats
    slacks: Floats
    group_prices: Floats
    prices: Floats
    reduced: Floats


def solve_interior(programme: GroupedProgramme, *, tolerance: float, go_on: Callable[[], bool]) -> InteriorPoint | None:
    """A point near an optimum; None where the method does not converge or is stopped.

    Parameters
    ----------
    tolerance : float
        The gap between primal and dual value, relative.
    go_on : callable
        Asked before each step.
    """
    scale = np.maximum(np.abs(programme.limits), abs(programme.rows).max(axis=1).toarray())
    unit = max(float(np.abs(programme.costs).mean()), 1e-9)
    rows = sparse.csc_array(sparse.diags_array(1.0 / scale) @ programme.rows)
    scaled = GroupedProgramme(programme.costs / unit, programme.firsts, programme.sizes, rows, programme.limits / scale)
    with np.errstate(all="ignore"):  # where there is no plan the prices grow without end
        point = _Path(scaled).follow(tolerance, go_on)
    if point is None:
        return None
    return point._replace(slacks=point.slacks * scale, prices=point.prices * unit / scale)


class _Path:
    """The iterates of the method on a programme whose costs and limits are about 1."""

    def __init__(self, programme: GroupedProgramme) -> None:
        self._programme = programme
        self._starts, sizes = programme.firsts[:-1], np.diff(programme.firsts)
        self._groups = np.repeat(np.arange(len(sizes)), sizes)
        self._transposed = sparse.csr_array(programme.rows.T)
        rows = programme.rows
        starts, indices = rows.indptr.astype(np.int32), rows.indices.astype(np.int32)
        self._columns = Columnwise(programme.firsts, starts, indices, rows.data)
        self._touched = _touched(programme, self._groups)
        self._begin()

    def _begin(self) -> None:
        """On the central path of the groups alone, at prices that about fit; only the rows are not kept yet."""
        programme = self._programme
        means = self._sums(programme.costs) / np.diff(programme.firsts)
        savings = _dot(means - np.minimum.reduceat(programme.costs, self._starts), programme.sizes)
        self._prices = np.full(len(programme.limits), max(_PART_OF_SPREAD * savings / len(programme.limits), 1e-3))
        reduced = programme.costs + self._transposed @ self._prices
        self._group_prices = _centred(reduced, programme, self._groups, _WEIGHT)
        self._reduced = reduced - self._group_prices[self._groups]
        self._values, self._slacks = _WEIGHT / self._reduced, _WEIGHT / self._prices

    def _sums(self, values: Floats) -> Floats:
        return np.asarray(np.add.reduceat(values, self._starts))

    def follow(self, tolerance: float, go_on: Callable[[], bool]) -> InteriorPoint | None:
        """Steps until the gap is small, or as near as the steps go."""
        step = 0
        while not self._is_near(tolerance, _FEASIBLE):
            if step == _MOST_STEPS or not go_on() or not self._step():
                return self._point(step) if self._is_near(_LEAST_TOLERANCE, _LEAST_FEASIBLE) else None
            step += 1
        return self._point(step)

    def _point(self, steps: int) -> InteriorPoint:
        return InteriorPoint(self._values, self._slacks, self._prices, steps)

    def _is_near(self, tolerance: float, feasible: float) -> bool:
        programme = self._programme
        self._group_residual = programme.sizes - self._sums(self._values)
        self._row_residual = programme.limits - programme.rows @ self._values - self._slacks
        priced = programme.costs + self._transposed @ self._prices
        self._dual_residual = priced - self._group_prices[self._groups] - self._reduced
        residuals = (self._group_residual, self._row_residual, self._dual_residual)
        value = _dot(programme.costs, self._values)
        bound = _dot(programme.sizes, self._group_prices) - _dot(programme.limits, self._prices)
        is_feasible = max(float(np.abs(part).max(initial=0.0)) for part in residuals) <= feasible
        return is_feasible and abs(value - bound) <= tolerance * (1.0 + abs(value))

    def _mean_product(self, direction: _Direction | None = None, primal: float = 0.0, dual: float = 0.0) -> float:
        """The mean of all products of a value and its reduced cost, after a step in a direction."""
        values, slacks, prices, reduced = self._values, self._slacks, self._prices, self._reduced
        if direction is not None:
            values, slacks = values + primal * direction.values, slacks + primal * direction.slacks
            prices, reduced = prices + dual * direction.prices, reduced + dual * direction.reduced
        return (_dot(values, reduced) + _dot(slacks, prices)) / (len(values) + len(slacks))

    def _step(self) -> bool:
        """One step; whether there was one."""
        if not self._factorise():
            return False
        values, slacks, prices, reduced = self._values, self._slacks, self._prices, self._reduced
        aims = -values * reduced, -slacks * prices
        predicted = self._direction(*aims)
        mean = self._mean_product()
        target = mean * (self._mean_product(predicted, *self._lengths(predicted)) / mean) ** 3
        aims = (
            aims[0] + target - predicted.values * predicted.reduced,
            aims[1] + target - predicted.slacks * predicted.prices,
        )
        direction, primal, dual = self._corrected(aims, target)
        self._values = values + _SHORT * primal * direction.values
        self._slacks = slacks + _SHORT * primal * direction.slacks
        self._group_prices = self._group_prices + _SHORT * dual * direction.group_prices
        self._prices = prices + _SHORT * dual * direction.prices
        self._reduced = reduced + _SHORT * dual * direction.reduced
        return True

    def _corrected(self, aims: tuple[Floats, Floats], target: float) -> tuple[_Direction, float, float]:
        """The direction to some products, bent so that longer steps are possible, with the lengths of its steps."""
        direction = self._direction(*aims)
        primal, dual = self._lengths(direction)
        for _ in range(_CORRECTORS):
            longer = min(1.0, primal + _LONGER), min(1.0, dual + _LONGER)
            aims = self._less_extreme(aims, direction, *longer, target)
            bent = self._direction(*aims)
            lengths = self._lengths(bent)
            if sum(lengths) < primal + dual + 2 * _GAIN:
                break
            direction, (primal, dual) = bent, lengths
        return direction, primal, dual

    def _less_extreme(
        self, aims: tuple[Floats, Floats], direction: _Direction, primal: float, dual: float, target: float
    ) -> tuple[Floats, Floats]:
        """Aims that bring products which a step would leave far from the mean back to it."""
        columns = (self._values + primal * direction.values) * (self._reduced + dual * direction.reduced)
        rows = (self._slacks + primal * direction.slacks) * (self._prices + dual * direction.prices)
        least, most = target / _FAR, target * _FAR
        changes = (np.maximum(np.clip(products, least, most) - products, -most) for products in (columns, rows))
        return aims[0] + next(changes), aims[1] + next(changes)

    def _factorise(self) -> bool:
        """The system of this step; whether it can be solved."""
        self._weights = self._values / self._reduced
        self._group_weights = self._sums(self._weights)
        row_weights = self._slacks / self._prices
        self._factor = system_of(self._columns, self._weights, self._group_weights, self._touched, row_weights)
        diagonal = np.einsum("ii->i", self._factor)
        diagonal *= 1.0 + _RIDGE
        return factorise(self._factor)

    def _direction(self, column_aims: Floats, row_aims: Floats) -> _Direction:
        """Towards a change of the products of values and reduced costs, and of slacks and prices."""
        weights, group_weights, groups = self._weights, self._group_weights, self._groups
        free = column_aims / self._reduced - weights * self._dual_residual
        missing = self._group_residual - self._sums(free)
        moved = free + (missing / group_weights)[groups] * weights
        right = self._programme.rows @ moved + row_aims / self._prices - self._row_residual
        prices = solved(self._factor, right)
        priced = self._transposed @ prices
        group_prices = (missing + self._sums(weights * priced)) / group_weights
        reduced = self._dual_residual - group_prices[groups] + priced
        values = column_aims / self._reduced - weights * reduced
        slacks = (row_aims - self._slacks * prices) / self._prices
        return _Direction(values, slacks, group_prices, prices, reduced)

    def _lengths(self, direction: _Direction) -> tuple[float, float]:
        """How far values and prices may go until the first is 0."""
        primal = (self._values, direction.values), (self._slacks, direction.slacks)
        dual = (self._prices, direction.prices), (self._reduced, direction.reduced)
        return _length(*primal), _length(*dual)


def _dot(one: Floats, other: Floats) -> float:
    """Added up pairwise on one thread, unlike a library's."""
    return float((one * other).sum())


def _length(*parts: tuple[Floats, Floats]) -> float:
    return 1.0 / max(1.0, *(float((-change / value).max(initial=0.0)) for value, change in parts))


def _centred(reduced: Floats, programme: GroupedProgramme, groups: Integers, weight: float) -> Floats:
    """By group the price at which `weight / (reduced - price)` adds up to its size, found by Newton's method."""
    starts, sizes = programme.firsts[:-1], programme.sizes
    least = np.minimum.reduceat(reduced, starts)
    beyond, below = reduced - least[groups], weight / sizes
    for _ in range(50):
        shares = weight / (beyond + below[groups])
        surplus = np.add.reduceat(shares, starts) - sizes
        below = below + surplus / np.add.reduceat(shares / (beyond + below[groups]), starts)
        if float(np.abs(surplus / sizes).max()) < 1e-9:
            break
    return np.asarray(least - below)


def _touched(programme: GroupedProgramme, groups: Integers) -> Touched:
    rows, count = programme.rows, len(programme.limits)
    keys = np.unique(np.repeat(groups, np.diff(rows.indptr)) * count + rows.indices)
    return Touched(np.searchsorted(keys // count, np.arange(len(programme.sizes) + 1)), keys % count)


__all__ = ["GroupedProgramme", "InteriorPoint", "solve_interior"]
