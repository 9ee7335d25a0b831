"""`cms backup`: the whole warehouse in a folder of files, verified, and restored on any engine."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cms.cli.output import AS_JSON, print_json
from cms.cli.progress import shown_progress

if TYPE_CHECKING:
    from cms.warehouse.table_folder import TableFolder

app = typer.Typer(help="Save the warehouse in files, verify them, and restore from them.", no_args_is_help=True)
FILE = typer.Option(None, "--file", "-f", help="Settings file; CMS_CONFIG or cms.toml where not given.")
FOLDER = typer.Argument(..., help="Folder of the backup.")


@app.command()
def create(
    folder: Path | None = typer.Argument(None, help="A new folder; backups/INSTANT in the output folder where none."),
    file: Path | None = FILE,
    as_json: bool = AS_JSON,
) -> None:
    """Save every table as it is at this instant; others may go on to work. Nothing is ever overwritten.

    Example: cms backup create /backups/2026-01-05
    """
    from cms.bootstrap import SystemClock
    from cms.config import read_settings
    from cms.warehouse.backup import create_backup
    from cms.warehouse.engine import open_engine

    settings, now = read_settings(file), SystemClock().now()
    path = folder or settings.output / "backups" / f"{now:%Y-%m-%dT%H%M%SZ}"
    with shown_progress(quiet=as_json) as progress:
        made = create_backup(open_engine(settings.warehouse.url), path, now=now, progress=progress)
    _report("saved", made, as_json=as_json)


@app.command()
def verify(folder: Path = FOLDER, as_json: bool = AS_JSON) -> None:
    """Read a backup whole and compare every file and every row with its checksums; exit status 14 if any differs.

    Example: cms backup verify /backups/2026-01-05
    """
    from cms.warehouse.backup import verify_backup

    with shown_progress(quiet=as_json) as progress:
        made = verify_backup(folder, progress=progress)
    _report("verified", made, as_json=as_json)


@app.command()
def restore(folder: Path = FOLDER, file: Path | None = FILE, as_json: bool = AS_JSON) -> None:
    """Fill an empty warehouse from a backup, on any engine; verified before and after, all of it or nothing.

    Example: cms backup restore /backups/2026-01-05
    """
    from cms.config import read_settings
    from cms.warehouse.backup import restore_backup
    from cms.warehouse.engine import open_engine

    engine = open_engine(read_settings(file).warehouse.url)
    with shown_progress(quiet=as_json) as progress:
        made = restore_backup(engine, folder, progress=progress)
    _report("restored", made, as_json=as_json)


def _report(done: str, made: "TableFolder", *, as_json: bool) -> None:
    if as_json:
        tables = {facts.name: {"rows": facts.rows, "checksum": facts.checksum} for facts in made.tables}
        answer = {"folder": made.path, "created_at": made.created_at, "revision": made.revision, "rows": made.rows}
        print_json(answer | {"tables": tables})
    else:
        typer.echo(f"{done} {made.rows:,} rows of {len(made.tables)} tables: {made.path}")
