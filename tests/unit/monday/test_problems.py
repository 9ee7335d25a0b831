"""An answer's errors are sorted by what a caller has to do about them, in either shape."""

from datetime import UTC, datetime
from typing import Any

import pytest

from cms.monday.errors import (
    BrokenAnswerError,
    BusyError,
    CursorExpiredError,
    DailyLimitError,
    MondayError,
    RefusedError,
    TooComplexError,
    UnauthorizedError,
    VersionError,
)
from cms.monday.problems import error_of, problems_of

MIDNIGHT = datetime(2026, 11, 25, tzinfo=UTC)
CODES = [
    ("COMPLEXITY_BUDGET_EXHAUSTED", BusyError),
    ("FIELD_LIMIT_EXCEEDED", BusyError),
    ("maxConcurrencyExceeded", BusyError),
    ("IP_RATE_LIMIT_EXCEEDED", BusyError),
    ("API_TEMPORARILY_BLOCKED", BusyError),
    ("IDEMPOTENCY_CONFLICT", BusyError),
    ("INTERNAL_SERVER_ERROR", BrokenAnswerError),
    ("DAILY_LIMIT_EXCEEDED", DailyLimitError),
    ("UserUnauthorizedException", UnauthorizedError),
    ("InvalidVersionException", VersionError),
    ("undefinedField", RefusedError),
    ("InvalidBoardIdException", RefusedError),
    ("CursorException", CursorExpiredError),
    ("CursorExpiredError", CursorExpiredError),
    ("maxComplexityExceeded", TooComplexError),
]


def _error(answer: dict[str, Any], http_status: int = 200) -> MondayError:
    return error_of(
        problems_of(answer), operation="FirstPage", request_id="r-1", midnight=MIDNIGHT, http_status=http_status
    )


@pytest.mark.parametrize(("code", "kind"), CODES)
def test_a_code_decides_in_the_modern_shape(code: str, kind: type[MondayError]) -> None:
    error = _error({"data": {"boards": []}, "errors": [{"message": "no", "extensions": {"code": code}}]})

    assert type(error) is kind


@pytest.mark.parametrize(("code", "kind"), CODES)
def test_a_code_decides_in_the_legacy_shape(code: str, kind: type[MondayError]) -> None:
    error = _error({"error_code": code, "error_message": "no", "status_code": 200})

    assert type(error) is kind


def test_the_legacy_complexity_error_tells_in_its_words_when_to_come_back() -> None:
    error = _error({"error_code": "ComplexityException", "error_message": "budget exhausted, reset in 17 seconds"})

    assert isinstance(error, BusyError)
    assert error.retry_in_seconds == 17.0


def test_the_legacy_shape_may_repeat_its_error_as_a_mere_text() -> None:
    answer = {"error_code": "maxConcurrencyExceeded", "error_message": "too many", "errors": ["too many"]}

    assert type(_error(answer)) is BusyError


def test_an_expired_cursor_is_known_by_its_message_whatever_its_code() -> None:
    message = "CursorExpiredError: the cursor provided for pagination has expired"

    assert isinstance(_error({"errors": [{"message": message, "extensions": {"code": "X"}}]}), CursorExpiredError)


def test_a_request_that_costs_more_than_a_minute_holds_is_too_complex_to_wait_for() -> None:
    message = "Complexity budget exhausted, query cost 600 budget remaining 500 out of 500 reset in 3 seconds"
    answer = {"errors": [{"message": message, "extensions": {"code": "COMPLEXITY_BUDGET_EXHAUSTED"}}]}

    assert isinstance(_error(answer), TooComplexError)


def test_among_several_errors_the_one_that_forbids_most_decides() -> None:
    answer = {
        "errors": [
            {"message": "slow down", "extensions": {"code": "FIELD_LIMIT_EXCEEDED"}},
            {"message": "enough for today", "extensions": {"code": "DAILY_LIMIT_EXCEEDED"}},
        ]
    }

    assert isinstance(_error(answer), DailyLimitError)


def test_errors_that_are_mere_texts_are_errors_too() -> None:
    assert isinstance(_error({"errors": ["Not Authenticated"]}), UnauthorizedError)


@pytest.mark.parametrize(
    ("status", "kind"), [(401, UnauthorizedError), (423, BusyError), (429, BusyError), (503, BrokenAnswerError)]
)
def test_without_a_code_the_status_decides(status: int, kind: type[MondayError]) -> None:
    assert type(_error({"errors": [{"message": "no"}]}, status)) is kind


def test_an_error_names_operation_code_request_and_place() -> None:
    error = _error(
        {
            "errors": [
                {"message": "no such board", "path": ["boards", 0], "extensions": {"code": "InvalidBoardIdException"}}
            ]
        }
    )

    assert str(error) == "monday.com, FirstPage: no such board (at boards.0) [InvalidBoardIdException] (request r-1)"


def test_the_daily_limit_says_when_it_ends() -> None:
    error = _error({"errors": [{"message": "Daily limit exceeded", "extensions": {"code": "DAILY_LIMIT_EXCEEDED"}}]})

    assert "2026-11-25 00:00 UTC" in str(error)


@pytest.mark.parametrize(
    "answer", [{"data": {}}, {"data": {"me": None}, "errors": []}, {"data": {}, "error_code": None}]
)
def test_an_answer_without_errors_is_whole(answer: dict[str, Any]) -> None:
    assert problems_of(answer) == ()
