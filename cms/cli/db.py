"""`cms db`: the warehouse's schema, brought up or down, and checked."""

from pathlib import Path

import typer

from cms.cli.output import AS_JSON, print_json

app = typer.Typer(help="Create, upgrade and check the warehouse's schema.", no_args_is_help=True)
FILE = typer.Option(None, "--file", "-f", help="Settings file; CMS_CONFIG or cms.toml where not given.")


@app.command()
def upgrade(file: Path | None = FILE, as_json: bool = AS_JSON) -> None:
    """Create the schema, or bring it up to this program; data is kept.

    Example: cms db upgrade
    """
    from cms.config import read_settings
    from cms.warehouse.engine import open_engine
    from cms.warehouse.schema import upgrade as upgrade_schema

    before, after = upgrade_schema(open_engine(read_settings(file).warehouse.url))
    _report(before, after, as_json=as_json)


@app.command()
def downgrade(
    revision: str = typer.Argument(..., help="The revision to go back to; 'base' removes every table."),
    file: Path | None = FILE,
    as_json: bool = AS_JSON,
    yes: bool = typer.Option(False, "--yes", help="Do not ask; tables that the older revision lacks are removed."),
) -> None:
    """Take the schema back to an earlier revision; what the older one cannot hold is lost.

    Example: cms db downgrade 0001 --yes
    """
    from cms.config import read_settings
    from cms.warehouse.engine import open_engine
    from cms.warehouse.schema import downgrade as downgrade_schema

    if not yes:
        typer.confirm(f"Go back to revision {revision}? Data that it cannot hold is lost.", abort=True)
    before, after = downgrade_schema(open_engine(read_settings(file).warehouse.url), revision)
    _report(before, after, as_json=as_json)


@app.command()
def check(file: Path | None = FILE, as_json: bool = AS_JSON) -> None:
    """Say what differs between the warehouse's schema and the one this program needs; exit status 7 if anything does.

    Example: cms db check --json
    """
    from cms.config import read_settings
    from cms.domain.errors import WarehouseError
    from cms.warehouse.engine import open_engine
    from cms.warehouse.schema import check as check_schema
    from cms.warehouse.schema import current_revision, head_revision

    engine = open_engine(read_settings(file).warehouse.url)
    problems = check_schema(engine)
    if as_json:
        answer = {"ok": not problems, "revision": current_revision(engine), "needed": head_revision()}
        print_json(answer | {"problems": problems})
    else:
        typer.echo("\n".join(problems) if problems else f"the schema is current: revision {head_revision()}")
    if problems:
        raise typer.Exit(WarehouseError.exit_status)


def _report(before: str | None, after: str | None, *, as_json: bool) -> None:
    if as_json:
        print_json({"before": before, "after": after, "changed": before != after})
    elif before == after:
        typer.echo(f"nothing to do: the schema is at revision {after or 'base'}")
    else:
        typer.echo(f"the schema went from revision {before or 'base'} to {after or 'base'}")
