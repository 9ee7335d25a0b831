"""Reads single items again: an event is only a hint, what counts is what the board says now."""

from collections.abc import Iterable
from dataclasses import dataclass

from cms.application.ports import SourceRow
from cms.monday.board import ACTIVE, Item
from cms.monday.board_source import BoardSource
from cms.monday.paging import Walk


@dataclass(frozen=True, kw_only=True, slots=True)
class ItemReading:
    """An item as the board has it now.

    Parameters
    ----------
    row : SourceRow, optional
        None: the item left the board (archived, deleted, moved, gone for good), or the mapping does not want it.
    windows : tuple of SourceRow
        Of a customer: its delivery windows.
    is_removed : bool
        Whether the item left the board, or the mapping calls it removed.
    """

    item_id: str
    row: SourceRow | None = None
    windows: tuple[SourceRow, ...] = ()
    is_removed: bool = False


def read_items(source: BoardSource, item_ids: Iterable[str]) -> tuple[ItemReading, ...]:
    """Items of a source's board as they are now, in the order of `item_ids`, a hundred in a request.

    Raises
    ------
    SourceError
    """
    wanted = tuple(dict.fromkeys(item_ids))
    found = Walk(pages=source.pages, page_size=source.client.settings.page_size).by_id(wanted)
    return tuple(_reading(source, item_id, found.get(item_id)) for item_id in wanted)


def read_item(source: BoardSource, item_id: str) -> ItemReading:
    """One item of a source's board as it is now."""
    return read_items(source, (item_id,))[0]


def _reading(source: BoardSource, item_id: str, item: Item | None) -> ItemReading:
    if item is None or item.state != ACTIVE or item.board_id != source.settings.board_id:
        return ItemReading(item_id=item_id, is_removed=True)
    kept, called_removed = source.rows.split([item])
    rows = tuple(source.rows.rows(kept))
    return ItemReading(
        item_id=item_id,
        row=rows[0] if rows else None,
        windows=tuple(source.rows.windows(kept)),
        is_removed=item_id in called_removed,
    )
