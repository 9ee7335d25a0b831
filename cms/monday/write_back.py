"""Writes dates and statuses to a board: only changes, once, and never over what a person entered meanwhile."""

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from cms.application.ports import OutboxEntry
from cms.domain.errors import CmsError, InvalidValueError, NotificationError
from cms.monday.answers import Answer
from cms.monday.board import ACTIVE
from cms.monday.client import MondayClient
from cms.monday.column_values import column_input, raw_values
from cms.monday.errors import BrokenAnswerError, EditedMeanwhileError, RefusedError
from cms.monday.queries import CHANGE_ITEM, ITEMS_BY_ID

CHANNEL = "monday"
"""The channel of notices that are written to a board."""

_Given = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class WriteOutcome:
    """What a write did.

    Parameters
    ----------
    written : mapping of str to str
        Columns that changed; empty: the board already said so.
    found : mapping of str to str
        What stands in the asked columns now; the next write expects this.
    """

    written: Mapping[str, str]
    found: Mapping[str, str]


@dataclass(kw_only=True)
class MondayWriteBack:
    """The boards as a place to write to; usable as the outbox's notifier for the channel ``monday``.

    On one board one mutation runs at a time: several at once can spoil it.

    Parameters
    ----------
    turn : callable
        Given a board's id: a context in which nobody else writes to it, here or elsewhere. Raises a `CmsError` where
        it is not to be had.
    """

    client: MondayClient
    turn: Callable[[str], AbstractContextManager[None]]

    def write(
        self, board_id: str, item_id: str, values: Mapping[str, str], expected: Mapping[str, str], key: str
    ) -> WriteOutcome:
        """Give columns of an item new values.

        Parameters
        ----------
        values : mapping of str to str
            Column id to its raw value: ISO dates, labels, numbers, "" to clear.
        expected : mapping of str to str
            What we last wrote or read there; a column that is not in it is expected to be empty. A column that says
            neither this nor the new value was edited by somebody.
        key : str
            The same write is carried out once, however often it is sent.

        Raises
        ------
        EditedMeanwhileError
            Somebody edited a column; nothing was written.
        RefusedError
            The item left the board, or a column cannot take its value.
        SourceError
        """
        with self.turn(board_id):
            given = self._columns(board_id, item_id, values)
            found = {column_id: raw_values([value])[column_id] for column_id, value in given.items()}
            changes = {c: v for c, v in values.items() if found[c] != v}
            _refuse_edited(item_id, changes, found, expected)
            if changes:
                inputs = {c: _input(c, given[c]["type"], v) for c, v in sorted(changes.items())}
                self._change(board_id, item_id, inputs, key)
            return WriteOutcome(written=changes, found=dict(values))

    def send(self, entry: OutboxEntry) -> None:
        """Carry out a queued write; its facts are ``board_id``, ``item_id``, ``values`` and ``expected``.

        Raises
        ------
        NotificationError
            Permanent where another try gives the same answer, an edit by a person above all.
        """
        facts = entry.notice.facts
        try:
            self.write(
                str(facts["board_id"]),
                str(facts["item_id"]),
                facts["values"],
                facts.get("expected") or {},
                entry.notice.deduplication_key,
            )
        except KeyError as error:
            raise NotificationError(f"the notice has no {error.args[0]}", is_permanent=True) from None
        except CmsError as error:
            raise NotificationError(str(error), is_permanent=isinstance(error, RefusedError)) from None

    def _columns(self, board_id: str, item_id: str, values: Mapping[str, str]) -> dict[str, _Given]:
        """The item's columns as they are, by id."""
        columns = sorted(values)
        answer = self.client.ask(ITEMS_BY_ID, {"ids": [item_id], "limit": 1, "columns": columns})
        items = [item for item in answer.data.get("items") or () if item]
        on_board = [i for i in items if i.get("state") == ACTIVE and (i.get("board") or {}).get("id") == board_id]
        if not on_board:
            raise RefusedError(f"item {item_id} is not on board {board_id} any more; nothing was written")
        given = {value["id"]: value for value in on_board[0]["column_values"]}
        missing = [column_id for column_id in columns if column_id not in given]
        if missing:
            raise RefusedError(f"board {board_id} has no column {', '.join(map(repr, missing))}; nothing was written")
        return given

    def _change(self, board_id: str, item_id: str, inputs: Mapping[str, Any], key: str) -> Answer:
        answer = self.client.ask(CHANGE_ITEM, _change_variables(board_id, item_id, inputs), key=key)
        if not answer.data.get("change_multiple_column_values"):
            raise BrokenAnswerError(f"item {item_id} was not confirmed as changed", request_id=answer.request_id)
        return answer


def _change_variables(board_id: str, item_id: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {"board": board_id, "item": item_id, "values": json.dumps(inputs), "columns": sorted(inputs)}


def _refuse_edited(
    item_id: str, changes: Mapping[str, str], found: Mapping[str, str], expected: Mapping[str, str]
) -> None:
    edited = [c for c in sorted(changes) if found[c] != expected.get(c, "")]
    if edited:
        listed = "; ".join(f"{c} says {found[c]!r}, we left {expected.get(c, '')!r}" for c in edited)
        what = f"somebody edited item {item_id}: {listed}. Nothing was written; decide on the board which holds"
        raise EditedMeanwhileError(what)


def _input(column_id: str, column_type: str, value: str) -> Any:
    try:
        return column_input(column_id, column_type, value)
    except InvalidValueError as error:
        raise RefusedError(f"{error}; nothing was written") from None
