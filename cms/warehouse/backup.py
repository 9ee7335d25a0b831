"""Backup and restore of the whole warehouse, from any engine to any engine."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from cms.application.ports import Progress, no_progress
from cms.domain.errors import StoredCopyError
from cms.warehouse.arrow_rows import read_batches, rows_of
from cms.warehouse.bulk import insert_rows
from cms.warehouse.engine import in_transaction, reading, schema_of
from cms.warehouse.failures import masked_url
from cms.warehouse.locks import Lock, take
from cms.warehouse.row_checksum import checksum_of
from cms.warehouse.schema import current_revision, known_revisions, require_current_schema, upgrade
from cms.warehouse.table_facts import TableFacts
from cms.warehouse.table_folder import TableFolder, new_folder
from cms.warehouse.tables import metadata

BACKUP = "backup"


def create_backup(engine: Engine, path: Path, *, now: datetime, progress: Progress = no_progress) -> TableFolder:
    """Write every table to the folder `path`, all of them as they were at one instant, while others go on to work.

    Raises
    ------
    StoredCopyError
        The folder exists, or cannot be written.
    WarehouseError
        The warehouse cannot be read, or its schema is not this program's.
    """
    require_current_schema(engine)
    revision = current_revision(engine)
    with new_folder(path) as folder, reading(engine) as connection:
        for table in metadata.sorted_tables:
            folder.write(table, read_batches(connection, sa.select(table), table), progress)
        about = {"engine": engine.dialect.name}
        return folder.finish(path, what=BACKUP, revision=revision, created_at=now.isoformat(), about=about)


def verify_backup(path: Path, *, progress: Progress = no_progress) -> TableFolder:
    """Read a backup whole and compare it with what was written.

    Raises
    ------
    StoredCopyError
        It is no backup, not complete, or damaged.
    """
    folder = TableFolder.open(path, what=BACKUP)
    folder.verify(progress)
    return folder


def restore_backup(engine: Engine, path: Path, *, progress: Progress = no_progress) -> TableFolder:
    """Fill an empty warehouse from a backup, verified before and after, in one transaction: all of it or nothing.

    The schema is made as the backup has it and, once the rows are in, upgraded to this program's.

    Raises
    ------
    StoredCopyError
        The backup is damaged, or newer than this program; the warehouse is not empty or of another schema; or what was
        read back differs. The warehouse stays empty.
    WarehouseError
    """
    folder = verify_backup(path, progress=progress)
    _prepare_schema(engine, folder)
    in_transaction(engine, lambda connection: _fill(connection, folder, progress), attempts=1)
    upgrade(engine)
    return folder


def _prepare_schema(engine: Engine, folder: TableFolder) -> None:
    if folder.revision not in known_revisions():
        raise StoredCopyError(
            f"{folder.path}: its schema is at revision {folder.revision}, which this program does not know; "
            "restore it with the program that made it"
        )
    found = current_revision(engine)
    if found not in {None, folder.revision}:
        raise StoredCopyError(
            f"warehouse {masked_url(engine.url)}: its schema is at revision {found}, the backup's at "
            f"{folder.revision}; restore into a database without a schema"
        )
    if found is None:
        upgrade(engine, folder.revision)


def _fill(connection: sa.Connection, folder: TableFolder, progress: Progress) -> None:
    for lock in Lock:
        take(connection, lock)
    _refuse_unless_empty(connection, folder.tables)
    for facts in folder.tables:
        _fill_table(connection, facts, folder.batches(facts.name), progress)
    for facts in folder.tables:
        progress(f"comparing {facts.name}", 0, facts.rows)
        _compare(connection, facts)
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("ANALYZE")  # the planner knows nothing of what came in bulk


def _refuse_unless_empty(connection: sa.Connection, tables: Iterable[TableFacts]) -> None:
    for facts in tables:
        table = facts.table()
        if connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first() is not None:
            raise StoredCopyError(
                f"warehouse {masked_url(connection.engine.url)}: is not empty, {facts.name} has rows; restore into a "
                "new database, and point CMS_WAREHOUSE_URL at it afterwards"
            )


def _fill_table(connection: sa.Connection, facts: TableFacts, batches: Iterable[Any], progress: Progress) -> None:
    table, done = facts.table(), 0
    for batch in batches:
        insert_rows(connection, table, rows_of(batch))
        done += batch.num_rows
        progress(f"restoring {facts.name}", done, facts.rows)
    _go_on_numbering(connection, table)


def _go_on_numbering(connection: sa.Connection, table: sa.Table) -> None:
    """Let the next row get the number after the last; SQLite and SQL Server see to it themselves."""
    numbered = next((column for column in table.columns if column.identity is not None), None)
    if numbered is None or connection.dialect.name != "postgresql":
        return
    sequence = sa.func.pg_get_serial_sequence(f"{schema_of(connection)}.{table.name}", numbered.name)
    following = sa.select(sa.func.coalesce(sa.func.max(numbered), 0) + 1).scalar_subquery()
    connection.execute(sa.select(sa.func.setval(sequence, following, False)))  # noqa: FBT003 - an argument of setval


def _compare(connection: sa.Connection, facts: TableFacts) -> None:
    table = facts.table()
    rows, checksum = checksum_of(read_batches(connection, sa.select(table), table))
    if (rows, checksum) != (facts.rows, facts.checksum):
        raise StoredCopyError(
            f"{facts.name}: {rows:,} rows of checksum {checksum} were read back, the backup has {facts.rows:,} of "
            f"{facts.checksum}; nothing was restored"
        )
