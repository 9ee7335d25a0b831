"""The data steward's page lists every expectation as the suites have it, and only commands that exist."""

import re
from pathlib import Path

import typer.main

from cms.cli import app
from expectations.manual import with_expectations
from expectations.suites import all_suites

PAGE = Path(__file__).parents[2] / "docs" / "manual" / "data-quality.md"


def test_the_page_lists_every_expectation_as_it_is() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert page == with_expectations(page), "run: python -m expectations.manual docs/manual/data-quality.md"
    assert all(f"**{rule.name}**" in page for suite in all_suites() for rule in suite.rules)


def test_the_page_names_only_commands_that_exist() -> None:
    named = set(re.findall(r"^cms quality (\w+)", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    group = typer.main.get_command(app).commands["quality"]  # type: ignore[attr-defined]

    assert named == set(group.commands)
