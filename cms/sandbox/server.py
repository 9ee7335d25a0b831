"""Runs the sandbox: monday.com's API, order management and the controls, on one port of this machine."""

import json
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import format_datetime
from random import Random
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cms.domain.errors import CmsError, InvalidValueError
from cms.sandbox.board_changes import change_boards
from cms.sandbox.broken_answers import BreakableProtocol
from cms.sandbox.clock import SandboxClock
from cms.sandbox.company import Company
from cms.sandbox.company_boards import company_account
from cms.sandbox.faults import FaultRule, Faults, parse_faults
from cms.sandbox.monday_api.account import MondayAccount
from cms.sandbox.monday_api.endpoint import MondayEndpoint
from cms.sandbox.monday_api.limits import LimitLedger, Limits
from cms.sandbox.monday_api.versions import ApiVersions
from cms.sandbox.monday_api.webhooks import BoardWebhooks
from cms.sandbox.orders_api import OrdersApi, order_rows
from cms.sandbox.webhook_delivery import WebhookPost

HOST = "127.0.0.1"
MONDAY_TOKEN = "sandbox-monday-token"  # noqa: S105 - it opens generated data only
ORDERS_TOKEN = "sandbox-orders-token"  # noqa: S105 - it opens generated data only
SIGNING_SECRET = "sandbox-signing-secret-for-generated-data"  # noqa: S105 - it signs generated events only
_START_SECONDS = 15.0


class SandboxError(CmsError):
    """The sandbox cannot run: its port is taken, or it did not come up."""


@dataclass(frozen=True, kw_only=True)
class SandboxOptions:
    """How the sandbox behaves.

    Parameters
    ----------
    port : int
        0: a free one is chosen.
    latency_seconds : float
        How long every answer takes at least.
    webhook_retry_seconds : float
        Pause before a webhook is delivered again.
    missing_uuid_share, duplicate_event_share : float
        Share of board webhooks without ``triggerUuid``, and of those told twice.
    """

    port: int = 0
    latency_seconds: float = 0.0
    limits: Limits = field(default_factory=Limits)
    versions: ApiVersions = field(default_factory=ApiVersions)
    webhook_retry_seconds: float = 60.0
    missing_uuid_share: float = 0.1
    duplicate_event_share: float = 0.0
    monday_token: str = field(default=MONDAY_TOKEN, repr=False)
    orders_token: str = field(default=ORDERS_TOKEN, repr=False)
    signing_secret: str = field(default=SIGNING_SECRET, repr=False)


class Sandbox:
    """A sandbox over a company: what it serves, and the handles to change and verify it.

    Attributes
    ----------
    account : MondayAccount
        Boards and items: the truth to compare with, and the means to change it as people do.
    monday : MondayEndpoint
        Limits, versions, cursors and latency of the monday side.
    orders : OrdersApi
        Rows of order management.
    faults : Faults
        What goes wrong.
    clock : SandboxClock
        The sandbox's time.
    """

    def __init__(
        self,
        company: Company,
        *,
        options: SandboxOptions | None = None,
        faults: Iterable[FaultRule] = (),
        clock: SandboxClock | None = None,
    ) -> None:
        options = options or SandboxOptions()
        self.company = company
        self.clock = clock or SandboxClock(company.options.morning)
        self.faults = Faults(faults, seed=company.options.seed)
        self.account: MondayAccount = company_account(company, self.clock)
        self.post = WebhookPost(retry_seconds=options.webhook_retry_seconds)
        webhooks = BoardWebhooks(
            self.account,
            self.post,
            signing_secret=options.signing_secret,
            missing_uuid_share=options.missing_uuid_share,
            duplicate_share=options.duplicate_event_share,
            seed=company.options.seed,
        )
        self.monday = MondayEndpoint(
            account=self.account,
            clock=self.clock,
            faults=self.faults,
            ledger=LimitLedger(self.clock, options.limits),
            tokens=frozenset({options.monday_token}),
            challenge=webhooks.challenge,
            versions=options.versions,
            latency_seconds=options.latency_seconds,
        )
        self.orders = OrdersApi(
            order_rows(company),
            clock=self.clock,
            faults=self.faults,
            post=self.post,
            token=options.orders_token,
            signing_secret=options.signing_secret,
            latency_seconds=options.latency_seconds,
        )
        self._options = options
        self.port = options.port

    @property
    def url(self) -> str:
        """Where the sandbox answers."""
        return f"http://{HOST}:{self.port}"

    @property
    def monday_url(self) -> str:
        """The GraphQL endpoint."""
        return f"{self.url}/v2"

    @property
    def orders_url(self) -> str:
        """The list of orders."""
        return f"{self.url}/orders/v1/orders"

    def application(self) -> ASGIApp:
        """Everything as one ASGI application."""
        routed = Starlette(
            routes=[
                Route("/v2", self.monday.__call__, methods=["POST"]),
                *self.orders.routes(),
                Route("/health", self._health, methods=["GET"]),
                Route("/sandbox/faults", self._set_faults, methods=["POST"]),
                Route("/sandbox/faults", self._show_faults, methods=["GET"]),
                Route("/sandbox/clock", self._advance_clock, methods=["POST"]),
                Route("/sandbox/changes", self._change_boards, methods=["POST"]),
            ]
        )
        return _dated(routed, self.clock)

    def listen(self) -> socket.socket:
        """Take the port.

        Raises
        ------
        SandboxError
            It is taken.
        """
        # With the protocol named, asyncio sends small answers at once instead of waiting for an acknowledgement.
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((HOST, self._options.port))
            # From here on callers wait instead of being turned away.
            listening.listen(1024)
        except OSError as error:
            listening.close()
            raise SandboxError(
                f"port {self._options.port} cannot be used: {error.strerror}; give another --port"
            ) from None
        self.port = listening.getsockname()[1]
        return listening

    def server(self) -> uvicorn.Server:
        """A server that is ready to run on the port taken."""
        config = uvicorn.Config(
            self.application(),
            http=BreakableProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            date_header=False,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=1,
        )
        return uvicorn.Server(config)

    async def _health(self, _request: Request) -> Response:
        return JSONResponse({"status": "ok", "now": self.clock.now().isoformat()})

    async def _set_faults(self, request: Request) -> Response:
        try:
            sent = await request.json()
            self.faults.set(parse_faults(sent.get("faults", "")), seed=int(sent.get("seed", 1)))
        except (ValueError, AttributeError, InvalidValueError) as error:
            return JSONResponse({"error": str(error)}, 422)
        return await self._show_faults(request)

    async def _show_faults(self, _request: Request) -> Response:
        fired = [
            {"kind": fault.rule.kind, "api": fault.rule.api, "request": fault.request} for fault in self.faults.fired
        ]
        return JSONResponse({"rules": [rule.kind for rule in self.faults.rules], "fired": fired})

    async def _advance_clock(self, request: Request) -> Response:
        try:
            seconds = float((await request.json())["advance_seconds"])
        except (ValueError, KeyError, TypeError) as error:
            return JSONResponse({"error": f"advance_seconds: {error}"}, 422)
        self.clock.advance(seconds)
        return await self._health(request)

    async def _change_boards(self, request: Request) -> Response:
        try:
            sent: dict[str, Any] = json.loads(await request.body() or b"{}")
            count, seed = int(sent.get("count", 5)), int(sent.get("seed", 1))
        except (ValueError, AttributeError, TypeError) as error:
            return JSONResponse({"error": str(error)}, 422)
        return JSONResponse({"items": change_boards(self.account, Random(f"changes:{seed}"), count)})


@contextmanager
def running_sandbox(
    company: Company,
    *,
    options: SandboxOptions | None = None,
    faults: Iterable[FaultRule] = (),
    clock: SandboxClock | None = None,
) -> Iterator[Sandbox]:
    """A sandbox that answers while the block runs, from a thread of this process."""
    sandbox = Sandbox(company, options=options, faults=faults, clock=clock)
    listening = sandbox.listen()
    server = sandbox.server()
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="sandbox", daemon=True)
    thread.start()
    try:
        _wait_for(server, thread)
        yield sandbox
    finally:
        sandbox.post.close()
        server.should_exit = True
        thread.join(_START_SECONDS)
        listening.close()


def serve_forever(sandbox: Sandbox, listening: socket.socket) -> None:
    """Answer until the process is told to stop."""
    try:
        sandbox.server().run(sockets=[listening])
    finally:
        sandbox.post.close()
        listening.close()


def _dated(application: ASGIApp, clock: SandboxClock) -> ASGIApp:
    """Write the sandbox's time into each answer: clients go by the server's clock, not by their own."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = format_datetime(clock.now(), usegmt=True).encode()
                message = {**message, "headers": [*message["headers"], (b"date", date)]}
            await send(message)

        await application(scope, receive, send_dated)

    return run


def _wait_for(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise SandboxError("the sandbox did not come up")
        time.sleep(0.005)
