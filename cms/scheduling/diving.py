"""Whole orders near the optimum of a linear programme: what it divides is decided a few orders at a time.

All orders that are not decided yet make room for those that are, so the value stays near that of the programme almost
to the end. The orders that may be divided come last, in a small programme of their own: they fill what the others
leave, down to the unit.
"""

from dataclasses import replace

import numpy as np

from cms.scheduling.budget import Budget
from cms.scheduling.columns import Columns
from cms.scheduling.demand import Floats, Integers
from cms.scheduling.descent import Descent
from cms.scheduling.integer import CAPACITY_TOLERANCE
from cms.scheduling.linear import Programme, Relaxation, Stage, TierLimit
from cms.scheduling.rounding import fitted
from cms.scheduling.solution import Solution, beyond_limits

_FEW, _FEW_PART = 3, 1e-3
"""Where no more orders than this are divided, or this part of all, the small programme takes them over."""
_PENALTY = 100.0
"""An hour or a day beyond a limit costs so many times the dearest."""
_RISE = 1e-2
"""Decisions that raise the value of the large programme by this part are looked at one by one."""
_MOST_LEFT = 40
"""If no more are divided when the time for that is over, the small programme takes them over all the same."""
_PART_FOR_WHOLE_ORDERS = 0.6
"""Of the budget: where that does not suffice, the rest is left for another search."""
_MOST_RISE = 0.04
"""Where whole orders raise the value of the large programme by more than this part, a dive comes to nothing good."""
_PART_AT_A_TIME, _RISE_OF_PIECES = 0.5, 1e-3
"""The part of the open decisions that the small programme takes at a time, and that rise."""
_PART_UNDONE, _MOST_IDLE, _WORTHWHILE = 0.3, 15, 1e-5
"""The part of the decisions that is undone at a time; after so many times that gain no more than this part of the
value no other follows."""
_MOST_FITTED = 5
"""Of so many ways to decide the pieces the best is taken that keeps the limits in whole units."""
_PART_DECIDED = 0.6
"""In a narrowed programme: of all orders, those whose second choices are the dearest."""
_MOST_ROUNDS = 20
"""So often the small programme asks for columns before anything is decided."""


def dive(
    programme: Programme,
    solution: Solution,
    budget: Budget,
    *,
    rounds: int = 30,
    keeps_margin: bool = True,
    is_patient: bool = False,
) -> Solution | None:
    """Whole orders near the optimum of a programme that is solved; limits are kept if single units can mend them.

    None where the time was up, no end in sight, or whole orders cost much more than divided ones.
    With patience what is there when the time is up.

    Parameters
    ----------
    programme : Programme
        It cannot be used any more afterwards.
    solution : Solution
        What the slots that take no part do.
    rounds : int
        How often at most some of the orders that may be divided are decided anew.
    is_patient : bool
        Whether it goes on however much whole orders cost.
    keeps_margin : bool
        Whether every bucket keeps a unit of the mean order free until pieces are rounded: where they are small that
        costs little, and without it no unit can move.
    """
    penalty = _penalty(programme)
    large = Descent(programme, penalty, budget.part(_PART_FOR_WHOLE_ORDERS), rise=_RISE)
    few = max(_FEW, int(_FEW_PART * len(programme.slots)))
    most = np.inf if is_patient else (1 + _MOST_RISE) * large.value
    is_settled = large.settle(large.whole_choices, few=few, patient=is_patient, most=most)
    has_many_left = not is_settled and (budget.is_spent or len(large.whole_choices()) > _MOST_LEFT)
    if large.value > most or (has_many_left and not is_patient):
        return None
    found, left = large.solution(solution), large.open_slots()
    if len(left) == 0 or has_many_left:
        return found
    columns, stage = programme.columns, _beside(found, programme.stage, left)
    start = programme.chosen[np.isin(columns.slots[programme.chosen], left)]
    if keeps_margin:
        stage = _with_margin(stage, columns, start)
    pieces = Descent(Programme(programme.demand, columns, stage, start), penalty, budget, rise=_RISE_OF_PIECES)
    pieces.ask(_MOST_ROUNDS)
    if not pieces.settle(pieces.choices, part=_PART_AT_A_TIME):
        return found
    ways = _decided_anew(pieces, rounds)
    return _in_units(pieces, ways, found, programme.stage)


def narrowed(relaxation: Relaxation, stage: Stage, solution: Solution, costs: Floats) -> tuple[Programme, Solution]:
    """A programme of the orders that are not as good as decided, and a solution in which the others are.

    Most orders are whole in a relaxation, and many of them would hardly be elsewhere in any good plan: a programme
    without them is solved in a fraction of the time.

    Parameters
    ----------
    costs : array
        By slot: what its second choice costs more than its first.
    """
    columns, active = solution.columns, np.flatnonzero(stage.active)
    whole = relaxation.whole
    whole = whole[~solution.demand.splittable[columns.slots[whole]]]
    decided = whole[np.argsort(-costs[columns.slots[whole]], kind="stable")][: int(_PART_DECIDED * len(active))]
    base = solution.copy()
    base.place(decided)
    left = np.setdiff1d(active, columns.slots[decided])
    return Programme(solution.demand, columns, _beside(base, stage, left), np.flatnonzero(columns.is_lean)), base


def _decided_anew(pieces: Descent, rounds: int) -> list[Floats]:
    """The shares of one way to decide all pieces and of others, each better than the one before.

    The last decisions find little room and cost most. Undone at random, a part at a time, others come last: ruin and
    recreate (Schrimpf, Schneider, Stamm-Wilbrandt and Dueck 2000).
    """
    chance = np.random.default_rng(len(pieces.programme.slots))
    ways, idle = [pieces.shares], 0
    for _ in range(rounds):
        before, decided = pieces.value, pieces.decided
        if pieces.budget.is_spent or idle == _MOST_IDLE or len(decided) == 0:
            break
        undone = chance.permutation(decided)[: max(1, int(_PART_UNDONE * len(decided)))]
        if pieces.redecide(undone, part=_PART_AT_A_TIME):
            ways.append(pieces.shares)
        idle = 0 if before - pieces.value > _WORTHWHILE * abs(before) else idle + 1
    return ways


def _in_units(pieces: Descent, ways: list[Floats], others: Solution, stage: Stage) -> Solution:
    """In whole units the best way that keeps the limits then; of the last few, if none does, the best."""
    tried: list[Solution] = []
    for shares in reversed(ways[-_MOST_FITTED:]):
        pieces.look_at(shares)
        tried.append(fitted(pieces.solution(others), stage, pieces.programme.prices()[0], pieces.programme.slots))
        if (beyond_limits(tried[-1], stage) <= CAPACITY_TOLERANCE).all():
            return tried[-1]
    return tried[0]


def _penalty(programme: Programme) -> float:
    """More than an hour or a day beyond a limit can save."""
    prices, _ = programme.prices()
    days = prices.day[programme.slots]
    return _PENALTY * max(1.0, float(prices.bucket.max(initial=0.0)), float(days.max(initial=0.0)))


def _beside(solution: Solution, stage: Stage, slots: Integers) -> Stage:
    """A stage of these slots alone, with what the others leave of hours and days."""
    active = np.zeros(len(stage.active), dtype=np.bool_)
    active[slots] = True
    kept = np.flatnonzero(stage.active & ~active)
    days, classes = solution.days() * solution.demand.weights, solution.demand.classes[kept]
    used = [float(days[kept[classes == limit.priority]].sum()) for limit in stage.limits]
    limits = [TierLimit(one.priority, one.days - part) for one, part in zip(stage.limits, used, strict=True)]
    regular = stage.regular_hours - solution.hours(kept)
    return replace(stage, active=active, limits=tuple(limits), regular_hours=regular)


def _with_margin(stage: Stage, columns: Columns, taken: Integers) -> Stage:
    """Keeps free what a unit of the mean order takes, for the rounding to whole units."""
    demand, slots = columns.demand, columns.slots[taken]
    taken, slots = taken[demand.splittable[slots]], slots[demand.splittable[slots]]
    unit = 1.0 / np.array([demand.slots[slot].quantity for slot in slots.tolist()])
    hours = columns.hours[:, taken]
    of_unit = np.asarray(hours @ unit) / np.maximum(1, np.diff(hours.tocsr().indptr))
    spare = np.minimum(of_unit, np.maximum(stage.regular_hours + stage.overtime_hours, 0.0))
    days = columns.days[taken] * demand.weights[slots] * unit
    limits = [replace(one, days=one.days - _mean(days[demand.classes[slots] == one.priority])) for one in stage.limits]
    return replace(
        stage,
        limits=tuple(limits),
        regular_hours=stage.regular_hours - np.maximum(spare - stage.overtime_hours, 0.0),
        overtime_hours=np.maximum(stage.overtime_hours - spare, 0.0),
    )


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else 0.0


__all__ = ["dive", "narrowed"]
