"""Whole orders near the optimum of a linear programme: what it divides is decided a few orders at a time.

All orders that are not decided yet make room for those that are, so the value stays near that of the programme almost
to the end. The orders that may be divided come last, in a small programme of their own: they fill what the others
leave, down to the unit.
"""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from cms.scheduling.budget import Budget
from cms.scheduling.columns import Columns
from cms.scheduling.demand import Floats, Integers
from cms.scheduling.descent import Descent
from cms.scheduling.linear import Programme, Relaxation, Stage, TierLimit
from cms.scheduling.rounding import fitted
from cms.scheduling.solution import Solution

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
_WAYS = ((0.5, 1e-3), (0.5, 3e-5), (0.3, 1e-3), (1.0, 3e-5), (0.7, 1e-3), (0.3, 3e-5), (0.5, 1e-4), (0.7, 3e-5))
"""The part of the open decisions that the small programme takes at a time, and that rise; now one and now another ends
best."""
_PART_DECIDED = 0.6
"""In a narrowed programme: of all orders, those whose second choices are the dearest."""
_MOST_ROUNDS = 20
"""So often the small programme asks for columns before anything is decided."""
_ANOTHER = 1.5
"""Another attempt is begun where so many times what the last one took is left."""


def dive(
    programme: Programme,
    solution: Solution,
    budget: Budget,
    *,
    attempts: int = 1,
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
    attempts : int
        How often the orders that may be divided are decided, each time in another order; the best is kept.
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
    ways = ((Programme(programme.demand, columns, stage, start), *way) for way in _WAYS[:attempts])
    best = _decided(ways, budget, penalty)
    if best is None:
        return found
    return fitted(best.solution(found), programme.stage, best.programme.prices()[0], left)


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


def _decided(ways: Iterable[tuple[Programme, float, float]], budget: Budget, penalty: float) -> Descent | None:
    """The best of some ways to decide all pieces of a small programme; None where there was no time for one."""
    best: Descent | None = None
    for programme, part, rise in ways:
        began = budget.left
        attempt = Descent(programme, penalty, budget, rise=rise)
        attempt.ask(_MOST_ROUNDS)
        least = np.inf if best is None else best.value
        if attempt.settle(attempt.choices, part=part, most=least) and attempt.value < least:
            best = attempt
        if budget.left < _ANOTHER * (began - budget.left):
            break
    return best


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
