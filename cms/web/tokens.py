"""Whether a webhook comes from whom it says: monday.com's token, order management's signature. Pure: time comes in."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import jwt

from cms.domain.errors import CmsError

ALGORITHM = "HS256"
CLOCK_SKEW = timedelta(seconds=10)
"""How far the sender's clock may be from ours."""
SIGNATURE_LIFETIME = timedelta(minutes=5)
_SIGNATURE = re.compile(r"t=(\d{1,12}),v1=([0-9a-f]{64})")


class ForgedError(CmsError):
    """A webhook does not prove where it comes from; the message never holds the token or the secret."""


def check_token(token: str, *, secret: str, audience: str, now: datetime) -> Mapping[str, Any]:
    """The claims of a token in ``Authorization`` that monday.com signed for us, without "Bearer".

    Parameters
    ----------
    secret : str
        The app's signing secret.
    audience : str
        Our address as monday.com knows it.

    Raises
    ------
    ForgedError
        Another algorithm, secret or audience, no ``exp`` or ``aud``, or expired.
    """
    if not token:
        raise ForgedError("the Authorization header with monday's token is missing")
    if token.lower().startswith("bearer "):
        raise ForgedError('the token must come without "Bearer"')
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            secret,
            algorithms=[ALGORITHM],
            audience=audience,
            options={"require": ["exp", "aud"], "verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )
    except jwt.InvalidTokenError as error:
        raise ForgedError(f"the token is not valid: {type(error).__name__}") from None
    _require_living(claims["exp"], now)
    return claims


def check_signature(header: str, body: bytes, *, secret: str, now: datetime) -> None:
    """Check ``t=<seconds>,v1=<HMAC-SHA256 of "t.body">``, the signature of order management.

    Raises
    ------
    ForgedError
        It is missing, was made with another secret or for another body, or is old.
    """
    found = _SIGNATURE.fullmatch(header)
    if found is None:
        raise ForgedError("the signature must be of the form t=<seconds>,v1=<64 hexadecimal digits>")
    expected = hmac.new(secret.encode(), f"{found[1]}.".encode() + body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, found[2]):
        raise ForgedError("the signature was made with another secret, or for another body")
    if abs(now.timestamp() - int(found[1])) > SIGNATURE_LIFETIME.total_seconds():
        raise ForgedError("the signature is too old, or from a clock that is wrong")


def _require_living(expiry: object, now: datetime) -> None:
    if isinstance(expiry, bool) or not isinstance(expiry, int | float):
        raise ForgedError("the token's exp must be a number")
    if now.timestamp() > expiry + CLOCK_SKEW.total_seconds():
        raise ForgedError("the token has expired")
