"""`cms inbox`: events that wait or were given up."""

from datetime import datetime

import typer

from cms.cli.output import AS_JSON, print_json, print_table

app = typer.Typer(help="Look at events that wait or were given up, and try them again.", no_args_is_help=True)
COLUMNS = ["event", "source", "kind", "subject", "received", "tries", "error"]
SHOWN = 60


@app.command("list")
def list_events(
    dead: bool = typer.Option(False, "--dead", help="Those that were given up, instead of those that wait."),
    limit: int = typer.Option(100, min=1, help="At most so many."),
    as_json: bool = AS_JSON,
) -> None:
    """List events, the oldest first, with the error of the last try.

    Example: cms inbox list --dead
    """
    from cms.bootstrap import open_system

    with open_system() as system:
        inbox = system.warehouse.inbox
        events = inbox.dead_letters(limit) if dead else inbox.waiting_events(limit)
    if as_json:
        print_json(events)
        return
    rows = [
        (e.event_id, e.source, e.kind, e.subject_id, _instant(e.received_at), e.attempts, (e.error or "")[:SHOWN])
        for e in events
    ]
    print_table(f"{len(events)} event(s) {'given up' if dead else 'waiting'}", COLUMNS, rows)


@app.command()
def retry(
    event: list[int] = typer.Argument(None, help="Numbers of events; all that were given up where none is named."),
    as_json: bool = AS_JSON,
) -> None:
    """Give events that were given up another chance; a running service takes them up by itself.

    Example: cms inbox retry 17 18
    """
    from cms.bootstrap import open_system
    from cms.domain.errors import NotFoundError

    with open_system() as system:
        revived = system.warehouse.inbox.retry_dead(now=system.clock.now(), event_ids=event or None)
    if event and not revived:
        raise NotFoundError("event given up", ", ".join(map(str, event)), "see: cms inbox list --dead")
    if as_json:
        print_json({"revived": revived})
    else:
        typer.echo(f"{revived} event(s) wait again")


def _instant(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"
