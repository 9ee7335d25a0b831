"""The ways the API says no, each in its modern and in its legacy form."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

from cms.domain.errors import CmsError


@dataclass(eq=False)
class MondayError(CmsError):
    """An answer that refuses.

    Parameters
    ----------
    code : str
        ``extensions.code``.
    status_code : int
        ``extensions.status_code``: what went wrong, whatever the HTTP status says.
    http_status : int
        The HTTP status of the answer; most errors come with 200.
    retry_in_seconds : float, optional
        When another try makes sense; also sent as ``Retry-After``.
    legacy : bool
        Answer in the older form with a top-level ``error_code``.
    """

    message: str
    code: str
    status_code: int = 200
    http_status: int = 200
    retry_in_seconds: float | None = None
    error_data: Mapping[str, Any] = field(default_factory=dict)
    legacy: bool = False
    path: tuple[str | int, ...] | None = None

    def __post_init__(self) -> None:
        super().__init__(self.message)

    @property
    def extensions(self) -> dict[str, Any]:
        """What the modern form tells beside the message."""
        found: dict[str, Any] = {
            "code": self.code,
            "status_code": self.status_code,
            "error_data": dict(self.error_data),
        }
        if self.retry_in_seconds is not None:
            found["retry_in_seconds"] = round(self.retry_in_seconds)
        return found

    def body(self, request_id: str) -> dict[str, Any]:
        """The whole answer."""
        if self.legacy:
            return {
                "error_code": self.code,
                "status_code": self.status_code,
                "error_message": self.message,
                "error_data": dict(self.error_data),
                "errors": [self.message],
                "account_id": 7654321,
                "request_id": request_id,
            }
        error: dict[str, Any] = {"message": self.message, "extensions": self.extensions}
        if self.path is not None:
            error["path"] = list(self.path)
        return {"data": None, "errors": [error], "extensions": {"request_id": request_id}}

    def headers(self) -> dict[str, str]:
        """``Retry-After`` where there is a time to wait."""
        if self.retry_in_seconds is None:
            return {}
        return {"Retry-After": str(max(1, round(self.retry_in_seconds)))}

    def as_legacy(self) -> "MondayError":
        """The same refusal in the older form."""
        return replace(self, legacy=True)


def new_request_id() -> str:
    """A fresh request id."""
    return str(uuid4())


def complexity_exhausted(cost: int, left: int, budget: int, reset_seconds: float) -> MondayError:
    """The minute's complexity budget does not cover the query."""
    reset = max(1, round(reset_seconds))
    return MondayError(
        f"Complexity budget exhausted, query cost {cost} budget remaining {left} out of {budget} "
        f"reset in {reset} seconds",
        "COMPLEXITY_BUDGET_EXHAUSTED",
        status_code=429,
        retry_in_seconds=reset,
        error_data={"complexity": cost, "complexity_budget_left": left, "complexity_budget_limit": budget},
    )


def query_too_complex(cost: int, limit: int) -> MondayError:
    """A single query costs more than any query may."""
    return MondayError(
        f"Query has complexity of {cost}, which exceeds max complexity of {limit}",
        "maxComplexityExceeded",
        error_data={"cost": cost, "max_complexity": limit},
    )


def daily_limit_exceeded(limit: int, reset_seconds: float) -> MondayError:
    """The day's calls are used up until midnight UTC."""
    return MondayError(
        f"Daily limit of {limit} calls exceeded, it resets at midnight UTC",
        "DAILY_LIMIT_EXCEEDED",
        status_code=429,
        http_status=429,
        retry_in_seconds=reset_seconds,
        error_data={"limit": limit},
    )


def minute_limit_exceeded(limit: int, reset_seconds: float) -> MondayError:
    """More calls in a minute than the plan allows."""
    return MondayError(
        f"Rate Limit Exceeded: {limit} calls a minute",
        "RATE_LIMIT_EXCEEDED",
        status_code=429,
        http_status=429,
        retry_in_seconds=reset_seconds,
    )


def concurrency_exceeded(limit: int) -> MondayError:
    """More calls at the same time than the plan allows."""
    return MondayError(
        f"Max concurrency exceeded: {limit} calls at a time",
        "maxConcurrencyExceeded",
        status_code=429,
        http_status=429,
        retry_in_seconds=1,
    )


def cursor_expired() -> MondayError:
    """The cursor is older than an hour."""
    return MondayError(
        "CursorExpiredError: the cursor provided for pagination has expired, start again from the first page",
        "CursorException",
        error_data={"cursor_lifetime_minutes": 60},
    )


def cursor_invalid() -> MondayError:
    """Nobody issued this cursor."""
    return MondayError("CursorException: the cursor is not valid", "CursorException")


def not_found(kind: str, key: str, code: str) -> MondayError:
    """Something named does not exist, or is not for this token."""
    return MondayError(f"{kind} {key} was not found", code, status_code=200, error_data={"resource_id": key})


def column_value_refused(message: str, column_id: str, column_type: str) -> MondayError:
    """A value does not fit its column."""
    return MondayError(
        f"invalid value, {message}",
        "ColumnValueException",
        error_data={"column_id": column_id, "column_type": column_type},
    )


def unauthenticated() -> MondayError:
    """No token, or a wrong one."""
    return MondayError("Not Authenticated", "NOT_AUTHENTICATED", status_code=401, http_status=401)


def idempotency_conflict() -> MondayError:
    """A twin with the same key is still being processed."""
    return MondayError(
        "A request with the same Idempotency-Key is being processed",
        "IDEMPOTENCY_CONFLICT",
        status_code=409,
        http_status=409,
        retry_in_seconds=1,
    )
