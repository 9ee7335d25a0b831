"""The channels against a real SMTP server and a real HTTP server on loopback."""

import json
import socket
from collections.abc import Iterator
from email.message import Message as EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as MessageHandler

from cms.application.ports import OutboxEntry
from cms.domain.errors import NotificationError
from cms.notifications.channels import AppriseChannel, ChannelNotifier, EmailChannel
from cms.notifications.messages import Message
from tests.builders import NOON
from tests.unit.notifications.test_messages import a_notice

LETTER = Message(subject="Order O1: delivery on Thursday", text="Dear Müller,\n\nThursday.\n")


class Mailbox(MessageHandler):
    """Keeps what is delivered; refuses recipients at unknown.example."""

    def __init__(self) -> None:
        super().__init__()
        self.letters: list[EmailMessage] = []

    def handle_message(self, message: EmailMessage) -> None:
        self.letters.append(message)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if address.endswith("@unknown.example"):
            return "550 no such user"
        if address.endswith("@busy.example"):
            return "451 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, EmailChannel]]:
    handler = Mailbox()
    controller = Controller(handler, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield handler, EmailChannel(host="127.0.0.1", port=controller.port, sender="schedule@plant.example")
    controller.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_an_email_arrives_with_subject_text_and_an_id_made_from_the_key(mailbox: tuple[Mailbox, EmailChannel]) -> None:
    box, channel = mailbox

    channel.send(LETTER, recipient="c1@example.org", key="scheduled:O1:1")
    channel.send(LETTER, recipient="c1@example.org", key="scheduled:O1:1")

    first, second = box.letters
    assert first["Subject"] == LETTER.subject
    assert first["To"] == "c1@example.org"
    body = first.get_payload(decode=True)
    assert isinstance(body, bytes)
    assert "Müller" in body.decode()
    assert first["Message-ID"] == second["Message-ID"]


def test_a_refused_recipient_is_permanent_and_a_busy_one_is_not(mailbox: tuple[Mailbox, EmailChannel]) -> None:
    _, channel = mailbox

    with pytest.raises(NotificationError, match="refused") as refused:
        channel.send(LETTER, recipient="who@unknown.example", key="k")
    with pytest.raises(NotificationError, match="451") as busy:
        channel.send(LETTER, recipient="who@busy.example", key="k")

    assert refused.value.is_permanent
    assert not busy.value.is_permanent


@pytest.mark.parametrize("address", ["nobody", "a@b@c", "two@example.org, more@example.org", "x@y\nBcc: z@w"])
def test_what_is_no_address_is_never_sent(mailbox: tuple[Mailbox, EmailChannel], address: str) -> None:
    box, channel = mailbox

    with pytest.raises(NotificationError, match="no e-mail address") as refused:
        channel.send(LETTER, recipient=address, key="k")

    assert refused.value.is_permanent
    assert box.letters == []


def test_an_unreachable_mail_server_is_tried_again_and_named() -> None:
    port = free_port()
    channel = EmailChannel(host="127.0.0.1", port=port, sender="s@plant.example", password="hunter2", timeout_seconds=2)

    with pytest.raises(NotificationError, match=f"127.0.0.1:{port}") as away:
        channel.send(LETTER, recipient="c1@example.org", key="k")

    assert not away.value.is_permanent
    assert "hunter2" not in str(away.value) + repr(channel)


@pytest.fixture
def webhook() -> Iterator[tuple[list[dict[str, Any]], str, list[int]]]:
    received: list[dict[str, Any]] = []
    answers = [200]

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(answers[0])
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    Thread(target=server.serve_forever, daemon=True).start()
    yield received, f"json://127.0.0.1:{server.server_port}/hook", answers
    server.shutdown()
    server.server_close()


def test_a_webhook_carries_the_text_the_recipient_and_the_key(
    webhook: tuple[list[dict[str, Any]], str, list[int]],
) -> None:
    received, url, _ = webhook

    AppriseChannel(url=url).send(LETTER, recipient="C1", key="scheduled:O1:1")

    assert received[0]["title"] == LETTER.subject
    assert "(C1, scheduled:O1:1)" in received[0]["message"]


def test_a_webhook_that_fails_is_tried_again(webhook: tuple[list[dict[str, Any]], str, list[int]]) -> None:
    _, url, answers = webhook
    answers[0] = 503

    with pytest.raises(NotificationError, match="json service") as failed:
        AppriseChannel(url=url).send(LETTER, recipient="C1", key="k")

    assert not failed.value.is_permanent


def test_a_malformed_address_is_permanent_and_not_shown() -> None:
    channel = AppriseChannel(url="nosuchservice://token-secret")

    with pytest.raises(NotificationError) as failed:
        channel.send(LETTER, recipient="C1", key="k")

    assert failed.value.is_permanent
    assert "token-secret" not in str(failed.value) + repr(channel)


def test_a_notice_goes_to_the_channel_it_names(mailbox: tuple[Mailbox, EmailChannel]) -> None:
    box, channel = mailbox
    notifier = ChannelNotifier(channels={"email": channel})

    notifier.send(OutboxEntry(outbox_id=1, notice=a_notice("scheduled"), attempts=0, queued_at=NOON))

    assert box.letters[0]["Subject"].startswith("Order O1: delivery on")


def test_a_channel_that_is_not_set_up_is_permanent() -> None:
    with pytest.raises(NotificationError, match="not set up") as failed:
        ChannelNotifier(channels={}).send(
            OutboxEntry(outbox_id=1, notice=a_notice("scheduled"), attempts=0, queued_at=NOON)
        )

    assert failed.value.is_permanent
