"""How one tier is settled: relax, round, prove where that is possible, and improve until the time is up."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from cms.scheduling.assignment import choose_exactly
from cms.scheduling.budget import Budget
from cms.scheduling.columns import Columns
from cms.scheduling.demand import Demand, Flags, Floats, Integers
from cms.scheduling.insertion import descend, insert
from cms.scheduling.integer import CAPACITY_TOLERANCE, Answer, choose, grain_of
from cms.scheduling.linear import Relaxation, Stage, few_per_slot, relax
from cms.scheduling.pricing import Found, Prices, all_within, cheapest_by_delivery
from cms.scheduling.solution import Picks, Solution, beyond_limits

_CLOSED = 1e-9
_FEW_CELLS = 200_000
_MOST_EXACT_COLUMNS, _MOST_COLUMNS_LATE, _FEW_COLUMNS = 5_000, 10_000, 1_000
_PROMISING = 0.1
"""A gap of this part of the value, or so few columns, are proven before anything else."""
_PART_TO_TEMPER, _PART_TO_TEMPER_MONEY = 0.5, 0.8
"""Of what is left of a tier's budget; money comes last and need not leave anything."""
_NEAR_ENOUGH, _FEW_DAYS = 0.01, 0.5
"""Within this part of its value, or so few days, of its bound a tier is not tempered."""
_ASK_SECONDS, _COLUMN_SECONDS = 3e-3, 4e-6
"""Of a common machine, measured: to ask for columns, and for each that is looked at."""


@dataclass(frozen=True, slots=True)
class Settled:
    """A settled tier.

    Parameters
    ----------
    bound : float
        Proven for the active slots.
    prices : Prices, optional
        That of the relaxation; None where none was needed.
    """

    solution: Solution
    bound: float
    prices: Prices | None


class Guide(NamedTuple):
    """The relaxation that guides a search, and its stage."""

    relaxation: Relaxation
    stage: Stage


@dataclass(frozen=True, slots=True)
class SmallChoices:
    """How much of the search of a tier goes to choices among few orders.

    Parameters
    ----------
    part : float
        Of what is left of the tier's budget.
    near : float
        A gap of this part of the value is not worth them.
    are_brief : bool
        Whether no single one may take long.
    """

    part: float = 0.5
    near: float = 3e-3
    are_brief: bool = False


def settle(solution: Solution, stage: Stage, budget: Budget, *, least: float) -> Settled:
    """The best solution of a tier found within a budget, and its bound.

    Parameters
    ----------
    solution : Solution
        Where the search starts; it keeps the stage's limits.
    least : float
        A bound that is known already.
    """
    tier = Tier(solution, stage, budget)
    if not stage.active.any():
        return Settled(solution, tier.value, None)
    if tier.value <= least + _CLOSED:
        return Settled(solution, least, None)
    tier.bound = least
    tier.relax()
    if not tier.is_closed:
        tier.anchor()
        tier.round()
        tier.descend()
    for step in (tier.prove_soon, tier.temper, tier.prove, tier.improve, tier.prove_late):
        if not tier.is_closed:
            step()
    return Settled(tier.solution, tier.bound, tier.prices)


class Tier:
    """The search of one tier: the best solution, its value, and the bound."""

    def __init__(self, solution: Solution, stage: Stage, budget: Budget) -> None:
        self.solution, self.stage, self.budget = solution, stage, budget
        self.demand: Demand = solution.demand
        self.columns: Columns = solution.columns
        self.bound = -np.inf
        self.value = self.first_value = tier_value(solution, stage)
        self.tie_break = 0.0 if stage.is_cost else _tie_break(self.demand, stage)
        self.search_stage = replace(stage, money=stage.money or self.tie_break)
        self.relaxation: Relaxation | None = None
        self.slots = np.flatnonzero(stage.active)
        self.granularity = _granularity(self.demand, stage)
        self._tried_value = np.inf
        """From which value a proof was tried: trying it again would find nothing new."""

    @property
    def prices(self) -> Prices | None:
        """The prices that prove the bound."""
        return None if self.relaxation is None else self.relaxation.prices

    @property
    def has_improved(self) -> bool:
        """Whether anything better than the start was found."""
        return self.value < self.first_value - _CLOSED

    @property
    def is_closed(self) -> bool:
        """Whether value and bound meet."""
        return self.value - self.bound <= _CLOSED * max(1.0, abs(self.value))

    @property
    def _small_choices(self) -> SmallChoices:
        """How much is made of choices among few orders."""
        return SmallChoices()

    def relax(self) -> None:
        """Bounds the tier by its linear relaxation."""
        days = self.demand.tables.days
        ways = sum(int(self.stage.active[group.slots].sum()) for group in self.demand.groups)
        if ways * days * days <= _FEW_CELLS:
            self.columns.admit(self._every_column())
        self.relaxation = relax(self.demand, self.columns, self.stage, budget=self.budget.part(0.4))
        self.guide = Guide(self.relaxation, self.stage)
        self._raise_bound(self.relaxation.bound)

    def _anchored(self) -> Stage:
        """The tier with each order of a settled class at most as late as it is now.

        Orders trade no lateness inside a settled class then, so it proves less, but it is easy to round.
        Settled orders that are divided or out stay exactly as they are.
        """
        stage, demand = self.stage, self.demand
        owner, columns, _ = self.solution.flat()
        settled = np.isin(demand.classes, [limit.priority for limit in stage.limits]) & (demand.weights > 0)
        whole = np.bincount(owner, minlength=len(settled)) == 1
        whole &= np.array([bool(picks) and picks[0][1] > 1 - _CLOSED for picks in self.solution.picks])
        days: Floats = np.zeros(len(settled))
        days[owner] = self.columns.days[columns]
        kept = np.flatnonzero(settled & ~whole & stage.active)
        return replace(
            stage,
            money=stage.money or self.tie_break,
            active=stage.active & ~(settled & ~whole),
            limits=(),
            regular_hours=stage.regular_hours - self.solution.hours(kept),
            may_stay_out=stage.may_stay_out & ~settled,
            most_days=np.where(settled & whole, np.minimum(days, stage.most_days), stage.most_days),
        )

    def anchor(self) -> None:
        """Lets a relaxation guide the search that holds settled orders in place.

        The limits of settled tiers leave so little room that hardly any rounding would keep them.
        """
        stage = self._anchored()
        self.guide = Guide(relax(self.demand, self.columns, stage, budget=self.budget.part(0.4)), stage)

    def round(self) -> None:
        """Keeps what the guiding relaxation takes whole, and places the orders that it divides by ejection."""
        if not self.guide.relaxation.values.any():
            return
        rounded = self.solution.copy()
        active = np.flatnonzero(self.guide.stage.active)
        whole = self.guide.relaxation.whole
        for slot in active.tolist():
            rounded.picks[slot] = ()
        rounded.place(whole)
        divided = np.setdiff1d(active, self.columns.slots[whole])
        for patience in (0.1, 1.0, 10.0):
            if self.budget.is_spent:
                return
            self._accept(self._inserted(rounded, divided, patience, active))

    def descend(self) -> None:
        """Moves orders to cheaper places one at a time or by swapping, guided by the prices of the relaxation."""
        self.guide = Guide(self._relaxed(), self.search_stage)
        owner, columns, shares = self.solution.flat(self.slots)
        regret = self._staying_out()
        regret[np.unique(owner)] = 0.0
        np.add.at(regret, owner, shares * self._reduced_costs(columns))
        regret[~np.isfinite(regret)] = 0.0
        wrong = self.slots[regret[self.slots] > 1e-6]
        candidates = self._candidates_of(self.slots)
        moved = descend(
            self.solution,
            self.search_stage,
            wrong[np.argsort(-regret[wrong], kind="stable")],
            candidates=candidates,
            costs=self._reduced_costs(candidates),
            staying_out=self._staying_out(),
            budget=self.budget.part(0.5),
        )
        self._accept(moved)

    def _staying_out(self) -> Floats:
        """By slot: what leaving it out costs at the prices; infinite where it must be delivered."""
        prices, stage = self.guide.relaxation.prices, self.guide.stage
        out = prices.day * self.demand.unscheduled_days + prices.money * self.demand.change_costs
        settled = np.isin(self.demand.classes, [limit.priority for limit in stage.limits])
        is_free = stage.may_stay_out & ~(settled & (self.demand.weights > 0))
        return np.asarray(np.where(is_free, out - self.guide.relaxation.slot_costs, np.inf))

    def _inserted(self, solution: Solution, waiting: Integers, patience: float, free: Integers) -> Solution:
        """Places waiting slots by ejection, the higher classes first; `free` slots may have to make room."""
        stage = self.guide.stage
        candidates = self._candidates_of(free)
        fits = self.columns.days[candidates] <= stage.most_days[self.columns.slots[candidates]] + 1e-9
        candidates = candidates[fits]
        out = self._staying_out()
        order = np.lexsort((waiting, -out[waiting], self.demand.classes[waiting]))
        return insert(
            solution,
            replace(stage, regular_hours=self.stage.regular_hours),
            waiting[order],
            candidates=candidates,
            costs=self._reduced_costs(candidates),
            staying_out=out,
            fallback=self.solution,
            patience=patience,
            budget=self.budget.part(0.3),
        )

    def _in_the_way(self, solution: Solution, slots: Integers, chance: np.random.Generator) -> Integers:
        """Other slots in the buckets that these could use, drawn at random, the ones that move easily more often."""
        owner, columns, _ = solution.flat(self.slots)
        wanted = np.flatnonzero(np.isin(self.columns.slots, slots))
        contested = np.zeros(len(self.stage.regular_hours), dtype=np.bool_)
        contested[self.columns.hours[:, wanted].indices] = True
        weight = contested * (0.01 + self._relaxed().prices.bucket)
        touched = np.zeros(len(self.demand.slots))
        np.maximum.at(touched, owner, self.columns.hours[:, columns].T @ weight)
        others = np.flatnonzero(touched > 0)
        ease = touched[others] / (1e-3 + self._second_costs()[others])
        return others[np.argsort(-ease * chance.random(len(others)), kind="stable")]

    def _second_costs(self) -> Floats:
        """By slot: what its second choice costs more than its first, at the prices of the guiding relaxation."""
        second = np.full(len(self.demand.slots), np.inf)
        spare = np.flatnonzero(self.guide.relaxation.values < 0.5)
        np.minimum.at(second, self.columns.slots[spare], np.maximum(self._reduced_costs(spare), 0.0))
        return second

    def _stays_out(self, slots: Integers, relaxation: Relaxation) -> Integers:
        taken = np.bincount(
            self.columns.slots[: len(relaxation.values)], relaxation.values, minlength=len(self.demand.slots)
        )
        return slots[taken[slots] < 1e-6]

    def _candidates_of(self, free: Integers) -> Integers:
        """The cheapest columns of these slots at the prices of the relaxation."""
        limits = np.full(len(self.demand.slots), -np.inf)
        limits[free] = np.inf
        found = cheapest_by_delivery(self.demand, self.guide.relaxation.prices, limits)
        indices = self.columns.add(few_per_slot(found, 12))
        self.budget.charge(_ASK_SECONDS + _COLUMN_SECONDS * len(found.ways))
        is_free = np.zeros(len(self.demand.slots), dtype=np.bool_)
        is_free[free] = True
        known = np.flatnonzero(is_free[self.columns.slots])
        near = self._reduced_costs(known) <= np.median(self._reduced_costs(indices)) if len(indices) else known < 0
        return np.union1d(np.union1d(indices, known[near]), self._picked(free))

    def _picked(self, free: Integers) -> Integers:
        published = [self.columns.published[slot] for slot in free.tolist() if slot in self.columns.published]
        return np.union1d(self.solution.flat(free)[1], np.array(published, dtype=np.int64))

    def _reduced_costs(self, indices: Integers) -> Floats:
        relaxation, columns = self.guide.relaxation, self.columns
        slots = columns.slots[indices]
        prices = relaxation.prices
        costs = columns.hours[:, indices].T @ prices.bucket
        costs += prices.day[slots] * columns.days[indices] + prices.money * columns.money[indices]
        return np.asarray(costs - relaxation.slot_costs[slots])

    def prove_soon(self) -> None:
        """Proves the tier before anything else is tried, where that promises to succeed."""
        if self.value - self.bound <= _PROMISING * abs(self.value) or len(self._worthy().ways) <= _FEW_COLUMNS:
            self.prove()

    def prove_late(self) -> None:
        """Proves the tier when nothing else is left to do, among more columns."""
        self._prove(_MOST_COLUMNS_LATE)

    def prove(self) -> None:
        """Chooses exactly among all columns that a better solution could contain.

        A column whose reduced cost exceeds the gap cannot be part of a better solution: leaving it out loses nothing.
        """
        self._prove(_MOST_EXACT_COLUMNS)

    def _worthy(self) -> Found:
        """All columns that a better solution could contain."""
        relaxation = self._relaxed()
        gap = self.value - relaxation.bound
        limits = relaxation.slot_costs + gap * self._steps() + _CLOSED * max(1.0, abs(self.value))
        return all_within(self.demand, relaxation.prices, np.where(self.stage.active, limits, -np.inf))

    def _prove(self, most_columns: int) -> None:
        if self.value > self._tried_value - _CLOSED:
            return
        found = self._worthy()
        if len(found.ways) > most_columns:
            return
        self._tried_value = self.value
        self.budget.charge(_COLUMN_SECONDS * len(found.ways))
        candidates = np.union1d(self.columns.add(found), self._picked(self.slots))
        answer = choose_exactly(
            self.solution,
            self._relaxed(),
            self.stage,
            candidates,
            value=self.value,
            budget=self.budget.part(0.6),
            granularity=self.granularity,
        )
        self._accept_answer(self.solution.copy(), answer)
        self._raise_bound(self.value if answer.is_proven else min(answer.bound, self.value))

    def _steps(self) -> Floats:
        """By slot: how much of a column's reduced cost its smallest use spares, as a factor of the gap."""
        least = [
            slot.quantity / slot.order.smallest_split if slot.order.splittable else 1.0 for slot in self.demand.slots
        ]
        return np.array(least)

    def temper(self) -> None:
        """Searches within the limits, hot at first, among all columns."""
        if self._is_within(_NEAR_ENOUGH, _FEW_DAYS):
            return
        from cms.scheduling.tempering import temper  # noqa: PLC0415  # loads a compiler

        budget = self.budget.part(_PART_TO_TEMPER_MONEY if self.stage.is_cost else _PART_TO_TEMPER)
        self._accept(temper(self.solution, self.search_stage, self._relaxed(), self._choosable(), budget))

    def _choosable(self) -> Integers:
        """The columns that a search may choose from."""
        return self._every_column()

    def _every_column(self) -> Integers:
        found = all_within(self.demand, self._zero_prices(), np.where(self.stage.active, np.inf, -np.inf))
        self.budget.charge(_COLUMN_SECONDS * len(found.ways))
        return self.columns.add(found)

    def improve(self) -> None:
        """Frees some orders at a time, the worst placed and some that have equal choices, and chooses for them anew."""
        chance = np.random.default_rng(len(self.slots))
        small = self._small_choices
        budget = self.budget.part(small.part)
        without_gain, rounds = 0, 0
        while without_gain < 60 and rounds < 2000 and not self._is_near and not budget.is_spent:
            free = self._neighbourhood(chance, 30 + without_gain)
            before = self._merit(self.solution)
            answer = choose(
                self.solution,
                self.search_stage,
                free,
                self._candidates_of(free),
                budget=budget,
                most_nodes=100,
                relative_gap=1e-4,
                is_brief=small.are_brief,
            )
            self._accept_answer(self.solution.copy(), answer)
            without_gain = 0 if self._merit(self.solution) < before - _CLOSED else without_gain + 1
            rounds += 1

    @property
    def _is_near(self) -> bool:
        """Whether the gap is so small that improving further is not worth the time."""
        return self._is_within(self._small_choices.near, 0.25) or self.is_closed

    def _is_within(self, part: float, days: float) -> bool:
        """Whether the gap is no more than a part of the value, or in a class so many days."""
        return self.value - self.bound <= max(part * abs(self.value), 0.0 if self.stage.is_cost else days)

    def _neighbourhood(self, chance: np.random.Generator, size: int) -> Integers:
        """A few orders that are placed worse than the prices say they could be, and those in their way."""
        owner, columns, _ = self.solution.flat(self.slots)
        regret = np.zeros(len(self.demand.slots))
        np.maximum.at(regret, owner, self._reduced_costs(columns))
        out = np.setdiff1d(self.slots, owner)
        regret[out] = self._relaxed().prices.day[out] * self.demand.unscheduled_days[out]
        wrong = self.slots[regret[self.slots] > 1e-6]
        drawn = wrong[np.argsort(-regret[wrong] * chance.random(len(wrong)), kind="stable")][: size // 6]
        return np.union1d(drawn, self._in_the_way(self.solution, drawn, chance)[: size - len(drawn)])

    def _accept_answer(self, base: Solution, answer: Answer) -> None:
        if answer.picks is not None:
            for slot, picks in answer.picks.items():
                base.picks[slot] = picks
            self._accept(base)

    def _accept(self, other: Solution) -> None:
        """Takes a solution that is better and keeps every limit."""
        if keeps_limits(other, self.stage):
            value = tier_value(other, self.stage)
            if value <= self.value + _CLOSED and self._merit(other) < self._merit(self.solution) - _CLOSED:
                self.solution, self.value = other, value
                self.columns.admit(other.flat()[1])

    def _merit(self, solution: Solution) -> float:
        """The value of the tier, and among equals the money."""
        return tier_value(solution, self.search_stage)

    def _raise_bound(self, bound: float) -> None:
        if self.granularity:
            bound = float(np.ceil(bound / self.granularity - 1e-6) * self.granularity)
        self.bound = max(self.bound, min(bound, self.value))

    def _relaxed(self) -> Relaxation:
        assert self.relaxation is not None
        return self.relaxation

    def _zero_prices(self) -> Prices:
        buckets, slots = len(self.stage.regular_hours), len(self.demand.slots)
        return Prices(np.zeros(buckets), np.zeros(slots), 0.0, self.stage.most_days)


def tier_value(solution: Solution, stage: Stage) -> float:
    """What the active slots count in the tier."""
    value = 0.0
    if not stage.is_cost:
        mine = solution.demand.classes == stage.priority
        value = float((solution.demand.weights * solution.days())[mine].sum())
    if stage.money:
        over = np.maximum(0.0, solution.hours(np.flatnonzero(stage.active)) - stage.regular_hours)
        value += stage.money * float(solution.money()[stage.active].sum() + over @ stage.overtime_rate)
    return value


def keeps_limits(solution: Solution, stage: Stage) -> bool:
    """Whether hours, settled tiers and the orders that must be delivered are as they should be."""
    if (beyond_limits(solution, stage) > CAPACITY_TOLERANCE).any():
        return False
    return bool(keeps_promises(solution, stage)[stage.active].all())


def keeps_promises(solution: Solution, stage: Stage) -> Flags:
    """By slot: whether it is no later than it may be, and delivered in full where it must be."""
    owner, _, shares = solution.flat()
    taken = np.bincount(owner, shares, minlength=len(solution.picks))
    is_complete = stage.may_stay_out | (taken > 1 - _CLOSED)
    return np.asarray(is_complete & (solution.days() <= stage.most_days + CAPACITY_TOLERANCE))


def _tie_break(demand: Demand, stage: Stage) -> float:
    """What money may count beside days: so little that the dearest routing outweighs no more than a 50th of a day."""
    money = [group.money[stage.active[group.slots]] for group in demand.groups]
    dearest = max((float(some.max(initial=0.0)) for some in money), default=0.0)
    dearest += float(stage.overtime_rate.max(initial=0.0))
    return 0.02 / dearest if dearest > 0 else 0.0


def _granularity(demand: Demand, stage: Stage) -> float:
    """Of what the tier's values are whole multiples; 0 where that is not known."""
    if stage.is_cost:
        return 0.0
    mine = demand.classes == stage.priority
    if demand.splittable[mine].any() or (demand.shares[mine] < 1).any():
        return 0.0
    return grain_of(demand.weights[mine])


__all__ = ["Found", "Guide", "Picks", "Settled", "SmallChoices", "keeps_limits", "settle", "tier_value"]
