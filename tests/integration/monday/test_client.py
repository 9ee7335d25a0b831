"""The client over real HTTP: what it waits for, what it gives up on, and what it never says."""

import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from cms.config import MondaySettings
from cms.domain.errors import ConfigurationError
from cms.monday.client import MondayClient, Patience
from cms.monday.errors import (
    BrokenAnswerError,
    BusyError,
    CursorExpiredError,
    DailyLimitError,
    MondayError,
    RefusedError,
    UnauthorizedError,
    VersionError,
)
from cms.monday.queries import BOARDS, CREATE_WEBHOOK, FIRST_PAGE, NEXT_PAGE, VERSIONS
from cms.sandbox import MONDAY_TOKEN, FaultKind, FaultRule, Sandbox, parse_faults
from cms.sandbox.company_boards import CUSTOMER_BOARD
from tests.integration.monday.boards import a_client

FATAL = [
    (FaultKind.DAILY_LIMIT, DailyLimitError),
    (FaultKind.UNAUTHORIZED, UnauthorizedError),
    (FaultKind.HTTP_401, UnauthorizedError),
    (FaultKind.INVALID_VERSION, VersionError),
    (FaultKind.OTHER_VERSION, VersionError),
    (FaultKind.UNDEFINED_FIELD, RefusedError),
    (FaultKind.INVALID_BOARD, RefusedError),
]
PASSING = [
    FaultKind.COMPLEXITY,
    FaultKind.FIELD_LIMIT,
    FaultKind.CONCURRENCY,
    FaultKind.IP_RATE_LIMIT,
    FaultKind.TEMPORARILY_BLOCKED,
    FaultKind.MINUTE_LIMIT,
    FaultKind.INTERNAL_ERROR,
    FaultKind.HTTP_423,
    FaultKind.HTTP_429,
    FaultKind.HTTP_500,
    FaultKind.HTTP_502,
    FaultKind.HTTP_503,
    FaultKind.HTTP_504,
    FaultKind.TRUNCATED_JSON,
    FaultKind.EMPTY_BODY,
    FaultKind.CUT_CONNECTION,
    FaultKind.RESET,
    FaultKind.RESET_AFTER,
    FaultKind.PARTIAL_DATA,
]
_FIRST = {"board": CUSTOMER_BOARD, "limit": 5, "query": None, "columns": []}


@pytest.fixture
def sandbox(lasting_sandbox: Sandbox) -> Iterator[Sandbox]:
    yield lasting_sandbox
    lasting_sandbox.faults.clear()


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize(("kind", "error"), FATAL)
def test_what_another_try_cannot_mend_is_reported_at_once(
    kind: FaultKind, error: type[MondayError], legacy: bool, sandbox: Sandbox
) -> None:
    sandbox.faults.set([FaultRule(kind=kind, probability=1.0, legacy=legacy)])
    client = a_client(sandbox)

    with pytest.raises(error) as refused:
        client.ask(FIRST_PAGE, _FIRST)

    assert client.requests_sent == 1
    assert refused.value.request_id in str(refused.value)
    assert refused.value.request_id


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("kind", PASSING)
def test_what_passes_is_asked_for_again(kind: FaultKind, legacy: bool, sandbox: Sandbox) -> None:
    sandbox.faults.set([FaultRule(kind=kind, requests=frozenset({1, 2}), legacy=legacy)])
    client = a_client(sandbox)

    answer = client.ask(FIRST_PAGE, _FIRST)

    assert len(answer.data["boards"][0]["items_page"]["items"]) == 5
    assert client.requests_sent == 3


def test_the_time_that_the_server_gives_is_waited_and_no_more(sandbox: Sandbox) -> None:
    sandbox.faults.set(parse_faults("ip_rate_limit@1~37"))
    before = sandbox.clock.now()

    a_client(sandbox).ask(FIRST_PAGE, _FIRST)

    assert sandbox.clock.now() - before == timedelta(seconds=37)


def test_a_server_that_never_answers_usably_is_given_up_with_the_reason(sandbox: Sandbox) -> None:
    sandbox.faults.set(parse_faults("http_503"))
    client = a_client(sandbox, broken_attempts=3)

    with pytest.raises(BrokenAnswerError, match="HTTP 503; 3 tries"):
        client.ask(FIRST_PAGE, _FIRST)


def test_a_limit_that_lasts_longer_than_patience_is_given_up(sandbox: Sandbox) -> None:
    sandbox.faults.set(parse_faults("ip_rate_limit~50"))

    with pytest.raises(BusyError, match="waited 100 s for it, and it asks for 50 s more"):
        a_client(sandbox, busy_seconds=120).ask(FIRST_PAGE, _FIRST)


def test_a_wait_never_outlives_a_cursor(sandbox: Sandbox) -> None:
    sandbox.faults.set(parse_faults("ip_rate_limit@1~600"))
    client = a_client(sandbox)
    before = sandbox.clock.now()

    with pytest.raises(CursorExpiredError, match="would not outlive a wait of 600 s"):
        client.ask(NEXT_PAGE, {"cursor": "x", "limit": 5, "columns": []}, useless_after=before + timedelta(minutes=5))

    assert sandbox.clock.now() == before


def test_bytes_that_trickle_do_not_outlast_the_timeout(sandbox: Sandbox) -> None:
    sandbox.faults.set(parse_faults("slow_bytes~3"))
    client = a_client(sandbox, timeout_seconds=0.3, broken_attempts=1)

    with pytest.raises(BrokenAnswerError, match=r"not whole after 0\.3 s"):
        client.ask(FIRST_PAGE, _FIRST)


def test_nobody_there_is_a_clear_error() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v2"
        client = MondayClient.open(MondaySettings(url=url), "t0ken", sleep=lambda _: None)

        with pytest.raises(BrokenAnswerError, match=f"no connection from {url}"):
            client.ask(VERSIONS, {})


def test_a_mutation_without_a_key_is_not_repeated_when_its_outcome_is_unknown(sandbox: Sandbox) -> None:
    sandbox.faults.set(parse_faults("reset_after@1"))
    client = a_client(sandbox)
    variables = {"board": CUSTOMER_BOARD, "url": "http://127.0.0.1:1/", "event": "create_item", "config": None}

    with pytest.raises(BrokenAnswerError, match="whether it was carried out is unknown"):
        client.ask(CREATE_WEBHOOK, variables)

    assert client.requests_sent == 1


def test_a_mutation_without_a_key_is_repeated_when_it_was_refused_for_a_limit(sandbox: Sandbox) -> None:
    sandbox.faults.set(parse_faults("complexity@1"))
    client = a_client(sandbox)
    variables = {"board": "1", "url": "http://127.0.0.1:1/", "event": "create_item", "config": None}

    with pytest.raises(RefusedError):
        client.ask(CREATE_WEBHOOK, variables)

    assert client.requests_sent == 2


@pytest.mark.parametrize("answer", [b"no %s", b'{"errors": ["%s is not known"]}', b'{"error_message": "bad %s"}'])
def test_the_token_is_in_no_message_and_no_log(answer: bytes, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "eyJhbGciOi.secret-token"
    body = answer.replace(b"%s", secret.encode())
    with _canned(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)) as url:
        settings = MondaySettings(url=url, timeout_seconds=5)
        client = MondayClient.open(settings, secret, sleep=lambda _: None, patience=Patience(broken_attempts=1))

        with pytest.raises(MondayError) as refused:
            client.ask(BOARDS, {"ids": None, "limit": 1, "page": 1})

    assert secret not in str(refused.value) + repr(refused.value) + repr(client) + caplog.text


def test_a_redirection_is_not_followed_with_the_token() -> None:
    with _canned(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/elsewhere\r\nContent-Length: 0\r\n\r\n") as url:
        client = MondayClient.open(
            MondaySettings(url=url), "t", sleep=lambda _: None, patience=Patience(broken_attempts=1)
        )

        with pytest.raises(BrokenAnswerError, match="points to another address"):
            client.ask(VERSIONS, {})


@pytest.mark.parametrize("url", ["http://api.monday.com/v2", "ftp://127.0.0.1/v2", "127.0.0.1"])
def test_an_address_that_would_show_the_token_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"monday\.url: must be https"):
        MondayClient.open(MondaySettings(url=url), "t")


@pytest.mark.parametrize("token", ["", "two\nlines", "ümlaut"])
def test_what_is_no_token_is_refused_without_showing_it(token: str) -> None:
    with pytest.raises(ConfigurationError, match="CMS_MONDAY_TOKEN") as refused:
        MondayClient.open(MondaySettings(), token)

    assert token.strip() == "" or token not in str(refused.value)


def test_a_wrong_token_names_the_variable(sandbox: Sandbox) -> None:
    client = MondayClient.open(MondaySettings(url=sandbox.monday_url), f"not-{MONDAY_TOKEN}")

    with pytest.raises(UnauthorizedError, match="check CMS_MONDAY_TOKEN"):
        client.ask(VERSIONS, {})


@contextmanager
def _canned(answer: bytes) -> Iterator[str]:
    """A server on loopback that gives one answer to whatever it is asked first."""

    def serve() -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v2"
        thread.join(5)
