"""`cms notify`: what waits in the outbox, sent now."""

import typer

from cms.cli.output import AS_JSON, print_json
from cms.cli.progress import shown_progress


def notify(as_json: bool = AS_JSON) -> None:
    """Send every notice that is due; exit status 10 where one had to be given up.

    Example: cms notify --json
    """
    from cms.bootstrap import open_system
    from cms.domain.errors import NotificationError

    with open_system() as system, shown_progress(quiet=as_json) as progress:
        report = system.send_notices(progress=progress)
    if as_json:
        print_json(report)
    else:
        unsent = unsent_words(dead=report.dead, withheld=report.withheld)
        typer.echo(f"{report.sent} sent, {report.retried} to be tried again, {unsent}")
        for error in report.errors[:10]:
            typer.echo(error, err=True)
    if report.dead:
        raise typer.Exit(NotificationError.exit_status)


def unsent_words(*, dead: int, withheld: int) -> str:
    """Notices that will not go out, in words."""
    return f"{dead} given up" + (f", {withheld} withheld by the rollout" if withheld else "")
