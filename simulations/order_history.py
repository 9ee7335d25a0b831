"""What happened: the orders, customers and plant that a study starts from."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property

from cms.aggregation.order_loads import loads_on, routings_of
from cms.domain.customers import Customer, CustomerId, DeliveryWindow
from cms.domain.errors import InvalidValueError
from cms.domain.orders import Order, OrderStatus
from cms.domain.resources import Resource, ResourceId, Routing
from cms.domain.work_calendar import CalendarException, WorkCalendar


@dataclass(frozen=True, kw_only=True)
class History:
    """Orders that were placed, and the plant and customers they were placed with.

    Parameters
    ----------
    orders : tuple of Order
        In order of arrival; all of them can be made and delivered.
    left_out : mapping of str to int
        How many orders are not in it, by reason.
    default_routing : mapping of str to str
        Routing for a product family that has none of its own; ``*`` stands for any family.
    """

    name: str
    orders: tuple[Order, ...]
    customers: Mapping[CustomerId, Customer]
    resources: tuple[Resource, ...]
    routings: tuple[Routing, ...]
    exceptions: tuple[CalendarException, ...] = ()
    default_windows: tuple[DeliveryWindow, ...] = ()
    default_routing: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.orders:
            reasons = "; ".join(f"{reason}: {count}" for reason, count in self.left_out.items()) or "there are none"
            raise InvalidValueError("orders", f"must hold at least one order to replay ({reasons})", 0)
        if not self.resources:
            raise InvalidValueError("resources", "must name at least one resource", 0)

    @property
    def first_day(self) -> date:
        """The day of the first order."""
        return self.orders[0].ordered_at.date()

    @property
    def last_day(self) -> date:
        """The day of the last order."""
        return self.orders[-1].ordered_at.date()

    @cached_property
    def calendar(self) -> WorkCalendar:
        """The work calendar of the plant."""
        return WorkCalendar(resources={one.resource_id: one for one in self.resources}, exceptions=self.exceptions)

    def routings_of(self, product_family: str) -> tuple[Routing, ...]:
        """Every way to make a family, the cheapest first."""
        return routings_of(product_family, self.routings, default_routing=self.default_routing)

    @cached_property
    def hours_needed(self) -> Mapping[ResourceId, float]:
        """Hours of each resource that all orders take, each made the cheapest way."""
        needed = dict.fromkeys((one.resource_id for one in self.resources), 0.0)
        cheapest = {family: self.routings_of(family)[0] for family in {order.product_family for order in self.orders}}
        for order in self.orders:
            for load in loads_on(cheapest[order.product_family], order.quantity):
                needed[load.resource_id] += load.hours
        return needed

    @cached_property
    def bottleneck(self) -> ResourceId:
        """The resource with the highest ratio of hours needed to regular hours between the first and the last order."""
        days = [self.first_day + timedelta(days=index) for index in range((self.last_day - self.first_day).days + 1)]

        def load(resource: Resource) -> float:
            available = sum(bucket.regular_hours for bucket in self.calendar.buckets(resource.resource_id, days))
            return self.hours_needed[resource.resource_id] / available if available else 0.0

        return max(self.resources, key=lambda one: (load(one), one.resource_id)).resource_id

    def peak_week(self) -> tuple[date, int]:
        """The Monday of the week with the most orders (the first of equals), and how many they were."""
        weeks = Counter(monday_of(order.ordered_at.date()) for order in self.orders)
        monday = min(weeks, key=lambda week: (-weeks[week], week))
        return monday, weeks[monday]

    def between(self, start: date, end: date) -> "History":
        """The history of the orders placed from `start` to `end`, both included."""
        kept = tuple(order for order in self.orders if start <= order.ordered_at.date() <= end)
        return _with_orders(self, kept)


def make_history(
    name: str,
    orders: Iterable[Order],
    *,
    customers: Mapping[CustomerId, Customer],
    resources: Sequence[Resource],
    routings: Sequence[Routing],
    exceptions: Sequence[CalendarException] = (),
    default_windows: Sequence[DeliveryWindow] = (),
    default_routing: Mapping[str, str] | None = None,
    left_out: Mapping[str, int] | None = None,
) -> History:
    """The history of these orders; one that was cancelled, or can be neither made nor delivered, is counted instead."""
    defaults = default_routing or {}
    reasons: Counter[str] = Counter(left_out or {})
    makeable: dict[str, bool] = {}
    kept = []
    for order in orders:
        family = order.product_family
        if family not in makeable:
            makeable[family] = bool(routings_of(family, routings, default_routing=defaults))
        reason = _reason_to_leave_out(order, customers, makeable[family])
        if reason is None:
            kept.append(order)
        else:
            reasons[reason] += 1
    return History(
        name=name,
        orders=tuple(sorted(kept, key=lambda order: (order.ordered_at, order.order_id))),
        customers=customers,
        resources=tuple(resources),
        routings=tuple(routings),
        exceptions=tuple(exceptions),
        default_windows=tuple(default_windows),
        default_routing=defaults,
        left_out=dict(sorted(reasons.items())),
    )


def monday_of(day: date) -> date:
    """The Monday of the week of `day`."""
    return day - timedelta(days=day.weekday())


def _reason_to_leave_out(order: Order, customers: Mapping[CustomerId, Customer], makeable: bool) -> str | None:  # noqa: FBT001
    if order.status in {OrderStatus.CANCELLED, OrderStatus.ON_HOLD}:
        return order.status.value.replace("_", " ")
    if order.customer_id not in customers:
        return "unknown customer"
    return None if makeable else f"no routing makes {order.product_family!r}"


def _with_orders(history: History, orders: tuple[Order, ...]) -> History:
    return History(
        name=history.name,
        orders=orders,
        customers=history.customers,
        resources=history.resources,
        routings=history.routings,
        exceptions=history.exceptions,
        default_windows=history.default_windows,
        default_routing=history.default_routing,
        left_out=history.left_out,
    )
