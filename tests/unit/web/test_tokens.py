"""Tokens and signatures: what proves where a webhook comes from, and everything that does not."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from cms.web.replays import FRESH, UsedTokens
from cms.web.tokens import ForgedError, check_signature, check_token

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
SECRET = "a-signing-secret-of-decent-length-1234"
AUDIENCE = "https://plant.example/webhooks/monday"


def a_token(secret: str = SECRET, algorithm: str = "HS256", **changes: Any) -> str:
    claims = {"aud": AUDIENCE, "exp": int(NOW.timestamp()) + 300} | changes
    return jwt.encode({k: v for k, v in claims.items() if v is not None}, secret, algorithm=algorithm)


def unsigned(claims: dict[str, Any]) -> str:
    parts = [json.dumps({"alg": "none", "typ": "JWT"}), json.dumps(claims)]
    return ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts) + "."


def check(token: str) -> Any:
    return check_token(token, secret=SECRET, audience=AUDIENCE, now=NOW)


def test_a_token_that_monday_signed_for_us_is_taken() -> None:
    assert check(a_token(accountId=7))["accountId"] == 7


@pytest.mark.parametrize(
    "token",
    [
        "",
        "nonsense",
        a_token(secret="another-secret-that-is-not-the-right-one"),
        a_token(algorithm="HS512", secret=SECRET * 2),
        unsigned({"aud": AUDIENCE, "exp": int(NOW.timestamp()) + 300}),
        a_token(aud="https://elsewhere.example/webhooks/monday"),
        a_token(aud=None),
        a_token(exp=None),
        a_token(exp=int(NOW.timestamp()) - 11),
        a_token(exp=True),
        f"Bearer {a_token()}",
    ],
    ids=["none", "no token", "other secret", "other algorithm", "alg none", "other audience", "no audience",
         "no expiry", "expired", "expiry is no number", "bearer"],
)  # fmt: skip
def test_every_other_token_is_refused_and_the_refusal_keeps_the_secret(token: str) -> None:
    with pytest.raises(ForgedError) as refusal:
        check(token)

    assert SECRET not in str(refusal.value)
    assert not token or token not in str(refusal.value)


def test_a_clock_that_is_a_little_off_does_no_harm() -> None:
    assert check(a_token(exp=int(NOW.timestamp()) - 5))


def test_a_token_stands_for_the_deliveries_of_a_few_seconds() -> None:
    used = UsedTokens()

    used.note("token", NOW)

    assert not used.is_replayed("token", NOW + timedelta(seconds=1))
    assert used.is_replayed("token", NOW + FRESH + timedelta(seconds=1))
    assert not used.is_replayed("another", NOW + FRESH * 2)


def test_used_tokens_are_forgotten_when_they_are_many_and_old() -> None:
    used = UsedTokens()
    for number in range(1_001):
        used.note(f"old {number}", NOW)

    used.note("new", NOW + timedelta(hours=1))

    assert not used.is_replayed("old 1", NOW + timedelta(hours=1))


def signed(body: bytes, *, secret: str = SECRET, at: datetime = NOW) -> str:
    seconds = int(at.timestamp())
    digest = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"


def test_a_signature_of_order_management_is_taken() -> None:
    check_signature(signed(b"{}"), b"{}", secret=SECRET, now=NOW)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "t=1,v1=abc",
        signed(b"{}", secret="another"),
        signed(b'{"other": 1}'),
        signed(b"{}", at=NOW - timedelta(minutes=6)),
        signed(b"{}", at=NOW + timedelta(minutes=6)),
    ],
    ids=["none", "malformed", "other secret", "other body", "old", "of the future"],
)
def test_every_other_signature_is_refused(header: str) -> None:
    with pytest.raises(ForgedError) as refusal:
        check_signature(header, b"{}", secret=SECRET, now=NOW)

    assert SECRET not in str(refusal.value)
