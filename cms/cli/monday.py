"""`cms monday`: the account's boards and webhooks, and how long the pinned API version lasts."""

from typing import TYPE_CHECKING
from uuid import uuid4

import typer

from cms.cli.output import AS_JSON, print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cms.bootstrap import System
    from cms.monday.webhooks import Webhook

app = typer.Typer(help="monday.com: boards, webhooks, API versions.", no_args_is_help=True)
webhooks = typer.Typer(help="What boards tell us of at once.", no_args_is_help=True)
app.add_typer(webhooks, name="webhooks")

ACTION_NEEDED_STATUS = 13
BOARDS = typer.Option(None, "--board", "-b", help="Board id (may be repeated); every board of cms.toml if not given.")


@app.command()
def versions(as_json: bool = AS_JSON) -> None:
    """Tell how long the pinned API version lasts; exit status 13 where something has to be done.

    Example: cms monday versions
    """
    from cms.bootstrap import open_system
    from cms.monday.versions import VersionState, check_versions

    with open_system() as system:
        report = check_versions(system.monday, system.clock.now().date())
    if as_json:
        found = {"pinned": report.pinned, "kind": report.kind, "state": report.state.value, "served": report.served}
        more = {"leaves_maintenance": report.leaves_maintenance, "days_left": report.days_left}
        print_json(found | more | {"sentence": report.sentence})
    else:
        print_table("API versions", ["version", "kind"], sorted(report.served.items()))
        typer.echo(report.sentence)
    if report.state is not VersionState.FINE:
        raise typer.Exit(ACTION_NEEDED_STATUS)


@app.command()
def boards(
    board: list[str] | None = typer.Option(None, "--board", "-b", help="Only this board (may be repeated)."),
    as_json: bool = AS_JSON,
) -> None:
    """Show boards with the ids and types of their columns: what a mapping in cms.toml is made of.

    Example: cms monday boards --board 5000000001
    """
    from cms.bootstrap import open_system
    from cms.monday.board_list import list_boards

    with open_system() as system:
        found = list_boards(system.monday, board or ())
    if as_json:
        print_json(list(found))
        return
    for one in found:
        title = f"{one.name} (board {one.board_id}, {one.items_count} items)"
        rows = [(c.column_id, c.type, c.title, "archived" if c.archived else "") for c in one.columns]
        print_table(title, ["column id", "type", "title", ""], rows)


@webhooks.command("list")
def list_command(board: list[str] | None = BOARDS, as_json: bool = AS_JSON) -> None:
    """List the webhooks of boards.

    Example: cms monday webhooks list --board 5000000002
    """
    from cms.bootstrap import open_system
    from cms.monday.webhooks import list_webhooks

    with open_system() as system:
        found = [webhook for board_id in _boards(system, board) for webhook in list_webhooks(system.monday, board_id)]
    _show(found, "Webhooks", as_json=as_json)


@webhooks.command("create")
def create_command(
    url: str | None = typer.Option(
        None, "--url", help="Where monday.com sends events; the service must answer there. web.audience if not given."
    ),
    board: list[str] | None = BOARDS,
    event: list[str] | None = typer.Option(None, "--event", help="Only this event (may be repeated)."),
    as_json: bool = AS_JSON,
) -> None:
    """Have boards tell of new, changed, archived, deleted and restored items; events already told of are left alone.

    Example: cms monday webhooks create --url https://cms.example/webhooks/monday
    """
    from cms.bootstrap import open_system
    from cms.monday.webhooks import EVENTS, create_webhooks

    with open_system() as system:
        address = url or system.settings.web.audience or ""
        key, boards = uuid4().hex, _boards(system, board)
        done = [create_webhooks(system.monday, b, address, event or EVENTS, key=key) for b in boards]
    created = [webhook for one in done for webhook in one.created]
    existing = [webhook for one in done for webhook in one.existing]
    if as_json:
        print_json({"created": created, "existing": existing})
        return
    _show(created, "Created", as_json=False)
    if existing:
        _show(existing, "Already there, left alone (monday.com does not tell where they go)", as_json=False)


@webhooks.command("delete")
def delete_command(
    webhook_id: list[str] = typer.Argument(..., help="Webhook ids, see `cms monday webhooks list`."),
    as_json: bool = AS_JSON,
) -> None:
    """Delete webhooks.

    Example: cms monday webhooks delete 123456789
    """
    from cms.bootstrap import open_system
    from cms.monday.webhooks import delete_webhooks

    with open_system() as system:
        deleted = delete_webhooks(system.monday, webhook_id)
    _show(deleted, "Deleted", as_json=as_json)


def _boards(system: "System", named: "Sequence[str] | None") -> "list[str]":
    """The boards that were named, or those that sources are mapped to."""
    from cms.config import MondaySourceSettings
    from cms.domain.errors import NotFoundError

    sources = (source for source in system.settings.sources.values() if isinstance(source, MondaySourceSettings))
    found = list(named or dict.fromkeys(source.board_id for source in sources))
    if not found:
        raise NotFoundError("board", "", "name one with --board, or map one in cms.toml")
    return found


def _show(found: "Sequence[Webhook]", title: str, *, as_json: bool) -> None:
    if as_json:
        print_json(list(found))
        return
    rows = [(webhook.webhook_id, webhook.board_id, webhook.event, webhook.config) for webhook in found]
    print_table(title, ["id", "board", "event", "config"], rows)
