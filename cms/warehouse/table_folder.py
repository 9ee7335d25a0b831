"""A folder of tables in Parquet with a manifest of their counts and checksums: complete, or under no final name.

It is written beside its place under another name and renamed when every byte is on the disk, so that a folder of the
final name is whole whenever the machine or the program stopped.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import sqlalchemy as sa

from cms.application.ports import Progress, no_progress
from cms.domain.errors import StoredCopyError
from cms.warehouse.arrow_rows import arrow_schema
from cms.warehouse.row_checksum import RowChecksum, checksum_of
from cms.warehouse.table_facts import TableFacts, columns_of

FORMAT = "cms-tables-1"
MANIFEST = "manifest.json"
PARTIAL = ".partial"


@dataclass(frozen=True, kw_only=True)
class TableFolder:
    """A complete folder.

    Parameters
    ----------
    what : str
        ``backup`` or ``archive``.
    revision : str
        The schema's revision that the rows fit.
    checksum : str
        Of all that the manifest says: the folder's identity.
    about : mapping of str to str
        What else its maker keeps with it.
    """

    path: Path
    what: str
    revision: str
    created_at: datetime
    tables: tuple[TableFacts, ...]
    checksum: str
    about: Mapping[str, str] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(table.rows for table in self.tables)

    def facts(self, name: str) -> TableFacts:
        """What is known of one table."""
        return next(table for table in self.tables if table.name == name)

    @classmethod
    def open(cls, path: Path, *, what: str) -> "TableFolder":
        """Read the manifest; the tables are not looked at.

        Raises
        ------
        StoredCopyError
            There is no complete folder of that kind, or its manifest is damaged.
        """
        try:
            document = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
            folder = _of_document(path, document)
        except OSError as error:
            raise StoredCopyError(f"{path}: {_why_missing(path, error)}") from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise StoredCopyError(f"{path / MANIFEST}: is damaged; use another copy") from None
        if folder.what != what:
            raise StoredCopyError(f"{path}: is no {what}, it is a folder of kind {folder.what!r}")
        return folder

    def batches(self, name: str) -> Iterator[Any]:
        """The rows of a table as Arrow batches, one row group in memory at a time.

        Raises
        ------
        StoredCopyError
            The file cannot be read.
        """
        file = self.path / self.facts(name).file_name
        try:
            with pq.ParquetFile(file) as parquet:
                for number in range(parquet.num_row_groups):
                    yield from parquet.read_row_group(number).to_batches()
        except (OSError, ValueError) as error:
            raise StoredCopyError(f"{file}: cannot be read: {_first_line(error)}") from None

    def verify(self, progress: Progress = no_progress) -> None:
        """Read everything and compare it with the manifest.

        Raises
        ------
        StoredCopyError
            Something differs; every file that does is named.
        """
        problems = []
        for facts in self.tables:
            progress(f"verifying {facts.name}", 0, facts.rows)
            problems += self._problems(facts)
        if problems:
            raise StoredCopyError(f"{self.path}: is damaged: {'; '.join(problems)}; use another copy")

    def _problems(self, facts: TableFacts) -> list[str]:
        try:
            if _sha256(self.path / facts.file_name) != facts.sha256:
                return [f"{facts.file_name} is not the file that was written (its SHA-256 differs)"]
        except OSError as error:
            return [f"{facts.file_name} cannot be read ({error.strerror})"]
        found = checksum_of(self.batches(facts.name))
        if found != (facts.rows, facts.checksum):
            return [f"{facts.file_name} has {found[0]:,} rows of checksum {found[1]}, the manifest has others"]
        return []


@dataclass(kw_only=True)
class FolderWriter:
    """A folder that is being written."""

    path: Path
    _written: list[TableFacts] = field(default_factory=list)

    def write(self, table: sa.Table, batches: Iterable[Any], progress: Progress = no_progress) -> TableFacts:
        """Write the rows of a table into a file of its own."""
        total = RowChecksum()
        file = self.path / f"{table.name}.parquet"
        with pq.ParquetWriter(file, arrow_schema(table), compression="zstd") as parquet:
            for batch in batches:
                parquet.write_batch(batch)
                total.add(batch)
                progress(f"writing {table.name}", total.rows, None)
        _flush(file)
        facts = TableFacts(
            name=table.name,
            columns=columns_of(table),
            rows=total.rows,
            checksum=total.checksum,
            sha256=_sha256(file),
        )
        self._written.append(facts)
        return facts

    def finish(self, final: Path, **about: Any) -> TableFolder:
        """Write the manifest, make everything durable and give the folder its final name."""
        document = {"format": FORMAT, **about, "tables": [facts.as_document() for facts in self._written]}
        document["checksum"] = _checksum(document)
        manifest = self.path / MANIFEST
        manifest.write_text(json.dumps(document, indent=1), encoding="utf-8")
        _flush(manifest)
        _flush(self.path)
        self.path.rename(final)
        _flush(final.parent)
        return _of_document(final, json.loads(json.dumps(document)))


@contextmanager
def new_folder(final: Path) -> Iterator[FolderWriter]:
    """A writer of a folder that will be `final`; what a run before left unfinished is removed first.

    Raises
    ------
    StoredCopyError
        There is something of that name, or the disk does not take it.
    """
    if final.exists():
        raise StoredCopyError(f"{final}: exists already, and nothing is ever overwritten; choose another name")
    partial = final.with_name(final.name + PARTIAL)
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True, mode=0o700)  # it holds names and addresses
        yield FolderWriter(path=partial)
    except OSError as error:
        raise StoredCopyError(f"{final}: cannot be written: {_first_line(error)}") from None
    finally:
        with suppress(OSError):
            shutil.rmtree(partial)


def _of_document(path: Path, document: Mapping[str, Any]) -> TableFolder:
    told = {name: value for name, value in document.items() if name != "checksum"}
    if document["format"] != FORMAT:
        raise StoredCopyError(
            f"{path}: has the format {document['format']}, this program reads {FORMAT}; use the program that made it"
        )
    if _checksum(told) != document["checksum"]:
        message = "the manifest is not as it was written"
        raise ValueError(message)
    return TableFolder(
        path=path,
        what=document["what"],
        revision=document["revision"],
        created_at=datetime.fromisoformat(document["created_at"]),
        tables=tuple(TableFacts.of_document(table) for table in document["tables"]),
        checksum=document["checksum"],
        about=document["about"],
    )


def _why_missing(path: Path, error: OSError) -> str:
    if path.with_name(path.name + PARTIAL).exists():
        return "was never finished: its writing was interrupted; make it again"
    if path.is_dir():
        return f"has no {MANIFEST}: it is not complete, or something else"
    return f"cannot be read: {error.strerror}"


def _checksum(document: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _flush(path: Path) -> None:
    """Wait until a file's bytes, or a folder's names, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _first_line(error: BaseException) -> str:
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return (said.splitlines() or [type(error).__name__])[0]
