"""Faults arrive at the client as they would from the real thing."""

import time

import pytest
import requests

from cms.sandbox import Sandbox, parse_faults
from tests.integration.sandbox.sandbox_client import (
    CUSTOMERS,
    FIRST_PAGE,
    NEXT_PAGE,
    ORDERS,
    all_items,
    data,
    orders,
    post,
    send,
)

PAGE = f"{{ boards(ids: {ORDERS}) {{ items_page(limit: 10) {{ cursor items {{ id }} }} }} }}"


def strike(sandbox: Sandbox, text: str) -> None:
    sandbox.faults.set(parse_faults(text))


@pytest.mark.parametrize("status", [423, 429, 500, 502, 503, 504])
def test_a_bare_status_comes_without_json(sandbox: Sandbox, status: int) -> None:
    strike(sandbox, f"http_{status}~3")

    answer = post(sandbox, PAGE)

    assert answer.status_code == status
    assert answer.headers.get("Retry-After") == ("3" if status in (423, 429, 503) else None)
    with pytest.raises(ValueError, match="Expecting value"):
        answer.json()


def test_a_refusal_has_the_modern_or_the_legacy_form(sandbox: Sandbox) -> None:
    strike(sandbox, "complexity~7@1, complexity.legacy@2")

    modern, legacy = post(sandbox, PAGE), post(sandbox, PAGE)

    assert modern.json()["errors"][0]["extensions"]["retry_in_seconds"] == 7
    assert modern.headers["Retry-After"] == "7"
    assert legacy.status_code == 200
    assert legacy.json()["error_code"] == "ComplexityException"
    assert "reset in" in legacy.json()["error_message"]


def test_a_reset_leaves_no_answer_and_the_next_request_is_served(sandbox: Sandbox) -> None:
    strike(sandbox, "reset@1")

    with pytest.raises(requests.ConnectionError):
        post(sandbox, PAGE)

    assert post(sandbox, PAGE).ok


def test_an_answer_lost_on_its_way_was_carried_out_all_the_same(sandbox: Sandbox) -> None:
    create = f'mutation {{ create_item(board_id: {ORDERS}, item_name: "SO-1") {{ id }} }}'
    strike(sandbox, "reset_after@1")

    with pytest.raises(requests.ConnectionError):
        post(sandbox, create, Idempotency_Key="k")
    again = post(sandbox, create, Idempotency_Key="k")

    assert again.headers["Idempotency-Replayed"] == "true"
    assert [item.name for item in sandbox.account.board(ORDERS).active_items].count("SO-1") == 1


def test_cut_truncated_and_empty_answers_cannot_be_read(sandbox: Sandbox) -> None:
    strike(sandbox, "cut_connection@1, truncated_json@2, empty_body@3")

    with pytest.raises(requests.RequestException):
        post(sandbox, PAGE)
    for _ in range(2):
        with pytest.raises(ValueError, match="line 1"):
            post(sandbox, PAGE).json()


def test_slow_bytes_take_their_time_and_arrive_whole(sandbox: Sandbox) -> None:
    strike(sandbox, "slow_bytes~0.2")
    began = time.monotonic()

    answer = post(sandbox, PAGE)

    assert time.monotonic() - began >= 0.2
    assert len(answer.json()["data"]["boards"][0]["items_page"]["items"]) == 10


def test_partial_data_has_a_hole_and_an_error_that_points_at_it(sandbox: Sandbox) -> None:
    strike(sandbox, "partial_data")

    body = post(sandbox, PAGE).json()

    assert len(body["data"]["boards"][0]["items_page"]["items"]) == 5
    assert body["errors"][0]["path"] == ["boards", 0, "items", 5]


def test_a_cursor_can_expire_on_any_page(sandbox: Sandbox) -> None:
    strike(sandbox, "cursor_expiry@p2")
    cursor = data(sandbox, FIRST_PAGE, board=CUSTOMERS, limit=5)["boards"][0]["items_page"]["cursor"]

    body = send(sandbox, {"query": NEXT_PAGE, "variables": {"cursor": cursor, "limit": 5}}).json()

    assert body["errors"][0]["extensions"]["code"] == "CursorException"
    assert len(all_items(sandbox, CUSTOMERS)) == len(sandbox.account.board(CUSTOMERS).active_items)


def test_the_board_can_change_between_pages(sandbox: Sandbox) -> None:
    before = len(sandbox.account.log)
    strike(sandbox, "board_changes@p2")

    all_items(sandbox, CUSTOMERS, limit=10)

    assert len(sandbox.account.log) > before


def test_the_day_can_run_out_and_comes_back_at_midnight(sandbox: Sandbox) -> None:
    strike(sandbox, "exhaust_day@2")
    assert post(sandbox, PAGE).ok

    refused = post(sandbox, PAGE)
    assert refused.json()["errors"][0]["extensions"]["code"] == "DAILY_LIMIT_EXCEEDED"

    sandbox.clock.advance(int(refused.headers["Retry-After"]))
    assert "errors" not in post(sandbox, PAGE).json()


def test_order_management_has_faults_of_its_own(sandbox: Sandbox) -> None:
    strike(sandbox, "http_429~4@1/orders, truncated_json@2/orders")

    first, second = orders(sandbox), orders(sandbox)

    assert (first.status_code, first.headers["Retry-After"]) == (429, "4")
    with pytest.raises(ValueError, match="line 1"):
        second.json()
    assert orders(sandbox).json()["items"]
    assert post(sandbox, PAGE).ok


def test_faults_and_the_clock_are_switched_over_http(sandbox: Sandbox) -> None:
    controls = f"{sandbox.url}/sandbox"
    set_faults = requests.post(f"{controls}/faults", json={"faults": "http_500@1"}, timeout=5)
    assert set_faults.json() == {"rules": ["http_500"], "fired": []}
    assert post(sandbox, PAGE).status_code == 500
    fired = requests.get(f"{controls}/faults", timeout=5).json()["fired"]
    assert fired == [{"kind": "http_500", "api": "monday", "request": 1}]

    requests.post(f"{controls}/clock", json={"advance_seconds": 3600}, timeout=5)

    assert sandbox.clock.now().hour == 13


@pytest.mark.parametrize(
    ("path", "body"), [("faults", {"faults": "explosion"}), ("clock", {"advance": 1}), ("changes", {"count": "many"})]
)
def test_a_control_that_is_not_understood_is_422(sandbox: Sandbox, path: str, body: object) -> None:
    assert requests.post(f"{sandbox.url}/sandbox/{path}", json=body, timeout=5).status_code == 422


def test_changes_can_be_asked_for(sandbox: Sandbox) -> None:
    changed = requests.post(f"{sandbox.url}/sandbox/changes", json={"count": 4, "seed": 2}, timeout=5).json()["items"]

    assert len(changed) == 4
    assert all(sandbox.account.item(item).board_id in (CUSTOMERS, ORDERS) for item in changed)
