"""A linear programme whose shares are held, one decision after another, until its orders are whole.

Diving, as integer programming calls it (Wolsey 1998, section 12.5), for the two things that an order may not be:
divided where it must stay whole, and divided into pieces that are too small or too many where it need not.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np

from cms.scheduling.budget import Budget
from cms.scheduling.columns import NO_WAY
from cms.scheduling.demand import Flags, Floats, Integers
from cms.scheduling.linear import Programme
from cms.scheduling.rounding import Rounding
from cms.scheduling.solution import Solution, in_units

_EXACT, _HALF = 1e-6, 0.5
_CHOICE_SECONDS = 1e-4
"""Of a common machine, measured: to say what is to be done with the pieces of an order."""
_ANY = 10**9
"""No limit to how many choices are made together."""
_TURNS_TO_JUDGE, _STILL_LEFT = 12, 0.75
"""Where so many turns leave more than this part of the choices, deciding has no end worth waiting for."""


class Hold(NamedTuple):
    """Shares of an order that are held between two values each: the order by row, its columns by place.

    `settles` tells whether nothing is left to be decided of the order.
    """

    row: int
    places: tuple[int, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    settles: bool


Choice: TypeAlias = tuple[Hold, Hold | None]
"""What is done, and what is done instead where that costs too much."""


class Descent:
    """A programme on its way to whole orders, with the shares that it takes now.

    Attributes
    ----------
    value : float
        Of the programme with all that is held.
    """

    def __init__(self, programme: Programme, penalty: float, budget: Budget, *, rise: float) -> None:
        """Takes over a programme, and lets it break limits at a penalty, so that there is always an answer.

        Parameters
        ----------
        rise : float
            Where the value rises by this part of it, fewer decisions are made together.
        """
        self.programme, self.budget, self._rise = programme, budget, rise
        self._slots = [programme.demand.slots[slot] for slot in programme.slots.tolist()]
        self._is_divisible = programme.demand.splittable[programme.slots]
        self._least = np.array([float(slot.order.smallest_split) / slot.quantity for slot in self._slots])
        pieces = np.array([slot.most_pieces for slot in self._slots])
        self._most = np.minimum(pieces, np.floor((1 + _EXACT) / np.maximum(self._least, _EXACT))).astype(np.int64)
        self._is_held = np.zeros(len(self._slots), dtype=np.bool_)
        self._held: dict[int, list[Hold]] = {}
        programme.relent(penalty)
        value = programme.solve(budget)
        self.value = self._asked_at = np.inf if value is None else value
        self._read()

    def _read(self) -> None:
        self._look_at(self.programme.shares())

    def _look_at(self, shares: Floats) -> None:
        """Decides by these shares from now on; columns that joined since take nothing."""
        self._rows = self.programme.rows()
        self._shares = np.concatenate([shares, np.zeros(len(self._rows) - len(shares))])
        self._taken = np.flatnonzero((self._shares > _EXACT) & (self._rows >= 0))
        self._taken_columns = self._taken[self._taken >= self.programme.first_column]

    def settle(
        self,
        choices_left: Callable[[], list[Choice]],
        *,
        few: int = 0,
        patient: bool = True,
        most: float = np.inf,
    ) -> bool:
        """Decides until no more than a few choices are left; of some that cost much together half as many.

        Where a single one costs much, the other way is taken if that costs less. False where time is up or, without
        patience, no end in sight: where nothing is dear a programme divides another order for each one that is held.
        Nor where the value is more than `most`.
        """
        most_together, turn, first_left = _ANY, 0, 0
        while len(choices := choices_left()) > few:
            turn, first_left = turn + 1, first_left or len(choices)
            if self.value > most:
                return False
            if not patient and turn == _TURNS_TO_JUDGE and len(choices) > _STILL_LEFT * first_left:
                return False
            some = choices[: max(1, min(most_together, len(choices) // 2))]
            before, shares = self.value, self._shares
            if not self._try([first for first, _ in some]):
                return False
            is_dear = self.value > before + self._rise * abs(before)
            if is_dear or most_together < _ANY:
                most_together = len(some) // 2 or _ANY
            if not is_dear:
                continue
            if len(some) == 1:
                self._choose(*some[0])
            else:
                self._undo([first for first, _ in some])
                self.value = before
                self._look_at(shares)
        return True

    def redecide(self, rows: Integers) -> bool:
        """Decides what was decided of these orders anew; as it was where that does not cost less. Whether it does."""
        value, shares = self.value, self._shares
        held = {row: tuple(holds) for row, holds in self._held.items()}
        self._release(rows.tolist())
        is_settled = self._solve() and self.settle(self.choices, most=value)
        if is_settled and self.value < value - _EXACT * abs(value):
            return True
        self._restore(held)
        self.value = value
        self._look_at(shares)
        return False

    def spare(self, amounts: Floats) -> bool:
        """Keeps so much of each bucket and each settled tier free from now on; whether there was time for it."""
        self.programme.spare(amounts)
        return self._solve() and self.settle(self.choices)

    @property
    def broken(self) -> Flags:
        """By bucket, then by settled tier: whether more of it is taken than there is, at the penalty."""
        return np.asarray(self._shares[self.programme.excess] > _EXACT)

    @property
    def decided(self) -> Integers:
        """Rows of orders of which nothing is left to be decided."""
        return np.flatnonzero(self._is_held)

    def _choose(self, first: Hold, second: Hold | None) -> None:
        """Takes the second way instead of the first, which is taken, if that costs less."""
        if second is None:
            return
        value = self.value
        self._undo([first])
        if self._try([second]) and self.value > value:
            self._undo([second])
            self._try([first])

    def _try(self, holds: list[Hold]) -> bool:
        """Holds shares and solves anew; whether there was time for it."""
        self._hold(holds)
        return self._solve()

    def _hold(self, holds: list[Hold]) -> None:
        places = [place for hold in holds for place in hold.places]
        lower = [value for hold in holds for value in hold.lower]
        upper = [value for hold in holds for value in hold.upper]
        self.programme.hold(np.array(places), np.array(lower), np.array(upper))
        for hold in holds:
            self._held.setdefault(hold.row, []).append(hold)
            self._is_held[hold.row] |= hold.settles

    def _undo(self, holds: list[Hold]) -> None:
        places = [place for hold in holds for place in hold.places]
        self.programme.hold(np.array(places), np.zeros(len(places)), np.full(len(places), np.inf))
        for hold in holds:
            self._held[hold.row].remove(hold)
            self._is_held[hold.row] = False

    def _release(self, rows: list[int]) -> None:
        self._undo([hold for row in rows for hold in self._held.get(row, ())])

    def _restore(self, held: dict[int, tuple[Hold, ...]]) -> None:
        """Holds again what was held, and nothing else."""
        changed = [row for row, holds in self._held.items() if tuple(holds) != held.get(row, ())]
        self._release(changed)
        self._hold([hold for row in changed for hold in held.get(row, ())])

    def _solve(self) -> bool:
        """Solves anew after shares were held; whether there was time for it."""
        value = self.programme.solve(self.budget, after_hold=True)
        if value is None:
            return False
        self.value = value
        if value > self._asked_at + self._rise * abs(self._asked_at):
            self.ask()
        self._read()
        return True

    def ask(self, rounds: int = 1) -> None:
        """Takes in the columns that the prices ask for now."""
        for _ in range(rounds):
            prices, slot_prices = self.programme.prices()
            slot_prices[self.programme.slots[self._is_held]] = -np.inf
            value = self.programme.solve(self.budget) if self.programme.grow(prices, slot_prices) else None
            if value is None:
                break
            self.value = value
        self._asked_at = self.value
        self._read()

    def choices(self) -> list[Choice]:
        """What is to be decided: whole orders first, then pieces."""
        return self.whole_choices() or self._piece_choices()

    def whole_choices(self) -> list[Choice]:
        """For each order that is divided and may not be, and for divided published deliveries: all of it, or not there.

        The least divided come first.
        """
        choices: list[Choice] = []
        for place in self._divided().tolist():
            row = int(self._rows[place])
            all_ = Hold(row, (place,), (1.0,), (1.0,), settles=True)
            none = Hold(row, (place,), (0.0,), (0.0,), settles=False)
            is_left = self._is_divisible[row] and self._shares[place] < _HALF
            choices.append((none, all_) if is_left else (all_, none))
        return choices

    def _divided(self) -> Integers:
        """Places that take a part of what may not be divided, one for each order, the largest first."""
        places = np.union1d(self._main_places()[~self._is_divisible], self._published())
        places = places[(self._shares[places] < 1 - _EXACT) & ~self._is_held[self._rows[places]]]
        return np.asarray(places[np.argsort(-self._shares[places], kind="stable")], dtype=np.int64)

    def _main_places(self) -> Integers:
        """By row: the place that takes most of it."""
        order = self._taken[np.lexsort((self._taken, self._shares[self._taken], self._rows[self._taken]))]
        places = np.arange(len(self._slots))
        places[self._rows[order]] = order
        return places

    def _published(self) -> Integers:
        """Places of published deliveries of orders that may be divided, where they are taken."""
        columns = self.programme.chosen[self._taken_columns - self.programme.first_column]
        is_published = self.programme.columns.ways[columns] == NO_WAY
        return np.asarray(self._taken_columns[is_published & self._is_divisible[self._rows[self._taken_columns]]])

    def open_slots(self) -> Integers:
        """What is divided though it may not be, and what may be divided and does not stay as it is published."""
        kept = self._published()
        kept = kept[self._shares[kept] >= 1 - _EXACT]
        rows = np.setdiff1d(np.flatnonzero(self._is_divisible), self._rows[kept])
        return self.programme.slots[np.union1d(rows, self._rows[self._divided()])]

    def _piece_choices(self) -> list[Choice]:
        """For each order with a piece that is too small or one too many; the one that has most to change first.

        What is decided last finds little room, so that should be little.
        """
        found: list[tuple[float, int, Choice]] = []
        for row, places in self._pieces(self._has_wrong_pieces()).items():
            most = int(self._most[row])
            large = [place for place in places if self._shares[place] >= self._least[row] - _EXACT][-most:]
            others = [place for place in places if place not in large]
            choice = self._piece_choice(row, large, others[-1] if len(large) < most else None)
            found.append((-float(self._shares[others].sum()), row, choice))
        self.budget.charge(_CHOICE_SECONDS * len(found))
        return [choice for _, _, choice in sorted(found, key=lambda one: one[:2])]

    def _has_wrong_pieces(self) -> Flags:
        """By row: whether it is not decided yet and has a piece that is too small, or one too many."""
        rows = self._rows[self._taken_columns]
        small = rows[self._shares[self._taken_columns] < self._least[rows] - _EXACT]
        has_small = np.bincount(small, minlength=len(self._slots)) > 0
        has_many = np.bincount(rows, minlength=len(self._slots)) > self._most
        return np.asarray((has_small | has_many) & self._is_divisible & ~self._is_held)

    def _pieces(self, wanted: Flags) -> dict[int, list[int]]:
        """By row of these orders: the places that take a share of it, the smallest first."""
        pieces: dict[int, list[int]] = {row: [] for row in np.flatnonzero(wanted).tolist()}
        for place in self._taken_columns[wanted[self._rows[self._taken_columns]]].tolist():
            pieces[int(self._rows[place])].append(place)
        return {row: sorted(places, key=lambda p: (float(self._shares[p]), p)) for row, places in pieces.items()}

    def _piece_choice(self, row: int, large: list[int], small: int | None) -> Choice:
        """The pieces of an order go to where the large ones are, or to where the largest of the small ones is, too."""
        if small is None:
            return self._only(row, large), None
        grown = self._only(row, [*large, small])
        if not large:
            return grown, None
        is_nearly = self._shares[small] >= _HALF * self._least[row]
        return (grown, self._only(row, large)) if is_nearly else (self._only(row, large), grown)

    def _only(self, row: int, places: list[int]) -> Hold:
        """An order in these places alone, in pieces that are large enough; what finds no room there stays out."""
        closed = {place for hold in self._held.get(row, ()) for place in hold.places}
        others = [place for place in self._places_of(row) if place not in places and place not in closed]
        count, spare = len(places), len(others)
        least = float(self._least[row])
        return Hold(
            row,
            (*places, *others),
            (least,) * count + (0.0,) * spare,
            (np.inf,) * count + (0.0,) * spare,
            settles=True,
        )

    def _places_of(self, row: int) -> list[int]:
        places: list[int] = np.flatnonzero(self._rows == row).tolist()
        return [place for place in places if place >= self.programme.first_column]

    def solution(self, solution: Solution) -> Solution:
        """What the programme's slots take now, in whole units; all others as they are in `solution`."""
        found, places = solution.copy(), self._main_places()
        first_column, chosen = self.programme.first_column, self.programme.chosen
        for row in np.flatnonzero(~self._is_divisible).tolist():
            place = int(places[row])
            picks = ((int(chosen[place - first_column]), 1.0),) if place >= first_column else ()
            found.picks[int(self.programme.slots[row])] = picks
        rounding = Rounding(self.programme.columns, self.programme.stage, self.programme.prices()[0])
        for row, parts in self._pieces(self._is_divisible).items():
            number, slot = int(self.programme.slots[row]), self._slots[row]
            shares = [(int(chosen[place - first_column]), float(self._shares[place])) for place in reversed(parts)]
            if len(parts) > 1 and self._is_allowed(row, parts):
                found.picks[number] = rounding.picks(slot, number, shares)
            else:
                found.picks[number] = in_units(slot, self.programme.columns, shares, 1.0 - float(self._shares[row]))
        return found

    def _is_allowed(self, row: int, parts: list[int]) -> bool:
        """Whether the pieces of an order are large enough, not too many, and none is a published delivery."""
        columns = self.programme.chosen[np.array(parts) - self.programme.first_column]
        is_new = (self.programme.columns.ways[columns] != NO_WAY).all()
        is_large = (self._shares[parts] >= self._least[row] - _EXACT).all()
        return bool(is_new and is_large and len(parts) <= self._slots[row].most_pieces)


__all__ = ["Choice", "Descent", "Hold"]
