"""Every command that the manual and the README show, run against a small system."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cms.bootstrap import System
from cms.cli import app
from simulations.scenario_file import LIBRARY, library_names
from tests.builders import MONDAY
from tests.small_system import small_system

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[3]
PAGES = ["README.md", "docs/manual/daily-work.md", "docs/manual/notebooks.md", "docs/manual/simulations.md"]
NEEDS_MORE = ("db upgrade", "import", "solve", "quality", "notebook run")
"""Commands of other tests: they need the real data, a problem file, or Great Expectations."""


def shown_commands(page: str) -> list[str]:
    """Each ``cms …`` of a page's code blocks, alternatives (``a | b``) apart, remarks left out."""
    text = (ROOT / page).read_text(encoding="utf-8")
    lines = [line for block in re.findall(r"```\w*\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    found = []
    for line in lines:
        command = re.split(r"\s{2,}|…", line.removeprefix("$ "))[0].split(";")[0].split(" #")[0]
        if command.startswith("cms ") and "|" not in command:
            found.append(command)
    return found


DOCUMENTS = ["README.md", *sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("docs/**/*.md"))]
COMMANDS = list(dict.fromkeys(command for page in PAGES for command in shown_commands(page)))
"""Each once, though it stands on several pages."""


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with small_system(tmp_path_factory.mktemp("small")) as system:
        yield system


@pytest.fixture
def names(system: System, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What stands in the pages, and what it is called in the small system."""
    for variable, value in system.environment.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.chdir(Path(system.environment["CMS_CONFIG"]).parent)  # where answers go that name no folder
    published = system.warehouse.schedules.published()
    assert published is not None
    order = next(delivery.order_id for delivery in published.deliveries if not delivery.frozen)
    customer = next(iter(system.warehouse.orders.customers()))
    family = system.warehouse.plant.plant().routings[0].product_family
    return {
        "SO-10042": order,
        "ORDER": order,
        "C00012": customer,
        "panels": family,
        "2026-01-20": "2026-01-20",
        "41": "1",
        "42": "1",
    }


def run(command: str, names: dict[str, str]) -> str:
    for shown, real in names.items():
        command = re.sub(rf"(?<![\w-]){re.escape(shown)}(?![\w-])", real, command)
    arguments = shlex.split(command.removeprefix("cms "))
    if "Q-1f3a90bc2d" in arguments:
        arguments[arguments.index("Q-1f3a90bc2d")] = reserved_quote(names)
    if arguments[:1] == ["plan"] and arguments[1] in {"daily", "weekly"} and "--as-of" not in arguments:
        arguments += ["--as-of", MONDAY.isoformat()]
    if arguments[:2] == ["schedule", "rollback"]:
        arguments += ["--as-of", MONDAY.isoformat()]
    if arguments[0] == "simulate" and arguments[1] in {"compare", "size", "grid"}:
        arguments = [shortened(word) if word in library_names() else word for word in arguments]
    if arguments[0] == "simulate" and arguments[1] not in {"scenarios", "list"}:
        arguments += ["--replications", "2", "--processes", "1", "--no-report"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, f"{arguments}: {result.output} {result.exception!r}"
    return result.output


def shortened(name: str) -> str:
    """A file with a scenario of the library in eight weeks instead of eighteen: it is run many times."""
    text = (LIBRARY / f"{name}.toml").read_text(encoding="utf-8")
    path = Path(f"{name}.toml")
    scaled = re.sub(r"(days|start) = (\d+)", lambda found: f"{found[1]} = {int(found[2]) * 4 // 9}", text)
    path.write_text(scaled, encoding="utf-8")
    return str(path)


def reserved_quote(names: dict[str, str]) -> str:
    reserve = "cms quote -c C00012 -f panels -q 1 --by 2026-01-20 --reserve --json"
    found = re.search(r"Q-[0-9a-f]{10}", run(reserve, names))
    assert found
    return found.group()


def case(command: str) -> Any:
    marks = [pytest.mark.untraced] if command.startswith("cms simulate") else []
    return pytest.param(command, id=command, marks=marks)


@pytest.mark.parametrize("command", [case(command) for command in COMMANDS])
def test_a_documented_command_works(command: str, names: dict[str, str]) -> None:
    if command.removeprefix("cms ").startswith(NEEDS_MORE) or "2011" in command:
        pytest.skip("run by the test of what it needs")

    assert run(command, names)


def test_the_pages_show_commands() -> None:
    assert len(COMMANDS) > 12


@pytest.mark.parametrize("page", DOCUMENTS)
def test_every_link_of_a_page_leads_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")

    for target in re.findall(r"\]\(([^)#]+)\)", text):
        if "://" not in target:
            assert ((ROOT / page).parent / target).exists(), target
