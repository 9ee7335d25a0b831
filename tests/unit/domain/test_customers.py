from dataclasses import replace
from datetime import date, time

import pytest

from cms.domain.customers import CustomerId, DeliveryWindow, earliest_window, windows_of
from cms.domain.errors import InvalidValueError
from tests.builders import WEEKDAYS, a_customer

TUESDAY = date(2026, 1, 6)
TUESDAYS = DeliveryWindow(weekday=1, start=time(8), end=time(12))


def test_a_window_is_open_on_its_weekday_alone() -> None:
    assert TUESDAYS.is_open_on(TUESDAY)
    assert not TUESDAYS.is_open_on(date(2026, 1, 7))


@pytest.mark.parametrize(
    ("effective_from", "effective_to", "is_open"),
    [
        (TUESDAY, None, True),
        (date(2026, 1, 7), None, False),
        (None, TUESDAY, True),
        (None, date(2026, 1, 5), False),
    ],
)
def test_both_effective_dates_are_included(
    effective_from: date | None, effective_to: date | None, is_open: bool
) -> None:
    window = DeliveryWindow(
        weekday=1, start=time(8), end=time(12), effective_from=effective_from, effective_to=effective_to
    )

    assert window.is_open_on(TUESDAY) is is_open


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"weekday": 7}, "weekday"),
        ({"weekday": -1}, "weekday"),
        ({"end": time(8)}, "end"),
        ({"effective_from": TUESDAY, "effective_to": date(2026, 1, 5)}, "effective_to"),
    ],
)
def test_a_window_that_never_opens_cannot_be_built(changes: dict[str, object], field: str) -> None:
    values: dict[str, object] = {"weekday": 1, "start": time(8), "end": time(12)}

    with pytest.raises(InvalidValueError) as refusal:
        DeliveryWindow(**(values | changes))  # type: ignore[arg-type]

    assert refusal.value.field == field


def test_own_windows_override_the_defaults_entirely() -> None:
    assert windows_of([TUESDAYS], WEEKDAYS) == [TUESDAYS]
    assert windows_of([], WEEKDAYS) == WEEKDAYS


def test_a_customer_opens_in_the_earliest_window_of_the_day() -> None:
    afternoon = DeliveryWindow(weekday=1, start=time(13), end=time(17))
    customer = a_customer(windows=(afternoon, TUESDAYS))

    assert customer.opens_on(TUESDAY, WEEKDAYS) == TUESDAYS
    assert customer.opens_on(date(2026, 1, 7), WEEKDAYS) is None
    assert earliest_window(TUESDAY, [afternoon]) == afternoon


def test_a_customer_is_closed_on_a_blackout_date() -> None:
    customer = a_customer(windows=(TUESDAYS,), blackout_dates=frozenset({TUESDAY}))

    assert customer.opens_on(TUESDAY, WEEKDAYS) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("customer_id", CustomerId("")),
        ("priority", 0),
        ("transit_days", -1),
        ("max_early_days", -1),
        ("time_zone", "Mars/Olympus"),
    ],
)
def test_an_impossible_customer_is_refused_with_field_and_value(field: str, value: object) -> None:
    with pytest.raises(InvalidValueError) as refusal:
        replace(a_customer(), **{field: value})  # type: ignore[arg-type]

    assert refusal.value.field == field
    assert repr(value) in str(refusal.value)
