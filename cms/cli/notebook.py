"""`cms notebook`: planners' questions, run with parameters of their own, as a notebook and a page."""

from pathlib import Path

import typer

from cms.cli.output import AS_JSON, print_json, print_table

app = typer.Typer(help="Run the planners' notebooks.", no_args_is_help=True)

FOLDER = typer.Option(None, "--folder", help="Where the notebooks are; without it those of the checkout.")


@app.command("list")
def show_list(
    name: str | None = typer.Argument(None, metavar="[NAME]", help="Also show the parameters of this notebook."),
    folder: Path | None = FOLDER,
    as_json: bool = AS_JSON,
) -> None:
    """Show the notebooks and what each asks; with a name, its parameters and what they are.

    Example: cms notebook list 03_peak_load
    """
    from cms.notebook_runs import find_notebook, list_notebooks, notebooks_folder

    place = notebooks_folder(folder)
    found = [find_notebook(name, place)] if name else list_notebooks(place)
    if as_json:
        print_json([{"name": n.name, "question": n.question, "parameters": n.parameters} for n in found])
        return
    print_table("Notebooks", ["name", "question"], [(one.name, one.question) for one in found])
    if name:
        rows = [(p.name, p.kind, str(p.default), p.words) for p in found[0].parameters]
        print_table("Parameters", ["name", "type", "default", "meaning"], rows)


@app.command()
def run(
    name: str = typer.Argument(..., metavar="NAME", help="Name, number (03) or words (peak_load) of a notebook."),
    parameter: list[str] | None = typer.Option(
        None, "--parameter", "-p", metavar="KEY=VALUE", help="Another value of a parameter (may be repeated)."
    ),
    output: Path = typer.Option(Path("var/notebooks"), "--output", "-o", help="Folder of the notebook and the page."),
    folder: Path | None = FOLDER,
    as_json: bool = AS_JSON,
) -> None:
    """Run a notebook; write it, executed, and a page that opens without a network, and print its conclusion.

    Exit status: 2 a parameter has a value of another type, 8 there is no such notebook or parameter, 16 a cell failed.

    Example: cms notebook run 03_peak_load -p replications=10 -p source=warehouse
    """
    from cms.cli.progress import shown_progress
    from cms.notebook_runs import find_notebook, notebooks_folder, parameter_values, run_notebook

    notebook = find_notebook(name, notebooks_folder(folder))
    values = parameter_values(notebook.parameters, parameter or [])
    with shown_progress(quiet=as_json) as progress:
        done = run_notebook(notebook, values, output=output, progress=progress)
    if as_json:
        print_json({"notebook": notebook.name, "parameters": values, "run": done})
        return
    typer.echo(f"{notebook.question}\n")
    if done.conclusion:
        typer.echo(f"{done.conclusion}\n")
    typer.echo(f"Notebook:  {done.executed}\nPage:      {done.page}")
