"""Fault schedules: seeded, countable, and read from a text."""

import pytest

from cms.domain.errors import InvalidValueError
from cms.sandbox.faults import RECOVERABLE, FaultKind, FaultRule, Faults, parse_faults, random_faults, refusal


def struck(faults: Faults, requests: int) -> list[int]:
    return [number for number in range(1, requests + 1) if faults.draw("monday")]


def test_a_fault_strikes_the_requests_it_names() -> None:
    assert struck(Faults(parse_faults("reset@2+4..5")), 6) == [2, 4, 5]


def test_a_fault_on_a_page_counts_pages_only() -> None:
    faults = Faults(parse_faults("cursor_expiry@p2"))

    drawn = [bool(faults.draw("monday", is_page=page)) for page in (True, False, False, True, True)]

    assert drawn == [False, False, False, True, False]


def test_probabilities_hit_the_same_requests_with_the_same_seed() -> None:
    rules = parse_faults("http_503=0.3")

    assert struck(Faults(rules, seed=7), 50) == struck(Faults(rules, seed=7), 50)
    assert struck(Faults(rules, seed=7), 50) != struck(Faults(rules, seed=8), 50)
    assert 5 < len(struck(Faults(rules, seed=7), 50)) < 30


def test_a_fault_with_a_limit_stops_striking() -> None:
    assert struck(Faults(parse_faults("http_500*2")), 5) == [1, 2]


def test_faults_of_one_api_leave_the_other_alone() -> None:
    faults = Faults(parse_faults("http_500/orders"))

    assert not faults.draw("monday")
    assert [rule.kind for rule in faults.draw("orders")] == [FaultKind.HTTP_500]


def test_what_struck_is_recorded() -> None:
    faults = Faults(parse_faults("reset@2"))
    struck(faults, 3)

    assert [(fault.rule.kind, fault.request) for fault in faults.fired] == [(FaultKind.RESET, 2)]


def test_setting_faults_anew_starts_counting_anew() -> None:
    faults = Faults(parse_faults("reset@1"))
    struck(faults, 3)

    faults.set(parse_faults("reset@1"))

    assert struck(faults, 2) == [1]


@pytest.mark.parametrize("text", ["explosion", "reset@", "reset=often", "reset@x", "http_503/billing"])
def test_a_text_that_is_no_fault_is_refused(text: str) -> None:
    with pytest.raises(InvalidValueError, match="faults"):
        parse_faults(text)


def test_every_seed_has_a_schedule_of_its_own() -> None:
    assert random_faults(1) == random_faults(1)
    assert len({random_faults(seed) for seed in range(50)}) == 50
    assert {rule.kind for seed in range(200) for rule in random_faults(seed)} == set(RECOVERABLE)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (FaultKind.COMPLEXITY, "COMPLEXITY_BUDGET_EXHAUSTED"),
        (FaultKind.FIELD_LIMIT, "FIELD_LIMIT_EXCEEDED"),
        (FaultKind.CONCURRENCY, "maxConcurrencyExceeded"),
        (FaultKind.IP_RATE_LIMIT, "IP_RATE_LIMIT_EXCEEDED"),
        (FaultKind.TEMPORARILY_BLOCKED, "API_TEMPORARILY_BLOCKED"),
        (FaultKind.DAILY_LIMIT, "DAILY_LIMIT_EXCEEDED"),
        (FaultKind.UNAUTHORIZED, "UserUnauthorizedException"),
        (FaultKind.INVALID_VERSION, "InvalidVersionException"),
        (FaultKind.UNDEFINED_FIELD, "undefinedField"),
        (FaultKind.INVALID_BOARD, "InvalidBoardIdException"),
        (FaultKind.CURSOR_EXCEPTION, "CursorException"),
    ],
)
def test_every_refusal_has_a_modern_and_a_legacy_form(kind: FaultKind, code: str) -> None:
    modern = refusal(FaultRule(kind=kind))
    legacy = refusal(FaultRule(kind=kind, legacy=True))

    assert modern is not None
    assert legacy is not None
    assert modern.body("r")["errors"][0]["extensions"]["code"] == code
    assert modern.body("r")["extensions"] == {"request_id": "r"}
    assert legacy.body("r")["error_message"] == modern.message
    assert legacy.body("r")["error_code"] == ("ComplexityException" if kind is FaultKind.COMPLEXITY else code)


def test_a_fault_that_is_no_refusal_has_no_answer() -> None:
    assert refusal(FaultRule(kind=FaultKind.RESET)) is None
