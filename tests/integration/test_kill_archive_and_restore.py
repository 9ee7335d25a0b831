"""Kills archiving, backup and restore at random instants; CMS_KILLS says how often on each engine."""

import os
import random
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from cms.application.retain import RetentionPolicy, retain
from cms.warehouse.archive import WarehouseArchive
from cms.warehouse.archive_reading import ArchiveReader
from cms.warehouse.backup import create_backup, restore_backup, verify_backup
from cms.warehouse.engine import open_engine, reading, schema_of
from cms.warehouse.schema import current_revision, upgrade
from cms.warehouse.tables import metadata
from tests.archived_rows import rows_of_archive, rows_of_warehouse, together
from tests.benchmarks.five_years import YearsOptions, fill
from tests.integration.killing import new_durable_url, run_and_kill, run_whole
from tests.table_checks import find_problems

__all__ = ["new_durable_url"]

pytestmark = [pytest.mark.slow, pytest.mark.untraced]
KILLS = int(os.environ.get("CMS_KILLS", "2"))
TODAY = date(2026, 1, 5)
NOW = datetime.combine(TODAY, time(3), tzinfo=UTC)
DAYS_A_KILL = 3
"""Days that become too old between one kill and the next: each has something to archive."""


def archive_up_to(url: str, folder: Path, as_of: date) -> None:
    engine = open_engine(url)
    retain(WarehouseArchive(engine=engine, folder=folder), policy=RetentionPolicy(years=1), as_of=as_of, now=NOW)
    engine.dispose()


def test_archiving_that_is_killed_anywhere_loses_and_doubles_nothing(
    new_durable_url: Callable[[], str], tmp_path: Path
) -> None:
    url, folder, chance = new_durable_url(), tmp_path / "archive", random.Random(20260105)
    engine = open_engine(url)
    upgrade(engine)
    months = 13 + -(-DAYS_A_KILL * KILLS // 30)
    fill(engine, YearsOptions(months=months, orders_a_month=12, customers=3))
    before = rows_of_warehouse(engine)
    first = TODAY - timedelta(days=DAYS_A_KILL * KILLS)
    seconds = run_whole(archive_up_to, url, folder, first)

    for kill in range(1, KILLS + 1):
        as_of = first + timedelta(days=DAYS_A_KILL * kill)
        run_and_kill(archive_up_to, url, folder, as_of, after=chance.uniform(0.0, seconds))

        there = together(rows_of_warehouse(engine), rows_of_archive(engine, folder))
        assert there == before, f"right after kill {kill}"
        took = run_whole(archive_up_to, url, folder, as_of)
        seconds = max(took, 0.9 * seconds)
        assert together(rows_of_warehouse(engine), rows_of_archive(engine, folder)) == before, f"after kill {kill}"
        check = ArchiveReader(engine=engine, folder=folder).check()
        assert (check.problems, check.unfinished) == ((), ()), f"after kill {kill}"
        assert find_problems(url) == [], f"after kill {kill}"
    assert sum(rows_of_archive(engine, folder)["order_master"].values()) > 3
    engine.dispose()


def restore(url: str, backup: Path) -> None:
    engine = open_engine(url)
    restore_backup(engine, backup)
    engine.dispose()


def save(url: str, backup: Path) -> None:
    engine = open_engine(url)
    create_backup(engine, backup, now=NOW)
    engine.dispose()


def test_a_backup_and_a_restore_that_are_killed_anywhere_are_whole_or_done_again(
    new_durable_url: Callable[[], str], tmp_path: Path
) -> None:
    source, chance = new_durable_url(), random.Random(20260106)
    engine = open_engine(source)
    upgrade(engine)
    fill(engine, YearsOptions(months=2, orders_a_month=40, customers=3))
    expected = rows_of_warehouse(engine)
    seconds_to_save = run_whole(save, source, tmp_path / "first")
    seconds_to_restore = run_whole(restore, new_durable_url(), tmp_path / "first")

    for kill in range(KILLS):
        backup, target = tmp_path / f"backup-{kill}", new_durable_url()
        run_and_kill(save, source, backup, after=chance.uniform(0.0, seconds_to_save))
        if not backup.exists():
            run_whole(save, source, backup)
        verify_backup(backup)

        run_and_kill(restore, target, backup, after=chance.uniform(0.0, seconds_to_restore))
        if rows_in(target) == 0:
            run_whole(restore, target, backup)
        restored = open_engine(target)
        assert rows_of_warehouse(restored) == expected, f"after kill {kill}"
        restored.dispose()
        shutil.rmtree(backup)
    engine.dispose()


def rows_in(url: str) -> int:
    """Rows of a warehouse that may have no schema yet."""
    engine = open_engine(url)
    try:
        if current_revision(engine) is None:
            return 0
        with reading(engine) as connection:
            present = set(sa.inspect(connection).get_table_names(schema=schema_of(engine)))
            assert metadata.tables.keys() <= present, "the schema is whole or not there"
            counts = (sa.select(sa.func.count()).select_from(table) for table in metadata.sorted_tables)
            return sum(connection.execute(count).scalar_one() for count in counts)
    finally:
        engine.dispose()
