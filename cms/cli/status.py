"""`cms status`: what waits, what failed, when sources were read, what is published."""

from typing import TYPE_CHECKING

import typer

from cms.cli.notify import unsent_words
from cms.cli.output import AS_JSON, print_json, print_table

if TYPE_CHECKING:
    from cms.application.system_status import SystemStatus


def status(
    as_json: bool = AS_JSON,
    check: bool = typer.Option(False, "--check", help="Exit status 1 where somebody should look at something."),
) -> None:
    """Show how the system is doing: inbox, outbox, sources, schedule.

    Example: cms status --json
    """
    from cms.bootstrap import open_system

    with open_system() as system:
        found = system.status()
    if as_json:
        print_json(_document(found))
    else:
        _print(found)
    if check and found.problems:
        raise typer.Exit(1)


def _document(found: "SystemStatus") -> dict[str, object]:
    names = (
        "at",
        "inbox",
        "oldest_event_seconds",
        "notices",
        "sources",
        "version",
        "as_of",
        "published_at",
        "problems",
    )
    return {name: getattr(found, name) for name in names}


def _print(found: "SystemStatus") -> None:
    inbox, notices = found.inbox, found.notices
    oldest = "" if found.oldest_event_seconds is None else f", the oldest for {found.oldest_event_seconds:,.0f} s"
    published = "nothing"
    if found.version is not None:
        published = f"version {found.version} for {found.as_of}, since {found.published_at:%Y-%m-%d %H:%M} UTC"
    typer.echo(f"Schedule: {published}")
    typer.echo(f"Events:   {inbox.waiting} waiting{oldest}, {inbox.failing} of them failing; {inbox.dead} given up")
    unsent = unsent_words(dead=notices["dead"], withheld=notices["withheld"])
    typer.echo(f"Notices:  {notices['queued']} queued, {notices['sent']} sent, {unsent}")
    rows = [(s.source, s.dataset, f"{s.synced_at:%Y-%m-%d %H:%M:%S} UTC") for s in found.sources]
    print_table("Sources", ["source", "into", "last read"], rows)
    for problem in found.problems:
        typer.echo(f"look at: {problem}")
