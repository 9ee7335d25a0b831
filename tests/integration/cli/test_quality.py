"""`cms quality`: a steward looks at what was held back, and decides."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cms.application.ports import Dataset, SourceRow
from cms.cli import app
from cms.config import GateSettings
from cms.domain.errors import CmsError, InvalidValueError, LoadRefusedError, NotFoundError
from cms.warehouse.tables import metadata
from cms.warehouse.warehouse import Warehouse
from expectations.direct import DirectGate
from tests.staged_rows import NOW, a_staged_order, know_customers

Cms = Callable[..., Any]


@pytest.fixture
def folder(tmp_path: Path, sqlite_warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose settings name the warehouse."""
    url = sqlite_warehouse.engine.url.render_as_string(hide_password=False)
    (tmp_path / "cms.toml").write_text(f'[warehouse]\nurl = "{url}"\n[gate]\ndata_docs = "{tmp_path}/docs"\n')
    monkeypatch.chdir(tmp_path)
    know_customers(sqlite_warehouse.engine, "C1")
    return tmp_path


@pytest.fixture
def cms(folder: Path) -> Cms:
    def run(*arguments: str, status: int = 0) -> Any:
        result = CliRunner().invoke(app, ["quality", *arguments, "--json"])
        if isinstance(result.exception, CmsError):
            raise result.exception
        assert result.exit_code == status, result.output
        return json.loads(result.stdout)

    return run


def load(warehouse: Warehouse, *rows: dict[str, Any], now: datetime = NOW) -> str:
    """Send orders through the gate; the load's id."""
    read = [SourceRow(values=row, raw={name: str(value) for name, value in row.items()}) for row in rows]
    staged = warehouse.loads.stage(Dataset.ORDERS, read, source="erp", now=now)
    gate = DirectGate(engine=warehouse.engine, tables=metadata.tables, settings=GateSettings())
    warehouse.loads.merge(staged, gate.judge(staged, now=now), now=now)
    return staged.load_id


def test_rows_are_shown_with_their_reasons(cms: Cms, sqlite_warehouse: Warehouse) -> None:
    load_id = load(sqlite_warehouse, a_staged_order(1), a_staged_order(2, customer_id="C2"))

    shown = cms("show", "--dataset", "orders")
    of_load = cms("show", "--load", load_id)

    assert [row["reason"] for row in shown["rows"]] == ["customer 'C2' is not in the customer master"]
    assert [result["expectation"] for result in of_load["not_met"]] == ["every order belongs to a known customer"]


def test_a_row_whose_cause_is_gone_is_released(cms: Cms, sqlite_warehouse: Warehouse) -> None:
    load(sqlite_warehouse, a_staged_order(2, customer_id="C2"))
    know_customers(sqlite_warehouse.engine, "C2")

    assert cms("release", "1", "--by", "Ada") == {"asked": 1, "released": 1, "still_held": []}

    (row,) = cms("show", "--status", "released")["rows"]
    assert row["decided_by"] == "Ada"
    assert sqlite_warehouse.orders.order("O2").customer_id == "C2"  # type: ignore[arg-type]


def test_a_row_that_still_breaks_its_expectation_keeps_waiting(cms: Cms, sqlite_warehouse: Warehouse) -> None:
    load(sqlite_warehouse, a_staged_order(2, customer_id="C2"))

    answer = cms("release", "1", status=13)

    assert answer["released"] == 0
    assert answer["still_held"][0]["reason"] == "customer 'C2' is not in the customer master"
    assert len(cms("show")["rows"]) == 1


def test_a_suspicion_is_released_once_it_is_accepted(cms: Cms, sqlite_warehouse: Warehouse) -> None:
    load(sqlite_warehouse, a_staged_order(1))
    load(sqlite_warehouse, a_staged_order(1, quantity=400, source_updated_at=NOW))

    assert cms("release", "1", status=13)["released"] == 0
    assert cms("release", "1", "--accept", "a quantity keeps its decimal point")["released"] == 1
    assert sqlite_warehouse.orders.order("O1").quantity == 400  # type: ignore[arg-type]


def test_what_is_no_suspicion_cannot_be_accepted(cms: Cms, sqlite_warehouse: Warehouse) -> None:
    load(sqlite_warehouse, a_staged_order(2, customer_id="C2"))

    with pytest.raises(InvalidValueError, match="must be one of the suspicions"):
        cms("release", "1", "--accept", "every order belongs to a known customer")


def test_a_rejected_row_is_not_shown_again(cms: Cms, sqlite_warehouse: Warehouse) -> None:
    load(sqlite_warehouse, a_staged_order(2, customer_id="C2"))

    assert cms("reject", "1") == {"rows": 1, "load": None}
    load(sqlite_warehouse, a_staged_order(2, customer_id="C2"))

    assert cms("show")["rows"] == []


def test_a_refused_load_is_released_once_its_cause_is_gone(cms: Cms, sqlite_warehouse: Warehouse) -> None:
    rows = [a_staged_order(number, customer_id="C2") for number in range(20)]
    with pytest.raises(LoadRefusedError):
        load(sqlite_warehouse, *rows)
    (refused,) = cms("show")["refused_loads"]
    with pytest.raises(LoadRefusedError):
        cms("release", "--load", refused["load_id"])
    know_customers(sqlite_warehouse.engine, "C2")

    assert cms("release", "--load", refused["load_id"])["merged"] == 20
    assert cms("show")["refused_loads"] == []


def test_a_refused_load_is_given_up(cms: Cms, sqlite_warehouse: Warehouse) -> None:
    with pytest.raises(LoadRefusedError):
        load(sqlite_warehouse, *(a_staged_order(number, customer_id="C2") for number in range(20)))
    (refused,) = cms("show")["refused_loads"]

    cms("reject", "--load", refused["load_id"])

    with pytest.raises(NotFoundError):
        cms("release", "--load", refused["load_id"])


def test_the_trend_tells_what_is_broken_most_and_whether_it_gets_better(cms: Cms, sqlite_warehouse: Warehouse) -> None:
    bad = a_staged_order(1, customer_id="C2")
    for hours, rows in enumerate(([bad, bad | {"source_order_id": "S9", "order_id": "O9"}], [a_staged_order(2)])):
        load(sqlite_warehouse, *rows, now=NOW + timedelta(hours=hours))

    (line,) = cms("trend", "--days", "36500")

    assert line == {
        "expectation": "every order belongs to a known customer",
        "severity": "critical",
        "loads": 2,
        "broken_loads": 1,
        "rows": 2,
        "older_rows": 2,
        "newer_rows": 0,
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["release"], "must name at least one row"),
        (["reject"], "must name at least one row"),
        (["show", "--dataset", "boats"], "must be one of customers, windows, orders"),
        (["show", "--status", "lost"], "must be one of waiting"),
        (["release", "99"], "no row in quarantine '99'"),
    ],
)
def test_a_wrong_command_says_what_is_wrong(cms: Cms, arguments: list[str], said: str) -> None:
    with pytest.raises(CmsError, match=said):
        cms(*arguments)


def test_tables_are_readable_without_json(folder: Path, sqlite_warehouse: Warehouse) -> None:
    load(sqlite_warehouse, a_staged_order(1), a_staged_order(2, customer_id="C2"))
    with pytest.raises(LoadRefusedError):
        load(sqlite_warehouse, *(a_staged_order(number, customer_id="C2") for number in range(20)))
    runner = CliRunner()

    shown = runner.invoke(app, ["quality", "show"])
    released = runner.invoke(app, ["quality", "release", "1"])
    trend = runner.invoke(app, ["quality", "trend", "--days", "36500"])
    rejected = runner.invoke(app, ["quality", "reject", "1"])

    assert "Refused loads" in shown.output
    assert "still held: customer 'C2'" in released.output
    assert "last 36500 days" in trend.output
    assert "rejected 1 row(s)" in rejected.output


def test_it_is_told_how_many_rows_wait_beside_those_that_are_shown(cms: Cms, sqlite_warehouse: Warehouse) -> None:
    load(sqlite_warehouse, *(a_staged_order(n, customer_id="C2" if n % 10 == 0 else "C1") for n in range(9, 30)))

    shown = cms("show", "--limit", "1")
    table = CliRunner().invoke(app, ["quality", "show", "--limit", "1"]).output

    assert (len(shown["rows"]), shown["rows_in_all"]) == (1, 2)
    assert "first 1 (all: --limit 2) of 2 row(s) in quarantine" in table


def test_the_schedule_is_checked_and_the_docs_are_built(cms: Cms, folder: Path, sqlite_warehouse: Warehouse) -> None:
    load(sqlite_warehouse, a_staged_order(1))

    checked = cms("check")
    index = Path(cms("docs")["index"])

    assert [verdict["suite"] for verdict in checked] == ["master_schedule", "order_book", "weekly_capacity_plan"]
    assert index == folder / "docs" / "index.html"
    assert "order_book" in index.read_text("utf-8")
