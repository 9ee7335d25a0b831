"""Sends one request to monday.com and reads its answer, within a time that slow bytes cannot stretch."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.auth import AuthBase

from cms.domain.errors import ConfigurationError

LARGEST_ANSWER_BYTES = 256 * 1024 * 1024
_CHUNK_BYTES = 1 << 16
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class NoAnswerError(Exception):
    """Nothing that can be read came back; the message says why, without secrets."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpAnswer:
    """What came back.

    Parameters
    ----------
    body : mapping, optional
        The JSON document; None: the body was not JSON, or none.
    """

    status: int
    headers: Mapping[str, str]
    body: Mapping[str, Any] | None

    @property
    def server_time(self) -> datetime | None:
        """The server's clock, from its ``Date`` header."""
        try:
            return parsedate_to_datetime(self.headers["Date"])
        except (KeyError, ValueError, TypeError):
            return None


@dataclass(frozen=True, slots=True)
class _Token(AuthBase):
    """Puts the token into the header, whatever a .netrc says; never shows it."""

    token: str = field(repr=False)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self.token
        return request


@dataclass(frozen=True, kw_only=True)
class HttpLine:
    """A kept-alive connection to one address.

    Parameters
    ----------
    timeout_seconds : float
        For the whole request: connecting, waiting and reading.
    elapsed : callable
        Seconds that only grow, to measure the timeout.

    Raises
    ------
    ConfigurationError
        The address would send the token in the clear.
    """

    url: str
    token: str = field(repr=False)
    timeout_seconds: float
    session: requests.Session = field(default_factory=requests.Session, repr=False)
    elapsed: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        address = urlsplit(self.url)
        is_safe = address.scheme == "https" or (address.scheme == "http" and address.hostname in _LOOPBACK)
        if not is_safe or not address.hostname:
            raise ConfigurationError((f"monday.url: must be https (or http on this machine), found {self.url!r}",))
        if not self.token.isascii() or not self.token.isprintable() or not self.token.strip():
            raise ConfigurationError(("CMS_MONDAY_TOKEN: is not a token: it is empty or has unprintable characters",))

    def post(self, document: Mapping[str, Any], headers: Mapping[str, str]) -> HttpAnswer:
        """Send a JSON document.

        Raises
        ------
        NoAnswerError
            No connection, no whole answer in time, or a redirection (which would carry the token away).
        """
        ends = self.elapsed() + self.timeout_seconds
        try:
            with self.session.post(
                self.url,
                json=document,
                headers=dict(headers),
                auth=_Token(self.token),
                timeout=self.timeout_seconds,
                allow_redirects=False,
                stream=True,
            ) as response:
                if response.is_redirect:
                    raise NoAnswerError("it points to another address; check monday.url")
                content = self._read(response, ends)
                return HttpAnswer(status=response.status_code, headers=response.headers, body=_json(content))
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise NoAnswerError(self.masked(_reason(error))) from None

    def _read(self, response: requests.Response, ends: float) -> bytes:
        """The body; each read returns what is there, so that a trickle does not outlast the timeout."""
        chunks, size = [], 0
        while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=True):
            chunks.append(chunk)
            size += len(chunk)
            if self.elapsed() > ends:
                raise NoAnswerError(f"the answer was not whole after {self.timeout_seconds:g} s")
            if size > LARGEST_ANSWER_BYTES:
                raise NoAnswerError(f"the answer has more than {LARGEST_ANSWER_BYTES} bytes")
        return b"".join(chunks)

    def masked(self, text: str) -> str:
        """The text without the token."""
        return text.replace(self.token, "***")


def _json(content: bytes) -> Mapping[str, Any] | None:
    try:
        document = json.loads(content)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _reason(error: Exception) -> str:
    """Why, in a few words: the libraries' own messages repeat addresses and object names."""
    if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError | TimeoutError):
        return "no answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return f"the server's certificate was not accepted: {error}"
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy did not let the request through"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return f"the connection broke ({type(error).__name__})"
