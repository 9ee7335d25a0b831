"""What every candidate costs at given prices of the resource-buckets, for all orders at once.

At fixed prices the orders no longer compete, so the best candidate of each is found on its own. That gives a proven
lower bound for any prices at all (Lagrangian duality), and the candidates that a linear programme still lacks.

A candidate's cost falls into a part for the completion day and a part for the delivery day; the best completion for
each delivery day is a running minimum. A group of ``n`` ways over ``d`` days is priced in ``O(n d)``.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from cms.scheduling.demand import Demand, Flags, Floats, Group, Integers

_CHUNK_CELLS = 4_000_000


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices at which candidates are compared.

    Parameters
    ----------
    bucket : array
        By bucket: price of an hour.
    day : array
        By slot: price of a day of tardiness of the whole order (its weight times the price of its class).
    money : float
        1 in the cost tier, 0 in the others.
    most_days : array
        By slot: the most days of tardiness (times open share) that a candidate may count.
    """

    bucket: Floats
    day: Floats
    money: float
    most_days: Floats


class Found(NamedTuple):
    """Candidates by way, completion day and delivery day, with their cost at the prices."""

    ways: Integers
    slots: Integers
    completions: Integers
    deliveries: Integers
    costs: Floats

    def only(self, kept: Integers | Flags) -> "Found":
        """Some of them."""
        return Found(self.ways[kept], self.slots[kept], self.completions[kept], self.deliveries[kept], self.costs[kept])


def best_costs(demand: Demand, prices: Prices) -> Floats:
    """By slot: the cost of its cheapest candidate; infinite where none is left."""
    best = np.full(len(demand.slots), np.inf)
    for group in demand.groups:
        at_completion, at_delivery = _parts(demand, group, prices)
        costs = at_delivery + _cheapest_until(at_completion, group.latest_completion)
        np.minimum.at(best, group.slots, costs.min(axis=1, initial=np.inf))
    return best


def cheapest_places(demand: Demand, prices: Prices) -> Found:
    """The cheapest candidate of each slot that has one, in order of slots."""
    parts = []
    for group in demand.groups:
        at_completion, at_delivery = _parts(demand, group, prices)
        costs = at_delivery + _cheapest_until(at_completion, group.latest_completion)
        deliveries = costs.argmin(axis=1)
        least = costs[np.arange(len(deliveries)), deliveries]
        rows = np.flatnonzero(np.isfinite(least))
        deliveries = deliveries[rows]
        until = np.arange(at_completion.shape[1])[None, :] > group.latest_completion[deliveries][:, None]
        completions = np.where(until, np.inf, at_completion[rows]).argmin(axis=1)
        parts.append(_found(group, rows, completions, deliveries, least[rows]))
    found = _joined(iter(parts))
    order = np.lexsort((found.ways, found.costs, found.slots))
    slots = found.slots[order]
    first = order[np.r_[True, slots[1:] != slots[:-1]]] if len(order) else order
    return found.only(first)


def cheapest_by_delivery(demand: Demand, prices: Prices, limits: Floats) -> Found:
    """For each way and delivery day the cheapest candidate, where it costs less than its slot's limit."""
    return _joined(
        _cheapest_of_group(demand, group, prices, limits)
        for group in demand.groups
        if (limits[group.slots] > -np.inf).any()
    )


def _cheapest_of_group(demand: Demand, group: Group, prices: Prices, limits: Floats) -> Found:
    at_completion, at_delivery = _parts(demand, group, prices)
    costs = at_delivery + _cheapest_until(at_completion, group.latest_completion)
    rows, deliveries = np.nonzero(costs < limits[group.slots][:, None])
    until = np.arange(at_completion.shape[1])[None, :] > group.latest_completion[deliveries][:, None]
    completions = np.where(until, np.inf, at_completion[rows]).argmin(axis=1)
    return _found(group, rows, completions, deliveries, costs[rows, deliveries])


def all_within(demand: Demand, prices: Prices, limits: Floats) -> Found:
    """Every candidate that costs at most its slot's limit; of those alike in all but a later delivery, the earliest."""
    return _joined(found for group in demand.groups for found in _within_group(demand, group, prices, limits))


def _within_group(demand: Demand, group: Group, prices: Prices, limits: Floats) -> Iterator[Found]:
    at_completion, at_delivery = _parts(demand, group, prices)
    bound = limits[group.slots]
    days = np.arange(at_completion.shape[1])
    in_time = days[None, :] <= group.latest_completion[:, None]
    step = max(1, _CHUNK_CELLS // max(1, len(days) ** 2))
    for first in range(0, len(bound), step):
        part = slice(first, first + step)
        costs = at_delivery[part, :, None] + at_completion[part, None, :]
        possible = np.isfinite(costs) & in_time[None]
        wanted = possible & (costs <= bound[part, None, None])
        if group.ship_hours.shape[1] == 0:
            wanted &= np.cumsum(possible, axis=1) == 1
        rows, deliveries, completions = np.nonzero(wanted)
        yield _found(group, rows + first, completions, deliveries, costs[rows, deliveries, completions])


def _parts(demand: Demand, group: Group, prices: Prices) -> tuple[Floats, Floats]:
    """Cost by completion day and by delivery day (``way x day``); infinite where a rule closes the day."""
    days = np.arange(group.completion_open.shape[1])
    waiting = prices.money * demand.tables.problem.holding_cost_per_hour_day * group.total_hours[:, None]
    at_completion = group.completion_hours @ prices.bucket[group.completion_buckets].T - waiting * days
    at_completion[~group.completion_open] = np.inf
    tardiness = demand.delivery_days(group.slots[:, None], days[None, :])
    at_delivery = group.ship_hours @ prices.bucket[group.ship_buckets].T + waiting * group.ship_days
    at_delivery += tardiness * prices.day[group.slots][:, None] + prices.money * group.money[:, None]
    at_delivery[~group.delivery_open | (tardiness > prices.most_days[group.slots][:, None] + 1e-9)] = np.inf
    return at_completion, at_delivery


def _cheapest_until(at_completion: Floats, latest_completion: Integers) -> Floats:
    """By delivery day: the least cost of a completion that is early enough."""
    running = np.minimum.accumulate(at_completion, axis=1)
    cheapest = running[:, np.maximum(latest_completion, 0)]
    cheapest[:, latest_completion < 0] = np.inf
    return cheapest


def _found(group: Group, rows: Integers, completions: Integers, deliveries: Integers, costs: Floats) -> Found:
    return Found(rows + group.first_way, group.slots[rows], completions, deliveries, costs)


def _joined(parts: Iterator[Found]) -> Found:
    listed = list(parts)
    if not listed:
        nothing = np.zeros(0, dtype=np.int64)
        return Found(nothing, nothing, nothing, nothing, np.zeros(0))
    return Found(*(np.concatenate(arrays) for arrays in zip(*listed, strict=True)))
