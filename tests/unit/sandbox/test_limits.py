"""Limits, idempotency and complexity: budgets fill again by the sandbox's clock."""

from datetime import UTC, datetime

import pytest
from graphql import get_operation_ast, parse

from cms.sandbox.clock import SandboxClock
from cms.sandbox.monday_api.complexity import query_cost
from cms.sandbox.monday_api.errors import MondayError
from cms.sandbox.monday_api.idempotency import IdempotencyBook
from cms.sandbox.monday_api.limits import LimitLedger, Limits


@pytest.fixture
def clock() -> SandboxClock:
    return SandboxClock(datetime(2026, 1, 5, 23, 59, tzinfo=UTC), frozen=True)


def refusal_of_a_call(ledger: LimitLedger) -> MondayError:
    with pytest.raises(MondayError) as refused, ledger.call():
        pass
    return refused.value


def test_the_day_ends_at_midnight_utc(clock: SandboxClock) -> None:
    ledger = LimitLedger(clock, Limits(calls_per_day=1))
    with ledger.call():
        pass

    refused = refusal_of_a_call(ledger)
    assert (refused.code, refused.retry_in_seconds) == ("DAILY_LIMIT_EXCEEDED", 60.0)

    clock.advance(60)
    with ledger.call():
        pass


def test_calls_of_a_minute_are_limited(clock: SandboxClock) -> None:
    ledger = LimitLedger(clock, Limits(calls_per_minute=2))
    for _ in range(2):
        with ledger.call():
            pass

    assert refusal_of_a_call(ledger).http_status == 429
    clock.advance(60)
    with ledger.call():
        pass


def test_calls_at_a_time_are_limited(clock: SandboxClock) -> None:
    ledger = LimitLedger(clock, Limits(concurrency=1))

    with ledger.call():
        assert refusal_of_a_call(ledger).code == "maxConcurrencyExceeded"
    with ledger.call():
        pass


def test_the_complexity_of_a_minute_is_limited_for_reading_and_writing_apart(clock: SandboxClock) -> None:
    ledger = LimitLedger(clock, Limits(complexity_per_minute=1000))
    budget = ledger.spend("query", 700)
    assert (budget.before, budget.after, budget.query) == (1000, 300, 700)

    clock.advance(20)
    with pytest.raises(MondayError, match="query cost 400 budget remaining 300 out of 1000 reset in 40 seconds"):
        ledger.spend("query", 400)
    ledger.spend("mutation", 900)

    clock.advance(40)
    assert ledger.spend("query", 400).before == 1000


def test_a_query_that_is_too_complex_is_refused_whatever_the_budget(clock: SandboxClock) -> None:
    ledger = LimitLedger(clock, Limits(complexity_per_query=10))

    with pytest.raises(MondayError) as refused:
        ledger.spend("query", 11)

    assert refused.value.code == "maxComplexityExceeded"


def test_headers_tell_what_is_left(clock: SandboxClock) -> None:
    ledger = LimitLedger(clock, Limits(calls_per_minute=100, complexity_per_minute=1000))
    with ledger.call():
        ledger.spend("query", 250)
    clock.advance(15)

    headers = ledger.headers()

    assert '"minuteRate";q=100;w=60' in headers["RateLimit-Policy"]
    assert headers["RateLimit"] == '"minuteRate";r=99;t=45, "concurrency";r=100;t=1, "complexityMinute";r=750;t=45'


def cost(text: str, **variables: object) -> int:
    document = parse(text)
    operation = get_operation_ast(document)
    assert operation is not None
    return query_cost(document, operation, variables, 10)


def test_complexity_grows_with_the_page_and_with_its_columns() -> None:
    page = "query ($n: Int!) { boards(ids: [1]) { items_page(limit: $n) { items { id %s } } } }"
    plain, wide = page % "", page % "column_values { text }"

    assert cost(plain, n=500) - cost(plain, n=100) == 400 * 5
    assert cost(wide, n=100) - cost(plain, n=100) == 100 * 10 * 5
    assert cost(page % 'column_values(ids: ["a", "b"]) { text }', n=100) - cost(plain, n=100) == 100 * 2 * 5


def test_a_key_that_was_answered_gives_the_same_answer_for_half_an_hour(clock: SandboxClock) -> None:
    book = IdempotencyBook(clock)
    assert book.begin("k") is None
    book.finish("k", b"done")

    assert book.begin("k") == b"done"
    clock.advance(1801)
    assert book.begin("k") is None


def test_a_twin_of_a_request_that_is_being_worked_on_is_a_conflict(clock: SandboxClock) -> None:
    book = IdempotencyBook(clock)
    book.begin("k")

    with pytest.raises(MondayError) as refused:
        book.begin("k")

    assert (refused.value.code, refused.value.http_status) == ("IDEMPOTENCY_CONFLICT", 409)


def test_a_request_that_was_refused_before_it_was_carried_out_may_be_tried_again(clock: SandboxClock) -> None:
    book = IdempotencyBook(clock)
    book.begin("k")
    book.finish("k", None)

    assert book.begin("k") is None
