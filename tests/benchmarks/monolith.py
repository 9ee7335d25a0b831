"""The whole problem as one mixed-integer programme a tier, the obvious way: what the engine is measured against.

Every candidate of every order is a column from the start, and HiGHS decides alone: no start, no prices, no search. A
tier takes in the orders of its class and of those before it, whose values it keeps.
"""

import math
import time
from dataclasses import dataclass

import numpy as np

from cms.scheduling.budget import Budget, Meter
from cms.scheduling.columns import Columns
from cms.scheduling.demand import Demand, demand_of
from cms.scheduling.integer import Answer, choose
from cms.scheduling.linear import Stage, TierLimit
from cms.scheduling.plan import Plan, priority_classes, tier_name, tier_values
from cms.scheduling.pricing import Prices, all_within
from cms.scheduling.problem import SchedulingProblem
from cms.scheduling.solution import Solution
from cms.scheduling.tables import PlantTables


@dataclass(frozen=True, kw_only=True, slots=True)
class MonolithTier:
    """What one tier reached: infinite where nothing was found."""

    name: str
    value: float
    bound: float

    @property
    def gap(self) -> float:
        """How far value and bound are apart; infinite where nothing was found."""
        return (self.value - self.bound) / max(abs(self.value), 1.0) if np.isfinite(self.value) else np.inf


def solve_monolith(problem: SchedulingProblem, time_limit_seconds: float) -> list[MonolithTier]:
    """The tiers one after another, each with an even share of the time that is left; ends where one finds nothing."""
    deadline = time.monotonic() + time_limit_seconds
    plan = Plan(PlantTables(problem))
    model = _Monolith(plan, demand_of(plan))
    tiers: list[MonolithTier] = []
    stages: list[int | None] = [*priority_classes(plan.tables), None]
    for place, priority in enumerate(stages):
        share = (deadline - time.monotonic()) / (len(stages) - place)
        tiers.append(model.solve(priority, time.monotonic() + share))
        if not np.isfinite(tiers[-1].value):
            break
    return tiers


class _Monolith:
    """All candidates, the plan so far, and what each tier that is settled may count."""

    def __init__(self, plan: Plan, demand: Demand) -> None:
        self._plan, self._demand = plan, demand
        self._frozen_hours = np.array(plan.ledger.used_hours)
        self._solution = Solution(demand, Columns(demand))
        slots = len(demand.slots)
        free = Prices(np.zeros(len(self._frozen_hours)), np.zeros(slots), 0.0, np.full(slots, np.inf))
        self._solution.columns.add(all_within(demand, free, np.full(slots, np.inf)))
        self._limits: tuple[TierLimit, ...] = ()

    def solve(self, priority: int | None, deadline: float) -> MonolithTier:
        stage = self._stage(priority)
        slots = np.flatnonzero(stage.active)
        columns = self._solution.columns
        candidates = np.flatnonzero(stage.active[columns.slots])
        name = "cost" if priority is None else tier_name(priority)
        if len(slots) == 0:
            value = tier_values(self._plan)[name]
            return MonolithTier(name=name, value=value, bound=value)
        answer = choose(
            Solution(self._demand, columns), stage, slots, candidates, budget=Budget(Meter(deadline), math.inf)
        )
        if answer.picks is None:
            return MonolithTier(name=name, value=np.inf, bound=answer.bound)
        self._take(answer)
        if priority is not None:
            self._limits = (*self._limits, TierLimit(priority, answer.value))
        value = tier_values(self._plan)[name]
        return MonolithTier(name=name, value=value, bound=answer.bound + value - answer.value)

    def _take(self, answer: Answer) -> None:
        for slot, picks in (answer.picks or {}).items():
            self._solution.picks[slot] = picks
            self._plan.replace(self._demand.slots[slot].number, self._solution.pieces(slot))

    def _stage(self, priority: int | None) -> Stage:
        tables, slots = self._plan.tables, len(self._demand.slots)
        regular = np.array(tables.regular_hours)
        is_active = np.ones(slots, dtype=np.bool_)
        return Stage(
            priority=priority,
            money=1.0 if priority is None else 0.0,
            active=is_active if priority is None else self._demand.classes <= priority,
            limits=self._limits,
            regular_hours=regular - self._frozen_hours,
            overtime_hours=np.array(tables.total_hours) - regular,
            overtime_rate=np.array(tables.overtime_rate),
            may_stay_out=is_active,
            most_days=np.full(slots, np.inf),
        )
