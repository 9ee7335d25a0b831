"""A rush order: who makes room, who is asked first, and who is left alone."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from cms.scheduling import Method, SchedulingProblem, SolveStatus, build_schedule
from cms.scheduling.feasibility import find_violations
from cms.scheduling.rush import RushInsertion, insert_rush
from tests.problem_builders import a_delivery, a_problem, a_resource, a_schedule, an_order, day, published
from tests.strategies import examples, small_problems


def a_full_day(*names_and_classes: tuple[str, int], days: int = 5, **fields: object) -> SchedulingProblem:
    """A plant of 8 hours a day; each order takes 4 of them and is due on the last day."""
    orders = [an_order(name, priority=priority, hours=4, due=days - 1) for name, priority in names_and_classes]
    return a_problem(*orders, days=days, resources=[a_resource(hours=8, days=days)], **fields)  # type: ignore[arg-type]


def asked(insertion: RushInsertion) -> list[str]:
    return [answer.order_id for answer in insertion.asked]


def moved(insertion: RushInsertion) -> list[str]:
    return [answer.order_id for answer in insertion.moved]


def test_a_rush_order_that_fits_asks_nobody() -> None:
    problem = a_full_day(("O1", 3))
    plan = a_schedule(problem, a_delivery(problem, "O1", completion=0))

    insertion = insert_rush(problem, plan, an_order("RUSH", priority=1, due=0))

    assert (insertion.asked, insertion.deliveries[0].completion_date) == ((), day(0))
    assert insertion.tier_changes == {"priority 1": 0.0, "priority 3": 0.0, "cost": 0.0}
    assert find_violations(insertion.problem, insertion.result) == ()


def test_the_lowest_class_is_asked_first_and_only_who_is_needed_moves() -> None:
    problem = a_full_day(("O1", 2), ("O2", 3))
    plan = a_schedule(problem, *(a_delivery(problem, name, completion=0) for name in ("O1", "O2")))

    insertion = insert_rush(problem, plan, an_order("RUSH", priority=1, due=0))

    assert (asked(insertion), moved(insertion)) == (["O2", "O1"], ["O2"])
    assert insertion.deliveries[0].delivery_date == day(0)
    assert find_violations(insertion.problem, insertion.result) == ()


def test_in_a_class_the_order_with_most_days_to_spare_is_asked_first() -> None:
    orders = [an_order("O1", priority=3, due=2), an_order("O2", priority=3, due=4)]
    problem = a_problem(*orders)
    plan = a_schedule(problem, *(a_delivery(problem, name, completion=0) for name in ("O1", "O2")))

    insertion = insert_rush(problem, plan, an_order("RUSH", priority=1, due=0))

    assert [(answer.order_id, answer.days_to_spare) for answer in insertion.asked] == [("O2", 4), ("O1", 2)]


def test_an_answer_says_where_an_order_goes_and_how_late_that_makes_it() -> None:
    problem = a_problem(an_order("O1", priority=3, due=0, hours=8, weight=0.5))
    plan = a_schedule(problem, a_delivery(problem, "O1", completion=0))

    (answer,) = insert_rush(problem, plan, an_order("RUSH", priority=1, due=0, hours=8)).moved

    assert (answer.old_delivery_date, answer.new_delivery_date) == (day(0), day(1))
    assert answer.added_tardiness_days == 0.5


def test_no_more_are_asked_than_would_free_twice_what_is_missing() -> None:
    orders = [an_order(f"O{index}", priority=3, hours=1, due=4) for index in range(8)]
    problem = a_problem(*orders)
    plan = a_schedule(problem, *(a_delivery(problem, order.order_id, completion=0) for order in orders))

    insertion = insert_rush(problem, plan, an_order("RUSH", priority=1, hours=1, due=0))

    assert (asked(insertion), len(moved(insertion))) == (["O0", "O1"], 1)


def test_more_are_asked_where_one_place_is_not_enough() -> None:
    """On day 0 only a higher class works; on day 1 the rush order is as late as need be, but O2 has to go."""
    problem = a_problem(an_order("O1", priority=1, hours=8, due=0), an_order("O2", priority=3, hours=7, due=1), days=3)
    plan = a_schedule(problem, a_delivery(problem, "O1", completion=0), a_delivery(problem, "O2", completion=1))

    insertion = insert_rush(problem, plan, an_order("RUSH", priority=2, hours=8, due=0))

    assert (moved(insertion), insertion.deliveries[0].delivery_date) == (["O2"], day(1))


def test_a_higher_class_is_never_asked() -> None:
    problem = a_full_day(("O1", 1), ("O2", 1))
    plan = a_schedule(problem, *(a_delivery(problem, name, completion=0) for name in ("O1", "O2")))

    insertion = insert_rush(problem, plan, an_order("RUSH", priority=2, due=0))

    assert (asked(insertion), insertion.deliveries[0].delivery_date) == ([], day(1))


def test_nothing_inside_the_fence_is_asked() -> None:
    problem = a_problem(an_order("O1", priority=4, hours=8, current=(published(0),)), fence=1)
    plan = a_schedule(problem, a_delivery(problem, "O1", completion=0, frozen=True))

    insertion = insert_rush(problem, plan, an_order("RUSH", priority=1, due=0))

    assert (asked(insertion), insertion.deliveries[0].delivery_date) == ([], day(1))


def test_an_equal_makes_room_only_where_both_together_gain() -> None:
    """Both are due on day 0 and of one class: whoever goes first, one is a day late, so the plan stays as it is."""
    problem = a_problem(an_order("O1", priority=2, due=0, hours=8))
    plan = a_schedule(problem, a_delivery(problem, "O1", completion=0))
    equal = an_order("RUSH", priority=2, due=0, hours=8)

    polite = insert_rush(problem, plan, equal)
    insisting = insert_rush(problem, plan, equal, at_any_price=True)

    assert (moved(polite), polite.deliveries[0].delivery_date) == ([], day(1))
    assert (moved(insisting), insisting.deliveries[0].delivery_date) == (["O1"], day(0))


def test_an_order_of_the_plan_can_become_a_rush_order() -> None:
    orders = [an_order("O1", priority=3, due=1, hours=8), an_order("O2", priority=3, due=0, hours=8)]
    problem = a_problem(*orders)
    plan = a_schedule(problem, a_delivery(problem, "O1", completion=0), a_delivery(problem, "O2", completion=1))

    insertion = insert_rush(problem, plan, replace(orders[1], priority=1))

    assert [(d.order_id, d.delivery_date) for d in insertion.result.deliveries] == [("O2", day(0)), ("O1", day(1))]
    assert find_violations(insertion.problem, insertion.result) == ()


def test_a_rush_order_that_fits_nowhere_is_listed_with_its_reason() -> None:
    problem = a_full_day(("O1", 3))
    plan = a_schedule(problem, a_delivery(problem, "O1", completion=0))

    insertion = insert_rush(problem, plan, an_order("RUSH", priority=1, hours=9))

    (entry,) = insertion.result.unscheduled
    assert (insertion.deliveries, entry.order_id) == ((), "RUSH")
    assert find_violations(insertion.problem, insertion.result) == ()


@examples(share=0.5)
@given(problem=small_problems(least_orders=2), at_any_price=st.booleans())
def test_a_rush_insertion_keeps_every_rule_and_touches_only_whom_it_may(
    problem: SchedulingProblem, at_any_price: bool
) -> None:
    rush, others = problem.orders[0], problem.orders[1:]
    before = replace(problem, orders=others)
    plan = build_schedule(before, method=Method.DISPATCH)
    if plan.status is SolveStatus.INFEASIBLE:
        return

    insertion = insert_rush(before, plan, replace(rush, current=()), at_any_price=at_any_price)

    assert find_violations(insertion.problem, insertion.result) == ()
    kept = {order.order_id for order in others if order.priority < rush.priority}
    after = {d for d in insertion.result.deliveries if d.order_id in kept}
    assert after == {d for d in plan.deliveries if d.order_id in kept}
    frozen = {d for d in plan.deliveries if problem.horizon.is_frozen(d.completion_date)}
    assert frozen <= set(insertion.result.deliveries)
