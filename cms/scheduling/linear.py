"""The linear relaxation of one tier in HiGHS: a bound, the prices of the resource-buckets, and a fractional plan.

Columns are generated: the programme starts with a few for each order and asks :mod:`cms.scheduling.pricing` for those
that would improve it. The bound is not the programme's objective but the Lagrangian one at its prices, which holds for
any prices, solved to the end or not.
"""

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import highspy
import numpy as np
import numpy.typing as npt

from cms.scheduling.budget import Budget
from cms.scheduling.columns import Columns
from cms.scheduling.demand import Demand, Flags, Floats, Integers
from cms.scheduling.highs import guard, quiet_highs
from cms.scheduling.pricing import Found, Prices, best_costs, cheapest_by_delivery

if TYPE_CHECKING:
    from cms.scheduling.crossover import NearPoint

Indices: TypeAlias = npt.NDArray[np.int32]
"""As HiGHS wants them."""
_TOLERANCE, _WHOLE = 1e-7, 1e-6
_MOST_ROUNDS = 60
_LARGE, _MOST_ROWS = 4_000, 1_500
"""With so many orders a programme is approached from its interior; not with more other rows than this: its steps cost
their cube."""
_NEAR, _POINT_TOLERANCE = 1e-5, 1e-7
"""How near, relative, a programme is to its bound when the simplex method takes over, and a point to its optimum."""
_SAMPLE = 1_500
_RUN_SECONDS, _READ_SECONDS, _STEP_SECONDS = 1e-4, 1e-7, 6e-7
"""Of a common machine, measured: for each run of the simplex method; by power of the columns, to hand over and to read
them; for each step, by root of the matrix's entries."""
_READ_POWER = 1.25
_PRICING_SECONDS = 1e-5
"""Likewise, to price all places of an order and to take in those that are missing."""
_MOST_STEPS = 2**31 - 1


@dataclass(frozen=True, slots=True)
class TierLimit:
    """What a settled tier may count at most over the slots of its class."""

    priority: int
    days: float


@dataclass(frozen=True, slots=True)
class Stage:
    """One tier to minimise, over some slots, with the limits of the tiers that are settled.

    Parameters
    ----------
    priority : int, optional
        The class whose tardiness is minimised; None: the cost tier.
    money : float
        What a unit of money counts: 1 in the cost tier; next to nothing where it only decides between equals; else 0.
    active : array
        By slot: whether it takes part.
    regular_hours, overtime_hours, overtime_rate : array
        By bucket: what frozen deliveries and slots that take no part leave.
    may_stay_out : array
        By slot: whether it may be left unscheduled.
    most_days : array
        By slot: the most days of tardiness times share that a column may count.
    promise_price : float
        What it costs to leave out an order that must be delivered, and a day beyond a settled tier; 0: neither may be.
    """

    priority: int | None
    active: Flags
    limits: tuple[TierLimit, ...]
    regular_hours: Floats
    overtime_hours: Floats
    overtime_rate: Floats
    may_stay_out: Flags
    most_days: Floats
    money: float = 0.0
    promise_price: float = 0.0

    @property
    def is_cost(self) -> bool:
        """Whether this is the cost tier."""
        return self.priority is None

    @property
    def has_few_rows(self) -> bool:
        """Whether buckets and limits are few enough for the interior point method."""
        return len(self.regular_hours) + len(self.limits) <= _MOST_ROWS

    def column_costs(self, demand: Demand, columns: Columns, chosen: Integers) -> Floats:
        """What columns count in this tier."""
        slots = columns.slots[chosen]
        days = np.where(demand.classes[slots] == self.priority, demand.weights[slots] * columns.days[chosen], 0.0)
        return np.asarray(days + self.money * columns.money[chosen])

    def unscheduled_costs(self, demand: Demand, slots: Integers) -> Floats:
        """What slots count in this tier when they get nothing."""
        mine = demand.classes[slots] == self.priority
        days = np.where(mine, demand.weights[slots] * demand.unscheduled_days[slots], 0.0)
        return np.asarray(days + self.money * demand.change_costs[slots])


@dataclass(frozen=True, slots=True)
class Relaxation:
    """The relaxation of a stage.

    Parameters
    ----------
    bound : float
        No plan counts less in this tier, frozen deliveries and idle slots aside.
    prices : Prices
        The prices that prove it.
    slot_costs : array
        By slot: the least cost at those prices; reduced costs are measured from it.
    values : array
        By column: the share taken; all 0 where the time did not suffice for a plan.
    programme : Programme, optional
        The programme that was solved; None where it was not solved to the end.
    """

    bound: float
    prices: Prices
    slot_costs: Floats
    values: Floats
    programme: "Programme | None" = None

    @property
    def whole(self) -> Integers:
        """The columns that are taken whole."""
        return np.flatnonzero(self.values > 1 - _WHOLE)


def relax(
    demand: Demand,
    columns: Columns,
    stage: Stage,
    *,
    budget: Budget,
    start: Integers | None = None,
    to_vertex: bool = True,
) -> Relaxation:
    """Solves the relaxation of a stage; columns are added on the way.

    Parameters
    ----------
    start : array of int, optional
        The columns to start from; the lean ones where none are given.
    to_vertex : bool
        Whether shares are wanted that divide as few orders as can be; else a large programme ends near its optimum.
    """
    programme = Programme(demand, columns, stage, np.flatnonzero(columns.is_lean) if start is None else start)
    if not programme.is_large:
        return _solved(programme, budget, None)
    near = _approached(programme, budget)
    if near is not None and not to_vertex:
        return near
    programme.cross()
    return _solved(programme, budget, near)


def _approached(programme: "Programme", budget: Budget) -> Relaxation | None:
    """Near the optimum by the interior point method; None where it does not get there."""
    best: Relaxation | None = None
    for _ in range(_MOST_ROUNDS):
        objective = programme.approach(budget)
        if objective is None:
            return best
        now, slot_prices = _as_solved(programme, budget)
        if best is None or now.bound > best.bound:
            best = now
        is_near = objective - now.bound <= _NEAR * max(1.0, abs(objective))
        if is_near or budget.is_spent or not programme.grow(now.prices, slot_prices):
            break
    return best


def _solved(programme: "Programme", budget: Budget, best: Relaxation | None) -> Relaxation:
    """The optimum by the simplex method, or the best bound that there was time for."""
    for _ in range(_MOST_ROUNDS):
        objective = programme.solve(budget)
        if objective is None:
            break
        now, slot_prices = _as_solved(programme, budget)
        is_solved = objective - now.bound <= _TOLERANCE * max(1.0, abs(objective))
        if best is None or now.bound > best.bound:
            best = now
        elif is_solved:
            best = replace(best, values=now.values)
        if is_solved:
            return replace(best, programme=programme)
        if budget.is_spent or not programme.grow(now.prices, slot_prices):
            break
    return best or _trivial(programme.demand, programme.columns, programme.stage)


def _as_solved(programme: "Programme", budget: Budget) -> tuple[Relaxation, Floats]:
    """The bound and shares of a programme as it was solved last, and by slot what it costs there."""
    prices, slot_prices = programme.prices()
    bound, slot_costs = lagrangian_bound(programme.demand, programme.columns, programme.stage, prices)
    budget.charge(_PRICING_SECONDS * len(programme.slots))
    return Relaxation(bound, prices, slot_costs, programme.values()), slot_prices


def sample_of(demand: Demand, columns: Columns, stage: Stage) -> Stage:
    """A stage of some of the slots, with their share of the hours and of the limits.

    Thousands of orders compete for a few hundred buckets, so a sample already knows the prices well. Promises may be
    broken in it at a price, since it may hold more than its share of the urgent orders.
    """
    slots = np.flatnonzero(stage.active)
    step = max(1, len(slots) // _SAMPLE)
    sampled = np.zeros(len(stage.active), dtype=np.bool_)
    sampled[slots[::step]] = True
    part = float(sampled.sum()) / len(slots)
    return replace(
        stage,
        active=sampled,
        limits=tuple(TierLimit(limit.priority, limit.days * part) for limit in stage.limits),
        promise_price=promise_price(demand, columns, stage),
        regular_hours=stage.regular_hours * part,
        overtime_hours=stage.overtime_hours * part,
    )


def promise_price(demand: Demand, columns: Columns, stage: Stage) -> float:
    """More than anything that a broken promise could save."""
    out = stage.unscheduled_costs(demand, np.flatnonzero(stage.active)).max(initial=1.0)
    known = np.flatnonzero(stage.active[columns.slots])
    return 5.0 * max(float(out), float(stage.column_costs(demand, columns, known).max(initial=1.0)))


def _trivial(demand: Demand, columns: Columns, stage: Stage) -> Relaxation:
    """The bound at zero prices: every order at its own best."""
    prices = stage_prices(demand, stage, np.zeros(len(stage.regular_hours)), [0.0] * len(stage.limits))
    bound, slot_costs = lagrangian_bound(demand, columns, stage, prices)
    return Relaxation(bound, prices, slot_costs, np.zeros(len(columns)))


def few_per_slot(found: Found, count: int) -> Found:
    """The cheapest `count` candidates of each slot."""
    order = np.lexsort((found.deliveries, found.completions, found.ways, found.costs, found.slots))
    slots = found.slots[order]
    starts = np.flatnonzero(np.r_[True, slots[1:] != slots[:-1]])
    rank = np.arange(len(slots)) - np.repeat(starts, np.diff(np.r_[starts, len(slots)]))
    return found.only(order[rank < count])


def stage_prices(demand: Demand, stage: Stage, bucket: Floats, limit_prices: list[float]) -> Prices:
    """Prices for pricing: the tier itself counts once, a settled tier by the price of its limit."""
    multiplier = np.zeros(len(demand.slots))
    if not stage.is_cost:
        multiplier[demand.classes == stage.priority] = 1.0
    for limit, price in zip(stage.limits, limit_prices, strict=True):
        multiplier[demand.classes == limit.priority] = price
    return Prices(bucket, multiplier * demand.weights, stage.money, stage.most_days)


def lagrangian_bound(demand: Demand, columns: Columns, stage: Stage, prices: Prices) -> tuple[float, Floats]:
    """The bound that these prices prove, and each slot's share of it."""
    costs = best_costs(demand, prices)
    index = np.fromiter(columns.published.values(), dtype=np.int64, count=len(columns.published))
    index = index[columns.days[index] <= stage.most_days[columns.slots[index]] + 1e-9]
    if len(index):
        slots = columns.slots[index]
        published = columns.hours[:, index].T @ prices.bucket
        published += prices.day[slots] * columns.days[index] + prices.money * columns.money[index]
        np.minimum.at(costs, slots, published)
    out = prices.day * demand.unscheduled_days + prices.money * demand.change_costs
    promised = out + stage.promise_price if stage.promise_price else np.inf
    costs = np.minimum(costs, np.where(stage.may_stay_out, out, promised))
    bound = float(costs[stage.active].sum()) - capacity_value(stage, prices.bucket)
    for limit, price in zip(stage.limits, limit_prices_of(demand, stage, prices).tolist(), strict=True):
        bound -= price * limit.days
    return bound, costs


def limit_prices_of(demand: Demand, stage: Stage, prices: Prices) -> Floats:
    """By limit of a settled tier: the price of a day of its class, for an order of weight 1."""
    return np.array([_class_price(demand, prices, limit.priority) for limit in stage.limits])


def _class_price(demand: Demand, prices: Prices, priority: int) -> float:
    mine = np.flatnonzero((demand.classes == priority) & (demand.weights > 0))
    return float(prices.day[mine[0]] / demand.weights[mine[0]]) if len(mine) else 0.0


def capacity_value(stage: Stage, bucket: Floats) -> float:
    """What all the hours of a stage are worth at prices of the buckets; overtime beyond what it costs."""
    if stage.money == 0:
        return float(bucket @ (stage.regular_hours + stage.overtime_hours))
    over = np.maximum(bucket - stage.money * stage.overtime_rate, 0.0)
    return float(bucket @ stage.regular_hours + over @ stage.overtime_hours)


class Programme:
    """The restricted linear programme: an assignment row a slot, a row a bucket, a row a settled tier."""

    def __init__(self, demand: Demand, columns: Columns, stage: Stage, indices: Integers) -> None:
        self.demand, self.columns, self.stage = demand, columns, stage
        self.slots = np.flatnonzero(stage.active)
        self._row_of_slot = np.full(len(demand.slots), -1)
        self._row_of_slot[self.slots] = np.arange(len(self.slots))
        self._bucket_count = len(stage.regular_hours)
        self.chosen = np.zeros(0, dtype=np.int64)
        self._in_programme = np.zeros(0, dtype=np.bool_)
        self.highs = quiet_highs()
        self._add_rows()
        self.first_column = self._add_fixed_columns()
        self._shares, self._duals = np.zeros(0), np.zeros(self.highs.getNumRow())
        self._point: NearPoint | None = None
        self.extend(indices)

    def _add_rows(self) -> None:
        stage, count = self.stage, len(self.slots)
        capacity = stage.regular_hours if stage.money else stage.regular_hours + stage.overtime_hours
        limits = np.array([limit.days for limit in stage.limits])
        lower = np.concatenate([np.ones(count), np.full(self._bucket_count + len(limits), -np.inf)])
        upper = np.concatenate([np.ones(count), capacity, limits + 1e-9])
        self._most = upper[count:]
        nothing = np.zeros(0, dtype=np.int32)
        self.highs.addRows(len(lower), lower, upper, 0, nothing, nothing, np.zeros(0))

    def _add_fixed_columns(self) -> int:
        """Staying out, for each slot; overtime, for each bucket, in the cost tier."""
        stage, count = self.stage, len(self.slots)
        rows, values, starts = self._with_limit_rows(
            np.arange(count), np.ones(count), self.slots, self.demand.unscheduled_days[self.slots]
        )
        upper = stage.may_stay_out[self.slots].astype(float)
        costs = stage.unscheduled_costs(self.demand, self.slots)
        if stage.promise_price:
            costs, upper = costs + stage.promise_price * (1.0 - upper), np.ones(count)
        self.highs.addCols(count, costs, np.zeros(count), upper, len(rows), starts, rows, values)
        count += self._add_excess()
        if stage.money == 0:
            return count
        buckets = np.arange(self._bucket_count, dtype=np.int32)
        self.highs.addCols(
            self._bucket_count,
            stage.money * stage.overtime_rate,
            np.zeros(self._bucket_count),
            stage.overtime_hours,
            self._bucket_count,
            buckets,
            (buckets + len(self.slots)).astype(np.int32),
            np.full(self._bucket_count, -1.0),
        )
        return count + self._bucket_count

    def _add_excess(self) -> int:
        """Hours beyond each bucket and days beyond each settled tier, none as they have no price; how many they are."""
        count = self._bucket_count + len(self.stage.limits)
        numbers = np.arange(count, dtype=np.int32)
        rows = (numbers + len(self.slots)).astype(np.int32)
        most = np.zeros(count)
        most[self._bucket_count :] = np.inf if self.stage.promise_price else 0.0
        costs = np.full(count, self.stage.promise_price)
        self.highs.addCols(count, costs, np.zeros(count), most, count, numbers, rows, np.full(count, -1.0))
        return count

    @property
    def excess(self) -> Indices:
        """Places in the programme of hours beyond each bucket and days beyond each settled tier."""
        count = self._bucket_count + len(self.stage.limits)
        return np.arange(len(self.slots), len(self.slots) + count, dtype=np.int32)

    def relent(self, price: float) -> None:
        """From now on hours beyond a bucket and days beyond a settled tier are possible, at a price."""
        numbers = self.excess
        count = len(numbers)
        self.highs.changeColsCost(count, numbers, np.full(count, price))
        self.highs.changeColsBounds(count, numbers, np.zeros(count), np.full(count, np.inf))

    def spare(self, amounts: Floats) -> None:
        """Keeps so much of each bucket and each settled tier free, beyond what is kept free already."""
        self._most = self._most - amounts
        for row in np.flatnonzero(amounts).tolist():
            self.highs.changeRowBounds(len(self.slots) + row, -np.inf, float(self._most[row]))

    def hold(self, places: Integers, lower: Floats, upper: Floats) -> None:
        """Keeps the share of some of its columns, named by their place in the programme, between two values each."""
        self.highs.changeColsBounds(len(places), places.astype(np.int32), lower, upper)

    def grow(self, prices: Prices, slot_prices: Floats) -> bool:
        """Takes in columns that cost less than their slots do now; whether there were any."""
        found = cheapest_by_delivery(self.demand, prices, slot_prices - _TOLERANCE)
        if len(found.ways) == 0:
            return False
        missing = self.columns.add(few_per_slot(found, 3))
        self.columns.admit(missing)
        before = len(self.chosen)
        self.extend(missing)
        return len(self.chosen) > before

    def _with_limit_rows(
        self, rows: Integers, values: Floats, slots: Integers, days: Floats
    ) -> tuple[Indices, Floats, Indices]:
        """One entry a column, and a second one in the row of a settled tier where the slot belongs to it."""
        first_limit = len(self.slots) + self._bucket_count
        limit_row = np.full(len(slots), -1)
        for number, limit in enumerate(self.stage.limits):
            limit_row[self.demand.classes[slots] == limit.priority] = first_limit + number
        counted = limit_row >= 0
        starts = np.concatenate([[0], np.cumsum(1 + counted)])[:-1]
        size = len(slots) + int(counted.sum())
        all_rows: Indices = np.zeros(size, dtype=np.int32)
        all_values = np.zeros(size)
        all_rows[starts], all_values[starts] = rows, values
        all_rows[starts[counted] + 1] = limit_row[counted]
        all_values[starts[counted] + 1] = (self.demand.weights[slots] * days)[counted]
        return all_rows, all_values, starts.astype(np.int32)

    def extend(self, indices: Integers) -> None:
        """Takes columns into the programme, where they are active and not in it yet."""
        columns, stage = self.columns, self.stage
        grown = np.zeros(len(columns), dtype=np.bool_)
        grown[: len(self._in_programme)] = self._in_programme
        indices = np.unique(indices)
        slots = columns.slots[indices]
        fits = columns.days[indices] <= stage.most_days[slots] + 1e-9
        indices = indices[stage.active[slots] & fits & ~grown[indices]]
        grown[indices] = True
        self._in_programme = grown
        if len(indices):
            self._append(indices)

    def _append(self, indices: Integers) -> None:
        columns, count = self.columns, len(self.slots)
        slots = columns.slots[indices]
        heads, head_values, head_starts = self._with_limit_rows(
            self._row_of_slot[slots], np.ones(len(slots)), slots, columns.days[indices]
        )
        hours = columns.hours[:, indices]
        head_sizes = np.diff(np.r_[head_starts, len(heads)])
        load_sizes = np.diff(hours.indptr)
        starts = np.concatenate([[0], np.cumsum(head_sizes + load_sizes)])[:-1]
        size = len(heads) + len(hours.indices)
        rows, values = np.zeros(size, dtype=np.int32), np.zeros(size)
        head_places = np.arange(len(heads)) + np.repeat(np.cumsum(load_sizes) - load_sizes, head_sizes)
        load_places = np.arange(len(hours.indices)) + np.repeat(np.cumsum(head_sizes), load_sizes)
        rows[head_places], values[head_places] = heads, head_values
        rows[load_places], values[load_places] = hours.indices + count, hours.data
        costs = self.stage.column_costs(self.demand, columns, indices)
        bounds = np.zeros(len(indices)), np.full(len(indices), np.inf)
        self.highs.addCols(len(indices), costs, *bounds, size, starts.astype(np.int32), rows, values)
        self.chosen = np.concatenate([self.chosen, indices])

    def solve(self, budget: Budget, *, after_hold: bool = False) -> float | None:
        """The objective; None where the time ran out before there was one.

        Parameters
        ----------
        after_hold : bool
            Whether shares were held since it was solved: then the dual simplex method has less to do.
        """
        guard(self.highs, budget)
        if after_hold:
            self.highs.setOptionValue("simplex_strategy", 1)
        seconds_each = _STEP_SECONDS * math.sqrt(max(1, self.highs.getNumNz()))
        self.highs.setOptionValue("simplex_iteration_limit", int(min(budget.left / seconds_each, _MOST_STEPS)))
        self.highs.run()
        budget.charge(_RUN_SECONDS + _READ_SECONDS * float(self.highs.getNumCol()) ** _READ_POWER)
        budget.charge(seconds_each * max(0, self.highs.getInfo().simplex_iteration_count))
        self.highs.setOptionValue("simplex_strategy", 4)  # columns join: the basis stays primal feasible
        if self.highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        found = self.highs.getSolution()
        self._shares, self._duals = np.array(found.col_value), np.array(found.row_dual)
        return float(self.highs.getInfo().objective_function_value)

    @property
    def is_large(self) -> bool:
        """Whether the interior point method comes near the optimum before the simplex method would."""
        return len(self.slots) >= _LARGE and self.stage.has_few_rows and self.stage.promise_price == 0

    def approach(self, budget: Budget) -> float | None:
        """A bound of the objective near it, by the interior point method; None where it does not get there."""
        from cms.scheduling.crossover import approach  # noqa: PLC0415  # loads a compiler

        self._point = approach(self.highs, len(self.slots), budget, tolerance=_POINT_TOLERANCE)
        if self._point is None:
            return None
        self._shares, self._duals = self._point.shares, self._point.duals
        return self._point.bound

    def cross(self) -> None:
        """Lets the simplex method start from the point that was approached, if any."""
        from cms.scheduling.crossover import start_from  # noqa: PLC0415  # loads a compiler

        if self._point is not None:
            start_from(self.highs, len(self.slots), self._point._replace(shares=self.shares()))

    def prices(self) -> tuple[Prices, Floats]:
        """Prices of the buckets and limits, and by slot what it costs at them; -inf where it takes no part."""
        duals, count = self._duals, len(self.slots)
        bucket = np.maximum(-duals[count : count + self._bucket_count], 0.0)
        limit_prices = [max(0.0, -dual) for dual in duals[count + self._bucket_count :]]
        slot_prices = np.full(len(self.demand.slots), -np.inf)
        slot_prices[self.slots] = duals[:count]
        return stage_prices(self.demand, self.stage, bucket, limit_prices), slot_prices

    def values(self) -> Floats:
        """By column: the share taken."""
        values = np.zeros(len(self.columns))
        values[self.chosen] = self.shares()[self.first_column :]
        return values

    def shares(self) -> Floats:
        """By place in the programme: the share taken; the first places are those of slots that stay out.

        What joined it since it was solved takes nothing.
        """
        return np.concatenate([self._shares, np.zeros(self.highs.getNumCol() - len(self._shares))])

    def rows(self) -> Integers:
        """By place in the programme: whose slot it is, as a place among `slots`; -1 for none."""
        others = np.full(self.first_column - len(self.slots), -1)
        return np.concatenate([np.arange(len(self.slots)), others, self._row_of_slot[self.columns.slots[self.chosen]]])
