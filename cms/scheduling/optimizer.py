"""Lexicographic optimisation: tier by tier the best plan found, with a proven lower bound.

Class by class, then money. A class is settled without looking at lower ones, so they can never change its value. Each
tier starts from what is there (dispatch places the orders of a new class), is bounded by its linear relaxation, and is
searched by :mod:`cms.scheduling.search`. What a settled tier reached binds the tiers after it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cms.scheduling.budget import Budget
from cms.scheduling.columns import Columns
from cms.scheduling.demand import Demand, Floats, Integers, demand_of
from cms.scheduling.dispatch import dispatch
from cms.scheduling.linear import Stage, TierLimit
from cms.scheduling.plan import (
    Plan,
    is_changed,
    order_money,
    priority_classes,
    tier_name,
    tier_values,
    weighted_tardiness,
)
from cms.scheduling.pricing import Prices, best_costs
from cms.scheduling.result import SolveStatus
from cms.scheduling.search import Settled, settle
from cms.scheduling.solution import Solution

GAP_TOLERANCE = 1e-6
"""A tier counts as proven when its gap is no more."""
FEW_SLOTS = 200
"""A tier with no more orders than this is settled by programmes alone."""
MANY_SLOTS = 4_000
"""A tier with more orders than this is a large one."""
NEAR = 0.009
"""A class of a large problem is as good as proven within this part of its bound; lower tiers may use what is left."""
_PART_OF_A_CLASS = 0.6
"""A class gets this part of what is left of the budget, whatever comes after it: lower classes change nothing."""
_DUST = 1e-9


@dataclass(frozen=True, kw_only=True, slots=True)
class Proof:
    """A plan with what is proven of it.

    Parameters
    ----------
    bounds : dict
        By tier name: no plan that keeps the tiers before it counts less.
    prices : list of float
        Money for one more hour, by bucket.
    """

    plan: Plan
    bounds: dict[str, float]
    prices: list[float]
    status: SolveStatus


def optimize(plan: Plan, budget: Budget, *, progress: Callable[[str], None]) -> Proof:
    """The best plan found within a budget, for a plan that holds the frozen deliveries alone.

    Parameters
    ----------
    budget : Budget
        The plan is complete and its bounds hold also when it is spent early.
    """
    search = _Lexicographic(plan, budget)
    for priority in priority_classes(plan.tables):
        bound = search.settle_class(priority)
        progress(f"{tier_name(priority)}: {search.value(tier_name(priority)):.3f}, at least {bound:.3f}")
    bound = search.settle_cost()
    progress(f"cost: {search.value('cost'):.2f}, at least {bound:.2f}")
    return search.proof()


class _Lexicographic:
    """The tiers settled so far, and the plan they left."""

    def __init__(self, plan: Plan, budget: Budget) -> None:
        self.plan, self.budget = plan, budget
        self.frozen_hours = np.array(plan.ledger.used_hours)
        self.demand = demand_of(plan)
        self.constants = _constants(plan, self.demand)
        self.columns = Columns(self.demand)
        self.solution = Solution(self.demand, self.columns)
        self.limits: tuple[TierLimit, ...] = ()
        self.active = np.zeros(len(self.demand.slots), dtype=np.bool_)
        self.may_stay_out = np.ones(len(self.demand.slots), dtype=np.bool_)
        self.most_days = np.full(len(self.demand.slots), np.inf)
        self.bounds: dict[str, float] = {}
        self.prices = [0.0] * len(self.frozen_hours)

    def value(self, name: str) -> float:
        """What a tier counts now."""
        return tier_values(self.plan)[name]

    def settle_class(self, priority: int) -> float:
        """Places the orders of a class and minimises its tardiness; its proven bound."""
        joining = np.flatnonzero(self.demand.classes == priority)
        dispatch(self.plan, [self.demand.slots[slot].number for slot in joining])
        self.solution.read(self.plan, joining)
        self.active = self.active | (self.demand.classes == priority)
        least_days = self._least_days()
        weights = self.demand.weights[joining]
        least = float((weights * least_days[joining]).sum())
        settled = self._settle(priority, least)
        self._take(settled)
        value = float((weights * self.solution.days()[joining]).sum())
        if value <= least + _DUST:
            self._bind_each(joining[weights > 0], least_days)
        elif len(joining):
            self.limits = (*self.limits, TierLimit(priority, self._limit_of(value, settled.bound)))
        return self._record(tier_name(priority), max(settled.bound, least))

    def _limit_of(self, value: float, bound: float) -> float:
        """What the class may count in later tiers: what it counts, or in a large tier what is as good as proven."""
        return max(value, bound * (1 + NEAR)) if self._is_large else value

    @property
    def _is_large(self) -> bool:
        return int(self.active.sum()) > MANY_SLOTS

    def _settle(self, priority: int | None, least: float) -> Settled:
        stage = self._stage(priority)
        budget = self.budget if stage.is_cost else self.budget.part(_PART_OF_A_CLASS)
        if int(self.active.sum()) <= FEW_SLOTS:
            return settle(self.solution, stage, budget, least=least)
        from cms.scheduling.large_tier import settle_large, settle_middle  # noqa: PLC0415  # loads a compiler

        settle_many = settle_large if self._is_large else settle_middle
        return settle_many(self.solution, stage, budget, least=least)

    def settle_cost(self) -> float:
        """Minimises the money without touching the value of any class; its proven bound."""
        settled = self._settle(None, 0.0)
        self._take(settled)
        if settled.prices is not None:
            self.prices = [round(price, 6) for price in settled.prices.bucket.tolist()]
        return self._record("cost", settled.bound)

    def _stage(self, priority: int | None) -> Stage:
        tables = self.plan.tables
        regular = np.array(tables.regular_hours)
        return Stage(
            priority=priority,
            money=1.0 if priority is None else 0.0,
            active=self.active.copy(),
            limits=self.limits,
            regular_hours=regular - self.frozen_hours,
            overtime_hours=np.array(tables.total_hours) - regular,
            overtime_rate=np.array(tables.overtime_rate),
            may_stay_out=self.may_stay_out.copy(),
            most_days=self.most_days.copy(),
        )

    def _least_days(self) -> Floats:
        """By slot: the fewest days it can count with all the capacity to itself."""
        prices = Prices(np.zeros(len(self.frozen_hours)), np.ones(len(self.demand.slots)), 0.0, self.most_days)
        least = np.minimum(best_costs(self.demand, prices), self.demand.unscheduled_days)
        for slot, column in self.columns.published.items():
            least[slot] = min(least[slot], self.columns.days[column])
        return least

    def _bind_each(self, slots: Integers, least_days: Floats) -> None:
        """Every order of the class has the fewest days it can have, so none may ever have more: exact and cheap."""
        self.most_days[slots] = least_days[slots]
        self.may_stay_out[slots] = self.demand.unscheduled_days[slots] <= least_days[slots] + _DUST

    def _take(self, settled: Settled) -> None:
        """Moves the plan to the solution of the tier."""
        changed = [slot for slot, picks in enumerate(settled.solution.picks) if picks != self.solution.picks[slot]]
        self.solution = settled.solution
        for slot in changed:
            self.plan.replace(self.demand.slots[slot].number, self.solution.pieces(slot))

    def _record(self, name: str, bound: float) -> float:
        self.bounds[name] = self.constants[name] + bound
        return self.bounds[name]

    def proof(self) -> Proof:
        """The plan with its bounds."""
        values = tier_values(self.plan)
        proven = all(
            value - self.bounds[name] <= GAP_TOLERANCE * max(1.0, abs(value)) for name, value in values.items()
        )
        status = SolveStatus.OPTIMAL if proven else SolveStatus.FEASIBLE
        return Proof(plan=self.plan, bounds=self.bounds, prices=self.prices, status=status)


def _constants(plan: Plan, demand: Demand) -> dict[str, float]:
    """By tier: what frozen deliveries count, and orders that can get nothing more.

    Overtime is left out: the cost tier counts it for all hours together.
    """
    tables = plan.tables
    values = {tier_name(priority): 0.0 for priority in priority_classes(tables)} | {"cost": 0.0}
    slot_of = {slot.number: index for index, slot in enumerate(demand.slots)}
    for number, (order, pieces) in enumerate(zip(tables.problem.orders, plan.pieces, strict=True)):
        days = weighted_tardiness(tables, order, pieces)
        money = order_money(tables, order, pieces)
        if number in slot_of:
            days -= order.weight * float(demand.unscheduled_days[slot_of[number]])
            money -= demand.tables.problem.change_cost if is_changed(tables, order, pieces) else 0.0
        values[tier_name(order.priority)] += days
        values["cost"] += money
    return values
