"""The `cms` command: reads arguments, calls one use case, prints what it answers, readable or as JSON."""

import sys

import typer

from cms import __version__
from cms.cli import solve
from cms.domain.errors import CmsError

app = typer.Typer(
    name="cms",
    help="Customer Master Schedule: every customer order gets a delivery date that can be kept.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("solve")(solve.solve)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"cms {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(False, "--version", callback=_show_version, is_eager=True, help="Show the version."),  # noqa: ARG001
) -> None:
    """Shared options."""


def main() -> None:
    """Run the command line; a refusal of the business ends with its message and its exit status, never a traceback."""
    try:
        app()
    except CmsError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(error.exit_status)
