"""Places the orders that rounding leaves over: each takes its cheapest column, and what stands in the way moves on.

Every limit is a row with a capacity: the hours of a bucket, and the days that a settled tier may count. An order that
finds no room ejects the occupants that move most easily (guided ejection search); an occupant that is ejected again
and again becomes dear to eject, so that the search does not turn in circles.
"""

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from cms.scheduling.budget import Budget
from cms.scheduling.demand import Floats, Integers
from cms.scheduling.linear import Stage
from cms.scheduling.solution import Picks, Solution

_ROOM = 1e-9
_MOST_EJECTED = 4
_MOST_PASSES = 6
_MOST_RETURNED = 2_000
_LEAST_STEPS = 1000
_STEPS_EACH = 50
_BOARD_SECONDS, _STEP_SECONDS, _LOOK_SECONDS = 5e-6, 5e-5, 8e-6
"""Of a common machine, measured: by candidate to begin; to place or move an order; by column looked at for it."""


class Insertion(NamedTuple):
    """A column for an order, its cost at the prices with what it takes to make room, and who must move."""

    cost: float
    column: int
    ejected: tuple[int, ...]


def insert(
    solution: Solution,
    stage: Stage,
    waiting: Integers,
    *,
    candidates: Integers,
    costs: Floats,
    staying_out: Floats,
    fallback: Solution,
    patience: float,
    budget: Budget,
) -> Solution:
    """A solution in which the waiting slots are placed, as far as that succeeds.

    Parameters
    ----------
    waiting : array of int
        Slots without picks, the most important first.
    candidates : array of int
        Columns to choose from, for every active slot.
    costs : array
        By candidate: its reduced cost.
    staying_out : array
        By slot: what leaving it out costs at the same prices; infinite where it must be delivered.
    fallback : Solution
        A solution that keeps every limit. Orders that must be delivered and find no place go back to theirs in it, and
        so do those that stand in their way there: in the worst case all do, so the result keeps every limit too.
    patience : float
        How dear an ejection is from the start, against what the ejected order loses by it.
    """
    board = _Board(solution, stage, candidates, costs, staying_out, patience)
    budget.charge(_BOARD_SECONDS * len(candidates))
    board.charge_absent(stage, waiting)
    left = board.place(waiting.tolist(), budget)
    optional = board.fall_back(left, fallback)
    if optional is None:
        return fallback.copy()
    board.fill(optional)
    return board.solution


def descend(
    solution: Solution,
    stage: Stage,
    slots: Integers,
    *,
    candidates: Integers,
    costs: Floats,
    staying_out: Floats,
    budget: Budget,
) -> Solution:
    """A solution in which slots have moved to cheaper columns, alone or by swapping places; every limit stays kept.

    Parameters
    ----------
    slots : array of int
        Who may move, the most promising first.
    """
    board = _Board(solution, stage, candidates, costs, staying_out, patience=1.0)
    budget.charge(_BOARD_SECONDS * len(candidates))
    board.charge_absent(stage, slots[:0])
    for _ in range(_MOST_PASSES):
        if board.move_all(slots.tolist(), budget) == 0:
            break
    return board.solution


class _Board:
    """Rows with their capacity, use and occupants."""

    def __init__(  # noqa: PLR0917
        self,
        solution: Solution,
        stage: Stage,
        candidates: Integers,
        costs: Floats,
        staying_out: Floats,
        patience: float,
    ) -> None:
        self.solution = solution.copy()
        self.demand, self.columns = solution.demand, solution.columns
        self._staying_out = staying_out
        hours = stage.regular_hours + stage.overtime_hours
        self._capacity = [*hours.tolist(), *(limit.days for limit in stage.limits)]
        self._used = [0.0] * len(self._capacity)
        self._occupants: list[dict[int, float]] = [{} for _ in self._capacity]
        self._limit_row = {limit.priority: len(hours) + row for row, limit in enumerate(stage.limits)}
        self._usage: dict[int, list[tuple[int, float]]] = {}
        self._rank(candidates, costs)
        self._least_cost *= patience
        self._charged: set[int] = set()
        self._looks = 0
        self._ejections: dict[int, int] = {}
        lowest = int(self.demand.classes[stage.active].max(initial=1))
        self._rank_weight = (4.0 ** (lowest - self.demand.classes)).tolist()
        for slot, picks in enumerate(self.solution.picks):
            for row, amount in self._rows_of(picks):
                self._enter(slot, row, amount)

    def charge_absent(self, stage: Stage, waiting: Integers) -> None:
        """Counts the days of orders of a settled tier that stay out for good."""
        absent = np.array([slot for slot in np.flatnonzero(stage.active) if not self.solution.picks[slot]], dtype=int)
        for slot in np.setdiff1d(absent, waiting).tolist():
            row = self._limit_row.get(int(self.demand.classes[slot]))
            if row is not None:
                self._charged.add(slot)
                self._used[row] += float(self.demand.weights[slot] * self.demand.unscheduled_days[slot])

    def _rank(self, candidates: Integers, costs: Floats) -> None:
        """By slot: its columns with their costs, the cheapest first; and what its second choice costs more."""
        slots = self.columns.slots[candidates]
        order = np.lexsort((candidates, costs, slots))
        self._choices: dict[int, list[tuple[float, int]]] = {}
        for slot, cost, column in zip(
            slots[order].tolist(), costs[order].tolist(), candidates[order].tolist(), strict=True
        ):
            self._choices.setdefault(slot, []).append((max(0.0, cost), column))
        seconds = [min(choices[1][0], 1e6) if len(choices) > 1 else 1e6 for choices in self._choices.values()]
        self._second = dict(zip(self._choices, seconds, strict=True))
        positive = [cost for cost in seconds if 1e-9 < cost < 1e6]
        self._least_cost = 0.01 + float(np.median(positive) if positive else 1.0) / 10

    def place(self, waiting: list[int], budget: Budget) -> list[int]:
        """Places the waiting slots and whoever they eject, until the effort is spent; those that still wait."""
        queue = deque(waiting)
        left = []
        for _ in range(_LEAST_STEPS + _STEPS_EACH * len(waiting)):
            if not queue or budget.is_spent:
                break
            slot = queue.popleft()
            insertion = self._best(slot)
            self._charge(budget)
            if insertion is None:
                left.append(slot)
                continue
            for other in insertion.ejected:
                self._leave(other)
                self._ejections[other] = self._ejections.get(other, 0) + 1
                queue.append(other)
            self.solution.picks[slot] = ((insertion.column, 1.0),)
            for row, amount in self._rows(insertion.column):
                self._enter(slot, row, amount)

        return [*left, *queue]

    def fall_back(self, waiting: list[int], fallback: Solution) -> list[int] | None:
        """Puts slots that must be delivered back to where they were; the optional ones that had to make room.

        None where so many go back that what is left of the new plan is not worth the time.
        """
        optional = [slot for slot in waiting if np.isfinite(self._staying_out[slot])]
        returning = [slot for slot in waiting if not np.isfinite(self._staying_out[slot])]
        returned: set[int] = set()
        while returning:
            slot = returning.pop()
            returned.add(slot)
            if len(returned) > _MOST_RETURNED:
                return None
            self._put(slot, fallback.picks[slot])
            for row, _ in self._rows_of(fallback.picks[slot]):
                for other in self._excess(row, returned):
                    self._leave(other)
                    (optional if np.isfinite(self._staying_out[other]) else returning).append(other)
        return optional

    def _excess(self, row: int, returned: set[int]) -> list[int]:
        """Occupants to remove until a row keeps its capacity, none of them returned."""
        excess = self._used[row] - self._capacity[row] - _ROOM
        leaving: list[int] = []
        if excess <= 0:
            return leaving
        occupants = [other for other, amount in self._occupants[row].items() if amount > 0 and other not in returned]
        for other in sorted(
            occupants, key=lambda other: (self._staying_out[other] == np.inf, self._dearness(other), other)
        ):
            if excess <= 0:
                break
            leaving.append(other)
            excess -= self._occupants[row][other]
        return leaving

    def fill(self, waiting: list[int]) -> None:
        """Gives each waiting slot its cheapest column that fits as things are."""
        for slot in sorted(waiting, key=lambda slot: (self.demand.classes[slot], -self._staying_out[slot], slot)):
            for cost, column in self._choices.get(slot, []):
                if cost < self._staying_out[slot] and self._fits(column):
                    self._put(slot, ((column, 1.0),))
                    break

    def move_all(self, slots: list[int], budget: Budget) -> int:
        """Moves each slot that can be better off, while the budget lasts; how many moved."""
        moved = 0
        for slot in slots:
            if budget.is_spent:
                break
            moved += self.move(slot)
            self._charge(budget)
        return moved

    def _charge(self, budget: Budget) -> None:
        budget.charge(_STEP_SECONDS + _LOOK_SECONDS * self._looks)
        self._looks = 0

    def move(self, slot: int) -> bool:
        """Moves a slot to the cheapest column that lowers the sum of costs, others making room; whether it did."""
        old = self.solution.picks[slot]
        now = self._cost_of(slot)
        choices = [choice for choice in self._choices.get(slot, []) if choice[0] < now - _ROOM]
        if not choices or (not old and slot in self._charged):
            return False
        self._leave(slot)
        for cost, column in choices:
            insertion = self._with_room(slot, column, cost)
            if insertion is not None and len(insertion.ejected) <= 2 and self._swap(slot, insertion, now - cost):
                return True
        self._put(slot, old)
        return False

    def _swap(self, slot: int, insertion: Insertion, gain: float) -> bool:
        """Places a slot if all it ejects find another column for less than the gain; else changes nothing."""
        old = [(other, self.solution.picks[other]) for other in insertion.ejected]
        gain += sum(self._cost_of(other) for other in insertion.ejected)
        for other, _ in old:
            self._leave(other)
        self._put(slot, ((insertion.column, 1.0),))
        moved: list[int] = []
        for other, _ in old:
            found = next(((c, k) for c, k in self._choices.get(other, []) if self._fits(k)), None)
            if found is None or found[0] >= gain - _ROOM:
                break
            gain -= found[0]
            self._put(other, ((found[1], 1.0),))
            moved.append(other)
        if len(moved) == len(old):
            return True
        for other in [*moved, slot]:
            self._leave(other)
        for other, picks in old:
            self._put(other, picks)
        return False

    def _put(self, slot: int, picks: Picks) -> None:
        self.solution.picks[slot] = picks
        for row, amount in self._rows_of(picks):
            self._enter(slot, row, amount)

    def _cost_of(self, slot: int) -> float:
        """What the slot's picks cost at the prices."""
        picks = self.solution.picks[slot]
        if not picks:
            return float(self._staying_out[slot])
        known = {column: cost for cost, column in self._choices.get(slot, [])}
        return sum(known.get(column, 0.0) * share for column, share in picks)

    def _fits(self, column: int) -> bool:
        return all(self._used[row] + amount <= self._capacity[row] + _ROOM for row, amount in self._rows(column))

    def _best(self, slot: int) -> Insertion | None:
        """The cheapest way to place a slot; None where leaving it out is cheaper or nothing helps."""
        best: Insertion | None = None
        out = float(self._staying_out[slot])
        for cost, column in self._choices.get(slot, []):
            if cost >= (out if best is None else best.cost):
                break
            insertion = self._with_room(slot, column, cost)
            if insertion is not None and insertion.cost < (out if best is None else best.cost):
                best = insertion
        return best

    def _with_room(self, slot: int, column: int, cost: float) -> Insertion | None:
        ejected: list[int] = []
        self._looks += 1
        for row, amount in self._rows(column):
            missing = self._used[row] + amount - self._capacity[row] - _ROOM
            missing -= sum(self._occupants[row].get(other, 0.0) for other in ejected)
            while missing > 0:
                other = self._easiest(row, missing, slot, ejected)
                if other is None or len(ejected) == _MOST_EJECTED:
                    return None
                ejected.append(other)
                cost += self._dearness(other)
                missing -= self._occupants[row][other]
        return Insertion(cost, column, tuple(ejected))

    def _easiest(self, row: int, missing: float, slot: int, ejected: list[int]) -> int | None:
        """The occupant that frees the missing amount, or the most of it, at the least cost."""
        best, best_key = None, np.inf
        for other, amount in self._occupants[row].items():
            if amount > 0 and other != slot and other not in ejected:
                key = self._dearness(other) / min(amount, missing)
                if key < best_key:
                    best, best_key = other, key
        return best

    def _dearness(self, slot: int) -> float:
        times = 1 + self._ejections.get(slot, 0)
        return float((self._least_cost + self._second.get(slot, 1e6)) * times * self._rank_weight[slot])

    def _enter(self, slot: int, row: int, amount: float) -> None:
        self._used[row] += amount
        self._occupants[row][slot] = self._occupants[row].get(slot, 0.0) + amount

    def _leave(self, slot: int) -> None:
        for row, amount in self._rows_of(self.solution.picks[slot]):
            self._used[row] -= amount
            self._occupants[row].pop(slot, None)
        self.solution.picks[slot] = ()

    def _rows_of(self, picks: Picks) -> Iterator[tuple[int, float]]:
        for column, share in picks:
            for row, amount in self._rows(column):
                yield row, amount * share

    def _rows(self, column: int) -> list[tuple[int, float]]:
        usage = self._usage.get(column)
        if usage is None:
            hours = self.columns.hours
            first, last = hours.indptr[column], hours.indptr[column + 1]
            usage = list(zip(hours.indices[first:last].tolist(), hours.data[first:last].tolist(), strict=True))
            slot = int(self.columns.slots[column])
            row = self._limit_row.get(int(self.demand.classes[slot]))
            days = float(self.demand.weights[slot] * self.columns.days[column])
            if row is not None and days > 0:
                usage.append((row, days))
            self._usage[column] = usage
        return usage
