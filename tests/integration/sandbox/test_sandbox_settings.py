"""The settings written for a sandbox fit its boards and its rows."""

import socket
import tomllib
from pathlib import Path

import pytest

from cms.config import MondaySourceSettings, RestSourceSettings, Settings
from cms.sandbox import Sandbox
from cms.sandbox.settings_file import sandbox_settings
from tests.integration.sandbox.sandbox_client import CUSTOMERS, ORDERS

ITEM_FACTS = {"item_id", "name", "group", "state", "created_at", "updated_at"}


@pytest.fixture
def settings(sandbox: Sandbox, tmp_path: Path) -> Settings:
    text = sandbox_settings(monday_url=sandbox.monday_url, orders_url=sandbox.orders_url, folder=tmp_path)
    return Settings.model_validate(tomllib.loads(text))


def test_every_mapped_board_column_is_on_its_board(sandbox: Sandbox, settings: Settings) -> None:
    boards = [source for source in settings.sources.values() if isinstance(source, MondaySourceSettings)]

    assert {board.board_id for board in boards} == {CUSTOMERS, ORDERS}
    for board in boards:
        mapped = {rule.column for rule in board.field_rules() if rule.column} | {board.windows_column or "name"}
        assert mapped <= set(sandbox.account.board(board.board_id).columns) | ITEM_FACTS


def test_every_label_on_the_boards_has_a_meaning(sandbox: Sandbox, settings: Settings) -> None:
    for source in settings.sources.values():
        if not isinstance(source, MondaySourceSettings):
            continue
        columns = sandbox.account.board(source.board_id).columns
        for rule in source.field_rules():
            if rule.column in columns and columns[rule.column].type == "status":
                assert rule.map is not None
                assert set(columns[rule.column].settings["labels"].values()) <= set(rule.map)


def test_every_mapped_key_is_in_order_managements_rows(sandbox: Sandbox, settings: Settings) -> None:
    [source] = [source for source in settings.sources.values() if isinstance(source, RestSourceSettings)]

    assert {rule.column for rule in source.field_rules() if rule.column} <= sandbox.orders.rows[0].keys()


def test_small_answers_are_sent_at_once(sandbox: Sandbox) -> None:
    """Without its protocol named, every small answer would wait some 40 ms for an acknowledgement."""
    with Sandbox(sandbox.company).listen() as listening:
        assert listening.proto == socket.IPPROTO_TCP
