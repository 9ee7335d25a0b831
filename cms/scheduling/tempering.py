"""A search that never leaves the limits for long: one order after another tries another place, hot at first.

Where orders are large beside the buckets the linear relaxation says little: what it divides cannot be placed whole, and
its prices lead nowhere. So this search starts from a plan that keeps every limit, breaks none at a price that is worth
it, and is hot enough to take an order from a good place so that two others find theirs.
"""

from dataclasses import replace

import numpy as np

from cms.scheduling.annealing import WITHIN_LIMITS, Choices, anneal
from cms.scheduling.budget import Budget
from cms.scheduling.choices import pieces_of
from cms.scheduling.demand import Integers
from cms.scheduling.linear import Relaxation, Stage
from cms.scheduling.solution import Solution

_TRIALS = 40_000
"""For each piece; fewer where the budget does not suffice."""
_DEARER, _FAR = 0.2, 400
"""Where it is hot more moves are made than only looked at: this part of their charge comes on top, from so many pieces
on; less where all of them are near in memory."""
_NOTHING = 1e-9


def temper(solution: Solution, stage: Stage, relaxation: Relaxation, known: Integers, budget: Budget) -> Solution:
    """The best plan found within the limits, from one that keeps them.

    Parameters
    ----------
    relaxation : Relaxation
        Of the stage: which choices are tried more often.
    known : array of int
        Columns of active slots to choose from.
    """
    slots = np.flatnonzero(stage.active)
    known = np.union1d(known, solution.flat(slots)[1])
    pieces = pieces_of(solution.demand, solution.columns, stage, relaxation, known)
    choices = replace(pieces.choices, heat=_spread(pieces.choices))
    began = budget.meter.spent
    found, _ = anneal(
        choices,
        pieces.start(solution.picks),
        trials=_TRIALS * len(pieces.slots),
        seed=len(slots),
        budget=budget,
        schedule=WITHIN_LIMITS,
    )
    budget.charge(_DEARER * min(1.0, len(pieces.slots) / _FAR) * (budget.meter.spent - began))
    return pieces.solution(solution, found) if found.cost < np.inf else solution


def _spread(choices: Choices) -> float:
    """How far apart the choices of a piece are in what they count, in the mean of those where they differ."""
    costs, first = choices.options.costs, choices.pieces.first
    spread = np.maximum.reduceat(costs, first) - np.minimum.reduceat(costs, first)
    return float(spread[spread > _NOTHING].mean()) if (spread > _NOTHING).any() else 1.0
