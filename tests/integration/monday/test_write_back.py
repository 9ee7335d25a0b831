"""Dates and statuses are written to a board once, only where they change, and never over a person's edit."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from cms.application.ports import DeliveryNotice, OutboxEntry
from cms.domain.errors import NotificationError
from cms.monday.errors import BrokenAnswerError, EditedMeanwhileError, RefusedError
from cms.monday.write_back import CHANNEL, MondayWriteBack
from cms.sandbox import Sandbox, parse_faults
from cms.sandbox.company_boards import ORDER_BOARD
from tests.integration.monday.boards import a_client, truth

VALUES = {"scheduled_date": "2026-03-09", "schedule_status": "On time", "schedule_note": "in two deliveries"}


@pytest.fixture
def item_id(sandbox: Sandbox) -> str:
    return next(iter(truth(sandbox, ORDER_BOARD)))


def a_writer(sandbox: Sandbox, turns: list[str] | None = None, **options: Any) -> MondayWriteBack:
    """A writer that nobody disturbs; it notes whose turn it takes, and when that ends."""
    noted: list[str] = [] if turns is None else turns

    @contextmanager
    def turn(board_id: str) -> Iterator[None]:
        noted.append(f"begin {board_id} after {len(sandbox.account.log)}")
        yield
        noted.append(f"end {board_id} after {len(sandbox.account.log)}")

    return MondayWriteBack(client=a_client(sandbox, **options), turn=turn)


def _changes(sandbox: Sandbox, item_id: str) -> int:
    """How often a column of the item was changed, by whomever."""
    log = sandbox.account.log
    return sum(line.event.item_id == item_id and line.event.kind == "change_column_value" for line in log)


def _stored(sandbox: Sandbox, item_id: str) -> Mapping[str, Any]:
    return sandbox.account.item(item_id).values


def test_what_is_new_is_written(sandbox: Sandbox, item_id: str) -> None:
    outcome = a_writer(sandbox).write(ORDER_BOARD, item_id, VALUES, {}, "k1")

    assert outcome.written == VALUES
    assert _stored(sandbox, item_id)["scheduled_date"] == {"date": "2026-03-09"}
    assert _stored(sandbox, item_id)["schedule_note"] == "in two deliveries"


def test_a_board_is_looked_at_and_written_in_one_turn(sandbox: Sandbox, item_id: str) -> None:
    turns: list[str] = []
    before = len(sandbox.account.log)

    a_writer(sandbox, turns).write(ORDER_BOARD, item_id, VALUES, {}, "k1")

    written = len(VALUES)
    assert turns == [f"begin {ORDER_BOARD} after {before}", f"end {ORDER_BOARD} after {before + written}"]


def test_what_already_stands_there_is_not_written_again(sandbox: Sandbox, item_id: str) -> None:
    writer = a_writer(sandbox)
    writer.write(ORDER_BOARD, item_id, VALUES, {}, "k1")
    changes = _changes(sandbox, item_id)

    outcome = writer.write(ORDER_BOARD, item_id, VALUES, {}, "k2")

    assert outcome.written == {}
    assert _changes(sandbox, item_id) == changes


def test_only_the_column_that_changed_is_sent(sandbox: Sandbox, item_id: str) -> None:
    writer = a_writer(sandbox)
    first = writer.write(ORDER_BOARD, item_id, VALUES, {}, "k1")
    changes = _changes(sandbox, item_id)

    later = writer.write(ORDER_BOARD, item_id, VALUES | {"scheduled_date": "2026-03-10"}, first.found, "k2")

    assert later.written == {"scheduled_date": "2026-03-10"}
    assert _changes(sandbox, item_id) == changes + 1


def test_a_person_s_edit_meanwhile_is_detected_and_stays(sandbox: Sandbox, item_id: str) -> None:
    writer = a_writer(sandbox)
    first = writer.write(ORDER_BOARD, item_id, VALUES, {}, "k1")
    sandbox.account.change_values(ORDER_BOARD, item_id, {"scheduled_date": {"date": "2026-03-20"}})

    with pytest.raises(EditedMeanwhileError, match="scheduled_date says '2026-03-20', we left '2026-03-09'"):
        writer.write(ORDER_BOARD, item_id, {"scheduled_date": "2026-03-10"}, first.found, "k2")

    assert _stored(sandbox, item_id)["scheduled_date"] == {"date": "2026-03-20"}


def test_an_edit_to_what_we_would_write_anyway_is_no_conflict(sandbox: Sandbox, item_id: str) -> None:
    sandbox.account.change_values(ORDER_BOARD, item_id, {"scheduled_date": {"date": "2026-03-09"}})

    outcome = a_writer(sandbox).write(ORDER_BOARD, item_id, {"scheduled_date": "2026-03-09"}, {}, "k1")

    assert outcome.written == {}


def test_a_value_is_cleared(sandbox: Sandbox, item_id: str) -> None:
    writer = a_writer(sandbox)
    first = writer.write(ORDER_BOARD, item_id, VALUES, {}, "k1")

    writer.write(ORDER_BOARD, item_id, dict.fromkeys(VALUES, ""), first.found, "k2")

    assert not set(VALUES) & set(_stored(sandbox, item_id))


@pytest.mark.parametrize(
    "fault", ["reset_after", "truncated_json", "cut_connection", "idempotency_conflict", "http_502"]
)
def test_an_answer_that_was_lost_does_not_write_twice(fault: str, sandbox: Sandbox, item_id: str) -> None:
    sandbox.faults.set(parse_faults(f"{fault}@2"))

    outcome = a_writer(sandbox).write(ORDER_BOARD, item_id, VALUES, {}, "k1")

    assert outcome.written == VALUES
    assert _changes(sandbox, item_id) == len(VALUES)


def test_an_item_that_left_the_board_is_refused(sandbox: Sandbox, item_id: str) -> None:
    sandbox.account.delete_item(item_id)

    with pytest.raises(RefusedError, match=f"item {item_id} is not on board {ORDER_BOARD} any more"):
        a_writer(sandbox).write(ORDER_BOARD, item_id, VALUES, {}, "k1")


def test_a_column_that_does_not_exist_is_refused_by_name(sandbox: Sandbox, item_id: str) -> None:
    with pytest.raises(RefusedError, match="no column 'promise'; nothing was written"):
        a_writer(sandbox).write(ORDER_BOARD, item_id, {"promise": "x"}, {}, "k1")


def test_a_value_that_a_column_cannot_take_is_refused_before_it_is_sent(sandbox: Sandbox, item_id: str) -> None:
    with pytest.raises(RefusedError, match="scheduled_date: is no value of a date column"):
        a_writer(sandbox).write(ORDER_BOARD, item_id, {"scheduled_date": "soon"}, {}, "k1")


def test_a_queued_write_is_carried_out(sandbox: Sandbox, item_id: str) -> None:
    a_writer(sandbox).send(_entry(item_id))

    assert _stored(sandbox, item_id)["scheduled_date"] == {"date": "2026-03-09"}


def test_a_queued_write_over_an_edit_is_a_dead_letter(sandbox: Sandbox, item_id: str) -> None:
    sandbox.account.change_values(ORDER_BOARD, item_id, {"scheduled_date": {"date": "2026-03-20"}})

    with pytest.raises(NotificationError, match="somebody edited item") as failed:
        a_writer(sandbox).send(_entry(item_id))

    assert failed.value.is_permanent


def test_a_queued_write_that_could_not_be_sent_is_tried_again(sandbox: Sandbox, item_id: str) -> None:
    sandbox.faults.set(parse_faults("http_503"))

    with pytest.raises(NotificationError) as failed:
        a_writer(sandbox, broken_attempts=2).send(_entry(item_id))

    assert not failed.value.is_permanent


def test_a_queued_write_without_its_facts_is_a_dead_letter(sandbox: Sandbox, item_id: str) -> None:
    entry = _entry(item_id, facts={"board_id": ORDER_BOARD, "item_id": item_id})

    with pytest.raises(NotificationError, match="has no values") as failed:
        a_writer(sandbox).send(entry)

    assert failed.value.is_permanent


def test_a_write_that_is_not_confirmed_is_an_error(sandbox: Sandbox, item_id: str) -> None:
    sandbox.faults.set(parse_faults("http_500@2..9"))

    with pytest.raises(BrokenAnswerError, match="HTTP 500; 6 tries"):
        a_writer(sandbox).write(ORDER_BOARD, item_id, VALUES, {}, "k1")


def _entry(item_id: str, facts: Mapping[str, Any] | None = None) -> OutboxEntry:
    notice = DeliveryNotice(
        deduplication_key=f"board:{item_id}:1",
        kind="scheduled",
        channel=CHANNEL,
        recipient=ORDER_BOARD,
        order_id=None,
        customer_id=None,
        facts=facts or {"board_id": ORDER_BOARD, "item_id": item_id, "values": VALUES, "expected": {}},
    )
    return OutboxEntry(outbox_id=1, notice=notice, attempts=0, queued_at=datetime(2026, 3, 2, tzinfo=UTC))
