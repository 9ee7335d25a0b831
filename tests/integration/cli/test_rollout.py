"""`cms rollout`, as an operator uses it."""

import json
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner

from cms.bootstrap import System
from cms.cli import app
from tests.small_system import small_system


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with small_system(tmp_path_factory.mktemp("small")) as system:
        yield system


def cms(system: System, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["rollout", *arguments], env=dict(system.environment))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        return 1, str(result.exception)
    return result.exit_code, result.output


def test_the_phase_is_shown_switched_and_its_history_kept(system: System) -> None:
    _, at_first = cms(system, "show")

    switched = [json.loads(cms(system, "set", "pilot", "--reason", "ten customers first", "--json")[1])]
    switched.append(json.loads(cms(system, "set", "pilot", "--json")[1]))
    shown = json.loads(cms(system, "show", "--json")[1])
    _, table = cms(system, "show")

    assert "it was never switched" in at_first
    assert [answer["switched"] for answer in switched] == [True, False]
    assert (shown["phase"], len(shown["history"])) == ("pilot", 1)
    assert shown["reached_customers"]["pilot"] <= shown["reached_customers"]["all"]
    assert "ten customers first" in table


def test_an_unknown_phase_is_refused_with_those_there_are(system: System) -> None:
    status, message = cms(system, "set", "everybody")

    assert status != 0
    assert "must be one of pilot, tracking, scheduling, all" in message
