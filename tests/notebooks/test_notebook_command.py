"""`cms notebook` as a user meets it: what it lists, what it refuses, what it says of a cell that fails."""

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from typer.testing import CliRunner, Result

from cms.cli import app
from cms.domain.errors import CmsError

PARAMETERS = "size = 2  # how large\nname = 'x'  # of whom\nlevels = [1.0, 2.0]  # to try\nis_loud = False  # or quiet"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two small notebooks: one that answers, one that fails in its second cell."""
    place = tmp_path / "notebooks"
    place.mkdir()
    write(place / "01_answers.ipynb", "print(size, name)")
    write(place / "02_fails.ipynb", "raise ValueError(f'size {size} is too small')")
    return place


def write(path: Path, source: str) -> None:
    cells = [
        new_markdown_cell("# How large?", id="question"),  # type: ignore[no-untyped-call]
        new_code_cell(PARAMETERS, id="parameters", metadata={"tags": ["parameters"]}),  # type: ignore[no-untyped-call]
        new_code_cell(source, id="work"),  # type: ignore[no-untyped-call]
    ]
    nbformat.write(new_notebook(cells=cells), path)  # type: ignore[no-untyped-call]


def cms(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["notebook", *map(str, arguments)])


def refusal(result: Result) -> tuple[int, str]:
    """Exit status and message, as `main` gives them to the shell."""
    assert isinstance(result.exception, CmsError), result.output
    return result.exception.exit_status, str(result.exception)


def test_the_list_shows_names_questions_and_on_request_parameters(folder: Path) -> None:
    result = cms("list", "answers", "--folder", folder, "--json")

    (notebook,) = json.loads(result.stdout)
    assert (notebook["name"], notebook["question"]) == ("01_answers", "How large?")
    assert [one["name"] for one in notebook["parameters"]] == ["size", "name", "levels", "is_loud"]
    assert notebook["parameters"][0]["words"] == "how large"
    assert "02_fails" in cms("list", "--folder", folder).stdout


def test_a_run_writes_the_executed_notebook_and_a_page(folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"

    result = cms("run", "01", "--folder", folder, "-o", output, "-p", "size=3", "-p", "name=a b", "--json")

    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["parameters"] == {"size": 3, "name": "a b"}
    executed: Any = nbformat.read(output / "01_answers.ipynb", as_version=4)  # type: ignore[no-untyped-call]
    assert executed.cells[-1].outputs[0].text == "3 a b\n"
    assert "3 a b" in (output / "01_answers.html").read_text(encoding="utf-8")


def test_an_unknown_notebook_is_refused_with_those_that_there_are(folder: Path) -> None:
    status, message = refusal(cms("run", "nothing", "--folder", folder))

    assert status == 8
    assert "01_answers, 02_fails" in message


def test_an_unknown_parameter_is_refused_with_those_that_there_are(folder: Path) -> None:
    status, message = refusal(cms("run", "01", "--folder", folder, "-p", "sise=3"))

    assert status == 8
    assert "size, name, levels, is_loud" in message


@pytest.mark.parametrize(
    ("assignment", "rule"),
    [
        ("size=large", "size: must be a whole number"),
        ("size=1.5", "size: must be a whole number"),
        ("size=true", "size: must be a whole number"),
        ("levels=1", "levels: must be a list"),
        ("levels=['a']", "levels: must be a list"),
        ("is_loud=1", "is_loud: must be true or false"),
        ("size", "must be written name=value"),
    ],
)
def test_a_value_of_another_type_is_refused_naming_parameter_and_type(folder: Path, assignment: str, rule: str) -> None:
    status, message = refusal(cms("run", "01", "--folder", folder, "-p", assignment))

    assert status == 2
    assert rule in message


def test_a_failing_cell_is_named_with_its_error_and_without_a_traceback(folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"

    status, message = refusal(cms("run", "fails", "--folder", folder, "-o", output, "-p", "size=1"))

    assert status == 16
    assert message == "notebook 02_fails: cell 'work' failed: ValueError: size 1 is too small"
    assert (output / "02_fails.ipynb").exists()


def test_a_folder_that_cannot_be_written_is_refused_before_the_notebook_runs(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")

    status, message = refusal(cms("run", "01", "--folder", folder, "-o", tmp_path / "file"))

    assert status == 2
    assert "--output: must be a folder that can be written" in message


def test_a_folder_without_notebooks_is_named(tmp_path: Path) -> None:
    status, message = refusal(cms("list", "--folder", tmp_path))

    assert status == 8
    assert str(tmp_path) in message
