"""Makes rows for staging from items of a board, by the rules of the mapping."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from cms.aggregation.row_mapping import RowMapper, compile_mapping
from cms.aggregation.row_taking import row_filter
from cms.aggregation.window_text import parse_windows
from cms.application.ports import SourceRow
from cms.config import MondaySourceSettings
from cms.domain.errors import ConfigurationError
from cms.monday.board import Item

_ITEM_KEY = {"customers": "source_item_id", "orders": "source_order_id"}
_ITEM_ID = "item_id"

# a few hundred texts stand on thousands of items, and parsing them is the dear part
_read_windows = lru_cache(maxsize=4096)(parse_windows)


@dataclass(frozen=True, kw_only=True)
class BoardRows:
    """The rows of one source.

    The item's id is the source's key of the row, so that a deleted item is known again; its last update is the row's,
    unless the mapping says otherwise.
    """

    settings: MondaySourceSettings
    mapper: RowMapper
    _mapped: dict[str, tuple[Item, SourceRow]] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, name: str, settings: MondaySourceSettings) -> "BoardRows":
        """The rows of a source by its settings.

        Raises
        ------
        ConfigurationError
            The mapping takes the source's key from somewhere else than the item.
        """
        key = _ITEM_KEY[settings.dataset]
        mapped = settings.fields.get(key)
        if mapped is not None and mapped.column != _ITEM_ID:
            problem = f"sources.{name}.fields.{key}: on a monday board this is always the item's id; leave it out"
            raise ConfigurationError((problem,))
        return cls(settings=settings, mapper=compile_mapping(settings.dataset, settings.field_rules()))

    def split(self, items: Iterable[Item]) -> tuple[list[Item], frozenset[str]]:
        """The items that count, in order of id, and the ids of those that a rule of the mapping calls removed."""
        ordered = sorted(items, key=lambda item: (len(item.item_id), item.item_id))
        removed: frozenset[str] = frozenset()
        if self.settings.removed_if:
            is_removed = row_filter(self.settings.removed_if, "removed_if")
            removed = frozenset(item.item_id for item in ordered if is_removed(item.raw))
        if removed or self.settings.keep_if:
            keep = row_filter(self.settings.keep_if, "keep_if")
            ordered = [item for item in ordered if item.item_id not in removed and keep(item.raw)]
        return ordered, removed

    def rows(self, items: Iterable[Item]) -> Iterator[SourceRow]:
        """One row for each item."""
        return map(self._row, items)

    def prepare(self, item: Item) -> None:
        """Map an item now, so that its row is at hand when it is asked for."""
        self._mapped[item.item_id] = (item, self._row(item))

    def fresh(self) -> "BoardRows":
        """The same rules with nothing prepared: each read of the board has rows of its own."""
        return BoardRows(settings=self.settings, mapper=self.mapper)

    def windows(self, items: Iterable[Item]) -> Iterator[SourceRow]:
        """The delivery windows of each customer; a text that is none becomes a row with its problem."""
        column = self.settings.windows_column
        if column is None:
            return
        for item in items:
            customer_id = self._row(item).values.get("customer_id")
            common = {"customer_id": customer_id, "source_updated_at": item.updated_at}
            raw = {_ITEM_ID: item.item_id, "name": item.raw["name"], column: item.raw.get(column, "")}
            yield from _window_rows(item.raw.get(column, ""), common, raw)

    def _row(self, item: Item) -> SourceRow:
        prepared, row = self._mapped.get(item.item_id, (None, None))
        if row is not None and prepared is item:
            return row
        mapped = self.mapper.map(item.raw)
        mapped.values[_ITEM_KEY[self.settings.dataset]] = item.item_id
        mapped.values.setdefault("source_updated_at", item.updated_at)
        return SourceRow(values=mapped.values, raw=item.raw, problems=mapped.problems)


def _window_rows(text: str, common: dict[str, Any], raw: dict[str, Any]) -> Iterator[SourceRow]:
    read = _read_windows(text)
    for window in read.windows:
        values = {
            "weekday": window.weekday,
            "window_start": window.start,
            "window_end": window.end,
            "effective_from": window.effective_from,
            "effective_to": window.effective_to,
        }
        yield SourceRow(values=common | values, raw=raw)
    for problem in read.problems:
        nothing = dict.fromkeys(("weekday", "window_start", "window_end", "effective_from", "effective_to"))
        yield SourceRow(values=common | nothing, raw=raw, problems=(problem,))
