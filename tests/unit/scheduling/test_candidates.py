"""Candidates: which completions and deliveries the calendars allow, and where their hours fall."""

import pytest

from cms.scheduling.candidates import candidates_of, find_candidate
from cms.scheduling.problem import OrderDemand, SchedulingProblem
from cms.scheduling.tables import PlantTables
from tests.problem_builders import a_customer, a_load, a_problem, a_resource, a_routing, a_window, an_order, day


def pairs(problem: SchedulingProblem) -> list[tuple[int, int]]:
    """Completion and delivery day of every candidate of the first order."""
    found = candidates_of(PlantTables(problem), problem.orders[0])
    return [(candidate.completion, candidate.delivery) for candidate in found]


def test_delivery_follows_completion_and_the_windows() -> None:
    mondays = a_customer(windows=(a_window(0),))

    assert pairs(a_problem(customers=[mondays], days=8)) == [(0, 0), *[(day, 7) for day in range(8)]]


def test_transit_days_lie_between_shipping_and_delivery() -> None:
    assert pairs(a_problem(customers=[a_customer(transit_days=3)], days=5)) == [(0, 3), (0, 4), (1, 4)]


def test_the_customer_takes_it_only_so_early() -> None:
    assert min(delivery for _, delivery in pairs(a_problem(an_order(due=4), customers=[a_customer(early=1)]))) == 3


def test_blackouts_and_holidays_close_days() -> None:
    customer = a_customer(blackout_dates=frozenset({day(1)}))
    problem = a_problem(customers=[customer], holidays=frozenset({day(2)}), days=4)

    assert {delivery for _, delivery in pairs(problem)} == {0, 3}


def test_own_windows_override_the_defaults_also_when_they_have_expired() -> None:
    customer = a_customer(windows=(a_window(0, effective_to=day(-1)),))

    assert pairs(a_problem(customers=[customer])) == []


def test_offsets_count_working_buckets_of_the_resource() -> None:
    oven = a_resource(hours=[8, 8, 0, 0, 8])
    order = an_order(routings=[a_routing("A", a_load(hours=6), a_load(hours=8, offset=1))])
    problem = a_problem(order, resources=[oven], days=5)
    tables = PlantTables(problem)

    candidate = find_candidate(tables, order, tables.ways(order)[0], 4, 4)

    assert candidate is not None
    assert candidate.loads == ((4, 6.0), (1, 8.0))


def test_work_may_not_start_before_the_release() -> None:
    routing = a_routing("A", a_load(), a_load(offset=2))
    problem = a_problem(an_order(release_date=day(1), routings=[routing]), days=5)

    assert min(completion for completion, _ in pairs(problem)) == 3


def test_a_ship_load_at_offset_nought_waits_for_completion() -> None:
    dock = a_resource("DOCK", hours=[8, 0, 0, 0, 8])
    order = an_order(routings=[a_routing("A", a_load(), a_load("DOCK", at_ship=True))])
    problem = a_problem(order, resources=[a_resource(days=5), dock], days=5)

    assert [pair for pair in pairs(problem) if pair[1] < 4] == [(0, 0), (0, 1), (0, 2), (0, 3)]
    assert [completion for completion, delivery in pairs(problem) if delivery == 4] == [0, 1, 2, 3, 4]


def test_without_completion_loads_any_day_completes() -> None:
    order = an_order(routings=[a_routing("A", a_load("DOCK", at_ship=True))])
    problem = a_problem(order, resources=[a_resource("DOCK", hours=[0, 0, 8])], days=3)

    assert pairs(problem) == [(0, 2), (1, 2), (2, 2)]


@pytest.mark.parametrize("place", [(0, 13), (13, 0), (2, 1)])
def test_what_is_no_candidate_is_not_found(place: tuple[int, int]) -> None:
    order: OrderDemand = an_order(due=4, release_date=day(1))
    problem = a_problem(order, resources=[a_resource(hours=[8] * 14)], days=14)
    tables = PlantTables(problem)

    assert find_candidate(tables, order, tables.ways(order)[0], *place) is None
