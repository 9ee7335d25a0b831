"""Dispatch: who comes first, which delivery is best, and how a bulk order is divided."""

from dataclasses import replace

from hypothesis import given

from cms.scheduling import Method, SchedulingProblem, SolveStatus, build_schedule
from cms.scheduling.candidates import candidates_of
from cms.scheduling.dispatch import Offer, best_offer, dispatch_sequence, place_order
from cms.scheduling.feasibility import find_violations
from cms.scheduling.plan import Plan, is_changed, open_quantity, piece_of
from cms.scheduling.tables import PlantTables
from tests.problem_builders import a_customer, a_load, a_problem, a_resource, a_routing, an_order, day, published
from tests.strategies import examples, small_problems


def dispatched(problem: SchedulingProblem) -> list[tuple[str, int, int, int]]:
    """Order, completion day, delivery day and quantity of each delivery."""
    result = build_schedule(problem, method=Method.DISPATCH)
    assert find_violations(problem, result) == ()
    return [
        (d.order_id, (d.completion_date - day(0)).days, (d.delivery_date - day(0)).days, int(d.quantity))
        for d in result.deliveries
    ]


def test_orders_come_by_class_due_date_weight_and_id() -> None:
    problem = a_problem(
        an_order("E", due=3),
        an_order("D", due=3),
        an_order("C", due=3, weight=2.0),
        an_order("B", due=2),
        an_order("A", due=9, priority=1),
    )

    sequence = dispatch_sequence(PlantTables(problem), range(5))

    assert [problem.orders[number].order_id for number in sequence] == ["A", "B", "C", "D", "E"]


def test_without_holding_cost_the_earliest_delivery_is_best() -> None:
    assert dispatched(a_problem(an_order(due=4))) == [("O1", 0, 0, 10)]


def test_holding_cost_moves_completion_to_the_day_of_shipping() -> None:
    problem = a_problem(an_order(due=4), customers=[a_customer(early=0)], holding_cost_per_hour_day=1.0)

    assert dispatched(problem) == [("O1", 4, 4, 10)]


def test_a_full_day_makes_the_next_order_later() -> None:
    problem = a_problem(an_order("A", due=0, hours=6), an_order("B", due=0, hours=6))

    assert dispatched(problem) == [("A", 0, 0, 10), ("B", 1, 1, 10)]


def test_overtime_is_taken_before_lateness_and_left_before_nothing() -> None:
    oven = a_resource(hours=4, overtime=4)
    problem = a_problem(an_order("A", due=0), an_order("B", due=0), an_order("C", due=5), resources=[oven])

    assert dispatched(problem) == [("A", 0, 0, 10), ("B", 0, 0, 10), ("C", 1, 1, 10)]


def test_the_cheaper_of_two_routings_in_time_is_taken() -> None:
    routings = (a_routing("A", a_load("OVEN"), cost=9.0), a_routing("B", a_load("PRESS"), cost=2.0))
    problem = a_problem(an_order(routings=routings), resources=[a_resource("OVEN"), a_resource("PRESS")])

    assert build_schedule(problem, method=Method.DISPATCH).deliveries[0].routing_id == "B"


def test_a_published_delivery_stays_when_moving_saves_less_than_a_change_costs() -> None:
    problem = a_problem(an_order(current=(published(3),)), change_cost=5.0)

    assert dispatched(problem) == [("O1", 3, 3, 10)]


def test_loads_of_both_anchors_in_one_bucket_count_together() -> None:
    both = a_routing("A", a_load(hours=5), a_load(hours=5, at_ship=True))
    problem = a_problem(an_order(due=1, routings=[both]))

    assert dispatched(problem) == [("O1", 0, 1, 10)]


def test_a_bulk_order_is_divided_when_that_is_less_tardy() -> None:
    problem = a_problem(an_order(due=1, hours=16, splittable=True, min_split_quantity=2, max_splits=2))

    assert dispatched(problem) == [("O1", 0, 0, 5), ("O1", 1, 1, 5)]


def test_what_the_limits_of_splitting_leave_over_is_unscheduled_with_its_reason() -> None:
    problem = a_problem(an_order(due=1, hours=40, splittable=True, max_splits=2))

    unscheduled = build_schedule(problem, method=Method.DISPATCH).unscheduled

    assert [(entry.order_id, int(entry.quantity)) for entry in unscheduled] == [("O1", 6)]
    assert "max_splits" in unscheduled[0].reason


def test_frozen_deliveries_use_their_hours_first() -> None:
    frozen = an_order("LOW", priority=9, hours=6, current=(published(0),))
    problem = a_problem(an_order("HIGH", due=0, hours=6, priority=1), frozen, fence=1)

    assert dispatched(problem) == [("LOW", 0, 0, 10), ("HIGH", 1, 1, 10)]


def test_frozen_deliveries_beyond_a_bucket_make_the_plan_infeasible() -> None:
    order = an_order(hours=20, current=(published(0),))

    result = build_schedule(a_problem(order, fence=1), method=Method.DISPATCH)

    assert result.status is SolveStatus.INFEASIBLE
    assert result.reason == "frozen deliveries need 20 h of OVEN on 2026-01-05, which has 8 h"


def test_the_rest_of_a_partly_frozen_order_is_planned() -> None:
    order = an_order(hours=8, current=(published(0, quantity=4),))

    assert dispatched(a_problem(order, fence=1)) == [("O1", 0, 0, 4), ("O1", 0, 0, 6)]


def test_no_order_disappears() -> None:
    orders = [an_order(f"O{index}", hours=7) for index in range(20)]
    problem = a_problem(*orders, days=14)

    result = build_schedule(problem, method=Method.DISPATCH)

    assert len(result.deliveries) + len(result.unscheduled) == 20
    assert {entry.reason for entry in result.unscheduled} == {
        "no free capacity: OVEN is full for 105 of its 105 candidates"
    }


def test_orders_of_a_day_without_working_buckets_are_named_so() -> None:
    problem = a_problem(an_order(), resources=[a_resource(hours=0)])

    reason = build_schedule(problem, method=Method.DISPATCH).unscheduled[0].reason

    assert reason == "no working bucket of OVEN before the horizon ends"


def test_release_and_horizon_are_named_as_reasons() -> None:
    released = an_order("LATE", release_date=day(20))
    early = replace(an_order("FAR"), due_date=day(40))

    unscheduled = build_schedule(a_problem(released, early), method=Method.DISPATCH).unscheduled

    assert [entry.reason.split(" ")[0] for entry in unscheduled] == ["released", "the"]


def plain_offer(plan: Plan, number: int, quantity: float) -> Offer | None:
    """Every delivery of the quantity tried in turn; what is published stays unless a change is worth its cost."""
    tables = plan.tables
    order, share = tables.problem.orders[number], quantity / tables.problem.orders[number].quantity
    fitting = []
    for one in candidates_of(tables, order):
        overtime = plan.ledger.overtime_money([b for b, _ in one.loads], [hours * share for _, hours in one.loads])
        if overtime is not None:
            money = one.money * share + overtime
            fitting.append(Offer(one.tardiness, money, one.delivery, one.completion, one.routing))
    if not fitting:
        return None
    best = min(fitting, key=lambda offer: offer._replace(money=round(offer.money, 9)))
    for current in order.current:
        piece = piece_of(tables, order, current, frozen=False)
        stays = [one for one in fitting if (one.routing, one.completion, one.delivery) == piece[:3]]
        keeps_all = not is_changed(tables, order, [*plan.pieces[number], piece])
        if piece.quantity == quantity and keeps_all and stays and stays[0].tardiness <= best.tardiness:
            return stays[0] if stays[0].money - best.money <= tables.problem.change_cost else best
    return best


@given(problem=small_problems())
@examples(0.5)
def test_the_offer_is_the_one_that_trying_every_delivery_would_find(problem: SchedulingProblem) -> None:
    plan = Plan(PlantTables(problem))
    for number in dispatch_sequence(plan.tables, range(len(problem.orders))):
        quantity = open_quantity(problem.orders[number], plan.pieces[number])
        if quantity > 0:
            found, plain = best_offer(plan, number, quantity), plain_offer(plan, number, quantity)
            assert (found and (found.tardiness, *found[2:])) == (plain and (plain.tardiness, *plain[2:]))
        place_order(plan, number)
