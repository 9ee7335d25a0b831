"""The exact choice among few columns: a mixed-integer programme over some slots, everything else kept as it is."""

from dataclasses import dataclass

import highspy
import numpy as np
from scipy import sparse

from cms.scheduling.budget import Budget
from cms.scheduling.demand import Floats, Integers
from cms.scheduling.highs import guard, quiet_highs, run_or_give_up, stop_after
from cms.scheduling.linear import Stage
from cms.scheduling.solution import Picks, Solution

_EXACT = 1e-9
CAPACITY_TOLERANCE = 1e-7
_RUN_SECONDS, _ENTRY_SECONDS = 2e-3, 6.8e-6
"""Of a common machine, measured: for each run, and by entry of its matrix."""
_ITERATION_SECONDS, _ITERATION_SECONDS_BY_ROW, _LOOK_SECONDS_BY_ROW = 1e-4, 1.6e-7, 1e-5
"""Likewise, by simplex iteration and by look of HiGHS at whether it should end; many rows make both dear."""
_SECONDS_BETWEEN_LOOKS = 5e-6
"""Likewise, with all that is done from one look to the next, by row to the power of 1.5."""
_MOST_LOOKS = 10**9
_LONG_HEURISTICS = ("rens", "rins", "root_reduced_cost")
"""Programmes within the programme, in which HiGHS does not look at whether it should end: some take seconds."""
_GRAINS = (1.0, 2.0, 4.0, 5.0, 10.0, 20.0, 100.0)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the programme found.

    Parameters
    ----------
    picks : dict
        By slot: its new picks; None where nothing was found.
    bound : float
        No choice among these columns counts less, the slots that were kept included.
    is_proven : bool
        Whether the choice is the best among these columns.
    value : float
        What the choice counts, the slots that were kept included; infinite where there is none.
    """

    picks: dict[int, Picks] | None
    bound: float
    is_proven: bool
    value: float = np.inf


def choose(
    solution: Solution,
    stage: Stage,
    free: Integers,
    candidates: Integers,
    *,
    budget: Budget,
    granularity: float = 0.0,
    relative_gap: float = 0.0,
    most_nodes: int | None = None,
    is_brief: bool = False,
) -> Answer:
    """The best picks of the free slots among candidate columns.

    Parameters
    ----------
    free : array of int
        Slots whose picks may change.
    candidates : array of int
        Columns to choose from, each of a free slot.
    granularity : float
        Values differ by whole multiples of this; 0: by anything.
    most_nodes : int, optional
        Where the search ends, whatever the machine's speed.
    is_brief : bool
        Whether it is one of many choices in a large tier, from which no single one may take long.
    """
    programme = _Programme(solution, stage, free, candidates)
    highs = programme.highs
    highs.setOptionValue("mip_rel_gap", relative_gap)
    highs.setOptionValue("mip_abs_gap", max(_EXACT, 0.999 * granularity))
    if most_nodes is not None:
        highs.setOptionValue("mip_max_nodes", most_nodes)
    for heuristic in _LONG_HEURISTICS if is_brief else ():
        highs.setOptionValue(f"mip_heuristic_run_{heuristic}", False)  # noqa: FBT003  # the signature of HiGHS
    programme.start_from(solution)
    programme.run(budget)
    return programme.answer()


def grain_of(values: Floats) -> float:
    """Of what all these values are whole multiples; 0 where nothing is found."""
    for grain in _GRAINS:
        if (np.abs(values * grain - np.round(values * grain)) <= _EXACT * np.maximum(1.0, np.abs(values))).all():
            return 1 / grain
    return 0.0


class _Programme:
    """One programme.

    Its variables: staying out by slot, overtime by bucket (cost tier), a share by column, a use by split column.
    """

    def __init__(self, solution: Solution, stage: Stage, free: Integers, candidates: Integers) -> None:
        self.demand, self.columns = solution.demand, solution.columns
        self.stage, self.free = stage, free
        fits = self.columns.days[candidates] <= stage.most_days[self.columns.slots[candidates]] + 1e-9
        self.candidates = np.unique(candidates[fits])
        self.owner = np.searchsorted(free, self.columns.slots[self.candidates])
        whole = ~self.demand.splittable[self.columns.slots[self.candidates]]
        self.is_whole = whole | (self.columns.ways[self.candidates] < 0)
        self.split = np.flatnonzero(~self.is_whole)
        kept = np.setdiff1d(np.flatnonzero(stage.active), free)
        self.kept_hours = solution.hours(kept)
        self._kept_values(solution, kept)
        self._place_variables()
        self.costs = self._costs()
        self.highs = quiet_highs()
        self.highs.setOptionValue("primal_feasibility_tolerance", _EXACT)
        self.highs.setOptionValue("mip_feasibility_tolerance", _EXACT)
        self.highs.passModel(self._model())

    def _kept_values(self, solution: Solution, kept: Integers) -> None:
        days = solution.days() * self.demand.weights
        classes = self.demand.classes[kept]
        self.room = [limit.days - float(days[kept[classes == limit.priority]].sum()) for limit in self.stage.limits]
        self.kept_value = float(days[kept[classes == self.stage.priority]].sum())
        self.kept_value += self.stage.money * float(solution.money()[kept].sum())

    def _place_variables(self) -> None:
        slots, overtime = len(self.free), len(self.kept_hours) if self.stage.money else 0
        self.first_overtime = slots
        self.first_share = slots + overtime
        self.first_use = self.first_share + len(self.candidates)
        self.variable_count = self.first_use + len(self.split)

    def _model(self) -> highspy.HighsLp:
        rows, lower, upper = self._rows()
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = self.variable_count, rows.shape[0]
        model.col_cost_ = self.costs
        model.col_lower_, model.col_upper_ = np.zeros(self.variable_count), self._upper()
        model.row_lower_, model.row_upper_ = lower, upper
        model.offset_ = self.kept_value
        model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        model.a_matrix_.start_ = rows.indptr
        model.a_matrix_.index_ = rows.indices
        model.a_matrix_.value_ = rows.data
        model.integrality_ = self._integrality()
        return model

    def _units(self) -> Floats:
        """By split column: the open units of its order."""
        owners = self.columns.slots[self.candidates[self.split]]
        return np.array([self.demand.slots[slot].quantity for slot in owners])

    def _costs(self) -> Floats:
        costs = np.zeros(self.variable_count)
        costs[: len(self.free)] = self.stage.unscheduled_costs(self.demand, self.free)
        if self.stage.money:
            costs[self.first_overtime : self.first_share] = self.stage.money * self.stage.overtime_rate
        shares = self.stage.column_costs(self.demand, self.columns, self.candidates)
        shares[self.split] /= self._units()
        costs[self.first_share : self.first_use] = shares
        return costs

    def _upper(self) -> Floats:
        upper = np.ones(self.variable_count)
        upper[: len(self.free)] = self.stage.may_stay_out[self.free]
        if self.stage.money:
            upper[self.first_overtime : self.first_share] = self.stage.overtime_hours
        upper[self.first_share + self.split] = self._units()
        return upper

    def _integrality(self) -> list[highspy.HighsVarType]:
        free, whole = highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger
        return [free] * self.first_share + [whole] * (self.variable_count - self.first_share)

    def _rows(self) -> tuple[sparse.csc_array, Floats, Floats]:
        """Assignment, capacity and tier rows; for split columns their least and most units, and their number."""
        parts = [self._assignment(), self._capacity(), *self._tiers(), *self._split_limits()]
        matrices, lowers, uppers = zip(*parts, strict=True)
        matrix = sparse.vstack(matrices, format="csc")
        return matrix, np.concatenate(lowers), np.concatenate(uppers)

    def _share_of_unit(self) -> Floats:
        """By candidate: the share of the order that one unit of its variable takes."""
        share = np.ones(len(self.candidates))
        share[self.split] = 1 / self._units()
        return share

    def _assignment(self) -> tuple[sparse.csc_array, Floats, Floats]:
        slots = len(self.free)
        rows = np.concatenate([np.arange(slots), self.owner])
        variables = np.concatenate([np.arange(slots), self.first_share + np.arange(len(self.candidates))])
        values = np.concatenate([np.ones(slots), self._share_of_unit()])
        # A splittable order counts in whole units: the row is exact then, whatever the quantity divides by.
        scale = self._row_scale()
        matrix = sparse.coo_array((values * scale[rows], (rows, variables)), shape=(slots, self.variable_count))
        return matrix.tocsc(), scale, scale

    def _row_scale(self) -> Floats:
        quantities = np.array([self.demand.slots[slot].quantity for slot in self.free])
        return np.where(self.demand.splittable[self.free], quantities, 1.0)

    def _capacity(self) -> tuple[sparse.csc_array, Floats, Floats]:
        hours = self.columns.hours[:, self.candidates] @ sparse.diags_array(self._share_of_unit(), format="csc")
        stage, buckets = self.stage, len(self.kept_hours)
        left = sparse.csc_array((buckets, len(self.free)))
        right = sparse.csc_array((buckets, self.variable_count - self.first_use))
        if stage.money:
            matrix = sparse.hstack([left, -sparse.eye_array(buckets), hours, right], format="csc")
            upper = stage.regular_hours - self.kept_hours
        else:
            matrix = sparse.hstack([left, hours, right], format="csc")
            upper = stage.regular_hours + stage.overtime_hours - self.kept_hours
        used = np.unique(hours.indices)
        kept = np.union1d(used, np.flatnonzero(upper < 0)) if stage.money else used
        return matrix[kept], np.full(len(kept), -np.inf), upper[kept] + _EXACT

    def _tiers(self) -> list[tuple[sparse.csc_array, Floats, Floats]]:
        rooms = zip(self.stage.limits, self.room, strict=True)
        return [self._tier(limit.priority, room) for limit, room in rooms]

    def _tier(self, priority: int, room: float) -> tuple[sparse.csc_array, Floats, Floats]:
        demand, columns = self.demand, self.columns
        row = np.zeros(self.variable_count)
        mine = demand.classes[self.free] == priority
        row[: len(self.free)] = np.where(mine, demand.weights[self.free] * demand.unscheduled_days[self.free], 0.0)
        slots = columns.slots[self.candidates]
        counted = np.where(
            demand.classes[slots] == priority, demand.weights[slots] * columns.days[self.candidates], 0.0
        )
        row[self.first_share : self.first_use] = counted * self._share_of_unit()
        return sparse.csc_array(row[None, :]), np.array([-np.inf]), np.array([room + 1e-8])

    def _split_limits(self) -> list[tuple[sparse.csc_array, Floats, Floats]]:
        count = len(self.split)
        if count == 0:
            return []
        slots = self.columns.slots[self.candidates[self.split]]
        least = np.array([float(self.demand.slots[slot].order.smallest_split) for slot in slots])
        rows = np.tile(np.arange(count), 2)
        variables = np.concatenate([self.first_share + self.split, self.first_use + np.arange(count)])
        shape = (count, self.variable_count)
        at_least = sparse.coo_array((np.r_[np.ones(count), -least], (rows, variables)), shape=shape).tocsc()
        at_most = sparse.coo_array((np.r_[np.ones(count), -self._units()], (rows, variables)), shape=shape).tocsc()
        owners, number = np.unique(slots, return_inverse=True)
        uses = sparse.coo_array(
            (np.ones(count), (number, self.first_use + np.arange(count))), shape=(len(owners), self.variable_count)
        ).tocsc()
        most = np.array([float(self.demand.slots[slot].most_pieces) for slot in owners])
        endless = np.full(count, np.inf)
        return [
            (at_least, np.zeros(count), endless),
            (at_most, -endless, np.zeros(count)),
            (uses, np.full(len(owners), -np.inf), most),
        ]

    def start_from(self, solution: Solution) -> None:
        """Hands HiGHS the picks that are there, where they are among the candidates."""
        values = np.zeros(self.variable_count)
        values[: len(self.free)] = 1.0
        place = {column: index for index, column in enumerate(self.candidates.tolist())}
        split_place = {index: number for number, index in enumerate(self.split.tolist())}
        owner, picked, shares = solution.flat(self.free)
        for slot, column, share in zip(owner.tolist(), picked.tolist(), shares.tolist(), strict=True):
            index = place.get(column)
            if index is None:
                return
            row = int(np.searchsorted(self.free, slot))
            values[row] -= share
            values[self.first_share + index] = share
            if index in split_place:
                values[self.first_share + index] = round(share * self.demand.slots[slot].quantity)
                values[self.first_use + split_place[index]] = 1.0
        if self.stage.money:
            used = self.kept_hours + solution.hours(self.free)
            values[self.first_overtime : self.first_share] = np.maximum(0.0, used - self.stage.regular_hours)
        values[: len(self.free)] = np.maximum(values[: len(self.free)], 0.0)
        start = highspy.HighsSolution()
        start.col_value = values.tolist()
        start.value_valid = True
        self.highs.setSolution(start)

    def run(self, budget: Budget) -> None:
        """Solves, and solves anew without a start where HiGHS hands back the start instead of what it found.

        HiGHS 1.16 does so when its presolve alone solves the programme: the values then do not add up to the objective.
        A run that was ended by count is over, whatever it hands back.
        """
        guard(self.highs, budget)
        looks = stop_after(self.highs, self._most_looks(budget.left))
        run_or_give_up(self.highs, budget)
        if self._is_start_handed_back():
            self.highs.clearSolver()
            run_or_give_up(self.highs, budget)
        if not self.highs.is_given_up:
            budget.charge(self._seconds(self.highs.getInfo().simplex_iteration_count, looks()))

    def _is_start_handed_back(self) -> bool:
        if self.highs.is_given_up or self.highs.getModelStatus() == highspy.HighsModelStatus.kInterrupt:
            return False
        values, objective = np.array(self.highs.getSolution().col_value), self.highs.getInfo().objective_function_value
        beyond = 1e-6 * max(1.0, abs(objective))
        return len(values) > 0 and bool(abs(self.costs @ values + self.kept_value - objective) > beyond)

    def _most_looks(self, seconds: float) -> int:
        return int(min(seconds / (_SECONDS_BETWEEN_LOOKS * max(1, self.highs.getNumRow()) ** 1.5), _MOST_LOOKS))

    def _seconds(self, iterations: int, looks: int) -> float:
        rows = self.highs.getNumRow()
        of_search = max(0, iterations) * (_ITERATION_SECONDS + _ITERATION_SECONDS_BY_ROW * rows)
        return _RUN_SECONDS + _ENTRY_SECONDS * self.highs.getNumNz() + of_search + _LOOK_SECONDS_BY_ROW * rows * looks

    def answer(self) -> Answer:
        """Reads the programme's choice, in whole units; nothing where it was given up."""
        if self.highs.is_given_up:
            return Answer(None, -np.inf, is_proven=False)
        info, status = self.highs.getInfo(), self.highs.getModelStatus()
        has_solution = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        bound = float(info.mip_dual_bound)
        if not has_solution:
            is_impossible = status == highspy.HighsModelStatus.kInfeasible
            return Answer(None, np.inf if is_impossible else bound, is_proven=False)
        is_proven = status == highspy.HighsModelStatus.kOptimal
        picks = self._picks(np.array(self.highs.getSolution().col_value))
        return Answer(picks, bound, is_proven, float(info.objective_function_value))

    def _picks(self, values: Floats) -> dict[int, Picks]:
        taken = np.round(values[self.first_share : self.first_use])
        shares = taken * self._share_of_unit()
        picks: dict[int, Picks] = dict.fromkeys(self.free.tolist(), ())
        for index in np.flatnonzero(taken > 0).tolist():
            slot = int(self.free[self.owner[index]])
            picks[slot] = (*picks[slot], (int(self.candidates[index]), float(shares[index])))
        return picks
