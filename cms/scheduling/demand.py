"""The orders still to be planned as arrays: what the optimiser needs to price a million candidates at once.

A *slot* is an order with an open quantity and at least one candidate. Ways whose loads fall alike (same shape, same
transit) form a *group*, so that a whole group is priced by a few matrix products. Hours, money and days are for the
open share of the order.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from cms.scheduling.candidates import open_completions, open_stops
from cms.scheduling.plan import Plan, open_quantity, unscheduled_days
from cms.scheduling.problem import OrderDemand
from cms.scheduling.tables import PlantTables, Shape, Way

Floats: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int64]
Flags: TypeAlias = npt.NDArray[np.bool_]


@dataclass(slots=True)
class Slot:
    """An order that is still to be planned.

    Parameters
    ----------
    number : int
        The order's place in the problem.
    quantity : float
        What is open of it.
    share : float
        The open part of the whole order.
    most_pieces : int
        How many deliveries it may still get.
    change_cost : float
        What anything costs but keeping what is published; 0 where nothing is.
    """

    number: int
    order: OrderDemand
    quantity: float
    share: float
    most_pieces: int
    change_cost: float


@dataclass(slots=True)
class Group:
    """Ways with the same shape and transit; arrays by way, by day, or both (``way x day``).

    Parameters
    ----------
    completion_buckets, ship_buckets : array
        ``day x load``; days are completion days and delivery days.
    latest_completion : array
        By delivery day; -1 where nothing can be delivered.
    money : array
        Routing and change cost.
    completion_open, delivery_open : array
        ``way x day``: what the order's dates and its customer leave.
    """

    slots: Integers
    routings: Integers
    money: Floats
    total_hours: Floats
    completion_hours: Floats
    ship_hours: Floats
    completion_buckets: Integers
    ship_buckets: Integers
    ship_days: Integers
    latest_completion: Integers
    completion_open: Flags
    delivery_open: Flags
    first_way: int


@dataclass(slots=True)
class Demand:
    """All slots of a problem, with the groups of their ways.

    Parameters
    ----------
    days_per_delivery : array
        ``slot x day``: tardiness of a delivery on that day times the open share.
    unscheduled_days : array
        By slot: what it counts undelivered, times the open share.
    way_group, way_row : array
        By way: where it stands.
    ways_of_slot : list
        By slot: its ways, in order of routing.
    """

    tables: PlantTables
    slots: list[Slot]
    groups: list[Group]
    classes: Integers
    weights: Floats
    shares: Floats
    due_days: Integers
    unscheduled_days: Floats
    change_costs: Floats
    splittable: Flags
    way_group: Integers
    way_row: Integers
    ways_of_slot: list[list[int]]

    def delivery_days(self, slots: Integers, days: Integers) -> Floats:
        """Tardiness of deliveries times the open share; arrays are broadcast against each other."""
        return np.asarray(np.maximum(days - self.due_days[slots], 0) * self.shares[slots], dtype=np.float64)


def demand_of(plan: Plan) -> Demand:
    """What is still to be planned of a plan that holds the frozen deliveries alone."""
    tables = plan.tables
    slots = _slots(plan)
    members: dict[tuple[int, int], list[tuple[int, Way]]] = defaultdict(list)
    for index, slot in enumerate(slots):
        transit = tables.problem.customer(slot.order.customer_id).transit_days
        for way in tables.ways(slot.order):
            members[way.shape.key, transit].append((index, way))
    groups: list[Group] = []
    first_way = 0
    for (_, transit), ways in members.items():
        groups.append(_group(tables, slots, ways, transit, first_way))
        first_way += len(ways)
    return _demand(tables, slots, groups)


def _demand(tables: PlantTables, slots: list[Slot], groups: list[Group]) -> Demand:
    shares = np.array([slot.share for slot in slots])
    unscheduled = np.array([float(unscheduled_days(tables, slot.order)) for slot in slots])
    sizes = [len(group.slots) for group in groups]
    return Demand(
        tables=tables,
        slots=slots,
        groups=groups,
        classes=np.array([slot.order.priority for slot in slots], dtype=np.int64),
        weights=np.array([slot.order.weight for slot in slots], dtype=np.float64),
        shares=shares,
        due_days=np.array([tables.index(slot.order.due_date) for slot in slots], dtype=np.int64),
        unscheduled_days=unscheduled * shares,
        change_costs=np.array([slot.change_cost for slot in slots], dtype=np.float64),
        splittable=np.array([slot.order.splittable for slot in slots], dtype=np.bool_),
        way_group=np.repeat(np.arange(len(groups)), sizes),
        way_row=np.concatenate([np.arange(size) for size in sizes]) if sizes else np.zeros(0, dtype=np.int64),
        ways_of_slot=_ways_of_slot(len(slots), groups),
    )


def _ways_of_slot(slot_count: int, groups: list[Group]) -> list[list[int]]:
    rows = [
        (slot, routing, group.first_way + row)
        for group in groups
        for row, (slot, routing) in enumerate(zip(group.slots.tolist(), group.routings.tolist(), strict=True))
    ]
    ways: list[list[int]] = [[] for _ in range(slot_count)]
    for slot, _, way in sorted(rows):
        ways[slot].append(way)
    return ways


def _slots(plan: Plan) -> list[Slot]:
    """By class: what orders of lower classes are and do moves nothing among those before them."""
    tables = plan.tables
    slots = []
    for number, (order, pieces) in enumerate(zip(tables.problem.orders, plan.pieces, strict=True)):
        quantity = open_quantity(order, pieces)
        most = _most_pieces(order, quantity, len(pieces))
        if quantity > 0 and most > 0 and _can_be_delivered(tables, order):
            change = tables.problem.change_cost if order.current else 0.0
            slots.append(Slot(number, order, quantity, quantity / order.quantity, most, change))
    return sorted(slots, key=lambda slot: slot.order.priority)


def _most_pieces(order: OrderDemand, quantity: float, frozen: int) -> int:
    if not order.splittable:
        return 1
    most = int(quantity // order.smallest_split)
    return most if order.max_splits is None else min(most, order.max_splits - frozen)


def _can_be_delivered(tables: PlantTables, order: OrderDemand) -> bool:
    for way in tables.ways(order):
        completions, stops = open_completions(tables, order, way), open_stops(tables, order, way)
        if completions and any(stop.latest_completion >= completions[0].day for stop in reversed(stops)):
            return True
    return False


def _group(tables: PlantTables, slots: list[Slot], ways: list[tuple[int, Way]], transit: int, first_way: int) -> Group:
    shape = ways[0][1].shape
    share = np.array([slots[index].share for index, _ in ways])
    completion_buckets = np.zeros((tables.days, len(shape.completion_places)), dtype=np.int64)
    for completion in shape.completions:
        completion_buckets[completion.day] = completion.buckets
    ship_buckets, ship_days, latest = _ship_arrays(tables, shape, transit)
    completion_open, delivery_open = _open_arrays(tables, slots, ways)
    return Group(
        slots=np.array([index for index, _ in ways], dtype=np.int64),
        routings=np.array([way.routing for _, way in ways], dtype=np.int64),
        money=np.array([way.cost for _, way in ways]) * share + np.array([slots[i].change_cost for i, _ in ways]),
        total_hours=np.array([way.total_hours for _, way in ways]) * share,
        completion_hours=np.array([way.completion_hours for _, way in ways]).reshape(len(ways), -1) * share[:, None],
        ship_hours=np.array([way.ship_hours for _, way in ways]).reshape(len(ways), -1) * share[:, None],
        completion_buckets=completion_buckets,
        ship_buckets=ship_buckets,
        ship_days=ship_days,
        latest_completion=latest,
        completion_open=completion_open,
        delivery_open=delivery_open,
        first_way=first_way,
    )


def _ship_arrays(tables: PlantTables, shape: Shape, transit: int) -> tuple[Integers, Integers, Integers]:
    """Buckets of the ship-anchored loads, ship day and latest completion by delivery day."""
    buckets = np.zeros((tables.days, len(shape.ship_places)), dtype=np.int64)
    ship_days = np.arange(tables.days) - transit
    latest = np.full(tables.days, -1, dtype=np.int64)
    for day, shipment in enumerate(tables.shipments(shape.ship_places)[: max(0, tables.days - transit)]):
        if shipment is not None:
            buckets[day + transit] = shipment[3]
            latest[day + transit] = shipment[1]
    return buckets, ship_days, latest


def _open_arrays(tables: PlantTables, slots: list[Slot], ways: list[tuple[int, Way]]) -> tuple[Flags, Flags]:
    completion_open = np.zeros((len(ways), tables.days), dtype=np.bool_)
    delivery_open = np.zeros((len(ways), tables.days), dtype=np.bool_)
    for row, (index, way) in enumerate(ways):
        order = slots[index].order
        completion_open[row, [one.day for one in open_completions(tables, order, way)]] = True
        delivery_open[row, [one.day for one in open_stops(tables, order, way)]] = True
    return completion_open, delivery_open
