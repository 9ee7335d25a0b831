"""Where the notebooks are, what each asks, and which parameters it takes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from cms.domain.errors import InvalidValueError, NotFoundError
from cms.notebook_runs.parameters import Parameter, read_parameters

PARAMETERS_TAG = "parameters"


@dataclass(frozen=True, kw_only=True)
class Notebook:
    """A notebook of the library.

    Parameters
    ----------
    name : str
        Of its file, without ending: ``03_peak_load``.
    question : str
        Its title.
    parameters : tuple of Parameter
        In the order of its parameters cell.
    """

    name: str
    path: Path
    question: str
    parameters: tuple[Parameter, ...]

    def document(self) -> Any:
        """The notebook itself, to be executed."""
        return _read(self.path)


def notebooks_folder(folder: Path | None = None) -> Path:
    """The folder of the notebooks: the given one, ``notebooks`` here, or that of the checkout that runs.

    Raises
    ------
    NotFoundError
    """
    places = [folder] if folder else [Path("notebooks"), Path(__file__).resolve().parents[2] / "notebooks"]
    for place in places:
        if any(place.glob("*.ipynb")):
            return place
    looked = ", ".join(str(place) for place in places)
    raise NotFoundError("folder of notebooks", looked, "run from a checkout, or name it with --folder")


def list_notebooks(folder: Path) -> list[Notebook]:
    """The notebooks of a folder, by name."""
    return [_notebook(path) for path in sorted(folder.glob("*.ipynb"))]


def find_notebook(name: str, folder: Path) -> Notebook:
    """The notebook of that name; its number (``03``) or the words after it (``peak_load``) do as well.

    Raises
    ------
    NotFoundError
        The message names those that there are.
    """
    wanted = name.removesuffix(".ipynb")
    paths = sorted(folder.glob("*.ipynb"))
    for path in paths:
        number, _, words = path.stem.partition("_")
        if wanted in {path.stem, number, words}:
            return _notebook(path)
    raise NotFoundError("notebook", name, f"there are: {', '.join(path.stem for path in paths)}")


def _notebook(path: Path) -> Notebook:
    document = _read(path)
    titles = (cell.source for cell in document.cells if cell.cell_type == "markdown")
    question = next((text.splitlines()[0].lstrip("# ") for text in titles if text.startswith("# ")), path.stem)
    source = "\n".join(
        cell.source for cell in document.cells if PARAMETERS_TAG in cell.metadata.get("tags", []) and cell.source
    )
    return Notebook(name=path.stem, path=path, question=question, parameters=read_parameters(source, str(path)))


def _read(path: Path) -> Any:
    try:
        return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, nbformat.ValidationError) as error:
        raise InvalidValueError(str(path), "must be a notebook that can be read", str(error)) from None
