"""What would make a late order on time: overtime, a window, an earlier release, someone who moves; each tried out.

A relaxation is only listed after the order was scheduled anew under it, in the hours that all others leave free, and
was on time.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, time
from enum import StrEnum
from typing import NamedTuple

from cms.capacity.ledger import BucketKey, CapacityLedger
from cms.domain.customers import DeliveryWindow
from cms.domain.metrics import tardiness_days
from cms.scheduling.closed_places import FULL, ClosedPlace, MissingHours
from cms.scheduling.engine import build_schedule
from cms.scheduling.free_capacity import capacity_loads, over_free_capacity
from cms.scheduling.problem import BucketHours, DeliveryTerms, OrderDemand, ResourceCapacity, SchedulingProblem
from cms.scheduling.recount import Recount, order_cost
from cms.scheduling.result import Method, SchedulingResult
from cms.scheduling.rush import AskedOrder, insert_rush
from cms.scheduling.wording import hours_text

MOST_TRIED = 6
"""How many days, or places, each kind of relaxation is tried on."""
HOURS_STEP = 0.01
DEFAULT_HOURS = (time(8), time(17))


class RelaxationKind(StrEnum):
    """What gives way, in the sequence in which a planner would rather ask for it."""

    REPLAN = "replan"
    OVERTIME = "overtime"
    EARLIER_RELEASE = "earlier_release"
    EXTRA_WINDOW = "extra_window"
    EARLIER_DELIVERY = "earlier_delivery"
    MOVE_ORDERS = "move_orders"
    BLACKOUT_DELIVERY = "blackout_delivery"
    HOLIDAY_DELIVERY = "holiday_delivery"


@dataclass(frozen=True, kw_only=True, slots=True)
class Relaxation:
    """One change that makes the order on time, with its effect.

    Parameters
    ----------
    words : str
        The change and its effect, as a sentence.
    added_cost : float
        Money that the order's new place takes more than its present one, overtime included.
    others_added_tardiness_days : float
        Weighted days by which others become later.
    overtime : tuple of MissingHours
        Overtime beyond what is allowed today.
    moved : tuple of AskedOrder
        Who has to move.
    """

    kind: RelaxationKind
    words: str
    delivery_date: date
    added_cost: float
    others_added_tardiness_days: float = 0.0
    overtime: tuple[MissingHours, ...] = ()
    moved: tuple[AskedOrder, ...] = ()


class Case(NamedTuple):
    """An order beside the plan without it.

    `ledger` holds what all others use; `present_cost` is what the order's present place takes, overtime included;
    `target` is the day by which all of it is to arrive.
    """

    problem: SchedulingProblem
    result: SchedulingResult
    order: OrderDemand
    ledger: CapacityLedger
    present_cost: float
    places: Sequence[ClosedPlace]
    target: date


class _Trial(NamedTuple):
    """A relaxed problem for the one order, and how to say what was relaxed."""

    kind: RelaxationKind
    words: str
    problem: SchedulingProblem
    overtime: tuple[MissingHours, ...] = ()


def relaxations(case: Case) -> tuple[Relaxation, ...]:
    """Every kind of change that brings the order in by its target, each in its cheapest form; the cheapest first.

    What makes nobody else later comes before what does; then money counts; then how easily it is asked for.
    """
    found = [cheapest for trials in _TRIALS for cheapest in _cheapest(case, trials)]
    found += _moving_others(case)
    kinds = list(RelaxationKind)
    return tuple(
        sorted(
            found,
            key=lambda r: (r.others_added_tardiness_days, r.added_cost, kinds.index(r.kind), r.delivery_date, r.words),
        )
    )


def _cheapest(case: Case, trials: Callable[[Case], Iterator[_Trial]]) -> list[Relaxation]:
    works = [relaxation for trial in trials(case) for relaxation in _tried(case, trial)]
    return sorted(works, key=lambda r: (r.added_cost, r.words))[:1]


def _tried(case: Case, trial: _Trial) -> Iterator[Relaxation]:
    """Schedules the one order under the relaxation; nothing where it is still late."""
    result = build_schedule(trial.problem, method=Method.DISPATCH)
    if not _arrives_by(case, result):
        return
    delivered = max(delivery.delivery_date for delivery in result.deliveries)
    cost = round(placed_cost(trial.problem, case.order, case.ledger, result) - case.present_cost, 6)
    yield Relaxation(
        kind=trial.kind,
        words=f"{trial.words}: {_effect(case, delivered)}{_cost_words(cost)}",
        delivery_date=delivered,
        added_cost=cost,
        overtime=trial.overtime,
    )


def _arrives_by(case: Case, result: SchedulingResult) -> bool:
    """Whether the order arrives in full, and what is not frozen of it by the target."""
    own = [delivery for delivery in result.deliveries if delivery.order_id == case.order.order_id]
    left = any(entry.order_id == case.order.order_id for entry in result.unscheduled)
    return bool(own) and not left and all(d.frozen or d.delivery_date <= case.target for d in own)


def _effect(case: Case, delivered: date) -> str:
    days = tardiness_days(delivered, case.order.due_date)
    return f"delivered {_day(delivered)}, {f'{days} days late' if days else 'on time'}"


def placed_cost(
    problem: SchedulingProblem, order: OrderDemand, ledger: CapacityLedger, result: SchedulingResult
) -> float:
    """Money that the order's deliveries take on top of what all others use: routing, holding, change and overtime."""
    own = [delivery for delivery in result.deliveries if delivery.order_id == order.order_id]
    loads = [load for load in result.loads if load.order_id == order.order_id]
    overtime = sum(
        hours * problem.resource(resource_id).overtime_cost_per_hour
        for (resource_id, _), hours in ledger.overtime_added(capacity_loads(loads)).items()
    )
    return overtime + order_cost(Recount(problem=problem), order, own)


def _cost_words(cost: float) -> str:
    if abs(cost) < 0.005:
        return ", at no further cost"
    return f", at a cost of {cost:,.2f}" if cost > 0 else f", and saves {-cost:,.2f}"


def _day(day: date) -> str:
    return f"{day:%a} {day}"


def _alone(case: Case) -> SchedulingProblem:
    return over_free_capacity(case.problem, case.ledger, [case.order])


def _replanning(case: Case) -> Iterator[_Trial]:
    yield _Trial(RelaxationKind.REPLAN, "schedule it anew as the plan stands", _alone(case))


def _overtime(case: Case) -> Iterator[_Trial]:
    """Overtime where hours alone are missing: the places that lack the least money first."""
    short = [place for place in case.places if place.rules == (FULL,)]

    def money(place: ClosedPlace) -> tuple[float, date, str]:
        cost = sum(m.missing_hours * case.problem.resource(m.resource_id).overtime_cost_per_hour for m in place.missing)
        return cost, place.delivery_date, f"{place.completion_date} {place.routing_id}"

    for place in sorted(short, key=money)[:MOST_TRIED]:
        extra = tuple(replace(m, missing_hours=_rounded_up(m.missing_hours)) for m in place.missing)
        words = " and ".join(
            f"{hours_text(m.missing_hours)} h on {m.resource_id} on {_day(m.bucket_date)}" for m in extra
        )
        yield _Trial(RelaxationKind.OVERTIME, f"allow +{words} of overtime", _with_overtime(_alone(case), extra), extra)


def _rounded_up(hours: float) -> float:
    return math.ceil(round(hours / HOURS_STEP, 6)) * HOURS_STEP


def _with_overtime(problem: SchedulingProblem, extra: Sequence[MissingHours]) -> SchedulingProblem:
    more = {(m.resource_id, m.bucket_date): m.missing_hours for m in extra}
    resources = tuple(_with_longer_days(resource, more) for resource in problem.resources)
    return replace(problem, resources=resources)


def _with_longer_days(resource: ResourceCapacity, more: Mapping[BucketKey, float]) -> ResourceCapacity:
    buckets = {
        day: BucketHours(
            regular_hours=hours.regular_hours,
            overtime_hours=hours.overtime_hours + more.get((resource.resource_id, day), 0.0),
        )
        for day, hours in resource.buckets.items()
    }
    return replace(resource, buckets=buckets)


def _earlier_release(case: Case) -> Iterator[_Trial]:
    """The latest releases that would do, one day after the other."""
    release = case.order.release_date
    if release is None:
        return
    first = case.problem.horizon.as_of
    for back in range(1, (release - first).days + 1):
        day = first.fromordinal(release.toordinal() - back)
        order = replace(case.order, release_date=day)
        trial = replace(_alone(case), orders=(order,))
        if _arrives_by(case, build_schedule(trial, method=Method.DISPATCH)):
            yield _Trial(RelaxationKind.EARLIER_RELEASE, f"release it on {_day(day)} instead of {_day(release)}", trial)
            return


def _closed_days(case: Case, rule: str) -> list[date]:
    """Days that this rule alone closes, those nearest the due date first."""
    days = {place.delivery_date for place in case.places if place.rules == (rule,)}
    return sorted(days, reverse=True)[:MOST_TRIED]


def _extra_window(case: Case) -> Iterator[_Trial]:
    terms = case.problem.customer(case.order.customer_id)
    for day in _closed_days(case, "delivery_falls_in_a_window"):
        windows = case.problem.windows(terms)
        start, end = (windows[0].start, windows[0].end) if windows else DEFAULT_HOURS
        extra = DeliveryWindow(weekday=day.weekday(), start=start, end=end, effective_from=day, effective_to=day)
        words = f"open a window of {terms.customer_id} on {_day(day)}"
        yield _Trial(RelaxationKind.EXTRA_WINDOW, words, _with_terms(case, replace(terms, windows=(*windows, extra))))


def _earlier_delivery(case: Case) -> Iterator[_Trial]:
    terms = case.problem.customer(case.order.customer_id)
    for day in _closed_days(case, "delivery_is_not_too_early"):
        early = (case.order.due_date - day).days
        words = f"{terms.customer_id} takes it {early} days early instead of at most {terms.max_early_days}"
        yield _Trial(RelaxationKind.EARLIER_DELIVERY, words, _with_terms(case, replace(terms, max_early_days=early)))


def _blackout_delivery(case: Case) -> Iterator[_Trial]:
    terms = case.problem.customer(case.order.customer_id)
    for day in _closed_days(case, "delivery_avoids_blackouts"):
        words = f"{terms.customer_id} takes delivery on its blackout day {_day(day)}"
        opened = replace(terms, blackout_dates=terms.blackout_dates - {day})
        yield _Trial(RelaxationKind.BLACKOUT_DELIVERY, words, _with_terms(case, opened))


def _holiday_delivery(case: Case) -> Iterator[_Trial]:
    for day in _closed_days(case, "delivery_avoids_holidays"):
        opened = replace(_alone(case), holidays=case.problem.holidays - {day})
        yield _Trial(RelaxationKind.HOLIDAY_DELIVERY, f"deliver on the holiday {_day(day)}", opened)


def _with_terms(case: Case, terms: DeliveryTerms) -> SchedulingProblem:
    alone = _alone(case)
    customers = tuple(terms if c.customer_id == terms.customer_id else c for c in alone.customers)
    return replace(alone, customers=customers)


def _moving_others(case: Case) -> list[Relaxation]:
    """Others of its own class or a lower one make room, whatever that does to them."""
    insertion = insert_rush(case.problem, case.result, case.order, at_any_price=True)
    if not insertion.moved or not _arrives_by(case, insertion.result):
        return []
    delivered = max(delivery.delivery_date for delivery in insertion.deliveries)
    cost = round(insertion.tier_changes["cost"], 6)
    moves = "; ".join(_move_words(asked) for asked in insertion.moved)
    return [
        Relaxation(
            kind=RelaxationKind.MOVE_ORDERS,
            words=f"move {moves}: {_effect(case, delivered)}{_cost_words(cost)}",
            delivery_date=delivered,
            added_cost=cost,
            others_added_tardiness_days=round(sum(asked.added_tardiness_days for asked in insertion.moved), 6),
            moved=insertion.moved,
        )
    ]


def _move_words(asked: AskedOrder) -> str:
    to = "no delivery" if asked.new_delivery_date is None else _day(asked.new_delivery_date)
    effect = "still on time" if asked.added_tardiness_days <= 0 else f"{asked.added_tardiness_days:g} days later"
    return f"{asked.order_id} (class {asked.priority}) to {to}, {effect}"


_TRIALS: tuple[Callable[[Case], Iterator[_Trial]], ...] = (
    _replanning,
    _overtime,
    _earlier_release,
    _extra_window,
    _earlier_delivery,
    _blackout_delivery,
    _holiday_delivery,
)
