import json
import shutil
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from cms.domain.errors import StoredCopyError
from cms.warehouse.backup import create_backup, restore_backup, verify_backup
from cms.warehouse.engine import in_transaction, open_engine, reading
from cms.warehouse.schema import current_revision, downgrade, head_revision, known_revisions, upgrade
from cms.warehouse.table_folder import TableFolder, new_folder
from cms.warehouse.tables import (
    calendar_exceptions,
    customer_master,
    delivery_schedules,
    metadata,
    order_master,
    record_history,
)
from cms.warehouse.warehouse import Warehouse
from tests.benchmarks.five_years import YearsOptions, fill
from tests.builders import a_plant
from tests.integration.warehouse.loading import NOW, count_of, know_customers, load_orders, order_row
from tests.table_checks import find_problems

FEW = YearsOptions(months=1, orders_a_month=40, customers=5)


@pytest.fixture
def filled(warehouse: Warehouse) -> Warehouse:
    """A warehouse on each engine with rows of every kind of column."""
    fill(warehouse.engine, FEW)
    in_transaction(warehouse.engine, write_odd_values)
    return warehouse


@pytest.fixture
def backup(sqlite_template: Path, tmp_path: Path) -> Path:
    shutil.copy(sqlite_template, tmp_path / "source.db")
    engine = open_engine(f"sqlite:///{tmp_path / 'source.db'}")
    fill(engine, FEW)
    create_backup(engine, tmp_path / "backup", now=NOW)
    engine.dispose()
    return tmp_path / "backup"


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(f"sqlite:///{tmp_path / 'other.db'}")
    yield engine
    engine.dispose()


def write_odd_values(connection: sa.Connection) -> None:
    """Texts, instants, decimals and gaps that a careless format would bend."""
    loaded = {"loaded_at": datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=UTC), "load_id": "x", "row_hash": "0"}
    customer = {
        "customer_id": 'Ünïcode, ~ "quoted"\n\'; DROP TABLE orders; -- 12:3',
        "source_system": "board",
        "name": "",
        "status": "inactive",
        "priority": 2_147_483_647,
        "time_zone": "Asia/Tokyo",
        "transit_days": 0,
        "max_early_days": 0,
        "allows_split": True,
        "preferred_channel": "e-mail",
        "rollout_cohort": "日本語",
        "deactivated_at": datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    }
    connection.execute(sa.insert(customer_master).values(**customer, **loaded))
    window = {"weekday": 6, "window_start": time(0, 0, 0, 1), "window_end": time(23, 59, 59), **loaded}
    connection.execute(sa.insert(delivery_schedules).values(**window, effective_from=date(1, 1, 1)))
    exception = {"day": date(9999, 12, 31), "kind": "holiday", "hours": Decimal("0.00000001"), "entered_by": "x"}
    stamped = {name: value for name, value in loaded.items() if name != "row_hash"}
    connection.execute(sa.insert(calendar_exceptions).values(**exception, **stamped))


def checksums(folder: TableFolder) -> dict[str, tuple[int, str]]:
    return {facts.name: (facts.rows, facts.checksum) for facts in folder.tables}


def every_row(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    with reading(engine) as connection:
        tables = metadata.tables.items()
        return {name: sorted(map(tuple, connection.execute(sa.select(table))), key=repr) for name, table in tables}


def test_a_backup_of_any_engine_is_restored_on_any_other(
    filled: Warehouse, tmp_path: Path, empty_url: str, other: Engine
) -> None:
    if filled.engine.dialect.name == "mssql" and empty_url.startswith("mssql"):
        pytest.skip("there is one SQL Server database for tests")
    filled.plant.save_plant(a_plant(), now=NOW, actor="test")
    saved = create_backup(filled.engine, tmp_path / "first", now=NOW)
    expected = every_row(filled.engine)
    target = open_engine(empty_url)

    restore_backup(target, tmp_path / "first")
    restored = create_backup(target, tmp_path / "second", now=NOW)
    restore_backup(other, tmp_path / "second")

    assert checksums(saved) == checksums(restored) == checksums(create_backup(other, tmp_path / "third", now=NOW))
    assert every_row(target) == every_row(other) == expected
    assert find_problems(empty_url) == []
    assert_that_numbering_goes_on(target)
    target.dispose()


def assert_that_numbering_goes_on(engine: Engine) -> None:
    with reading(engine) as connection:
        last = connection.execute(sa.select(sa.func.max(record_history.c.history_id))).scalar_one()
    know_customers(Warehouse(engine=engine), "C77777")
    with reading(engine) as connection:
        query = sa.select(record_history.c.history_id).where(record_history.c.row_key == "C77777")
        assert connection.execute(query).scalar_one() == last + 1


def test_a_backup_holds_one_state_while_loads_go_on(warehouse: Warehouse, tmp_path: Path) -> None:
    """Each load brings one customer with one order: a backup that mixes two states has more of one of them."""
    know_customers(warehouse, "C0")
    load_orders(warehouse, order_row("O0", customer_id="C0"))
    ended = threading.Event()

    def go_on_loading() -> None:
        for number in range(1, 200):
            if ended.is_set():
                return
            in_transaction(warehouse.engine, lambda connection, n=number: copy_first(connection, n))  # type: ignore[misc]

    loading = threading.Thread(target=go_on_loading)
    loading.start()
    counts = []
    for number in range(3):
        saved = create_backup(warehouse.engine, tmp_path / str(number), now=NOW)
        counts.append((saved.facts("customer_master").rows, saved.facts("order_master").rows))
    ended.set()
    loading.join()

    assert all(customers == orders for customers, orders in counts)
    assert counts[-1] > counts[0]


def copy_first(connection: sa.Connection, number: int) -> None:
    for table, key in ((customer_master, "customer_id"), (order_master, "order_id")):
        row = dict(connection.execute(sa.select(table).order_by(table.c[key]).limit(1)).mappings().one())
        row |= {"customer_id": f"C{number}", key: f"{key[0].upper()}{number}"}
        connection.execute(sa.insert(table).values(**row | ({"source_order_id": str(number)} if key[0] == "o" else {})))


def test_a_damaged_backup_is_named_and_not_restored(backup: Path, other: Engine) -> None:
    file = backup / "order_master.parquet"
    damaged = bytearray(file.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    file.write_bytes(damaged)
    (backup / "quotes.parquet").unlink()

    with pytest.raises(StoredCopyError, match=r"order_master\.parquet is not the file that was") as refusal:
        restore_backup(other, backup)
    assert "quotes.parquet cannot be read" in str(refusal.value)
    assert current_revision(other) is None


def test_rows_that_differ_from_the_manifest_are_found(backup: Path) -> None:
    manifest = json.loads((backup / "manifest.json").read_text())
    manifest["tables"][0]["rows"] += 1
    (backup / "manifest.json").write_text(json.dumps(manifest))

    with pytest.raises(StoredCopyError, match=r"manifest\.json: is damaged"):
        verify_backup(backup)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: (path / "manifest.json").unlink(), "has no manifest.json: it is not complete"),
        (lambda path: path.rename(path.with_name("backup.partial")), "was never finished"),
        (shutil.rmtree, "cannot be read: No such file or directory"),
        (lambda path: (path / "manifest.json").write_text("{"), "manifest.json: is damaged"),
    ],
)
def test_what_is_no_complete_backup_is_refused(backup: Path, spoil: object, message: str) -> None:
    assert callable(spoil)
    spoil(backup)

    with pytest.raises(StoredCopyError, match=message):
        verify_backup(backup)


def test_a_backup_never_overwrites(backup: Path, sqlite_warehouse: Warehouse) -> None:
    with pytest.raises(StoredCopyError, match="exists already, and nothing is ever overwritten"):
        create_backup(sqlite_warehouse.engine, backup, now=NOW)

    verify_backup(backup)


def test_a_backup_that_fails_leaves_nothing(sqlite_warehouse: Warehouse, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(StoredCopyError, match="cannot be written: Not a directory"):
        create_backup(sqlite_warehouse.engine, tmp_path / "file" / "backup", now=NOW)
    assert [path.name for path in tmp_path.iterdir() if "backup" in path.name] == []


def test_a_warehouse_that_has_rows_is_never_restored_into(backup: Path, warehouse: Warehouse) -> None:
    know_customers(warehouse, "C1")

    with pytest.raises(StoredCopyError, match="is not empty, customer_master has rows; restore into a new database"):
        restore_backup(warehouse.engine, backup)
    assert count_of(warehouse, customer_master) == 1
    assert count_of(warehouse, order_master) == 0


def test_a_restore_that_fails_leaves_the_warehouse_empty(
    backup: Path, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that are read back otherwise than they were saved: the last step before the commit refuses."""
    monkeypatch.setattr("cms.warehouse.backup.checksum_of", lambda _batches: (7, "0" * 32))

    with pytest.raises(StoredCopyError, match="were read back, the backup has"):
        restore_backup(warehouse.engine, backup)
    assert all(count_of(warehouse, table) == 0 for table in metadata.sorted_tables)

    monkeypatch.undo()
    restore_backup(warehouse.engine, backup)
    assert count_of(warehouse, order_master) == 40


def test_a_backup_of_an_older_schema_is_restored_and_upgraded(backup: Path, other: Engine, tmp_path: Path) -> None:
    older = say_that_it_is_of("0001", backup, tmp_path)

    restore_backup(other, older)

    assert current_revision(other) == head_revision()
    assert count_of(Warehouse(engine=other), order_master) == 40


def test_a_backup_of_a_newer_schema_is_refused(backup: Path, other: Engine, tmp_path: Path) -> None:
    with pytest.raises(StoredCopyError, match="revision 9999, which this program does not know"):
        restore_backup(other, say_that_it_is_of("9999", backup, tmp_path))


def test_an_empty_warehouse_of_another_schema_is_refused(backup: Path, other: Engine) -> None:
    upgrade(other)
    downgrade(other, "0001")

    with pytest.raises(StoredCopyError, match="its schema is at revision 0001, the backup's at"):
        restore_backup(other, backup)


def say_that_it_is_of(revision: str, backup: Path, folder: Path) -> Path:
    """The same rows as a program of another revision would have saved them: only of the tables that it has."""
    saved = TableFolder.open(backup, what="backup")
    engine = open_engine(f"sqlite:///{folder / 'scratch.db'}")
    upgrade(engine, revision if revision in known_revisions() else "head")
    inspector = sa.inspect(engine)
    present = {name: {c["name"] for c in inspector.get_columns(name)} for name in inspector.get_table_names()}
    engine.dispose()
    path = folder / f"of-{revision}"
    with new_folder(path) as writer:
        for facts in saved.tables:
            if facts.name in present:
                table = table_with(facts.name, present[facts.name])
                writer.write(table, (batch.select(table.columns.keys()) for batch in saved.batches(facts.name)))
        writer.finish(path, what="backup", revision=revision, created_at=NOW.isoformat(), about={})
    return path


def table_with(name: str, columns: set[str]) -> sa.Table:
    known = metadata.tables[name].columns
    return sa.Table(name, sa.MetaData(), *(sa.Column(c.name, c.type) for c in known if c.name in columns))
