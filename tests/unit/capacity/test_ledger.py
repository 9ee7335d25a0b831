"""The capacity ledger: available, committed, free."""

from datetime import date

import pytest

from cms.capacity.ledger import BucketAccount, CapacityExceededError, CapacityLedger, CapacityLoad
from cms.domain.resources import ResourceId
from cms.domain.work_calendar import BucketCapacity

OVEN = ResourceId("OVEN")
MONDAY, TUESDAY = date(2026, 1, 5), date(2026, 1, 6)
LEDGER = CapacityLedger.of(
    BucketCapacity(resource_id=OVEN, bucket_date=day, regular_hours=8, overtime_hours=2) for day in (TUESDAY, MONDAY)
)


def a_load(hours: float, day: date = MONDAY) -> CapacityLoad:
    return CapacityLoad(OVEN, day, hours)


def test_a_new_ledger_has_everything_free() -> None:
    assert list(LEDGER) == [(OVEN, MONDAY), (OVEN, TUESDAY)]
    assert LEDGER.account(OVEN, MONDAY) == BucketAccount(regular_hours=8, overtime_hours=2)


def test_regular_hours_are_used_before_overtime() -> None:
    account = LEDGER.reserve([a_load(6), a_load(3)]).account(OVEN, MONDAY)

    assert (account.free_regular_hours, account.overtime_used_hours, account.free_hours) == (0, 1, 1)


def test_the_overtime_that_loads_would_add_counts_from_what_is_committed() -> None:
    assert LEDGER.overtime_added([a_load(8)]) == {}
    assert LEDGER.reserve([a_load(6)]).overtime_added([a_load(3), a_load(4, TUESDAY)]) == {(OVEN, MONDAY): 1}


def test_loads_that_do_not_fit_are_refused_with_the_hours_that_would() -> None:
    with pytest.raises(CapacityExceededError, match="OVEN on 2026-01-05: 5 h asked, 4 h possible"):
        LEDGER.reserve([a_load(6)]).reserve([a_load(2), a_load(3)])


def test_shortages_name_the_hours_that_are_missing() -> None:
    assert LEDGER.shortages([a_load(10)]) == {}
    assert LEDGER.shortages([a_load(10.5), a_load(1, TUESDAY)]) == {(OVEN, MONDAY): 0.5}


def test_a_day_without_work_has_no_hours() -> None:
    sunday = date(2026, 1, 11)

    assert LEDGER.shortages([a_load(1, sunday)]) == {(OVEN, sunday): 1}
    assert LEDGER.shortages([a_load(0, sunday)]) == {}


def test_giving_back_restores_the_ledger() -> None:
    assert LEDGER.reserve([a_load(9)]).release([a_load(9)]) == LEDGER.committed([a_load(0)])


def test_more_than_is_committed_cannot_be_given_back() -> None:
    with pytest.raises(CapacityExceededError, match="only what is committed"):
        LEDGER.reserve([a_load(3)]).release([a_load(4)])


def test_facts_are_taken_over_even_where_they_do_not_fit() -> None:
    account = LEDGER.committed([a_load(12)]).account(OVEN, MONDAY)

    assert (account.committed_hours, account.free_hours) == (12, 0)
