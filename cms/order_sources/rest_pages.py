"""Fetches one page of a REST resource: tries again where that helps, and says what is wrong where it does not."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from cms.config import RestSourceSettings
from cms.domain.errors import SourceError

_LONGEST_PAUSE_SECONDS = 300.0
_FIRST_PAUSE_SECONDS = 0.5
_MOST_BYTES = 256 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024
_PASSING = frozenset({408, 423, 425, 429, 500, 502, 503, 504})
_SHOWN = 200


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page.

    Parameters
    ----------
    items : tuple of mapping
        Flat: a key inside an object is ``object.key``.
    linked : str, optional
        The next page by the ``Link`` header.
    server_time : datetime, optional
        The server's present.
    """

    body: Any
    items: tuple[Mapping[str, Any], ...]
    linked: str | None
    server_time: datetime | None


class PassingError(Exception):
    """Another try may succeed.

    Parameters
    ----------
    message : str
        What happened.
    retry_after_seconds : float, optional
        How long the server asks to wait.
    """

    def __init__(self, message: str, retry_after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


@dataclass(frozen=True, kw_only=True)
class PageReader:
    """Fetches pages over one session."""

    source: str
    settings: RestSourceSettings
    session: requests.Session
    pause: Callable[[float], None] = time.sleep

    def page(self, url: str) -> Page:
        """A page, whole.

        Raises
        ------
        SourceError
            It could not be had, or is not of the shape that the settings describe.
        """
        tries = Retrying(
            retry=retry_if_exception_type(PassingError),
            stop=stop_after_attempt(self.settings.max_attempts),
            wait=_wait_seconds,
            sleep=self.pause,
            reraise=True,
        )
        try:
            return tries(self._try, url)
        except PassingError as error:
            raise self._error(url, f"{error}; gave up after {self.settings.max_attempts} tries") from None

    def _try(self, url: str) -> Page:
        timeout = self.settings.timeout_seconds
        try:
            with self.session.get(url, timeout=timeout, stream=True, headers={"Accept": "application/json"}) as answer:
                if self._is_gone(answer):
                    return Page(body=None, items=(), linked=None, server_time=None)
                self._check_status(url, answer)
                content = self._content(url, answer)
                return self._page(url, answer, content)
        except requests.Timeout:
            raise PassingError(f"no answer within {timeout:g} s") from None
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError) as error:
            raise PassingError(f"the connection failed ({_root(error)})") from None
        except requests.RequestException as error:
            raise self._error(url, f"cannot be asked: {_root(error)}") from None

    def _is_gone(self, answer: requests.Response) -> bool:  # noqa: ARG002 - for readers of what may be gone
        """Whether the answer says that there is nothing any more, which for a page is an error."""
        return False

    def _check_status(self, url: str, answer: requests.Response) -> None:
        status = answer.status_code
        if status in _PASSING:
            wait = retry_after_seconds(answer.headers)
            if wait is not None and wait > _LONGEST_PAUSE_SECONDS:
                raise self._error(url, f"answered {status} and asks to wait {wait:,.0f} s; try again then")
            raise PassingError(f"answered {status} {answer.reason}", wait)
        if status in (401, 403):
            variable = self.settings.token_variable
            remedy = f"check the token in {variable}" if variable else "set token_variable"
            raise self._error(url, f"refused the login ({status} {answer.reason}); {remedy}")
        if status >= 400:
            told = answer.raw.read(_SHOWN, decode_content=True).decode("utf-8", "replace")
            raise self._error(url, f"answered {status} {answer.reason}: {' '.join(told.split())}")

    def _content(self, url: str, answer: requests.Response) -> bytes:
        """The whole body; bytes that only drip do not hold us up for ever."""
        deadline = time.monotonic() + self.settings.timeout_seconds
        content = bytearray()
        for chunk in answer.iter_content(_CHUNK_BYTES):
            content += chunk
            if len(content) > _MOST_BYTES:
                raise self._error(url, f"sent a page of more than {_MOST_BYTES:,} bytes; lower page_size")
            if time.monotonic() > deadline:
                raise PassingError(f"the page was not complete within {self.settings.timeout_seconds:g} s")
        return bytes(content)

    def _page(self, url: str, answer: requests.Response, content: bytes) -> Page:
        try:
            # prices and quantities are decimals, as they are written
            body = json.loads(content, parse_float=Decimal)
        except ValueError:
            begin = content[:60].decode("utf-8", "replace")
            raise PassingError(f"did not answer with whole JSON but with {begin!r} ({len(content):,} bytes)") from None
        return Page(
            body=body,
            items=self._items(url, body),
            linked=answer.links.get("next", {}).get("url"),
            server_time=_instant(answer.headers.get("Date")),
        )

    def _items(self, url: str, body: Any) -> tuple[Mapping[str, Any], ...]:
        key = self.settings.items_key
        items = value_at(body, key) if key else body
        if not isinstance(items, list):
            found = f"the keys {', '.join(map(repr, body))}" if isinstance(body, dict) else f"a {type(body).__name__}"
            raise self._error(url, f"has no list of items at {key!r} but {found}; check items_key")
        strange = next((item for item in items if not isinstance(item, dict)), None)
        if strange is not None:
            raise self._error(url, f"has items that are no objects, such as {str(strange)[:_SHOWN]!r}")
        return tuple(flat_item(item) for item in items)

    def _error(self, url: str, what: str) -> SourceError:
        parts = urlsplit(url)
        shown = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
        return SourceError(f"source {self.source!r}: {shown} {what}")


def value_at(body: Any, key: str) -> Any:
    """What is at a key; ``paging.next`` is the key ``next`` inside the object ``paging``. None: there is nothing."""
    for part in key.split("."):
        if not isinstance(body, Mapping):
            return None
        body = body.get(part)
    return body


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """How long a server asks to wait, in seconds or until a time by its own clock; None: it does not say."""
    text = headers.get("Retry-After", "").strip()
    if text.isdigit():
        return float(text)
    until, now = _instant(text), _instant(headers.get("Date"))
    return max(0.0, (until - now).total_seconds()) if until and now else None


def _wait_seconds(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after_seconds if isinstance(error, PassingError) else None
    return asked if asked is not None else min(30.0, _FIRST_PAUSE_SECONDS * 2 ** (state.attempt_number - 1))


def _instant(text: str | None) -> datetime | None:
    try:
        return parsedate_to_datetime(text) if text else None
    except ValueError:
        return None


def flat_item(item: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """An item with its objects laid flat: a key inside an object is ``object.key``."""
    flat: dict[str, Any] = {}
    for key, value in item.items():
        if isinstance(value, dict):
            flat |= flat_item(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat


def _root(error: BaseException) -> str:
    """The innermost cause, which says what happened without repeating the address."""
    while error.args and isinstance(error.args[-1], BaseException):
        error = error.args[-1]
    cause = getattr(error, "reason", None)
    return type(cause or error).__name__
