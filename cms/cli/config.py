"""`cms config`: what the settings are, and whether they can be used."""

from pathlib import Path

import typer

from cms.cli.output import AS_JSON, print_json

app = typer.Typer(help="Check and show the settings.", no_args_is_help=True)
FILE = typer.Option(None, "--file", "-f", help="Settings file; CMS_CONFIG or cms.toml where not given.")


@app.command()
def check(file: Path | None = FILE, as_json: bool = AS_JSON) -> None:
    """Check every key and value, and name all that are wrong at once.

    Example: cms config check --file cms.toml
    """
    from cms.config import SECRETS, read_settings
    from cms.domain.errors import ConfigurationError

    try:
        settings = read_settings(file)
    except ConfigurationError as error:
        if not as_json:
            raise
        print_json({"ok": False, "problems": list(error.problems)})
        raise typer.Exit(error.exit_status) from None
    missing = [variable for name, variable in SECRETS.items() if settings.secret(name) is None]
    if as_json:
        print_json({"ok": True, "sources": sorted(settings.sources), "secrets_not_set": missing})
        return
    typer.echo(f"settings are usable; sources: {', '.join(sorted(settings.sources)) or 'none'}")
    if missing:
        typer.echo(f"secrets that are not set: {', '.join(missing)}")


@app.command()
def show(file: Path | None = FILE) -> None:
    """Show every setting in force, secrets left out.

    Example: cms config show
    """
    from cms.config import masked, read_settings

    typer.echo(masked(read_settings(file)).model_dump_json(indent=2))
