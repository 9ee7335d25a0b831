import os
from typing import Any

import pytest
import typer.main

from cms.cli import app
from tests.integration.cli.command import COMMAND, Workplace


def commands() -> list[tuple[str, Any]]:
    """Every command that does something, with its full name."""

    def below(prefix: str, command: Any) -> list[tuple[str, Any]]:
        children = getattr(command, "commands", {})
        found = [] if children and not command.invoke_without_command else [(prefix, command)]
        for name, child in sorted(children.items()):
            found += below(f"{prefix} {name}", child)
        return found

    return [named for named in below("cms", typer.main.get_command(app)) if named[0] != "cms"]


@pytest.mark.parametrize(("name", "command"), commands(), ids=lambda value: value if isinstance(value, str) else "")
def test_each_command_has_an_example_and_json(name: str, command: Any) -> None:
    assert f"Example: {name}" in (command.help or "")
    options = {option for parameter in command.params for option in parameter.opts}
    if name != "cms config show":  # it prints JSON and nothing else
        assert "--json" in options or name == "cms serve"


def test_help_answers_in_half_a_second(tmp_path_factory: pytest.TempPathFactory) -> None:
    place = Workplace(folder=tmp_path_factory.mktemp("help"))
    assert COMMAND.exists()
    seconds = []
    for _ in range(5):
        started = seconds_of_children()
        assert place.cms("--help").status == 0
        seconds.append(seconds_of_children() - started)

    assert 0 < min(seconds) < 0.5


def seconds_of_children() -> float:
    """What ended commands have worked: a busy machine has them wait, and that is not theirs."""
    used = os.times()
    return used.children_user + used.children_system
