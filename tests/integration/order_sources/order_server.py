"""A REST server on loopback that does what a test tells it."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request as it came in."""

    path: str
    parameters: dict[str, str]
    headers: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the server sends; `cut` closes the connection after that many bytes, `reset` before any."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    cut: int | None = None
    reset: bool = False
    hold: threading.Event | None = None


@dataclass
class OrderServer:
    """Answers in the order in which they were queued; the last one is repeated."""

    url: str = ""
    answers: list[Answer | Callable[[Asked], Answer]] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

    def queue(self, *answers: Answer | Callable[[Asked], Answer]) -> None:
        self.answers += answers

    def next_answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer if isinstance(answer, Answer) else answer(asked)


@contextmanager
def served() -> Iterator[OrderServer]:
    """The server, while it runs."""
    server = OrderServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            parameters = {name: values[0] for name, values in parse_qs(parts.query).items()}
            answer = server.next_answer(Asked(path=parts.path, parameters=parameters, headers=dict(self.headers)))
            if answer.reset:
                self.close_connection = True
                return
            content = answer.raw if answer.raw is not None else json.dumps(answer.body).encode()
            self.send_response(answer.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content[: answer.cut])
            self.wfile.flush()
            if answer.hold is not None:
                answer.hold.wait(5)
            self.close_connection = answer.cut is not None

        def log_message(self, *_: Any) -> None:
            """Tests read what was asked from `asked`."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    server.url = f"http://127.0.0.1:{http.server_address[1]}/orders"
    try:
        yield server
    finally:
        http.shutdown()
        thread.join()
        http.server_close()
