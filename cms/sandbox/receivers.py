"""A mail server and a webhook receiver on loopback that keep what they are sent, for the demo and for training."""

import itertools
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as MessageHandler

LARGEST_BODY = 1_000_000


@contextmanager
def running_mail_server(folder: Path) -> Iterator[int]:
    """An SMTP server on a free port of 127.0.0.1, given as the value; each message becomes a file in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    controller = Controller(_MailFolder(folder), hostname="127.0.0.1", port=_free_port())
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


@contextmanager
def running_webhook_receiver(folder: Path) -> Iterator[int]:
    """An HTTP server on a free port of 127.0.0.1, given as the value; each body becomes a file in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    numbers = itertools.count(_next_number(folder))

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = min(int(self.headers.get("Content-Length", 0)), LARGEST_BODY)
            body = json.loads(self.rfile.read(length))
            path = folder / f"{next(numbers):06}.json"
            path.write_text(json.dumps(body, indent=1, ensure_ascii=False), encoding="utf-8")
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing: the files say it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


class _MailFolder(MessageHandler):
    """Writes each message into a file."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._numbers = itertools.count(_next_number(folder))

    def handle_message(self, message: Message) -> None:
        (self._folder / f"{next(self._numbers):06}.eml").write_bytes(message.as_bytes())


def _next_number(folder: Path) -> int:
    return 1 + max((int(path.stem) for path in folder.iterdir() if path.stem.isdigit()), default=0)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
