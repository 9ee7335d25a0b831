"""A plan while it is built, its account in tiers, and the schedule that it becomes."""

from collections.abc import Iterable, Sequence
from datetime import time
from decimal import Decimal
from typing import NamedTuple

from cms.domain.customers import earliest_window
from cms.domain.schedule import (
    ResourceDay,
    ScheduledDelivery,
    ScheduledLoad,
    TierResult,
    UnscheduledOrder,
)
from cms.scheduling.ledger import BucketHoursUsed, HoursLedger
from cms.scheduling.problem import CurrentDelivery, OrderDemand
from cms.scheduling.result import SchedulingResult, SolveStatus
from cms.scheduling.tables import NO_BUCKET, PlantTables
from cms.scheduling.unscheduled import unscheduled_reason

QUANTITY_TOLERANCE = 1e-9


class Piece(NamedTuple):
    """A delivery in numbers: routing by its place in the order, days counted from ``as_of``."""

    routing: int
    completion: int
    delivery: int
    quantity: float
    frozen: bool = False


class Plan:
    """The pieces of every order, in the order of the problem, and the hours they use."""

    def __init__(self, tables: PlantTables) -> None:
        self.tables = tables
        self.ledger = HoursLedger(tables)
        self.pieces: list[list[Piece]] = []
        for order in tables.problem.orders:
            frozen = frozen_pieces(tables, order) if order.current else []
            self.pieces.append(frozen)
            for piece in frozen:
                self.ledger.use(piece_loads(tables, order, piece))

    def copy(self) -> "Plan":
        """A plan of its own with the same pieces."""
        other = object.__new__(Plan)
        other.tables = self.tables
        other.ledger = self.ledger.copy()
        other.pieces = [list(pieces) for pieces in self.pieces]
        return other

    def add(self, order_number: int, piece: Piece) -> None:
        """Gives an order one more piece."""
        self.pieces[order_number].append(piece)
        self.ledger.use(piece_loads(self.tables, self.tables.problem.orders[order_number], piece))

    def replace(self, order_number: int, pieces: Sequence[Piece]) -> None:
        """Gives an order other pieces than its planned ones; frozen ones stay."""
        order = self.tables.problem.orders[order_number]
        for piece in self.pieces[order_number]:
            if not piece.frozen:
                self.ledger.release(piece_loads(self.tables, order, piece))
        self.pieces[order_number] = [piece for piece in self.pieces[order_number] if piece.frozen]
        for piece in pieces:
            self.add(order_number, piece)


def piece_of(tables: PlantTables, order: OrderDemand, delivery: CurrentDelivery, *, frozen: bool) -> Piece:
    """A published delivery in numbers."""
    names = [routing.routing_id for routing in order.routings]
    days = tables.index(delivery.completion_date), tables.index(delivery.delivery_date)
    return Piece(names.index(delivery.routing_id), *days, delivery.quantity, frozen)


def frozen_pieces(tables: PlantTables, order: OrderDemand) -> list[Piece]:
    """What is published for the order and may no longer change."""
    frozen = order.frozen_deliveries(tables.problem.horizon)
    return [piece_of(tables, order, delivery, frozen=True) for delivery in frozen]


def open_quantity(order: OrderDemand, pieces: Iterable[Piece]) -> float:
    """Units of the order that no piece delivers."""
    missing = order.quantity - sum(piece.quantity for piece in pieces)
    return missing if missing > QUANTITY_TOLERANCE * order.quantity else 0.0


def piece_loads(tables: PlantTables, order: OrderDemand, piece: Piece) -> list[BucketHoursUsed]:
    """The hours that a piece uses in buckets of the horizon; what falls before ``as_of`` is done."""
    way = tables.ways(order)[piece.routing]
    shape, share, last = way.shape, piece.quantity / order.quantity, tables.days - 1
    ship = piece.delivery - tables.problem.customer(order.customer_id).transit_days
    found: list[BucketHoursUsed] = []
    if piece.completion >= 0:
        found += zip(shape.completion_buckets[min(piece.completion, last)], way.completion_hours, strict=True)
    if ship >= 0:
        found += zip(shape.ship_buckets[min(ship, last)], way.ship_hours, strict=True)
    return [(bucket, whole * share) for bucket, whole in found if bucket != NO_BUCKET]


def tardiness_days(tables: PlantTables, order: OrderDemand, delivery: int) -> int:
    """Calendar days of a delivery past the due date, 0 when on time."""
    return max(0, delivery - tables.index(order.due_date))


def unscheduled_days(tables: PlantTables, order: OrderDemand) -> int:
    """What an undelivered order counts in days: more than any delivery of the horizon."""
    return max(0, tables.days - tables.index(order.due_date)) + tables.days


def weighted_tardiness(tables: PlantTables, order: OrderDemand, pieces: Sequence[Piece]) -> float:
    """Weight times the tardiness of the order's pieces and of what is not delivered, by share."""
    days = sum(piece.quantity * tardiness_days(tables, order, piece.delivery) for piece in pieces)
    days += open_quantity(order, pieces) * unscheduled_days(tables, order)
    return order.weight * days / order.quantity


def order_money(tables: PlantTables, order: OrderDemand, pieces: Sequence[Piece]) -> float:
    """Routing, holding and change cost of an order; overtime belongs to the buckets."""
    problem = tables.problem
    transit = problem.customer(order.customer_id).transit_days
    money = problem.change_cost if is_changed(tables, order, pieces) else 0.0
    for piece in pieces:
        way = tables.ways(order)[piece.routing]
        waiting_days = max(0, piece.delivery - transit - piece.completion)
        holding = problem.holding_cost_per_hour_day * way.total_hours * waiting_days
        money += (way.cost + holding) * piece.quantity / order.quantity
    return money


def is_changed(tables: PlantTables, order: OrderDemand, pieces: Sequence[Piece]) -> bool:
    """Whether something is published for the order and its deliveries differ from that."""
    if not order.current:
        return False
    published = sorted(piece_of(tables, order, delivery, frozen=False)[:4] for delivery in order.current)
    return sorted(piece[:4] for piece in pieces) != published


def overtime_money(ledger: HoursLedger, tables: PlantTables) -> float:
    """The cost of the hours beyond the regular ones."""
    rows = zip(ledger.used_hours, ledger.regular_hours, tables.overtime_rate, strict=True)
    return sum(max(0.0, used - regular) * rate for used, regular, rate in rows)


def priority_classes(tables: PlantTables) -> list[int]:
    """The classes that occur, the highest first."""
    return sorted({order.priority for order in tables.problem.orders})


def tier_values(plan: Plan) -> dict[str, float]:
    """Every tier of the objective by name: the classes in order, then ``cost``."""
    tables = plan.tables
    values = {tier_name(priority): 0.0 for priority in priority_classes(tables)}
    cost = overtime_money(plan.ledger, tables)
    for order, pieces in zip(tables.problem.orders, plan.pieces, strict=True):
        values[tier_name(order.priority)] += weighted_tardiness(tables, order, pieces)
        cost += order_money(tables, order, pieces)
    return {**values, "cost": cost}


def tier_name(priority: int) -> str:
    """The name of a class's tier."""
    return f"priority {priority}"


def to_result(
    plan: Plan, *, bounds: dict[str, float], prices: Sequence[float], status: SolveStatus, seconds: float
) -> SchedulingResult:
    """The schedule of a plan, with the proof that came with it.

    Parameters
    ----------
    bounds : dict
        A proven lower bound for each tier, by name.
    prices : sequence of float
        Money for one more hour, by bucket.
    """
    deliveries, loads, unscheduled = _rows(plan)
    return SchedulingResult(
        status=status,
        seconds=seconds,
        tiers=tuple(
            TierResult(name=name, value=value, bound=min(value, bounds[name]))
            for name, value in tier_values(plan).items()
        ),
        deliveries=tuple(sorted(deliveries, key=lambda d: (d.delivery_date, d.order_id, d.sequence))),
        loads=tuple(loads),
        unscheduled=tuple(unscheduled),
        resource_days=tuple(resource_days(plan, prices)),
    )


def _rows(plan: Plan) -> tuple[list[ScheduledDelivery], list[ScheduledLoad], list[UnscheduledOrder]]:
    tables = plan.tables
    deliveries: list[ScheduledDelivery] = []
    loads: list[ScheduledLoad] = []
    unscheduled: list[UnscheduledOrder] = []
    for order, pieces in zip(tables.problem.orders, plan.pieces, strict=True):
        for sequence, piece in enumerate(sorted(pieces, key=lambda piece: (piece.delivery, piece))):
            deliveries.append(_delivery(tables, order, piece, sequence))
            loads += _loads(tables, order, piece, sequence)
        missing = open_quantity(order, pieces)
        if missing:
            reason = unscheduled_reason(tables, order, len(pieces), missing, plan.ledger)
            unscheduled.append(UnscheduledOrder(order_id=order.order_id, quantity=_decimal(missing), reason=reason))
    return deliveries, loads, unscheduled


def _delivery(tables: PlantTables, order: OrderDemand, piece: Piece, sequence: int) -> ScheduledDelivery:
    start, end = _window(tables, order, piece.delivery)
    return ScheduledDelivery(
        order_id=order.order_id,
        sequence=sequence,
        customer_id=order.customer_id,
        routing_id=order.routings[piece.routing].routing_id,
        completion_date=tables.date(piece.completion),
        delivery_date=tables.date(piece.delivery),
        window_start=start,
        window_end=end,
        quantity=_decimal(piece.quantity),
        frozen=piece.frozen,
        tardiness_days=tardiness_days(tables, order, piece.delivery),
    )


def _window(tables: PlantTables, order: OrderDemand, delivery: int) -> tuple[time, time]:
    """The window of the day; the whole day for a frozen delivery whose window has been withdrawn since."""
    terms = tables.problem.customer(order.customer_id)
    window = earliest_window(tables.date(delivery), tables.problem.windows(terms))
    return (window.start, window.end) if window else (time(0, 0), time(23, 59))


def _loads(tables: PlantTables, order: OrderDemand, piece: Piece, sequence: int) -> list[ScheduledLoad]:
    resources = tables.problem.resources
    return [
        ScheduledLoad(
            order_id=order.order_id,
            sequence=sequence,
            resource_id=resources[bucket // tables.days].resource_id,
            bucket_date=tables.date(bucket % tables.days),
            hours=hours,
        )
        for bucket, hours in piece_loads(tables, order, piece)
    ]


def resource_days(plan: Plan, prices: Sequence[float]) -> list[ResourceDay]:
    """Every working bucket of every resource, as it is used."""
    tables, used = plan.tables, plan.ledger.used_hours
    rows = []
    for number, resource in enumerate(tables.problem.resources):
        for day in tables.working_days(number):
            bucket = number * tables.days + day
            regular = tables.regular_hours[bucket]
            load = _cleaned(used[bucket])
            rows.append(
                ResourceDay(
                    resource_id=resource.resource_id,
                    bucket_date=tables.date(day),
                    regular_hours=regular,
                    available_overtime_hours=tables.total_hours[bucket] - regular,
                    load_hours=load,
                    overtime_hours=_cleaned(max(0.0, load - regular)),
                    price_per_hour=prices[bucket],
                )
            )
    return rows


def _cleaned(hours: float) -> float:
    """Hours without the dust of adding and subtracting."""
    return round(hours, 9) + 0.0


def _decimal(quantity: float) -> Decimal:
    return Decimal(int(quantity)) if quantity == int(quantity) else Decimal(repr(quantity))
