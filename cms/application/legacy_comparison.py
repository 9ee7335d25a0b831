"""How the schedule of the system that is being replaced differs from ours, by order and by day, and why."""

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from cms.domain.orders import OrderId
from cms.domain.schedule import ScheduledDelivery, group_by_order


@dataclass(frozen=True, kw_only=True, slots=True)
class LegacyDelivery:
    """A delivery of the other system's schedule.

    Parameters
    ----------
    customer_id : str, optional
        None: its export does not say.
    quantity : Decimal, optional
        None: its export does not say; then it is not compared.
    """

    order_id: OrderId
    delivery_date: date
    customer_id: str | None = None
    quantity: Decimal | None = None


class Difference(StrEnum):
    """What differs."""

    ONLY_LEGACY = "only in legacy"
    ONLY_OURS = "only in ours"
    UNKNOWN_CUSTOMER = "unknown customer"
    OTHER_CUSTOMER = "other customer"
    OTHER_DATE = "other date"
    OTHER_QUANTITY = "other quantity"
    OTHER_SPLIT = "other split"


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderDifference:
    """An order that the two schedules do not agree about.

    Parameters
    ----------
    legacy_date, our_date : date, optional
        The last delivery in each; None: it has none there.
    days : int
        Our last delivery less theirs; 0 where one has none.
    reasons : tuple of str
        Why, in sentences.
    """

    order_id: OrderId
    customer_id: str
    kinds: tuple[Difference, ...]
    legacy_date: date | None
    our_date: date | None
    days: int
    legacy_quantity: Decimal | None
    our_quantity: Decimal | None
    reasons: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class DayDifference:
    """What the two schedules deliver on a day.

    Parameters
    ----------
    same_orders : int
        Orders that both deliver that day.
    """

    day: date
    legacy_orders: int
    our_orders: int
    same_orders: int
    legacy_quantity: Decimal
    our_quantity: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class LegacyComparison:
    """All that differs.

    Parameters
    ----------
    orders : tuple of OrderDifference
        By order.
    agreeing : int
        Orders with the same deliveries in both.
    days : tuple of DayDifference
        Every day on which either delivers.
    unreadable : tuple of str
        Rows of the export that could not be compared, and why.
    """

    version: int
    as_of: date
    agreeing: int
    orders: tuple[OrderDifference, ...]
    days: tuple[DayDifference, ...]
    unreadable: tuple[str, ...] = ()

    def counts(self) -> dict[str, int]:
        """Orders by what differs, in the sequence of `Difference`; an order may count several times."""
        counted = Counter(kind for order in self.orders for kind in order.kinds)
        return {kind.value: counted[kind] for kind in Difference if counted[kind]}


@dataclass(frozen=True, kw_only=True)
class Reasons:
    """What is known about why the schedules differ; each answers with sentences.

    Parameters
    ----------
    not_ours : callable
        Why we do not deliver an order.
    not_legacy : callable
        Why the other system may not deliver it, given our last delivery.
    other_date : callable
        Why we do not deliver it when the other system does, given its deliveries.
    known_customers : container of str
        Customers of the customer master.
    """

    not_ours: Callable[[OrderId], Sequence[str]]
    not_legacy: Callable[[OrderId, date], Sequence[str]]
    other_date: Callable[[OrderId, Sequence[LegacyDelivery]], Sequence[str]]
    known_customers: Container[str]


_Found: TypeAlias = tuple[Difference, Sequence[str]]


def compare_with_legacy(
    legacy: Iterable[LegacyDelivery],
    ours: Iterable[ScheduledDelivery],
    reasons: Reasons,
    *,
    version: int,
    as_of: date,
    unreadable: Sequence[str] = (),
) -> LegacyComparison:
    """Every order and day on which the two schedules differ."""
    theirs: dict[OrderId, list[LegacyDelivery]] = {}
    for delivery in sorted(legacy, key=lambda d: (d.order_id, d.delivery_date)):
        theirs.setdefault(delivery.order_id, []).append(delivery)
    own = group_by_order(ours)
    order_ids = sorted(theirs.keys() | own.keys())
    compared = [_order(order_id, theirs.get(order_id, []), own.get(order_id, ()), reasons) for order_id in order_ids]
    return LegacyComparison(
        version=version,
        as_of=as_of,
        agreeing=sum(not order.kinds for order in compared),
        orders=tuple(order for order in compared if order.kinds),
        days=_days(theirs, own),
        unreadable=tuple(unreadable),
    )


def _order(
    order_id: OrderId, theirs: Sequence[LegacyDelivery], own: Sequence[ScheduledDelivery], reasons: Reasons
) -> OrderDifference:
    customer_id = next((d.customer_id for d in theirs if d.customer_id), None)
    found = [*_of_customer(customer_id, own, reasons)]
    if not own:
        found.append((Difference.ONLY_LEGACY, reasons.not_ours(order_id)))
    elif not theirs:
        found.append((Difference.ONLY_OURS, reasons.not_legacy(order_id, _last(own))))
    else:
        found += _of_both(order_id, theirs, own, reasons)
    legacy_date, our_date = (_last(theirs) if theirs else None), (_last(own) if own else None)
    return OrderDifference(
        order_id=order_id,
        customer_id=customer_id or (own[0].customer_id if own else ""),
        kinds=tuple(kind for kind, _ in found),
        legacy_date=legacy_date,
        our_date=our_date,
        days=(our_date - legacy_date).days if our_date and legacy_date else 0,
        legacy_quantity=_legacy_quantity(theirs),
        our_quantity=_our_quantity(own) if own else None,
        reasons=tuple(reason for _, own_reasons in found for reason in own_reasons),
    )


def _of_customer(customer_id: str | None, own: Sequence[ScheduledDelivery], reasons: Reasons) -> Iterator[_Found]:
    if customer_id is None:
        return
    if customer_id not in reasons.known_customers:
        yield Difference.UNKNOWN_CUSTOMER, [f"the customer master has no customer {customer_id}"]
    elif own and customer_id != own[0].customer_id:
        yield Difference.OTHER_CUSTOMER, [f"legacy delivers it to {customer_id}, the order is of {own[0].customer_id}"]


def _of_both(
    order_id: OrderId, theirs: Sequence[LegacyDelivery], own: Sequence[ScheduledDelivery], reasons: Reasons
) -> Iterator[_Found]:
    same_end = _last(theirs) == _last(own)
    if not same_end:
        yield Difference.OTHER_DATE, reasons.other_date(order_id, theirs)
    quantity, ours = _legacy_quantity(theirs), _our_quantity(own)
    if quantity is not None and quantity != ours:
        yield Difference.OTHER_QUANTITY, [f"legacy delivers {_units(quantity)} units, ours {_units(ours)}"]
    if same_end and {d.delivery_date for d in theirs} != {d.delivery_date for d in own}:
        yield Difference.OTHER_SPLIT, [f"legacy delivers it in {len(theirs)} part(s), ours in {len(own)}"]


def _last(deliveries: Sequence[LegacyDelivery] | Sequence[ScheduledDelivery]) -> date:
    return max(delivery.delivery_date for delivery in deliveries)


def _legacy_quantity(theirs: Sequence[LegacyDelivery]) -> Decimal | None:
    known = [delivery.quantity for delivery in theirs if delivery.quantity is not None]
    return sum(known, Decimal(0)) if known and len(known) == len(theirs) else None


def _our_quantity(own: Sequence[ScheduledDelivery]) -> Decimal:
    return sum((delivery.quantity for delivery in own), Decimal(0))


def _units(quantity: Decimal) -> str:
    return f"{quantity.normalize():f}"


def _days(
    theirs: Mapping[OrderId, Sequence[LegacyDelivery]], own: Mapping[OrderId, Sequence[ScheduledDelivery]]
) -> tuple[DayDifference, ...]:
    legacy = _by_day(d for deliveries in theirs.values() for d in deliveries)
    ours = _by_day(d for deliveries in own.values() for d in deliveries)
    nothing: tuple[frozenset[OrderId], Decimal] = (frozenset(), Decimal(0))
    return tuple(
        DayDifference(
            day=day,
            legacy_orders=len(legacy.get(day, nothing)[0]),
            our_orders=len(ours.get(day, nothing)[0]),
            same_orders=len(legacy.get(day, nothing)[0] & ours.get(day, nothing)[0]),
            legacy_quantity=legacy.get(day, nothing)[1],
            our_quantity=ours.get(day, nothing)[1],
        )
        for day in sorted(legacy.keys() | ours.keys())
    )


def _by_day(
    deliveries: Iterable[LegacyDelivery | ScheduledDelivery],
) -> dict[date, tuple[frozenset[OrderId], Decimal]]:
    found: dict[date, tuple[frozenset[OrderId], Decimal]] = {}
    for delivery in deliveries:
        orders, quantity = found.get(delivery.delivery_date, (frozenset(), Decimal(0)))
        found[delivery.delivery_date] = (orders | {delivery.order_id}, quantity + (delivery.quantity or Decimal(0)))
    return found
