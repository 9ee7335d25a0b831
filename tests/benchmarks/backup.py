"""Backup, restore and archiving of five years of orders and history: seconds, memory, and checksums that must be equal.

Run: ``python -m tests.benchmarks.backup [MONTHS [ORDERS_A_MONTH]]``. The years are made on SQLite, saved, restored on
PostgreSQL where it is installed, saved there, and restored on SQLite again; then what is older than the first year but
one is archived, and an order is asked for. Each step runs in a process of its own, so that its memory is its own.
"""

import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from cms.application.order_history import OrderQuery
from cms.application.retain import RetentionPolicy, retain
from cms.warehouse.archive import WarehouseArchive
from cms.warehouse.archive_reading import ArchiveReader
from cms.warehouse.backup import create_backup, restore_backup, verify_backup
from cms.warehouse.engine import open_engine
from cms.warehouse.schema import upgrade
from cms.warehouse.table_folder import TableFolder
from tests.benchmarks.five_years import YearsOptions, fill
from tests.postgresql_server import find_binaries, start_server

NOW = datetime(2026, 1, 5, 3, tzinfo=UTC)
TODAY = date(2026, 1, 5)
_FORK = multiprocessing.get_context("fork")


def main(months: int = 60, orders_a_month: int = 2_000) -> None:
    """Prints a line for each step."""
    with tempfile.TemporaryDirectory(prefix="cms-backup-") as name:
        folder = Path(name)
        source = f"sqlite:///{folder / 'source.db'}"
        _step("make the years", _make, source, months, orders_a_month)
        _step("save (SQLite)", _save, source, folder / "first")
        _step("verify", verify_backup, folder / "first")
        second = _through_postgresql(folder) if find_binaries() else folder / "first"
        target = f"sqlite:///{folder / 'target.db'}"
        _step("restore (SQLite)", _restore, target, second)
        _step("save again", _save, target, folder / "third")
        saved = [_checksums(path) for path in (folder / "first", second, folder / "third")]
        assert saved[0] == saved[1] == saved[2], "the rows are not the same any more"
        rows = TableFolder.open(folder / "first", what="backup").rows
        size = sum(file.stat().st_size for file in (folder / "first").iterdir())
        print(f"{rows:,} rows, {size / 1e6:,.0f} MB in files, all checksums equal")
        _step("archive all but a year", _archive, target, folder / "archive")
        _step("verify the archive", _check, target, folder / "archive")
        _step("ask for an order", _ask, target, folder / "archive")


def _through_postgresql(folder: Path) -> Path:
    server = start_server(Path(tempfile.mkdtemp(prefix="cms-postgresql-")), is_durable=True)
    try:
        url = server.create_database("warehouse")
        _step("restore (PostgreSQL)", _restore, url, folder / "first")
        _step("save (PostgreSQL)", _save, url, folder / "second")
    finally:
        server.stop()
    return folder / "second"


def _make(url: str, months: int, orders_a_month: int) -> None:
    engine = open_engine(url)
    upgrade(engine)
    fill(engine, YearsOptions(months=months, orders_a_month=orders_a_month))


def _save(url: str, path: Path) -> None:
    create_backup(open_engine(url), path, now=NOW)


def _restore(url: str, path: Path) -> None:
    restore_backup(open_engine(url), path)


def _archive(url: str, folder: Path) -> None:
    store = WarehouseArchive(engine=open_engine(url), folder=folder)
    report = retain(store, policy=RetentionPolicy(years=1), as_of=TODAY, now=NOW)
    print(f"{len(report.archived)} archives, {report.rows:,} rows, {report.rows_of('order_master'):,} orders")


def _check(url: str, folder: Path) -> None:
    check = ArchiveReader(engine=open_engine(url), folder=folder).check()
    assert check.problems == (), check.problems


def _ask(url: str, folder: Path) -> None:
    found = ArchiveReader(engine=open_engine(url), folder=folder).find(OrderQuery(order_id="SO-0000000"))
    assert len(found[0].history) > 1


def _checksums(path: Path) -> dict[str, str]:
    return {facts.name: facts.checksum for facts in TableFolder.open(path, what="backup").tables}


def _step(name: str, work: Callable[..., Any], *arguments: Any) -> None:
    process = _FORK.Process(target=_measured, args=(name, work, arguments))
    process.start()
    process.join()
    assert process.exitcode == 0, f"{name} ended with {process.exitcode}"


def _measured(name: str, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    wall, cpu = time.perf_counter(), time.process_time()
    work(*arguments)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{name:<24}{wall:8.1f} s, {cpu:8.1f} s of CPU here, {megabytes:6.0f} MB at most", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
