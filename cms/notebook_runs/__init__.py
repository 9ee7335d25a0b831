"""Runs planners' notebooks: finds them, checks their parameters, executes them, writes pages that need no network."""

from cms.notebook_runs.library import Notebook, find_notebook, list_notebooks, notebooks_folder
from cms.notebook_runs.parameters import Parameter, parameter_values
from cms.notebook_runs.running import NotebookError, NotebookRun, run_notebook

__all__ = [
    "Notebook",
    "NotebookError",
    "NotebookRun",
    "Parameter",
    "find_notebook",
    "list_notebooks",
    "notebooks_folder",
    "parameter_values",
    "run_notebook",
]
