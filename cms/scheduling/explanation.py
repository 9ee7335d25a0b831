"""Why an order has the date it has, why that is late, and what would make it on time."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from cms.capacity.ledger import BucketKey
from cms.domain.errors import NotFoundError
from cms.domain.orders import OrderId
from cms.domain.schedule import ScheduledDelivery, ScheduledLoad
from cms.scheduling.closed_places import (
    FENCE,
    FULL,
    OPEN,
    SPLITS,
    BucketHolders,
    ClassHours,
    ClosedPlace,
    bucket_holders,
    closed_places,
)
from cms.scheduling.free_capacity import capacity_ledger, capacity_loads
from cms.scheduling.problem import OrderDemand, SchedulingProblem
from cms.scheduling.recount import QUANTITY_TOLERANCE, Recount
from cms.scheduling.relaxations import Case, Relaxation, placed_cost, relaxations
from cms.scheduling.result import SchedulingResult
from cms.scheduling.unscheduled import split_limit
from cms.scheduling.wording import days_text, hours_text

MOST_HOLDERS_IN_WORDS = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """An order's date, explained.

    Parameters
    ----------
    deliveries : tuple of ScheduledDelivery
        What it gets; empty: nothing.
    delivery_date : date, optional
        The day on which the last of it arrives; None where some of it is not scheduled at all.
    tardiness_days : int
        Of its last delivery.
    why_this_date : str
        In a sentence.
    closed : tuple of ClosedPlace
        Every place that would have been on time, and what closed it; empty for an order that is on time.
    holders : tuple of BucketHolders
        Who holds the resource-buckets that closed most of them.
    relaxations : tuple of Relaxation
        What would make it on time, the cheapest first.
    words : tuple of str
        All of it for reading, a sentence a line.
    """

    order_id: OrderId
    priority: int
    due_date: date
    deliveries: tuple[ScheduledDelivery, ...]
    unscheduled_quantity: float
    delivery_date: date | None
    tardiness_days: int
    why_this_date: str
    closed: tuple[ClosedPlace, ...] = ()
    holders: tuple[BucketHolders, ...] = ()
    relaxations: tuple[Relaxation, ...] = ()
    words: tuple[str, ...] = ()

    @property
    def is_late(self) -> bool:
        """Whether something of it arrives after the due date, or not at all."""
        return self.unscheduled_quantity > 0 or self.tardiness_days > 0

    @property
    def cheapest_relaxation(self) -> Relaxation | None:
        """The change that makes it on time at the least harm and cost; None where no single change does."""
        return self.relaxations[0] if self.relaxations else None


def explain(
    problem: SchedulingProblem,
    result: SchedulingResult,
    order_id: OrderId,
    *,
    reserved: Mapping[BucketKey, float] | None = None,
) -> Explanation:
    """Why the order has its date in this schedule and, if it is late, what closed the better ones and what would help.

    Parameters
    ----------
    reserved : mapping, optional
        Hours by resource-bucket that quotes hold, which the problem's capacity no longer has.

    Raises
    ------
    NotFoundError
        Where the problem has no such order.
    """
    recount = Recount(problem=problem)
    order = recount.orders.get(order_id)
    if order is None:
        raise NotFoundError("order", order_id, "only orders of the plan can be explained")
    placed = _placed(problem, result, order)
    if placed.is_late:
        return _explained_lateness(recount, result, order, placed, reserved or {})
    return _with_words(placed)


def _placed(problem: SchedulingProblem, result: SchedulingResult, order: OrderDemand) -> Explanation:
    own = tuple(d for d in result.deliveries if d.order_id == order.order_id)
    entry = next((entry for entry in result.unscheduled if entry.order_id == order.order_id), None)
    last = max((delivery.delivery_date for delivery in own), default=None)
    return Explanation(
        order_id=order.order_id,
        priority=order.priority,
        due_date=order.due_date,
        deliveries=own,
        unscheduled_quantity=float(entry.quantity) if entry else 0.0,
        delivery_date=None if entry else last,
        tardiness_days=max((delivery.tardiness_days for delivery in own), default=0),
        why_this_date=_why_this_date(problem, order, own, entry.reason if entry else ""),
    )


def _why_this_date(
    problem: SchedulingProblem, order: OrderDemand, own: tuple[ScheduledDelivery, ...], reason: str
) -> str:
    parts = [_delivery_words(problem, order, delivery) for delivery in own]
    if reason:
        parts.append(f"{'the rest' if own else 'it'} is not scheduled: {reason}")
    return "; ".join(parts)


def _delivery_words(problem: SchedulingProblem, order: OrderDemand, delivery: ScheduledDelivery) -> str:
    transit = problem.customer(order.customer_id).transit_days
    days = f", {days_text(delivery.tardiness_days)} late" if delivery.tardiness_days else ", on time"
    fence = "; it is frozen inside the planning time fence" if delivery.frozen else ""
    window = f"{delivery.window_start:%H:%M}-{delivery.window_end:%H:%M}"
    return (
        f"{float(delivery.quantity):g} delivered {_day(delivery.delivery_date)} {window}{days}: completed by routing "
        f"{delivery.routing_id} on {_day(delivery.completion_date)}, {days_text(transit)} on the way{fence}"
    )


def _explained_lateness(
    recount: Recount,
    result: SchedulingResult,
    order: OrderDemand,
    placed: Explanation,
    reserved: Mapping[BucketKey, float],
) -> Explanation:
    kept = _kept(order, placed)
    share = 1 - sum(float(delivery.quantity) for delivery in kept) / order.quantity
    if share <= QUANTITY_TOLERANCE:
        return _with_words(replace(placed, closed=_closed_by_the_fence(placed)))
    problem = recount.problem
    others = [load for load in result.loads if load.order_id != order.order_id]
    own = _loads_of(result, order, kept)
    ledger = capacity_ledger(problem, others)
    in_its_way = ledger.committed(capacity_loads(own))
    limit = split_limit(order, len(kept), share * order.quantity)
    on_time, *later = _targets(problem, order, placed)
    places = closed_places(recount, in_its_way, order, share=share, last_day=on_time, split_limit=limit)
    present = placed_cost(problem, order, ledger, result)
    case = Case(recount, result, order, share, ledger, present, places, on_time)
    found = relaxations(case)
    for target in [] if found else later:
        wider = closed_places(recount, in_its_way, order, share=share, last_day=target, split_limit=limit)
        found = relaxations(case._replace(target=target, places=wider))
    holders = bucket_holders(recount, in_its_way, places, others + own, reserved)
    return _with_words(replace(placed, closed=tuple(places), holders=holders, relaxations=found))


def _kept(order: OrderDemand, placed: Explanation) -> list[ScheduledDelivery]:
    """The deliveries that stay when the late part is looked at: the frozen ones, and the parts that are on time.

    A late part that may not be a delivery of its own beside these, by the limits of splitting, takes the parts that
    are on time with it.
    """
    frozen = [delivery for delivery in placed.deliveries if delivery.frozen]
    if not order.splittable:
        return frozen
    kept = [delivery for delivery in placed.deliveries if delivery.frozen or delivery.tardiness_days == 0]
    rest = order.quantity - sum(float(delivery.quantity) for delivery in kept)
    return frozen if rest > 0 and split_limit(order, len(kept), rest) else kept


def _loads_of(
    result: SchedulingResult, order: OrderDemand, deliveries: Sequence[ScheduledDelivery]
) -> list[ScheduledLoad]:
    sequences = {delivery.sequence for delivery in deliveries}
    return [load for load in result.loads if load.order_id == order.order_id and load.sequence in sequences]


def _closed_by_the_fence(placed: Explanation) -> tuple[ClosedPlace, ...]:
    return tuple(
        ClosedPlace(
            routing_id=delivery.routing_id,
            completion_date=delivery.completion_date,
            delivery_date=delivery.delivery_date,
            rules=(FENCE,),
            detail="the delivery is published and frozen inside the planning time fence",
        )
        for delivery in placed.deliveries
        if delivery.frozen and delivery.tardiness_days
    )


def _targets(problem: SchedulingProblem, order: OrderDemand, placed: Explanation) -> list[date]:
    """The due date, and failing that the day before the present delivery: less late is the next best."""
    horizon = problem.horizon
    better = horizon.end if placed.delivery_date is None else placed.delivery_date - timedelta(days=1)
    if order.due_date < horizon.as_of:
        return [better]
    due = min(order.due_date, horizon.end)
    return [due, better] if better > due else [due]


def _with_words(explained: Explanation) -> Explanation:
    lines = [f"{explained.order_id} (class {explained.priority}), due {_day(explained.due_date)}: "]
    lines[0] += f"{explained.why_this_date}."
    if explained.is_late:
        lines += _lateness_words(explained)
    return replace(explained, words=tuple(lines))


def _lateness_words(explained: Explanation) -> list[str]:
    lines = _closed_words(explained)
    lines += [_holder_words(holders) for holders in explained.holders[:MOST_HOLDERS_IN_WORDS]]
    if not explained.relaxations:
        return [*lines, "No single change that was tried brings it in earlier."]
    first, *others = explained.relaxations
    lines.append(f"Cheapest help: {first.words}.")
    return lines + [f"Or: {relaxation.words}." for relaxation in others]


def _closed_words(explained: Explanation) -> list[str]:
    if not explained.closed:
        return ["No day of the plan is early enough: its due date had gone by before the plan begins."]
    closed = [place for place in explained.closed if place.rules != (OPEN,)]
    still_open = [place for place in explained.closed if place.rules == (OPEN,)]
    lines = [_count_words(closed)] if closed else []
    return [*lines, _open_words(still_open)] if still_open else lines


def _count_words(closed: Sequence[ClosedPlace]) -> str:
    counts = Counter(place.rules[0] for place in closed)
    first = {place.rules[0]: place for place in reversed(closed)}
    reasons = [f"{count} by {_RULE_WORDS[rule]} (e.g. {first[rule].detail})" for rule, count in counts.most_common()]
    places = "1 better place was closed" if len(closed) == 1 else f"{len(closed)} better places were closed"
    return f"{places}: {'; '.join(reasons)}."


def _open_words(places: Sequence[ClosedPlace]) -> str:
    first = places[0]
    where = f"delivery {_day(first.delivery_date)}, completed {first.completion_date} by routing {first.routing_id}"
    count = "1 better place is" if len(places) == 1 else f"{len(places)} better places are"
    return f"{count} open as the plan stands (e.g. {where}): a new plan could use it."


def _holder_words(holders: BucketHolders) -> str:
    holding = [f"class {c.priority} holds {hours_text(c.hours)} h ({_orders_words(c)})" for c in holders.classes]
    if holders.reserved_hours:
        holding.append(f"quotes hold {hours_text(holders.reserved_hours)} h")
    where = f"{holders.resource_id} on {_day(holders.bucket_date)}"
    has, free = hours_text(holders.available_hours), hours_text(holders.free_hours)
    return f"{where} has {has} h, {free} h free: {'; '.join(holding) or 'nobody holds it'}."


def _orders_words(held: ClassHours) -> str:
    names = ", ".join(held.largest)
    return names if held.orders <= len(held.largest) else f"{held.orders} orders, the largest {names}"


def _day(day: date) -> str:
    return f"{day:%a} {day}"


_RULE_WORDS = {
    FULL: "a full resource-bucket",
    SPLITS: "the limits of splitting",
    FENCE: "the planning time fence",
    "delivery_falls_in_a_window": "the customer's windows",
    "delivery_avoids_holidays": "a holiday",
    "delivery_avoids_blackouts": "a blackout",
    "delivery_is_not_too_early": "the days the customer takes it early",
    "completion_is_on_a_working_bucket": "a day off",
    "shipping_follows_completion": "the days on the way",
    "loads_lie_in_the_horizon": "the lead time",
    "work_waits_for_release": "the release date",
    "shipping_work_follows_completion": "the dock's working days",
}
