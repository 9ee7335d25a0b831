"""What people do to boards while nobody expects it: for tests, training, and the fault of the same name."""

from random import Random

from cms.sandbox.monday_api.account import MondayAccount
from cms.sandbox.monday_api.model import Board, ItemState


def change_boards(account: MondayAccount, random: Random, changes: int = 5) -> list[str]:
    """Rename, move, archive, delete, restore and create items; returns the ids of the items that changed."""
    with account.lock:
        boards = [board for board in account.boards.values() if board.active_items]
        return [_change(account, random.choice(boards), random) for _ in range(changes)] if boards else []


def _change(account: MondayAccount, board: Board, random: Random) -> str:
    items = board.active_items
    item = random.choice(items)
    draw = random.random()
    if draw < 0.45:
        return account.rename_item(item.id, f"{item.name}*").id
    if draw < 0.65:
        return account.move_item(item.id, random.choice(sorted(board.groups))).id
    if draw < 0.75 and len(items) > 1:
        return account.archive_item(item.id).id
    if draw < 0.80 and len(items) > 1:
        return account.delete_item(item.id).id
    if draw < 0.90:
        gone = [i for i in board.items.values() if i.state is not ItemState.ACTIVE]
        return account.restore_item(random.choice(gone).id).id if gone else account.rename_item(item.id, item.name).id
    return _copy(account, board, item.id, random)


def _copy(account: MondayAccount, board: Board, item_id: str, random: Random) -> str:
    original = board.items[item_id]
    created = account.create_item(board.id, f"{original.name} (new)", group_id=original.group_id)
    number = random.randrange(10**6)
    with account.lock:
        created.values = {**original.values}
        if board.columns.get("customer_id") and board.columns.get("delivery_windows"):
            created.values["customer_id"] = f"N{number:06d}"
    return created.id
