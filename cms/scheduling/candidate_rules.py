"""What one delivery must obey on its own, whatever else is scheduled: each rule one function, None when it is kept.

The referee asks them of every delivery that is not frozen; the explanation asks them of the deliveries an order could
have had.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeAlias

from cms.domain.customers import DeliveryWindow, earliest_window
from cms.domain.resources import LoadAnchor
from cms.scheduling.problem import DeliveryTerms, OrderDemand, RoutingOption, SchedulingProblem
from cms.scheduling.recount import LocatedLoad
from cms.scheduling.wording import hours_text


@dataclass(frozen=True, kw_only=True, slots=True)
class Placement:
    """A delivery put to the test: an order made by a routing, completed one day and delivered another.

    Parameters
    ----------
    loads : list of LocatedLoad
        Where its hours fall.
    """

    problem: SchedulingProblem
    order: OrderDemand
    customer: DeliveryTerms
    routing: RoutingOption
    completion_date: date
    ship_date: date
    delivery_date: date
    loads: list[LocatedLoad]


CandidateRule: TypeAlias = Callable[[Placement], str | None]


def completion_is_on_a_working_bucket(placement: Placement) -> str | None:
    """Something that completes the order works on the completion day; without such a load any day will do."""
    day = placement.completion_date
    closing = [load for load in placement.loads if load.load.anchor is LoadAnchor.COMPLETION]
    if not closing or any(load.day == day and load.load.offset_days == 0 for load in closing):
        return None
    for load in closing:
        hours = placement.problem.resource(load.load.resource_id).buckets.get(day)
        if hours is not None and hours.regular_hours + hours.overtime_hours > 0:
            return None
    names = ", ".join(sorted({load.load.resource_id for load in closing}))
    return f"none of {names} works on the completion date {day}"


def completion_lies_in_the_horizon(placement: Placement) -> str | None:
    """Work is completed on a day that is planned."""
    if placement.completion_date in placement.problem.horizon:
        return None
    return f"the completion date {placement.completion_date} lies outside the horizon"


def shipping_follows_completion(placement: Placement) -> str | None:
    """Goods leave on the day of completion or later."""
    if placement.ship_date >= placement.completion_date:
        return None
    transit = placement.customer.transit_days
    return (
        f"with {transit} transit days it would ship on {placement.ship_date}, "
        f"before its completion on {placement.completion_date}"
    )


def loads_lie_in_the_horizon(placement: Placement) -> str | None:
    """Every hour falls in a working bucket of a planned day."""
    for load in placement.loads:
        if load.day is None or load.day not in placement.problem.horizon:
            hours = f"{hours_text(load.hours)} h on {load.load.resource_id}"
            if load.day is None:
                return f"{hours} would fall before the first working bucket of the plan"
            return f"{hours} would fall on {load.day}, outside the horizon"
    return None


def work_waits_for_release(placement: Placement) -> str | None:
    """No hour falls before the release date."""
    release = placement.order.release_date
    if release is None:
        return None
    for load in placement.loads:
        if load.day is not None and load.day < release:
            return f"work on {load.load.resource_id} on {load.day} would precede the release date {release}"
    return None


def shipping_work_follows_completion(placement: Placement) -> str | None:
    """What is loaded at shipping with offset 0 exists by then: its bucket is not before the completion bucket."""
    for load in placement.loads:
        at_ship = load.load.anchor is LoadAnchor.SHIP and load.load.offset_days == 0
        if at_ship and load.day is not None and load.day < placement.completion_date:
            return f"{load.load.resource_id} would ship on {load.day}, before completion on {placement.completion_date}"
    return None


def delivery_lies_in_the_horizon(placement: Placement) -> str | None:
    """The customer gets the goods on a day that is planned."""
    if placement.delivery_date in placement.problem.horizon:
        return None
    return f"the delivery date {placement.delivery_date} lies outside the horizon"


def delivery_falls_in_a_window(placement: Placement) -> str | None:
    """One of the customer's own windows, or of the default ones where it has none, is open on the delivery date."""
    if open_window(placement.problem, placement.customer, placement.delivery_date) is not None:
        return None
    weekday = f"{placement.delivery_date:%A}"
    return f"customer {placement.customer.customer_id} has no window on {weekday} {placement.delivery_date}"


def delivery_avoids_holidays(placement: Placement) -> str | None:
    """Nothing is delivered on a holiday."""
    if placement.delivery_date not in placement.problem.holidays:
        return None
    return f"{placement.delivery_date} is a holiday"


def delivery_avoids_blackouts(placement: Placement) -> str | None:
    """Nothing is delivered on a day that the customer has blacked out."""
    if placement.delivery_date not in placement.customer.blackout_dates:
        return None
    return f"customer {placement.customer.customer_id} takes no delivery on {placement.delivery_date} (blackout)"


def delivery_is_not_too_early(placement: Placement) -> str | None:
    """The customer takes delivery at most so many days before the due date."""
    most = placement.customer.max_early_days
    if placement.delivery_date >= placement.order.due_date - timedelta(days=most):
        return None
    return f"{placement.delivery_date} is more than {most} days before the due date {placement.order.due_date}"


CANDIDATE_RULES: dict[str, CandidateRule] = {
    rule.__name__: rule
    for rule in (
        delivery_lies_in_the_horizon,
        delivery_falls_in_a_window,
        delivery_avoids_holidays,
        delivery_avoids_blackouts,
        delivery_is_not_too_early,
        completion_lies_in_the_horizon,
        completion_is_on_a_working_bucket,
        shipping_follows_completion,
        loads_lie_in_the_horizon,
        work_waits_for_release,
        shipping_work_follows_completion,
    )
}
"""Every rule by its name."""


def open_window(problem: SchedulingProblem, customer: DeliveryTerms, day: date) -> DeliveryWindow | None:
    """The earliest window that holds for the customer on `day`, or None; holidays and blackouts are other rules."""
    return earliest_window(day, problem.windows(customer))
