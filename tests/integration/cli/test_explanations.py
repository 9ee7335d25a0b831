"""What a planner is told about late orders by command agrees with the tables, counted by hand from them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from typer.testing import CliRunner

from cms.bootstrap import System
from cms.cli import app
from tests.explanation_by_tables import find_lies
from tests.small_system import small_system


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with small_system(tmp_path_factory.mktemp("plant"), customers=30, orders_per_month=300) as system:
        yield system


@pytest.fixture(autouse=True)
def _settings(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in system.environment.items():
        monkeypatch.setenv(variable, value)


def cms(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def latest_orders(count: int) -> list[str]:
    shown = json.loads(cms("schedule", "show", "--late", "--json"))
    late = sorted(shown["deliveries"], key=lambda d: (-d["tardiness_days"], d["order_id"]))
    return [delivery["order_id"] for delivery in late[:count]]


def explained(order_id: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(cms("schedule", "explain", order_id, "--json"))
    return document


def test_ten_late_orders_are_explained_as_the_tables_have_it(system: System) -> None:
    orders = latest_orders(10)

    lies = {order_id: find_lies(system.settings.warehouse.url, explained(order_id)) for order_id in orders}

    assert len(orders) == 10
    assert not any(lies.values()), lies


def test_the_text_says_what_the_json_says(system: System) -> None:
    (order_id,) = latest_orders(1)

    assert cms("schedule", "explain", order_id).splitlines() == explained(order_id)["words"]


def test_a_lie_would_be_found(system: System) -> None:
    told = next(e for e in map(explained, latest_orders(10)) if e["holders"])
    told["holders"][0]["free_hours"] += 1

    (lie,) = find_lies(system.settings.warehouse.url, told)

    assert "h available" in lie
