"""Every statement of an explanation, checked against the problem and the plan by other means than the engine's.

The order's places come from the brute-force oracle, the hours of others are added up anew in fractions, and every
relaxation is applied to the problem by the facts it names, with the order planned again by trying every choice.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given

from cms.domain.customers import DeliveryWindow
from cms.domain.resources import LoadAnchor, ResourceId
from cms.domain.schedule import ScheduledDelivery
from cms.scheduling import Method, SchedulingProblem, SchedulingResult, SolveStatus, build_schedule
from cms.scheduling.closed_places import FENCE, FULL, OPEN, SPLITS, BucketHolders, ClosedPlace
from cms.scheduling.explanation import Explanation, explain
from cms.scheduling.feasibility import find_violations
from cms.scheduling.problem import BucketHours, DeliveryTerms, OrderDemand, RoutingOption
from cms.scheduling.recount import tier_values
from cms.scheduling.relaxations import DEFAULT_HOURS, Relaxation, RelaxationKind
from cms.scheduling.rush import insert_rush
from cms.scheduling.wording import hours_text
from tests.brute_force import (
    Bucket,
    Choice,
    Slot,
    capacity,
    choice_of,
    frozen_deliveries,
    frozen_hours,
    load_day,
    plans,
    slots,
    sum_hours,
)
from tests.strategies import examples, small_problems

TOLERANCE = 1e-6
HOURS_TOLERANCE = Fraction(1, 10**9)
Hours = Mapping[Bucket, Fraction]


@examples(share=0.35)
@given(problem=small_problems())
def test_every_statement_of_every_explanation_is_true(problem: SchedulingProblem) -> None:
    for plan in (build_schedule(problem, method=Method.DISPATCH), build_schedule(problem, time_limit_seconds=5)):
        if plan.status is SolveStatus.INFEASIBLE:
            return
        for order in problem.orders:
            _Case(problem, plan, order).check(explain(problem, plan, order.order_id))


class _Case:
    """An order in a plan, counted anew."""

    def __init__(self, problem: SchedulingProblem, plan: SchedulingResult, order: OrderDemand) -> None:
        self.problem, self.plan, self.order = problem, plan, order
        self.own = [d for d in plan.deliveries if d.order_id == order.order_id]
        self.by_order = {
            other.order_id: sum_hours(
                _hours(problem, other, d) for d in plan.deliveries if d.order_id == other.order_id
            )
            for other in problem.orders
        }
        self.others = sum_hours(hours.items() for name, hours in self.by_order.items() if name != order.order_id)
        self.missing = order.quantity - sum(float(d.quantity) for d in self.own)
        self.late = self.missing > TOLERANCE or any(d.delivery_date > order.due_date for d in self.own)

    def check(self, told: Explanation) -> None:
        self._the_date_is_the_one_planned(told)
        assert told.is_late == self.late
        if not self.late:
            assert (told.closed, told.holders, told.relaxations) == ((), (), ())
            assert len(told.words) == 1
            return
        kept = self._kept()
        late_part = Fraction(self.order.quantity) - sum(Fraction(d.quantity) for d in kept)
        if late_part <= 0:
            assert {place.rules for place in told.closed} == {(FENCE,)}
            assert len(told.closed) == sum(d.frozen and d.tardiness_days > 0 for d in self.own)
        else:
            in_its_way = sum_hours([self.others.items(), *(_hours(self.problem, self.order, d) for d in kept)])
            share = late_part / Fraction(self.order.quantity)
            self._every_better_place_is_closed_as_told(told, in_its_way, share, kept)
            self._holders_hold_what_is_said(told, in_its_way, kept)
            self._relaxations_have_their_effect(told)
        self._words_say_the_same(told)

    def _kept(self) -> list[ScheduledDelivery]:
        """What stays when the late part is looked at."""
        frozen = [d for d in self.own if d.frozen]
        if not self.order.splittable:
            return frozen
        kept = [d for d in self.own if d.frozen or d.delivery_date <= self.order.due_date]
        return frozen if self._split_rule(kept) else kept

    def _split_rule(self, kept: Sequence[ScheduledDelivery]) -> bool:
        """Whether the rest may not be one more delivery beside the kept ones."""
        rest = self.order.quantity - sum(float(d.quantity) for d in kept)
        too_many = self.order.max_splits is not None and len(kept) >= self.order.max_splits
        return bool(self.order.splittable and kept and rest > 0 and (too_many or rest < self.order.smallest_split))

    def _the_date_is_the_one_planned(self, told: Explanation) -> None:
        last = max((d.delivery_date for d in self.own), default=None)
        assert told.delivery_date == (None if self.missing > TOLERANCE else last)
        assert told.unscheduled_quantity == pytest.approx(self.missing, abs=TOLERANCE)
        assert told.tardiness_days == max([0, *((d.delivery_date - self.order.due_date).days for d in self.own)])

    # every place up to the due date

    def _target(self) -> date:
        if self.order.due_date < self.problem.horizon.as_of:
            last = max((d.delivery_date for d in self.own), default=self.problem.horizon.end)
            return self.problem.horizon.end if self.missing > TOLERANCE else last - timedelta(days=1)
        return min(self.order.due_date, self.problem.horizon.end)

    def _every_better_place_is_closed_as_told(
        self, told: Explanation, in_its_way: Hours, share: Fraction, kept: Sequence[ScheduledDelivery]
    ) -> None:
        limited = self._split_rule(kept)
        possible = {
            (slot.routing.routing_id, slot.completion, slot.delivery)
            for slot in slots(self.problem, self.order)
            if slot.delivery <= self._target()
        }
        only_capacity = {
            (place.routing_id, place.completion_date, place.delivery_date)
            for place in told.closed
            if set(place.rules) <= {FULL, OPEN, SPLITS}
        }
        assert only_capacity == possible
        assert {p.delivery_date for p in told.closed} == {d for d in self.problem.horizon if d <= self._target()}
        for place in told.closed:
            facts = _Place(self.problem, self.order, place, in_its_way, share)
            expected = facts.broken_rules() | ({SPLITS} if limited else set())
            assert set(place.rules) == (expected or {OPEN})
            assert {(m.resource_id, m.bucket_date): m.missing_hours for m in place.missing} == pytest.approx(
                {bucket: float(hours) for bucket, hours in facts.missing().items()}, abs=TOLERANCE
            )

    def _holders_hold_what_is_said(
        self, told: Explanation, in_its_way: Hours, kept: Sequence[ScheduledDelivery]
    ) -> None:
        own = sum_hours(_hours(self.problem, self.order, d) for d in kept)
        by_order = self.by_order | {self.order.order_id: own}
        closed = Counter((m.resource_id, m.bucket_date) for place in told.closed for m in place.missing)
        assert {(h.resource_id, h.bucket_date): h.places_closed for h in told.holders} == dict(closed.most_common(12))
        for holders in told.holders:
            bucket = (holders.resource_id, holders.bucket_date)
            held = sum(c.hours for c in holders.classes)
            assert holders.available_hours == pytest.approx(float(capacity(self.problem, bucket)))
            assert holders.free_hours + held == pytest.approx(holders.available_hours, abs=TOLERANCE)
            assert held == pytest.approx(float(in_its_way.get(bucket, 0)), abs=TOLERANCE)
            self._classes_hold_what_is_said(holders, {n: h[bucket] for n, h in by_order.items() if h.get(bucket)})

    def _classes_hold_what_is_said(self, holders: BucketHolders, hours: Mapping[str, Fraction]) -> None:
        classes = {order.order_id: order.priority for order in self.problem.orders}
        for held in holders.classes:
            own = {name: used for name, used in hours.items() if classes[name] == held.priority}  # type: ignore[index]
            assert held.hours == pytest.approx(float(sum(own.values())), abs=TOLERANCE)
            assert held.orders == len(own)
            assert set(held.largest) <= set(own)
            assert [own[name] for name in held.largest] == sorted(own.values(), reverse=True)[:5]
        assert {held.priority for held in holders.classes} == {classes[name] for name in hours}  # type: ignore[index]

    # relaxations

    def _relaxations_have_their_effect(self, told: Explanation) -> None:
        ranks = [(r.others_added_tardiness_days, r.added_cost) for r in told.relaxations]
        assert ranks == sorted(ranks)
        for relaxation in told.relaxations:
            if relaxation.kind is RelaxationKind.MOVE_ORDERS:
                self._others_move_as_told(relaxation)
            else:
                self._a_choice_exists_as_told(relaxation)
        if not self.order.splittable:
            anew = [r for r in told.relaxations if r.kind is RelaxationKind.REPLAN]
            assert bool(anew) == any(True for _ in self._choices(self.problem, self._aim(told)))

    def _aim(self, told: Explanation) -> date:
        """The due date where something brings it in by then; else any day before the present one."""
        due = self._target()
        if any(r.delivery_date <= due for r in told.relaxations) or not told.relaxations:
            return due
        return self.problem.horizon.end if told.delivery_date is None else told.delivery_date - timedelta(days=1)

    def _choices(
        self, problem: SchedulingProblem, last_day: date
    ) -> Iterable[tuple[list[tuple[Slot, Fraction]], Choice]]:
        """Every way to deliver all of the order by a day in the hours that the others leave."""
        order = next(o for o in problem.orders if o.order_id == self.order.order_id)
        frozen = frozen_hours(problem, order)
        taken = sum_hours([self.others.items(), frozen])
        rest = Fraction(order.quantity) - sum(Fraction(c.quantity) for c in frozen_deliveries(problem, order))
        least = (Fraction(1) if order.splittable else rest) / Fraction(order.quantity)
        available = [
            slot
            for slot in slots(problem, order)
            if slot.delivery <= last_day and _fit(problem, taken, ((b, h * least) for b, h in slot.buckets))
        ]
        for plan in plans(problem, order, available):
            if sum(units for _, units in plan) == rest:
                choice = choice_of(problem, order, plan)
                if _fit(problem, taken, choice.hours):
                    yield plan, choice

    def _a_choice_exists_as_told(self, relaxation: Relaxation) -> None:
        relaxed = _relaxed(self.problem, self.order, relaxation)
        frozen = [c.delivery_date for c in frozen_deliveries(relaxed, self.order)]
        costs = [
            self._money(relaxed, choice)
            for plan, choice in self._choices(relaxed, relaxation.delivery_date)
            if max([*frozen, *(slot.delivery for slot, _ in plan)]) == relaxation.delivery_date
        ]
        assert any(cost == pytest.approx(self._present() + relaxation.added_cost, abs=1e-4) for cost in costs)

    def _money(self, problem: SchedulingProblem, choice: Choice) -> float:
        order = next(o for o in problem.orders if o.order_id == self.order.order_id)
        own = sum_hours([choice.hours, frozen_hours(problem, order)])
        return float(choice.money) + self._overtime_money(own)

    def _overtime_money(self, own: Hours) -> float:
        money = 0.0
        for bucket, hours in own.items():
            resource = self.problem.resource(ResourceId(bucket[0]))
            regular = Fraction(resource.buckets[bucket[1]].regular_hours)
            others = self.others.get(bucket, Fraction(0))
            added = max(Fraction(0), others + hours - regular) - max(Fraction(0), others - regular)
            money += float(added) * resource.overtime_cost_per_hour
        return money

    def _present(self) -> float:
        planned = [_slot_of(self.problem, self.order, d) for d in self.own if not d.frozen]
        return self._money(self.problem, choice_of(self.problem, self.order, planned))

    def _others_move_as_told(self, relaxation: Relaxation) -> None:
        insertion = insert_rush(self.problem, self.plan, self.order, at_any_price=True)
        assert find_violations(insertion.problem, insertion.result) == ()
        new = [d for d in insertion.result.deliveries if d.order_id == self.order.order_id]
        assert max(d.delivery_date for d in new) == relaxation.delivery_date
        before, after = (_places_by_order(result) for result in (self.plan, insertion.result))
        different = {n for n in before.keys() | after.keys() if before.get(n) != after.get(n)} - {self.order.order_id}
        assert {asked.order_id for asked in relaxation.moved} == different
        assert all(asked.priority >= self.order.priority for asked in relaxation.moved)
        old, values = tier_values(self.problem, self.plan), tier_values(insertion.problem, insertion.result)
        assert values["cost"] - old["cost"] == pytest.approx(relaxation.added_cost, abs=1e-4)
        own = self._own_tardiness(insertion.result) - self._own_tardiness(self.plan)
        others = sum(values.values()) - values["cost"] - sum(old.values()) + old["cost"] - own
        assert others == pytest.approx(relaxation.others_added_tardiness_days, abs=1e-4)

    def _own_tardiness(self, plan: SchedulingResult) -> float:
        own = [d for d in plan.deliveries if d.order_id == self.order.order_id]
        alone = replace(self.problem, orders=(self.order,))
        values = tier_values(alone, replace(plan, deliveries=tuple(own)))
        return values[f"priority {self.order.priority}"]

    # words

    def _words_say_the_same(self, told: Explanation) -> None:
        text = "\n".join(told.words)
        for delivery in told.deliveries:
            assert f"delivered {delivery.delivery_date:%a} {delivery.delivery_date}" in told.words[0]
        closed = [place for place in told.closed if place.rules != (OPEN,)]
        if closed:
            assert f"{len(closed)} better place" in text
        for rule, count in Counter(place.rules[0] for place in closed).items():
            assert f"{count} by " in text, rule
        for holders in told.holders[:3]:
            line = next(x for x in told.words if x.startswith(f"{holders.resource_id} on {holders.bucket_date:%a} "))
            for held in holders.classes:
                assert f"class {held.priority} holds {hours_text(held.hours)} h" in line
        helps = [x for x in told.words if x.startswith(("Cheapest help: ", "Or: "))]
        assert helps == [
            f"{'Or' if index else 'Cheapest help'}: {relaxation.words}."
            for index, relaxation in enumerate(told.relaxations)
        ]


class _Place:
    """A place that an order could have had, put to each rule of the model."""

    def __init__(
        self,
        problem: SchedulingProblem,
        order: OrderDemand,
        place: ClosedPlace,
        in_its_way: Hours,
        share: Fraction,
    ) -> None:
        self.problem, self.order, self.place = problem, order, place
        self.in_its_way, self.share = in_its_way, share
        self.terms: DeliveryTerms = problem.customer(order.customer_id)
        self.ship = place.delivery_date - timedelta(days=self.terms.transit_days)

    def broken_rules(self) -> set[str]:
        if self.place.routing_id is None or self.place.completion_date is None:
            return self._day_rules() | ({"shipping_follows_completion"} if self.ship < self._first else set())
        assert self._day_rules() == set()
        return self._completion_rules() | ({FULL} if self.missing() else set())

    @property
    def _first(self) -> date:
        return self.problem.horizon.as_of

    def _day_rules(self) -> set[str]:
        day = self.place.delivery_date
        windows = self.terms.windows or self.problem.default_windows
        broken = {
            "delivery_falls_in_a_window": not any(_holds(window, day) for window in windows),
            "delivery_avoids_holidays": day in self.problem.holidays,
            "delivery_avoids_blackouts": day in self.terms.blackout_dates,
            "delivery_is_not_too_early": (self.order.due_date - day).days > self.terms.max_early_days,
        }
        return {rule for rule, is_broken in broken.items() if is_broken}

    def _completion_rules(self) -> set[str]:
        completion = self._completion
        loads = self._routing.loads
        days = [self._day(load.resource_id, load.anchor, load.offset_days) for load in loads]
        release = self.order.release_date
        closing = [load.resource_id for load in loads if load.anchor is LoadAnchor.COMPLETION]
        works = [name for name in closing if self._works(name, completion)]
        docks = [
            d for load, d in zip(loads, days, strict=True) if load.anchor is LoadAnchor.SHIP and not load.offset_days
        ]
        broken = {
            "completion_is_on_a_working_bucket": bool(closing) and not works,
            "shipping_follows_completion": self.ship < completion,
            "loads_lie_in_the_horizon": None in days,
            "work_waits_for_release": release is not None and any(d is not None and d < release for d in days),
            "shipping_work_follows_completion": any(d is not None and d < completion for d in docks),
        }
        return {rule for rule, is_broken in broken.items() if is_broken}

    @property
    def _completion(self) -> date:
        assert self.place.completion_date is not None
        return self.place.completion_date

    @property
    def _routing(self) -> RoutingOption:
        return next(r for r in self.order.routings if r.routing_id == self.place.routing_id)

    def _works(self, resource_id: str, day: date) -> bool:
        return load_day(self.problem, resource_id, day, 0) == day

    def _day(self, resource_id: str, anchor: LoadAnchor, offset: int) -> date | None:
        start = self.ship if anchor is LoadAnchor.SHIP else self._completion
        return load_day(self.problem, resource_id, start, offset)

    def missing(self) -> dict[Bucket, Fraction]:
        if self.place.routing_id is None:
            return {}
        needed: dict[Bucket, Fraction] = {}
        for load in self._routing.loads:
            day = self._day(load.resource_id, load.anchor, load.offset_days)
            if day is not None:
                bucket = (load.resource_id, day)
                needed[bucket] = needed.get(bucket, Fraction(0)) + Fraction(load.hours) * self.share
        free = {b: max(Fraction(0), capacity(self.problem, b) - self.in_its_way.get(b, Fraction(0))) for b in needed}
        short = {b: hours - free[b] for b, hours in needed.items() if hours > 0}
        return {b: hours for b, hours in short.items() if hours > HOURS_TOLERANCE}


def _holds(window: DeliveryWindow, day: date) -> bool:
    begins = window.effective_from is None or window.effective_from <= day
    return window.weekday == day.weekday() and begins and (window.effective_to is None or day <= window.effective_to)


def _hours(
    problem: SchedulingProblem, order: OrderDemand, delivery: ScheduledDelivery
) -> list[tuple[Bucket, Fraction]]:
    """The hours of a delivery in the horizon, located by walking back day by day."""
    routing = next(r for r in order.routings if r.routing_id == delivery.routing_id)
    ship = delivery.delivery_date - timedelta(days=problem.customer(order.customer_id).transit_days)
    share = Fraction(delivery.quantity) / Fraction(order.quantity)
    found: list[tuple[Bucket, Fraction]] = []
    for load in routing.loads:
        anchor = ship if load.anchor is LoadAnchor.SHIP else delivery.completion_date
        day = load_day(problem, load.resource_id, anchor, load.offset_days)
        if day is not None and day in problem.horizon:
            found.append(((load.resource_id, day), Fraction(load.hours) * share))
    return found


def _slot_of(problem: SchedulingProblem, order: OrderDemand, delivery: ScheduledDelivery) -> tuple[Slot, Fraction]:
    routing = next(r for r in order.routings if r.routing_id == delivery.routing_id)
    whole = replace(delivery, quantity=delivery.quantity.__class__(str(order.quantity)))
    hours = tuple(_hours(problem, order, whole))
    return Slot(routing, delivery.completion_date, delivery.delivery_date, hours), Fraction(delivery.quantity)


def _fit(problem: SchedulingProblem, taken: Hours, more: Iterable[tuple[Bucket, Fraction]]) -> bool:
    """Whether hours fit beside those that are taken."""
    used = sum_hours([more])
    return all(
        taken.get(bucket, Fraction(0)) + hours <= capacity(problem, bucket) + HOURS_TOLERANCE
        for bucket, hours in used.items()
    )


def _places_by_order(result: SchedulingResult) -> dict[str, set[tuple[object, ...]]]:
    found: dict[str, set[tuple[object, ...]]] = {}
    for d in result.deliveries:
        place = (d.routing_id, d.completion_date, d.delivery_date, d.quantity)
        found.setdefault(d.order_id, set()).add(place)
    return found


def _relaxed(problem: SchedulingProblem, order: OrderDemand, relaxation: Relaxation) -> SchedulingProblem:
    """The problem with the change that a relaxation names."""
    return _CHANGES[relaxation.kind](problem, order, relaxation)


def _as_it_stands(problem: SchedulingProblem, _order: OrderDemand, _relaxation: Relaxation) -> SchedulingProblem:
    return problem


def _with_overtime(problem: SchedulingProblem, _order: OrderDemand, relaxation: Relaxation) -> SchedulingProblem:
    more = {(m.resource_id, m.bucket_date): m.missing_hours for m in relaxation.overtime}
    resources = tuple(
        replace(
            resource,
            buckets={
                day: BucketHours(
                    regular_hours=hours.regular_hours,
                    overtime_hours=hours.overtime_hours + more.get((resource.resource_id, day), 0.0),
                )
                for day, hours in resource.buckets.items()
            },
        )
        for resource in problem.resources
    )
    return replace(problem, resources=resources)


def _released_earlier(problem: SchedulingProblem, order: OrderDemand, relaxation: Relaxation) -> SchedulingProblem:
    assert relaxation.release_date is not None
    assert order.release_date is not None
    assert relaxation.release_date < order.release_date
    changed = replace(order, release_date=relaxation.release_date)
    return replace(problem, orders=tuple(changed if o.order_id == order.order_id else o for o in problem.orders))


def _with_terms(problem: SchedulingProblem, terms: DeliveryTerms) -> SchedulingProblem:
    customers = tuple(terms if c.customer_id == terms.customer_id else c for c in problem.customers)
    return replace(problem, customers=customers)


def _with_a_window(problem: SchedulingProblem, order: OrderDemand, relaxation: Relaxation) -> SchedulingProblem:
    terms, day = problem.customer(order.customer_id), relaxation.opened_date
    assert day is not None
    start, end = DEFAULT_HOURS
    window = DeliveryWindow(weekday=day.weekday(), start=start, end=end, effective_from=day, effective_to=day)
    windows = (*(terms.windows or problem.default_windows), window)
    return _with_terms(problem, replace(terms, windows=windows))


def _taken_earlier(problem: SchedulingProblem, order: OrderDemand, relaxation: Relaxation) -> SchedulingProblem:
    terms = problem.customer(order.customer_id)
    assert relaxation.max_early_days is not None
    assert relaxation.max_early_days > terms.max_early_days
    return _with_terms(problem, replace(terms, max_early_days=relaxation.max_early_days))


def _without_the_blackout(problem: SchedulingProblem, order: OrderDemand, relaxation: Relaxation) -> SchedulingProblem:
    terms = problem.customer(order.customer_id)
    assert relaxation.opened_date in terms.blackout_dates
    return _with_terms(problem, replace(terms, blackout_dates=terms.blackout_dates - {relaxation.opened_date}))


def _without_the_holiday(problem: SchedulingProblem, _order: OrderDemand, relaxation: Relaxation) -> SchedulingProblem:
    assert relaxation.opened_date in problem.holidays
    return replace(problem, holidays=problem.holidays - {relaxation.opened_date})


_CHANGES: Mapping[RelaxationKind, Callable[[SchedulingProblem, OrderDemand, Relaxation], SchedulingProblem]] = {
    RelaxationKind.REPLAN: _as_it_stands,
    RelaxationKind.OVERTIME: _with_overtime,
    RelaxationKind.EARLIER_RELEASE: _released_earlier,
    RelaxationKind.EXTRA_WINDOW: _with_a_window,
    RelaxationKind.EARLIER_DELIVERY: _taken_earlier,
    RelaxationKind.BLACKOUT_DELIVERY: _without_the_blackout,
    RelaxationKind.HOLIDAY_DELIVERY: _without_the_holiday,
}
