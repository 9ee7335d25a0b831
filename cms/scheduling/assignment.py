"""The exact choice where whole orders each load one bucket: a generalized assignment problem, aimed at from below.

The knapsack bound (:mod:`cms.scheduling.knapsacks`) lies so near the optimum that few candidates can be part of a
choice close to it. So all choices within an aim just above the bound are enumerated, by branch and bound over those few
candidates; where there is none the bound rises to the aim, and the next aim is higher (Posta, Ferland and Michelon
2012, Computational Optimization and Applications 52, 629-644). How much is enumerated is counted, not timed.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from cms.scheduling.budget import Budget
from cms.scheduling.columns import Matrix
from cms.scheduling.demand import Floats, Integers
from cms.scheduling.enumeration import Enumeration
from cms.scheduling.integer import Answer, choose, grain_of
from cms.scheduling.knapsacks import NO_BUCKET, Game, Knapsacks, climb
from cms.scheduling.linear import Relaxation, Stage
from cms.scheduling.solution import Picks, Solution

FEWEST_COLUMNS = 200
"""Fewer are chosen from at once."""
_AIMS = (1 / 16, 1 / 16, 1 / 8, 1 / 8, 1 / 4, 1 / 2, 1.0)
"""Shares of the way that is left from the bound to the best value that is known."""
_MOST_UNITS = 2_000
_MOST_NODES = 6_000
_ROUNDING = 1e-6


def choose_exactly(
    solution: Solution,
    relaxation: Relaxation,
    stage: Stage,
    candidates: Integers,
    *,
    value: float,
    budget: Budget,
    granularity: float = 0.0,
) -> Answer:
    """The best picks of all active slots among candidate columns, proven where the time suffices.

    Parameters
    ----------
    relaxation : Relaxation
        Of the same stage: the prices to start from.
    value : float
        What the solution counts in the stage.
    granularity : float
        Values differ by whole multiples of this; 0: by anything, as far as is known.
    """
    aims = _aims(solution, relaxation, stage, candidates, granularity)
    answer = aims.run(value, budget) if aims is not None else Answer(None, -np.inf, is_proven=False, value=value)
    if answer.is_proven or (aims is not None and budget.is_spent):
        return answer
    slots = np.flatnonzero(stage.active)
    plain = choose(solution, stage, slots, candidates, budget=budget, granularity=granularity)
    better = plain if plain.value < answer.value else answer
    return replace(better, bound=max(plain.bound, answer.bound), is_proven=plain.is_proven)


@dataclass(frozen=True, slots=True)
class _Aims:
    """A stage as a game, and how it is searched.

    Parameters
    ----------
    columns : array
        By item: its column; items beyond them stand for staying out.
    slots : array
        The stage's slots, in the order of the game.
    prices : array
        By slot of the game: where to start from.
    """

    game: Game
    columns: Integers
    slots: Integers
    prices: Floats
    granularity: float

    def run(self, value: float, budget: Budget) -> Answer:
        """Aims from the bound upwards until something is found within the aim, or there is nothing better."""
        knapsacks, everything = Knapsacks(self.game), np.ones((1, len(self.game.slots)), dtype=np.bool_)
        bounds, prices, _ = climb(knapsacks, self.prices[None], everything, cutoff=value, steps=200)
        least_with = bounds[0] + knapsacks.penalties(prices, everything)[0]
        best = Answer(None, float(bounds[0]), is_proven=False, value=value)
        nodes_left = _MOST_NODES
        for share in _AIMS:
            best = replace(best, bound=self._rounded_up(best.bound))
            better = best.value - self.granularity
            if best.bound > better + _ROUNDING:
                break
            aim = self._rounded_down(best.bound + share * (better - best.bound))
            within = np.flatnonzero(least_with <= aim + _ROUNDING)
            search = Enumeration(self.game, within, prices[0], granularity=self.granularity)
            chosen = search.run(aim, most_nodes=nodes_left, budget=budget)
            if chosen is not None:
                best = replace(best, picks=self._picks(chosen), value=float(self.game.costs[chosen].sum()))
            if not search.is_complete:
                return best
            if chosen is not None:
                return replace(best, bound=best.value, is_proven=True)
            best = replace(best, bound=aim + (self.granularity or 2 * _ROUNDING))
            nodes_left -= search.nodes
        return replace(best, bound=best.value, is_proven=True)

    def _picks(self, chosen: Integers) -> dict[int, Picks]:
        picks: dict[int, Picks] = dict.fromkeys(self.slots.tolist(), ())
        for item in chosen[chosen < len(self.columns)].tolist():
            picks[int(self.slots[self.game.slots[item]])] = ((int(self.columns[item]), 1.0),)
        return picks

    def _rounded_up(self, value: float) -> float:
        grain = self.granularity
        return float(np.ceil(value / grain - _ROUNDING) * grain) if grain else value

    def _rounded_down(self, value: float) -> float:
        grain = self.granularity
        return float(np.floor(value / grain + _ROUNDING) * grain) if grain else value


def _aims(
    solution: Solution, relaxation: Relaxation, stage: Stage, candidates: Integers, granularity: float
) -> _Aims | None:
    """The stage as a game; None where it is none, or so small that it is chosen at once.

    It is none where an order may be divided, and where overtime costs money or a settled tier limits several orders
    together: no knapsack knows of those.
    """
    demand, columns = solution.demand, solution.columns
    slots = np.flatnonzero(stage.active)
    has_costly_overtime = stage.money > 0 and bool((stage.overtime_hours * stage.overtime_rate).any())
    if len(candidates) < FEWEST_COLUMNS or stage.limits or has_costly_overtime or demand.splittable[slots].any():
        return None
    chosen = candidates[columns.days[candidates] <= stage.most_days[columns.slots[candidates]] + 1e-9]
    out = slots[stage.may_stay_out[slots]]
    loads = _loads(columns.hours[:, chosen], stage)
    if loads is None:
        return None
    nothing = np.zeros(len(out), dtype=np.int64)
    costs = np.concatenate([stage.column_costs(demand, columns, chosen), stage.unscheduled_costs(demand, out)])
    game = Game(
        slots=np.searchsorted(slots, np.concatenate([columns.slots[chosen], out])),
        buckets=np.concatenate([loads.buckets, nothing + NO_BUCKET]),
        units=np.concatenate([loads.units, nothing]),
        costs=costs,
        room=loads.room,
        slot_count=len(slots),
    )
    return _Aims(game, chosen, slots, relaxation.slot_costs[slots], granularity or grain_of(costs))


class _Loads(NamedTuple):
    """Bucket and units by column, and the units that each bucket holds."""

    buckets: Integers
    units: Integers
    room: Integers


def _loads(hours: Matrix, stage: Stage) -> _Loads | None:
    """Hours in whole units; None where a column loads two buckets or hours are multiples of no unit that is known."""
    hours.eliminate_zeros()
    sizes, unit = np.diff(hours.indptr), grain_of(hours.data)
    room_hours = np.maximum(stage.regular_hours + stage.overtime_hours, 0.0)
    if unit == 0 or (sizes > 1).any() or room_hours.max(initial=0.0) > _MOST_UNITS * unit:
        return None
    buckets, units = np.full(len(sizes), NO_BUCKET), np.zeros(len(sizes), dtype=np.int64)
    buckets[sizes > 0] = hours.indices
    units[sizes > 0] = np.round(hours.data / unit)
    return _Loads(buckets, units, np.floor(room_hours / unit + _ROUNDING).astype(np.int64))
