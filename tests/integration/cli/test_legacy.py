"""`cms legacy compare`: an export of the old system, by a mapping of the settings, beside the published schedule."""

import csv
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl import Workbook
from typer.testing import CliRunner

from cms.bootstrap import System
from cms.cli import app
from cms.domain.errors import CmsError, InvalidValueError, NotFoundError, SourceError
from tests.small_system import small_system

MAPPING = """
[sources.old_system]
kind = "file"
dataset = "deliveries"
path = "unused.csv"
separator = ";"

[sources.old_system.fields]
order_id = "Auftrag"
customer_id = "Kunde"
delivery_date = { column = "Liefertag", format = "%d.%m.%Y" }
quantity = { column = "Menge", decimal = "," }
"""


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with small_system(tmp_path_factory.mktemp("legacy")) as system:
        yield system


@pytest.fixture(autouse=True)
def _environment(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in system.environment.items():
        monkeypatch.setenv(variable, value)


def cms(*arguments: str | Path) -> Any:
    result = CliRunner().invoke(app, ["legacy", "compare", *map(str, arguments)])
    if isinstance(result.exception, CmsError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout) if "--json" in arguments else result.output


def our_rows(system: System) -> list[dict[str, Any]]:
    published = system.warehouse.schedules.published()
    assert published is not None
    return [
        {
            "order_id": d.order_id,
            "customer_id": d.customer_id,
            "delivery_date": d.delivery_date.isoformat(),
            "quantity": str(d.quantity),
        }
        for d in published.deliveries
    ]


def write_csv(path: Path, rows: list[dict[str, Any]], separator: str = ",") -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), delimiter=separator)
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.mark.parametrize("ending", ["csv", "parquet", "xlsx"])
def test_our_own_schedule_agrees_with_itself_in_every_format(system: System, tmp_path: Path, ending: str) -> None:
    rows, path = our_rows(system), tmp_path / f"ours.{ending}"
    if ending == "csv":
        write_csv(path, rows)
    elif ending == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        book = Workbook(write_only=True)
        sheet = book.create_sheet()
        for line in [list(rows[0]), *(list(row.values()) for row in rows)]:
            sheet.append(line)
        book.save(path)

    answer = cms(path, "--check", "--json")

    assert answer["counts"] == {}
    assert answer["comparison"]["agreeing"] == len({row["order_id"] for row in rows})


def test_differences_come_with_reasons_and_a_report(system: System, tmp_path: Path) -> None:
    rows = our_rows(system)
    rows[0]["delivery_date"] = "2026-01-17"  # a Saturday: nobody takes delivery
    rows[1]["quantity"] = "1"
    rows[2]["customer_id"] = "C-OLD"
    del rows[3:5]
    rows.append({**rows[0], "order_id": "OLD-1"})
    report, table = tmp_path / "report.html", tmp_path / "report.csv"

    answer = cms(write_csv(tmp_path / "old.csv", rows), "--json", "--output", report)
    cms(tmp_path / "old.csv", "--output", table)
    shown = cms(tmp_path / "old.csv")

    assert answer["counts"].keys() >= {
        "only in legacy",
        "only in ours",
        "unknown customer",
        "other date",
        "other quantity",
    }
    by_order = {order["order_id"]: order for order in answer["comparison"]["orders"]}
    assert any("no window on Saturday" in reason for reason in by_order[rows[0]["order_id"]]["reasons"])
    assert by_order["OLD-1"]["reasons"] == ["our order book has no such order"]
    assert "OLD-1" in report.read_text("utf-8")
    with table.open(encoding="utf-8") as stream:
        assert {line["order_id"] for line in csv.DictReader(stream)} == by_order.keys()
    assert "our order book has no such order" in " ".join(shown.split())


def test_the_mapping_of_the_settings_reads_the_file(system: System, tmp_path: Path) -> None:
    own = Path(system.environment["CMS_CONFIG"])
    settings = own.with_name("legacy.toml")
    settings.write_text(own.read_text("utf-8") + MAPPING, encoding="utf-8")
    published = system.warehouse.schedules.published()
    assert published is not None
    rows = [
        {
            "Auftrag": d.order_id,
            "Kunde": d.customer_id,
            "Liefertag": f"{d.delivery_date + timedelta(days=1):%d.%m.%Y}",
            "Menge": str(d.quantity).replace(".", ","),
        }
        for d in published.deliveries
    ]
    path = write_csv(tmp_path / "alt.csv", rows, ";")

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CMS_CONFIG", str(settings))
        answer = cms(path, "--json")
        named = cms(path, "--source", "old_system", "--json")

    assert {order["days"] for order in answer["comparison"]["orders"]} == {-1}
    assert answer["counts"] == {"other date": len({d.order_id for d in published.deliveries})}
    assert named == answer


def test_what_cannot_be_compared_is_refused_by_name(system: System, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "other.csv", [{"order": "1", "day": "2026-01-13"}])

    with pytest.raises(SourceError, match=r"has no column 'order_id' .*'delivery_date'"):
        cms(path)
    with pytest.raises(SourceError, match=r"nothing.csv"):
        cms(tmp_path / "nothing.csv")
    with pytest.raises(NotFoundError, match="no source of deliveries named 'sap'"):
        cms(path, "--source", "sap")
    with pytest.raises(InvalidValueError, match=r"--output: must end with .html or .csv"):
        cms(path, "--output", tmp_path / "report.pdf")


def test_a_difference_can_end_a_script(system: System, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "one.csv", our_rows(system)[:1])

    assert CliRunner().invoke(app, ["legacy", "compare", str(path), "--check"]).exit_code == 1
