"""How tiers of many orders are settled: bounded by a relaxation, and annealed from whole orders drawn from it.

The relaxation is the linear programme; of a large tier it starts from the prices of a sample, or of the dual where
there are too many buckets for the interior point method.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from cms.scheduling.annealing import DRAWN, STRICT, Schedule, anneal
from cms.scheduling.budget import Budget
from cms.scheduling.bundle import Ascent, Point, ascend, group_of
from cms.scheduling.choices import Piecewise, pieces_of
from cms.scheduling.columns import Columns
from cms.scheduling.demand import Floats, Integers, Slot
from cms.scheduling.diving import dive, narrowed
from cms.scheduling.integer import CAPACITY_TOLERANCE
from cms.scheduling.linear import (
    Relaxation,
    Stage,
    few_per_slot,
    lagrangian_bound,
    limit_prices_of,
    relax,
    sample_of,
    stage_prices,
)
from cms.scheduling.pricing import Prices, all_within, cheapest_by_delivery
from cms.scheduling.search import Guide, Settled, SmallChoices, Tier, tier_value
from cms.scheduling.solution import Picks, Solution, in_units

_CLOSED = 1e-9
_NEAR_PLACES, _NEAR_DELIVERIES = 40, 4
_TRIALS_FOR_MONEY, _TRIALS_IN_A_CLASS, _TRIALS_AGAIN, _TRIALS_LONGER = 1_500, (50, 800), 50, 400
_TRIALS_IN_A_LARGE_CLASS = 100
"""For each order; a class leaves time to the tiers after it, and in a large tier need only come near its bound."""
_COOLER, _CLOSER = 0.2, 0.1
"""After a dive: how much cooler than from drawn orders, and how much closer to the limits."""
_PART_TO_DIVE_NARROWLY, _FAR_BY_ANCHORS = 0.6, 0.01
"""Of what is left of a tier's budget; how much of the value the bound may be further away with settled orders held in
place."""
_DIVE_SECONDS, _DIVE_BY_RELAXATION = 0.4, 0.7
"""A dive that is given less is not begun, the second by second of the relaxation: cut short, it is worth little."""
_ENOUGH, _ENOUGH_DAYS = 3e-3, 0.25
"""So near the bound, as a part of the value or in days, no longer search of a class follows."""
_FAR_AFTER_A_DIVE, _FAR = 0.01, 0.05
"""Further than this part of its value from its bound a longer search of the money follows a dive; further than the
second, every kind of search."""
_WORTH_ANOTHER = 1e-3
"""Annealing that gains this part of the value is worth doing again."""
_PART_TO_ANNEAL, _PART_BEFORE_TEMPERING, _PART_BEFORE_CHOICES = 0.9, 0.6, 0.7
"""Of what is left of a tier's budget; less where tempering follows, or in a class choices among few orders."""
_CHOICES_OF_THOUSANDS = SmallChoices(are_brief=True)
_CHOICES_OF_A_CLASS_OF_THOUSANDS = SmallChoices(part=0.2, near=9e-3, are_brief=True)
"""In a class of many they gain hardly anything, and the tiers after it need the time more."""
_MONEY_PART = 0.02
"""All the money of a plan weighs this part of the tier in the search, so that it wastes none for nothing."""
_MENDING_PATIENCE, _MOST_MENDED = 1.0, 4_000
"""How dear an ejection is when all is made to fit at the end, and how many orders may be ejected then."""
_ROUNDED = 500
"""With more orders, placing those that the relaxation divides by ejection takes longer than it is worth."""
_PIECE_SECONDS, _CHOICE_SECONDS = 5e-5, 3e-6
"""Of a common machine, measured: to get ready for annealing, by piece and by choice."""
_LONGEST_PART = 0.65
"""Of what is left by the clock, for a run of the simplex method: some programmes take three times what is counted."""
_LEAST_SECONDS = 0.3
"""With less of the budget no further step is begun."""


def settle_middle(solution: Solution, stage: Stage, budget: Budget, *, least: float) -> Settled:
    """The best solution of a tier of some hundreds or thousands of orders (as :func:`cms.scheduling.search.settle`)."""
    return _settled(_AnnealedTier(solution, stage, budget), least)


def settle_large(solution: Solution, stage: Stage, budget: Budget, *, least: float) -> Settled:
    """The best solution of a large tier found within a budget, and its bound (as :func:`settle_middle`)."""
    return _settled(_LargeTier(solution, stage, budget), least)


def _settled(tier: "_AnnealedTier", least: float) -> Settled:
    if tier.value <= least + _CLOSED:
        return Settled(tier.solution, least, None)
    tier.bound = least
    began = tier.budget.left
    tier.relax()
    tier.relaxed_in = began - tier.budget.left
    for step in tier.steps():
        if tier.is_closed or tier.budget.left < _LEAST_SECONDS:
            break
        step()
    return Settled(tier.solution, tier.bound, tier.prices)


class _AnnealedTier(Tier):
    """The search of a tier of many orders."""

    _rounds, _after_dive, _near_enough = 30, DRAWN, 1e-4
    _is_large, _keeps_margin, _part_to_dive = False, False, 0.55
    relaxed_in = 0.0
    """Seconds that the relaxation took."""

    @property
    def _are_few(self) -> bool:
        return len(self.slots) <= _ROUNDED

    @property
    def _trials(self) -> tuple[int, ...]:
        """For each order, of one search from drawn orders after another, until one comes near the bound."""
        if self.stage.is_cost:
            return (_TRIALS_FOR_MONEY,)
        is_hard = bool(self.stage.limits) or self._are_few
        return _TRIALS_IN_A_CLASS[-1:] if is_hard else _TRIALS_IN_A_CLASS

    @property
    def _is_tempered_next(self) -> bool:
        """Whether the money is tempered after it was annealed."""
        return self.stage.is_cost and not self._is_large

    @property
    def _part_to_anneal(self) -> float:
        """Of what is left of the budget, for a search whose end is not the end of the tier."""
        if self.stage.is_cost:
            return _PART_BEFORE_TEMPERING if self._is_tempered_next else _PART_TO_ANNEAL
        return _PART_BEFORE_CHOICES if len(self._trials) == 1 else _PART_TO_ANNEAL

    @property
    def _small_choices(self) -> SmallChoices:
        if self._are_few:
            return super()._small_choices
        return _CHOICES_OF_THOUSANDS if self.stage.is_cost else _CHOICES_OF_A_CLASS_OF_THOUSANDS

    def steps(self) -> tuple[Callable[[], None], ...]:
        """What is done after the relaxation, one after the other while there is time and a gap."""
        beginning: tuple[Callable[[], None], ...]
        if self.stage.is_cost:
            beginning = (self.temper,) if self._are_few else self._steps_of_many()
        elif self._are_few:
            beginning = (self.anchor, self.round, self.temper, self.anneal)
        else:
            beginning = (self.anchor, self.anneal, self._if_far(self.round))
        return (*beginning, self.descend, self.prove, self.improve, self.prove)

    def _steps_of_many(self) -> tuple[Callable[[], None], ...]:
        """How the money of many orders is searched; beside limits of settled classes a wide dive ends beyond them."""
        narrowly = self._if_far(self.dive_narrowly)
        dives = (narrowly,) if self.stage.limits else (self.dive, narrowly)
        return (*dives, self._if_far(self.anneal), self._if_far(self.temper))

    def _if_far(self, step: Callable[[], None]) -> Callable[[], None]:
        """A step that is left out where something better than the start was found before; money must be near, too."""

        def taken() -> None:
            if not self.has_improved or (self.stage.is_cost and not self._is_within(_FAR, 0.0)):
                step()

        return taken

    def dive(self) -> None:
        """Searches near the whole orders that the programme comes to, decided a few at a time, if the time suffices."""
        relaxation, self.relaxation = self._relaxed(), replace(self._relaxed(), programme=None)
        budget = self.budget.part(self._part_to_dive)
        if relaxation.programme is None or budget.left < _DIVE_SECONDS + _DIVE_BY_RELAXATION * self.relaxed_in:
            return
        found = dive(relaxation.programme, self.solution, budget, rounds=self._rounds, keeps_margin=self._keeps_margin)
        if found is not None:
            self._search_near(found)

    def dive_narrowly(self) -> None:
        """The same among the orders that are not as good as decided, with settled orders held in place."""
        self.guide = wide = Guide(self._relaxed(), self.stage)
        self.anchor()
        relaxation, stage = self.guide
        if relaxation.values.any() and relaxation.bound - self.bound <= _FAR_BY_ANCHORS * abs(self.value):
            programme, solution = narrowed(relaxation, stage, self.solution, self._second_costs())
            budget = self.budget.part(_PART_TO_DIVE_NARROWLY)
            found = dive(programme, solution, budget, rounds=self._rounds, keeps_margin=False, is_patient=True)
            if found is not None:
                self._search_near(found)
        self.guide = wide

    def _search_near(self, found: Solution) -> None:
        """Anneals from whole orders that were found, cooler than from drawn ones, longer where that ends far away."""
        self._accept(found)
        if not self._is_within(self._near_enough, 0.0):
            guide = Guide(self._relaxed(), self.stage)
            self._search(guide, found, _TRIALS_AGAIN, self._after_dive, self._part_to_anneal, is_cool=True)
            if not self._is_large:
                if self.budget.left >= _LEAST_SECONDS and not self._is_within(_FAR_AFTER_A_DIVE, 0.0):
                    self._search(guide, found, _TRIALS_LONGER, DRAWN, self._part_to_anneal, is_cool=True)
                self._anneal_again(guide)

    def _anneal_again(self, guide: Guide) -> None:
        """Anneals from what is there, cooler and shortly, as long as that gains enough.

        A few short searches come further than a long one: each begins where the last one came to, warm and lenient.
        """
        gained = np.inf if self.has_improved else 0.0
        while gained > _WORTH_ANOTHER * abs(self.value) and self.budget.left >= _LEAST_SECONDS and not self._is_near:
            before = self.value
            self._search(guide, self.solution, _TRIALS_AGAIN, DRAWN, is_cool=True)
            gained = before - self.value

    def anchor(self) -> None:
        """Holds settled orders in place where a limit of their class is all that keeps them from being later."""
        if self.stage.limits:
            super().anchor()

    def anneal(self) -> None:
        """Searches from whole orders drawn from the guiding relaxation; else, strictly, from what is there.

        Where tempering follows, the strict search is left to it.
        """
        guide = self.guide
        if not guide.relaxation.values.any():
            return
        drawn = self._drawn(guide.relaxation)
        for trials in self._trials:
            if self.budget.left < _LEAST_SECONDS:
                return
            self._search(guide, drawn, trials, DRAWN, self._part_to_anneal)
            if self._is_within(_ENOUGH, _ENOUGH_DAYS):
                break
        if not self.has_improved and not self._is_tempered_next and self.budget.left >= _LEAST_SECONDS:
            self._search(guide, self.solution, self._trials[-1], STRICT, self._part_to_anneal)
        if self.stage.is_cost and not self._is_large:
            self._anneal_again(guide)

    def _choosable(self) -> Integers:
        """Those near the relaxation: all of them would be too many."""
        return self._near_columns(self.search_stage, self._relaxed())

    def _pieces(self, start: Solution) -> Piecewise:
        """The choices of the guiding relaxation, those of a start, and those that are there."""
        relaxation, stage = self.guide
        known = np.union1d(self._picked(np.flatnonzero(stage.active)), start.flat(self.slots)[1])
        near = np.union1d(self._near_columns(stage, relaxation), known)
        pieces = pieces_of(self.demand, self.columns, self._with_money(stage), relaxation, near)
        self.budget.charge(_PIECE_SECONDS * len(pieces.slots) + _CHOICE_SECONDS * len(pieces.columns))
        return pieces

    def _search(
        self,
        guide: Guide,
        start: Solution,
        trials: int,
        schedule: Schedule,
        part: float = _PART_TO_ANNEAL,
        *,
        is_cool: bool = False,
    ) -> None:
        """Anneals from a start, and takes what it comes to where that is better.

        Parameters
        ----------
        part : float
            Of what is left of the tier's budget.
        is_cool : bool
            Whether it stays near the start: cooler than from drawn ones, and closer to the limits.
        """
        self.guide = guide
        pieces = self._pieces(start)
        if is_cool:
            heat, margins = _COOLER * pieces.choices.heat, _CLOSER * pieces.choices.margins
            pieces = replace(pieces, choices=replace(pieces.choices, heat=heat, margins=margins))
        budget = self.budget.part(part)
        best, last = anneal(
            pieces.choices,
            pieces.start(start.picks),
            trials=trials * len(pieces.slots),
            seed=int(guide.stage.active.sum()),
            budget=budget,
            schedule=schedule,
        )
        for chosen in (best, last) if best.cost < np.inf else (last,):
            self._accept(self._mended(pieces.solution(self.solution, chosen)))
        self.guide = guide

    def _with_money(self, stage: Stage) -> Stage:
        """The tier with money counted so that all of it weighs no more than a small part of the tier."""
        if stage.is_cost:
            return stage
        money = tier_value(self.solution, replace(self.stage, priority=None, money=1.0))
        return replace(stage, money=_MONEY_PART * abs(self.bound) / max(money, 1.0))

    def _near_columns(self, stage: Stage, relaxation: Relaxation) -> Integers:
        """For each slot what the relaxation uses, the cheapest columns at its prices, and some a little dearer."""
        worth = float(relaxation.prices.bucket @ self.solution.hours(self.slots)) / max(1, len(self.slots))
        spread = 2.0 * worth + 3.0 * relaxation.prices.day
        found = all_within(
            self.demand, relaxation.prices, np.where(stage.active, relaxation.slot_costs + spread, -np.inf)
        )
        chance = np.random.default_rng(len(self.slots)).random(len(found.costs))
        mixed = found._replace(costs=found.costs + 0.2 * spread[found.slots] * chance)
        near = [self.columns.add(few_per_slot(some, _NEAR_PLACES)) for some in (found, mixed)]
        return np.union1d(np.union1d(*near), np.flatnonzero(relaxation.values > _CLOSED))

    def _drawn(self, relaxation: Relaxation) -> Solution:
        """By slot: one of the columns that the relaxation uses, as often as it uses it; pieces where those may be."""
        chance = np.random.default_rng(len(self.slots))
        drawn = self.solution.copy()
        used = np.flatnonzero(relaxation.values > _CLOSED)
        ranked = used[np.lexsort((used, -relaxation.values[used], self.columns.slots[used]))]
        parts: dict[int, list[tuple[int, float]]] = {}
        for column in ranked.tolist():
            parts.setdefault(int(self.columns.slots[column]), []).append((column, float(relaxation.values[column])))
        for slot, shares in parts.items():
            drawn.picks[slot] = _drawn_picks(self.demand.slots[slot], self.columns, shares, float(chance.random()))
        return drawn

    def _mended(self, solution: Solution) -> Solution:
        """Takes orders out of buckets that are too full, and places them by ejection, so that all fit."""
        self.guide = Guide(self._relaxed(), self.search_stage)
        waiting = self._surplus(solution)
        if len(waiting) == 0:
            return solution
        relieved = solution.copy()
        for slot in waiting.tolist():
            relieved.picks[slot] = ()
        others = self.slots
        if len(others) > _MOST_MENDED:
            others = self._in_the_way(solution, waiting, np.random.default_rng(len(waiting)))[:_MOST_MENDED]
        return self._inserted(relieved, waiting, _MENDING_PATIENCE, np.union1d(waiting, others))

    def _surplus(self, solution: Solution) -> Integers:
        """For each bucket that is too full the smallest order without which it is not, or the largest one."""
        room = self.stage.regular_hours + self.stage.overtime_hours - solution.hours()
        owner, columns, shares = solution.flat(self.slots)
        found: list[int] = []
        for bucket in np.flatnonzero(room < -CAPACITY_TOLERANCE).tolist():
            hours = self.columns.hours[[bucket]][:, columns].toarray()[0] * shares
            suffices = hours >= -room[bucket]
            place = np.where(suffices, hours, np.inf).argmin() if suffices.any() else hours.argmax()
            found.append(int(owner[place]))
        return np.unique(np.array(found, dtype=np.int64))


class _LargeTier(_AnnealedTier):
    """The search of a tier of thousands of orders."""

    _is_large, _keeps_margin, _part_to_dive = True, True, 0.85
    _rounds, _after_dive, _near_enough = 150, STRICT, 5e-3

    @property
    def _trials(self) -> tuple[int, ...]:
        """A class need only come near its bound."""
        return super()._trials if self.stage.is_cost else (_TRIALS_IN_A_LARGE_CLASS,)

    def steps(self) -> tuple[Callable[[], None], ...]:
        """Neither a better choice nor a proof by programmes of all orders: they would take too long."""
        return (self.dive, self._if_far(self.anneal)) if self.stage.is_cost else (self.anneal,)

    def relax(self) -> None:
        """Bounds a large tier by its linear programme, or where that takes too long by its dual."""
        demand, columns, stage = self.demand, self.columns, self.stage
        sampled = relax(demand, columns, sample_of(demand, columns, stage), budget=self.budget.part(0.2)).prices
        prices = stage_prices(demand, stage, sampled.bucket, limit_prices_of(demand, stage, sampled).tolist())
        bound, slot_costs = lagrangian_bound(demand, columns, stage, prices)
        self._raise_bound(bound)
        self.relaxation = Relaxation(bound, prices, slot_costs, np.zeros(len(columns)))
        if not stage.has_few_rows:
            self._climb(prices)
        if not self.is_closed:
            self._sharpen()
        if not self.is_closed and not self._relaxed().values.any():
            self._climb(prices)
        self.guide = Guide(self._relaxed(), self.stage)

    def _climb(self, prices: Prices) -> None:
        """Bounds the tier by its dual, from some prices on."""
        start = Point(prices.bucket, limit_prices_of(self.demand, self.stage, prices))
        ascent = ascend(self.demand, self.columns, self.stage, start, budget=self.budget.part(0.2))
        self._raise_bound(ascent.response.bound)
        shares = self._shares(ascent)
        self.relaxation = Relaxation(self.bound, ascent.prices, ascent.response.slot_costs, shares)

    def _sharpen(self) -> None:
        """Solves the linear programme from the columns that the prices speak for, if the time suffices."""
        rough = self._relaxed()
        worth = float(rough.prices.bucket @ self.solution.hours(self.slots)) / max(1, len(self.slots))
        limits = np.where(self.stage.active, rough.slot_costs + 0.1 * worth, -np.inf)
        near = self.columns.add(few_per_slot(cheapest_by_delivery(self.demand, rough.prices, limits), _NEAR_DELIVERIES))
        self.budget.charge(_CHOICE_SECONDS * len(near))
        start = np.union1d(np.union1d(near, np.flatnonzero(rough.values > _CLOSED)), self._picked(self.slots))
        budget = replace(self.budget.part(0.5), longest=_LONGEST_PART * self.budget.meter.seconds_left)
        to_vertex = self.stage.is_cost
        sharp = relax(self.demand, self.columns, self.stage, budget=budget, start=start, to_vertex=to_vertex)
        if sharp.values.any():
            self.relaxation = sharp
            self._raise_bound(sharp.bound)

    def _shares(self, ascent: Ascent) -> Floats:
        """By column: the share that the mixture of answers takes."""
        columns = self.columns
        parts = [(np.concatenate([columns.add(r.places), r.published]), weights) for r, weights in ascent.mixed]
        values = np.zeros(len(columns))
        for taken, weights in parts:
            values[taken] += weights[group_of(columns.slots[taken])]
        return values


def _drawn_picks(slot: Slot, columns: Columns, shares: list[tuple[int, float]], draw: float) -> Picks:
    """One column by the shares; of an order that may be divided all shares that are large enough, in whole units."""
    if slot.order.splittable:
        return in_units(slot, columns, shares, 1.0)
    for column, share in shares:
        draw -= share
        if draw < 0:
            return ((column, 1.0),)
    return ()
