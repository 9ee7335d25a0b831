"""Bounds a large tier by its Lagrangian dual alone, with a bundle method (Lemaréchal, Nemirovskii and Nesterov 1995).

At fixed prices every order takes its cheapest place, whatever the others do; what that leaves over or overdraws of each
bucket says how the prices should move. The answers so far form a model of the dual, by groups of orders; its best point
near the best prices known is asked next. No programme ever has a row for each order.
"""

from dataclasses import dataclass

import numpy as np

from cms.scheduling.budget import Budget
from cms.scheduling.columns import Columns
from cms.scheduling.demand import Demand, Floats, Integers
from cms.scheduling.highs import quiet_highs
from cms.scheduling.linear import Stage, capacity_value, stage_prices
from cms.scheduling.pricing import Found, Prices, cheapest_places

_GROUPS = 24
_MOST_ROUNDS = 80
_ENOUGH = 1e-3
_FIRST_REACH = 0.3
_ROUND_SECONDS, _RESPONSE_SECONDS = 2e-2, 2e-6
"""Of a common machine, measured: to find the next prices, and to look where an order would go at them."""


@dataclass(frozen=True, slots=True)
class Point:
    """Prices: of the hours of each bucket, and of a day of each settled tier."""

    bucket: Floats
    tiers: Floats


@dataclass(frozen=True, slots=True)
class Response:
    """What the orders do at some prices.

    Parameters
    ----------
    bound : float
        What these prices prove.
    slot_costs : array
        By slot: the cost of its cheapest place at the prices.
    counted, hours, days : array
        By group of slots: what the tier counts; ``group x bucket``; ``group x settled tier``.
    places : Found
        The candidate that each slot takes where it takes one.
    published : array of int
        The columns of those that stay as published.
    """

    bound: float
    slot_costs: Floats
    counted: Floats
    hours: Floats
    days: Floats
    places: Found
    published: Integers


@dataclass(frozen=True, slots=True)
class Ascent:
    """The best prices found, and what the orders do there.

    Parameters
    ----------
    mixed : list of (Response, array)
        Answers whose mixture uses each bucket as it should, with the weight of each by group of slots.
    """

    point: Point
    response: Response
    prices: Prices
    mixed: list[tuple[Response, Floats]]


def ascend(demand: Demand, columns: Columns, stage: Stage, start: Point, *, budget: Budget) -> Ascent:
    """Raises the bound of a stage from the prices given until little is left to gain."""
    oracle = _Oracle(demand, columns, stage)
    point, best = start, oracle.respond(start)
    model = _Model(stage, len(best.counted))
    model.add(best)
    reach, active = _FIRST_REACH, int(stage.active.sum())
    for _ in range(_MOST_ROUNDS):
        if budget.is_spent:
            break
        trial, hoped = model.best_near(point, reach)
        gain = hoped - best.bound
        if gain <= _ENOUGH * max(1.0, abs(best.bound)):
            if reach >= _FIRST_REACH:
                break
            reach *= 4
            continue
        response = oracle.respond(trial)
        budget.charge(_ROUND_SECONDS + _RESPONSE_SECONDS * active)
        model.add(response)
        if response.bound > best.bound + 0.1 * gain:
            point, best = trial, response
            reach *= 1.5
        else:
            if response.bound > best.bound:
                point, best = trial, response
            reach *= 0.7
    return Ascent(point, best, oracle.prices(point), model.mixture(point))


def group_of(slots: Integers) -> Integers:
    """The group in which the model keeps a slot."""
    return slots % _GROUPS


class _Oracle:
    """Answers what the orders do at given prices."""

    def __init__(self, demand: Demand, columns: Columns, stage: Stage) -> None:
        self.demand, self.columns, self.stage = demand, columns, stage
        self.group = group_of(np.arange(len(demand.slots)))
        self._published = self._published_columns()
        self._limit_of = np.full(len(demand.slots), -1)
        for number, limit in enumerate(stage.limits):
            self._limit_of[demand.classes == limit.priority] = number

    def _published_columns(self) -> Integers:
        published = self.columns.published
        index = np.fromiter(published.values(), dtype=np.int64, count=len(published))
        slots = self.columns.slots[index]
        fits = self.columns.days[index] <= self.stage.most_days[slots] + 1e-9
        return index[fits & self.stage.active[slots]]

    def prices(self, point: Point) -> Prices:
        """The prices as pricing wants them."""
        return stage_prices(self.demand, self.stage, point.bucket, point.tiers.tolist())

    def respond(self, point: Point) -> Response:
        """The cheapest places at the prices, and the bound that they prove."""
        demand, columns, stage = self.demand, self.columns, self.stage
        prices = self.prices(point)
        places = cheapest_places(demand, prices)
        places = places.only(stage.active[places.slots])
        costs = np.full(len(demand.slots), np.inf)
        costs[places.slots] = places.costs
        kind = np.zeros(len(demand.slots), dtype=np.int64)
        index = self._published
        slots = columns.slots[index]
        published = columns.hours[:, index].T @ prices.bucket
        published += prices.day[slots] * columns.days[index] + prices.money * columns.money[index]
        better = published < costs[slots]
        costs[slots[better]], kind[slots[better]] = published[better], 1
        out = prices.day * demand.unscheduled_days + prices.money * demand.change_costs
        leaves = stage.active & stage.may_stay_out & (out < costs)
        costs[leaves], kind[leaves] = out[leaves], 2
        limits = np.array([limit.days for limit in stage.limits])
        bound = float(costs[stage.active].sum()) - capacity_value(stage, point.bucket) - float(point.tiers @ limits)
        taken = places.only(kind[places.slots] == 0)
        kept = index[better & (kind[slots] == 1)]
        hours, days = self._use(taken, kept, np.flatnonzero(leaves))
        by_group = np.bincount(self.group[stage.active], costs[stage.active], minlength=_GROUPS)
        counted = by_group - hours @ point.bucket - days @ point.tiers
        return Response(bound, costs, counted, hours, days, taken, kept)

    def _use(self, taken: Found, published: Integers, out: Integers) -> tuple[Floats, Floats]:
        """``group x bucket`` hours and ``group x settled tier`` days that these take."""
        demand, columns = self.demand, self.columns
        size = len(self.stage.regular_hours)
        hours = np.zeros(_GROUPS * size)
        of_group = demand.way_group[taken.ways]
        for number in np.unique(of_group):
            here = np.flatnonzero(of_group == number)
            group, rows = demand.groups[number], demand.way_row[taken.ways[here]]
            base = self.group[taken.slots[here]][:, None] * size
            for buckets, amounts in (
                (group.completion_buckets[taken.completions[here]], group.completion_hours[rows]),
                (group.ship_buckets[taken.deliveries[here]], group.ship_hours[rows]),
            ):
                hours += np.bincount((base + buckets).ravel(), amounts.ravel(), minlength=len(hours))
        use = hours.reshape(_GROUPS, size)
        matrix = columns.hours[:, published].tocoo()
        np.add.at(use, (self.group[columns.slots[published]][matrix.col], matrix.row), matrix.data)
        slots = np.concatenate([taken.slots, columns.slots[published], out])
        days = np.concatenate(
            [demand.delivery_days(taken.slots, taken.deliveries), columns.days[published], demand.unscheduled_days[out]]
        )
        counted = np.zeros((_GROUPS, len(self.stage.limits)))
        limited = self._limit_of[slots] >= 0
        weighted = (demand.weights[slots] * days)[limited]
        np.add.at(counted, (self.group[slots[limited]], self._limit_of[slots[limited]]), weighted)
        return use, counted


class _Model:
    """The dual as the answers so far bound it from above: a small linear programme over the prices."""

    def __init__(self, stage: Stage, groups: int) -> None:
        self.stage, self.groups = stage, groups
        self.buckets, self.tiers = len(stage.regular_hours), len(stage.limits)
        self.highs = quiet_highs()
        self._responses: list[Response] = []
        self._add_prices()

    def _add_prices(self) -> None:
        """Variables: prices of buckets, prices of tiers, what each group costs, and the price above overtime's rate."""
        stage = self.stage
        limits = np.array([limit.days for limit in stage.limits])
        capacity = stage.regular_hours if stage.money else stage.regular_hours + stage.overtime_hours
        costs = np.concatenate([capacity, limits, -np.ones(self.groups)])
        count = len(costs)
        lower = np.concatenate([np.zeros(self.buckets + self.tiers), np.full(self.groups, -np.inf)])
        none = np.zeros(0, dtype=np.int32)
        self.highs.addCols(count, costs, lower, np.full(count, np.inf), 0, none, none, np.zeros(0))
        if stage.money:
            self._add_overtime(count)

    def _add_overtime(self, first: int) -> None:
        stage, count = self.stage, self.buckets
        none = np.zeros(0, dtype=np.int32)
        zeros, endless = np.zeros(count), np.full(count, np.inf)
        self.highs.addCols(count, stage.overtime_hours, zeros, endless, 0, none, none, np.zeros(0))
        numbers = np.arange(count, dtype=np.int32)
        index = np.stack([numbers, numbers + first], axis=1).ravel().astype(np.int32)
        values = np.tile([1.0, -1.0], count)
        starts = (2 * numbers).astype(np.int32)
        rates = stage.money * stage.overtime_rate
        self.highs.addRows(count, -endless, rates, len(index), starts, index, values)

    def add(self, response: Response) -> None:
        """Each group costs at most what it costs if it keeps doing this."""
        self._responses.append(response)
        matrix = np.concatenate([-response.hours, -response.days], axis=1)
        groups, places = np.nonzero(matrix)
        own = np.arange(self.groups)
        rows = np.concatenate([groups, own])
        index = np.concatenate([places, self.buckets + self.tiers + own])
        values = np.concatenate([matrix[groups, places], np.ones(self.groups)])
        order = np.lexsort((index, rows))
        starts = np.searchsorted(rows[order], own).astype(np.int32)
        lower = np.full(self.groups, -np.inf)
        self.highs.addRows(
            self.groups, lower, response.counted, len(order), starts, index[order].astype(np.int32), values[order]
        )

    def best_near(self, point: Point, reach: float) -> tuple[Point, float]:
        """The prices with the highest value of the model within reach, and that value."""
        center = np.concatenate([point.bucket, point.tiers])
        width = reach * np.maximum(center, max(float(point.bucket.mean()), 1e-3))
        columns = np.arange(len(center), dtype=np.int32)
        self.highs.changeColsBounds(len(center), columns, np.maximum(center - width, 0.0), center + width)
        self.highs.run()
        values = np.array(self.highs.getSolution().col_value)
        found = Point(values[: self.buckets], values[self.buckets : self.buckets + self.tiers])
        return found, -float(self.highs.getInfo().objective_function_value)

    def mixture(self, point: Point) -> list[tuple[Response, Floats]]:
        """The answers that the model's best point near some prices rests on, with their weights by group."""
        self.best_near(point, 1.0)
        duals = -np.array(self.highs.getSolution().row_dual)
        weights = duals[len(duals) - self.groups * len(self._responses) :].reshape(-1, self.groups)
        return [(r, w) for r, w in zip(self._responses, weights, strict=True) if w.max() > 1e-6]


__all__ = ["Ascent", "Point", "ascend", "group_of"]
