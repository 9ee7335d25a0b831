"""What the receiver refuses: forged, expired, replayed, malformed and oversized; nothing of it is stored."""

import hashlib
import hmac
import json
import logging
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import jwt
import pytest
import requests

from cms.sandbox import SIGNING_SECRET
from cms.sandbox.company_boards import ORDER_BOARD
from cms.web.replays import FRESH
from tests.integration.web.live_service import HOST, LiveService


@pytest.fixture
def quiet(live: LiveService) -> Iterator[LiveService]:
    """The service on each engine, its worker still: what was stored waits and can be counted."""
    live.service.stop()
    yield live
    live.service.start()


def an_event(**changes: Any) -> dict[str, Any]:
    event = {"type": "update_column_value", "boardId": int(ORDER_BOARD), "pulseId": 1, "columnId": "quantity"}
    return {"event": event | {"triggerUuid": str(time.monotonic_ns())} | changes}


def kept(live: LiveService) -> int:
    backlog = live.system.warehouse.inbox.backlog()
    return backlog.waiting + backlog.done + backlog.dead


def test_forged_tokens_are_refused_stored_nowhere_and_logged_without_the_secret(
    quiet: LiveService, caplog: pytest.LogCaptureFixture
) -> None:
    claims = {"aud": quiet.service.audience, "exp": int(time.time()) + 300}
    tokens = {
        "another secret": quiet.token(secret="another-secret-that-is-not-the-right-one"),
        "another algorithm": quiet.token(secret=SIGNING_SECRET * 2, algorithm="HS512"),
        "no algorithm": jwt.encode(claims, "", algorithm="none"),
        "another audience": quiet.token(aud="https://elsewhere.example/"),
        "no audience": quiet.token(aud=None),
        "no expiry": quiet.token(exp=None),
        "expired": quiet.token(exp=int(time.time()) - 60),
        "bearer": f"Bearer {quiet.token()}",
        "nonsense": "nonsense",
        "empty": "",
    }
    before = kept(quiet)

    with caplog.at_level(logging.WARNING):
        statuses = {name: quiet.post(an_event(), Authorization=token).status_code for name, token in tokens.items()}

    assert statuses == dict.fromkeys(tokens, 401)
    assert kept(quiet) == before
    assert "refused POST /webhooks/monday" in caplog.text
    assert SIGNING_SECRET not in caplog.text
    assert not any(token in caplog.text for token in tokens.values() if len(token) > 20)


def test_a_token_used_again_for_another_event_is_refused_once_it_is_not_fresh(
    quiet: LiveService, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, first = quiet.token(), an_event()
    taken = quiet.post(first, Authorization=token)
    twin = quiet.post(an_event(), Authorization=token)
    before = kept(quiet)
    later = FixedClock(quiet.system.clock.now() + FRESH + timedelta(seconds=2))
    monkeypatch.setitem(quiet.system.__dict__, "clock", later)

    replayed = quiet.post(an_event(), Authorization=token)
    redelivered = quiet.post(first, Authorization=token)

    assert [answer.json() for answer in (taken, twin)] == [{"status": "stored"}] * 2
    assert (replayed.status_code, kept(quiet)) == (401, before)
    assert (redelivered.status_code, redelivered.json()) == (200, {"status": "known"})


class FixedClock:
    def __init__(self, instant: Any) -> None:
        self.instant = instant

    def now(self) -> Any:
        return self.instant


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"{", {}, 400),
        (b"[]", {}, 400),
        (b"\xff", {}, 400),
        (b"{}", {"Content_Type": "text/plain"}, 415),
        (b"{}", {}, 422),
        (json.dumps({"event": {"boardId": "x"}}).encode(), {}, 422),
        (b'{"a": "' + b"x" * 300_000 + b'"}', {}, 413),
        (json.dumps({"challenge": 7}).encode(), {}, 422),
    ],
    ids=["cut off", "a list", "no UTF-8", "no JSON by its own account", "empty", "no item", "oversized", "challenge"],
)
@pytest.mark.parametrize("path", ["/webhooks/monday", "/webhooks/orders"])
def test_malformed_and_oversized_bodies_are_refused(
    quiet: LiveService, path: str, content: bytes, headers: dict[str, str], status: int
) -> None:
    before = kept(quiet)

    answer = quiet.post(content, path=path, Authorization=quiet.token(), **headers)

    assert answer.status_code == status
    assert answer.json()["error"]["message"]
    assert kept(quiet) == before


def test_an_oversized_body_of_unknown_length_is_not_read_to_its_end(quiet: LiveService) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(10_000):
            yield b"x" * 65_536

    address = quiet.address + "/webhooks/monday"
    try:
        status = requests.post(
            address, data=endless(), headers={"Content-Type": "application/json"}, timeout=20
        ).status_code
    except requests.ConnectionError:
        status = 413  # the answer came, and the connection was closed on what followed

    assert status == 413


def test_a_challenge_is_echoed_and_stored_nowhere(quiet: LiveService) -> None:
    before = kept(quiet)

    answer = quiet.post({"challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"})

    assert answer.json() == {"challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"}
    assert kept(quiet) == before


def test_a_redelivered_event_is_kept_once(quiet: LiveService) -> None:
    with_id, without_id = an_event(), an_event(triggerUuid=None, changedAt=time.time())
    again = json.loads(json.dumps(without_id))
    again["event"] |= {"isRetry": True, "subscriptionId": 9}
    before = kept(quiet)

    answers = [
        quiet.post(body, Authorization=quiet.token()).json()["status"] for body in (with_id, with_id, without_id, again)
    ]

    assert answers == ["stored", "known", "stored", "known"]
    assert kept(quiet) == before + 2


def test_signatures_of_order_management_are_checked(quiet: LiveService) -> None:
    body = json.dumps({"id": "e1", "type": "order.updated", "orderNumber": "SO-1"}).encode()

    def signature(secret: str = SIGNING_SECRET, at: float = 0.0) -> str:
        seconds = int(time.time() + at)
        digest = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
        return f"t={seconds},v1={digest}"

    signatures = [signature(), signature(), signature("another"), signature(at=-400), ""]
    answers = [quiet.post(body, path="/webhooks/orders", X_Order_Signature=s) for s in signatures]

    assert [answer.status_code for answer in answers] == [200, 200, 401, 401, 401]
    assert [answer.json()["status"] for answer in answers[:2]] == ["stored", "known"]


def test_the_service_listens_on_this_machine_only_unless_told_otherwise(live: LiveService) -> None:
    assert live.system.settings.web.host == HOST
