"""Reads what is new of a mapped board: everything, or what changed since the watermark, and daily what left it."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from cms.application.ports import Progress, SourceBatch, no_progress
from cms.config import MondaySourceSettings
from cms.monday.board import Board, Column
from cms.monday.board_pages import ApiPages
from cms.monday.board_reading import BoardReading
from cms.monday.board_rows import BoardRows
from cms.monday.client import MondayClient
from cms.monday.column_fit import ColumnUse, check_columns, column_uses, refuse_drift
from cms.monday.errors import MondayError, RefusedError
from cms.monday.watermark import Watermark, changed_columns, form_of, watermark_of

RECONCILE_EVERY = timedelta(hours=24)
"""How often the ids on a board are compared with ours: what was missed in between is then found."""

KnownIds = Callable[[], Iterable[str]]
"""Ids of the items that the warehouse has as present."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Read:
    """A read of the board that is under way, and the rows that were made meanwhile."""

    reading: BoardReading
    rows: BoardRows


@dataclass(kw_only=True)
class BoardSource:
    """A board as a source.

    Parameters
    ----------
    known_ids : callable, optional
        None: ids are never compared, and only a full read or an event tells what left the board.
    """

    name: str
    settings: MondaySourceSettings
    client: MondayClient
    known_ids: KnownIds | None = None
    reconcile_every: timedelta = RECONCILE_EVERY
    rows: BoardRows = field(init=False)
    uses: tuple[ColumnUse, ...] = field(init=False)
    _interrupted: dict[str | None, _Read] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.rows = BoardRows.of(self.name, self.settings)
        self.uses = column_uses(self.settings, self.rows.mapper)

    @property
    def pages(self) -> ApiPages:
        """The board's pages, with the mapped columns alone."""
        columns = sorted({use.column_id for use in self.uses})
        return ApiPages(client=self.client, board_id=self.settings.board_id, columns=tuple(columns))

    def read(self, *, watermark: str | None, progress: Progress = no_progress) -> SourceBatch:
        """Read the board to the end, then hand it on: a batch is whole, or there is none.

        After a failure that may pass, reading again with the same watermark goes on where it stopped.

        Raises
        ------
        BoardDriftError
            The board does not fit its mapping.
        DailyLimitError
            The day's calls are used up.
        SourceError
        """
        last = watermark_of(watermark, self.name)
        read = self._interrupted.pop(watermark, None) or self._new_read(last)
        read.reading.progress = progress
        try:
            read.reading.read()
            reconciled = self._reconcile(read.reading, last)
        except RefusedError:
            raise
        except MondayError:
            self._interrupted[watermark] = read
            raise
        return self._batch(read, last, reconciled=reconciled)

    def _new_read(self, last: Watermark | None) -> _Read:
        rows = self.rows.fresh()
        reading = BoardReading(
            pages=self.pages,
            board_id=self.settings.board_id,
            since=last.since if last else None,
            page_size=self.client.settings.page_size,
            check=lambda board: self.check(board, last),
            prepare=rows.prepare,
        )
        return _Read(reading=reading, rows=rows)

    def check(self, board: Board, last: Watermark | None = None) -> None:
        """Refuse a board that does not fit the mapping, or whose mapped columns changed since the last read."""
        check_columns(board, self.uses)
        if last is not None and last.form:
            problems = changed_columns(last.form, self._mapped_columns(board))
            remedy = "if the mapping still holds, sync once with --full"
            refuse_drift(board, [f"{problem} ({remedy})" for problem in problems])

    def _mapped_columns(self, board: Board) -> list[Column]:
        wanted = {use.column_id for use in self.uses}
        return [column for column in board.columns if column.column_id in wanted]

    def _reconcile(self, reading: BoardReading, last: Watermark | None) -> bool:
        """Compare ids where it is time to; whether the warehouse's ids are the board's after this batch."""
        if last is None:
            return reading.is_whole
        now = self.client.clock.now()
        if self.known_ids is None or (last.reconciled_at and now - last.reconciled_at < self.reconcile_every):
            return False
        _log.info("%s: comparing ids with board %s", self.name, self.settings.board_id)
        reading.reconcile(frozenset(self.known_ids()))
        return True

    def _batch(self, read: _Read, last: Watermark | None, *, reconciled: bool) -> SourceBatch:
        reading, rows = read.reading, read.rows
        kept, called_removed = rows.split(reading.items.values())
        mark = self._mark(reading, last, reconciled=reconciled)
        return SourceBatch(
            source=self.name,
            rows=rows.rows(kept),
            windows=lambda: rows.windows(kept),
            complete=lambda: reading.is_whole,
            removed_ids=lambda: reading.removed | called_removed,
            watermark=lambda: mark,
        )

    def _mark(self, reading: BoardReading, last: Watermark | None, *, reconciled: bool) -> str | None:
        if reading.watermark is None or reading.board is None:
            return None
        before = last.reconciled_at if last else None
        mark = Watermark(
            since=reading.watermark,
            reconciled_at=self.client.clock.now() if reconciled else before,
            form=form_of(self._mapped_columns(reading.board)),
        )
        return mark.to_text()
