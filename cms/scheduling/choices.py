"""The choices of a tier for annealing: pieces, the columns each may take, and the rows that these use."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from cms.scheduling.annealing import Choices, Chosen
from cms.scheduling.columns import Columns
from cms.scheduling.demand import Demand, Flags, Floats, Integers
from cms.scheduling.linear import Relaxation, Stage, limit_prices_of
from cms.scheduling.moves import Options, Pieces, Rows
from cms.scheduling.solution import Picks, Solution

_MOST_PIECES = 4
_OUT, _NOTHING = -1, 1e-9
_PATIENCE = 0.3
"""So much of what an order's hours are worth may a choice be dearer at the prices for others to make room for it."""
_COOL = 0.03
"""Where only money is left to save, the search starts so much cooler: nearer to what the relaxation does."""
_MARGIN = 1e-4


@dataclass(frozen=True, slots=True)
class Piecewise:
    """Choices with what they stand for.

    Parameters
    ----------
    slots : array
        By piece.
    columns : array
        By choice; -1 for staying out.
    """

    choices: Choices
    slots: Integers
    columns: Integers

    def start(self, picks: list[Picks]) -> Chosen:
        """Where to start from: picks, where they are among the choices, else the first choice.

        What they leave out is the last piece of an order.
        """
        chosen = self.choices.pieces.first.copy()
        shares = np.zeros(len(chosen))
        for slot in np.unique(self.slots).tolist():
            first = int(np.searchsorted(self.slots, slot))
            last = first + int(self.choices.pieces.siblings[first]) - 1
            placed = [(min(first + number, last), *pick) for number, pick in enumerate(picks[slot])]
            for piece, column, share in (*placed, (last, _OUT, 1.0 - sum(share for _, share in picks[slot]))):
                known = self.columns[self.choices.pieces.first[piece] : self.choices.pieces.last[piece]]
                place = np.flatnonzero(known == column)
                if share > _NOTHING:
                    chosen[piece] = self.choices.pieces.first[piece] + (int(place[0]) if len(place) else 0)
                    shares[piece] += share
        return Chosen(chosen, shares, np.inf)

    def picks(self, chosen: Chosen) -> dict[int, Picks]:
        """By slot: the columns with the share that each takes."""
        found: dict[int, dict[int, float]] = {slot: {} for slot in self.slots.tolist()}
        for slot, choice, share in zip(
            self.slots.tolist(), chosen.choices.tolist(), chosen.shares.tolist(), strict=True
        ):
            column = int(self.columns[choice])
            if share > 0 and column != _OUT:
                found[slot][column] = found[slot].get(column, 0.0) + share
        return {
            slot: tuple((column, 1.0 if share > 1 - _NOTHING else share) for column, share in parts.items())
            for slot, parts in found.items()
        }

    def solution(self, solution: Solution, chosen: Chosen) -> Solution:
        """What the pieces take; all other slots as they are in `solution`."""
        found = solution.copy()
        for slot, picks in self.picks(chosen).items():
            found.picks[slot] = picks
        return found


def pieces_of(demand: Demand, columns: Columns, stage: Stage, relaxation: Relaxation, known: Integers) -> Piecewise:
    """The pieces of the active slots with these columns to choose from.

    Parameters
    ----------
    known : array of int
        Columns of active slots.
    """
    fits = stage.active[columns.slots[known]] & (columns.days[known] <= stage.most_days[columns.slots[known]] + 1e-9)
    known = known[fits]
    known = known[np.lexsort((known, columns.slots[known]))]
    slots = np.flatnonzero(stage.active)
    has_rest = demand.splittable[slots] & stage.may_stay_out[slots]
    many = np.array([_most_pieces(demand, slot) for slot in slots.tolist()], dtype=np.int64) + has_rest
    piece_slots = np.repeat(slots, many)
    is_rest = np.zeros(len(piece_slots), dtype=np.bool_)
    is_rest[np.cumsum(many)[has_rest] - 1] = True
    last_known = np.searchsorted(columns.slots[known], piece_slots, side="right")
    first_known = np.where(is_rest, last_known, np.searchsorted(columns.slots[known], piece_slots))
    may_stay_out = stage.may_stay_out[piece_slots] | (last_known == first_known)
    sizes = last_known - first_known + may_stay_out
    first = np.concatenate([[0], np.cumsum(sizes)])
    place = np.arange(first[-1]) - np.repeat(first[:-1], sizes) + np.repeat(first_known, sizes)
    is_out = place >= np.repeat(last_known, sizes)
    chosen = np.where(is_out, _OUT, known[np.minimum(place, len(known) - 1)])
    options, ranked = _options(
        demand, columns, stage, relaxation, chosen, np.repeat(np.arange(len(sizes)), sizes), piece_slots
    )
    pieces = _pieces(demand, piece_slots, many, first, is_rest)
    return Piecewise(_with_rows(demand, columns, stage, relaxation, pieces, options), piece_slots, chosen[ranked])


def _pieces(demand: Demand, piece_slots: Integers, many: Integers, first: Integers, is_rest: Flags) -> Pieces:
    """The pieces of slots that may be `many` each, with their choices from `first` on.

    The rest, which stays out, may be as small as one unit.
    """
    quantities = np.array([slot.quantity for slot in demand.slots])[piece_slots]
    smallest = np.array([float(slot.order.smallest_split) for slot in demand.slots])[piece_slots]
    siblings = np.repeat(many, many)
    return Pieces(
        first=first[:-1],
        last=first[1:],
        units=np.where(siblings > 1, 1.0 / quantities, 0.0),
        least=np.where(siblings > 1, np.where(is_rest, 1.0, smallest) / quantities, 1.0),
        family=np.repeat(np.concatenate([[0], np.cumsum(many)])[:-1], many),
        siblings=siblings,
        divisible=np.flatnonzero(siblings > 1),
    )


def _options(  # noqa: PLR0917  # all that the choices come from
    demand: Demand,
    columns: Columns,
    stage: Stage,
    relaxation: Relaxation,
    chosen: Integers,
    owner: Integers,
    piece_slots: Integers,
) -> tuple[Options, Integers]:
    """The choices of each piece by what they count at the prices, and where each stood before."""
    slots = piece_slots[owner]
    matrix = _entries(demand, columns, stage, chosen, slots)
    costs = _costs(demand, columns, stage, chosen, slots)
    tiers = limit_prices_of(demand, stage, relaxation.prices)
    reduced = costs + np.concatenate([relaxation.prices.bucket, tiers]) @ matrix
    ranked = np.lexsort((np.arange(len(chosen)), reduced, owner))
    matrix = matrix[:, ranked]
    options = Options(
        costs=costs[ranked],
        reduced=reduced[ranked],
        is_whole=(chosen[ranked] != _OUT) & (columns.ways[chosen[ranked]] < 0),
        starts=matrix.indptr.astype(np.uint64),
        rows=matrix.indices.astype(np.uint32),
        amounts=matrix.data,
    )
    return options, ranked


def _most_pieces(demand: Demand, slot: int) -> int:
    return min(_MOST_PIECES, demand.slots[slot].most_pieces) if demand.splittable[slot] else 1


def _entries(demand: Demand, columns: Columns, stage: Stage, chosen: Integers, slots: Integers) -> sparse.csc_array:
    """``row x choice``: the hours of each bucket, and the days of each settled tier."""
    taken = np.flatnonzero(chosen >= 0)
    spread = sparse.coo_array((np.ones(len(taken)), (chosen[taken], taken)), shape=(len(columns), len(chosen)))
    hours = columns.hours @ spread.tocsc()
    days = np.where(chosen >= 0, columns.days[chosen], demand.unscheduled_days[slots]) * demand.weights[slots]
    tiers = [np.where(demand.classes[slots] == limit.priority, days, 0.0) for limit in stage.limits]
    parts = [hours, *(sparse.csc_array(tier[None, :]) for tier in tiers)]
    matrix: sparse.csc_array = sparse.vstack(parts, format="csc")
    return matrix


def _costs(demand: Demand, columns: Columns, stage: Stage, chosen: Integers, slots: Integers) -> Floats:
    costs = stage.unscheduled_costs(demand, slots)
    taken = np.flatnonzero(chosen >= 0)
    costs[taken] = stage.column_costs(demand, columns, chosen[taken])
    return costs


def _with_rows(  # noqa: PLR0917  # all that the choices come from
    demand: Demand, columns: Columns, stage: Stage, relaxation: Relaxation, pieces: Pieces, options: Options
) -> Choices:
    """Adds the rows. An order is worth a day, or in the cost tier its hours at the middle price of full buckets."""
    bucket, count = relaxation.prices.bucket, len(stage.limits)
    tiers = limit_prices_of(demand, stage, relaxation.prices)
    known = np.flatnonzero(stage.active[columns.slots])
    hours = float(columns.hours[:, known].sum() / max(1, len(known)))
    full = bucket[bucket > max(1e-9, bucket.max() / 100)]
    worth = float(np.median(full)) * hours if stage.is_cost and len(full) else 1.0
    limits = np.concatenate(
        [stage.regular_hours + stage.overtime_hours, np.array([limit.days for limit in stage.limits])]
    )
    rows = Rows(
        regular=np.concatenate([stage.regular_hours, np.full(count, np.inf)]),
        rates=np.concatenate([stage.overtime_rate * stage.money, np.zeros(count)]),
        limits=limits,
        prices=np.concatenate([bucket, tiers]),
        patience=_PATIENCE * worth,
    )
    return Choices(
        pieces=pieces,
        options=options,
        rows=rows,
        steps=np.concatenate([np.maximum(worth / max(hours, 1e-9), 0.5 * bucket), 0.2 * np.maximum(tiers, worth)]),
        margins=_MARGIN * np.maximum(limits, 0.0),
        heat=worth * (_COOL if stage.is_cost else 1.0),
        buckets=len(bucket),
    )
