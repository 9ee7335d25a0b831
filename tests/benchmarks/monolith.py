"""The whole problem as one mixed-integer programme a tier, the obvious way: what the engine is measured against.

Every candidate is a column from the start and HiGHS decides alone. A splittable order is taken whole or divided freely
(its limits are left out), so the values are a little too good: that can only flatter this side of the comparison.
"""

import time
from dataclasses import dataclass

import highspy
import numpy as np
from scipy import sparse

from cms.scheduling.candidates import Candidate, candidates_of
from cms.scheduling.plan import Plan, priority_classes, tier_name
from cms.scheduling.problem import SchedulingProblem
from cms.scheduling.tables import PlantTables


@dataclass(frozen=True, kw_only=True, slots=True)
class MonolithTier:
    """What one tier reached: infinite where nothing was found."""

    name: str
    value: float
    bound: float


def solve_monolith(problem: SchedulingProblem, time_limit_seconds: float) -> list[MonolithTier]:
    """The class tiers one after another, each with an even share of the time; stops where a tier finds nothing."""
    tables = PlantTables(problem)
    model = _Monolith(tables, Plan(tables).ledger.used_hours)
    classes = priority_classes(tables)
    tiers: list[MonolithTier] = []
    for place, priority in enumerate(classes):
        tier = model.solve(priority, time_limit_seconds / len(classes) if place < len(classes) else 0.0)
        tiers.append(tier)
        if not np.isfinite(tier.value):
            break
    return tiers


class _Monolith:
    """Assignment and capacity rows over all candidates, and a row for each tier that is settled."""

    def __init__(self, tables: PlantTables, used_hours: list[float]) -> None:
        self._orders = tables.problem.orders
        rows: list[tuple[int, Candidate]] = [
            (number, candidate)
            for number, order in enumerate(self._orders)
            if not order.frozen_deliveries(tables.problem.horizon)
            for candidate in candidates_of(tables, order)
        ]
        self._owner = np.array([number for number, _ in rows])
        self._days = np.array([c.tardiness * self._orders[n].weight for n, c in rows])
        self._out = np.array(
            [o.weight * (max(0, tables.days - tables.index(o.due_date)) + tables.days) for o in self._orders]
        )
        self._room = np.array(tables.total_hours) - np.array(used_hours)
        loads = [(bucket, column, hours) for column, (_, c) in enumerate(rows) for bucket, hours in c.loads]
        buckets, columns, hours = (np.array(part) for part in zip(*loads, strict=True))
        self._hours = sparse.coo_array((hours, (buckets, columns)), shape=(len(self._room), len(rows))).tocsc()
        self._limits: list[tuple[int, float]] = []

    def solve(self, priority: int, seconds: float) -> MonolithTier:
        started = time.monotonic()
        highs: highspy.Highs = highspy.Highs()  # type: ignore[no-untyped-call]  # highspy carries no types
        highs.setOptionValue("output_flag", False)
        highs.passModel(self._model(priority))
        highs.setOptionValue("time_limit", max(0.1, seconds - (time.monotonic() - started)))
        highs.run()
        info = highs.getInfo()
        found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        value = float(info.objective_function_value) if found else float("inf")
        self._limits.append((priority, value))
        return MonolithTier(name=tier_name(priority), value=value, bound=float(info.mip_dual_bound))

    def _model(self, priority: int) -> highspy.HighsLp:
        orders, columns = len(self._orders), len(self._owner)
        classes = np.array([order.priority for order in self._orders])
        days = np.concatenate([self._out, self._days])
        of_class = np.concatenate([classes, classes[self._owner]])
        assign = sparse.coo_array((np.ones(columns), (self._owner, np.arange(columns))), shape=(orders, columns))
        top = sparse.hstack([sparse.eye_array(orders), assign])
        capacity = sparse.hstack([sparse.csc_array((len(self._room), orders)), self._hours])
        settled = [sparse.csc_array(np.where(of_class == p, days, 0.0)[None, :]) for p, _ in self._limits]
        matrix = sparse.vstack([top, capacity, *settled], format="csc")
        limits = np.array([value + 1e-6 for _, value in self._limits])
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = orders + columns, matrix.shape[0]
        model.col_cost_ = np.where(of_class == priority, days, 0.0)
        model.col_lower_, model.col_upper_ = np.zeros(orders + columns), np.ones(orders + columns)
        model.row_lower_ = np.concatenate([np.ones(orders), np.full(len(self._room) + len(limits), -np.inf)])
        model.row_upper_ = np.concatenate([np.ones(orders), self._room, limits])
        model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        model.a_matrix_.start_, model.a_matrix_.index_ = matrix.indptr, matrix.indices
        model.a_matrix_.value_ = matrix.data
        model.integrality_ = [highspy.HighsVarType.kInteger] * (orders + columns)
        return model
