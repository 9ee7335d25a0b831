"""The dense system that remains of a step of the interior point method, compiled: a row for each bucket.

Plain loops on one thread: a library's threads would wait longer for each other than they work, and add up in an order
that differs from machine to machine.
"""

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from cms.scheduling.demand import Floats, Integers


class Columnwise(NamedTuple):
    """The columns of each group, and where each column's entries begin, with their rows in ascending order."""

    firsts: Integers
    starts: npt.NDArray[np.int32]
    rows: npt.NDArray[np.int32]
    amounts: Floats


class Touched(NamedTuple):
    """By group where the rows that its columns use begin, and those rows in ascending order."""

    starts: Integers
    rows: Integers


@numba.njit(cache=True)
def system_of(
    columns: Columnwise, weights: Floats, group_weights: Floats, touched: Touched, row_weights: Floats
) -> Floats:
    """The upper half of ``row x row``: what columns and rows weigh, less what the groups hold together."""
    system = np.zeros((len(row_weights), len(row_weights)))
    for row in range(len(row_weights)):
        system[row, row] = row_weights[row]
    held = np.zeros(len(system))
    for group in range(len(group_weights)):
        for column in range(columns.firsts[group], columns.firsts[group + 1]):
            first, last = columns.starts[column], columns.starts[column + 1]
            for entry in range(first, last):
                row, amount = columns.rows[entry], weights[column] * columns.amounts[entry]
                held[row] += amount
                for other in range(first, entry + 1):
                    system[columns.rows[other], row] += amount * columns.amounts[other]
        mine = touched.rows[touched.starts[group] : touched.starts[group + 1]]
        for place in range(len(mine)):
            amount = held[mine[place]] / group_weights[group]
            for other in range(place + 1):
                system[mine[other], mine[place]] -= amount * held[mine[other]]
        held[mine] = 0.0
    return system


@numba.njit(cache=True)
def factorise(system: Floats) -> bool:
    """Cholesky's factor in place of the upper half; False where the system is not positive definite."""
    count = len(system)
    for row in range(count):
        if not system[row, row] > 0:
            return False
        system[row, row:] /= np.sqrt(system[row, row])
        for below in range(row + 1, count):
            system[below, below:] -= system[row, below] * system[row, below:]
    return True


@numba.njit(cache=True)
def solved(factor: Floats, right: Floats) -> Floats:
    """The solution of a system that is factorised."""
    found = right.copy()
    for row in range(len(found)):
        found[row] /= factor[row, row]
        found[row + 1 :] -= found[row] * factor[row, row + 1 :]
    for row in range(len(found) - 1, -1, -1):
        for other in range(row + 1, len(found)):
            found[row] -= factor[row, other] * found[other]
        found[row] /= factor[row, row]
    return found


__all__ = ["Columnwise", "Touched", "factorise", "solved", "system_of"]
