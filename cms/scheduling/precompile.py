"""Compiles the inner loops of annealing and of the interior point method, and keeps them on disk.

So the first large plan need not wait for it. Run once after an installation: ``python -m cms.scheduling.precompile``.
"""

import numpy as np
from scipy import sparse

from cms.scheduling.annealing import Choices, Chosen, anneal
from cms.scheduling.budget import Budget
from cms.scheduling.interior import GroupedProgramme, solve_interior
from cms.scheduling.moves import Options, Pieces, Rows


def precompile() -> None:
    """Runs both once on the smallest problem: some seconds, or next to none where it was done before."""
    start = Chosen(np.zeros(1, dtype=np.int64), np.ones(1), np.inf)
    anneal(_one_order(), start, trials=1, seed=0, budget=Budget.of_seconds(1.0))
    one = np.ones(1)
    programme = GroupedProgramme(one, np.arange(2), one, sparse.csc_array(np.ones((1, 1))), 2.0 * one)
    solve_interior(programme, tolerance=1e-3, go_on=lambda: True)


def _one_order() -> Choices:
    """An order with one bucket to go to: all arrays are of the kinds that any problem has."""
    none = np.zeros(0, dtype=np.int64)
    return Choices(
        pieces=Pieces(
            first=np.zeros(1, dtype=np.int64),
            last=np.ones(1, dtype=np.int64),
            units=np.zeros(1),
            least=np.ones(1),
            family=np.zeros(1, dtype=np.int64),
            siblings=np.ones(1, dtype=np.int64),
            divisible=none,
        ),
        options=Options(
            costs=np.zeros(1),
            reduced=np.zeros(1),
            is_whole=np.zeros(1, dtype=np.bool_),
            starts=np.arange(2, dtype=np.uint64),
            rows=np.zeros(1, dtype=np.uint32),
            amounts=np.ones(1),
        ),
        rows=Rows(regular=np.ones(1), rates=np.zeros(1), limits=np.ones(1), prices=np.zeros(1), patience=0.0),
        steps=np.ones(1),
        margins=np.zeros(1),
        heat=1.0,
        buckets=1,
    )


if __name__ == "__main__":
    precompile()
