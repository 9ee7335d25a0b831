"""A planner sees a schedule that was rolled back by itself, and rolls one back by hand."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from cms.bootstrap import System
from cms.cli import app
from cms.domain.errors import CmsError, ScheduleRolledBackError
from cms.warehouse.tables import capacity_planning
from tests.builders import MONDAY
from tests.small_system import small_system

Cms = Callable[..., str]
DAY = ("--as-of", MONDAY.isoformat())


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[System]:
    with small_system(tmp_path) as system:
        for variable, value in system.environment.items():
            monkeypatch.setenv(variable, value)
        monkeypatch.setenv("CMS_PLANNING_METHOD", "dispatch")
        yield system


def cms(*arguments: str) -> Any:
    result = CliRunner().invoke(app, [*arguments, "--json"])
    if isinstance(result.exception, CmsError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def break_the_capacity(system: System) -> None:
    with system.warehouse.engine.begin() as connection:
        connection.execute(sa.update(capacity_planning).values(committed_hours=0.5))


def test_a_broken_schedule_is_rolled_back_and_every_command_says_so(system: System) -> None:
    assert cms("plan", "daily", *DAY)["found_wrong"] == []
    cms("plan", "daily", *DAY, "--force")
    break_the_capacity(system)

    with pytest.raises(ScheduleRolledBackError, match="version 2 was rolled back to version 1, in force as version 3"):
        cms("quality", "check", "--roll-back")

    problem = "schedule version 2 was rolled back by itself: committed hours are the sum of the loads"
    assert any(found.startswith(problem) for found in cms("status")["problems"])
    shown = CliRunner().invoke(app, ["schedule", "show", "--late"]).output
    assert problem in " ".join(shown.split())
    versions = {v["version"]: v for v in cms("schedule", "versions")}
    assert (versions[2]["status"], versions[3]["reason_code"]) == ("rolled_back", "automatic_rollback")
    assert versions[2]["findings"][0].startswith("committed hours are the sum of the loads")
    again = cms("plan", "daily", *DAY)
    assert (again["published"], again["version"], again["rejected_version"]) == (False, 3, 2)


def test_a_plan_beyond_a_limit_is_rolled_back_by_the_same_command(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    cms("plan", "daily", *DAY)
    monkeypatch.setenv("CMS_ROLLBACK_MAX_UTILIZATION", "0.000001")

    with pytest.raises(ScheduleRolledBackError, match=r"utilization is .* \(rollback.max_utilization\)") as raised:
        cms("plan", "daily", *DAY, "--force")

    assert raised.value.exit_status == 15
    assert system.warehouse.schedules.published_version() == 3


def test_a_planner_rolls_back_by_hand_and_the_history_keeps_the_reason(system: System) -> None:
    cms("plan", "daily", *DAY, "--force")
    published = system.warehouse.schedules.published()
    assert published is not None
    order = next(delivery.order_id for delivery in published.deliveries)

    back = cms("schedule", "rollback", "--to", "1", *DAY, "--actor", "Ada", "--reason", "the mill is not accepted yet")

    assert back["version"] == 3
    assert cms("schedule", "versions")[0]["actor"] == "Ada"
    assert {v["version"]: v["status"] for v in cms("schedule", "versions")}[2] == "rolled_back"
    assert cms("plan", "daily", *DAY)["rejected_version"] == 2
    assert cms("schedule", "show", "--order", order)["version"] == 3
