"""The oracle: the lexicographic optimum of a small problem, found by trying everything, in exact arithmetic.

It is written against the text of the model alone and shares no line with the engine or the referee: loads are located
by walking back day by day, hours and money are fractions, and every division of a splittable order into whole units is
tried. What keeps it quick: classes are settled one after another (a lower class can never change a higher one), plans
that leave the same hours in every bucket are interchangeable, and a plan whose best possible completion is worse than a
plan already known is dropped.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from itertools import combinations

from cms.domain.resources import LoadAnchor
from cms.scheduling.problem import (
    CurrentDelivery,
    OrderDemand,
    ResourceCapacity,
    RoutingOption,
    SchedulingProblem,
)

Bucket = tuple[str, date]
Numbers = tuple[int, ...]
Option = tuple[Numbers, tuple[tuple[int, int], ...]]
"""What one order adds: to each tier, and to the hours of buckets by their index."""
MOST_PLANS = 200_000


class TooLargeError(Exception):
    """The problem has more plans than it is worth trying."""


@dataclass(frozen=True)
class Slot:
    """A routing, a completion day and a delivery day that the order may have."""

    routing: RoutingOption
    completion: date
    delivery: date
    buckets: tuple[tuple[Bucket, Fraction], ...]


@dataclass(frozen=True)
class Choice:
    """What an order may get as a whole: its tardiness, its money without overtime, its hours by bucket."""

    tardiness: Fraction
    money: Fraction
    hours: tuple[tuple[Bucket, Fraction], ...]


def lexicographic_optimum(problem: SchedulingProblem) -> dict[str, float] | None:
    """The best value of each tier; None where frozen deliveries do not fit."""
    classes = sorted({order.priority for order in problem.orders})
    orders = sorted(problem.orders, key=lambda order: order.priority)
    frozen = sum_hours(frozen_hours(problem, order) for order in orders)
    if any(used > capacity(problem, bucket) for bucket, used in frozen.items()):
        return None
    search = _Search(problem, classes, [(order, _choices(problem, order)) for order in orders], frozen)
    best = search.run()
    names = [f"priority {priority}" for priority in classes] + ["cost"]
    return dict(zip(names, map(float, best), strict=True))


def load_day(problem: SchedulingProblem, resource_id: str, anchor: date, offset: int) -> date | None:
    """The working day of the resource `offset` working days before the last one on or before `anchor`."""
    buckets = next(r for r in problem.resources if r.resource_id == resource_id).buckets
    if not buckets:
        return None
    day = anchor
    while day >= min(buckets):
        if day in buckets and buckets[day].regular_hours + buckets[day].overtime_hours > 0:
            if offset == 0:
                return day
            offset -= 1
        day -= timedelta(days=1)
    return None


def slots(problem: SchedulingProblem, order: OrderDemand) -> list[Slot]:
    """Every (routing, completion, delivery) the model allows the order."""
    days = list(problem.horizon)
    return [
        slot
        for routing in order.routings
        for delivery in days
        if _customer_takes(problem, order, delivery)
        for completion in days
        for slot in _slot(problem, order, routing, completion, delivery)
    ]


def _customer_takes(problem: SchedulingProblem, order: OrderDemand, day: date) -> bool:
    customer = next(c for c in problem.customers if c.customer_id == order.customer_id)
    windows = customer.windows or problem.default_windows
    is_open = any(
        window.weekday == day.weekday()
        and (window.effective_from is None or window.effective_from <= day)
        and (window.effective_to is None or day <= window.effective_to)
        for window in windows
    )
    closed = day in problem.holidays or day in customer.blackout_dates
    return is_open and not closed and (order.due_date - day).days <= customer.max_early_days


def _slot(
    problem: SchedulingProblem, order: OrderDemand, routing: RoutingOption, completion: date, delivery: date
) -> Iterator[Slot]:
    ship = delivery - timedelta(days=_transit(problem, order))
    closing = [load for load in routing.loads if load.anchor is LoadAnchor.COMPLETION]
    if ship < completion:
        return
    if closing and not any(load_day(problem, load.resource_id, completion, 0) == completion for load in closing):
        return
    buckets = []
    for load in routing.loads:
        ships = load.anchor is LoadAnchor.SHIP
        day = load_day(problem, load.resource_id, ship if ships else completion, load.offset_days)
        if day is None or day not in problem.horizon:
            return
        if order.release_date is not None and day < order.release_date:
            return
        if ships and load.offset_days == 0 and day < completion:
            return
        buckets.append(((load.resource_id, day), Fraction(load.hours)))
    yield Slot(routing, completion, delivery, tuple(buckets))


def _transit(problem: SchedulingProblem, order: OrderDemand) -> int:
    return next(c for c in problem.customers if c.customer_id == order.customer_id).transit_days


def plans(problem: SchedulingProblem, order: OrderDemand, available: list[Slot]) -> list[list[tuple[Slot, Fraction]]]:
    """Every way to deliver what is not frozen of the order at these places, nothing included: places with units."""
    frozen = frozen_deliveries(problem, order)
    rest = Fraction(order.quantity) - sum(Fraction(c.quantity) for c in frozen)
    found: list[list[tuple[Slot, Fraction]]] = [[]]
    if rest > 0 and order.splittable:
        found += _splits(order, available, int(rest), len(frozen))
        found += _as_published(problem, order, available, frozen)
    elif rest > 0:
        found += [[(slot, rest)] for slot in available]
    return found


def frozen_deliveries(problem: SchedulingProblem, order: OrderDemand) -> list[CurrentDelivery]:
    """What is published for the order and may not change."""
    return [c for c in order.current if problem.horizon.is_frozen(c.completion_date)]


def _choices(problem: SchedulingProblem, order: OrderDemand) -> list[Choice]:
    best: dict[frozenset[tuple[Bucket, Fraction]], Choice] = {}
    for plan in plans(problem, order, slots(problem, order)):
        choice = choice_of(problem, order, plan)
        key = frozenset(choice.hours)
        if key not in best or (choice.tardiness, choice.money) < (best[key].tardiness, best[key].money):
            best[key] = choice
    return _undominated(list(best.values()))


def _splits(
    order: OrderDemand, available: list[Slot], rest: int, frozen_count: int
) -> Iterator[list[tuple[Slot, Fraction]]]:
    least = math.ceil(order.min_split_quantity or 1)
    most = rest // least
    if order.max_splits is not None:
        most = min(most, order.max_splits - frozen_count)
    for count in range(1, most + 1):
        for total in range(count * least, rest + 1):
            for parts in _compositions(total, count, least):
                for chosen in combinations(available, count):
                    yield list(zip(chosen, map(Fraction, parts), strict=True))


def _compositions(total: int, count: int, least: int) -> Iterator[tuple[int, ...]]:
    if count == 1:
        yield (total,)
        return
    for first in range(least, total - least * (count - 1) + 1):
        for others in _compositions(total - first, count - 1, least):
            yield (first, *others)


def _as_published(
    problem: SchedulingProblem, order: OrderDemand, available: list[Slot], frozen: list[CurrentDelivery]
) -> Iterator[list[tuple[Slot, Fraction]]]:
    """What is published and not frozen, kept as it is, even with two deliveries at the same place."""
    free = [c for c in order.current if not problem.horizon.is_frozen(c.completion_date)]
    places = {(slot.routing.routing_id, slot.completion, slot.delivery): slot for slot in available}
    keys = [(c.routing_id, c.completion_date, c.delivery_date) for c in free]
    total = sum(Fraction(c.quantity) for c in order.current)
    if not free or total > order.quantity or any(key not in places for key in keys):
        return
    if any(c.quantity < (order.min_split_quantity or 1) or c.quantity != int(c.quantity) for c in free):
        return
    if order.max_splits is None or len(free) + len(frozen) <= order.max_splits:
        yield [(places[key], Fraction(c.quantity)) for key, c in zip(keys, free, strict=True)]


def choice_of(problem: SchedulingProblem, order: OrderDemand, plan: Sequence[tuple[Slot, Fraction]]) -> Choice:
    """What the order gets by this plan and what is frozen of it."""
    frozen = frozen_deliveries(problem, order)
    quantity, transit = Fraction(order.quantity), _transit(problem, order)
    routings = {routing.routing_id: routing for routing in order.routings}
    parts = [(routings[c.routing_id], c.completion_date, c.delivery_date, Fraction(c.quantity)) for c in frozen]
    parts += [(slot.routing, slot.completion, slot.delivery, units) for slot, units in plan]
    lost = quantity - sum(part[3] for part in parts)
    end = problem.horizon.as_of + timedelta(days=problem.horizon.horizon_days)
    days = lost * (max(0, (end - order.due_date).days) + problem.horizon.horizon_days)
    money = Fraction(0)
    for routing, completion, delivery, units in parts:
        days += units * max(0, (delivery - order.due_date).days)
        waiting = max(0, (delivery - completion).days - transit)
        hours = sum(Fraction(load.hours) for load in routing.loads)
        holding = Fraction(problem.holding_cost_per_hour_day) * hours * waiting
        money += (Fraction(routing.cost) + holding) * units / quantity
    now = Counter((r.routing_id, completion, delivery, units) for r, completion, delivery, units in parts)
    before = Counter((c.routing_id, c.completion_date, c.delivery_date, Fraction(c.quantity)) for c in order.current)
    if order.current and now != before:
        money += Fraction(problem.change_cost)
    used = sum_hours([[(b, hours * units / quantity) for b, hours in slot.buckets] for slot, units in plan])
    return Choice(Fraction(order.weight) * days / quantity, money, tuple(sorted(used.items())))


def _undominated(choices: list[Choice]) -> list[Choice]:
    """Drops what is no better in tardiness, then money, and needs at least the same hours everywhere."""
    choices.sort(key=lambda choice: (choice.tardiness, choice.money, sum(h for _, h in choice.hours)))
    kept: list[Choice] = []
    for choice in choices:
        mine = dict(choice.hours)
        if len(kept) > 300 or not any(
            all(mine.get(bucket, 0) >= hours for bucket, hours in other.hours) for other in kept
        ):
            kept.append(choice)
    return kept


def frozen_hours(problem: SchedulingProblem, order: OrderDemand) -> list[tuple[Bucket, Fraction]]:
    """The hours of what is frozen of the order."""
    routings = {routing.routing_id: routing for routing in order.routings}
    hours: list[tuple[Bucket, Fraction]] = []
    for c in order.current:
        if problem.horizon.is_frozen(c.completion_date):
            ship = c.delivery_date - timedelta(days=_transit(problem, order))
            for load in routings[c.routing_id].loads:
                anchor = ship if load.anchor is LoadAnchor.SHIP else c.completion_date
                day = load_day(problem, load.resource_id, anchor, load.offset_days)
                if day is not None and day in problem.horizon:
                    share = Fraction(c.quantity) / Fraction(order.quantity)
                    hours.append(((load.resource_id, day), Fraction(load.hours) * share))
    return hours


def sum_hours(parts: Iterable[Iterable[tuple[Bucket, Fraction]]]) -> dict[Bucket, Fraction]:
    """Hours by bucket, added up."""
    total: dict[Bucket, Fraction] = {}
    for part in parts:
        for bucket, hours in part:
            total[bucket] = total.get(bucket, Fraction(0)) + hours
    return total


def capacity(problem: SchedulingProblem, bucket: Bucket) -> Fraction:
    """Regular and overtime hours of a bucket."""
    resource = next(r for r in problem.resources if r.resource_id == bucket[0])
    hours = resource.buckets[bucket[1]]
    return Fraction(hours.regular_hours) + Fraction(hours.overtime_hours)


class _Search:
    """Order after order, every plan that may still become the best one; plans with the same hours are one plan.

    Hours and values are scaled to whole numbers, so that adding and comparing them is exact, and quick.
    """

    def __init__(
        self,
        problem: SchedulingProblem,
        classes: list[int],
        choices: list[tuple[OrderDemand, list[Choice]]],
        frozen: dict[Bucket, Fraction],
    ) -> None:
        buckets = sorted({b for _, own in choices for choice in own for b, _ in choice.hours} | set(frozen))
        resources: dict[str, ResourceCapacity] = {resource.resource_id: resource for resource in problem.resources}
        hours = [resources[name].buckets[day] for name, day in buckets]
        limit = [capacity(problem, bucket) for bucket in buckets]
        regular = [Fraction(h.regular_hours) for h in hours]
        every_hour = [*limit, *regular, *frozen.values()]
        every_hour += [used for _, own in choices for choice in own for _, used in choice.hours]
        scale = math.lcm(*(used.denominator for used in every_hour))
        price = [Fraction(resources[name].overtime_cost_per_hour) / scale for name, _ in buckets]
        values = [value for _, own in choices for choice in own for value in (choice.tardiness, choice.money)]
        self.value_scale = math.lcm(*(value.denominator for value in [*values, *price]))
        self.limit = [int(h * scale) for h in limit]
        self.regular = [int(h * scale) for h in regular]
        self.price = [int(p * self.value_scale) for p in price]
        self.start = tuple(int(frozen.get(bucket, Fraction(0)) * scale) for bucket in buckets)
        index = {bucket: position for position, bucket in enumerate(buckets)}
        self.options: list[list[Option]] = []
        self.settled: dict[int, int] = {}
        for position, (order, own) in enumerate(choices):
            tier = classes.index(order.priority)
            if position + 1 == len(choices) or choices[position + 1][0].priority != order.priority:
                self.settled[position] = tier
            self.options.append([self._option(choice, tier, len(classes), index, scale) for choice in own])
        self.least = self._least_to_come()

    def _option(self, choice: Choice, tier: int, classes: int, index: dict[Bucket, int], scale: int) -> Option:
        values = [0] * (classes + 1)
        values[tier] = int(choice.tardiness * self.value_scale)
        values[-1] = int(choice.money * self.value_scale)
        return tuple(values), tuple((index[bucket], int(hours * scale)) for bucket, hours in choice.hours)

    def _least_to_come(self) -> list[Numbers]:
        """The best that the orders from each position on could add, were there no one else."""
        width = len(self.options[0][0][0])
        least: list[Numbers] = [(0,) * width]
        for own in reversed(self.options):
            own_best = [min(values[tier] for values, _ in own) for tier in range(width)]
            least.append(tuple(a + b for a, b in zip(own_best, least[-1], strict=True)))
        return least[::-1]

    def run(self) -> list[Fraction]:
        """The best value of every tier."""
        known = self._walk(most=60, better_than=None)
        best = self._walk(most=MOST_PLANS, better_than=known)
        return [Fraction(value, self.value_scale) for value in best]

    def _walk(self, most: int, better_than: Numbers | None) -> Numbers:
        plans: dict[Numbers, Numbers] = {self.start: (0,) * len(self.least[0])}
        for position, own in enumerate(self.options):
            plans = self._next(plans, own, position + 1, better_than)
            tier = self.settled.get(position)
            if tier is not None:
                best = min(values[tier] for values in plans.values())
                plans = {hours: values for hours, values in plans.items() if values[tier] == best}
            if len(plans) > most:
                if better_than is not None:
                    raise TooLargeError
                plans = dict(sorted(plans.items(), key=lambda item: self._bound(item[0], item[1], position + 1))[:most])
        return min(self._bound(hours, values, len(self.options)) for hours, values in plans.items())

    def _next(
        self, plans: dict[Numbers, Numbers], own: list[Option], position: int, better_than: Numbers | None
    ) -> dict[Numbers, Numbers]:
        following: dict[Numbers, Numbers] = {}
        for hours, values in plans.items():
            for added, used in own:
                new_hours = self._added(hours, used)
                if new_hours is None:
                    continue
                new_values = tuple(a + b for a, b in zip(values, added, strict=True))
                if new_hours in following and following[new_hours] <= new_values:
                    continue
                if better_than is None or self._bound(new_hours, new_values, position) <= better_than:
                    following[new_hours] = new_values
        return following

    def _added(self, hours: Numbers, used: tuple[tuple[int, int], ...]) -> Numbers | None:
        new = list(hours)
        for index, amount in used:
            new[index] += amount
            if new[index] > self.limit[index]:
                return None
        return tuple(new)

    def _bound(self, hours: Numbers, values: Numbers, position: int) -> Numbers:
        overtime = sum(
            (used - regular) * price
            for used, regular, price in zip(hours, self.regular, self.price, strict=True)
            if used > regular
        )
        total = [a + b for a, b in zip(values, self.least[position], strict=True)]
        return (*total[:-1], total[-1] + overtime)
