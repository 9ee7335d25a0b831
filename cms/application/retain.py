"""Retention: what is older than the years to keep leaves the warehouse for the archive, whole and verified."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from cms.application.ports import Progress, no_progress
from cms.domain.errors import InvalidValueError


class ArchiveKind(StrEnum):
    """What is archived together, in this order: a version of the schedule can go when no order or day refers to it."""

    ORDERS = "orders"
    DAYS = "days"
    VERSIONS = "versions"


@dataclass(frozen=True, kw_only=True)
class RetentionPolicy:
    """How long orders and their history stay in the warehouse.

    Parameters
    ----------
    years : int
        1 or more.
    """

    years: int = 5

    def __post_init__(self) -> None:
        if self.years < 1:
            raise InvalidValueError("retention.years", "must be 1 or more", self.years)

    def cutoff(self, as_of: date) -> date:
        """The first day that is kept: the same day `years` earlier, 28 February for a leap day.

        Examples
        --------
        >>> RetentionPolicy(years=5).cutoff(date(2028, 2, 29))
        datetime.date(2023, 2, 28)
        """
        earlier = as_of.year - self.years
        if (as_of.month, as_of.day) == (2, 29):
            return date(earlier, 2, 28)
        return as_of.replace(year=earlier)


@dataclass(frozen=True, kw_only=True, slots=True)
class Archived:
    """One archive: rows that left the warehouse together.

    Parameters
    ----------
    rows : mapping of str to int
        Rows by table.
    """

    archive_id: str
    kind: ArchiveKind
    cutoff: date
    rows: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class RetentionReport:
    """What a run did.

    Parameters
    ----------
    finished : tuple of Archived
        Archives that an earlier run had written and verified, and did not get to remove from the warehouse.
    archived : tuple of Archived
        Archives of this run.
    """

    cutoff: date
    finished: tuple[Archived, ...]
    archived: tuple[Archived, ...]

    def rows_of(self, table: str) -> int:
        """Rows of a table that left the warehouse."""
        return sum(archive.rows.get(table, 0) for archive in (*self.finished, *self.archived))

    @property
    def rows(self) -> int:
        """All rows that left the warehouse."""
        return sum(sum(archive.rows.values()) for archive in (*self.finished, *self.archived))


class ArchiveStore(Protocol):
    """The archive and the warehouse that it belongs to."""

    def finish_interrupted(self, *, now: datetime, progress: Progress = no_progress) -> list[Archived]:
        """Remove from the warehouse what a run that was ended had archived and verified already."""
        ...

    def archive_next(
        self, kind: ArchiveKind, *, cutoff: date, now: datetime, progress: Progress = no_progress
    ) -> Archived | None:
        """Archive the next piece, verify it, and only then remove it from the warehouse; None: nothing is left."""
        ...

    def waiting(self, *, cutoff: date) -> Mapping[ArchiveKind, int]:
        """How many orders, versions and rows of days would be archived."""
        ...


def retain(
    store: ArchiveStore, *, policy: RetentionPolicy, as_of: date, now: datetime, progress: Progress = no_progress
) -> RetentionReport:
    """Archive everything that is older than the policy keeps on `as_of`; done again, there is nothing to do.

    Open orders stay, however old. A closed order goes with all that belongs to it; what is younger than the years to
    keep, or still part of the published schedule, holds it back.

    Raises
    ------
    InvalidValueError
        `as_of` lies in the future.
    StoredCopyError, WarehouseError
    """
    if as_of > now.date():
        raise InvalidValueError("as_of", f"must not be after today, {now.date()}", as_of.isoformat())
    cutoff = policy.cutoff(as_of)
    finished = store.finish_interrupted(now=now, progress=progress)
    archived: list[Archived] = []
    for kind in ArchiveKind:
        while (archive := store.archive_next(kind, cutoff=cutoff, now=now, progress=progress)) is not None:
            archived.append(archive)
    return RetentionReport(cutoff=cutoff, finished=tuple(finished), archived=tuple(archived))
