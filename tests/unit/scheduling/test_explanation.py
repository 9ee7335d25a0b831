"""Why an order is late, who is in its way, and what would help."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given

from cms.domain.errors import NotFoundError
from cms.domain.orders import OrderId
from cms.domain.resources import ResourceId
from cms.scheduling import Method, SchedulingProblem, SolveStatus, build_schedule
from cms.scheduling.closed_places import FENCE, FULL, OPEN, SPLITS
from cms.scheduling.explanation import Explanation, explain
from cms.scheduling.problem import OrderDemand
from cms.scheduling.relaxations import Relaxation, RelaxationKind, move_words
from cms.scheduling.rush import AskedOrder
from tests.problem_builders import (
    a_customer,
    a_delivery,
    a_load,
    a_problem,
    a_resource,
    a_routing,
    a_schedule,
    a_window,
    an_order,
    day,
    published,
)
from tests.strategies import examples, small_problems

LATE = OrderId("LATE")


def explained(problem: SchedulingProblem, *, unscheduled: float = 0, **completions: int) -> Explanation:
    """LATE explained in a plan that completes each named order on a day and delivers it that day."""
    deliveries = [a_delivery(problem, name, completion=completion) for name, completion in completions.items()]
    plan = a_schedule(problem, *deliveries, unscheduled={"LATE": unscheduled} if unscheduled else None)
    return explain(problem, plan, LATE)


def helping(explanation: Explanation, kind: RelaxationKind) -> Relaxation:
    (relaxation,) = [r for r in explanation.relaxations if r.kind is kind]
    return relaxation


def rules_by_day(explanation: Explanation) -> dict[date, set[str]]:
    days: dict[date, set[str]] = {}
    for place in explanation.closed:
        days.setdefault(place.delivery_date, set()).update(place.rules)
    return days


def a_late_order(due: int = 0, **fields: object) -> OrderDemand:
    return an_order("LATE", due=due, **fields)  # type: ignore[arg-type]


def test_an_order_on_time_says_how_it_comes_about() -> None:
    explanation = explained(a_problem(a_late_order(due=2)), LATE=2)

    assert not explanation.is_late
    assert explanation.words[0] == (
        "LATE (class 2), due Wed 2026-01-07: 10 delivered Wed 2026-01-07 08:00-12:00, on time: completed by routing A "
        "on Wed 2026-01-07, 0 days on the way."
    )


def test_an_unknown_order_is_refused() -> None:
    problem = a_problem()

    with pytest.raises(NotFoundError, match="no order 'GHOST'"):
        explain(problem, a_schedule(problem, unscheduled={"O1": 10}), OrderId("GHOST"))


class TestAFullDay:
    """OVEN has 8 h on Monday, 2 h of overtime at 10 an hour; O1 (class 1) and O2 (class 3) hold 4 h each."""

    problem = a_problem(
        an_order("O1", priority=1, due=0),
        an_order("O2", priority=3, due=4),
        a_late_order(hours=5.0),
        resources=[a_resource(hours=8, overtime=2, cost=10)],
    )
    explanation = explained(problem, O1=0, O2=0, LATE=1)

    def test_the_full_resource_bucket_is_named_with_what_is_missing(self) -> None:
        (place,) = self.explanation.closed

        assert place.rules == (FULL,)
        assert place.detail == "OVEN on 2026-01-05 lacks 3 h"

    def test_its_holders_are_listed_by_class(self) -> None:
        (holders,) = self.explanation.holders

        assert (holders.available_hours, holders.free_hours, holders.places_closed) == (10, 2, 1)
        assert [(c.priority, c.hours, c.orders, c.largest) for c in holders.classes] == [
            (1, 4.0, 1, ("O1",)),
            (3, 4.0, 1, ("O2",)),
        ]

    def test_overtime_is_offered_with_hours_and_cost(self) -> None:
        """5 h on top of 8: all 5 are overtime, 3 of them beyond the 2 that are allowed."""
        overtime = helping(self.explanation, RelaxationKind.OVERTIME)

        assert [(m.resource_id, m.bucket_date, m.missing_hours) for m in overtime.overtime] == [("OVEN", day(0), 3.0)]
        assert (overtime.delivery_date, overtime.added_cost) == (day(0), 50.0)
        assert overtime.words == (
            "allow more overtime, 3 h on OVEN on Mon 2026-01-05: delivered Mon 2026-01-05, on time, at a cost of 50.00"
        )

    def test_moving_the_lower_class_is_offered_with_its_effect(self) -> None:
        moving = helping(self.explanation, RelaxationKind.MOVE_ORDERS)

        assert [asked.order_id for asked in moving.moved] == ["O2"]
        assert moving.others_added_tardiness_days == 0.0
        assert "O2 (class 3) to " in moving.words
        assert "still on time" in moving.words

    def test_the_cheapest_help_comes_first(self) -> None:
        """Moving O2 takes 1 h of overtime (4 + 5 h on 8), 10 money; more overtime takes 50."""
        cheapest = self.explanation.cheapest_relaxation

        assert cheapest is not None
        assert (cheapest.kind, cheapest.added_cost) == (RelaxationKind.MOVE_ORDERS, 10.0)
        assert [r.kind for r in self.explanation.relaxations][1:] == [RelaxationKind.OVERTIME]

    def test_all_of_it_reads_as_sentences(self) -> None:
        words = self.explanation.words

        assert words[1] == "1 better place was closed: 1 by a full resource-bucket (e.g. OVEN on 2026-01-05 lacks 3 h)."
        assert words[2] == (
            "OVEN on Mon 2026-01-05 has 10 h, 2 h free: class 1 holds 4 h (O1); class 3 holds 4 h (O2)."
        )
        assert words[3].startswith("Cheapest help: move O2")


def test_an_extra_window_is_offered_on_the_day_nearest_the_due_date() -> None:
    problem = a_problem(a_late_order(due=3), customers=[a_customer(windows=(a_window(4, 9, 11),))])

    explanation = explained(problem, LATE=4)

    window = helping(explanation, RelaxationKind.EXTRA_WINDOW)
    assert set().union(*rules_by_day(explanation).values()) == {"delivery_falls_in_a_window"}
    assert (window.words, window.delivery_date) == (
        "open a window of C1 on Mon 2026-01-05: delivered Mon 2026-01-05, on time, at no further cost",
        day(0),
    )


def test_a_customer_that_never_opens_is_offered_office_hours() -> None:
    problem = a_problem(a_late_order(due=3), default_windows=())

    explanation = explained(problem, unscheduled=10)

    assert helping(explanation, RelaxationKind.EXTRA_WINDOW).delivery_date <= day(3)


def test_an_earlier_release_is_offered_as_late_as_will_do() -> None:
    problem = a_problem(a_late_order(due=2, release_date=day(5)))

    explanation = explained(problem, LATE=5)

    assert rules_by_day(explanation)[day(2)] == {"work_waits_for_release"}
    assert helping(explanation, RelaxationKind.EARLIER_RELEASE).words.startswith(
        "release it on Wed 2026-01-07 instead of Sat 2026-01-10: delivered Wed 2026-01-07, on time"
    )


def test_a_release_that_would_not_help_is_not_offered() -> None:
    busy = an_order("O1", hours=8, due=0)
    problem = a_problem(busy, a_late_order(due=0, release_date=day(1), priority=3))

    assert [r.kind for r in explained(problem, O1=0, LATE=1).relaxations] == []


def test_a_blackout_and_a_holiday_can_give_way() -> None:
    problem = a_problem(
        a_late_order(due=1),
        customers=[a_customer(blackout_dates=frozenset({day(0)}))],
        holidays=frozenset({day(1)}),
    )

    explanation = explained(problem, LATE=2)

    assert helping(explanation, RelaxationKind.BLACKOUT_DELIVERY).delivery_date == day(0)
    assert helping(explanation, RelaxationKind.HOLIDAY_DELIVERY).delivery_date == day(1)


def test_a_customer_can_take_it_earlier() -> None:
    order = a_late_order(due=3, hours=8)
    problem = a_problem(
        order, an_order("O1", hours=8, due=3), an_order("O2", hours=8, due=3), customers=[a_customer(early=1)]
    )

    explanation = explained(problem, O1=2, O2=3, LATE=4)

    early = helping(explanation, RelaxationKind.EARLIER_DELIVERY)
    assert early.words.startswith("C1 takes it 2 days early instead of at most 1: delivered Tue 2026-01-06, on time")


def test_a_place_that_nothing_closes_is_owned_up_to() -> None:
    explanation = explained(a_problem(a_late_order(due=1)), LATE=3)

    assert {place.rules for place in explanation.closed} == {(OPEN,)}
    assert explanation.cheapest_relaxation is not None
    assert explanation.cheapest_relaxation.kind is RelaxationKind.REPLAN


def test_a_frozen_delivery_is_explained_by_the_fence() -> None:
    problem = a_problem(a_late_order(due=0, current=(published(1),)), fence=2)
    plan = a_schedule(problem, a_delivery(problem, "LATE", completion=1, frozen=True))

    explanation = explain(problem, plan, LATE)

    assert [place.rules for place in explanation.closed] == [(FENCE,)]
    assert explanation.relaxations == ()
    assert "frozen inside the planning time fence" in explanation.words[0]


def test_an_order_that_was_due_before_the_plan_begins_can_only_be_less_late() -> None:
    problem = a_problem(
        an_order("O1", hours=8), a_late_order(due=-2, hours=8, priority=3), resources=[a_resource(days=14)]
    )

    explanation = explained(problem, O1=0, LATE=3)

    assert {place.delivery_date for place in explanation.closed} == {day(0), day(1), day(2)}
    assert explanation.relaxations[0].words.startswith(
        "schedule it anew as the plan stands: delivered Tue 2026-01-06, 3 days late"
    )


def test_where_nothing_makes_it_on_time_less_late_is_offered() -> None:
    """Two days on the way: due on day 0 it cannot be on time, but it need not wait for day 9."""
    problem = a_problem(a_late_order(due=0), customers=[a_customer(transit_days=2)])
    plan = a_schedule(problem, a_delivery(problem, "LATE", completion=7, delivery=9))

    explanation = explain(problem, plan, LATE)

    assert explanation.closed[0].detail == "it would have to ship on 2026-01-03, before the plan begins"
    assert explanation.relaxations[0].delivery_date == day(2)


def test_what_was_due_today_before_everything_has_no_better_day() -> None:
    explanation = explained(a_problem(a_late_order(due=-3)), LATE=0)

    assert explanation.words[1].startswith("No day of the plan is early enough")
    assert explanation.words[-1] == "No single change that was tried brings it in earlier."


def test_an_unscheduled_order_is_explained_with_its_reason() -> None:
    problem = a_problem(a_late_order(due=1, hours=9))

    explanation = explained(problem, unscheduled=10)

    assert (explanation.is_late, explanation.delivery_date) == (True, None)
    assert "it is not scheduled: no room" in explanation.words[0]
    assert helping(explanation, RelaxationKind.OVERTIME).overtime[0].missing_hours == pytest.approx(1.0)


def test_only_the_late_part_of_a_split_order_is_asked_for() -> None:
    """5 of 10 units are late: 8 of the 16 hours, and Monday's 8 are taken by the other half."""
    order = a_late_order(due=0, hours=16, splittable=True)
    problem = a_problem(order)
    halves = [a_delivery(problem, "LATE", completion=n, quantity=5, sequence=n) for n in (0, 1)]

    explanation = explain(problem, a_schedule(problem, *halves), LATE)

    assert explanation.tardiness_days == 1
    assert [place.detail for place in explanation.closed] == ["OVEN on 2026-01-05 lacks 8 h"]


def test_work_that_would_begin_before_the_plan_is_told_as_such() -> None:
    """LATE needs 5 h on the working day before its completion; the plan begins on the day it is due."""
    order = a_late_order(due=0, routings=[a_routing("A", a_load(hours=4), a_load(hours=5, offset=1))])
    problem = a_problem(order, an_order("O1", hours=2, due=0))

    explanation = explained(problem, O1=0, LATE=1)

    assert explanation.closed[0].rules == ("loads_lie_in_the_horizon",)
    assert explanation.closed[0].detail == "5 h on OVEN would fall before the first working bucket of the plan"


def test_the_late_hours_of_an_order_are_not_counted_among_the_holders() -> None:
    """Completed on Monday, delivered a day late; O1 holds 6 of Monday's 8 h, so LATE's 4 h do not fit."""
    problem = a_problem(a_late_order(due=0), an_order("O1", hours=6), resources=[a_resource(hours=8)])
    plan = a_schedule(
        problem, a_delivery(problem, "O1", completion=0), a_delivery(problem, "LATE", completion=0, delivery=1)
    )

    (holders,) = explain(problem, plan, LATE).holders

    assert [(held.hours, held.largest) for held in holders.classes] == [(6.0, ("O1",))]
    assert holders.free_hours == 2.0


def test_hours_that_quotes_hold_are_named_beside_the_classes() -> None:
    """Of Monday's 10 h quotes hold 2, so the engine sees 8: O1 holds 6 of them, and LATE's 4 h do not fit."""
    problem = a_problem(a_late_order(due=0), an_order("O1", hours=6), resources=[a_resource(hours=8)])
    plan = a_schedule(problem, a_delivery(problem, "O1", completion=0), a_delivery(problem, "LATE", completion=1))

    explanation = explain(problem, plan, LATE, reserved={(ResourceId("OVEN"), day(0)): 2.0})

    assert explanation.words[2] == (
        "OVEN on Mon 2026-01-05 has 10 h, 2 h free: class 2 holds 6 h (O1); quotes hold 2 h."
    )


def test_a_rest_below_the_smallest_delivery_is_closed_by_the_limits_of_splitting() -> None:
    """6 of 10 units are frozen; the 4 that are left may not be a delivery of their own, of 5 units at least."""
    order = a_late_order(due=3, splittable=True, min_split_quantity=5.0, current=(published(0, quantity=6),))
    problem = a_problem(order, fence=1)
    frozen = a_delivery(problem, "LATE", completion=0, quantity=6, frozen=True)
    plan = a_schedule(problem, frozen, unscheduled={"LATE": 4})

    explanation = explain(problem, plan, LATE)

    assert {place.rules for place in explanation.closed} == {(SPLITS,)}
    assert "10 by the limits of splitting" in explanation.words[1]
    assert "smallest delivery of 5 units" in explanation.words[1]
    assert explanation.relaxations == ()


def test_a_late_part_that_cannot_stand_alone_takes_the_part_on_time_with_it() -> None:
    """2 of 10 units are late and would be too small alone; both parts together need 8 h, of which Monday has 5."""
    order = a_late_order(due=0, hours=8, splittable=True, min_split_quantity=3.0)
    problem = a_problem(order, an_order("O1", hours=3), resources=[a_resource(hours=8)])
    parts = [a_delivery(problem, "LATE", completion=n, quantity=q, sequence=n) for n, q in ((0, 8), (1, 2))]

    explanation = explain(problem, a_schedule(problem, a_delivery(problem, "O1", completion=0), *parts), LATE)

    assert [place.detail for place in explanation.closed] == ["OVEN on 2026-01-05 lacks 3 h"]


@pytest.mark.parametrize(
    ("old", "new", "spare", "added", "words"),
    [
        (0, 2, 3, 0.0, "to Wed 2026-01-07, still on time"),
        (0, 2, 1, 2.0, "to Wed 2026-01-07, 1 day late, 2 days later than now"),
        (4, 2, -3, -1.0, "to Wed 2026-01-07, 1 day late, less than now"),
        (2, 2, -1, 0.0, "to Wed 2026-01-07, 1 day late, as late as now"),
        (2, 2, -1, 0.5, "to Wed 2026-01-07, 1 day late, a part of it later than now"),
    ],
)
def test_moving_an_order_is_told_in_calendar_days(old: int, new: int, spare: int, added: float, words: str) -> None:
    asked = AskedOrder(
        order_id=OrderId("O2"),
        priority=3,
        days_to_spare=spare,
        moves=True,
        old_delivery_date=day(old),
        new_delivery_date=day(new),
        added_tardiness_days=added,
    )

    assert move_words(asked) == f"O2 (class 3) {words}"


def test_an_order_that_loses_its_date_is_told_so() -> None:
    asked = AskedOrder(
        order_id=OrderId("O2"),
        priority=3,
        days_to_spare=0,
        moves=True,
        old_delivery_date=day(0),
        new_delivery_date=None,
        added_tardiness_days=20.0,
    )

    assert move_words(asked) == "O2 (class 3) to no delivery"


def test_alternative_routings_are_all_looked_at() -> None:
    routings = [a_routing("A", a_load("OVEN", 4)), a_routing("B", a_load("PRESS", 4))]
    problem = a_problem(
        a_late_order(routings=routings),
        an_order("O1", hours=8),
        resources=[a_resource("OVEN"), a_resource("PRESS", [0, *[8] * 13])],
    )
    plan = a_schedule(problem, a_delivery(problem, "O1", completion=0), a_delivery(problem, "LATE", completion=1))

    closed = explain(problem, plan, LATE).closed

    assert [(place.routing_id, place.rules[0]) for place in closed] == [
        ("A", FULL),
        ("B", "completion_is_on_a_working_bucket"),
    ]


@examples(share=0.4)
@given(problem=small_problems())
def test_every_order_of_every_plan_can_be_explained(problem: SchedulingProblem) -> None:
    plan = build_schedule(problem, method=Method.DISPATCH)
    if plan.status is SolveStatus.INFEASIBLE:
        return
    for order in problem.orders:
        explanation = explain(problem, plan, order.order_id)

        assert explanation.words
        for relaxation in explanation.relaxations:
            assert explanation.delivery_date is None or relaxation.delivery_date < explanation.delivery_date


def test_explaining_changes_nothing() -> None:
    problem = a_problem(a_late_order(due=0), an_order("O1", hours=8))
    plan = a_schedule(problem, a_delivery(problem, "O1", completion=0), a_delivery(problem, "LATE", completion=1))

    assert replace(explain(problem, plan, LATE)) == explain(problem, plan, LATE)
