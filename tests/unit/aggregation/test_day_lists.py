"""Lists of days in one text."""

from datetime import date

import pytest

from cms.aggregation.day_lists import days_of, read_days
from cms.aggregation.source_text import UnreadableValueError


@pytest.mark.parametrize(
    ("given", "days"),
    [
        ("2026-12-24", "2026-12-24"),
        ("2026-12-31; 2026-12-24,\n2026-12-24", "2026-12-24,2026-12-31"),
        ("2026-12-30 to 2027-01-01", "2026-12-30,2026-12-31,2027-01-01"),
        ("2026-12-30..2026-12-31", "2026-12-30,2026-12-31"),
        ("2026-12-30/2026-12-31", "2026-12-30,2026-12-31"),
        ("2026-12-30 - 2026-12-31", "2026-12-30,2026-12-31"),
        (["2026-12-24", "2026-12-25"], "2026-12-24,2026-12-25"),
        (" , ", ""),
    ],
)
def test_days_and_spans_become_days_in_order(given: object, days: str) -> None:
    assert read_days(given) == days


@pytest.mark.parametrize(
    "given", ["Christmas", "2026-02-30", "2026-12-31 to 2026-12-24", "2026-01-01 to 2036-01-01", "24.12.2026"]
)
def test_what_is_no_day_is_named(given: str) -> None:
    with pytest.raises(UnreadableValueError):
        read_days(given)


def test_what_was_read_becomes_dates_again() -> None:
    assert days_of(read_days("2026-12-24; 2026-12-26")) == {date(2026, 12, 24), date(2026, 12, 26)}
    assert days_of(None) == days_of("") == frozenset()
