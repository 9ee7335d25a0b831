"""Bad input: one clear error naming what and where, a status that is not 0, and tables that do not change."""

import shutil
import sqlite3
import tempfile
import textwrap
from pathlib import Path

import pytest

from tests.integration.cli.command import Answer, Workplace
from tests.postgresql_server import find_binaries, start_server

SETTINGS = """
[sources.people]
kind = "file"
dataset = "customers"
path = "customers.csv"
[sources.people.fields]
customer_id = "id"
name = "name"
status = { constant = "active" }

[sources.erp]
kind = "file"
dataset = "orders"
path = "orders.csv"
[sources.erp.fields]
order_id = "number"
source_order_id = "number"
customer_id = "customer"
product_family = { constant = "panels" }
quantity = "units"
ordered_at = { column = "ordered", format = "%d/%m/%Y" }
requested_date = { column = "wanted", format = "%d/%m/%Y" }

[sources.away]
kind = "rest"
dataset = "orders"
url = "http://127.0.0.1:9/orders"
timeout_seconds = 1
max_attempts = 2
[sources.away.fields]
order_id = "number"
source_order_id = "number"

[warehouse]
url = "sqlite:///warehouse.db"
"""
PEOPLE = "id,name\nC1,Harbour Foods\n"
GOOD = "number,customer,units,ordered,wanted\nO1,C1,10,02/01/2026,13/01/2026\n"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose warehouse has one customer and one order."""
    folder = tmp_path_factory.mktemp("prepared")
    (folder / "cms.toml").write_text(SETTINGS)
    (folder / "customers.csv").write_text(PEOPLE)
    (folder / "orders.csv").write_text(GOOD)
    place = Workplace(folder=folder)
    assert place.cms("db", "upgrade").status == 0
    assert place.cms("import", "customers", "--source", "people").status == 0
    assert place.cms("import", "orders", "--source", "erp").status == 0
    return folder


@pytest.fixture
def place(prepared: Path, tmp_path: Path) -> Workplace:
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    return Workplace(folder=tmp_path)


def orders_in(place: Workplace) -> list[tuple[str, float]]:
    with sqlite3.connect(place.folder / "warehouse.db") as connection:
        found = connection.execute("SELECT order_id, quantity FROM order_master ORDER BY order_id").fetchall()
    connection.close()
    return found


def import_orders(place: Workplace, text: str) -> Answer:
    (place.folder / "orders.csv").write_text(textwrap.dedent(text))
    return place.cms("import", "orders", "--source", "erp")


def assert_refused(answer: Answer, *words: str) -> None:
    assert answer.status not in (0, 70)
    assert "Traceback" not in answer.out + answer.err
    for word in words:
        assert word in answer.err


def test_bad_input_of_every_kind_leaves_the_tables_alone(place: Workplace) -> None:
    before = orders_in(place)
    assert before == [("O1", 10.0)]

    assert_refused(import_orders(place, "number,customer,units,ordered\nO2,C1,10,02/01/2026\n"), "wanted", "erp")
    assert_refused(
        import_orders(place, "number,customer,units,ordered,wanted\nO2,C1,ten,02/01/2026,13/01/2026\n"),
        "quantity",
        "'ten'",
    )
    assert_refused(import_orders(place, "number,customer,units,ordered,wanted\nO2,C9,10,02/01/2026,13/01/2026\n"), "C9")
    duplicated = GOOD.replace("O1", "O2") + "O2,C1,99,02/01/2026,13/01/2026\n"
    assert_refused(import_orders(place, duplicated), "O2")
    (place.folder / "orders.csv").unlink()
    assert_refused(place.cms("import", "orders", "--source", "erp"), "orders.csv")
    assert_refused(place.cms("import", "orders", "--source", "nobody"), "nobody", "erp")

    assert orders_in(place) == before


def test_an_unreachable_source_is_named(place: Workplace) -> None:
    answer = place.cms("import", "orders", "--source", "away")

    assert_refused(answer, "away", "127.0.0.1:9")


def test_a_sync_without_any_source_is_no_success(tmp_path: Path) -> None:
    place = Workplace(folder=tmp_path)

    for dataset in ("customers", "orders"):
        answer = place.cms("sync", dataset)
        assert answer.status == 8
        assert f"no source of '{dataset}'" in answer.err
        assert "add [sources.NAME] to cms.toml, or name the file in CMS_CONFIG" in answer.err


def test_a_full_disk_is_named_and_the_tables_stay(place: Workplace) -> None:
    before = orders_in(place)
    many = "".join(f"M{n},C1,10,02/01/2026,13/01/2026\n" for n in range(20_000))
    (place.folder / "orders.csv").write_text(GOOD + many)

    answer = place.cms("import", "orders", "--source", "erp", largest_file_kb=900)

    assert_refused(answer, "warehouse")
    assert orders_in(place) == before


@pytest.mark.skipif(find_binaries() is None, reason="PostgreSQL is not installed (Debian package postgresql)")
def test_a_warehouse_that_does_not_answer_is_named_without_its_password(tmp_path: Path) -> None:
    place = Workplace(
        folder=tmp_path,
        variables={"CMS_WAREHOUSE_URL": "postgresql+psycopg://cms:s3cret@127.0.0.1:9/cms"},
    )

    answer = place.cms("db", "check")

    assert_refused(answer, "127.0.0.1")
    assert "s3cret" not in answer.out + answer.err


@pytest.mark.skipif(find_binaries() is None, reason="PostgreSQL is not installed (Debian package postgresql)")
def test_a_wrong_password_is_named_and_neither_is_shown(tmp_path: Path) -> None:
    server = start_server(Path(tempfile.mkdtemp(prefix="cms-postgresql-")))
    try:
        url = server.create_database("warehouse")
        server.require_password("r1ght-pw")
        answers = {
            password: Workplace(
                folder=tmp_path, variables={"CMS_WAREHOUSE_URL": url.replace("@", f":{password}@")}
            ).cms("db", "upgrade")
            for password in ("wr0ng-pw", "r1ght-pw")
        }
    finally:
        server.stop()

    refused = answers["wr0ng-pw"]
    assert_refused(refused, "refused the user or the password", "CMS_WAREHOUSE_URL")
    assert refused.status == 7
    assert "wr0ng-pw" not in refused.out + refused.err
    assert answers["r1ght-pw"].status == 0
    assert "r1ght-pw" not in answers["r1ght-pw"].out + answers["r1ght-pw"].err


@pytest.mark.parametrize(
    "command",
    [
        ("plan", "daily"),
        ("status",),
        ("serve", "--port", "0"),
        ("db", "upgrade"),
    ],
    ids=lambda command: "-".join(command[:2]),
)
def test_a_schema_newer_than_the_program_is_refused_by_every_command(
    place: Workplace, command: tuple[str, ...]
) -> None:
    with sqlite3.connect(place.folder / "warehouse.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()

    answer = place.cms(*command)

    assert_refused(answer, "revision 9999", "newer than this program", "install the program that made it")
    assert answer.status == 7
    assert orders_in(place) == [("O1", 10.0)]


def test_every_wrong_setting_is_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "cms.toml").write_text('[planning]\nhorizon_days = 0\nhorison = 1\n[web]\nport = "x"\n')

    answer = Workplace(folder=tmp_path).cms("config", "check")

    assert_refused(answer, "planning.horizon_days", "planning.horison", "web.port")
