"""The reference of the scenario file: every key of a scenario with its default, and examples that can be run."""

import dataclasses
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from simulations.scenario import Scenario
from simulations.scenario_file import library_names, scenario_from

ROOT = Path(__file__).resolve().parents[3]
REFERENCE = (ROOT / "docs" / "reference" / "scenario-file.md").read_text(encoding="utf-8")
MANUAL = (ROOT / "docs" / "manual" / "simulations.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```toml\n(.*?)```", REFERENCE + MANUAL, re.DOTALL)


def tables(kind: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Every table of a scenario file with its class: ``[demand]``, ``[[demand.peaks]]``."""
    for name, hint in get_type_hints(kind).items():
        inner = f"{place}.{name}" if place else name
        if dataclasses.is_dataclass(hint):
            yield f"[{inner}]", hint
            yield from tables(hint, inner)
        for argument in get_args(hint):
            if dataclasses.is_dataclass(argument):
                yield f"[[{inner}]]", argument


def documented(title: str) -> dict[str, str]:
    """Key to default, of the section with this title."""
    (section,) = re.findall(rf"#+ `{re.escape(title)}`.*?\n(.*?)(?=\n#|\Z)", REFERENCE, re.DOTALL)
    return dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", section, re.MULTILINE))


@pytest.mark.parametrize(
    ("title", "kind"), list(tables(Scenario)), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_key_of_a_table_is_in_the_reference_with_its_default(title: str, kind: Any) -> None:
    own = [one for one in dataclasses.fields(kind) if not is_table(kind, one.name)]

    said = documented(title)

    assert set(said) == {one.name for one in own}
    for one in own:
        text = said[one.name].strip("`")
        if one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING:
            assert text == "required", one.name
        elif said[one.name].startswith("`"):
            assert tomllib.loads(f"value = {text}")["value"] == one.default, one.name
        else:
            assert one.default in (None, ()) or one.default is dataclasses.MISSING, one.name


def is_table(kind: Any, name: str) -> bool:
    hint = get_type_hints(kind)[name]
    return any(dataclasses.is_dataclass(one) for one in (hint, *get_args(hint)))


@pytest.mark.parametrize("text", EXAMPLES)
def test_every_example_is_a_scenario(text: str) -> None:
    assert scenario_from(tomllib.loads(text)).question


def test_the_manual_lists_the_whole_library() -> None:
    assert set(re.findall(r"^\| `(\w+)` \| .*\?", MANUAL, re.MULTILINE)) == set(library_names())
