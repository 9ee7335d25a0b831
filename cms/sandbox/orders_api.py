"""The order-management system: orders as rows, read page by page over REST, changed by PATCH, told by webhooks."""

import asyncio
import hashlib
import hmac
import json
import time
from bisect import bisect_right
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cms.domain.orders import OrderStatus, OrderType
from cms.sandbox import broken_answers
from cms.sandbox.clock import SandboxClock
from cms.sandbox.company import Company, Defect, DirtyRow, OrderRecord, Source
from cms.sandbox.faults import FaultKind, FaultRule, Faults
from cms.sandbox.webhook_delivery import Delivery, WebhookPost

ORDERS_PATH = "/orders/v1/orders"
LARGEST_PAGE = 1000
TYPE_CODES = {OrderType.STANDARD: "STD", OrderType.RUSH: "RUSH", OrderType.BULK: "BULK"}
STATUS_CODES = {
    OrderStatus.OPEN: "OPEN",
    OrderStatus.SCHEDULED: "PLANNED",
    OrderStatus.IN_PRODUCTION: "IN_WORK",
    OrderStatus.SHIPPED: "SHIPPED",
    OrderStatus.DELIVERED: "DELIVERED",
    OrderStatus.CANCELLED: "CANCELLED",
    OrderStatus.ON_HOLD: "HOLD",
}
Row = dict[str, Any]


def order_rows(company: Company) -> list[Row]:
    """Every row of order management, clean and dirty, in order of last change."""
    rows = [order_row(record) for record in company.systems.managed_orders]
    rows += [_spoiled(order_row(row.order), row) for row in company.dirty(Source.ORDER_MANAGEMENT) if row.order]
    return sorted(rows, key=_place)


def order_row(record: OrderRecord) -> Row:
    """An order as the REST API writes it."""
    order = record.order
    return {
        "orderNumber": order.source_order_id,
        "customerNumber": order.customer_id,
        "type": TYPE_CODES[order.order_type],
        "priorityClass": int(order.priority),
        "productFamily": order.product_family,
        "quantity": str(order.quantity),
        "orderedAt": _instant(order.ordered_at),
        "requestedDate": str(order.requested_date),
        "promisedDate": str(order.promised_date) if order.promised_date else None,
        "state": STATUS_CODES[order.status],
        "shippedAt": _instant(order.shipped_at) if order.shipped_at else None,
        "deliveredAt": _instant(order.delivered_at) if order.delivered_at else None,
        "updatedAt": _instant(record.updated_at),
    }


def _spoiled(row: Row, dirty: DirtyRow) -> Row:
    spoiled: dict[Defect, Row] = {
        Defect.MISSING_CUSTOMER: {"customerNumber": None},
        Defect.UNKNOWN_CUSTOMER: {"customerNumber": "C99999"},
        Defect.NEGATIVE_QUANTITY: {"quantity": f"-{row['quantity']}"},
        Defect.MISSING_QUANTITY: {"quantity": None},
        Defect.BAD_DATE: {"requestedDate": "31/02/2026"},
        Defect.MISSING_DATE: {"requestedDate": ""},
        Defect.UNKNOWN_STATUS: {"state": "LOST"},
    }
    return {**row, **spoiled.get(dirty.defect, {})}


def _instant(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _place(row: Row) -> tuple[str, str]:
    return row["updatedAt"], row["orderNumber"]


class OrdersApi:
    """The REST API over its rows; tests may change rows directly through `change_order` and `add_order`.

    Parameters
    ----------
    signing_secret : str
        Signs webhooks: ``X-Order-Signature: t=<seconds>,v1=<HMAC-SHA256 of "t.body">``.
    """

    def __init__(
        self,
        rows: list[Row],
        *,
        clock: SandboxClock,
        faults: Faults,
        post: WebhookPost,
        token: str,
        signing_secret: str,
        latency_seconds: float = 0.0,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._clock = clock
        self._faults = faults
        self._post = post
        self._token = token
        self._secret = signing_secret.encode()
        self._wall_clock = wall_clock
        self._hooks: dict[str, str] = {}
        self.latency_seconds = latency_seconds
        self.rows = rows

    def routes(self) -> list[Route]:
        """Where the API is served."""
        return [
            Route(ORDERS_PATH, self._guarded(self._list), methods=["GET"]),
            Route(ORDERS_PATH, self._guarded(self._create), methods=["POST"]),
            Route(ORDERS_PATH + "/{number}", self._guarded(self._show), methods=["GET"]),
            Route(ORDERS_PATH + "/{number}", self._guarded(self._patch), methods=["PATCH"]),
            Route("/orders/v1/webhooks", self._guarded(self._add_hook), methods=["POST"]),
            Route("/orders/v1/webhooks/{hook}", self._guarded(self._drop_hook), methods=["DELETE"]),
        ]

    def order(self, number: str) -> Row | None:
        """The row of an order, the newest where there are several; None: unknown."""
        return next((row for row in reversed(self.rows) if row["orderNumber"] == number), None)

    def change_order(self, number: str, changes: Mapping[str, Any]) -> Row:
        """Change fields of an order, and tell the subscribers."""
        row = self.order(number)
        if row is None:
            raise KeyError(number)
        changed = {**row, **changes, "orderNumber": number, "updatedAt": _instant(self._clock.now())}
        self.rows = sorted([*(r for r in self.rows if r is not row), changed], key=_place)
        self._tell("order.updated", changed)
        return changed

    def add_order(self, row: Mapping[str, Any]) -> Row:
        """Take a new order in, and tell the subscribers."""
        now = _instant(self._clock.now())
        added = {**_EMPTY_ROW, "orderedAt": now, **row, "updatedAt": now}
        self.rows = sorted([*self.rows, added], key=_place)
        self._tell("order.created", added)
        return added

    def _guarded(self, answer: Callable[[Request], Any]) -> Callable[[Request], Any]:
        async def guarded(request: Request) -> Response:
            struck = self._faults.draw("orders")
            early = await _strike_early(struck)
            if early is not None:
                return early
            if self.latency_seconds:
                await asyncio.sleep(self.latency_seconds)
            if request.headers.get("authorization") != f"Bearer {self._token}":
                return _problem(401, "unauthorized", "a valid bearer token is needed")
            answered: Response = await answer(request)
            return _strike_late(answered, struck)

        return guarded

    async def _list(self, request: Request) -> Response:
        asked = request.query_params
        try:
            since = _normal_instant(asked["updated_since"]) if asked.get("updated_since") else ""
            size = _whole_number(asked.get("page_size") or asked.get("limit", "100"), 1, LARGEST_PAGE)
            page = _whole_number(asked.get("page", "1"), 1, 10**9)
        except ValueError as error:
            return _problem(422, "unprocessable", str(error))
        # Both ends are included, so that a reader that starts again from the last instant it saw misses nothing.
        first = bisect_right(self.rows, (since, ""), key=_place)
        rows = self.rows[first:]
        start = _after_cursor(rows, asked["cursor"]) if "cursor" in asked else (page - 1) * size
        shown = rows[start : start + size]
        following = None
        if start + size < len(rows):
            query = {"page_size": size, "cursor": "~".join(_place(shown[-1]))}
            following = f"{ORDERS_PATH}?{urlencode({'updated_since': since, **query} if since else query)}"
        return JSONResponse({"items": shown, "page": page, "page_size": size, "total": len(rows), "next": following})

    async def _show(self, request: Request) -> Response:
        row = self.order(request.path_params["number"])
        return JSONResponse(row) if row else _unknown(request)

    async def _patch(self, request: Request) -> Response:
        changes = await _read_object(request)
        if not changes or not changes.keys() <= _EMPTY_ROW.keys():
            return _problem(422, "unprocessable", f"send an object with some of {sorted(_EMPTY_ROW)}")
        if self.order(request.path_params["number"]) is None:
            return _unknown(request)
        return JSONResponse(self.change_order(request.path_params["number"], changes))

    async def _create(self, request: Request) -> Response:
        row = await _read_object(request)
        if not row or not row.get("orderNumber") or not row.keys() <= _EMPTY_ROW.keys():
            return _problem(422, "unprocessable", f"send an object with orderNumber and some of {sorted(_EMPTY_ROW)}")
        if self.order(row["orderNumber"]) is not None:
            return _problem(409, "conflict", f"order {row['orderNumber']} exists")
        return JSONResponse(self.add_order(row), 201)

    async def _add_hook(self, request: Request) -> Response:
        sent = await _read_object(request)
        if not sent or not str(sent.get("url", "")).startswith(("http://", "https://")):
            return _problem(422, "unprocessable", "send an object with the url to be told")
        hook = f"wh_{len(self._hooks) + 1}"
        self._hooks[hook] = sent["url"]
        return JSONResponse({"id": hook, "url": sent["url"]}, 201)

    async def _drop_hook(self, request: Request) -> Response:
        if self._hooks.pop(request.path_params["hook"], None) is None:
            return _problem(404, "not_found", "no such webhook")
        return Response(status_code=204)

    def _tell(self, kind: str, row: Row) -> None:
        told = {
            "id": hashlib.sha256(f"{kind}{row['orderNumber']}{row['updatedAt']}".encode()).hexdigest()[:32],
            "type": kind,
            "orderNumber": row["orderNumber"],
            "updatedAt": row["updatedAt"],
        }
        body = json.dumps(told).encode()
        for url in self._hooks.values():
            self._post.post(Delivery(url, self._signature, lambda _is_retry: body))

    def _signature(self, body: bytes) -> Mapping[str, str]:
        at = int(self._wall_clock())
        digest = hmac.new(self._secret, f"{at}.".encode() + body, hashlib.sha256).hexdigest()
        return {"X-Order-Signature": f"t={at},v1={digest}", "Content-Type": "application/json"}


_EMPTY_ROW: Row = {
    "orderNumber": None, "customerNumber": None, "type": "STD", "priorityClass": None, "productFamily": None,
    "quantity": None, "orderedAt": None, "requestedDate": None, "promisedDate": None, "state": "OPEN",
    "shippedAt": None, "deliveredAt": None,
}  # fmt: skip


def _after_cursor(rows: list[Row], cursor: str) -> int:
    updated_at, _, number = cursor.partition("~")
    return bisect_right(rows, (updated_at, number), key=_place)


def _normal_instant(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"updated_since: must be an ISO 8601 instant, found {text!r}") from None
    if moment.tzinfo is None:
        raise ValueError(f"updated_since: must carry an offset, found {text!r}")
    return _instant(moment.astimezone(UTC))


def _whole_number(text: str, least: int, most: int) -> int:
    if not text.isdigit() or not least <= int(text) <= most:
        raise ValueError(f"page and page_size: must be whole numbers, {least} to {most}, found {text!r}")
    return int(text)


async def _read_object(request: Request) -> Row | None:
    try:
        sent = await request.json()
    except ValueError:
        return None
    return sent if isinstance(sent, dict) else None


def _unknown(request: Request) -> Response:
    return _problem(404, "not_found", f"no order {request.path_params['number']!r}")


def _problem(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse({"error": {"code": code, "message": message}}, status, headers)


async def _strike_early(struck: tuple[FaultRule, ...]) -> Response | None:
    for rule in struck:
        if rule.kind.startswith("http_"):
            status = int(rule.kind.removeprefix("http_"))
            wait = {"Retry-After": str(max(1, round(rule.seconds)))} if status in (423, 429, 503) else None
            return _problem(status, "fault", f"status {status}", wait)
        if rule.kind is FaultKind.RESET:
            return broken_answers.ResetAnswer()
        if rule.kind is FaultKind.LATENCY:
            await asyncio.sleep(rule.seconds)
    return None


def _strike_late(answer: Response, struck: tuple[FaultRule, ...]) -> Response:
    for rule in struck:
        answer = broken_answers.spoil(answer, rule)
    return answer
