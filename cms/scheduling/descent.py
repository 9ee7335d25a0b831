"""A linear programme whose shares are held, one decision after another, until its orders are whole.

Diving, as integer programming calls it (Wolsey 1998, section 12.5), for the two things that an order may not be:
divided where it must stay whole, and divided into pieces that are too small or too many where it need not.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np

from cms.scheduling.budget import Budget
from cms.scheduling.columns import NO_WAY
from cms.scheduling.demand import Integers
from cms.scheduling.linear import Programme
from cms.scheduling.rounding import Rounding
from cms.scheduling.solution import Solution, in_units

_EXACT, _HALF = 1e-6, 0.5
_TURNS_TO_JUDGE, _STILL_LEFT = 12, 0.85
"""Where so many turns leave more than this part of the choices, deciding has no end worth waiting for."""


class Step(NamedTuple):
    """A share that is held between two values: its order by row, and its column by place in the programme."""

    row: int
    place: int
    lower: float
    upper: float

    @property
    def is_piece(self) -> bool:
        """Whether it makes a piece large enough."""
        return 0 < self.lower < 1


Choice: TypeAlias = tuple[Step, Step | None]
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
            Where the value rises by this part of it, decisions are looked at one by one.
        """
        self.programme, self.budget, self._rise = programme, budget, rise
        self._slots = [programme.demand.slots[slot] for slot in programme.slots.tolist()]
        self._is_divisible = programme.demand.splittable[programme.slots]
        self._least = np.array([float(slot.order.smallest_split) / slot.quantity for slot in self._slots])
        self._is_held = np.zeros(len(self._slots), dtype=np.bool_)
        self._pieces_held: set[int] = set()
        programme.relent(penalty)
        value = programme.solve(budget)
        self.value = self._asked_at = np.inf if value is None else value
        self._read()

    def _read(self) -> None:
        self._shares, self._rows = self.programme.shares(), self.programme.rows()
        self._taken = np.flatnonzero((self._shares > _EXACT) & (self._rows >= 0))
        self._taken_columns = self._taken[self._taken >= self.programme.first_column]

    def settle(
        self, choices_left: Callable[[], list[Choice]], *, few: int = 0, part: float = _HALF, patient: bool = True
    ) -> bool:
        """Decides until no more than a few choices are left; one at a time after some that cost much together.

        Where a single one costs much, the other way is taken if that costs less. False where time is up or, without
        patience, no end in sight: where nothing is dear a programme divides another order for each one that is held.
        """
        alone, turn, first_left = 0, 0, 0
        while len(choices := choices_left()) > few:
            turn, first_left = turn + 1, first_left or len(choices)
            if not patient and turn == _TURNS_TO_JUDGE and len(choices) > _STILL_LEFT * first_left:
                return False
            some = choices[:1] if alone else choices[: max(1, int(part * len(choices)))]
            before = self.value
            if not self._try([first for first, _ in some]):
                return False
            alone = max(0, alone - 1)
            if self.value <= before + self._rise * abs(before):
                continue
            if len(some) == 1:
                self._choose(*some[0])
            else:
                self._undo([first for first, _ in some])
                alone = len(some)
        return True

    def _choose(self, first: Step, second: Step | None) -> None:
        """Takes the second step instead of the first, which is taken, if that costs less."""
        if second is None:
            return
        value = self.value
        self._undo([first])
        if self._try([second]) and self.value > value:
            self._undo([second])
            self._try([first])

    def _try(self, steps: list[Step]) -> bool:
        """Takes steps and solves anew; whether there was time for it."""
        rows, places, lower, upper = (np.array(part) for part in zip(*steps, strict=True))
        self.programme.hold(places, lower, upper)
        self._is_held[rows[lower == 1]] = True
        self._pieces_held |= {step.place for step in steps if step.is_piece}
        return self._solve()

    def _undo(self, steps: list[Step]) -> None:
        rows, places, lower, _ = (np.array(part) for part in zip(*steps, strict=True))
        self.programme.hold(places, np.zeros(len(steps)), np.full(len(steps), np.inf))
        self._is_held[rows[lower == 1]] = False
        self._pieces_held -= set(places.tolist())

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
            all_, none = Step(row, place, 1.0, 1.0), Step(row, place, 0.0, 0.0)
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
        """For each order with a piece that is too small or one too many: its smallest change first."""
        found: list[tuple[float, int, Choice]] = []
        for row, places in self._pieces().items():
            choice = self._piece_choice(row, places)
            if choice is not None:
                found.append((float(self._shares[choice[0].place]), row, choice))
        return [choice for _, _, choice in sorted(found, key=lambda one: one[:2])]

    def _pieces(self) -> dict[int, list[int]]:
        """By row of an order that may be divided: the places that take a share of it, the smallest first."""
        pieces: dict[int, list[int]] = {row: [] for row in np.flatnonzero(self._is_divisible).tolist()}
        for place in self._taken_columns[self._is_divisible[self._rows[self._taken_columns]]].tolist():
            pieces[int(self._rows[place])].append(place)
        return {row: sorted(places, key=lambda p: (float(self._shares[p]), p)) for row, places in pieces.items()}

    def _piece_choice(self, row: int, places: list[int]) -> Choice | None:
        """What mends the pieces of an order, smallest first; None where nothing is wrong with them."""
        if self._is_held[row]:
            return None
        least, most = float(self._least[row]), self._slots[row].most_pieces
        if len(places) > most:
            spare = [Step(row, place, 0.0, 0.0) for place in places if place not in self._pieces_held]
            return (spare[0], spare[1] if len(spare) > 1 else None) if spare else None
        small = [place for place in places if self._shares[place] < least - _EXACT]
        if not small:
            return None
        none, grown = Step(row, small[-1], 0.0, 0.0), Step(row, small[-1], least, np.inf)
        many = len(self._pieces_held.intersection(places) | {small[-1]})
        if many > most or many * least > 1 + _EXACT:
            return none, None
        return (grown, none) if self._shares[small[-1]] >= _HALF * least else (none, grown)

    def solution(self, solution: Solution) -> Solution:
        """What the programme's slots take now, in whole units; all others as they are in `solution`."""
        found, places = solution.copy(), self._main_places()
        first_column, chosen = self.programme.first_column, self.programme.chosen
        for row in np.flatnonzero(~self._is_divisible).tolist():
            place = int(places[row])
            picks = ((int(chosen[place - first_column]), 1.0),) if place >= first_column else ()
            found.picks[int(self.programme.slots[row])] = picks
        rounding = Rounding(self.programme.columns, self.programme.stage, self.programme.prices()[0])
        for row, parts in self._pieces().items():
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


__all__ = ["Choice", "Descent", "Step"]
