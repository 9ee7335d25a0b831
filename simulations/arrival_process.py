"""Which orders arrive in a replication: history replayed, thinned, copied, drawn by week, or drawn from a forecast.

All that chance decides about an order is drawn here, as it arrives, so that every policy sees the same orders.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from cms.domain.customers import Customer, CustomerId
from cms.domain.orders import Order, OrderId, OrderType
from simulations.order_history import History, monday_of
from simulations.random_streams import RandomStreams
from simulations.scenario_demand import Arrivals, Day, Demand, NewCustomer

PLANNING_HOUR = 6
"""The simulated day begins with the planning run of the morning; hours are counted from the first one, UTC."""
Floats: TypeAlias = npt.NDArray[np.float64]


class WeeklyCount(NamedTuple):
    """How many orders of a family a week brings, by the forecast: mean and standard deviation."""

    monday: date
    product_family: str
    mean: float
    deviation: float


class SimulatedOrder(NamedTuple):
    """An order as it arrives, with its luck.

    Parameters
    ----------
    arrival_hours : float
        Since the first planning run.
    work_luck : float
        Standard normal: how its work times lie.
    transit_luck, yield_luck : float
        Uniform, 0 to 1: how its transit lies among all, and its scrap.
    """

    order_id: OrderId
    customer_id: CustomerId
    product_family: str
    order_type: OrderType
    priority: int
    quantity: Decimal
    arrival_hours: float
    due: date
    release: date | None
    work_luck: float
    transit_luck: float
    yield_luck: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Period:
    """The simulated days."""

    start: date
    days: int

    @property
    def origin(self) -> datetime:
        """The first planning run, from which hours are counted."""
        return datetime.combine(self.start, time(PLANNING_HOUR), tzinfo=UTC)

    def index(self, day: Day) -> int:
        """A day as a number of days after the first."""
        return day if isinstance(day, int) else (day - self.start).days

    def date(self, index: int) -> date:
        """The calendar date of a day."""
        return self.start + timedelta(days=index)

    def hours(self, moment: datetime) -> float:
        """Hours since the first planning run."""
        return (moment - self.origin).total_seconds() / 3600


class _Base(NamedTuple):
    """An order of the history, and by how many days it is shifted."""

    order: Order
    shift_days: int
    name: str


class _Luck(NamedTuple):
    copies: Floats
    jitter: Floats
    rush: Floats
    work: Floats
    transit: Floats
    good: Floats


def arrivals(
    history: History,
    demand: Demand,
    period: Period,
    streams: RandomStreams,
    *,
    forecast: Sequence[WeeklyCount] = (),
) -> list[SimulatedOrder]:
    """The orders of one replication, in order of arrival.

    Parameters
    ----------
    forecast : sequence of WeeklyCount
        For forecast-driven arrivals.
    """
    base = _base_orders(history, demand, period, streams, forecast)
    rush_share = _rush_share(history)
    found = list(_expanded(base, demand, period, streams, rush_share))
    for won in demand.new_customers:
        extra = list(_orders_won(won, history, period, streams))
        luck = _draw_luck(streams, f"orders of new customer {won.customer_id}", len(extra))
        found += [
            _arrived(one, number, period=period, demand=demand, luck=luck, rush_share=rush_share)
            for number, one in enumerate(extra)
        ]
    end = period.days * 24.0
    kept = [order for order in found if 0 <= order.arrival_hours < end]
    return sorted(kept, key=lambda order: (order.arrival_hours, order.order_id))


def customers_with(history: History, demand: Demand) -> Mapping[CustomerId, Customer]:
    """The customers of the history, and those won."""
    won = {
        CustomerId(one.customer_id): Customer(
            customer_id=CustomerId(one.customer_id),
            name=one.customer_id,
            priority=one.priority,
            transit_days=one.transit_days,
            max_early_days=one.max_early_days,
        )
        for one in demand.new_customers
    }
    return {**history.customers, **won}


def _base_orders(
    history: History, demand: Demand, period: Period, streams: RandomStreams, forecast: Sequence[WeeklyCount]
) -> list[_Base]:
    if demand.arrivals is Arrivals.BOOTSTRAP:
        return list(_weeks_drawn(history, period, streams))
    if demand.arrivals is Arrivals.FORECAST:
        return list(_orders_forecast(history, forecast, streams))
    # an order that arrives after the morning's planning run belongs to that day, one before it to the day before
    reach = timedelta(days=period.days)
    return [_Base(o, 0, o.order_id) for o in history.orders if period.origin <= o.ordered_at < period.origin + reach]


def _weeks_drawn(history: History, period: Period, streams: RandomStreams) -> Iterator[_Base]:
    """Whole weeks of the history, drawn with replacement: what belongs together inside a week stays together."""
    weeks: dict[date, list[Order]] = {}
    for order in history.orders:
        weeks.setdefault(monday_of(order.ordered_at.date()), []).append(order)
    mondays = _whole_weeks(history, sorted(weeks))
    chance = streams.generator("weeks drawn")
    first = monday_of(period.start)
    for number in range((period.days + 6) // 7 + 1):
        drawn = mondays[int(chance.integers(len(mondays)))]
        monday = first + timedelta(days=7 * number)
        for order in weeks[drawn]:
            yield _Base(order, (monday - drawn).days, f"{order.order_id}@{number}")


def _whole_weeks(history: History, mondays: list[date]) -> list[date]:
    whole = [day for day in mondays if day >= history.first_day and day + timedelta(days=4) <= history.last_day]
    return whole or mondays


def _orders_forecast(history: History, forecast: Sequence[WeeklyCount], streams: RandomStreams) -> Iterator[_Base]:
    pools: dict[str, list[Order]] = {}
    for order in history.orders:
        pools.setdefault(order.product_family, []).append(order)
    for week in forecast:
        chance = streams.generator(f"forecast of {week.product_family} in the week of {week.monday}")
        count = max(0, round(float(chance.normal(week.mean, week.deviation))))
        pool = pools[week.product_family]
        for number, place in enumerate(chance.integers(len(pool), size=count).tolist()):
            order = pool[place]
            shift = (week.monday - monday_of(order.ordered_at.date())).days
            yield _Base(order, shift, f"{week.product_family}-{week.monday:%y%m%d}-{number}")


def _orders_won(won: NewCustomer, history: History, period: Period, streams: RandomStreams) -> Iterator[_Base]:
    pool = [order for order in history.orders if won.product_family in (None, order.product_family)]
    chance = streams.generator(f"arrivals of new customer {won.customer_id}")
    first = period.date(period.index(won.start))
    for week in range((period.days + 6) // 7):
        monday = monday_of(first) + timedelta(days=7 * week)
        count = int(chance.poisson(won.orders_per_week))
        for number, place in enumerate(chance.integers(len(pool), size=count).tolist()):
            order = pool[place]
            shift = (monday - monday_of(order.ordered_at.date())).days
            if order.ordered_at.date() + timedelta(days=shift) >= first:
                yield _Base(_of_customer(order, won), shift, f"{won.customer_id}-{week}-{number}")


def _of_customer(order: Order, won: NewCustomer) -> Order:
    return Order(
        order_id=order.order_id,
        source_system=order.source_system,
        source_order_id=order.source_order_id,
        customer_id=CustomerId(won.customer_id),
        order_type=order.order_type,
        priority=order.priority,
        product_family=order.product_family,
        quantity=max(Decimal(1), (order.quantity * Decimal(str(won.quantity_factor))).to_integral_value()),
        ordered_at=order.ordered_at,
        requested_date=order.requested_date,
        release_date=order.release_date,
    )


def _expanded(
    base: Sequence[_Base], demand: Demand, period: Period, streams: RandomStreams, rush_share: float
) -> Iterator[SimulatedOrder]:
    """Each order as often as the demand's factors say; a larger factor adds to the orders of a smaller one."""
    factors = [_factor(one, demand, period) for one in base]
    most = int(max(factors, default=0.0)) + 1
    chances = _draw_luck(streams, "orders", len(base)).copies
    for copy in range(most):
        luck = _draw_luck(streams, f"orders, copy {copy}", len(base))
        for number, one in enumerate(base):
            if copy + chances[number] < factors[number]:
                yield _arrived(one, number, period=period, demand=demand, luck=luck, rush_share=rush_share, copy=copy)


def _factor(one: _Base, demand: Demand, period: Period) -> float:
    factor = demand.factor * demand.family_factors.get(one.order.product_family, 1.0)
    day = period.index(one.order.ordered_at.date()) + one.shift_days
    for peak in demand.peaks:
        first = period.index(peak.start)
        if first <= day < first + peak.days and peak.product_family in (None, one.order.product_family):
            factor *= peak.factor
    return factor


def _draw_luck(streams: RandomStreams, source: str, count: int) -> _Luck:
    chance = streams.generator(source)
    uniform = chance.random((count, 5))
    work = chance.standard_normal(count)
    return _Luck(uniform[:, 0], uniform[:, 1], uniform[:, 2], work, uniform[:, 3], uniform[:, 4])


def _arrived(
    one: _Base, number: int, *, period: Period, demand: Demand, luck: _Luck, rush_share: float, copy: int = 0
) -> SimulatedOrder:
    order = one.order
    jitter = (2 * float(luck.jitter[number]) - 1) * demand.jitter_days if copy else 0.0
    hours = period.hours(order.ordered_at) + 24 * (one.shift_days + jitter)
    shift = timedelta(days=one.shift_days + round(jitter))
    due, order_type = order.due_date + shift, order.order_type
    day = int(hours // 24)
    is_rush = _is_rush(order, float(luck.rush[number]), _rush_target(demand, period, day, rush_share), rush_share)
    if is_rush and order_type is not OrderType.RUSH:
        order_type, due = OrderType.RUSH, min(due, period.date(day) + timedelta(days=demand.rush_lead_days))
    elif not is_rush and order_type is OrderType.RUSH:
        order_type = OrderType.STANDARD
    return SimulatedOrder(
        OrderId(f"{one.name}~{copy}" if copy else one.name),
        order.customer_id,
        order.product_family,
        order_type,
        order.priority,
        order.quantity,
        hours,
        due,
        None if order.release_date is None else order.release_date + shift,
        float(luck.work[number]),
        float(luck.transit[number]),
        float(luck.good[number]),
    )


def _rush_share(history: History) -> float:
    return sum(order.order_type is OrderType.RUSH for order in history.orders) / len(history.orders)


def _rush_target(demand: Demand, period: Period, day: int, rush_share: float) -> float:
    target = rush_share * demand.rush_factor if demand.rush_share is None else demand.rush_share
    for wave in demand.rush_waves:
        if 0 <= day - period.index(wave.start) < wave.days:
            target = max(target, wave.share)
    return min(1.0, target)


def _is_rush(order: Order, luck: float, target: float, rush_share: float) -> bool:
    """Keeps, adds or takes away rush orders by chance, so that their share becomes the target."""
    if order.order_type is OrderType.RUSH:
        return target >= rush_share or luck < target / rush_share
    return target > rush_share and luck < (target - rush_share) / (1 - rush_share)
