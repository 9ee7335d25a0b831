"""`cms archive` and `cms backup` as an administrator uses them; what they keep true is tested with the warehouse."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cms.bootstrap import System
from cms.cli import app
from cms.domain.errors import CmsError
from tests.small_system import small_system


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with small_system(tmp_path_factory.mktemp("small"), customers=5, orders_per_month=10) as system:
        yield system


@pytest.fixture
def folder(system: System, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for variable, value in system.environment.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv("CMS_RETENTION_YEARS", "1")
    monkeypatch.setenv("CMS_RETENTION_ARCHIVE", str(tmp_path / "archive"))
    return tmp_path


def cms(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, list(map(str, arguments)))


def status_of(*arguments: str | Path) -> int:
    error = cms(*arguments).exception
    assert isinstance(error, CmsError), error
    return error.exit_status


def test_old_orders_are_counted_archived_found_and_verified(folder: Path) -> None:
    counted = json.loads(cms("archive", "run", "--dry-run", "--as-of", "2026-01-05", "--json").stdout)
    ran = json.loads(cms("archive", "run", "--as-of", "2026-01-05", "--json").stdout)
    again = cms("archive", "run", "--as-of", "2026-01-05")
    checked = json.loads(cms("archive", "verify", "--json").stdout)
    found = json.loads(cms("archive", "query", "--to", "2024-12-01", "--limit", "2", "--json").stdout)
    shown = cms("archive", "query", "--order", found[0]["order"]["order_id"]).stdout

    assert counted["cutoff"] == ran["cutoff"] == "2025-01-05"
    assert counted["waiting"]["orders"] == ran["archived"][0]["rows"]["order_master"] > 0
    assert "0 rows older than 2025-01-05 archived" in again.stdout
    assert (checked["problems"], checked["unfinished"]) == ([], [])
    assert [one["place"] for one in found] == ["000001-orders", "000001-orders"]
    assert f"History of {found[0]['order']['order_id']}" in shown

    (folder / "archive" / "000001-orders" / "order_master.parquet").unlink()
    damaged = cms("archive", "verify")
    assert damaged.exit_code == 14
    assert "order_master.parquet cannot be read" in damaged.output


def test_what_cannot_be_archived_or_asked_ends_with_its_own_status(folder: Path) -> None:
    assert status_of("archive", "run", "--as-of", "2999-01-01") == 2
    assert status_of("archive", "query") == 2
    assert status_of("archive", "query", "--order", "SO-NONE") == 8


def test_a_backup_is_reported_and_a_damaged_one_has_its_own_status(folder: Path) -> None:
    made = json.loads(cms("backup", "create", folder / "backup", "--json").stdout)
    verified = cms("backup", "verify", folder / "backup")

    assert made["rows"] == sum(table["rows"] for table in made["tables"].values()) > 0
    assert verified.stdout.startswith(f"verified {made['rows']:,} rows of {len(made['tables'])} tables")
    assert status_of("backup", "create", folder / "backup") == 14
    assert status_of("backup", "restore", folder / "backup") == 14  # the warehouse is not empty
    assert status_of("backup", "verify", folder) == 14
