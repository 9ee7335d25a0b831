"""The `cms` command: reads arguments, calls one use case, prints what it answers, readable or as JSON."""

import os
import sys

import typer

from cms import __version__
from cms.cli import (
    archive,
    backup,
    capacity,
    config,
    db,
    demo,
    forecast,
    inbox,
    legacy,
    loads,
    monday,
    notebook,
    notify,
    plan,
    quality,
    quote,
    rollout,
    sandbox,
    schedule,
    serve,
    simulate,
    solve,
    status,
)
from cms.cli.pipes import outlive_readers
from cms.domain.errors import CmsError

INTERNAL_ERROR_STATUS = 70

app = typer.Typer(
    name="cms",
    help="Customer Master Schedule: every customer order gets a delivery date that can be kept.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(config.app, name="config")
app.add_typer(db.app, name="db")
app.add_typer(backup.app, name="backup")
app.add_typer(archive.app, name="archive")
app.add_typer(loads.sync, name="sync")
app.add_typer(loads.imports, name="import")
app.add_typer(plan.app, name="plan")
app.add_typer(capacity.app, name="capacity")
app.add_typer(schedule.app, name="schedule")
app.add_typer(quote.app, name="quote")
app.add_typer(inbox.app, name="inbox")
app.add_typer(legacy.app, name="legacy")
app.add_typer(quality.app, name="quality")
app.add_typer(rollout.app, name="rollout")
app.add_typer(monday.app, name="monday")
app.add_typer(notebook.app, name="notebook")
app.add_typer(simulate.app, name="simulate")
app.command("notify")(notify.notify)
app.command("serve")(serve.serve)
app.command("status")(status.status)
app.command("demo")(demo.demo)
app.command("forecast")(forecast.forecast)
app.command("sandbox")(sandbox.sandbox)
app.command("solve")(solve.solve)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"cms {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(False, "--version", callback=_show_version, is_eager=True, help="Show the version."),
) -> None:
    """Shared options."""


def main() -> None:
    """Run the command line; what the business refuses ends with its message and its exit status, never a traceback."""
    outlive_readers()
    try:
        app()
    except CmsError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(error.exit_status)
    except Exception as error:
        if os.environ.get("CMS_DEBUG"):
            raise
        typer.echo(f"internal error: {type(error).__name__}: {error} (CMS_DEBUG=1 shows where)", err=True)
        sys.exit(INTERNAL_ERROR_STATUS)
