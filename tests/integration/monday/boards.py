"""Sources over the sandbox's boards, and what a warehouse would hold after their batches."""

import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cms.application.ports import SourceBatch
from cms.config import MondaySettings, MondaySourceSettings
from cms.monday.board_source import BoardSource
from cms.monday.client import MondayClient, Patience
from cms.sandbox import MONDAY_TOKEN, Sandbox
from cms.sandbox.company_boards import CUSTOMER_BOARD, ORDER_BOARD
from cms.sandbox.monday_api.model import ItemState
from cms.sandbox.settings_file import sandbox_settings

PAGE = 10
BOARDS = (CUSTOMER_BOARD, ORDER_BOARD)
_NAMES = {CUSTOMER_BOARD: "customer_board", ORDER_BOARD: "order_board"}
_KEYS = {CUSTOMER_BOARD: "source_item_id", ORDER_BOARD: "source_order_id"}


def a_client(sandbox: Sandbox, *, page_size: int = PAGE, timeout_seconds: float = 5.0, **patience: Any) -> MondayClient:
    """A client whose waits let the sandbox's time pass."""
    settings = MondaySettings(url=sandbox.monday_url, page_size=page_size, timeout_seconds=timeout_seconds)
    return MondayClient.open(
        settings, MONDAY_TOKEN, clock=sandbox.clock, sleep=sandbox.clock.advance, patience=Patience(**patience)
    )


def a_source(
    client: MondayClient, board_id: str = CUSTOMER_BOARD, known_ids: Callable[[], Iterable[str]] | None = None
) -> BoardSource:
    """The sandbox's own mapping of a board."""
    text = sandbox_settings(monday_url=client.settings.url, orders_url="http://127.0.0.1/", folder=Path("var"))
    section = tomllib.loads(text)["sources"][_NAMES[board_id]]
    settings = MondaySourceSettings.model_validate(section)
    return BoardSource(name=_NAMES[board_id], settings=settings, client=client, known_ids=known_ids)


@dataclass(kw_only=True)
class Shelf:
    """What a warehouse would hold of a board: the rows of every batch, by item."""

    board_id: str
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    watermark: str | None = None

    def put(self, batch: SourceBatch) -> None:
        """Take a batch in as a merge does."""
        rows = list(batch.rows)
        by_item = {str(row.values[_KEYS[self.board_id]]): dict(row.values) for row in rows}
        assert len(by_item) == len(rows), "an item came twice in one batch"
        self.rows = by_item if batch.complete() else self.rows | by_item
        for item_id in batch.removed_ids():
            self.rows.pop(item_id, None)
        self.watermark = batch.watermark()


def truth(sandbox: Sandbox, board_id: str) -> dict[str, tuple[str, str]]:
    """Name and second of the last update of each item that is on the board, from the sandbox itself."""
    items = sandbox.account.boards[board_id].items.values()
    return {i.id: (i.name, f"{i.updated_at:%Y-%m-%dT%H:%M:%S}") for i in items if i.state is ItemState.ACTIVE}


def held(shelf: Shelf) -> dict[str, tuple[str, str]]:
    """The same of what was fetched; the name of an order is its number."""
    name = "name" if shelf.board_id == CUSTOMER_BOARD else "order_id"
    return {
        item_id: (row[name], f"{row['source_updated_at']:%Y-%m-%dT%H:%M:%S}") for item_id, row in shelf.rows.items()
    }
