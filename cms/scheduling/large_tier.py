"""How tiers of many orders are settled: bounded by a relaxation, and annealed from whole orders drawn from it.

Up to some thousand orders the relaxation is the linear programme; beyond, the dual says where that programme starts.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from cms.scheduling.annealing import Chosen, anneal
from cms.scheduling.bundle import Ascent, Point, ascend, group_of
from cms.scheduling.choices import Piecewise, pieces_of
from cms.scheduling.columns import Columns
from cms.scheduling.demand import Floats, Integers, Slot
from cms.scheduling.integer import CAPACITY_TOLERANCE, choose
from cms.scheduling.linear import Relaxation, Stage, class_price, few_per_slot, relax, sample_of
from cms.scheduling.pricing import all_within, cheapest_by_delivery
from cms.scheduling.search import Settled, Tier, tier_value
from cms.scheduling.solution import Picks, Solution

_CLOSED = 1e-9
_NEAR_PLACES, _NEAR_DELIVERIES = 40, 4
_TRIALS_EACH = 1_500
_MONEY_PART = 0.02
"""All the money of a plan weighs this part of the tier in the search, so that it wastes none for nothing."""
_MENDING_SIZES = (40, 100)
_ROUNDED = 500
"""With more orders, placing those that the relaxation divides by ejection takes longer than it is worth."""
_LEAST_SECONDS = 0.3
"""With less time no further step is begun."""


def settle_middle(solution: Solution, stage: Stage, deadline: float, *, least: float) -> Settled:
    """The best solution of a tier of some hundreds or thousands of orders (as :func:`cms.scheduling.search.settle`)."""
    return _settled(_AnnealedTier(solution, stage, deadline), least)


def settle_large(solution: Solution, stage: Stage, deadline: float, *, least: float) -> Settled:
    """The best solution of a large tier found until the deadline, and its bound (as :func:`settle_middle`)."""
    return _settled(_LargeTier(solution, stage, deadline), least)


def _settled(tier: "_AnnealedTier", least: float) -> Settled:
    if tier.value <= least + _CLOSED:
        return Settled(tier.solution, least, None)
    tier.bound = least
    tier.relax()
    for step in tier.steps():
        if tier.is_closed or tier.seconds_left < _LEAST_SECONDS:
            break
        step()
    return Settled(tier.solution, tier.bound, tier.prices)


class _AnnealedTier(Tier):
    """The search of a tier of many orders."""

    def steps(self) -> tuple[Callable[[], None], ...]:
        """What is done after the relaxation, one after the other while there is time and a gap."""
        few = len(self.slots) <= _ROUNDED
        beginning = (self.round, self.anneal) if few else (self.anneal, self.round_if_late)
        return (self.anchor, *beginning, self.descend, self.prove, self.improve, self.prove)

    def anchor(self) -> None:
        """Holds settled orders in place where a limit of their class is all that keeps them from being later."""
        if self.stage.limits:
            super().anchor()

    def round_if_late(self) -> None:
        """Rounds the relaxation where annealing found nothing."""
        if not self.has_improved:
            self.round()

    def anneal(self) -> None:
        """Searches from whole orders drawn from the guiding relaxation; else, strictly, from what is there."""
        relaxation, stage = self.guide, self.guide_stage
        if not relaxation.values.any():
            return
        slots = np.flatnonzero(stage.active)
        known = np.union1d(self._near_columns(stage, relaxation), self._picked(slots))
        pieces = pieces_of(self.demand, self.columns, self._with_money(stage), relaxation, known)
        trials = _TRIALS_EACH * len(pieces.slots)
        for picks, is_strict in ((self._drawn(relaxation), False), (self.solution.picks, True)):
            if self.seconds_left < _LEAST_SECONDS:
                return
            start, deadline = pieces.start(picks), self._part(0.7)
            best, last = anneal(
                pieces.choices, start, trials=trials, seed=len(slots), deadline=deadline, is_strict=is_strict
            )
            for chosen in (best, last):
                self._accept(self._mended(self._with(pieces, chosen), known))
            self.guide, self.guide_stage = relaxation, stage
            if self.has_improved:
                return

    def _with_money(self, stage: Stage) -> Stage:
        """The tier with money counted so that all of it weighs no more than a small part of the tier."""
        if stage.is_cost:
            return stage
        money = tier_value(self.solution, replace(self.stage, priority=None, money=1.0))
        return replace(stage, money=_MONEY_PART * abs(self.bound) / max(money, 1.0))

    def _with(self, pieces: Piecewise, chosen: Chosen) -> Solution:
        solution = self.solution.copy()
        for slot, picks in pieces.picks(chosen).items():
            solution.picks[slot] = picks
        return solution

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

    def _drawn(self, relaxation: Relaxation) -> list[Picks]:
        """By slot: one of the columns that the relaxation uses, as often as it uses it; pieces where those may be."""
        chance = np.random.default_rng(len(self.slots))
        picks = list(self.solution.picks)
        used = np.flatnonzero(relaxation.values > _CLOSED)
        ranked = used[np.lexsort((used, -relaxation.values[used], self.columns.slots[used]))]
        parts: dict[int, list[tuple[int, float]]] = {}
        for column in ranked.tolist():
            parts.setdefault(int(self.columns.slots[column]), []).append((column, float(relaxation.values[column])))
        for slot, shares in parts.items():
            picks[slot] = _drawn_picks(self.demand.slots[slot], self.columns, shares, float(chance.random()))
        return picks

    def _mended(self, solution: Solution, known: Integers) -> Solution:
        """Chooses exactly for orders in buckets that are too full, and some in their way, so that all fit."""
        self.guide, self.guide_stage = self._relaxed(), self.search_stage
        crowded = self._crowded(solution)
        if len(crowded) == 0:
            return solution
        chance = np.random.default_rng(len(self.slots))
        for size in _MENDING_SIZES:
            chosen = chance.permutation(crowded)[:size]
            others = self._in_the_way(solution, chosen, chance)
            free = np.union1d(chosen, others[:size])
            candidates = np.union1d(known[np.isin(self.columns.slots[known], free)], solution.flat(free)[1])
            answer = choose(
                solution,
                self.search_stage,
                free,
                candidates,
                deadline=self._part(0.15),
                most_nodes=500,
                relative_gap=1e-3,
            )
            if answer.picks is not None:
                mended = solution.copy()
                for slot, picks in answer.picks.items():
                    mended.picks[slot] = picks
                return mended
        return solution

    def _crowded(self, solution: Solution) -> Integers:
        """Slots in buckets that have more hours than they may."""
        room = self.stage.regular_hours + self.stage.overtime_hours - solution.hours()
        owner, columns, _ = solution.flat(self.slots)
        hours = self.columns.hours[np.flatnonzero(room < -CAPACITY_TOLERANCE)][:, columns]
        return np.unique(owner[hours.tocsc().indptr[1:] > hours.tocsc().indptr[:-1]])


class _LargeTier(_AnnealedTier):
    """The search of a tier that is too large for a linear programme."""

    def steps(self) -> tuple[Callable[[], None], ...]:
        """Annealing alone: a programme of all orders would take too long."""
        return (self.anneal,)

    def relax(self) -> None:
        """Bounds a large tier by its dual, started from the prices of a sample."""
        demand, columns, stage = self.demand, self.columns, self.stage
        sampled = relax(demand, columns, sample_of(demand, columns, stage), deadline=self._part(0.2)).prices
        tiers = np.array([class_price(demand, sampled, limit.priority) for limit in stage.limits])
        ascent = ascend(demand, columns, stage, Point(sampled.bucket, tiers), deadline=self._part(0.2))
        self._raise_bound(ascent.response.bound)
        shares = self._shares(ascent)
        self.relaxation = Relaxation(self.bound, ascent.prices, ascent.response.slot_costs, shares)
        if not self.is_closed and ascent.prices.bucket.max() > _CLOSED:
            self._sharpen(self.relaxation)
        self.guide = self._relaxed()

    def _sharpen(self, rough: Relaxation) -> None:
        """Solves the linear programme from the columns that the dual's prices speak for, if the time suffices."""
        worth = float(rough.prices.bucket @ self.solution.hours(self.slots)) / max(1, len(self.slots))
        limits = np.where(self.stage.active, rough.slot_costs + 0.1 * worth, -np.inf)
        near = self.columns.add(few_per_slot(cheapest_by_delivery(self.demand, rough.prices, limits), _NEAR_DELIVERIES))
        start = np.union1d(np.union1d(near, np.flatnonzero(rough.values > _CLOSED)), self._picked(self.slots))
        sharp = relax(self.demand, self.columns, self.stage, deadline=self._part(0.5), start=start)
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
        least = slot.order.smallest_split / slot.quantity
        kept = [(column, share) for column, share in shares if share >= least and columns.ways[column] >= 0]
        kept = kept[: slot.most_pieces]
        if len(kept) > 1:
            units = [float(round(share * slot.quantity)) for _, share in kept]
            units[0] += slot.quantity - sum(units)
            return tuple((column, count / slot.quantity) for (column, _), count in zip(kept, units, strict=True))
        return ((shares[0][0], 1.0),)
    for column, share in shares:
        draw -= share
        if draw < 0:
            return ((column, 1.0),)
    return ()
