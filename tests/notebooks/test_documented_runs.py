"""Every `cms notebook run` of the manual names a notebook and parameters that exist, with values of their types."""

import re
import shlex
from pathlib import Path

import pytest

from cms.notebook_runs import find_notebook, list_notebooks, parameter_values

ROOT = Path(__file__).parents[2]
MANUAL = (ROOT / "docs" / "manual" / "notebooks.md").read_text(encoding="utf-8")
RUNS = [re.split(r"\s{2,}", line)[0] for line in MANUAL.splitlines() if line.startswith("cms notebook run")]


def test_the_manual_shows_runs_and_every_notebook() -> None:
    assert len(RUNS) >= 4
    for notebook in list_notebooks(ROOT / "notebooks"):
        assert f"`{notebook.name}` | {notebook.question}" in MANUAL


@pytest.mark.parametrize("run", RUNS)
def test_a_documented_run_can_be_made(run: str) -> None:
    _, _, _, name, *options = shlex.split(run)
    assignments = [value for option, value in zip(options[::2], options[1::2], strict=True) if option == "-p"]

    notebook = find_notebook(name, ROOT / "notebooks")

    values = parameter_values(notebook.parameters, assignments)
    assert len(values) == len(assignments)
    for key in ("source", "plant_file"):
        if key in values:
            assert (ROOT / str(values[key])).exists()
