"""Answers that do not arrive whole: cut, slow, or not at all."""

import asyncio
import json
import socket
import struct
from collections.abc import Callable, Mapping
from typing import Any

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from cms.sandbox.faults import FaultKind, FaultRule

_PIECES = 20


class BreakableProtocol(H11Protocol):
    """HTTP on a connection that the application may tear down: `scope["sandbox.abort"]` does it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Hand the connection's end to every request on it."""
        super().connection_made(transport)
        self.app = _with_abort(self.app, transport)


def _with_abort(app: Any, transport: asyncio.Transport) -> ASGIApp:
    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        scope["sandbox.abort"] = lambda: _abort(transport)
        await app(scope, receive, send)

    return run


def _abort(transport: asyncio.Transport) -> None:
    connection = transport.get_extra_info("socket")
    if connection is not None:
        # Without lingering, closing sends a reset instead of a polite end.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


class ResetAnswer(Response):
    """No answer: the connection is reset."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        """Tear the connection down."""
        scope["sandbox.abort"]()
        await receive()


class CutAnswer(Response):
    """Half of an answer, then the connection is gone."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send half, and tear the connection down."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        half = bytes(self.body[: len(self.body) // 2])
        await send({"type": "http.response.body", "body": half, "more_body": True})
        await asyncio.sleep(0.02)
        scope["sandbox.abort"]()
        await receive()


class SlowAnswer(Response):
    """A whole answer whose bytes trickle in over some seconds."""

    seconds: float = 1.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        """Wait before every piece, so that the last byte arrives when the time is over."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        body = bytes(self.body)
        size = max(1, -(-len(body) // _PIECES))
        starts = range(0, len(body), size)
        for start in starts:
            await asyncio.sleep(self.seconds / len(starts))
            await send({"type": "http.response.body", "body": body[start : start + size], "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def spoil(answer: Response, rule: FaultRule) -> Response:
    """What a fault of the way back leaves of an answer; other faults leave all of it."""
    if rule.kind is FaultKind.SLOW_BYTES:
        return slowed(answer, rule.seconds)
    spoiler = _SPOILERS.get(rule.kind)
    return spoiler(answer) if spoiler else answer


def truncated(answer: Response) -> Response:
    """The first two thirds of a body, sent as if they were all of it."""
    return _again(Response, answer, bytes(answer.body)[: len(answer.body) * 2 // 3])


def emptied(answer: Response) -> Response:
    """An answer without its body."""
    return _again(Response, answer, b"")


def cut(answer: Response) -> Response:
    """An answer whose connection breaks in the middle."""
    return _again(CutAnswer, answer, bytes(answer.body))


def slowed(answer: Response, seconds: float) -> Response:
    """An answer that takes its time."""
    slow = _again(SlowAnswer, answer, bytes(answer.body))
    slow.seconds = seconds  # type: ignore[attr-defined]
    return slow


def lost(_answer: Response) -> Response:
    """An answer that never leaves."""
    return ResetAnswer()


_SPOILERS: Mapping[FaultKind, Callable[[Response], Response]] = {
    FaultKind.TRUNCATED_JSON: truncated,
    FaultKind.EMPTY_BODY: emptied,
    FaultKind.CUT_CONNECTION: cut,
    FaultKind.RESET_AFTER: lost,
}


def made_partial(answer: Response, request_id: str) -> Response:
    """Data with a hole in it, and an error that says so: the last item of a page, or the first field, is missing."""
    body = json.loads(bytes(answer.body))
    data = body.get("data")
    if not isinstance(data, dict) or not data:
        return answer
    path = _break_page(data) or _break_field(data)
    error = {
        "message": "Something went wrong while this part was fetched",
        "path": path,
        "extensions": {"code": "INTERNAL_SERVER_ERROR", "status_code": 500, "error_data": {}},
    }
    body["errors"] = [*body.get("errors", []), error]
    body["extensions"] = {"request_id": request_id}
    return _again(Response, answer, json.dumps(body).encode())


def _break_page(data: dict[str, Any]) -> list[str | int] | None:
    """Drop the last half of a page's items."""
    board = (data.get("boards") or [None])[0] or {}
    for page, path in ((data.get("next_items_page"), ["next_items_page"]), (board.get("items_page"), ["boards", 0])):
        if page and page.get("items"):
            kept = len(page["items"]) // 2
            del page["items"][kept:]
            return [*path, "items", kept]
    return None


def _break_field(data: dict[str, Any]) -> list[str | int]:
    name = next((name for name in data if name != "complexity"), "complexity")
    data[name] = None
    return [name]


def _again(kind: type[Response], answer: Response, body: bytes) -> Response:
    headers = {key: value for key, value in answer.headers.items() if key != "content-length"}
    return kind(body, status_code=answer.status_code, headers=headers)
