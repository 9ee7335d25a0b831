"""Requests wait for limits instead of running into them."""

from datetime import UTC, datetime, timedelta

from cms.monday.pacing import Pacer, read_rate_limits
from cms.monday.queries import CHANGE_ITEM, FIRST_PAGE, NEXT_PAGE

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def _headers(minute_left: int = 900, points_left: int = 5_000_000, reset: int = 40) -> dict[str, str]:
    return {"RateLimit": f'"minuteRate";r={minute_left};t={reset}, "complexityMinute";r={points_left};t={reset}'}


def test_nothing_waits_before_anything_is_known() -> None:
    assert Pacer().wait_seconds(FIRST_PAGE, NOW) == 0.0


def test_a_used_up_minute_is_waited_out() -> None:
    pacer = Pacer()

    pacer.note_headers(FIRST_PAGE, _headers(minute_left=0), NOW)

    assert pacer.wait_seconds(NEXT_PAGE, NOW + timedelta(seconds=10)) == 30.0


def test_a_request_that_would_cost_more_than_is_left_waits_for_the_next_minute() -> None:
    pacer = Pacer()
    pacer.note_cost(NEXT_PAGE, {"query": 30_000})

    pacer.note_headers(NEXT_PAGE, _headers(points_left=29_999), NOW)

    assert pacer.wait_seconds(NEXT_PAGE, NOW) == 40.0
    assert pacer.wait_seconds(FIRST_PAGE, NOW) == 0.0


def test_a_budget_that_was_filled_up_again_is_not_waited_for() -> None:
    pacer = Pacer()
    pacer.note_headers(NEXT_PAGE, _headers(points_left=0), NOW)

    assert pacer.wait_seconds(NEXT_PAGE, NOW + timedelta(seconds=41)) == 0.0


def test_reading_and_writing_have_budgets_of_their_own() -> None:
    pacer = Pacer()

    pacer.note_headers(CHANGE_ITEM, _headers(points_left=0), NOW)

    assert pacer.wait_seconds(CHANGE_ITEM, NOW) == 40.0
    assert pacer.wait_seconds(NEXT_PAGE, NOW) == 0.0


def test_the_longest_pause_asked_for_holds() -> None:
    pacer = Pacer()

    pacer.pause_until(NOW + timedelta(seconds=90))
    pacer.pause_until(NOW + timedelta(seconds=20))

    assert pacer.wait_seconds(FIRST_PAGE, NOW) == 90.0


def test_headers_that_cannot_be_read_say_nothing() -> None:
    assert read_rate_limits('garbage;;, "minuteRate";q=5') == {}
    assert read_rate_limits(None) == {}
