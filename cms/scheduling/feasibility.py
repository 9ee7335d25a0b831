"""The independent referee: every way in which a schedule breaks a hard rule of its problem.

It trusts nothing that the schedule says of itself: loads, overtime, tardiness and the value of every tier are counted
anew from the deliveries (``recount``), and the rules share no code with the engine that built the schedule.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from cms.domain.metrics import tardiness_days
from cms.domain.orders import OrderId
from cms.domain.schedule import ScheduledDelivery, UnscheduledOrder, group_by_order
from cms.scheduling.candidate_rules import CANDIDATE_RULES, Placement, open_window
from cms.scheduling.problem import OrderDemand, SchedulingProblem
from cms.scheduling.recount import (
    QUANTITY_TOLERANCE,
    BucketUse,
    Recount,
    ResourceBucket,
    available_hours,
    counted_tiers,
    frozen_deliveries,
    overtime_of,
    place_of,
    routing_of,
    total_hours,
)
from cms.scheduling.result import SchedulingResult, SolveStatus

HOURS_TOLERANCE = 1e-6
OPTIMALITY_TOLERANCE = 1e-6


@dataclass(frozen=True, kw_only=True, slots=True)
class Violation:
    """A hard rule that a schedule breaks.

    Parameters
    ----------
    rule : str
        Name of the rule's function.
    subject : str
        The order, resource-bucket or tier that breaks it.
    detail : str
        What was found, and what the rule asks.
    """

    rule: str
    subject: str
    detail: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.detail} [{self.rule}]"


@dataclass(frozen=True, kw_only=True, slots=True)
class Audit:
    """A schedule beside its problem, counted anew.

    Parameters
    ----------
    uses : sequence
        For each delivery of the schedule, in its order, the hours it uses by resource-bucket.
    hours : mapping
        All of them together.
    """

    problem: SchedulingProblem
    result: SchedulingResult
    recount: Recount
    deliveries: Mapping[OrderId, tuple[ScheduledDelivery, ...]]
    unscheduled: Mapping[OrderId, UnscheduledOrder]
    uses: Sequence[Sequence[BucketUse]]
    hours: Mapping[ResourceBucket, float]

    def orders(self) -> Iterator[tuple[OrderDemand, tuple[ScheduledDelivery, ...]]]:
        """Every order of the problem with its deliveries."""
        return ((order, self.deliveries.get(order.order_id, ())) for order in self.problem.orders)


Finding: TypeAlias = tuple[str, str]
"""Subject and detail of a violation."""
Rule: TypeAlias = Callable[[Audit], Iterable[Finding]]


def find_violations(problem: SchedulingProblem, result: SchedulingResult) -> tuple[Violation, ...]:
    """Every violation of a hard rule, rule by rule; empty for a schedule that may be published.

    A result that calls the problem infeasible is checked for that claim alone.

    Examples
    --------
    ``if find_violations(problem, result): ...  # nothing is published``
    """
    recount = Recount(problem=problem)
    uses = [recount.bucket_hours(delivery) for delivery in result.deliveries]
    audit = Audit(
        problem=problem,
        result=result,
        recount=recount,
        deliveries=group_by_order(result.deliveries),
        unscheduled={entry.order_id: entry for entry in result.unscheduled},
        uses=uses,
        hours=total_hours(uses),
    )
    rules = (infeasibility_is_real,) if result.status is SolveStatus.INFEASIBLE else RULES
    return tuple(
        Violation(rule=rule.__name__, subject=subject, detail=detail)
        for rule in rules
        for subject, detail in rule(audit)
    )


def infeasibility_is_real(audit: Audit) -> Iterator[Finding]:
    """A plan is called infeasible only where frozen deliveries need more hours than a resource-bucket has."""
    frozen = [delivery for order in audit.problem.orders for delivery in frozen_deliveries(audit.problem, order)]
    hours = audit.recount.hours(frozen)
    if not any(used > available_hours(audit.problem, bucket) + HOURS_TOLERANCE for bucket, used in hours.items()):
        yield "plan", "called infeasible, but the frozen deliveries fit into every resource-bucket"
    if not audit.result.reason:
        yield "plan", "called infeasible without a reason"


def names_are_known(audit: Audit) -> Iterator[Finding]:
    """Every order, routing and customer that the schedule names is one of the problem's."""
    known = audit.recount.orders
    for delivery in audit.result.deliveries:
        order = known.get(delivery.order_id)
        if order is None:
            yield delivery.order_id, "is delivered, but is not an order of the problem"
        elif routing_of(order, delivery.routing_id) is None:
            yield delivery.order_id, f"is made by {delivery.routing_id}, which is not a routing of the order"
        elif delivery.customer_id != order.customer_id:
            yield delivery.order_id, f"goes to {delivery.customer_id} instead of {order.customer_id}"
    for entry in audit.result.unscheduled:
        if entry.order_id not in known:
            yield entry.order_id, "is listed as unscheduled, but is not an order of the problem"


def nothing_is_doubled(audit: Audit) -> Iterator[Finding]:
    """Deliveries of an order count 0, 1, 2, …; an unscheduled order and a resource-bucket have one row each."""
    for order_id, own in audit.deliveries.items():
        if [delivery.sequence for delivery in own] != list(range(len(own))):
            yield order_id, f"has deliveries numbered {[delivery.sequence for delivery in own]}"
    listed = Counter(entry.order_id for entry in audit.result.unscheduled)
    yield from (
        (order_id, f"is listed as unscheduled {count} times") for order_id, count in listed.items() if count > 1
    )
    rows = Counter((row.resource_id, row.bucket_date) for row in audit.result.resource_days)
    yield from ((_name(bucket), f"has {count} rows") for bucket, count in rows.items() if count > 1)


def quantities_add_up(audit: Audit) -> Iterator[Finding]:
    """What is delivered and what is listed as unscheduled make the whole order; each part is more than nothing."""
    for order, own in audit.orders():
        entry = audit.unscheduled.get(order.order_id)
        parts = [float(delivery.quantity) for delivery in own] + ([float(entry.quantity)] if entry else [])
        if not parts:
            yield order.order_id, "is neither delivered nor listed as unscheduled"
        elif min(parts) <= 0:
            yield order.order_id, f"has a part of quantity {min(parts):g}"
        elif abs(sum(parts) - order.quantity) > QUANTITY_TOLERANCE * max(1.0, order.quantity):
            yield order.order_id, f"has {sum(parts):g} delivered and unscheduled, of {order.quantity:g} ordered"


def unscheduled_orders_have_a_reason(audit: Audit) -> Iterator[Finding]:
    """Whoever gets no date is told why."""
    for entry in audit.result.unscheduled:
        if not entry.reason.strip():
            yield entry.order_id, "is unscheduled without a reason"


def splits_keep_the_limits(audit: Audit) -> Iterator[Finding]:
    """An order is split only where it may be, into whole units, few enough deliveries, each large enough.

    What is frozen counts as deliveries, but is not judged itself; an order that may not be split gets what is not
    frozen of it in one delivery or not at all.
    """
    for order, own in audit.orders():
        free = [delivery for delivery in own if not delivery.frozen]
        if order.splittable:
            yield from _broken_split_limits(order, own, free)
        elif len(free) > 1:
            yield order.order_id, f"may not be split, but has {len(free)} deliveries"
        elif free and order.order_id in audit.unscheduled:
            yield order.order_id, "may not be split, but is delivered in part"


def _broken_split_limits(
    order: OrderDemand, own: tuple[ScheduledDelivery, ...], free: list[ScheduledDelivery]
) -> Iterator[Finding]:
    if free and order.max_splits is not None and len(own) > order.max_splits:
        yield order.order_id, f"has {len(own)} deliveries, at most {order.max_splits} are allowed"
    least = 1.0 if order.min_split_quantity is None else order.min_split_quantity
    for delivery in free:
        quantity = float(delivery.quantity)
        if quantity < least - QUANTITY_TOLERANCE:
            yield order.order_id, f"has a delivery of {quantity:g}, the least is {least:g}"
        whole = abs(quantity - round(quantity)) <= QUANTITY_TOLERANCE
        if not whole and abs(quantity - order.quantity) > QUANTITY_TOLERANCE:
            yield order.order_id, f"has a delivery of {quantity:g}, which is not whole units"


def frozen_deliveries_are_untouched(audit: Audit) -> Iterator[Finding]:
    """What is published before the fence ends keeps dates, routing and quantity, and nothing else is called frozen."""
    for order, own in audit.orders():
        if not order.current and not any(delivery.frozen for delivery in own):
            continue
        published = Counter(place_of(delivery) for delivery in frozen_deliveries(audit.problem, order))
        kept = Counter(place_of(delivery) for delivery in own if delivery.frozen)
        for place in sorted((published - kept).keys()):
            yield order.order_id, f"has a frozen delivery that was changed or dropped: {_shown(place)}"
        for place in sorted((kept - published).keys()):
            yield order.order_id, f"has a delivery that is called frozen and is not: {_shown(place)}"


def tardiness_is_right(audit: Audit) -> Iterator[Finding]:
    """The stated tardiness is the calendar days past the due date."""
    for order, own in audit.orders():
        for delivery in own:
            days = tardiness_days(delivery.delivery_date, order.due_date)
            if delivery.tardiness_days != days:
                yield order.order_id, f"is called {delivery.tardiness_days} days late, and is {days}"


def deliveries_are_candidates(audit: Audit) -> Iterator[Finding]:
    """Each delivery that is not frozen keeps every rule of ``candidate_rules``."""
    for order, own in audit.orders():
        for delivery in own:
            placement = None if delivery.frozen else _placement(audit, order, delivery)
            if placement is not None:
                for name, rule in CANDIDATE_RULES.items():
                    broken = rule(placement)
                    if broken is not None:
                        yield order.order_id, f"{broken} ({name})"


def stated_windows_are_open(audit: Audit) -> Iterator[Finding]:
    """The stated window is one that the customer has open on the delivery date."""
    for order, own in audit.orders():
        customer = audit.problem.customer(order.customer_id)
        for delivery in own:
            if delivery.frozen or open_window(audit.problem, customer, delivery.delivery_date) is None:
                continue
            windows = audit.problem.windows(customer)
            hours = {(w.start, w.end) for w in windows if w.is_open_on(delivery.delivery_date)}
            if (delivery.window_start, delivery.window_end) not in hours:
                stated = f"{delivery.window_start:%H:%M}-{delivery.window_end:%H:%M}"
                yield order.order_id, f"states the window {stated}, which is not open on {delivery.delivery_date}"


def capacity_is_kept(audit: Audit) -> Iterator[Finding]:
    """No resource-bucket carries more than its regular hours and the most that overtime may add."""
    for bucket, used in sorted(audit.hours.items()):
        available = available_hours(audit.problem, bucket)
        if used > available + HOURS_TOLERANCE:
            yield _name(bucket), f"carries {used:g} h, of {available:g} h with all overtime"


def stated_loads_are_right(audit: Audit) -> Iterator[Finding]:
    """The listed loads are those of the deliveries, bucket by bucket."""
    stated: dict[tuple[OrderId, int, str, date], float] = {}
    for load in audit.result.loads:
        key = (load.order_id, load.sequence, load.resource_id, load.bucket_date)
        stated[key] = stated.get(key, 0.0) + load.hours
    for delivery, use in zip(audit.result.deliveries, audit.uses, strict=True):
        for bucket, hours in use:
            key = (delivery.order_id, delivery.sequence, *bucket)
            stated[key] = stated.get(key, 0.0) - hours
    for (order_id, _, resource_id, day), difference in sorted(stated.items()):
        if abs(difference) > HOURS_TOLERANCE:
            yield order_id, f"states {difference:+g} h more on {resource_id} on {day} than its deliveries use"


def resource_days_are_right(audit: Audit) -> Iterator[Finding]:
    """Every working bucket of the horizon has its row, with the load and the overtime that the deliveries cause."""
    rows = {(row.resource_id, row.bucket_date): row for row in audit.result.resource_days}
    working = {
        (resource_id, day)
        for resource_id, days in audit.recount.working_days.items()
        for day in days
        if day in audit.problem.horizon
    }
    yield from ((_name(bucket), "has no row, but works") for bucket in sorted(working - rows.keys()))
    yield from ((_name(bucket), "has a row, but does not work") for bucket in sorted(rows.keys() - working))
    for bucket in sorted(working & rows.keys()):
        row, hours = rows[bucket], audit.problem.resource(bucket[0]).buckets[bucket[1]]
        used = audit.hours.get(bucket, 0.0)
        found = (row.regular_hours, row.available_overtime_hours, row.load_hours, row.overtime_hours)
        right = (hours.regular_hours, hours.overtime_hours, used, overtime_of(audit.problem, bucket, used))
        if any(abs(a - b) > HOURS_TOLERANCE for a, b in zip(found, right, strict=True)):
            yield _name(bucket), f"states regular, overtime allowed, load, overtime as {found}, and has {right}"


def tiers_are_right(audit: Audit) -> Iterator[Finding]:
    """The stated value of every tier is the one counted anew, no bound exceeds it, and ``optimal`` is proven."""
    counted = counted_tiers(audit.recount, audit.deliveries, audit.hours)
    stated = {tier.name: tier for tier in audit.result.tiers}
    yield from ((name, "is a tier without a value") for name in counted if name not in stated)
    for tier in audit.result.tiers:
        value = counted.get(tier.name, 0.0)
        tolerance = OPTIMALITY_TOLERANCE * max(1.0, abs(value))
        if abs(tier.value - value) > tolerance:
            yield tier.name, f"is stated as {tier.value!r}, and is {value!r}"
        if tier.bound > tier.value + tolerance:
            yield tier.name, f"has a bound of {tier.bound!r} above its value {tier.value!r}"
        if audit.result.status is SolveStatus.OPTIMAL and tier.gap > 100 * OPTIMALITY_TOLERANCE:
            yield tier.name, f"is called optimal with a gap of {tier.gap:g}"


RULES: tuple[Rule, ...] = (
    names_are_known,
    nothing_is_doubled,
    quantities_add_up,
    unscheduled_orders_have_a_reason,
    splits_keep_the_limits,
    frozen_deliveries_are_untouched,
    tardiness_is_right,
    deliveries_are_candidates,
    stated_windows_are_open,
    capacity_is_kept,
    stated_loads_are_right,
    resource_days_are_right,
    tiers_are_right,
)
"""Every hard rule for a schedule that is not called infeasible."""


def _placement(audit: Audit, order: OrderDemand, delivery: ScheduledDelivery) -> Placement | None:
    routing = routing_of(order, delivery.routing_id)
    if routing is None:
        return None
    share = float(delivery.quantity) / order.quantity
    return Placement(
        problem=audit.problem,
        order=order,
        customer=audit.problem.customer(order.customer_id),
        routing=routing,
        completion_date=delivery.completion_date,
        ship_date=audit.recount.ship_date(order, delivery.delivery_date),
        delivery_date=delivery.delivery_date,
        loads=audit.recount.located(order, routing, delivery.completion_date, delivery.delivery_date, share),
    )


def _name(bucket: ResourceBucket) -> str:
    return f"{bucket[0]} on {bucket[1]}"


def _shown(place: tuple[str, date, date, float]) -> str:
    routing_id, completion_date, delivery_date, quantity = place
    return f"{quantity:g} by {routing_id}, completed {completion_date}, delivered {delivery_date}"
