"""A planner holds capacity for a quote until its time is over, and puts a rush order before others, by command."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from cms import bootstrap
from cms.bootstrap import System
from cms.cli import app
from cms.domain.errors import CmsError, InvalidValueError
from tests.builders import MONDAY
from tests.fakes import FakeClock
from tests.small_system import small_system

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
FENCE_ENDS = MONDAY + timedelta(days=3)
REQUEST = ("--customer", "C00001", "--family", "panels", "--quantity", "40", "--by", "2026-01-12")


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with small_system(tmp_path_factory.mktemp("plant"), orders_per_month=60) as system:
        yield system


@pytest.fixture
def clock(system: System, monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """The time at which commands run; a test moves it."""
    clock = FakeClock(NOON)
    for variable, value in system.environment.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv("CMS_PLANNING_METHOD", "dispatch")
    real = bootstrap.open_system

    @contextmanager
    def at_that_time() -> Iterator[System]:
        with real() as opened:
            yield replace(opened, clock=clock)

    monkeypatch.setattr(bootstrap, "open_system", at_that_time)
    return clock


def text(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments)
    if isinstance(result.exception, CmsError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def cms(*arguments: str) -> Any:
    return json.loads(text(*arguments, "--json"))


def hours(kept: dict[str, Any]) -> dict[tuple[str, str], dict[str, float]]:
    """The rows of the days on which a quote holds hours."""
    held = {(resource, day) for resource, day, _ in kept["loads"]}
    rows = cms("capacity", "show", "--from", MONDAY.isoformat(), "--days", "30")
    return {(row["resource"], row["day"]): row for row in rows if (row["resource"], row["day"]) in held}


def reserved() -> list[float]:
    return [row["reserved_hours"] for row in cms("capacity", "show", "--from", MONDAY.isoformat(), "--days", "30")]


def test_a_reservation_holds_its_hours_in_every_plan_until_its_time_is_over(clock: FakeClock) -> None:
    kept = cms("quote", *REQUEST, "--reserve", "--hours", "24")
    held = {(resource, day): amount for resource, day, amount in kept["loads"]}

    cms("plan", "daily", "--as-of", MONDAY.isoformat(), "--force")
    while_held = hours(kept)
    weekly = cms("plan", "weekly", "--as-of", MONDAY.isoformat())
    clock.advance(hours=25)
    afterwards = hours(kept)

    assert {place: row["reserved_hours"] for place, row in while_held.items()} == pytest.approx(held)
    for row in while_held.values():
        available = row["regular_hours"] + row["overtime_hours"]
        assert row["free_hours"] == pytest.approx(available - row["committed_hours"] - row["reserved_hours"])
        assert row["committed_hours"] + row["reserved_hours"] <= available + 1e-6
    assert sum(week["reserved_hours"] for week in weekly["weeks"]) == pytest.approx(sum(held.values()))
    assert [row["reserved_hours"] for row in afterwards.values()] == [0.0] * len(held)
    for place, row in afterwards.items():
        assert row["free_hours"] == pytest.approx(while_held[place]["free_hours"] + held[place])
    assert cms("quote", "list", "--status", "expired")[0]["quote_id"] == kept["quote_id"]
    with pytest.raises(InvalidValueError, match="cannot become confirmed; quote again, found 'expired'"):
        cms("quote", "confirm", kept["quote_id"])


@pytest.mark.usefixtures("clock")
def test_a_quote_is_confirmed_once_and_cancelled_once() -> None:
    before = reserved()
    kept = cms("quote", *REQUEST[:-4], "--quantity", "41", *REQUEST[-2:], "--reserve")

    assert reserved() != before
    assert "is confirmed until 2026-01-07 12:00 UTC" in text("quote", "confirm", kept["quote_id"])
    with pytest.raises(InvalidValueError, match="is confirmed already"):
        cms("quote", "confirm", kept["quote_id"])
    assert text("quote", "cancel", kept["quote_id"]).endswith("is cancelled\n")
    assert reserved() == before
    assert "2026-01-07 12:00 UTC" in text("quote", "list", "--status", "cancelled")
    assert CliRunner().invoke(app, ["quote", "list", "--status", "lost"]).exit_code == 2


@pytest.mark.usefixtures("clock")
def test_a_rush_order_moves_others_outside_the_fence_and_the_versions_show_it() -> None:
    closed = ("--resource", "PRESS", "--until", "2026-01-23", "--hours", "12")
    cms("capacity", "set", "maintenance", FENCE_ENDS.isoformat(), *closed)
    before = cms("plan", "daily", "--as-of", MONDAY.isoformat())
    assert before["published"]
    order, promised = next(moving_orders(before["version"]))

    done = cms("plan", "rush", order, "--at-any-price")

    assert [moved["order_id"] for moved in done["moved"]] == [moved["order_id"] for moved in promised["moved"]]
    moved = {answer["order_id"]: answer for answer in done["moved"]}
    assert moved.keys() <= {asked["order"] for asked in done["asked"]}
    compared = cms("schedule", "compare", str(before["version"]), str(done["version"]))
    assert {move["order_id"] for move in compared["moves"]} == {order, *moved}
    for move in compared["moves"]:
        if move["order_id"] in moved:
            answer = moved[move["order_id"]]
            assert move["old_delivery_date"] == answer["old_delivery_date"]
            assert move["new_delivery_date"] == answer["new_delivery_date"]
            assert date.fromisoformat(move["old_delivery_date"]) >= FENCE_ENDS
    assert {tier["name"]: tier["bound"] <= tier["value"] for tier in done["tiers"]} == dict.fromkeys(
        (tier["name"] for tier in done["tiers"]), True
    )


def moving_orders(version: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Late orders that others would make room for, with what a dry run says."""
    schedule = cms("schedule", "show", "--late", "--version", str(version))
    for order in sorted({delivery["order_id"] for delivery in schedule["deliveries"]}):
        tried = cms("plan", "rush", order, "--at-any-price", "--dry-run")
        if tried["moved"]:
            yield order, tried
