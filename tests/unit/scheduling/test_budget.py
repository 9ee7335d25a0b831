"""Work is counted, not timed; the clock only guards."""

import time

from cms.scheduling.budget import RESERVE, Budget, Meter


def test_parts_of_a_budget_share_its_meter() -> None:
    whole = Budget(Meter(time.monotonic() + 600), 10.0)
    part = whole.part(0.4)

    part.charge(1.0)

    assert (part.left, whole.left) == (3.0, 9.0)


def test_what_a_part_leaves_is_there_for_the_next_one() -> None:
    whole = Budget(Meter(time.monotonic() + 600), 10.0)
    whole.part(0.5).charge(1.0)

    assert whole.part(1.0).left == 9.0


def test_a_spent_part_leaves_the_whole_open() -> None:
    whole = Budget(Meter(time.monotonic() + 600), 10.0)
    part = whole.part(0.1)
    part.charge(2.0)

    assert part.is_spent
    assert not whole.is_spent


def test_the_clock_ends_a_budget_that_is_not_spent() -> None:
    late = Budget(Meter(time.monotonic() - 1), 10.0)

    assert late.is_spent
    assert late.part(0.5).is_spent
    assert 0 < late.guard_seconds < 0.1


def test_a_time_limit_keeps_some_time_for_slower_machines_and_some_for_the_answer() -> None:
    budget = Budget.of_seconds(100)

    assert budget.left == 100 * RESERVE
    assert 94 < budget.guard_seconds <= 95


def test_what_was_done_before_a_search_ends_it_earlier_and_costs_it_nothing() -> None:
    budget = Budget.of_seconds(100, began=time.monotonic() - 10)

    assert budget.left == 100 * RESERVE
    assert 84 < budget.guard_seconds <= 85
