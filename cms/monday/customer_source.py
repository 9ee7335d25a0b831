"""Customers and their delivery windows from a monday board."""

from cms.application.ports import Progress, SourceBatch, no_progress
from cms.config import MondaySourceSettings
from cms.monday.board_source import BoardSource, KnownIds
from cms.monday.client import MondayClient


class MondayCustomerSource:
    """A customer board.

    Parameters
    ----------
    name : str
        The source's name in the settings.
    known_ids : callable, optional
        Ids of the items whose customers the warehouse has as active; once a day they are compared with the board's.
    """

    def __init__(
        self, name: str, settings: MondaySourceSettings, client: MondayClient, known_ids: KnownIds | None = None
    ) -> None:
        self.board = BoardSource(name=name, settings=settings, client=client, known_ids=known_ids)

    @property
    def name(self) -> str:
        """The source's name in the settings."""
        return self.board.name

    def read(self, *, watermark: str | None, progress: Progress = no_progress) -> SourceBatch:
        """Every customer (no watermark), or those that changed since; see `BoardSource.read`."""
        return self.board.read(watermark=watermark, progress=progress)
