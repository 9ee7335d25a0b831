"""Lists boards with the ids of their columns: what somebody needs who writes a mapping."""

from collections.abc import Sequence

from cms.monday.board import Board, board_of
from cms.monday.client import MondayClient
from cms.monday.queries import BOARDS

_PAGE = 50


def list_boards(client: MondayClient, board_ids: Sequence[str] = ()) -> tuple[Board, ...]:
    """Boards by id, or every board that the token's owner can see, in order of name and id.

    Raises
    ------
    BoardDriftError
        A board that was named is not there.
    SourceError
    """
    found: list[Board] = []
    page = 0
    while True:
        page += 1
        variables = {"ids": list(board_ids) or None, "limit": _PAGE, "page": page}
        given = [board for board in client.ask(BOARDS, variables).data.get("boards") or () if board]
        found += [board_of({"boards": [board]}, str(board["id"]))[0] for board in given]
        if len(given) < _PAGE:
            break
    there = {board.board_id for board in found}
    for board_id in board_ids:
        if board_id not in there:
            board_of({}, board_id)
    return tuple(sorted(found, key=lambda board: (board.name, board.board_id)))
