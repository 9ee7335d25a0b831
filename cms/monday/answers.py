"""Decides whether an answer is whole: every field that was asked for, at the pinned version, and no error beside it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cms.monday.errors import BrokenAnswerError, BusyError, CursorExpiredError, MondayError, VersionError
from cms.monday.http_answers import HttpAnswer
from cms.monday.problems import Problem, error_of, problems_of
from cms.monday.queries import Operation

CLOCK_MARGIN = timedelta(minutes=5)
"""How far monday.com's clock is taken to be behind ours where it does not tell the time."""

_BAD_GATEWAY = 502


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A whole answer.

    Parameters
    ----------
    server_time : datetime
        monday.com's clock when it answered.
    was_replayed : bool
        Whether this is the stored answer to an earlier request with the same key.
    """

    data: Mapping[str, Any]
    request_id: str
    server_time: datetime
    was_replayed: bool = False


def whole_answer(operation: Operation, http: HttpAnswer, *, pinned: str, secret: str, now: datetime) -> Answer:
    """The answer, if nothing of it is missing: data beside an error is never used.

    Parameters
    ----------
    pinned : str
        The API version that must have answered.
    secret : str
        Never shown, whatever the answer repeats of it.

    Raises
    ------
    MondayError
        The one that says what to do about the answer.
    """
    request_id = _request_id(http)
    problems = problems_of(http.body or {}) or _unreadable(http)
    if problems:
        shown = tuple(replace(problem, message=problem.message.replace(secret, "***")) for problem in problems)
        raise _error(operation, http, shown, request_id, now)
    _check_version(operation, http, pinned, request_id)
    return Answer(
        data=(http.body or {})["data"],
        request_id=request_id,
        server_time=http.server_time or now - CLOCK_MARGIN,
        was_replayed=http.headers.get("Idempotency-Replayed", "").lower() == "true",
    )


def _unreadable(http: HttpAnswer) -> tuple[Problem, ...]:
    """What is wrong with an answer that names no error itself; nothing: it can be read."""
    if http.status != 200:
        hint = "; check monday.url" if http.status < 500 else ""
        return (Problem(message=f"it answered HTTP {http.status}{hint}", status=http.status),)
    if http.body is None:
        return (Problem(message="the answer was cut off or is no JSON", status=_BAD_GATEWAY),)
    if not isinstance(http.body.get("data"), Mapping):
        return (Problem(message="the answer carries no data", status=_BAD_GATEWAY),)
    return ()


def _error(
    operation: Operation, http: HttpAnswer, problems: tuple[Problem, ...], request_id: str, now: datetime
) -> MondayError:
    error = error_of(
        problems,
        operation=operation.name,
        request_id=request_id,
        midnight=_next_midnight(http.server_time or now),
        http_status=http.status,
    )
    if isinstance(error, CursorExpiredError) and not operation.has_cursor:
        error = BrokenAnswerError(error.what, operation=operation.name, code=error.code, request_id=request_id)
    if isinstance(error, BusyError):
        error.retry_in_seconds = _retry_after(http.headers) or error.retry_in_seconds
    return error


def _check_version(operation: Operation, http: HttpAnswer, pinned: str, request_id: str) -> None:
    found = http.headers.get("API-Version")
    if found != pinned:
        raise VersionError(
            f"API version {found or 'unknown'} answered although {pinned} is pinned: a version that does not exist "
            "becomes the current one, an old one the oldest that is kept. Run `cms monday versions`",
            operation=operation.name,
            request_id=request_id,
        )


def _request_id(http: HttpAnswer) -> str:
    body = http.body or {}
    extensions = body.get("extensions")
    inside = extensions.get("request_id") if isinstance(extensions, Mapping) else None
    return str(inside or body.get("request_id") or http.headers.get("X-Request-Id") or "")


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds of a ``Retry-After`` header; a header that is a date is not used by monday.com and is left out."""
    try:
        seconds = float(headers.get("Retry-After", ""))
    except ValueError:
        return None
    return seconds if 0 < seconds < float("inf") else None


def _next_midnight(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
