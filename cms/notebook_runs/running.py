"""Executes a notebook in a kernel of this very Python, and keeps what came out: the notebook and a page."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cms.application.ports import Progress, no_progress
from cms.domain.errors import CmsError, InvalidValueError
from cms.notebook_runs.library import Notebook
from cms.notebook_runs.page import render_page
from cms.notebook_runs.parameters import Value

CONCLUSION = "conclusion"
"""The id of the cell that answers the question."""
KERNEL = "python3"
STARTUP_SECONDS = 300
"""How long a kernel may take to answer for the first time: long on a busy machine, or with a cold disk."""


class NotebookError(CmsError):
    """A cell of a notebook failed, or no kernel could be had; the executed notebook shows how far it came."""

    exit_status = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class NotebookRun:
    """What a run left.

    Parameters
    ----------
    conclusion : str
        The answer, as Markdown; empty where the notebook has none.
    """

    executed: Path
    page: Path
    conclusion: str


def run_notebook(
    notebook: Notebook, values: Mapping[str, Value], *, output: Path, progress: Progress = no_progress
) -> NotebookRun:
    """Executes the notebook with these values of its parameters; writes it and its page into `output`.

    Relative paths among the values are seen from the present folder.

    Raises
    ------
    NotebookError
        A cell failed: the message names it and says why. The notebook is written as far as it came.
    InvalidValueError
        `output` cannot be written.
    """
    document = _with_values(notebook.document(), values)
    executed, page = output / f"{notebook.name}.ipynb", output / f"{notebook.name}.html"
    _check_writable(output)
    try:
        _execute(document, notebook.name, progress)
    finally:
        _write(executed, document)
    page.write_text(render_page(document, title=notebook.question), encoding="utf-8")
    return NotebookRun(executed=executed, page=page, conclusion=_conclusion(document))


def _with_values(document: Any, values: Mapping[str, Value]) -> Any:
    """The document with a cell behind its parameters that sets these values."""
    if not values:
        return document
    from papermill.parameterize import parameterize_notebook  # noqa: PLC0415 - seconds that other commands do without

    # what papermill expects of a notebook that it has read itself
    document.metadata.setdefault("papermill", {})
    for cell in document.cells:
        cell.metadata.setdefault("tags", [])
    document = parameterize_notebook(document, dict(values), report_mode=True, kernel_name=KERNEL, language="python")
    for cell in document.cells:
        if "injected-parameters" in cell.metadata["tags"]:
            cell["id"] = "other-parameters"
    return document


def _execute(document: Any, name: str, progress: Progress) -> None:
    from jupyter_client.kernelspec import NoSuchKernel  # noqa: PLC0415
    from nbclient import NotebookClient  # noqa: PLC0415
    from nbclient.exceptions import CellExecutionError, DeadKernelError  # noqa: PLC0415
    from traitlets.config import Config  # noqa: PLC0415

    cells = document.cells
    code_cells = [index for index, cell in enumerate(cells) if cell.cell_type == "code"]

    def on_cell_start(cell: Any, cell_index: int) -> None:
        if cell_index in code_cells:
            progress(f"cell {cell_name(cell)}", 1 + code_cells.index(cell_index), len(code_cells))

    # sockets in a folder of this user, not ports of the machine
    config = Config({"KernelManager": {"transport": "ipc"}})
    client = NotebookClient(
        document,
        kernel_name=KERNEL,
        timeout=None,
        startup_timeout=STARTUP_SECONDS,
        on_cell_start=on_cell_start,
        config=config,
    )
    try:
        client.execute()
    except CellExecutionError as error:
        raise NotebookError(f"notebook {name}: cell {_failed(cells)!r} failed: {_reason(error)}") from None
    except DeadKernelError:
        raise NotebookError(f"notebook {name}: the kernel died: there may be too little memory") from None
    except NoSuchKernel:
        raise NotebookError(f"notebook {name}: no kernel {KERNEL}: install ipykernel") from None
    except RuntimeError as error:
        # a kernel that does not answer: nbclient has no error of its own for it
        raise NotebookError(f"notebook {name}: the kernel did not start: {error}") from None


def cell_name(cell: Any) -> str:
    """What a cell is called: its id."""
    return str(cell.get("id", "cell"))


def _failed(cells: list[Any]) -> str:
    """The name of the first cell that shows an error."""
    failed = (c for c in cells if any(one.output_type == "error" for one in c.get("outputs", [])))
    return next((cell_name(cell) for cell in failed), "unknown")


def _reason(error: Any) -> str:
    """The error in one line, without colours or traceback."""
    message = re.sub(r"\x1b\[[0-9;]*m", "", str(error.evalue)).strip()
    return f"{error.ename}: {message}" if message else str(error.ename)


def _conclusion(document: Any) -> str:
    outputs = [one for cell in document.cells if cell.get("id") == CONCLUSION for one in cell.get("outputs", [])]
    return "\n\n".join(one.data["text/markdown"] for one in outputs if "text/markdown" in one.get("data", {}))


def _check_writable(output: Path) -> None:
    try:
        output.mkdir(parents=True, exist_ok=True)
        probe = output / ".cms-notebook"
        probe.write_text("", encoding="utf-8")
        probe.unlink()
    except OSError as error:
        raise InvalidValueError("--output", "must be a folder that can be written", f"{output}: {error}") from None


def _write(path: Path, document: Any) -> None:
    import nbformat  # noqa: PLC0415

    nbformat.write(document, path)  # type: ignore[no-untyped-call]
