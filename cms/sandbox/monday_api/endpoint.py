"""The GraphQL endpoint: one POST from its first byte to its answer, faults included."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from cms.sandbox import broken_answers
from cms.sandbox.board_changes import change_boards
from cms.sandbox.clock import SandboxClock
from cms.sandbox.faults import FaultKind, FaultRule, Faults, refusal
from cms.sandbox.monday_api.account import MondayAccount
from cms.sandbox.monday_api.cursors import CursorBook
from cms.sandbox.monday_api.engine import GraphQLRequest, Operation, check, run
from cms.sandbox.monday_api.errors import MondayError, new_request_id, unauthenticated
from cms.sandbox.monday_api.idempotency import IdempotencyBook
from cms.sandbox.monday_api.limits import LimitLedger
from cms.sandbox.monday_api.resolvers import QueryContext
from cms.sandbox.monday_api.versions import ApiVersions

_JSON = {"Content-Type": "application/json; charset=utf-8"}


@dataclass
class MondayEndpoint:
    """Everything that the endpoint works with; a test may reach in and change it.

    Parameters
    ----------
    tokens : frozenset of str
        Who may come in.
    latency_seconds : float
        How long every answer takes at least.
    challenge : callable
        Proves a webhook's URL.
    """

    account: MondayAccount
    clock: SandboxClock
    faults: Faults
    ledger: LimitLedger
    tokens: frozenset[str]
    challenge: Callable[[str], None]
    versions: ApiVersions
    latency_seconds: float = 0.0

    def __post_init__(self) -> None:
        self.cursors = CursorBook(self.clock)
        self.idempotency = IdempotencyBook(self.clock)

    async def __call__(self, request: Request) -> Response:
        """Answer a POST."""
        body = await request.body()
        request_id = new_request_id()
        struck = self.faults.draw("monday", is_page=b"items_page" in body)
        early = await self._before(struck, request_id)
        if early is None:
            answer = await self._answer(request, body, request_id)
        else:
            answer = early
        self._add_headers(answer, request, request_id, struck)
        return _after(answer, struck, request_id)

    async def _before(self, struck: tuple[FaultRule, ...], request_id: str) -> Response | None:
        """Let strike what strikes before the request is carried out; an answer here ends it."""
        for rule in struck:
            refused = refusal(rule)
            if refused is not None:
                return _refused(refused, request_id)
            if rule.kind is FaultKind.RESET:
                return broken_answers.ResetAnswer()
            if rule.kind.startswith("http_"):
                return _bare_status(rule)
            if rule.kind is FaultKind.LATENCY:
                await asyncio.sleep(rule.seconds)
            self._change_account(rule)
        return None

    def _change_account(self, rule: FaultRule) -> None:
        if rule.kind is FaultKind.CURSOR_EXPIRY:
            self.cursors.expire_all()
        elif rule.kind is FaultKind.EXHAUST_COMPLEXITY:
            self.ledger.exhaust_complexity("query")
        elif rule.kind is FaultKind.EXHAUST_DAY:
            self.ledger.exhaust_day()
        elif rule.kind is FaultKind.BOARD_CHANGES:
            change_boards(self.account, Random(f"changes:{self.faults.requests()}"))

    async def _answer(self, request: Request, body: bytes, request_id: str) -> Response:
        if self.latency_seconds:
            await asyncio.sleep(self.latency_seconds)
        try:
            if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
                raise unauthenticated()
            with self.ledger.call():
                return await self._carry_out(request, _read(body), request_id)
        except MondayError as error:
            return _refused(error, request_id)

    async def _carry_out(self, request: Request, asked: GraphQLRequest, request_id: str) -> Response:
        operation = check(asked)
        key = request.headers.get("idempotency-key")
        if key is None or operation.kind != "mutation":
            return _json(await self._run(operation, request, request_id))
        remembered = self.idempotency.begin(key)
        if remembered is not None:
            return Response(remembered, headers={**_JSON, "Idempotency-Replayed": "true"})
        answer = None
        try:
            answer = _json(await self._run(operation, request, request_id))
        finally:
            self.idempotency.finish(key, None if answer is None else bytes(answer.body))
        return answer

    async def _run(self, operation: Operation, request: Request, request_id: str) -> dict[str, Any]:
        budget = self.ledger.spend(operation.kind, operation.cost(self.account))
        context = QueryContext(
            account=self.account,
            cursors=self.cursors,
            budget=budget,
            versions=self.versions.listed(),
            version=self.versions.shown(self.versions.answering(request.headers.get("api-version"))),
            challenge=self.challenge,
        )
        answered = await run_in_threadpool(run, operation, context)
        return {**answered, "extensions": {"request_id": request_id}}

    def _add_headers(self, answer: Response, request: Request, request_id: str, struck: tuple[FaultRule, ...]) -> None:
        asked = request.headers.get("api-version")
        answer.headers["API-Version"] = self.versions.answering(asked)
        if any(rule.kind is FaultKind.OTHER_VERSION for rule in struck):
            answer.headers["API-Version"] = self.versions.maintenance
        answer.headers["X-Request-Id"] = request_id
        for name, value in self.ledger.headers().items():
            answer.headers[name] = value


def _after(answer: Response, struck: tuple[FaultRule, ...], request_id: str) -> Response:
    """Spoil the way back."""
    for rule in struck:
        if rule.kind is FaultKind.PARTIAL_DATA and answer.status_code == 200:
            answer = broken_answers.made_partial(answer, request_id)
        else:
            answer = broken_answers.spoil(answer, rule)
    return answer


def _bare_status(rule: FaultRule) -> Response:
    """A status from something in between, with a body that is no JSON."""
    status = int(rule.kind.removeprefix("http_"))
    headers = {"Retry-After": str(max(1, round(rule.seconds)))} if status in (423, 429, 503) else {}
    return Response(f"<html><body><h1>{status}</h1></body></html>", status, headers, "text/html")


def _refused(error: MondayError, request_id: str) -> Response:
    return Response(json.dumps(error.body(request_id)), error.http_status, {**_JSON, **error.headers()})


def _json(body: dict[str, Any]) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), headers=dict(_JSON))


def _read(body: bytes) -> GraphQLRequest:
    try:
        sent = json.loads(body)
        text, variables = sent["query"], sent.get("variables") or {}
        if isinstance(variables, str):
            variables = json.loads(variables)
        if not isinstance(text, str) or not isinstance(variables, dict):
            raise TypeError("query must be a text and variables an object")  # noqa: TRY301 - one refusal for all
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise MondayError(f"Bad request: {error}", "BadRequestException", 400, 400) from error
    return GraphQLRequest(text, variables, sent.get("operationName"))
