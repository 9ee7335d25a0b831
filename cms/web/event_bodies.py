"""What the body of a webhook says: the event, what it is about, and the key by which a redelivery is known again."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from cms.web.refusals import RefusedRequestError

_VOLATILE = frozenset({"isRetry", "subscriptionId", "originalTriggerUuid"})
"""What differs between deliveries of one event."""
_ITEM = re.compile(r"\d{1,20}")
_WORD = re.compile(r"[A-Za-z][\w.]{0,99}")
_NUMBER = re.compile(r"[^\x00-\x1f\x7f]{1,200}")


@dataclass(frozen=True, kw_only=True, slots=True)
class ToldEvent:
    """An event as a webhook tells it.

    Parameters
    ----------
    place : str
        Where its subject is: the board's id; empty for order management.
    column : str, optional
        The column that changed, where it is about one.
    """

    key: str
    kind: str
    place: str
    subject_id: str
    payload: Mapping[str, Any]
    column: str | None = None


def read_json_object(content: bytes) -> dict[str, Any]:
    """The JSON object of a body.

    Raises
    ------
    RefusedRequestError
        400: it is none, or holds what no warehouse can store.
    """
    try:
        body = json.loads(content, parse_constant=_refuse_constant)
        # half a surrogate pair has no bytes: it could not be stored
        json.dumps(body, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise RefusedRequestError(400, "malformed", "the body must be a JSON object in UTF-8") from None
    if not isinstance(body, dict):
        raise RefusedRequestError(400, "malformed", f"the body must be a JSON object, found a {type(body).__name__}")
    return body


def challenge_of(body: Mapping[str, Any]) -> str | None:
    """The challenge that monday.com wants to have echoed when a webhook is created.

    Raises
    ------
    RefusedRequestError
    """
    challenge = body.get("challenge")
    if challenge is None:
        return None
    if not isinstance(challenge, str) or not _NUMBER.fullmatch(challenge):
        _refuse("challenge", "must be a text of 1 to 200 printable characters")
    return challenge


def monday_event(body: Mapping[str, Any]) -> ToldEvent:
    """The event of a board webhook.

    Redeliveries have the same ``triggerUuid``; where it is missing, a digest of the event stands for it.

    Raises
    ------
    RefusedRequestError
        422: it names no board, item or type.
    """
    event = body.get("event")
    if not isinstance(event, dict):
        _refuse("event", "must be an object")
    board = _text(event, "boardId", _ITEM)
    item = _text(event, "itemId" if "pulseId" not in event else "pulseId", _ITEM)
    kind = _text(event, "type", _WORD)
    column = event.get("columnId")
    trigger = event.get("triggerUuid")
    named = [trigger, board, item, kind, column] if isinstance(trigger, str) and trigger else _lasting(event)
    return ToldEvent(
        key=f"monday:{_digest(named)}",
        kind=kind,
        place=board,
        subject_id=item,
        payload=event,
        column=column if isinstance(column, str) else None,
    )


def order_event(body: Mapping[str, Any]) -> ToldEvent:
    """The event of order management.

    Raises
    ------
    RefusedRequestError
        422: it names no order or type.
    """
    number = _text(body, "orderNumber", _NUMBER)
    kind = _text(body, "type", _WORD)
    named = body.get("id")
    return ToldEvent(
        key=f"orders:{_digest([named, number, kind] if isinstance(named, str) and named else body)}",
        kind=kind,
        place="",
        subject_id=number,
        payload=body,
    )


def _text(event: Mapping[str, Any], name: str, form: re.Pattern[str]) -> str:
    value = event.get(name)
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not form.fullmatch(text):
        _refuse(name, f"must be a text or number of the form {form.pattern}")
    return text


def _lasting(event: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name not in _VOLATILE}


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:40]


def _refuse(name: str, rule: str) -> NoReturn:
    raise RefusedRequestError(422, "unprocessable", f"{name}: {rule}")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
