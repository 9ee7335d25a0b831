"""A command whose reader goes away says nothing about it, finishes its work, and ends with the status of that work."""

import subprocess
from pathlib import Path

import pytest

from tests.integration.cli.command import COMMAND, Workplace


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    place = Workplace(folder=tmp_path, variables={"CMS_WAREHOUSE_URL": f"sqlite:///{tmp_path}/warehouse.db"})
    assert place.cms("db", "upgrade").status == 0
    return place


def unread(place: Workplace, command: str) -> tuple[int, str]:
    """Status and complaints of a command whose output nobody reads."""
    script = f'exec 9>&1; {{ "$0" {command}; echo $? >&9; }} | true'
    ran = subprocess.run(
        ["bash", "-c", script, str(COMMAND)],
        cwd=place.folder,
        env={"PATH": "/usr/bin:/bin"} | place.variables,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return int(ran.stdout), ran.stderr


def test_a_backup_is_made_whole_though_nobody_reads_its_progress(place: Workplace) -> None:
    assert unread(place, "backup create saved 2>&1") == (0, "")
    assert place.cms("backup", "verify", "saved").status == 0


def test_a_list_that_is_not_read_to_its_end_is_no_failure(place: Workplace) -> None:
    assert unread(place, "config show") == (0, "")
    assert unread(place, "--help") == (0, "")


def test_a_refusal_keeps_its_status(place: Workplace) -> None:
    assert unread(place, "backup verify nowhere 2>&1")[0] == place.cms("backup", "verify", "nowhere").status != 0
