"""The candidates that the optimiser works with: one column each, in arrays that grow.

A column is a candidate for the whole open share of its order, or, where an order has something published, those
deliveries together (*published*): only they save the cost of a change.
"""

from typing import TypeAlias

import numpy as np
from scipy import sparse

from cms.scheduling.candidates import find_candidate
from cms.scheduling.demand import Demand, Flags, Floats, Integers, Slot
from cms.scheduling.plan import Piece, piece_loads, piece_of, tardiness_days, unscheduled_days
from cms.scheduling.pricing import Found

Matrix: TypeAlias = sparse.csc_array
NO_WAY = -1


class Columns:
    """Columns by index: their order, days of tardiness, money, and hours by bucket.

    Attributes
    ----------
    slots, ways, completions, deliveries : array
        What a column stands for; `ways` is NO_WAY for a published one.
    days, money : array
        Tardiness times the open share; routing, holding and change cost.
    hours : sparse matrix
        ``bucket x column``.
    is_lean : array
        Whether a column has been asked for by a linear programme or taken by a solution. The others were only looked
        at, and would make every later programme slower.
    """

    def __init__(self, demand: Demand) -> None:
        self.demand = demand
        self._buckets = len(demand.tables.total_hours)
        self._known: dict[int, int] = {}
        self.is_lean: Flags = np.zeros(0, dtype=np.bool_)
        self.published: dict[int, int] = {}
        self.published_pieces: dict[int, list[Piece]] = {}
        nothing = np.zeros(0, dtype=np.int64)
        self.slots, self.ways, self.completions, self.deliveries = nothing, nothing, nothing, nothing
        self.days, self.money = np.zeros(0), np.zeros(0)
        self.hours: Matrix = sparse.csc_array((self._buckets, 0))
        self._add_published()
        self.is_lean[:] = True

    def __len__(self) -> int:
        return len(self.slots)

    def add(self, found: Found) -> Integers:
        """The columns of these candidates; those not known yet are appended."""
        days = self.demand.tables.days
        keys = (found.ways * days + found.completions) * days + found.deliveries
        fresh: list[int] = []
        for place, key in enumerate(keys.tolist()):
            if key not in self._known:
                self._known[key] = len(self) + len(fresh)
                fresh.append(place)
        if fresh:
            self._append(np.array(fresh), found)
        return np.array([self._known[key] for key in keys.tolist()], dtype=np.int64)

    def admit(self, indices: Integers) -> None:
        """Makes columns part of the linear programmes to come."""
        self.is_lean[indices] = True

    def _append(self, places: Integers, found: Found) -> None:
        ways, slots = found.ways[places], found.slots[places]
        completions, deliveries = found.completions[places], found.deliveries[places]
        money = np.zeros(len(places))
        rows, columns, hours = [], [], []
        of_group = self.demand.way_group[ways]
        for number in np.unique(of_group):
            group = self.demand.groups[number]
            here = np.flatnonzero(of_group == number)
            row = self.demand.way_row[ways[here]]
            waiting_days = group.ship_days[deliveries[here]] - completions[here]
            holding = self.demand.tables.problem.holding_cost_per_hour_day * group.total_hours[row]
            money[here] = group.money[row] + holding * waiting_days
            for buckets, load_hours in (
                (group.completion_buckets[completions[here]], group.completion_hours[row]),
                (group.ship_buckets[deliveries[here]], group.ship_hours[row]),
            ):
                rows.append(buckets.ravel())
                columns.append(np.repeat(here, buckets.shape[1]))
                hours.append(load_hours.ravel())
        entries = (np.concatenate(hours), (np.concatenate(rows), np.concatenate(columns)))
        matrix = sparse.coo_array(entries, shape=(self._buckets, len(places))).tocsc()
        days = self.demand.delivery_days(slots, deliveries)
        self._extend((slots, ways, completions, deliveries), days, money, matrix)

    def _extend(
        self, keys: tuple[Integers, Integers, Integers, Integers], days: Floats, money: Floats, hours: Matrix
    ) -> None:
        slots, ways, completions, deliveries = keys
        self.slots = np.concatenate([self.slots, slots])
        self.ways = np.concatenate([self.ways, ways])
        self.completions = np.concatenate([self.completions, completions])
        self.deliveries = np.concatenate([self.deliveries, deliveries])
        self.days = np.concatenate([self.days, days])
        self.money = np.concatenate([self.money, money])
        self.is_lean = np.concatenate([self.is_lean, np.zeros(len(slots), dtype=np.bool_)])
        self.hours = sparse.hstack([self.hours, hours], format="csc")

    def _add_published(self) -> None:
        hours: list[tuple[int, int, float]] = []
        days: list[float] = []
        money: list[float] = []
        numbers: list[int] = []
        for number, slot in enumerate(self.demand.slots):
            pieces = published_pieces(self.demand, slot) if slot.order.current else None
            if pieces is not None:
                index = len(numbers)
                self.published[number] = index
                self.published_pieces[index] = pieces
                numbers.append(number)
                days.append(_published_days(self.demand, slot, pieces))
                money.append(_published_money(self.demand, slot, pieces))
                for piece in pieces:
                    loads = piece_loads(self.demand.tables, slot.order, piece)
                    hours += [(bucket, index, used) for bucket, used in loads]
        none = np.full(len(numbers), NO_WAY)
        rows, columns, values = zip(*hours, strict=True) if hours else ((), (), ())
        entries = (np.array(values, dtype=np.float64), (np.array(rows, dtype=int), np.array(columns, dtype=int)))
        matrix = sparse.coo_array(entries, shape=(self._buckets, len(numbers))).tocsc()
        slots = np.array(numbers, dtype=np.int64)
        self._extend((slots, none, none, none), np.array(days, dtype=float), np.array(money, dtype=float), matrix)


def _published_days(demand: Demand, slot: Slot, pieces: list[Piece]) -> float:
    tables, order = demand.tables, slot.order
    left = slot.quantity - sum(piece.quantity for piece in pieces)
    days = sum(piece.quantity * tardiness_days(tables, order, piece.delivery) for piece in pieces)
    return (days + left * unscheduled_days(tables, order)) / order.quantity


def _published_money(demand: Demand, slot: Slot, pieces: list[Piece]) -> float:
    """Routing and holding cost; what stays as published costs no change."""
    problem, order = demand.tables.problem, slot.order
    transit = problem.customer(order.customer_id).transit_days
    money = 0.0
    for piece in pieces:
        way = demand.tables.ways(order)[piece.routing]
        waiting_days = piece.delivery - transit - piece.completion
        money += piece.quantity * (way.cost + problem.holding_cost_per_hour_day * way.total_hours * waiting_days)
    return money / order.quantity


def published_pieces(demand: Demand, slot: Slot) -> list[Piece] | None:
    """What is published of the order and not frozen, where it may stay as it is; None where a rule closes it now."""
    tables, order = demand.tables, slot.order
    horizon = tables.problem.horizon
    kept = [delivery for delivery in order.current if not horizon.is_frozen(delivery.completion_date)]
    pieces = [piece_of(tables, order, delivery, frozen=False) for delivery in kept]
    if not _sizes_are_allowed(slot, pieces):
        return None
    for piece in pieces:
        way = tables.ways(order)[piece.routing]
        if find_candidate(tables, order, way, piece.completion, piece.delivery) is None:
            return None
    return pieces


def _sizes_are_allowed(slot: Slot, pieces: list[Piece]) -> bool:
    if not slot.order.splittable:
        return not pieces or [piece.quantity for piece in pieces] == [slot.quantity]
    least = slot.order.smallest_split
    total = sum(piece.quantity for piece in pieces)
    return total <= slot.quantity and len(pieces) <= slot.most_pieces and all(p.quantity >= least for p in pieces)
