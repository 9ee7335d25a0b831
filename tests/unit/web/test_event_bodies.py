"""What a webhook's body says, and which deliveries are the same event."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cms.web.event_bodies import challenge_of, monday_event, order_event, read_json_object
from cms.web.refusals import RefusedRequestError


def a_board_event(**changes: Any) -> dict[str, Any]:
    event = {
        "type": "update_column_value",
        "boardId": 5000000002,
        "pulseId": 7000000001,
        "columnId": "quantity",
        "value": {"value": "7"},
        "changedAt": 1767600000.5,
        "triggerTime": "2026-01-05T08:00:00.500Z",
        "triggerUuid": "b2c1",
        "subscriptionId": 1,
        "isRetry": False,
    } | changes
    return {"event": {name: value for name, value in event.items() if value is not None}}


def test_an_event_names_its_board_item_and_column() -> None:
    event = monday_event(a_board_event())

    assert (event.place, event.subject_id, event.kind) == ("5000000002", "7000000001", "update_column_value")
    assert event.column == "quantity"


def test_a_redelivery_is_the_same_event() -> None:
    first = monday_event(a_board_event(triggerTime="a"))

    assert monday_event(a_board_event(triggerTime="b", isRetry=True, subscriptionId=2)).key == first.key


def test_without_a_trigger_id_the_event_itself_tells_a_redelivery() -> None:
    first = monday_event(a_board_event(triggerUuid=None))

    assert monday_event(a_board_event(triggerUuid=None, isRetry=True, subscriptionId=2)).key == first.key
    assert monday_event(a_board_event(triggerUuid=None, changedAt=1767600009.0)).key != first.key


def test_one_trigger_on_two_items_is_two_events() -> None:
    assert monday_event(a_board_event()).key != monday_event(a_board_event(pulseId=7000000002)).key


def test_an_archived_item_is_known_by_its_item_id() -> None:
    assert monday_event(a_board_event(type="item_archived", pulseId=None, itemId=9)).subject_id == "9"


@pytest.mark.parametrize(
    "changes", [{"boardId": None}, {"boardId": "x"}, {"pulseId": None}, {"pulseId": True}, {"type": ""}, {"type": "é"}]
)
def test_an_event_that_names_nothing_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(RefusedRequestError) as refusal:
        monday_event(a_board_event(**changes))

    assert refusal.value.status == 422


def test_an_order_event_is_known_by_its_id_or_else_by_all_it_says() -> None:
    named = {"id": "e1", "type": "order.updated", "orderNumber": "SO-1", "updatedAt": "t1"}
    unnamed = {name: value for name, value in named.items() if name != "id"}

    assert order_event(named | {"updatedAt": "t2"}).key == order_event(named).key
    assert order_event(unnamed | {"updatedAt": "t2"}).key != order_event(unnamed).key


@pytest.mark.parametrize("number", [None, "", "a\x00b", "x" * 201, ["SO-1"]])
def test_an_order_event_without_a_usable_number_is_refused(number: object) -> None:
    with pytest.raises(RefusedRequestError):
        order_event({"type": "order.updated", "orderNumber": number})


@pytest.mark.parametrize("challenge", [7, "", "a\nb", "x" * 201])
def test_only_a_short_printable_challenge_is_echoed(challenge: object) -> None:
    with pytest.raises(RefusedRequestError):
        challenge_of({"challenge": challenge})


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b"\xff\xfe",
        b'{"a": NaN}',
        b'{"a": "\\ud800"}',
        b"[" * 100_000,
        b'{"a": 1' + b"0" * 5000,
    ],
    ids=["empty", "cut off", "a list", "a text", "no UTF-8", "NaN", "half a character", "deep", "huge number"],
)
def test_a_body_that_is_no_json_object_is_refused(content: bytes) -> None:
    with pytest.raises(RefusedRequestError) as refusal:
        read_json_object(content)

    assert refusal.value.status == 400


@given(st.binary(max_size=200))
def test_whatever_comes_is_read_or_refused(content: bytes) -> None:
    try:
        body = read_json_object(content)
    except RefusedRequestError as refusal:
        assert refusal.status == 400  # noqa: PT017
    else:
        assert isinstance(body, dict)
