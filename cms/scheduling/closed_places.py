"""The places an order could have had on time, and what closed each: a rule, or a full bucket and who holds it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from cms.capacity.ledger import BucketKey, CapacityLedger
from cms.domain.orders import OrderId
from cms.domain.resources import ResourceId, RoutingId
from cms.domain.schedule import ScheduledLoad
from cms.scheduling.candidate_rules import CANDIDATE_RULES, Placement
from cms.scheduling.free_capacity import booked_loads
from cms.scheduling.problem import OrderDemand, RoutingOption
from cms.scheduling.recount import Recount
from cms.scheduling.wording import enough_hours, hours_text

FULL = "resource_bucket_is_full"
OPEN = "nothing_closes_it"
FENCE = "planning_time_fence"
SPLITS = "delivery_keeps_the_split_limits"
DELIVERY_RULES = (
    "delivery_lies_in_the_horizon",
    "delivery_falls_in_a_window",
    "delivery_avoids_holidays",
    "delivery_avoids_blackouts",
    "delivery_is_not_too_early",
)
"""Rules that close a day for every routing and completion alike."""
COMPLETION_RULES = tuple(name for name in CANDIDATE_RULES if name not in DELIVERY_RULES)
MOST_BUCKETS = 12
MOST_NAMES = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class MissingHours:
    """Hours of a resource-bucket that a place needs and that are not free."""

    resource_id: ResourceId
    bucket_date: date
    missing_hours: float


@dataclass(frozen=True, kw_only=True, slots=True)
class ClosedPlace:
    """A delivery that would have been on time, and what closed it.

    Parameters
    ----------
    routing_id, completion_date : optional
        None where the day is closed however the order is made.
    rules : tuple of str
        Every rule that closes it; ``resource_bucket_is_full`` where hours are missing; ``nothing_closes_it`` where the
        place is open.
    detail : str
        The first of them in plain words.
    missing : tuple of MissingHours
        What is missing where resource-buckets are full.
    """

    routing_id: RoutingId | None
    completion_date: date | None
    delivery_date: date
    rules: tuple[str, ...]
    detail: str
    missing: tuple[MissingHours, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ClassHours:
    """What the orders of one class hold of a resource-bucket; the largest of them by name."""

    priority: int
    hours: float
    orders: int
    largest: tuple[OrderId, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class BucketHolders:
    """Who holds a resource-bucket that closed places: the classes, and quotes that reserve hours of it.

    What is held, reserved and free adds up to `available_hours`, overtime included.
    """

    resource_id: ResourceId
    bucket_date: date
    available_hours: float
    free_hours: float
    places_closed: int
    classes: tuple[ClassHours, ...]
    reserved_hours: float = 0.0


def closed_places(
    recount: Recount,
    ledger: CapacityLedger,
    order: OrderDemand,
    *,
    share: float,
    last_day: date,
    split_limit: str | None = None,
) -> list[ClosedPlace]:
    """Every place of the order up to `last_day`, by delivery date, routing and completion, with what closed it.

    Parameters
    ----------
    ledger : CapacityLedger
        What all others leave free.
    share : float
        The part of the order in question, 0 to 1.
    split_limit : str, optional
        Why that part cannot make a delivery of its own on any day.
    """
    horizon = recount.problem.horizon
    days = range((min(last_day, horizon.end) - horizon.as_of).days + 1)
    found = [place for index in days for place in _places_of_day(recount, ledger, order, share, horizon.day(index))]
    return found if split_limit is None else [_also_closed(place, split_limit) for place in found]


def _also_closed(place: ClosedPlace, split_limit: str) -> ClosedPlace:
    if place.rules == (OPEN,):
        return replace(place, rules=(SPLITS,), detail=split_limit)
    return replace(place, rules=(*place.rules, SPLITS))


def _places_of_day(
    recount: Recount, ledger: CapacityLedger, order: OrderDemand, share: float, day: date
) -> Iterator[ClosedPlace]:
    first = recount.problem.horizon.as_of
    ship = recount.ship_date(order, day)
    broken = _broken(
        _placement(recount, order, order.routings[0], completion=ship, delivery=day, share=share), DELIVERY_RULES
    )
    if ship < first:
        broken["shipping_follows_completion"] = f"it would have to ship on {ship}, before the plan begins"
    if broken:
        yield _closed(None, None, day, broken)
        return
    for routing in order.routings:
        for index in range((ship - first).days + 1):
            completion = recount.problem.horizon.day(index)
            yield _place(ledger, _placement(recount, order, routing, completion=completion, delivery=day, share=share))


def _place(ledger: CapacityLedger, placement: Placement) -> ClosedPlace:
    broken = _broken(placement, COMPLETION_RULES)
    missing = _missing(ledger, placement)
    if missing:
        broken[FULL] = ", ".join(
            f"{m.resource_id} on {m.bucket_date} lacks {hours_text(enough_hours(m.missing_hours))} h" for m in missing
        )
    rules = broken or {OPEN: "nothing closes it: a new plan could use it"}
    return _closed(placement.routing.routing_id, placement.completion_date, placement.delivery_date, rules, missing)


def _closed(
    routing_id: RoutingId | None,
    completion: date | None,
    delivery: date,
    broken: dict[str, str],
    missing: tuple[MissingHours, ...] = (),
) -> ClosedPlace:
    return ClosedPlace(
        routing_id=routing_id,
        completion_date=completion,
        delivery_date=delivery,
        rules=tuple(broken),
        detail=next(iter(broken.values())),
        missing=missing,
    )


def _broken(placement: Placement, names: Iterable[str]) -> dict[str, str]:
    found = {name: CANDIDATE_RULES[name](placement) for name in names}
    return {name: detail for name, detail in found.items() if detail is not None}


def _missing(ledger: CapacityLedger, placement: Placement) -> tuple[MissingHours, ...]:
    shortages = ledger.shortages(booked_loads(placement.loads))
    return tuple(
        MissingHours(resource_id=resource_id, bucket_date=day, missing_hours=round(hours, 6))
        for (resource_id, day), hours in sorted(shortages.items())
    )


def _placement(
    recount: Recount, order: OrderDemand, routing: RoutingOption, *, completion: date, delivery: date, share: float
) -> Placement:
    return Placement(
        problem=recount.problem,
        order=order,
        customer=recount.problem.customer(order.customer_id),
        routing=routing,
        completion_date=completion,
        ship_date=recount.ship_date(order, delivery),
        delivery_date=delivery,
        loads=recount.located(order, routing, completion, delivery, share),
    )


def bucket_holders(
    recount: Recount,
    ledger: CapacityLedger,
    places: Sequence[ClosedPlace],
    loads: Iterable[ScheduledLoad],
    reserved: Mapping[BucketKey, float],
) -> tuple[BucketHolders, ...]:
    """Who holds the resource-buckets that closed most places, the most first."""
    closed = Counter((m.resource_id, m.bucket_date) for place in places for m in place.missing)
    ranked = sorted(closed, key=lambda key: (-closed[key], key))[:MOST_BUCKETS]
    held: dict[BucketKey, list[ScheduledLoad]] = {key: [] for key in ranked}
    for load in loads:
        here = held.get((load.resource_id, load.bucket_date))
        if here is not None and load.hours > 0:
            here.append(load)
    return tuple(
        BucketHolders(
            resource_id=key[0],
            bucket_date=key[1],
            available_hours=ledger.account(*key).available_hours + reserved.get(key, 0.0),
            free_hours=round(ledger.account(*key).free_hours, 6),
            places_closed=closed[key],
            classes=tuple(_class_hours(recount, held[key])),
            reserved_hours=reserved.get(key, 0.0),
        )
        for key in ranked
    )


def _class_hours(recount: Recount, loads: Sequence[ScheduledLoad]) -> Iterator[ClassHours]:
    by_class: dict[int, dict[OrderId, float]] = {}
    for load in loads:
        hours = by_class.setdefault(recount.orders[load.order_id].priority, {})
        hours[load.order_id] = hours.get(load.order_id, 0.0) + load.hours
    for priority, hours in sorted(by_class.items()):
        ranked = [order_id for _, order_id in sorted((-held, order_id) for order_id, held in hours.items())]
        yield ClassHours(
            priority=priority,
            hours=round(sum(hours.values()), 6),
            orders=len(hours),
            largest=tuple(ranked[:MOST_NAMES]),
        )
