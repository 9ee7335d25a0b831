"""A plan in terms of columns: what each slot takes, the hours that uses, and what it counts."""

from typing import TypeAlias

import numpy as np

from cms.scheduling.columns import Columns
from cms.scheduling.demand import Demand, Floats, Integers, Slot
from cms.scheduling.linear import Stage
from cms.scheduling.plan import Piece, Plan
from cms.scheduling.pricing import Found

Picks: TypeAlias = tuple[tuple[int, float], ...]
"""Columns with the share of the open quantity that each takes; empty: unscheduled."""


class Solution:
    """The picks of every slot."""

    def __init__(self, demand: Demand, columns: Columns) -> None:
        self.demand, self.columns = demand, columns
        self.picks: list[Picks] = [()] * len(demand.slots)

    def copy(self) -> "Solution":
        """A solution of its own with the same picks."""
        other = Solution(self.demand, self.columns)
        other.picks = list(self.picks)
        return other

    def flat(self, slots: Integers | None = None) -> tuple[Integers, Integers, Floats]:
        """Slot, column and share of every pick of these slots (all of them where none are named)."""
        wanted = range(len(self.picks)) if slots is None else slots.tolist()
        rows = [(slot, column, share) for slot in wanted for column, share in self.picks[slot]]
        if not rows:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0)
        owner, column, share = zip(*rows, strict=True)
        return np.array(owner), np.array(column), np.array(share, dtype=np.float64)

    def place(self, columns: Integers) -> None:
        """Gives the slots of these columns to them, whole."""
        for column in columns.tolist():
            self.picks[int(self.columns.slots[column])] = ((column, 1.0),)

    def hours(self, slots: Integers | None = None) -> Floats:
        """Hours by bucket that these slots use."""
        _, columns, shares = self.flat(slots)
        return np.asarray(self.columns.hours[:, columns] @ shares)

    def days(self) -> Floats:
        """By slot: days of tardiness times open share, what stays out included."""
        owner, columns, shares = self.flat()
        taken = np.bincount(owner, shares, minlength=len(self.picks))
        counted = np.bincount(owner, shares * self.columns.days[columns], minlength=len(self.picks))
        left = np.where(taken < 1 - 1e-9, 1 - taken, 0.0)
        return np.asarray(counted + left * self.demand.unscheduled_days)

    def money(self) -> Floats:
        """By slot: routing, holding and change cost."""
        owner, columns, shares = self.flat()
        taken = np.bincount(owner, shares, minlength=len(self.picks))
        counted = np.bincount(owner, shares * self.columns.money[columns], minlength=len(self.picks))
        return np.asarray(counted + np.where(taken < 1 - 1e-9, 1 - taken, 0.0) * self.demand.change_costs)

    def read(self, plan: Plan, slots: Integers) -> None:
        """Takes over what a plan has placed for these slots; columns are added on the way."""
        found: list[tuple[int, int, int, int]] = []
        owners: list[tuple[int, float]] = []
        for slot in slots.tolist():
            pieces = self._open_pieces(plan, slot)
            published = self.columns.published.get(slot)
            if published is not None and sorted(pieces) == sorted(self.columns.published_pieces[published]):
                self.picks[slot] = ((published, 1.0),)
                continue
            self.picks[slot] = ()
            for piece in pieces:
                way = self.demand.ways_of_slot[slot][piece.routing]
                found.append((way, slot, piece.completion, piece.delivery))
                owners.append((slot, piece.quantity / self.demand.slots[slot].quantity))
        if found:
            arrays = np.array(found, dtype=np.int64).T
            indices = self.columns.add(Found(arrays[0], arrays[1], arrays[2], arrays[3], np.zeros(len(found))))
            self.columns.admit(indices)
            for (slot, share), index in zip(owners, indices.tolist(), strict=True):
                self.picks[slot] = (*self.picks[slot], (index, share))

    def _open_pieces(self, plan: Plan, slot: int) -> list[Piece]:
        return [piece for piece in plan.pieces[self.demand.slots[slot].number] if not piece.frozen]

    def pieces(self, slot: int) -> list[Piece]:
        """What the slot's picks deliver."""
        pieces = []
        for column, share in self.picks[slot]:
            if column in self.columns.published_pieces:
                pieces += self.columns.published_pieces[column]
            else:
                pieces.append(self._piece(slot, column, share))
        return pieces

    def _piece(self, slot: int, column: int, share: float) -> Piece:
        demand, columns = self.demand, self.columns
        way = columns.ways[column]
        routing = demand.groups[demand.way_group[way]].routings[demand.way_row[way]]
        whole = demand.slots[slot].quantity
        quantity = whole if share == 1.0 else float(round(share * whole))
        return Piece(int(routing), int(columns.completions[column]), int(columns.deliveries[column]), quantity)


def beyond_limits(solution: Solution, stage: Stage) -> Floats:
    """By bucket and then by settled tier: hours and days beyond the limit; less than 0 where there is room.

    Of the active slots alone: the stage's hours and limits are what the others leave.
    """
    days = np.where(stage.active, solution.demand.weights * solution.days(), 0.0)
    late = [float(days[solution.demand.classes == limit.priority].sum()) - limit.days for limit in stage.limits]
    hours = solution.hours(np.flatnonzero(stage.active))
    return np.concatenate([hours - (stage.regular_hours + stage.overtime_hours), late])


def in_units(slot: Slot, columns: Columns, shares: list[tuple[int, float]], total: float) -> Picks:
    """Columns of an order that may be divided in whole units: of those that are large enough, as many as there may be.

    Parameters
    ----------
    shares : list
        Columns with their shares, the largest first.
    total : float
        The share that is delivered; the first column takes what is not given to another.
    """
    least = slot.order.smallest_split
    units = round(total * slot.quantity)
    if not shares or units < least:
        return ()
    parts = [(column, int(share * slot.quantity + 1e-4)) for column, share in shares if columns.ways[column] >= 0]
    kept = [(column, part) for column, part in parts if part >= least][: slot.most_pieces]
    if len(kept) < 2:
        return ((shares[0][0], units / slot.quantity if columns.ways[shares[0][0]] >= 0 else 1.0),)
    first = units - sum(part for _, part in kept[1:])
    return tuple((column, part / slot.quantity) for column, part in [(kept[0][0], first), *kept[1:]])
