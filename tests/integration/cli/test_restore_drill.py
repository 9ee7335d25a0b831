"""The restore drill of the runbook, command by command as it stands there."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cms.cli import app
from cms.warehouse import Warehouse
from tests.small_system import small_system
from tests.table_checks import find_problems

RUNBOOK = Path(__file__).parents[3] / "docs" / "admin" / "runbook.md"


def commands_of_the_drill() -> list[str]:
    found = re.search(r"## Restore drill\n.*?```console\n(.*?)```", RUNBOOK.read_text(encoding="utf-8"), re.DOTALL)
    assert found, "the runbook has a restore drill"
    return [line.removeprefix("$ ") for line in found.group(1).splitlines()]


def test_the_restore_drill_of_the_runbook_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backups = tmp_path / "backups"
    backups.mkdir()
    with small_system(tmp_path) as system:
        for variable, value in system.environment.items():
            monkeypatch.setenv(variable, value)
        published = system.warehouse.schedules.published()
        shown = CliRunner().invoke(app, ["schedule", "show", "--json"]).stdout

        for command in commands_of_the_drill():
            run(command.replace("/backups", str(backups)), monkeypatch)

    restored = Warehouse.open(f"sqlite:///{backups / 'drill.db'}")
    assert restored.schedules.published() == published
    assert CliRunner().invoke(app, ["schedule", "show", "--json"]).stdout == shown
    assert find_problems(f"sqlite:///{backups / 'drill.db'}") == []
    restored.close()


def run(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, _, rest = command.partition(" ")
    if name == "export":
        monkeypatch.setenv(*rest.split("=", 1))
        return
    assert name == "cms", command
    result = CliRunner().invoke(app, shlex.split(rest))
    assert result.exit_code == 0, f"{command}: {result.output} {result.exception!r}"
