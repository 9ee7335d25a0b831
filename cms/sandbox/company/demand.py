"""Generates two years of orders: season, trend, rush and bulk, and how far each has come."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import accumulate
from random import Random

from cms.domain.customers import Customer, CustomerStatus
from cms.domain.orders import Order, OrderId, OrderStatus, OrderType, Priority
from cms.sandbox.company.clients import DEFAULT_WINDOWS
from cms.sandbox.company.options import CompanyOptions
from cms.sandbox.company.plant import PRODUCT_FAMILIES
from cms.sandbox.company.records import CustomerRecord, OrderRecord

ORDER_MANAGEMENT = "order_management"
FIRST_NUMBER = 100_001

_WEEKDAY_WEIGHT = (1.25, 1.10, 1.00, 0.95, 0.80, 0.06, 0.03)
_PEAK_DAY_OF_YEAR = 290
_FAMILY_WEIGHTS = (30, 24, 16, 20, 10)
_TYPES = (OrderType.STANDARD, OrderType.RUSH, OrderType.BULK)
_TYPE_WEIGHTS = (0.89, 0.065, 0.045)
_LARGEST_BULK = 6000.0


def generate_orders(
    options: CompanyOptions, customers: Sequence[CustomerRecord], holidays: frozenset[date]
) -> tuple[OrderRecord, ...]:
    """Every order of the history and of the open book, in order of number."""
    random = Random(f"{options.seed}:orders")
    choose = _customer_chooser(options, [record.customer for record in customers])
    days = _order_days(options, random)
    return tuple(
        _order(number, day, choose(day, random), options=options, holidays=holidays, random=random)
        for number, day in enumerate(days, start=FIRST_NUMBER)
    )


def day_weight(day: date, start: date) -> float:
    """How many orders a day draws compared with others: weekly rhythm, yearly peak in autumn, growth.

    Examples
    --------
    >>> monday, sunday = date(2025, 10, 13), date(2025, 10, 12)
    >>> day_weight(monday, date(2024, 1, 1)) > 20 * day_weight(sunday, date(2024, 1, 1))
    True
    """
    day_of_year = day.timetuple().tm_yday
    season = 1 + 0.25 * math.cos(2 * math.pi * (day_of_year - _PEAK_DAY_OF_YEAR) / 365.25)
    growth = 1 + 0.10 * (day - start).days / 365.25
    christmas = 0.3 if (day.month, day.day) >= (12, 23) or (day.month, day.day) <= (1, 2) else 1.0
    return _WEEKDAY_WEIGHT[day.weekday()] * season * growth * christmas


def _order_days(options: CompanyOptions, random: Random) -> list[date]:
    start = options.history_start
    days = [start + timedelta(days=index) for index in range((options.as_of - start).days)]
    weights = list(accumulate(day_weight(day, start) for day in days))
    return sorted(random.choices(days, cum_weights=weights, k=options.order_count))


def _customer_chooser(options: CompanyOptions, customers: Sequence[Customer]) -> Callable[[date, Random], Customer]:
    random = Random(f"{options.seed}:sizes")
    ranks = random.sample(range(len(customers)), len(customers))
    everyone = list(accumulate((rank + 3) ** -0.8 for rank in ranks))
    active = [c for c in customers if c.status is CustomerStatus.ACTIVE]
    weights = [
        (rank + 3) ** -0.8
        for rank, customer in zip(ranks, customers, strict=True)
        if customer.status is CustomerStatus.ACTIVE
    ]
    still_active = list(accumulate(weights))
    left_at = options.as_of - timedelta(days=200)

    def choose(day: date, random: Random) -> Customer:
        if day < left_at or not active:
            return random.choices(customers, cum_weights=everyone)[0]
        return random.choices(active, cum_weights=still_active)[0]

    return choose


def _order(
    number: int, day: date, customer: Customer, *, options: CompanyOptions, holidays: frozenset[date], random: Random
) -> OrderRecord:
    order_type = random.choices(_TYPES, _TYPE_WEIGHTS)[0]
    ordered_at = datetime.combine(day, time(6), tzinfo=UTC) + timedelta(seconds=random.randrange(12 * 3600))
    requested = day + timedelta(days=_lead_days(order_type, random) + customer.transit_days)
    if random.random() < 0.85:
        requested = _next_delivery_day(customer, requested, holidays)
    promised = None
    if random.random() < 0.85:
        grace = random.randint(1, 4) if random.random() < 0.08 else 0
        promised = _next_delivery_day(customer, requested + timedelta(days=grace), holidays)
    order = Order(
        order_id=OrderId(f"SO-{number}"),
        source_system=ORDER_MANAGEMENT,
        source_order_id=f"SO-{number}",
        customer_id=customer.customer_id,
        order_type=order_type,
        priority=Priority(max(1, customer.priority - (order_type is OrderType.RUSH))),
        product_family=random.choices(PRODUCT_FAMILIES, _FAMILY_WEIGHTS)[0],
        quantity=_quantity(order_type, random),
        ordered_at=ordered_at,
        requested_date=requested,
        promised_date=promised,
    )
    return _as_it_stands(order, customer, options, holidays, random)


def _lead_days(order_type: OrderType, random: Random) -> int:
    if order_type is OrderType.RUSH:
        return random.randint(3, 6)
    median = 28 if order_type is OrderType.BULK else 21
    return max(8, min(70, round(random.lognormvariate(math.log(median), 0.35))))


def _quantity(order_type: OrderType, random: Random) -> Decimal:
    if order_type is OrderType.BULK:
        return Decimal(round(min(_LARGEST_BULK, 300 * random.paretovariate(1.6))))
    median = 35 if order_type is OrderType.RUSH else 60
    return Decimal(max(1, round(random.lognormvariate(math.log(median), 0.6))))


def _next_delivery_day(customer: Customer, day: date, holidays: frozenset[date]) -> date:
    for offset in range(28):
        candidate = day + timedelta(days=offset)
        if candidate not in holidays and customer.opens_on(candidate, DEFAULT_WINDOWS):
            return candidate
    return day


def _as_it_stands(
    order: Order, customer: Customer, options: CompanyOptions, holidays: frozenset[date], random: Random
) -> OrderRecord:
    """The order with the status that its dates give it at `as_of`, and the instant of its last change."""
    ship_by = order.due_date - timedelta(days=customer.transit_days)
    days_left = (ship_by - options.as_of).days
    if random.random() < 0.02:
        return _touched(order, OrderStatus.CANCELLED, options, random)
    if days_left <= 1:
        return _made(order, customer, options, holidays, random)
    if days_left <= 4 and random.random() < 0.5:
        return _touched(order, OrderStatus.IN_PRODUCTION, options, random)
    return _touched(order, OrderStatus.ON_HOLD if random.random() < 0.01 else OrderStatus.OPEN, options, random)


def _made(
    order: Order, customer: Customer, options: CompanyOptions, holidays: frozenset[date], random: Random
) -> OrderRecord:
    """An order that should have left: delivered, on the road, or late and still in the plant."""
    tardiness = 0 if random.random() < 0.88 else 1 + min(20, int(random.expovariate(0.4)))
    earliest = order.ordered_at.date() + timedelta(days=1 + customer.transit_days)
    delivered = _next_delivery_day(customer, max(earliest, order.due_date + timedelta(days=tardiness)), holidays)
    shipped = delivered - timedelta(days=customer.transit_days)
    if shipped >= options.as_of:
        status = OrderStatus.IN_PRODUCTION if tardiness else OrderStatus.SHIPPED
        if status is OrderStatus.IN_PRODUCTION:
            return _touched(order, status, options, random)
        shipped = options.as_of - timedelta(days=1)
    shipped_at = _at(shipped, 5, 18, random, options)
    if delivered >= options.as_of:
        made = replace(order, status=OrderStatus.SHIPPED, shipped_at=shipped_at)
        return OrderRecord(order=made, updated_at=shipped_at)
    delivered_at = max(shipped_at, _at(delivered, 7, 16, random, options))
    made = replace(order, status=OrderStatus.DELIVERED, shipped_at=shipped_at, delivered_at=delivered_at)
    return OrderRecord(
        order=made, updated_at=min(options.morning, delivered_at + timedelta(minutes=random.randint(1, 600)))
    )


def _touched(order: Order, status: OrderStatus, options: CompanyOptions, random: Random) -> OrderRecord:
    room = min(options.morning, order.ordered_at + timedelta(days=20)) - order.ordered_at
    seconds = random.randrange(max(1, int(room.total_seconds())))
    return OrderRecord(order=replace(order, status=status), updated_at=order.ordered_at + timedelta(seconds=seconds))


def _at(day: date, first_hour: int, last_hour: int, random: Random, options: CompanyOptions) -> datetime:
    moment = datetime.combine(day, time(random.randint(first_hour, last_hour), random.randrange(60)), tzinfo=UTC)
    return min(moment, options.morning)
