"""`cms solve`: exit status, messages and files, as a program that calls it sees them."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cms.cli import app
from cms.domain.errors import CmsError


def a_document(**changes: Any) -> dict[str, Any]:
    return {
        "as_of": "2026-01-05",
        "horizon_days": 5,
        "planning_time_fence_days": 1,
        "default_windows": [{"weekday": 0, "start": "08:00", "end": "17:00"}],
        "resources": [{"id": "OVEN", "buckets": [{"date": "2026-01-05", "regular_hours": 8}]}],
        "customers": [{"id": "C1"}],
        "orders": [
            {
                "id": "O1",
                "customer": "C1",
                "priority": 1,
                "quantity": 1,
                "due_date": "2026-01-05",
                "routings": [{"id": "A", "loads": [{"resource": "OVEN", "hours": 4}]}],
            }
        ],
    } | changes


def run(tmp_path: Path, text: str, *options: str) -> Result:
    (tmp_path / "problem.json").write_text(text, encoding="utf-8")
    arguments = ["solve", str(tmp_path / "problem.json"), "--output", str(tmp_path / "schedule.json"), *options]
    return CliRunner().invoke(app, arguments)


@pytest.mark.parametrize("method", ["optimal", "dispatch"])
def test_a_schedule_is_written_and_summarised(tmp_path: Path, method: str) -> None:
    outcome = run(tmp_path, json.dumps(a_document()), "--method", method)

    assert outcome.exit_code == 0
    assert "priority 1" in outcome.output
    written = json.loads((tmp_path / "schedule.json").read_text())
    assert [row["delivery_date"] for row in written["deliveries"]] == ["2026-01-05"]


def test_json_prints_nothing_but_the_document(tmp_path: Path) -> None:
    outcome = run(tmp_path, json.dumps(a_document()), "--json")

    assert json.loads(outcome.stdout) == json.loads((tmp_path / "schedule.json").read_text())


def test_an_infeasible_frozen_plan_is_written_with_its_reason_and_ends_with_3(tmp_path: Path) -> None:
    document = a_document()
    published = {"routing": "A", "completion_date": "2026-01-05", "delivery_date": "2026-01-05", "quantity": 1}
    document["orders"][0] |= {"current": [published]}
    document["orders"][0]["routings"][0]["loads"][0]["hours"] = 9

    outcome = run(tmp_path, json.dumps(document))

    assert isinstance(outcome.exception, CmsError)
    assert outcome.exception.exit_status == 3
    written = json.loads((tmp_path / "schedule.json").read_text())
    assert written["status"] == "infeasible"
    assert written["reason"] == "frozen deliveries need 9 h of OVEN on 2026-01-05, which has 8 h"


@pytest.mark.parametrize(
    ("text", "words"),
    [("{", "must be JSON"), (json.dumps(a_document(horizon_days=0)), "horizon_days: must be 1 to")],
)
def test_a_broken_problem_ends_with_2_and_writes_nothing(tmp_path: Path, text: str, words: str) -> None:
    outcome = run(tmp_path, text)

    assert isinstance(outcome.exception, CmsError)
    assert outcome.exception.exit_status == 2
    assert words in str(outcome.exception)
    assert not (tmp_path / "schedule.json").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--output", "/nowhere/at/all.json"], "directory that exists"),
        (["--output", "/"], "not a directory"),
        (["--time-limit", "0"], "more than 0"),
        (["--time-limit", "nan"], "more than 0"),
    ],
)
def test_options_that_cannot_work_end_with_2(tmp_path: Path, options: list[str], words: str) -> None:
    outcome = run(tmp_path, json.dumps(a_document()), *options)

    assert isinstance(outcome.exception, CmsError)
    assert outcome.exception.exit_status == 2
    assert words in str(outcome.exception)


def test_a_file_that_is_not_there_or_no_text_ends_with_2(tmp_path: Path) -> None:
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    for name in ("missing.json", "binary.json"):
        outcome = CliRunner().invoke(app, ["solve", str(tmp_path / name), "--output", str(tmp_path / "out.json")])

        assert isinstance(outcome.exception, CmsError)
        assert outcome.exception.exit_status == 2


def test_progress_tells_what_each_tier_has_reached(tmp_path: Path) -> None:
    done = run(tmp_path, json.dumps(a_document()))

    assert "priority 1: 0.000, at least 0.000" in done.stderr
    assert "priority 1" not in run(tmp_path, json.dumps(a_document()), "--json").stderr
