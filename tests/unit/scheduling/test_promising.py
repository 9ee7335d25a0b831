"""Quotes: what an order could have without moving anyone, and what a reservation holds."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given

from cms.capacity.ledger import CapacityExceededError, CapacityLoad
from cms.domain.errors import InvalidValueError
from cms.domain.metrics import tardiness_days
from cms.domain.resources import ResourceId
from cms.domain.schedule import ScheduledDelivery
from cms.scheduling import Method, SolveStatus, build_schedule
from cms.scheduling.feasibility import find_violations
from cms.scheduling.free_capacity import FULL_BUCKET_HOURS, hold_reserved
from cms.scheduling.problem import OrderDemand, SchedulingProblem
from cms.scheduling.promising import PlanState, Promise, PromisedDelivery, plan_state, quote, release, reserve
from cms.scheduling.rush import insert_rush
from cms.scheduling.splice import splice
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

OVEN = ResourceId("OVEN")


def a_state(problem: SchedulingProblem, **completions: int) -> PlanState:
    """The state of a plan that completes each named order on a day."""
    deliveries = [a_delivery(problem, name, completion=completion) for name, completion in completions.items()]
    return plan_state(problem, a_schedule(problem, *deliveries))


def dates(promises: tuple[Promise, ...]) -> list[int]:
    return [(promise.delivery_date - day(0)).days for promise in promises]


def test_a_quote_lists_every_day_that_can_be_kept_the_earliest_first() -> None:
    state = a_state(a_problem(an_order("O1", hours=8), days=4, resources=[a_resource(days=4)]), O1=0)

    promises = quote(state, an_order("NEW", hours=8, due=1))

    assert dates(promises) == [1, 2, 3]
    assert [promise.tardiness_days for promise in promises] == [0, 1, 2]


def test_a_quote_moves_nobody() -> None:
    problem = a_problem(
        an_order("O1", hours=8, priority=5), an_order("O2", hours=8), days=2, resources=[a_resource(days=2)]
    )

    assert quote(a_state(problem, O1=0, O2=1), an_order("NEW", priority=1, hours=1)) == ()


def test_a_quote_names_window_routing_and_completion() -> None:
    customer = a_customer(windows=(a_window(3, 9, 11),), transit_days=1)

    problem = a_problem(customers=[customer], days=7, holding_cost_per_hour_day=1.0)

    (promise,) = quote(a_state(problem), an_order("NEW", hours=8), most=1)

    (delivery,) = promise.deliveries
    assert (delivery.completion_date, delivery.delivery_date) == (day(2), day(3))
    assert (delivery.window_start.hour, delivery.window_end.hour, delivery.quantity) == (9, 11, 10)


def test_a_promise_costs_its_overtime_and_prices_its_capacity() -> None:
    """8 regular hours, 4 of them taken: 6 h need 2 h of overtime at 10 each; an hour of the day is worth 3."""
    problem = a_problem(an_order("O1", hours=4), days=1, resources=[a_resource(hours=8, overtime=2, days=1)])
    result = a_schedule(problem, a_delivery(problem, "O1", completion=0))
    priced = replace(result, resource_days=tuple(replace(row, price_per_hour=3.0) for row in result.resource_days))

    (promise,) = quote(plan_state(problem, priced), an_order("NEW", hours=6))

    assert (promise.overtime_hours, promise.cost, promise.capacity_price) == (2.0, 20.0, 18.0)


def test_the_cheapest_way_to_a_day_is_quoted() -> None:
    order = an_order("NEW", routings=[a_routing("A", cost=9.0), a_routing("B", cost=2.0)])

    promises = quote(a_state(a_problem(days=2)), order)

    assert [(p.deliveries[0].routing_id, p.cost) for p in promises] == [("B", 2.0), ("B", 2.0)]


def test_a_bulk_order_is_quoted_in_parts_where_that_is_sooner() -> None:
    state = a_state(a_problem(days=5, resources=[a_resource(hours=[4, 8, 6, 0, 16], days=5)]))
    demand = an_order("NEW", hours=16, quantity=16, due=1, splittable=True, min_split_quantity=4)

    in_parts, whole = quote(state, demand)

    assert sorted((d.delivery_date, d.quantity) for d in in_parts.deliveries) == [(day(0), 4), (day(1), 8), (day(2), 4)]
    assert (dates((in_parts, whole)), in_parts.cost) == ([2, 4], 0.0)


def test_a_bulk_order_that_fits_whole_is_not_split() -> None:
    assert len(quote(a_state(a_problem(days=1)), an_order("NEW", hours=4, splittable=True))) == 1


def test_parts_that_end_no_sooner_than_the_whole_are_not_offered() -> None:
    state = a_state(a_problem(days=2, resources=[a_resource(hours=[4, 16], days=2)]))

    promises = quote(state, an_order("NEW", hours=16, due=0, splittable=True))

    assert [len(promise.deliveries) for promise in promises] == [1]


def test_a_bulk_order_that_fits_nowhere_has_no_promise() -> None:
    assert quote(a_state(a_problem(days=1)), an_order("NEW", hours=80, splittable=True)) == ()


def test_a_quote_for_an_unknown_customer_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="must be the id of a customer"):
        quote(a_state(a_problem()), an_order("NEW", customer="NOBODY"))


def test_a_reserved_promise_is_not_given_twice() -> None:
    state = a_state(a_problem(days=2, resources=[a_resource(days=2)]))
    first, second = quote(state, an_order("NEW", hours=8))

    held = reserve(state, first)

    assert dates(quote(held, an_order("NEXT", hours=8))) == [1]
    assert dates(quote(release(held, first), an_order("NEXT", hours=8))) == [0, 1]
    with pytest.raises(CapacityExceededError):
        reserve(reserve(held, second), second)


def test_reservations_can_be_part_of_the_state_from_the_start() -> None:
    problem = a_problem(days=2, resources=[a_resource(days=2)])

    state = plan_state(problem, a_schedule(problem, unscheduled={"O1": 10}), [CapacityLoad(OVEN, day(0), 6.0)])

    assert dates(quote(state, an_order("NEW", hours=4))) == [1]


class TestHoldReserved:
    def test_a_later_plan_leaves_reserved_hours_alone(self) -> None:
        problem = a_problem(an_order("O1", hours=6, due=0), days=2, resources=[a_resource(days=2)])

        held = hold_reserved(problem, [CapacityLoad(OVEN, day(0), 3.0)])

        result = build_schedule(held, method=Method.DISPATCH)
        assert find_violations(held, result) == ()
        assert [delivery.completion_date for delivery in result.deliveries] == [day(1)]

    def test_regular_hours_are_held_before_overtime(self) -> None:
        problem = a_problem(days=1, resources=[a_resource(hours=8, overtime=2, days=1)])

        (resource,) = hold_reserved(problem, [CapacityLoad(OVEN, day(0), 9.0)]).resources

        assert (resource.buckets[day(0)].regular_hours, resource.buckets[day(0)].overtime_hours) == (0.0, 1.0)

    def test_a_day_that_is_held_entirely_still_counts_as_a_working_day(self) -> None:
        order = an_order(routings=[a_routing("A", a_load(hours=2), a_load(hours=2, offset=2))])
        problem = a_problem(order, days=3, resources=[a_resource(days=3)])

        held = hold_reserved(problem, [CapacityLoad(OVEN, day(1), 8.0)])

        assert held.resources[0].buckets[day(1)].total_hours == FULL_BUCKET_HOURS
        result = build_schedule(held, method=Method.DISPATCH)
        assert sorted(load.bucket_date for load in result.loads) == [day(0), day(2)]

    def test_what_is_frozen_comes_before_what_is_reserved(self) -> None:
        problem = a_problem(an_order(hours=6, current=(published(0),)), days=2, fence=1)

        held = hold_reserved(problem, [CapacityLoad(OVEN, day(0), 8.0)])

        assert held.resources[0].buckets[day(0)].regular_hours == 6.0
        assert find_violations(held, build_schedule(held, method=Method.DISPATCH)) == ()

    def test_without_reservations_the_problem_stays_as_it_is(self) -> None:
        problem = a_problem()

        assert hold_reserved(problem, []) is problem


@examples(share=0.5)
@given(problem=small_problems(least_orders=2))
def test_every_promise_can_be_kept_beside_everything_that_is_planned(problem: SchedulingProblem) -> None:
    demand, others = replace(problem.orders[0], current=()), problem.orders[1:]
    before = replace(problem, orders=others)
    plan = build_schedule(before, method=Method.DISPATCH)
    if plan.status is SolveStatus.INFEASIBLE:
        return
    whole = replace(problem, orders=(*others, demand))

    promises = quote(plan_state(before, plan), demand)

    inserted = insert_rush(before, plan, demand)
    if inserted.deliveries and not inserted.moved and not demand.splittable:
        assert promises[0].delivery_date <= inserted.deliveries[0].delivery_date
    for promise in promises:
        part = a_schedule(whole, *(_as_scheduled(demand, n, d) for n, d in enumerate(promise.deliveries)))
        kept = splice(before, plan, whole, part, [demand.order_id])
        assert find_violations(whole, kept) == ()


def _as_scheduled(demand: OrderDemand, sequence: int, promised: PromisedDelivery) -> ScheduledDelivery:
    return ScheduledDelivery(
        order_id=demand.order_id,
        sequence=sequence,
        customer_id=demand.customer_id,
        routing_id=promised.routing_id,
        completion_date=promised.completion_date,
        delivery_date=promised.delivery_date,
        window_start=promised.window_start,
        window_end=promised.window_end,
        quantity=Decimal(f"{promised.quantity:g}"),
        tardiness_days=tardiness_days(promised.delivery_date, demand.due_date),
    )
