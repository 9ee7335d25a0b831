"""Tells subscribers what happened on their boards, signed as an app's webhooks are."""

import json
import time
from collections.abc import Callable
from random import Random
from typing import Any
from uuid import UUID

import jwt
import requests

from cms.sandbox.monday_api.account import MondayAccount, Subscription
from cms.sandbox.monday_api.errors import MondayError
from cms.sandbox.monday_api.model import BoardEvent
from cms.sandbox.webhook_delivery import Delivery, WebhookPost

TOKEN_SECONDS = 300


class BoardWebhooks:
    """Turns the account's events into signed deliveries.

    Parameters
    ----------
    signing_secret : str
        The app's secret: signs the token in ``Authorization``.
    missing_uuid_share, duplicate_share : float
        Share of events without ``triggerUuid``, and of those told twice.
    wall_clock : callable
        Seconds for the token's times; receivers check them against their own clock.
    """

    def __init__(
        self,
        account: MondayAccount,
        post: WebhookPost,
        *,
        signing_secret: str,
        missing_uuid_share: float = 0.1,
        duplicate_share: float = 0.0,
        seed: int = 1,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._account = account
        self._post = post
        self._secret = signing_secret
        self._missing_uuid_share = missing_uuid_share
        self._duplicate_share = duplicate_share
        self._random = Random(f"{seed}:webhooks")
        self._wall_clock = wall_clock
        account.listeners.append(self.tell)

    def tell(self, event: BoardEvent) -> None:
        """Queue the event for every subscription that it fits."""
        trigger = UUID(int=self._random.getrandbits(128)).hex
        named = self._random.random() >= self._missing_uuid_share
        times = 2 if self._random.random() < self._duplicate_share else 1
        for subscription in self._account.subscriptions.values():
            if _fits(subscription, event):
                for _ in range(times):
                    self._post.post(self._delivery(subscription, event, trigger if named else None))

    def challenge(self, url: str) -> None:
        """Ask a URL to echo a challenge.

        Raises
        ------
        MondayError
            It does not.
        """
        sent = {"challenge": UUID(int=self._random.getrandbits(128)).hex}
        body = json.dumps(sent).encode()
        try:
            answer = requests.post(url, data=body, headers=self._headers(url), timeout=5)
            echoed = answer.json() if answer.ok else None
        except (requests.RequestException, ValueError):
            echoed = None
        if echoed != sent:
            raise MondayError(
                "Failed to create webhook: the URL did not return the challenge",
                "CreateWebhookException",
                error_data={"url": url},
            )

    def _delivery(self, subscription: Subscription, event: BoardEvent, trigger: str | None) -> Delivery:
        def body(is_retry: bool) -> bytes:  # noqa: FBT001 - the shape that deliveries ask for
            return json.dumps({"event": payload(event, subscription, trigger, is_retry=is_retry)}).encode()

        return Delivery(subscription.url, lambda _body: self._headers(subscription.url), body)

    def _headers(self, url: str) -> dict[str, str]:
        now = int(self._wall_clock())
        claims = {
            "accountId": int(self._account.account_id),
            "userId": 1,
            "aud": url,
            "iat": now,
            "exp": now + TOKEN_SECONDS,
        }
        token = jwt.encode(claims, self._secret, algorithm="HS256")
        return {"Authorization": token, "Content-Type": "application/json"}


def _fits(subscription: Subscription, event: BoardEvent) -> bool:
    if subscription.board_id != event.board_id:
        return False
    column = event.column.id if event.column else None
    config = subscription.config or {}
    if subscription.event == "change_specific_column_value":
        return event.kind == "change_column_value" and config.get("columnId") == column
    if subscription.event == "change_status_column_value":
        is_status = event.column is not None and event.column.type == "status"
        return event.kind == "change_column_value" and is_status and config.get("columnId") in (None, column)
    return subscription.event == event.kind


def payload(event: BoardEvent, subscription: Subscription, trigger: str | None, *, is_retry: bool) -> dict[str, Any]:
    """The ``event`` object of a webhook's body."""
    told: dict[str, Any] = {
        "app": "monday",
        "type": event.type,
        "triggerTime": f"{event.at:%Y-%m-%dT%H:%M:%S}.{event.at.microsecond // 1000:03d}Z",
        "subscriptionId": int(subscription.id),
        "isRetry": is_retry,
        "userId": int(event.user_id),
        "originalTriggerUuid": None,
        "boardId": int(event.board_id),
        "groupId": event.group_id,
        "pulseId": int(event.item_id),
        "pulseName": event.item_name,
        "changedAt": event.at.timestamp(),
    }
    if event.type in ("item_archived", "item_deleted", "item_restored"):
        told["itemId"] = int(event.item_id)
        told["itemName"] = event.item_name
    if event.column is not None:
        told |= {
            "columnId": event.column.id,
            "columnType": "color" if event.column.type == "status" else event.column.type,
            "columnTitle": event.column.title,
        }
    if event.column is not None or event.value is not None:
        told |= {"value": event.value, "previousValue": event.previous_value}
    if trigger is not None:
        told["triggerUuid"] = trigger
    return told
