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

from cms.capacity.ledger import BucketKey, CapacityLedger, CapacityLoad
from cms.domain.customers import DeliveryWindow
from cms.domain.metrics import tardiness_days
from cms.scheduling.closed_places import FULL, ClosedPlace, MissingHours
from cms.scheduling.engine import build_schedule
from cms.scheduling.free_capacity import booked_loads, capacity_loads, over_free_capacity
from cms.scheduling.problem import BucketHours, DeliveryTerms, OrderDemand, ResourceCapacity, SchedulingProblem
from cms.scheduling.recount import Recount, order_cost
from cms.scheduling.result import Method, SchedulingResult
from cms.scheduling.rush import AskedOrder, insert_rush
from cms.scheduling.wording import days_text, enough_hours, hours_text

MOST_TRIED = 6
"""How many days, or places, each kind of relaxation is tried on."""
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
    release_date : date, optional
        When it would have to be released.
    opened_date : date, optional
        The day on which the customer would have to open a window, or an exception be made of a blackout or holiday.
    max_early_days : int, optional
        How many days early the customer would have to take it.
    moved : tuple of AskedOrder
        Who has to move.
    """

    kind: RelaxationKind
    words: str
    delivery_date: date
    added_cost: float
    others_added_tardiness_days: float = 0.0
    overtime: tuple[MissingHours, ...] = ()
    release_date: date | None = None
    opened_date: date | None = None
    max_early_days: int | None = None
    moved: tuple[AskedOrder, ...] = ()


class Case(NamedTuple):
    """An order beside the plan without it.

    `share` is the part of it that is late; `ledger` holds what all others use; `present_cost` is what the order's
    present place takes, overtime included; `target` is the day by which all of it is to arrive.
    """

    recount: Recount
    result: SchedulingResult
    order: OrderDemand
    share: float
    ledger: CapacityLedger
    present_cost: float
    places: Sequence[ClosedPlace]
    target: date

    @property
    def problem(self) -> SchedulingProblem:
        """The whole problem."""
        return self.recount.problem


class _Trial(NamedTuple):
    """A relaxed problem for the one order, and how to say what was relaxed."""

    kind: RelaxationKind
    words: str
    problem: SchedulingProblem
    overtime: tuple[MissingHours, ...] = ()
    release_date: date | None = None
    opened_date: date | None = None
    max_early_days: int | None = None


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
        release_date=trial.release_date,
        opened_date=trial.opened_date,
        max_early_days=trial.max_early_days,
    )


def _arrives_by(case: Case, result: SchedulingResult) -> bool:
    """Whether the order arrives in full, and what is not frozen of it by the target."""
    own = [delivery for delivery in result.deliveries if delivery.order_id == case.order.order_id]
    left = any(entry.order_id == case.order.order_id for entry in result.unscheduled)
    return bool(own) and not left and all(d.frozen or d.delivery_date <= case.target for d in own)


def _effect(case: Case, delivered: date) -> str:
    days = tardiness_days(delivered, case.order.due_date)
    return f"delivered {_day(delivered)}, {f'{days_text(days)} late' if days else 'on time'}"


def placed_cost(
    problem: SchedulingProblem, order: OrderDemand, ledger: CapacityLedger, result: SchedulingResult
) -> float:
    """Money that the order's deliveries take on top of what all others use: routing, holding, change and overtime."""
    own = [delivery for delivery in result.deliveries if delivery.order_id == order.order_id]
    loads = capacity_loads(load for load in result.loads if load.order_id == order.order_id)
    return _overtime_money(problem, ledger, loads) + order_cost(Recount(problem=problem), order, own)


def _overtime_money(problem: SchedulingProblem, ledger: CapacityLedger, loads: Sequence[CapacityLoad]) -> float:
    return sum(
        hours * problem.resource(resource_id).overtime_cost_per_hour
        for (resource_id, _), hours in ledger.overtime_added(loads).items()
    )


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
    """Overtime where hours alone are missing: the places that take the least money first."""
    short = [place for place in case.places if place.rules == (FULL,)]
    ranked = sorted(short, key=lambda p: (_money_at(case, p), p.delivery_date, f"{p.completion_date} {p.routing_id}"))
    for place in ranked[:MOST_TRIED]:
        extra = tuple(replace(m, missing_hours=enough_hours(m.missing_hours)) for m in place.missing)
        hours = ", ".join(f"{hours_text(m.missing_hours)} h on {m.resource_id} on {_day(m.bucket_date)}" for m in extra)
        yield _Trial(
            RelaxationKind.OVERTIME, f"allow more overtime, {hours}", _with_overtime(_alone(case), extra), extra
        )


def _money_at(case: Case, place: ClosedPlace) -> float:
    """What the late part would take at a place: overtime, the routing, and waiting for the ship date."""
    problem, order, completion = case.problem, case.order, place.completion_date
    if place.routing_id is None or completion is None:
        return math.inf
    routing = order.routing(place.routing_id)
    located = case.recount.located(order, routing, completion, place.delivery_date, case.share)
    waiting_days = (case.recount.ship_date(order, place.delivery_date) - completion).days
    holding = problem.holding_cost_per_hour_day * routing.total_hours * waiting_days
    return _overtime_money(problem, case.ledger, booked_loads(located)) + (routing.cost + holding) * case.share


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
            words = f"release it on {_day(day)} instead of {_day(release)}"
            yield _Trial(RelaxationKind.EARLIER_RELEASE, words, trial, release_date=day)
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
        opened = _with_terms(case, replace(terms, windows=(*windows, extra)))
        yield _Trial(RelaxationKind.EXTRA_WINDOW, words, opened, opened_date=day)


def _earlier_delivery(case: Case) -> Iterator[_Trial]:
    terms = case.problem.customer(case.order.customer_id)
    for day in _closed_days(case, "delivery_is_not_too_early"):
        early = (case.order.due_date - day).days
        words = f"{terms.customer_id} takes it {days_text(early)} early instead of at most {terms.max_early_days}"
        opened = _with_terms(case, replace(terms, max_early_days=early))
        yield _Trial(RelaxationKind.EARLIER_DELIVERY, words, opened, max_early_days=early)


def _blackout_delivery(case: Case) -> Iterator[_Trial]:
    terms = case.problem.customer(case.order.customer_id)
    for day in _closed_days(case, "delivery_avoids_blackouts"):
        words = f"{terms.customer_id} takes delivery on its blackout day {_day(day)}"
        opened = _with_terms(case, replace(terms, blackout_dates=terms.blackout_dates - {day}))
        yield _Trial(RelaxationKind.BLACKOUT_DELIVERY, words, opened, opened_date=day)


def _holiday_delivery(case: Case) -> Iterator[_Trial]:
    for day in _closed_days(case, "delivery_avoids_holidays"):
        opened = replace(_alone(case), holidays=case.problem.holidays - {day})
        words = f"deliver on the holiday {_day(day)}"
        yield _Trial(RelaxationKind.HOLIDAY_DELIVERY, words, opened, opened_date=day)


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
    moves = "; ".join(move_words(asked) for asked in insertion.moved)
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


def move_words(asked: AskedOrder) -> str:
    """Where an order moves that makes room, and how late that makes it, in calendar days."""
    where = f"{asked.order_id} (class {asked.priority}) to"
    if asked.old_delivery_date is None or asked.new_delivery_date is None:
        return f"{where} no delivery"
    shift = (asked.new_delivery_date - asked.old_delivery_date).days
    return f"{where} {_day(asked.new_delivery_date)}, {_moved_words(asked, shift)}"


def _moved_words(asked: AskedOrder, shift_days: int) -> str:
    """What moving its last delivery by so many days does to an order."""
    late = max(0, shift_days - asked.days_to_spare)
    if late == 0:
        return "still on time"
    if shift_days > 0:
        return f"{days_text(late)} late, {days_text(shift_days)} later than now"
    if shift_days < 0:
        return f"{days_text(late)} late, less than now"
    return (
        f"{days_text(late)} late, {'a part of it later than' if asked.added_tardiness_days > 0 else 'as late as'} now"
    )


_TRIALS: tuple[Callable[[Case], Iterator[_Trial]], ...] = (
    _replanning,
    _overtime,
    _earlier_release,
    _extra_window,
    _earlier_delivery,
    _blackout_delivery,
    _holiday_delivery,
)
