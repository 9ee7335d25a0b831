"""Maps whatever table a reader gives to rows of ours: filters, groups, windows, removals, the same for every kind."""

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Protocol

from cms.aggregation.dataset_fields import KEY_OF
from cms.aggregation.row_grouping import ReadRow, group_rows
from cms.aggregation.row_mapping import MappedRow, RowMapper, compile_mapping
from cms.aggregation.row_taking import row_filter
from cms.aggregation.window_text import parse_windows
from cms.application.ports import Progress, SourceBatch, SourceRow, no_progress
from cms.config import SourceSettings
from cms.domain.customers import DeliveryWindow

_PROGRESS_EVERY = 5_000
_SOURCE_KEY = {"orders": "source_order_id", "customers": "source_item_id", "deliveries": "order_id"}


@dataclass(frozen=True, kw_only=True)
class Table:
    """What a reader found.

    Parameters
    ----------
    place : str
        Where it stands, for errors (``file orders.csv``).
    columns : tuple of str, optional
        Its columns; None: it is empty and does not say.
    rows : generator of ReadRow
        Read once, and closed by whoever reads it.
    watermark : callable
        Asked after `rows`: where the next read starts.
    complete : bool
        Whether the rows are all that the source has.
    """

    place: str
    columns: tuple[str, ...] | None
    rows: Generator[ReadRow]
    watermark: Callable[[], str | None] = field(default=lambda: None)
    complete: bool = False


class TableReader(Protocol):
    """Reads a table from a file, a database or a service."""

    def read(self, watermark: str | None) -> Table:
        """Everything, or what changed since the watermark.

        Raises
        ------
        SourceError
        """
        ...


@dataclass(frozen=True, kw_only=True)
class MappedSource:
    """A source of orders or customers: a reader and the settings that map what it reads."""

    name: str
    settings: SourceSettings
    reader: TableReader

    def read(self, *, watermark: str | None, progress: Progress = no_progress) -> SourceBatch:
        """Everything (no watermark), or what changed since; the source is opened when the first row is asked for.

        Raises
        ------
        SourceError
            While the rows are read: the source cannot be read, or lacks a mapped column.
        """
        reading = _Reading(source=self, progress=progress)
        return SourceBatch(
            source=self.name,
            rows=reading.rows(watermark),
            windows=lambda: reading.windows,
            complete=lambda: reading.complete,
            removed_ids=lambda: frozenset(reading.removed),
            watermark=lambda: reading.watermark,
        )


@dataclass(kw_only=True)
class _Reading:
    """One pass over a table, and what comes to light on the way."""

    source: MappedSource
    progress: Progress
    windows: list[SourceRow] = field(default_factory=list)
    removed: set[str] = field(default_factory=set)
    complete: bool = False
    watermark: str | None = None

    def rows(self, watermark: str | None) -> Iterator[SourceRow]:
        """The rows of ours; customers' windows and removals are noted as they pass."""
        settings = self.source.settings
        mapper = compile_mapping(settings.dataset, settings.field_rules())
        table = self.source.reader.read(watermark)
        # closed here, in the thread that opened it, also when nobody reads on
        with closing(table.rows):
            self._require_columns(table, mapper)
            mapped = self._mapped(self._kept(table.rows, mapper), mapper)
            if settings.dataset == "customers":
                mapped = self._with_windows(_distinct(mapped))
            for row in mapped:
                yield SourceRow(values=row.values, raw=row.raw, problems=row.problems)
        self.complete = table.complete
        self.watermark = table.watermark()

    def _require_columns(self, table: Table, mapper: RowMapper) -> None:
        settings = self.source.settings
        others = [*settings.keep_if, *settings.removed_if, settings.group_by, settings.windows_column]
        if table.columns is not None:
            place = f"source {self.source.name!r} ({table.place})"
            also = [column for column in others if column is not None]
            mapper.require_columns(table.columns, source=place, also=also)

    def _kept(self, rows: Iterable[ReadRow], mapper: RowMapper) -> Iterator[ReadRow]:
        settings = self.source.settings
        is_kept = row_filter(settings.keep_if, "keep_if")
        is_removed = row_filter(settings.removed_if, "removed_if") if settings.removed_if else None
        for number, read in enumerate(rows, start=1):
            if number % _PROGRESS_EVERY == 0:
                self.progress(f"reading {self.source.name}", number, None)
            if settings.keep_if and not is_kept(read[0]):
                continue
            if is_removed is not None and is_removed(read[0]):
                self._note_removed(mapper.map(read[0]))
                continue
            yield read

    def _note_removed(self, row: MappedRow) -> None:
        key = row.values.get(_SOURCE_KEY[self.source.settings.dataset])
        if key is not None:
            self.removed.add(key)

    def _mapped(self, rows: Iterable[ReadRow], mapper: RowMapper) -> Iterator[MappedRow]:
        settings = self.source.settings
        if settings.group_by is None:
            return (mapper.map(row, problems) for row, problems in rows)
        also_keep = [settings.windows_column] if settings.windows_column else []
        return group_rows(rows, settings.group_by, mapper, also_keep=also_keep)

    def _with_windows(self, rows: Iterable[MappedRow]) -> Iterator[MappedRow]:
        column = self.source.settings.windows_column
        for row in rows:
            if column is not None:
                self.windows += window_rows(row, column)
            yield row


def window_rows(customer: MappedRow, column: str) -> list[SourceRow]:
    """The delivery windows of a customer, as rows of their own; what is no window is a row with that problem."""
    read = parse_windows(customer.raw.get(column))
    keys = {name: customer.values.get(name) for name in (KEY_OF["windows"], "source_updated_at")}
    raw = {KEY_OF["windows"]: keys[KEY_OF["windows"]], column: customer.raw.get(column)}
    rows = [SourceRow(values=keys | _window_values(window), raw=raw) for window in read.windows]
    return rows + [SourceRow(values=keys, raw=raw, problems=(problem,)) for problem in read.problems]


def _window_values(window: DeliveryWindow) -> dict[str, Any]:
    return {
        "weekday": window.weekday,
        "window_start": window.start,
        "window_end": window.end,
        "effective_from": window.effective_from,
        "effective_to": window.effective_to,
    }


def _distinct(rows: Iterable[MappedRow]) -> Iterator[MappedRow]:
    """Rows that say the same of a customer count once; those that differ all stay, for the gate to see."""
    seen: dict[Any, set[tuple[Any, ...]]] = {}
    for row in rows:
        said = seen.setdefault(row.values[KEY_OF["customers"]], set())
        values = (*row.values.values(), row.problems)
        if values not in said:
            said.add(values)
            yield row
