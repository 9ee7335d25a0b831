"""Whole orders near the optimum of a linear programme: what it divides is decided a few orders at a time.

All orders that are not decided yet make room for those that are, so the value stays near that of the programme almost
to the end. The orders that may be divided come last, in a small programme of their own: they fill what the others
leave, down to the unit.
"""

from dataclasses import replace

import numpy as np

from cms.scheduling.budget import Budget
from cms.scheduling.columns import Columns
from cms.scheduling.demand import Flags, Floats, Integers
from cms.scheduling.descent import Descent
from cms.scheduling.integer import CAPACITY_TOLERANCE
from cms.scheduling.linear import Programme, Relaxation, Stage, TierLimit
from cms.scheduling.rounding import fitted
from cms.scheduling.solution import Solution, beyond_limits

_FEW, _FEW_PART = 3, 1e-3
"""Where no more orders than this are divided, or this part of all, the small programme takes them over."""
_PENALTY = 100.0
"""An hour or a day beyond a limit costs so many times the dearest."""
_RISE, _RISE_OF_PIECES = 1e-2, 1e-3
"""Of decisions that raise the value of the large programme by this part, or of the small one, half are made."""
_MOST_LEFT, _MOST_LEFT_PART = 40, 5e-3
"""If no more than this or this part of all are divided when the time for that is over, the small programme takes them
over all the same."""
_PART_FOR_WHOLE_ORDERS = 0.6
"""Of the budget: where that does not suffice, the rest is left for another search."""
_MOST_RISE = 0.04
"""Where whole orders raise the value of the large programme by more than this part, a dive comes to nothing good."""
_PART_UNDONE, _MOST_IDLE, _WORTHWHILE = 0.3, 15, 1e-5
"""The part of the decisions that is undone at a time; after so many times that gain no more than this part of the
value no other follows."""
_MOST_WIDENED = 3
"""Where a small programme cannot keep its limits, so often those who use what is beyond them join it."""
_MOST_FITTED = 20
"""So often pieces are rounded to whole units, until all limits are kept."""
_FIT_SECONDS = 1.2e-5
"""Of a common machine, measured: to count, by order, what rounded pieces use."""
_PART_DECIDED = 0.6
"""In a narrowed programme: of all orders, those whose second choices are the dearest."""
_MOST_ROUNDS = 20
"""So often the small programme asks for columns before anything is decided."""


def dive(
    programme: Programme,
    solution: Solution,
    budget: Budget,
    *,
    rounds: int,
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
    most_left = max(_MOST_LEFT, int(_MOST_LEFT_PART * len(programme.slots)))
    has_many_left = not is_settled and (budget.is_spent or len(large.whole_choices()) > most_left)
    if large.value > most or (has_many_left and not is_patient):
        return None
    found, left = large.solution(solution), large.open_slots()
    if len(left) == 0 or has_many_left:
        return found
    decided = _decided(programme, found, left, budget, rounds=rounds, keeps_margin=keeps_margin, penalty=penalty)
    return found if decided is None else _in_units(decided, found, programme.stage)


def _decided(
    programme: Programme,
    others: Solution,
    slots: Integers,
    budget: Budget,
    *,
    rounds: int,
    keeps_margin: bool,
    penalty: float,
) -> Descent | None:
    """A small programme of these slots, all decided beside what the others do; None where the time was up before.

    Where it cannot keep a bucket, those who use it join.
    """
    decided: Descent | None = None
    for _ in range(_MOST_WIDENED):
        small = _left_to(programme, others, slots, keeps_margin=keeps_margin)
        pieces = Descent(small, penalty, budget, rise=_RISE_OF_PIECES)
        pieces.ask(_MOST_ROUNDS)
        if not pieces.settle(pieces.choices):
            break
        decided = pieces
        _decide_anew(pieces, rounds)
        wider = np.union1d(slots, _users(others, programme.slots, pieces.broken)) if pieces.broken.any() else slots
        if len(wider) == len(slots):
            break
        slots = wider
    return decided


def _left_to(programme: Programme, others: Solution, slots: Integers, *, keeps_margin: bool) -> Programme:
    """A small programme of these slots, with what all others leave."""
    columns, stage = programme.columns, _beside(others, programme.stage, slots)
    start = programme.chosen[np.isin(columns.slots[programme.chosen], slots)]
    if keeps_margin:
        stage = _with_margin(stage, columns, start)
    return Programme(programme.demand, columns, stage, start)


def _users(solution: Solution, slots: Integers, rows: Flags) -> Integers:
    """Of these slots those that use one of the buckets."""
    owner, columns, _ = solution.flat(slots)
    hours = solution.columns.hours[:, columns]
    uses = hours.T @ rows[: hours.shape[0]].astype(np.float64)
    return np.unique(owner[uses > 0])


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


def _decide_anew(pieces: Descent, rounds: int) -> None:
    """Makes some of the decisions about pieces anew as long as that gains.

    The last ones find little room and cost most. Undone at random, a part at a time, others come last: ruin and
    recreate (Schrimpf, Schneider, Stamm-Wilbrandt and Dueck 2000).
    """
    chance = np.random.default_rng(len(pieces.programme.slots))
    idle = 0
    for _ in range(rounds):
        before, decided = pieces.value, pieces.decided
        if pieces.budget.is_spent or idle == _MOST_IDLE or len(decided) == 0:
            break
        undone = chance.permutation(decided)[: max(1, int(_PART_UNDONE * len(decided)))]
        pieces.redecide(undone)
        idle = 0 if before - pieces.value > _WORTHWHILE * abs(before) else idle + 1


def _in_units(pieces: Descent, others: Solution, stage: Stage) -> Solution:
    """The pieces in whole units. What is beyond a limit then is kept free in the programme, until all limits are kept.

    Parameters
    ----------
    others : Solution
        What all other slots of the stage do.
    """
    for _ in range(_MOST_FITTED):
        prices, _ = pieces.programme.prices()
        found = fitted(pieces.solution(others), stage, prices, pieces.programme.slots)
        beyond = beyond_limits(found, stage)
        pieces.budget.charge(_FIT_SECONDS * len(found.picks))
        if (beyond <= CAPACITY_TOLERANCE).all() or not pieces.spare(np.maximum(beyond, 0.0)):
            break
    return found


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
