"""Webhooks: challenged, signed, delivered, and delivered again until they are taken."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import jwt
import pytest
import requests

from cms.sandbox import ORDERS_TOKEN, SIGNING_SECRET, Sandbox
from tests.integration.sandbox.sandbox_client import ORDERS, data, post

CREATE = """
mutation ($url: String!, $event: WebhookEventType!, $config: JSON) {
  create_webhook(board_id: 5000000002, url: $url, event: $event, config: $config) { id board_id event config }
}
"""


@dataclass
class Receiver:
    """Echoes challenges, keeps events, and refuses as many of them as it is told."""

    url: str = ""
    refuse: int = 0
    echoes: bool = True
    events: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def take(self, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        told = json.loads(body)
        if "challenge" in told:
            return 200, body if self.echoes else b"{}"
        self.events.append(told.get("event", told))
        self.headers.append(headers)
        self.bodies.append(body)
        self.refuse -= 1
        return (503, b"") if self.refuse >= 0 else (200, b"")


@contextmanager
def listening() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, answer = receiver.take(body, dict(self.headers))
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}/hooks"
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening() as found:
        yield found


def subscribe(sandbox: Sandbox, url: str, event: str, config: str | None = None) -> str:
    return str(data(sandbox, CREATE, url=url, event=event, config=config)["create_webhook"]["id"])


def an_item(sandbox: Sandbox) -> str:
    return min(item.id for item in sandbox.account.board(ORDERS).active_items)


def test_a_change_is_told_with_old_and_new_value(sandbox: Sandbox, receiver: Receiver) -> None:
    subscribe(sandbox, receiver.url, "change_column_value")
    item = an_item(sandbox)

    sandbox.account.change_values(ORDERS, item, {"quantity": "4321"})

    assert sandbox.post.wait_until_taken()
    [event] = receiver.events
    assert (event["type"], event["columnId"], event["columnType"]) == ("update_column_value", "quantity", "numbers")
    assert (event["boardId"], event["pulseId"]) == (int(ORDERS), int(item))
    assert event["value"] == {"value": "4321"}
    assert event["previousValue"]["value"] != "4321"
    assert not event["isRetry"]
    assert len(event["triggerUuid"]) == 32


@pytest.mark.parametrize(
    ("event", "deed", "told"),
    [
        ("create_item", lambda account, _item: account.create_item(ORDERS, "SO-1"), "create_pulse"),
        ("change_name", lambda account, item: account.rename_item(item, "SO-2"), "update_name"),
        ("item_archived", lambda account, item: account.archive_item(item), "item_archived"),
        ("item_deleted", lambda account, item: account.delete_item(item), "item_deleted"),
        ("item_moved_to_any_group", lambda account, item: account.move_item(item, "group_2"), "move_pulse_into_group"),
        ("create_update", lambda account, item: account.add_update(item, "late"), "create_update"),
    ],
)
def test_each_kind_of_event_is_told_by_its_name(
    sandbox: Sandbox, receiver: Receiver, event: str, deed: Any, told: str
) -> None:
    subscribe(sandbox, receiver.url, event)

    deed(sandbox.account, an_item(sandbox))

    assert sandbox.post.wait_until_taken()
    assert [e["type"] for e in receiver.events] == [told]


def test_a_subscription_to_one_column_hears_of_that_column_only(sandbox: Sandbox, receiver: Receiver) -> None:
    subscribe(sandbox, receiver.url, "change_specific_column_value", '{"columnId": "promised_date"}')

    sandbox.account.change_values(ORDERS, an_item(sandbox), {"quantity": "9", "promised_date": {"date": "2026-05-05"}})

    assert sandbox.post.wait_until_taken()
    assert [event["columnId"] for event in receiver.events] == ["promised_date"]


def test_a_delivery_is_signed_for_its_receiver(sandbox: Sandbox, receiver: Receiver) -> None:
    subscribe(sandbox, receiver.url, "item_archived")

    sandbox.account.archive_item(an_item(sandbox))

    assert sandbox.post.wait_until_taken()
    token = receiver.headers[0]["Authorization"]
    claims = jwt.decode(token, SIGNING_SECRET, algorithms=["HS256"], audience=receiver.url)
    assert claims["exp"] > claims["iat"]
    with pytest.raises(jwt.InvalidAudienceError):
        jwt.decode(token, SIGNING_SECRET, algorithms=["HS256"], audience="https://elsewhere.example")


def test_a_refused_delivery_comes_again_and_says_so(sandbox: Sandbox, receiver: Receiver) -> None:
    subscribe(sandbox, receiver.url, "item_archived")
    receiver.refuse = 2

    sandbox.account.archive_item(an_item(sandbox))

    assert sandbox.post.wait_until_taken()
    assert [event["isRetry"] for event in receiver.events] == [False, True, True]
    assert len({event["triggerUuid"] for event in receiver.events}) == 1


def test_a_url_that_does_not_echo_the_challenge_is_not_subscribed(sandbox: Sandbox, receiver: Receiver) -> None:
    receiver.echoes = False

    query = f'mutation {{ create_webhook(board_id: {ORDERS}, url: "{receiver.url}", event: create_item) {{ id }} }}'
    body = post(sandbox, query).json()

    assert body["errors"][0]["extensions"]["code"] == "CreateWebhookException"
    assert sandbox.account.subscriptions == {}


def test_webhooks_are_listed_and_deleted(sandbox: Sandbox, receiver: Receiver) -> None:
    hook = subscribe(sandbox, receiver.url, "create_item")
    listed = data(sandbox, f"{{ webhooks(board_id: {ORDERS}) {{ id event }} }}")["webhooks"]
    assert listed == [{"id": hook, "event": "create_item"}]

    data(sandbox, f"mutation {{ delete_webhook(id: {hook}) {{ id }} }}")
    sandbox.account.create_item(ORDERS, "SO-1")

    assert data(sandbox, f"{{ webhooks(board_id: {ORDERS}) {{ id }} }}")["webhooks"] == []
    assert receiver.events == []


def test_order_management_signs_its_body(sandbox: Sandbox, receiver: Receiver) -> None:
    headers = {"Authorization": f"Bearer {ORDERS_TOKEN}"}
    hooks = f"{sandbox.url}/orders/v1/webhooks"
    hook = requests.post(hooks, json={"url": receiver.url}, headers=headers, timeout=5).json()["id"]

    sandbox.orders.add_order({"orderNumber": "SO-1"})

    assert sandbox.post.wait_until_taken()
    [event] = receiver.events
    assert (event["type"], event["orderNumber"]) == ("order.created", "SO-1")
    signature = dict(part.split("=") for part in receiver.headers[0]["X-Order-Signature"].split(","))
    signed = f"{signature['t']}.".encode() + receiver.bodies[0]
    assert signature["v1"] == hmac.new(SIGNING_SECRET.encode(), signed, hashlib.sha256).hexdigest()
    assert requests.delete(f"{hooks}/{hook}", headers=headers, timeout=5).status_code == 204
