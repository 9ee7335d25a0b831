"""From a programme in HiGHS to the interior point method, and from its point to a basis for the simplex method."""

from typing import NamedTuple

import highspy
import numpy as np
from scipy import sparse

from cms.scheduling.budget import Budget
from cms.scheduling.demand import Floats, Integers
from cms.scheduling.highs import QuietHighs
from cms.scheduling.interior import GroupedProgramme, InteriorPoint, solve_interior

_PERTURBATION = 1e-4
"""Costs are changed at random by this part of their mean: then the optimum is a single vertex, as with simplex."""
_IN_BASIS = 1e-3
"""What is further from its bounds by this part of its range is in the basis."""
_STEP_SECONDS, _ROW_SECONDS = 9e-8, 3e-11
"""Of a common machine, measured: for each step by entry, and by the cube of the rows."""


class NearPoint(NamedTuple):
    """A point near the optimum of a programme in HiGHS: by column its share, by row what is left and its dual.

    `bound` is what no shares of its columns come below.
    """

    bound: float
    shares: Floats
    slacks: Floats
    duals: Floats


class _Form(NamedTuple):
    """A programme as the interior point method takes it; where its columns and rows are in HiGHS, and its true costs.

    A column that HiGHS does not know, what others leave of their bounds, is -1.
    """

    programme: GroupedProgramme
    columns: Integers
    rows: Integers
    costs: Floats


def approach(highs: QuietHighs, order_count: int, budget: Budget, *, tolerance: float) -> NearPoint | None:
    """A point near the optimum; None where the method is not fit for the programme or the budget.

    Parameters
    ----------
    highs : QuietHighs
        Its first rows, one an order, say that shares add up to 1; all others say what is used at most. All columns
        begin at 0, and those that belong to no order end somewhere.
    """
    lp = highs.getLp()
    form = _grouped(lp, order_count)
    if form is None:
        return None
    seconds = _STEP_SECONDS * form.programme.rows.nnz + _ROW_SECONDS * len(form.rows) ** 3

    def go_on() -> bool:
        budget.charge(seconds)
        return not budget.is_spent

    point = solve_interior(form.programme, tolerance=tolerance, go_on=go_on)
    return None if point is None else _in_highs(lp, order_count, form, point)


def _grouped(lp: highspy.HighsLp, order_count: int) -> _Form | None:
    """The programme by order; a bounded column of no order forms a group with what it does not take.

    None where an order has no column, a column no end, or nothing is used.
    """
    matrix, upper = _matrix(lp), np.array(lp.col_upper_)
    owners = _owners(matrix, order_count)
    columns = np.flatnonzero(upper > 0)
    others = columns[owners[columns] < 0]
    owners[others] = order_count + np.arange(len(others))
    groups = np.concatenate([owners[columns], owners[others]])
    sorting = np.argsort(groups, kind="stable")
    firsts = np.searchsorted(groups[sorting], np.arange(order_count + len(others) + 1))
    shared = sparse.csr_array(matrix[order_count:, columns])
    if np.isinf(upper[others]).any() or (np.diff(firsts) == 0).any() or shared.nnz == 0:
        return None
    rows = np.flatnonzero(np.diff(shared.indptr))
    unused = sparse.csc_array((len(rows), len(others)))
    used = sparse.csc_array(sparse.hstack([shared[rows], unused], format="csc")[:, sorting])
    used.sort_indices()
    costs = np.concatenate([np.array(lp.col_cost_)[columns], np.zeros(len(others))])[sorting]
    chance = np.random.default_rng(0).random(len(costs))
    programme = GroupedProgramme(
        costs=costs + _PERTURBATION * float(np.abs(costs).mean()) * chance,
        firsts=firsts,
        sizes=np.concatenate([np.ones(order_count), upper[others]]),
        rows=used,
        limits=np.array(lp.row_upper_)[order_count + rows],
    )
    return _Form(programme, np.concatenate([columns, np.full(len(others), -1)])[sorting], order_count + rows, costs)


def _matrix(lp: highspy.HighsLp) -> sparse.csc_array:
    entries = lp.a_matrix_
    return sparse.csc_array((entries.value_, entries.index_, entries.start_), (lp.num_row_, lp.num_col_))


def _owners(matrix: sparse.csc_array, order_count: int) -> Integers:
    """By column the order that it belongs to, by row; -1 for none."""
    by_order = sparse.csc_array(matrix[:order_count])
    owners = np.full(by_order.shape[1], -1)
    owners[np.diff(by_order.indptr) > 0] = by_order.indices
    return owners


def _in_highs(lp: highspy.HighsLp, order_count: int, form: _Form, point: InteriorPoint) -> NearPoint:
    shares, slacks, duals = np.zeros(lp.num_col_), np.full(lp.num_row_, np.inf), np.zeros(lp.num_row_)
    known = form.columns >= 0
    shares[form.columns[known]] = point.values[known]
    slacks[:order_count], slacks[form.rows] = 0.0, point.slacks
    priced = form.costs + form.programme.rows.T @ point.prices
    group_prices = np.minimum.reduceat(priced, form.programme.firsts[:-1])
    duals[:order_count], duals[form.rows] = group_prices[:order_count], -point.prices
    bound = float((form.programme.sizes * group_prices).sum() - (form.programme.limits * point.prices).sum())
    return NearPoint(bound, shares, slacks, duals)


def start_from(highs: QuietHighs, order_count: int, point: NearPoint) -> None:
    """Gives the simplex method the basis that a point is near to: HiGHS mends it where that is none."""
    lp, status = highs.getLp(), highspy.HighsBasisStatus
    upper, owners = np.array(lp.col_upper_), _owners(_matrix(lp), order_count)
    reach = np.where(np.isinf(upper), 1.0, upper)
    is_basic = (point.shares > _IN_BASIS * reach) & (np.isinf(upper) | (point.shares < (1.0 - _IN_BASIS) * reach))
    ranked = np.argsort(point.shares, kind="stable")
    main = np.full(order_count + 1, -1)
    main[owners[ranked]] = ranked
    is_basic[main[:-1]] = True
    is_at_end = np.isfinite(upper) & (point.shares > 0.5 * reach)
    is_free = point.slacks > _IN_BASIS * np.abs(np.array(lp.row_upper_))
    basis = highspy.HighsBasis()
    basis.col_status = [
        status.kBasic if basic else status.kUpper if end else status.kLower
        for basic, end in zip(is_basic.tolist(), is_at_end.tolist(), strict=True)
    ]
    basis.row_status = [status.kBasic if free else status.kUpper for free in is_free.tolist()]
    basis.valid = basis.alien = True
    highs.setBasis(basis)


__all__ = ["NearPoint", "approach", "start_from"]
