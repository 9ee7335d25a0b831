"""The webhooks of boards: which events monday.com tells us of, and where it sends them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cms.domain.errors import InvalidValueError, NotFoundError
from cms.monday.client import MondayClient
from cms.monday.errors import BrokenAnswerError
from cms.monday.queries import CREATE_WEBHOOK, DELETE_WEBHOOK, WEBHOOKS

EVENTS = ("create_item", "change_column_value", "change_name", "item_archived", "item_deleted", "item_restored")
"""What a board has to tell so that nothing waits for the hourly sync."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Webhook:
    """A webhook; monday.com does not tell the address again."""

    webhook_id: str
    board_id: str
    event: str
    config: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class CreatedWebhooks:
    """What creating webhooks came to.

    Parameters
    ----------
    existing : tuple of Webhook
        Events that the board already told of; they were left alone.
    """

    created: tuple[Webhook, ...]
    existing: tuple[Webhook, ...]


def list_webhooks(client: MondayClient, board_id: str) -> tuple[Webhook, ...]:
    """A board's webhooks, in order of event and id."""
    answer = client.ask(WEBHOOKS, {"board": board_id})
    found = (_webhook(given) for given in answer.data.get("webhooks") or () if given)
    return tuple(sorted(found, key=lambda webhook: (webhook.event, webhook.webhook_id)))


def create_webhooks(
    client: MondayClient, board_id: str, url: str, events: Iterable[str] = EVENTS, *, key: str | None = None
) -> CreatedWebhooks:
    """Have a board tell of events at an address, which must answer monday.com's challenge at once.

    Parameters
    ----------
    key : str, optional
        What no other call has: with it a creation whose answer was lost is sent again, and carried out once.

    Raises
    ------
    InvalidValueError
        The address is none that monday.com can reach.
    SourceError
        monday.com refuses, for instance because the address did not echo the challenge.
    """
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise InvalidValueError("url", "must be an address that monday.com can reach (https://…)", url)
    existing = {webhook.event: webhook for webhook in list_webhooks(client, board_id)}
    wanted = tuple(dict.fromkeys(events))
    created = tuple(_create(client, board_id, url, event, key) for event in wanted if event not in existing)
    return CreatedWebhooks(created=created, existing=tuple(existing[e] for e in wanted if e in existing))


def delete_webhooks(client: MondayClient, webhook_ids: Iterable[str]) -> tuple[Webhook, ...]:
    """Delete webhooks by id.

    Raises
    ------
    NotFoundError
        One of them does not exist; those before it are deleted.
    """
    return tuple(_delete(client, webhook_id) for webhook_id in webhook_ids)


def _create(client: MondayClient, board_id: str, url: str, event: str, key: str | None) -> Webhook:
    variables = {"board": board_id, "url": url, "event": event, "config": None}
    answer = client.ask(CREATE_WEBHOOK, variables, key=None if key is None else f"{key}:{board_id}:{event}")
    given = answer.data.get("create_webhook")
    if not given:
        raise BrokenAnswerError(f"the webhook for {event} was not confirmed", request_id=answer.request_id)
    return _webhook(given)


def _delete(client: MondayClient, webhook_id: str) -> Webhook:
    given = client.ask(DELETE_WEBHOOK, {"id": webhook_id}).data.get("delete_webhook")
    if not given:
        raise NotFoundError("webhook", webhook_id, "see `cms monday webhooks list --board ID`")
    return _webhook(given)


def _webhook(given: Mapping[str, Any]) -> Webhook:
    return Webhook(
        webhook_id=str(given["id"]),
        board_id=str(given["board_id"]),
        event=given["event"],
        config=given.get("config") or "",
    )
