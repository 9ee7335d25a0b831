"""Events from outside: what the inbox keeps of them, and how what they are about is read again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from cms.application.ports import Dataset, SourceBatch


@dataclass(frozen=True, kw_only=True, slots=True)
class InboxEvent:
    """An event as it came, with its processing state.

    Parameters
    ----------
    deduplication_key : str
        The same event delivered again has the same key.
    source : str
        The source, by its name in the settings, that has to be read again.
    subject_id : str, optional
        What it is about: an item of a board, an order.
    attempts : int
        How often it was tried before and failed.
    """

    event_id: int
    deduplication_key: str
    source: str
    kind: str
    subject_id: str | None
    payload: Mapping[str, Any]
    received_at: datetime
    attempts: int
    error: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Backlog:
    """How far processing is behind.

    Parameters
    ----------
    oldest_received_at : datetime, optional
        When the oldest waiting event came; None: nothing waits.
    failing : int
        Waiting events that failed at least once.
    """

    waiting: int
    done: int
    dead: int
    failing: int
    oldest_received_at: datetime | None


class Inbox(Protocol):
    """Events that wait to be processed; a claimed one is not claimed by anyone else until its lease ends."""

    def claim(self, *, now: datetime, limit: int, worker: str, lease_seconds: int = 60) -> list[InboxEvent]:
        """Take due events for processing, oldest first."""
        ...

    def mark_all_done(self, event_ids: Sequence[int], *, now: datetime) -> None:
        """They were processed, all of them or none."""
        ...

    def mark_failed(self, event_id: int, *, error: str, retry_at: datetime | None) -> None:
        """Processing failed: try again at `retry_at`, or never (None: a dead letter)."""
        ...


class SubjectSource(Protocol):
    """A source that can be asked for single items or orders: an event is a hint, what counts is what it says now."""

    @property
    def name(self) -> str:
        """The source's name in the settings."""
        ...

    @property
    def dataset(self) -> Dataset:
        """What its rows are: orders, or customers (with their windows)."""
        ...

    def read_subjects(self, subject_ids: Sequence[str]) -> SourceBatch:
        """What the source says of them now; those that left it are among the removed ids.

        Raises
        ------
        SourceError
        """
        ...
