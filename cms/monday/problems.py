"""Sorts what is wrong with an answer by what a caller has to do about it, whatever the shape it came in."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

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


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One error of an answer, whatever the shape it came in."""

    message: str
    code: str = ""
    status: int = 0
    retry_in_seconds: float | None = None
    path: str = ""

    @property
    def sentence(self) -> str:
        """The message, with its place in the query where it is known."""
        message = self.message.strip() or "no reason given"
        return f"{message} (at {self.path})" if self.path else message


_RESET = re.compile(r"reset in (\d+(?:\.\d+)?) second", re.IGNORECASE)
_BUDGET = re.compile(r"query cost (\d+) budget remaining \d+ out of (\d+)", re.IGNORECASE)
_TOO_COMPLEX = re.compile(r"exceeds max(?:imum)? complexity", re.IGNORECASE)
_CURSOR = re.compile(r"Cursor(?:Expired)?(?:Error|Exception)\b|cursor.{0,60}expired", re.IGNORECASE)
_CODES: Mapping[type[MondayError], tuple[str, ...]] = {
    DailyLimitError: ("DAILY_LIMIT_EXCEEDED",),
    CursorExpiredError: ("CursorException", "CursorExpiredError"),
    TooComplexError: ("maxComplexityExceeded",),
    # monday.com itself misspelt the second one until 2024
    UnauthorizedError: ("UserUnauthorizedException", "UserUnauthroizedException", "NotAuthenticated", "Unauthorized"),
    VersionError: ("InvalidVersionException",),
    BusyError: (
        "COMPLEXITY_BUDGET_EXHAUSTED",
        "ComplexityException",
        "FIELD_LIMIT_EXCEEDED",
        "maxConcurrencyExceeded",
        "IP_RATE_LIMIT_EXCEEDED",
        "API_TEMPORARILY_BLOCKED",
        "RATE_LIMIT_EXCEEDED",
        "RateLimitExceeded",
        "IDEMPOTENCY_CONFLICT",
    ),
    BrokenAnswerError: ("InternalServerError", "INTERNAL_SERVER_ERROR", "TIMEOUT", "REQUEST_TIMEOUT"),
}
_KIND_OF_CODE = {code.casefold(): kind for kind, codes in _CODES.items() for code in codes}
_BUSY_STATUSES = frozenset({409, 423, 429})


def problems_of(answer: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Every error in an answer, in the modern shape, in the legacy one, or in both; none: it is whole.

    Examples
    --------
    >>> problems_of({"data": {"me": None}, "errors": [{"message": "no", "extensions": {"code": "X"}}]})[0].code
    'X'
    >>> problems_of({"error_code": "ComplexityException", "error_message": "reset in 25 seconds"})[0].retry_in_seconds
    25.0
    >>> problems_of({"data": {}})
    ()
    """
    modern = list(_modern_problems(answer.get("errors")))
    if not any(answer.get(key) for key in ("error_code", "error_message", "error")):
        return tuple(modern)
    # the legacy shape repeats its one error as a mere text
    return (_legacy_problem(answer), *(problem for problem in modern if problem.code))


def _modern_problems(errors: Any) -> Iterator[Problem]:
    listed = errors if isinstance(errors, list) else [errors] if errors else []
    for error in listed:
        if not isinstance(error, Mapping):
            yield Problem(message=str(error), retry_in_seconds=_reset_seconds(str(error)))
            continue
        extensions = error.get("extensions")
        details: Mapping[str, Any] = extensions if isinstance(extensions, Mapping) else {}
        message = str(error.get("message", ""))
        yield Problem(
            message=message,
            code=str(details.get("code") or ""),
            status=_whole(details.get("status_code")),
            retry_in_seconds=_seconds(details.get("retry_in_seconds")) or _reset_seconds(message),
            path=".".join(str(part) for part in error.get("path") or ()),
        )


def _legacy_problem(answer: Mapping[str, Any]) -> Problem:
    message = str(answer.get("error_message") or answer.get("error") or "")
    details = answer.get("error_data")
    stated = details.get("retry_in_seconds") if isinstance(details, Mapping) else None
    return Problem(
        message=message,
        code=str(answer.get("error_code") or ""),
        status=_whole(answer.get("status_code")),
        retry_in_seconds=_seconds(stated) or _reset_seconds(message),
    )


def _whole(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _seconds(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and value > 0 else None


def _reset_seconds(message: str) -> float | None:
    found = _RESET.search(message)
    return float(found.group(1)) if found else None


def error_of(
    problems: Iterable[Problem], *, operation: str, request_id: str, midnight: datetime, http_status: int = 200
) -> MondayError:
    """The one error that stands for an answer's problems: the one that forbids most decides.

    Parameters
    ----------
    midnight : datetime
        When a daily limit ends.
    http_status : int
        Decides where no problem has a status of its own.
    """
    errors = [
        _error_of(p, operation=operation, request_id=request_id, midnight=midnight, http_status=http_status)
        for p in problems
    ]
    return min(errors, key=lambda error: _GRAVITY.index(type(error)))


_GRAVITY: list[type[MondayError]] = [
    UnauthorizedError,
    VersionError,
    DailyLimitError,
    CursorExpiredError,
    TooComplexError,
    RefusedError,
    BusyError,
    BrokenAnswerError,
]
_REMEDIES: Mapping[type[MondayError], str] = {
    UnauthorizedError: "; check CMS_MONDAY_TOKEN, and that its owner may see the board",
    VersionError: "; check monday.api_version in cms.toml",
}


def _error_of(
    problem: Problem, *, operation: str, request_id: str, midnight: datetime, http_status: int
) -> MondayError:
    details = {"operation": operation, "code": problem.code, "request_id": request_id}
    kind = _kind_of(problem, problem.status or http_status)
    what = problem.sentence + _REMEDIES.get(kind, "")
    if kind is DailyLimitError:
        return DailyLimitError(what, resumes_at=midnight, **details)
    if issubclass(kind, BusyError):
        return kind(what, retry_in_seconds=problem.retry_in_seconds, **details)
    return kind(what, **details)


def _kind_of(problem: Problem, status: int) -> type[MondayError]:
    """The class of a problem: by its code, else by its words, else by its status."""
    by_code = _KIND_OF_CODE.get(problem.code.casefold())
    words, is_coded = problem.message, bool(problem.code)
    guesses = (
        (_TOO_COMPLEX.search(words) or _costs_more_than_a_minute(problem), TooComplexError),
        (by_code is not None, by_code),
        (_CURSOR.search(words), CursorExpiredError),
        ((not is_coded and status in (401, 403)) or words == "Not Authenticated", UnauthorizedError),
        (status in _BUSY_STATUSES or problem.retry_in_seconds, BusyError),
        (status >= 500, BrokenAnswerError),
    )
    return next((kind for holds, kind in guesses if holds and kind is not None), RefusedError)


def _costs_more_than_a_minute(problem: Problem) -> bool:
    """Whether waiting is useless: the request alone costs more than the whole budget of a minute."""
    found = _BUDGET.search(problem.message)
    return found is not None and int(found.group(1)) > int(found.group(2))
