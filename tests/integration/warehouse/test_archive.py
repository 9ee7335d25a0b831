import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cms.application.order_history import OrderHistory, OrderQuery
from cms.application.ports import Progress
from cms.application.retain import Archived, ArchiveKind, RetentionPolicy, RetentionReport, retain
from cms.domain.errors import NotFoundError, StoredCopyError
from cms.warehouse import archive as archiving
from cms.warehouse.archive import WarehouseArchive
from cms.warehouse.archive_reading import ArchiveReader
from cms.warehouse.engine import in_transaction
from cms.warehouse.table_folder import FolderWriter, TableFolder
from cms.warehouse.tables import (
    archived_orders,
    capacity_planning,
    master_schedule,
    notification_outbox,
    order_master,
    schedule_history,
    schedule_versions,
)
from cms.warehouse.warehouse import Warehouse
from tests.archived_rows import rows_of_archive, rows_of_warehouse, together
from tests.benchmarks.five_years import YearsOptions, fill
from tests.integration.warehouse.loading import count_of, load_orders, order_row, rows_of
from tests.table_checks import find_problems

TODAY = date(2026, 1, 5)
NOW = datetime(2026, 1, 5, 3, tzinfo=UTC)
A_YEAR = RetentionPolicy(years=1)
CUTOFF = date(2025, 1, 5)


TWO_MONTHS_TOO_OLD = YearsOptions(months=14, orders_a_month=10, customers=4)


@pytest.fixture
def filled(warehouse: Warehouse) -> Warehouse:
    """On each engine."""
    fill(warehouse.engine, TWO_MONTHS_TOO_OLD)
    return warehouse


@pytest.fixture
def aged(sqlite_warehouse: Warehouse) -> Warehouse:
    """On SQLite, for what is the same on every engine."""
    fill(sqlite_warehouse.engine, TWO_MONTHS_TOO_OLD)
    return sqlite_warehouse


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "archive"


def archive_of(warehouse: Warehouse, folder: Path) -> WarehouseArchive:
    return WarehouseArchive(engine=warehouse.engine, folder=folder)


def reader_of(warehouse: Warehouse, folder: Path) -> ArchiveReader:
    return ArchiveReader(engine=warehouse.engine, folder=folder)


def run(warehouse: Warehouse, folder: Path) -> RetentionReport:
    return retain(archive_of(warehouse, folder), policy=A_YEAR, as_of=TODAY, now=NOW)


def url_of(warehouse: Warehouse) -> str:
    return warehouse.engine.url.render_as_string(hide_password=False)


def change(warehouse: Warehouse, table: sa.Table, which: Mapping[str, Any], **values: Any) -> None:
    conditions = [table.c[name] == value for name, value in which.items()]
    in_transaction(
        warehouse.engine, lambda connection: connection.execute(sa.update(table).where(*conditions).values(values))
    )


def first_order(warehouse: Warehouse) -> str:
    order_id: str = rows_of(warehouse, order_master, "order_id")[0][0]
    return order_id


def test_what_is_archived_and_what_stays_are_together_what_there_was(filled: Warehouse, folder: Path) -> None:
    before = rows_of_warehouse(filled.engine)

    report = run(filled, folder)

    assert together(rows_of_warehouse(filled.engine), rows_of_archive(filled.engine, folder)) == before
    assert report.rows_of("order_master") == count_of(filled, archived_orders) > 10
    assert report.rows_of("schedule_versions") > 30
    assert find_problems(url_of(filled)) == []
    assert reader_of(filled, folder).check().problems == ()


def test_orders_closed_before_the_cutoff_go_and_no_other(aged: Warehouse, folder: Path) -> None:
    start = datetime(CUTOFF.year, CUTOFF.month, CUTOFF.day, tzinfo=UTC)
    last_change: dict[str, datetime] = {}
    for order_id, changed_at in rows_of(aged, schedule_history, "order_id", "changed_at"):
        last_change[order_id] = max(changed_at, last_change.get(order_id, changed_at))
    cancelled = {row[0] for row in rows_of(aged, order_master, "order_id", "status") if row[1] == "cancelled"}
    everything = orders_of(aged)

    run(aged, folder)

    expected = {order_id for order_id, changed_at in last_change.items() if changed_at < start}
    assert everything - orders_of(aged) - cancelled == expected
    assert orders_of_history(aged) <= orders_of(aged)
    assert min(rows_of(aged, capacity_planning, "bucket_date"))[0] >= CUTOFF


def orders_of(warehouse: Warehouse) -> set[str]:
    return {row[0] for row in rows_of(warehouse, order_master, "order_id")}


def orders_of_history(warehouse: Warehouse) -> set[str]:
    return {row[0] for row in rows_of(warehouse, schedule_history, "order_id")}


def rows_with(warehouse: Warehouse, table: sa.Table, order_id: str) -> list[Any]:
    return [row for row in rows_of(warehouse, table, "order_id") if row[0] == order_id]


def test_a_second_run_finds_nothing_to_do(aged: Warehouse, folder: Path) -> None:
    run(aged, folder)
    before = rows_of_warehouse(aged.engine)

    again = run(aged, folder)

    assert (again.archived, again.finished, again.rows) == ((), (), 0)
    assert rows_of_warehouse(aged.engine) == before


@pytest.mark.parametrize("status", ["open", "shipped", "on_hold"])
def test_an_order_that_is_not_closed_stays_with_all_its_history(aged: Warehouse, folder: Path, status: str) -> None:
    old = first_order(aged)
    change(aged, order_master, {"order_id": old}, status=status)
    lines = len(rows_with(aged, schedule_history, old))

    run(aged, folder)

    assert old in orders_of(aged)
    assert len(rows_with(aged, schedule_history, old)) == lines > 0
    assert rows_with(aged, master_schedule, old)
    versions = {row[0] for row in rows_of(aged, schedule_versions, "version")}
    assert {row[0] for row in rows_of(aged, master_schedule, "version")} <= versions


def test_an_order_with_a_notice_still_to_be_sent_stays(aged: Warehouse, folder: Path) -> None:
    old = first_order(aged)
    change(aged, notification_outbox, {"order_id": old}, status="queued")

    run(aged, folder)

    assert old in orders_of(aged)


def test_an_order_in_the_published_schedule_stays(aged: Warehouse, folder: Path) -> None:
    old, published = first_order(aged), max(rows_of(aged, schedule_versions, "version"))[0]
    first = min(version for order, version in rows_of(aged, master_schedule, "order_id", "version") if order == old)
    change(aged, master_schedule, {"order_id": old, "version": first}, version=published)

    run(aged, folder)

    assert old in orders_of(aged)


def test_what_a_source_still_says_of_an_archived_order_is_not_loaded_again(filled: Warehouse, folder: Path) -> None:
    old = first_order(filled)
    run(filled, folder)
    before = rows_of_warehouse(filled.engine)

    same = order_row(old, source_order_id=old.removeprefix("SO-"), customer_id="C00000")
    other = order_row(old, source_order_id="another", customer_id="C00000")
    counts = load_orders(filled, same, other)

    assert (counts.inserted, counts.updated, counts.stale) == (0, 0, 2)
    assert rows_of_warehouse(filled.engine)["order_master"] == before["order_master"]
    assert rows_of_warehouse(filled.engine)["order_source_records"] == before["order_source_records"]


class EndedError(Exception):
    """The run is over, as by a kill."""


def test_a_run_that_is_ended_before_it_removes_is_finished_by_the_next(
    filled: Warehouse, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows_of_warehouse(filled.engine)

    def end(*_: object) -> Archived:
        raise EndedError

    with monkeypatch.context() as patched:
        patched.setattr(archiving, "_let_go", end)
        with pytest.raises(EndedError):
            run(filled, folder)
    assert rows_of_warehouse(filled.engine) == before
    assert reader_of(filled, folder).check().unfinished == ("000001-orders",)

    report = run(filled, folder)

    assert [one.archive_id for one in report.finished] == ["000001-orders"]
    assert together(rows_of_warehouse(filled.engine), rows_of_archive(filled.engine, folder)) == before
    assert reader_of(filled, folder).check().unfinished == ()


@dataclass(frozen=True, kw_only=True)
class DisturbedArchive(WarehouseArchive):
    """Somebody changes the warehouse between the writing of an archive and the removal of its rows."""

    disturb: Callable[[], None]

    def _let_go(self, folder: TableFolder, now: datetime, progress: Progress) -> Archived:
        self.disturb()
        return super()._let_go(folder, now, progress)


def test_an_order_that_is_reopened_while_it_is_written_stays(aged: Warehouse, folder: Path) -> None:
    old = first_order(aged)
    disturbed = DisturbedArchive(
        engine=aged.engine,
        folder=folder,
        disturb=lambda: change(aged, order_master, {"order_id": old}, status="open"),
    )

    report = retain(disturbed, policy=A_YEAR, as_of=TODAY, now=NOW)

    assert old in orders_of(aged)
    assert report.rows_of("order_master") == count_of(aged, archived_orders) > 10
    check = reader_of(aged, folder).check()
    assert (check.problems, check.unfinished) == ((), ())


def test_a_folder_that_this_warehouse_knows_nothing_of_is_left_alone(
    aged: Warehouse, sqlite_template: Path, tmp_path: Path, folder: Path
) -> None:
    """A new, empty warehouse beside the archive of a lost one: nothing is removed, nothing taken over."""
    run(aged, folder)
    files = sorted(folder.rglob("*.parquet"))
    shutil.copy(sqlite_template, tmp_path / "new.db")
    new = Warehouse.open(f"sqlite:///{tmp_path / 'new.db'}")

    report = run(new, folder)

    assert report.rows == 0
    assert sorted(folder.rglob("*.parquet")) == files
    assert len(reader_of(new, folder).check().unfinished) == len(list(folder.glob("0*")))
    assert reader_of(aged, folder).check().problems == ()
    new.close()


def test_two_runs_do_not_work_on_one_folder(sqlite_warehouse: Warehouse, folder: Path) -> None:
    with (
        archive_of(sqlite_warehouse, folder)._alone(),
        pytest.raises(StoredCopyError, match="another run is archiving"),
    ):
        run(sqlite_warehouse, folder)


def test_what_is_wrong_with_an_archive_is_named(aged: Warehouse, folder: Path) -> None:
    run(aged, folder)
    load_again(aged, folder)
    damage(folder / "000001-orders" / "schedule_history.parquet")
    shutil.rmtree(folder / "000002-days")

    doubled, damaged, missing = reader_of(aged, folder).check().problems

    assert doubled == "order SO-0000000 is in archive 000001-orders and in the warehouse"
    assert "000001-orders: is damaged: schedule_history.parquet is not the file that was written" in damaged
    assert "000002-days: cannot be read: No such file or directory" in missing


def damage(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def load_again(warehouse: Warehouse, folder: Path) -> None:
    """One archived order, put back by hand."""
    row = reader_of(warehouse, folder).find(OrderQuery(order_id="SO-0000000")).pop().order
    in_transaction(warehouse.engine, lambda connection: connection.execute(sa.insert(order_master).values(**row)))


def test_an_order_is_found_with_its_history_wherever_it_is(filled: Warehouse, folder: Path) -> None:
    reader = reader_of(filled, folder)
    everything = reader.find(OrderQuery(ordered_from=date(2000, 1, 1), limit=1_000))
    run(filled, folder)

    found = reader.find(OrderQuery(ordered_from=date(2000, 1, 1), limit=1_000))

    assert [without_place(one) for one in found] == [without_place(one) for one in everything]
    assert {one.place for one in found} == {"000001-orders", "warehouse"}
    assert len(found[0].history) >= 2
    assert found[0].source_records


def without_place(one: OrderHistory) -> OrderHistory:
    return replace(one, place="")


def test_orders_are_found_by_customer_and_day(aged: Warehouse, folder: Path) -> None:
    run(aged, folder)
    reader = reader_of(aged, folder)
    first = reader.find(OrderQuery(order_id="SO-0000000")).pop()
    day = first.order["ordered_at"].date()

    found = reader.find(OrderQuery(customer_id=first.order["customer_id"], ordered_from=day, ordered_to=day))

    assert [one.order["order_id"] for one in found][:1] == ["SO-0000000"]
    assert all(one.order["ordered_at"].date() == day for one in found)
    assert len(reader.find(OrderQuery(customer_id="C00001", limit=3))) == 3
    with pytest.raises(NotFoundError, match="neither in the warehouse nor in the archive"):
        reader.find(OrderQuery(order_id="SO-NONE"))


def test_what_would_be_archived_is_counted_and_left(aged: Warehouse, folder: Path) -> None:
    before = rows_of_warehouse(aged.engine)

    waiting = archive_of(aged, folder).waiting(cutoff=CUTOFF)

    assert rows_of_warehouse(aged.engine) == before
    report = run(aged, folder)
    assert waiting[ArchiveKind.ORDERS] == report.rows_of("order_master")


def test_an_archive_that_does_not_read_back_removes_nothing(
    aged: Warehouse, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows_of_warehouse(aged.engine)
    finish = FolderWriter.finish

    def finish_on_a_bad_disk(writer: FolderWriter, final: Path, **about: Any) -> TableFolder:
        made = finish(writer, final, **about)
        damage(final / "order_master.parquet")
        return made

    monkeypatch.setattr(FolderWriter, "finish", finish_on_a_bad_disk)
    with pytest.raises(StoredCopyError, match=r"order_master\.parquet is not the file that was written"):
        run(aged, folder)
    assert rows_of_warehouse(aged.engine) == before
