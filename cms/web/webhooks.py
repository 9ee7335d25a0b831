"""Receives webhooks: proves where each comes from, keeps its event, then answers; working on it comes later."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from cms.bootstrap import System
from cms.config import MondaySourceSettings, RestSourceSettings
from cms.web.event_bodies import ToldEvent, challenge_of, monday_event, order_event, read_json_object
from cms.web.refusals import RefusedRequestError
from cms.web.replays import UsedTokens
from cms.web.tokens import ForgedError, check_signature, check_token

_log = logging.getLogger(__name__)
SIGNATURE_HEADER = "X-Order-Signature"
STORED, KNOWN, IGNORED = "stored", "known", "ignored"


@dataclass(kw_only=True)
class Receiver:
    """Keeps events that prove where they come from.

    Parameters
    ----------
    audience : str
        What monday's tokens must be made out to.
    wake : callable
        Told that an event was kept.
    """

    system: System
    audience: str
    wake: Callable[[], None]
    used_tokens: UsedTokens = field(default_factory=UsedTokens)

    def keep_monday_event(self, event: ToldEvent, token: str) -> str:
        """Keep the event of a board for every source that reads this board; what became of it.

        Raises
        ------
        RefusedRequestError
            401: the token does not prove it.
        """
        now = self.system.clock.now()
        secret = self._secret("monday_signing_secret", "CMS_MONDAY_SIGNING_SECRET")
        _or_forged(lambda: check_token(token, secret=secret, audience=self.audience, now=now))
        sources = self._sources_of_board(event)
        if self.used_tokens.is_replayed(token, now) and not self._knows(event, sources):
            raise RefusedRequestError(401, "forged", "the token was used before, for another event")
        kept = [self._keep(event, source) for source in sources]
        if any(kept):
            self.used_tokens.note(token, now)
            self.wake()
        return (STORED if any(kept) else KNOWN) if kept else IGNORED

    def keep_order_event(self, event: ToldEvent, signature: str, content: bytes) -> str:
        """Keep an event of order management; what became of it.

        Raises
        ------
        RefusedRequestError
            401: the signature does not prove it.
        """
        now = self.system.clock.now()
        secret = self._secret("orders_signing_secret", "CMS_ORDERS_SIGNING_SECRET")
        _or_forged(lambda: check_signature(signature, content, secret=secret, now=now))
        is_new = self._keep(event, self._order_source())
        if is_new:
            self.wake()
        return STORED if is_new else KNOWN

    def _keep(self, event: ToldEvent, source: str) -> bool:
        return self.system.warehouse.inbox.add(
            deduplication_key=f"{event.key}:{source}",
            source=source,
            kind=event.kind,
            subject_id=event.subject_id,
            payload=event.payload,
            now=self.system.clock.now(),
        )

    def _knows(self, event: ToldEvent, sources: list[str]) -> bool:
        return all(self.system.warehouse.inbox.knows(f"{event.key}:{source}") for source in sources)

    def _sources_of_board(self, event: ToldEvent) -> list[str]:
        """Sources that read the board; none of them if only a column changed that we write ourselves."""
        return sorted(
            name
            for name, source in self.system.settings.sources.items()
            if isinstance(source, MondaySourceSettings)
            and source.board_id == event.place
            and not (source.write_back and event.column in source.write_back.columns)
        )

    def _order_source(self) -> str:
        settings = self.system.settings
        if settings.web.order_source is not None:
            return settings.web.order_source
        rest = [n for n, s in settings.sources.items() if isinstance(s, RestSourceSettings) and s.dataset == "orders"]
        if len(rest) != 1:
            what = f"there are {len(rest)} REST sources of orders; set web.order_source to the one that tells events"
            raise RefusedRequestError(404, "not_set_up", what)
        return rest[0]

    def _secret(self, name: str, variable: str) -> str:
        secret = self.system.settings.secret(name)
        if not secret:
            raise RefusedRequestError(503, "not_set_up", f"no webhook can be checked: set {variable}")
        return secret


def webhooks(receiver: Receiver) -> APIRouter:
    """The addresses that webhooks are sent to."""
    router = APIRouter(prefix="/webhooks", tags=["webhooks"])
    most = receiver.system.settings.web.max_body_bytes

    @router.post("/monday", openapi_extra=_body(_MONDAY_BODY), responses=_REFUSALS)
    async def monday(request: Request) -> JSONResponse:
        """Keep the event of a board. A challenge is echoed, and nothing is stored for it."""
        body = read_json_object(await _content(request, most))
        challenge = challenge_of(body)
        if challenge is not None:
            return JSONResponse({"challenge": challenge})
        event = monday_event(body)
        token = request.headers.get("authorization", "")
        return JSONResponse({"status": await run_in_threadpool(receiver.keep_monday_event, event, token)})

    @router.post("/orders", openapi_extra=_body(_ORDER_BODY), responses=_REFUSALS)
    async def orders(request: Request) -> JSONResponse:
        """Keep an event of order management."""
        content = await _content(request, most)
        event = order_event(read_json_object(content))
        signature = request.headers.get(SIGNATURE_HEADER, "")
        return JSONResponse({"status": await run_in_threadpool(receiver.keep_order_event, event, signature, content)})

    return router


async def _content(request: Request, most_bytes: int) -> bytes:
    """The body, as long as it is JSON by its own account and not too large; no more of it is read than may be."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise RefusedRequestError(415, "media_type", "the body must be application/json")
    length = request.headers.get("content-length", "0")
    too_large = RefusedRequestError(413, "too_large", f"the body must have {most_bytes} bytes at most")
    if length.isdigit() and int(length) > most_bytes:
        raise too_large
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > most_bytes:
            raise too_large
    return bytes(content)


def _or_forged(check: Callable[[], Any]) -> None:
    try:
        check()
    except ForgedError as error:
        raise RefusedRequestError(401, "forged", str(error)) from None


def _body(schema: dict[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


_MONDAY_BODY: dict[str, Any] = {
    "type": "object",
    "properties": {
        "challenge": {"type": "string"},
        "event": {
            "type": "object",
            "required": ["type", "boardId", "pulseId"],
            "properties": {
                "type": {"type": "string"},
                "boardId": {"type": ["integer", "string"]},
                "pulseId": {"type": ["integer", "string"]},
                "columnId": {"type": "string"},
                "triggerUuid": {"type": "string"},
            },
        },
    },
}
_ORDER_BODY: dict[str, Any] = {
    "type": "object",
    "required": ["type", "orderNumber"],
    "properties": {"id": {"type": "string"}, "type": {"type": "string"}, "orderNumber": {"type": "string"}},
}
_PROBLEM: dict[str, Any] = {
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["error"],
                "properties": {"error": {"type": "object", "required": ["code", "message"]}},
            }
        }
    }
}
_REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"description": "The body is no JSON object.", **_PROBLEM},
    401: {"description": "The token or signature does not prove where the event comes from.", **_PROBLEM},
    413: {"description": "The body is too large.", **_PROBLEM},
    415: {"description": "The body is not JSON by its own account.", **_PROBLEM},
    422: {"description": "The event does not say what it is about.", **_PROBLEM},
    503: {"description": "The event cannot be checked or kept now; send it again.", **_PROBLEM},
}
