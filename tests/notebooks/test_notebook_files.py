"""What every notebook in git has to be like, without running it."""

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from cms.notebook_runs import list_notebooks, notebooks_folder

FOLDER = Path(__file__).parents[2] / "notebooks"
PATHS = sorted(FOLDER.glob("*.ipynb"))
PUBLIC_FACES = {"simulations", "simulations.questions", "cms.charts"}
each_notebook = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


def cells_of(path: Path, kind: str) -> list[Any]:
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == kind]  # type: ignore[no-untyped-call]


def tree_of(path: Path) -> list[ast.AST]:
    return [node for cell in cells_of(path, "code") for node in ast.walk(ast.parse(cell.source))]


def test_there_are_eight_notebooks_in_order() -> None:
    assert [path.stem[:2] for path in PATHS] == ["01", "02", "03", "04", "05", "06", "07", "08"]


@each_notebook
def test_a_notebook_asks_a_question(path: Path) -> None:
    title = cells_of(path, "markdown")[0].source.splitlines()[0]

    assert title.startswith("# ")
    assert title.endswith("?")


@each_notebook
def test_a_notebook_defines_nothing(path: Path) -> None:
    defining = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)

    assert not [node for node in tree_of(path) if isinstance(node, defining)]


@each_notebook
def test_a_notebook_imports_public_faces_only(path: Path) -> None:
    imports = [node for node in tree_of(path) if isinstance(node, ast.Import | ast.ImportFrom)]

    assert {getattr(node, "module", None) for node in imports} <= PUBLIC_FACES


@each_notebook
def test_a_notebook_has_a_cell_of_parameters_a_figure_and_a_conclusion(path: Path) -> None:
    cells = cells_of(path, "code")

    tagged = [cell.id for cell in cells if "parameters" in cell.metadata.get("tags", [])]
    assert tagged == ["parameters"]
    assert {"figure", "conclusion"} <= {cell.id for cell in cells}
    assert cells[-1].id == "conclusion"


def test_every_parameter_says_what_it_means() -> None:
    for notebook in list_notebooks(FOLDER):
        assert notebook.parameters
        assert not [one.name for one in notebook.parameters if not one.words], notebook.name


def test_outputs_are_stripped() -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "nbstripout", "--verify", "--keep-id", *PATHS],
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_notebooks_are_found_from_anywhere_in_a_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert notebooks_folder() == FOLDER
