"""A board that is asked for single items again, when an event tells of them."""

import time
from collections.abc import Sequence

from cms.application.ports import Dataset, SourceBatch
from cms.config import MondaySettings, MondaySourceSettings
from cms.monday.board_source import BoardSource
from cms.monday.client import MondayClient, Patience
from cms.monday.errors import BusyError
from cms.monday.item_reader import read_items

LONGEST_WAIT_SECONDS = 8.0
_DATASETS = {"orders": Dataset.ORDERS, "customers": Dataset.CUSTOMERS}


class MondaySubjectSource:
    """A mapped board; its subjects are items by their id."""

    def __init__(self, name: str, settings: MondaySourceSettings, client: MondayClient) -> None:
        self._board = BoardSource(name=name, settings=settings, client=client)

    @property
    def name(self) -> str:
        """The source's name in the settings."""
        return self._board.name

    @property
    def dataset(self) -> Dataset:
        """What its rows are."""
        return _DATASETS[self._board.settings.dataset]

    def read_subjects(self, subject_ids: Sequence[str]) -> SourceBatch:
        """The items as the board has them now; those that left it are among the removed ids.

        Raises
        ------
        SourceError
        """
        readings = read_items(self._board, subject_ids)
        return SourceBatch(
            source=self.name,
            rows=tuple(reading.row for reading in readings if reading.row is not None),
            windows=lambda: tuple(window for reading in readings for window in reading.windows),
            removed_ids=lambda: frozenset(reading.item_id for reading in readings if reading.is_removed),
        )


def client_for_events(settings: MondaySettings, token: str) -> MondayClient:
    """A client that gives up soon: while it waits for one board, other events wait too, and the inbox tries again."""
    brief = settings.model_copy(update={"timeout_seconds": min(settings.timeout_seconds, LONGEST_WAIT_SECONDS)})
    patience = Patience(broken_attempts=2, first_pause_seconds=0.2, busy_seconds=LONGEST_WAIT_SECONDS)
    return MondayClient.open(brief, token, patience=patience, sleep=_brief_sleep)


def _brief_sleep(seconds: float) -> None:
    if seconds > LONGEST_WAIT_SECONDS:
        raise BusyError(f"its limits ask for a wait of {seconds:.0f} s", retry_in_seconds=seconds)
    time.sleep(seconds)
