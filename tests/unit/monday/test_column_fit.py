"""A board that no longer fits its mapping is refused, and everything that is wrong is named."""

from typing import Any

import pytest

from cms.config import MondaySourceSettings
from cms.domain.errors import ConfigurationError
from cms.monday.board import Board, Column
from cms.monday.board_rows import BoardRows
from cms.monday.column_fit import check_columns, column_uses
from cms.monday.errors import BoardDriftError

FIELDS: dict[str, Any] = {
    "order_id": "name",
    "customer_id": "customer_no",
    "quantity": "quantity",
    "requested_date": "due",
    "status": {"column": "stage", "map": {"New": "open"}},
}
COLUMNS = {
    "customer_no": "text",
    "quantity": "numbers",
    "due": "date",
    "stage": "status",
    "term": "timeline",
}


def _board(**changes: str | None) -> Board:
    types = {name: kind for name, kind in (COLUMNS | changes).items() if kind is not None}
    columns = tuple(Column(column_id=name, title=name.title(), type=kind) for name, kind in types.items())
    return Board(board_id="7", name="Orders", columns=columns)


def _check(board: Board, **fields: Any) -> None:
    settings = MondaySourceSettings(kind="monday", dataset="orders", board_id="7", fields=FIELDS | fields)
    check_columns(board, column_uses(settings, BoardRows.of("board", settings).mapper))


def test_a_board_with_every_mapped_column_fits() -> None:
    _check(_board())


def test_a_missing_column_is_named_with_its_field_and_the_nearest_one() -> None:
    with pytest.raises(BoardDriftError, match=r"'quantity' \(for quantity\) does not exist; the board has quantity_2"):
        _check(_board(quantity=None, quantity_2="numbers"))


def test_everything_that_is_wrong_is_named_at_once() -> None:
    with pytest.raises(BoardDriftError) as refused:
        _check(_board(quantity=None, due="people"))

    assert "quantity" in str(refused.value)
    assert "'due' (for requested_date) is of type people" in str(refused.value)
    assert "nothing was read" in str(refused.value)


def test_a_retyped_column_is_refused() -> None:
    with pytest.raises(BoardDriftError, match=r"'due' .* is of type text; it may be creation_log, date"):
        _check(_board(due="text"))


def test_a_text_column_with_a_date_form_is_what_the_mapping_asked_for() -> None:
    _check(_board(due="text"), requested_date={"column": "due", "format": "%d.%m.%Y"})


def test_a_value_map_reads_any_column_that_can_be_read() -> None:
    _check(_board(stage="text"))
    with pytest.raises(BoardDriftError, match="whose values cannot be read"):
        _check(_board(stage="formula"))


def test_an_archived_column_is_refused() -> None:
    columns = (*_board(due=None).columns, Column(column_id="due", title="Due", type="date", archived=True))

    with pytest.raises(BoardDriftError, match="is archived"):
        _check(Board(board_id="7", name="Orders", columns=columns))


def test_a_part_of_a_value_must_be_one_of_its_type() -> None:
    _check(_board(), release_date="term.from")
    with pytest.raises(BoardDriftError, match=r"'term' .* is of type text, which has no part 'from'"):
        _check(_board(term="text"), release_date="term.from")


def test_an_optional_column_may_be_missing() -> None:
    _check(_board(), release_date={"column": "release", "optional": True})


def test_the_source_key_of_a_row_is_the_item_and_nothing_else() -> None:
    with pytest.raises(ConfigurationError, match=r"sources\.board\.fields\.source_order_id"):
        _check(_board(), source_order_id="customer_no")
