"""Faults: what goes wrong with which request, as a seeded schedule that can be switched while the sandbox runs."""

import re
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random
from typing import Literal

from cms.domain.errors import InvalidValueError
from cms.sandbox.monday_api.errors import MondayError


class FaultKind(StrEnum):
    """Everything that can go wrong."""

    # Answers that refuse, in monday's words; they exist in a modern and in a legacy form.
    COMPLEXITY = "complexity"
    FIELD_LIMIT = "field_limit"
    CONCURRENCY = "concurrency"
    IP_RATE_LIMIT = "ip_rate_limit"
    TEMPORARILY_BLOCKED = "temporarily_blocked"
    MINUTE_LIMIT = "minute_limit"
    DAILY_LIMIT = "daily_limit"
    UNAUTHORIZED = "unauthorized"
    INVALID_VERSION = "invalid_version"
    UNDEFINED_FIELD = "undefined_field"
    INVALID_BOARD = "invalid_board"
    CURSOR_EXCEPTION = "cursor_exception"
    CURSOR_EXPIRED_ERROR = "cursor_expired_error"
    INTERNAL_ERROR = "internal_error"
    IDEMPOTENCY_CONFLICT = "idempotency_conflict"
    # HTTP statuses with a body that is no answer.
    HTTP_401 = "http_401"
    HTTP_423 = "http_423"
    HTTP_429 = "http_429"
    HTTP_500 = "http_500"
    HTTP_502 = "http_502"
    HTTP_503 = "http_503"
    HTTP_504 = "http_504"
    # The way back: the request was carried out, but its answer does not arrive whole.
    TRUNCATED_JSON = "truncated_json"
    EMPTY_BODY = "empty_body"
    SLOW_BYTES = "slow_bytes"
    CUT_CONNECTION = "cut_connection"
    RESET_AFTER = "reset_after"
    PARTIAL_DATA = "partial_data"
    OTHER_VERSION = "other_version"
    # The way there: the request never arrives, or late.
    RESET = "reset"
    LATENCY = "latency"
    # Changes of the account just before the request is carried out.
    CURSOR_EXPIRY = "cursor_expiry"
    BOARD_CHANGES = "board_changes"
    EXHAUST_COMPLEXITY = "exhaust_complexity"
    EXHAUST_DAY = "exhaust_day"


RECOVERABLE = tuple(
    kind
    for kind in FaultKind
    if kind
    not in (
        FaultKind.DAILY_LIMIT,
        FaultKind.UNAUTHORIZED,
        FaultKind.INVALID_VERSION,
        FaultKind.UNDEFINED_FIELD,
        FaultKind.INVALID_BOARD,
        FaultKind.IDEMPOTENCY_CONFLICT,
        FaultKind.HTTP_401,
        FaultKind.OTHER_VERSION,
        FaultKind.EXHAUST_DAY,
    )
)
"""Faults that a patient client gets over by itself."""

Api = Literal["monday", "orders"]


@dataclass(frozen=True, kw_only=True, slots=True)
class FaultRule:
    """When a fault strikes: at given requests, at given pages, or with a probability.

    Parameters
    ----------
    requests, pages : frozenset of int
        Numbers, from 1, of requests to the API and of requests for a page of items, since the faults were set.
    probability : float
        Chance for any other request, drawn from the seed and the request's number.
    times : int, optional
        The most often it strikes; None: no limit.
    seconds : float
        How long slow and late answers take; also what ``Retry-After`` tells.
    legacy : bool
        Refuse in the older form.
    """

    kind: FaultKind
    requests: frozenset[int] = frozenset()
    pages: frozenset[int] = frozenset()
    probability: float = 0.0
    times: int | None = None
    seconds: float = 1.0
    legacy: bool = False
    api: Api = "monday"


_NUMBERS = r"\d+(?:\.\.\d+)?(?:\+\d+(?:\.\.\d+)?)*"
_RULE = re.compile(
    r"(?P<kind>[a-z_0-9]+)(?P<legacy>\.legacy)?"
    rf"(?:=(?P<probability>\d*\.?\d+)|@(?P<page>p)?(?P<numbers>{_NUMBERS})|~(?P<seconds>\d*\.?\d+)"
    r"|\*(?P<times>\d+)|/(?P<api>monday|orders))*"
)


def parse_faults(text: str) -> tuple[FaultRule, ...]:
    """Rules from a text: names with where they strike, separated by commas.

    ``kind[.legacy]`` and, in any order, ``=probability``, ``@numbers``, ``~seconds``, ``*times``, ``/api``. Numbers
    are ``3``, ``3+7`` or ``3..6``; with a ``p`` before them they count pages of items. A kind alone always strikes.

    Raises
    ------
    InvalidValueError
        A part that is no rule, or names no fault.

    Examples
    --------
    >>> [rule] = parse_faults("cursor_expiry@p2..3")
    >>> rule.kind.value, sorted(rule.pages)
    ('cursor_expiry', [2, 3])
    """
    return tuple(_parse_rule(part.strip()) for part in text.split(",") if part.strip())


def _parse_rule(text: str) -> FaultRule:
    match = _RULE.fullmatch(text)
    if match is None or match["kind"] not in set(FaultKind):
        known = ", ".join(FaultKind)
        raise InvalidValueError("faults", f"must be kind[=probability][@numbers] with a kind of {known}", text)
    numbers = _parse_numbers(match["numbers"]) if match["numbers"] else frozenset()
    probability = float(match["probability"] or 0)
    if not numbers and not probability:
        probability = 1.0
    return FaultRule(
        kind=FaultKind(match["kind"]),
        requests=frozenset() if match["page"] else numbers,
        pages=numbers if match["page"] else frozenset(),
        probability=probability,
        times=int(match["times"]) if match["times"] else None,
        seconds=float(match["seconds"] or 1.0),
        legacy=bool(match["legacy"]),
        api="orders" if match["api"] == "orders" else "monday",
    )


def _parse_numbers(text: str) -> frozenset[int]:
    numbers: set[int] = set()
    for part in text.split("+"):
        first, _, last = part.partition("..")
        numbers.update(range(int(first), int(last or first) + 1))
    return frozenset(numbers)


def random_faults(
    seed: int, *, kinds: Iterable[FaultKind] = RECOVERABLE, probability: float = 0.2, times: int = 3
) -> tuple[FaultRule, ...]:
    """A schedule of its own for each seed: some of the kinds, in both forms, that together strike that often."""
    random = Random(f"faults:{seed}")
    chosen = [kind for kind in kinds if random.random() < 0.5] or [FaultKind.HTTP_503]
    return tuple(
        FaultRule(
            kind=kind,
            probability=probability / len(chosen),
            times=times,
            seconds=random.choice((0.01, 0.02, 0.05)),
            legacy=random.random() < 0.3,
        )
        for kind in chosen
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class FiredFault:
    """A fault that struck, for the record."""

    rule: FaultRule
    request: int


class Faults:
    """The faults in force; safe to change from another thread.

    Parameters
    ----------
    rules : iterable of FaultRule
        What may go wrong.
    seed : int
        Decides which requests the probabilities hit.
    """

    def __init__(self, rules: Iterable[FaultRule] = (), *, seed: int = 1) -> None:
        self._lock = threading.Lock()
        self.fired: list[FiredFault] = []
        self.set(rules, seed=seed)

    def set(self, rules: Iterable[FaultRule], *, seed: int = 1) -> None:
        """Put these faults in force, and count requests from 1 again."""
        with self._lock:
            self.rules = tuple(rules)
            self._seed = seed
            self._counts: dict[Api, int] = {"monday": 0, "orders": 0}
            self._pages = 0
            self._struck: dict[int, int] = {}
            self.fired.clear()

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        self.set(())

    def requests(self, api: Api = "monday") -> int:
        """Requests to an API since the faults were set."""
        return self._counts[api]

    def draw(self, api: Api, *, is_page: bool = False) -> tuple[FaultRule, ...]:
        """Count a request and say what goes wrong with it."""
        with self._lock:
            self._counts[api] += 1
            self._pages += is_page
            number, page = self._counts[api], self._pages if is_page else 0
            struck = tuple(
                rule
                for index, rule in enumerate(self.rules)
                if rule.api == api and self._strikes(index, rule, number, page)
            )
            self.fired += [FiredFault(rule=rule, request=number) for rule in struck]
            return struck

    def _strikes(self, index: int, rule: FaultRule, number: int, page: int) -> bool:
        if rule.times is not None and self._struck.get(index, 0) >= rule.times:
            return False
        # Drawn from the request's number alone, so that threads and timing do not change the schedule.
        drawn = Random(f"{self._seed}:{index}:{number}").random() < rule.probability
        if number in rule.requests or page in rule.pages or drawn:
            self._struck[index] = self._struck.get(index, 0) + 1
            return True
        return False


def refusal(rule: FaultRule) -> MondayError | None:
    """The answer of a fault that refuses, or None for one that does something else."""
    error = _REFUSALS.get(rule.kind)
    if error is None:
        return None
    if error.retry_in_seconds is not None:
        error = replace(error, retry_in_seconds=max(1.0, rule.seconds))
    if rule.legacy:
        return replace(error, legacy=True, http_status=200, code=_LEGACY_CODES.get(rule.kind, error.code))
    return error


_LEGACY_CODES = {FaultKind.COMPLEXITY: "ComplexityException"}
_REFUSALS: Mapping[FaultKind, MondayError] = {
    FaultKind.COMPLEXITY: MondayError(
        "Complexity budget exhausted, query cost 40000 budget remaining 12000 out of 5000000 reset in 1 seconds",
        "COMPLEXITY_BUDGET_EXHAUSTED", 429, retry_in_seconds=1,
    ),
    FaultKind.FIELD_LIMIT: MondayError("Field limit exceeded", "FIELD_LIMIT_EXCEEDED", 429, retry_in_seconds=1),
    FaultKind.CONCURRENCY: MondayError(
        "Concurrency limit exceeded", "maxConcurrencyExceeded", 429, 429, retry_in_seconds=1
    ),
    FaultKind.IP_RATE_LIMIT: MondayError(
        "Rate limit of this address exceeded", "IP_RATE_LIMIT_EXCEEDED", 429, 429, retry_in_seconds=1
    ),
    FaultKind.TEMPORARILY_BLOCKED: MondayError(
        "Calls of this account are blocked for a while", "API_TEMPORARILY_BLOCKED", 429, retry_in_seconds=1
    ),
    FaultKind.MINUTE_LIMIT: MondayError("Rate limit exceeded", "RATE_LIMIT_EXCEEDED", 429, 429, retry_in_seconds=1),
    FaultKind.DAILY_LIMIT: MondayError("Daily limit exceeded", "DAILY_LIMIT_EXCEEDED", 429, 429),
    FaultKind.UNAUTHORIZED: MondayError(
        "User unauthorized to perform action", "UserUnauthorizedException", 403, path=("boards",)
    ),
    FaultKind.INVALID_VERSION: MondayError("The API version is not valid", "InvalidVersionException", 400),
    FaultKind.UNDEFINED_FIELD: MondayError("Cannot query field 'items_page' on type 'Board'.", "undefinedField"),
    FaultKind.INVALID_BOARD: MondayError("Board was not found", "InvalidBoardIdException", 200, path=("boards",)),
    FaultKind.CURSOR_EXCEPTION: MondayError("The cursor is not usable any more", "CursorException"),
    FaultKind.CURSOR_EXPIRED_ERROR: MondayError(
        "CursorExpiredError: the cursor has expired, start again", "INVALID_ARGUMENT"
    ),
    FaultKind.INTERNAL_ERROR: MondayError("Internal server error", "INTERNAL_SERVER_ERROR", 500),
    FaultKind.IDEMPOTENCY_CONFLICT: MondayError(
        "A request with this key is being processed", "IDEMPOTENCY_CONFLICT", 409, 409, retry_in_seconds=1
    ),
}  # fmt: skip
