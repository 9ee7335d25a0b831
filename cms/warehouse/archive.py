"""The archive: written and verified first, removed from the warehouse afterwards, in one transaction with its catalog.

An archive is part of the past only once the warehouse's catalog names it. A run that is ended before that leaves the
rows where they were, and at most a verified folder that the next run finds and finishes.
"""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from cms.application.ports import Progress, no_progress
from cms.application.retain import Archived, ArchiveKind
from cms.domain.errors import StoredCopyError, WarehouseError
from cms.warehouse.archive_parts import KEY_OF_KIND, Part, count_waiting, next_keys, parts_of
from cms.warehouse.arrow_rows import rows_of
from cms.warehouse.bulk import insert_rows
from cms.warehouse.engine import in_transaction, reading
from cms.warehouse.locks import Lock, take
from cms.warehouse.row_checksum import checksum_of
from cms.warehouse.schema import head_revision
from cms.warehouse.table_folder import PARTIAL, TableFolder, new_folder
from cms.warehouse.tables import archived_orders, archived_records, archives, order_master

ARCHIVE = "archive"
MAX_TRIES = 5


class _RowsChangedError(Exception):
    """What was archived is no longer what the warehouse has."""


@dataclass(frozen=True, kw_only=True)
class WarehouseArchive:
    """The archive of a warehouse; the `ArchiveStore` of the use case.

    Parameters
    ----------
    folder : Path
        Each archive is a folder in it, named by its number and kind.
    """

    engine: Engine
    folder: Path

    def waiting(self, *, cutoff: date) -> dict[ArchiveKind, int]:
        """How many orders, versions and rows of days would be archived now; versions follow their orders."""
        with reading(self.engine) as connection:
            return {kind: count_waiting(connection, kind, cutoff) for kind in ArchiveKind}

    def finish_interrupted(self, *, now: datetime, progress: Progress = no_progress) -> list[Archived]:
        """Remove from the warehouse what a run that was ended had archived and verified already.

        A folder that is damaged, or whose rows this warehouse does not have just so, is left alone.
        """
        finished = []
        with self._alone():
            for path in self.folder.glob(f"*{PARTIAL}"):
                shutil.rmtree(path)
            for path in uncatalogued(self.engine, self.folder):
                try:
                    folder = TableFolder.open(path, what=ARCHIVE)
                    folder.verify(progress)
                    finished.append(self._let_go(folder, now, progress))
                except (StoredCopyError, _RowsChangedError):
                    continue
        return finished

    def archive_next(
        self, kind: ArchiveKind, *, cutoff: date, now: datetime, progress: Progress = no_progress
    ) -> Archived | None:
        """Archive the next piece, verify it on the disk, and only then remove it from the warehouse.

        Raises
        ------
        StoredCopyError
            The archive cannot be written, or what was written does not read back; nothing was removed.
        WarehouseError
        """
        with self._alone():
            for _ in range(MAX_TRIES):
                folder = self._write(kind, cutoff, now, progress)
                if folder is None:
                    return None
                folder.verify(progress)
                try:
                    return self._let_go(folder, now, progress)
                except _RowsChangedError:
                    _discard(folder.path)
        raise WarehouseError("rows change faster than they can be archived; run again when less is going on")

    def _write(self, kind: ArchiveKind, cutoff: date, now: datetime, progress: Progress) -> TableFolder | None:
        with reading(self.engine) as connection:
            keys = next_keys(connection, kind, cutoff)
            parts = parts_of(connection, kind, keys, cutoff)
            if not keys and not any(part.count(connection) for part in parts):
                return None
            path = self.folder / f"{self._next_number(connection):06d}-{kind}"
            about = {"kind": kind.value, "cutoff": cutoff.isoformat()}
            with new_folder(path) as writer:
                for part in parts:
                    writer.write(part.table, part.batches(connection), progress)
                return writer.finish(
                    path, what=ARCHIVE, revision=head_revision(), created_at=now.isoformat(), about=about
                )

    def _next_number(self, connection: sa.Connection) -> int:
        names = [*connection.execute(sa.select(archives.c.archive_id)).scalars()]
        names += [path.name for path in self.folder.iterdir()]
        numbers = [int(name.partition("-")[0]) for name in names if name.partition("-")[0].isdigit()]
        return 1 + max(numbers, default=0)

    def _let_go(self, folder: TableFolder, now: datetime, progress: Progress) -> Archived:
        progress(f"removing what {folder.path.name} holds", 0, folder.rows)
        return in_transaction(self.engine, lambda connection: _let_go(connection, folder, now))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One run at a time works on the folder; the lock goes with the process."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = (self.folder / ".lock").open("w")
        except OSError as error:
            raise StoredCopyError(f"{self.folder}: cannot be written: {error.strerror}") from None
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StoredCopyError(f"{self.folder}: another run is archiving; wait until it has ended") from None
            yield


def uncatalogued(engine: Engine, folder: Path) -> list[Path]:
    """Complete folders that the warehouse's catalog does not name, in order of name."""
    with reading(engine) as connection:
        known = set(connection.execute(sa.select(archives.c.archive_id)).scalars())
    found = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    return [path for path in found if path.name not in known and path.suffix != PARTIAL]


def archived_of(folder: TableFolder) -> Archived:
    """What an archive's folder holds."""
    return Archived(
        archive_id=folder.path.name,
        kind=ArchiveKind(folder.about["kind"]),
        cutoff=date.fromisoformat(folder.about["cutoff"]),
        rows={facts.name: facts.rows for facts in folder.tables},
    )


def _let_go(connection: sa.Connection, folder: TableFolder, now: datetime) -> Archived:
    for lock in Lock:
        take(connection, lock)
    archived = archived_of(folder)
    keys = _keys(folder, archived.kind)
    parts = parts_of(connection, archived.kind, keys, archived.cutoff)
    for part in parts:
        _require_the_same(connection, part, folder)
    _enter_into_catalog(connection, folder, archived, now)
    for part in reversed(parts):
        if part.remove(connection) != folder.facts(part.table.name).rows:
            raise _RowsChangedError
    return archived


def _require_the_same(connection: sa.Connection, part: Part, folder: TableFolder) -> None:
    facts = folder.facts(part.table.name)
    if checksum_of(part.batches(connection)) != (facts.rows, facts.checksum):
        raise _RowsChangedError


def _keys(folder: TableFolder, kind: ArchiveKind) -> list[Any]:
    column = KEY_OF_KIND.get(kind)
    if column is None:
        return []
    return [key for batch in folder.batches(column.table.name) for key in batch.column(column.name).to_pylist()]


def _enter_into_catalog(connection: sa.Connection, folder: TableFolder, archived: Archived, now: datetime) -> None:
    head = {
        "archive_id": archived.archive_id,
        "kind": archived.kind.value,
        "cutoff": archived.cutoff,
        "archived_at": now,
        "row_count": folder.rows,
        "checksum": folder.checksum,
    }
    connection.execute(sa.insert(archives).values(**head))
    if archived.kind is ArchiveKind.ORDERS:
        for table, source in ((archived_orders, order_master.name), (archived_records, "order_source_records")):
            names = [column.name for column in table.columns if column.name != "archive_id"]
            for batch in folder.batches(source):
                rows = rows_of(batch.select(names))
                insert_rows(connection, table, [row | {"archive_id": archived.archive_id} for row in rows])


def _discard(path: Path) -> None:
    """Remove a folder; one that is only half removed must not bear its final name."""
    doomed = path.with_name(path.name + PARTIAL)
    path.rename(doomed)
    shutil.rmtree(doomed)
