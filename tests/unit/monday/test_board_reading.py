"""A board is read whole, or to its changes, whatever happens meanwhile."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cms.monday.board import Board, Item
from cms.monday.board_reading import OVERLAP, BoardReading
from cms.monday.errors import BoardDriftError, CursorExpiredError, DailyLimitError, TooComplexError
from cms.monday.paging import Walk
from tests.unit.monday.model_board import BOARD_ID, START, Deed, ModelBoard, an_item, use_up_the_day

PAGE = 4


def _board(count: int = 18, **changes: object) -> ModelBoard:
    items = {str(n): an_item(n, minutes_ago=500 - 10 * n) for n in range(1, count + 1)}
    return ModelBoard(items=items, **changes)  # type: ignore[arg-type]


def _reading(board: ModelBoard, *, since: datetime | None = None, page_size: int = PAGE) -> BoardReading:
    return BoardReading(pages=board, board_id=BOARD_ID, since=since, page_size=page_size)


def test_a_board_at_rest_costs_its_pages_and_one_look_at_the_end() -> None:
    board = _board(count=18)
    reading = _reading(board)

    reading.read()

    assert reading.items == board.active
    assert reading.is_whole
    assert board.requests == 5 + 1


def test_an_empty_board_is_whole_and_leaves_no_watermark() -> None:
    reading = _reading(_board(count=0))

    reading.read()

    assert (reading.items, reading.is_whole, reading.watermark) == ({}, True, None)


@pytest.mark.parametrize("expires_before", [2, 3, 4, 5])
def test_after_an_expired_cursor_only_the_last_second_is_read_again(expires_before: int) -> None:
    board = _board(count=18, deeds={expires_before: [ModelBoard.forget_cursors]})
    reading = _reading(board)
    seen: list[str] = []
    original = board._page

    def counted(*arguments: object, ids_only: bool) -> object:
        page = original(*arguments, ids_only=ids_only)  # type: ignore[arg-type]
        seen.extend(item.item_id for item in page.items if not ids_only)
        return page

    board._page = counted  # type: ignore[assignment, method-assign]
    reading.read()

    assert reading.items == board.active
    assert len(seen) <= 18 + 2


def test_a_cursor_that_always_expires_is_an_error_and_no_endless_loop() -> None:
    board = _board(count=18, deeds={n: [ModelBoard.forget_cursors] for n in range(1, 100)})
    for item_id in board.items:
        board.items[item_id] = an_item(int(item_id), minutes_ago=60)

    with pytest.raises(CursorExpiredError):
        _reading(board).read()


def test_an_item_that_slipped_past_a_cursor_is_fetched() -> None:
    board = _board(is_live=True, deeds={2: [lambda b: b.touch("1"), lambda b: b.touch("2")]})
    reading = _reading(board)

    reading.read()

    assert reading.items == board.active


def test_an_item_that_slipped_past_because_another_was_deleted_is_fetched() -> None:
    board = _board(is_live=True, deeds={2: [lambda b: b.set_state("1", "deleted")]})
    reading = _reading(board)

    reading.read()

    assert reading.items == board.active


def test_a_page_that_costs_too_much_is_asked_for_in_smaller_ones() -> None:
    board = _board(count=60, dearest=12)
    reading = _reading(board, page_size=50)

    reading.read()

    assert reading.items == board.active


def test_a_page_that_costs_too_much_however_small_is_an_error() -> None:
    with pytest.raises(TooComplexError):
        _reading(_board(dearest=1), page_size=50).read()


def test_after_the_daily_limit_the_same_reading_goes_on_where_it_stopped() -> None:
    board = _board(count=18, deeds={4: [use_up_the_day]})
    reading = _reading(board)
    with pytest.raises(DailyLimitError):
        reading.read()
    board.clock += timedelta(hours=12)
    board.set_state("2", "archived")
    board.touch("3")

    reading.read()

    assert reading.items == board.active
    assert reading.is_whole


def test_what_left_the_board_before_reading_was_taken_up_again_is_noticed_without_a_count() -> None:
    board = _board(count=18, tells_count=False, deeds={4: [use_up_the_day]})
    reading = _reading(board)
    with pytest.raises(DailyLimitError):
        reading.read()
    board.purge("2")

    reading.read()

    assert reading.items == board.active


def test_an_item_that_changed_meanwhile_does_not_move_the_position_past_its_neighbours() -> None:
    board = _board(count=18, deeds={2: [lambda b: b.touch("6")]})
    walk = Walk(pages=board, page_size=PAGE)
    pages = walk.pages_from(None)

    next(pages)
    next(pages)

    assert walk.position == board.items["8"].updated_at


def test_a_watermark_stays_behind_the_newest_change_seen() -> None:
    board = _board(count=18)
    reading = _reading(board)

    reading.read()

    assert reading.watermark == board.items["18"].updated_at - OVERLAP


def test_a_watermark_stays_behind_the_last_look_at_the_board() -> None:
    board = _board(count=18, deeds={4: [lambda b: b.touch("17")]})
    reading = _reading(board, page_size=500)

    reading.read()
    board.clock += timedelta(seconds=5)
    board.touch("3")

    assert reading.watermark is not None
    assert reading.watermark <= board.items["3"].updated_at - OVERLAP


def test_a_board_that_does_not_fit_is_refused_before_any_item_is_taken() -> None:
    def refuse(board: Board) -> None:
        raise BoardDriftError(f"board {board.board_id} does not fit")

    reading = BoardReading(pages=_board(), board_id=BOARD_ID, check=refuse)

    with pytest.raises(BoardDriftError):
        reading.read()

    assert reading.items == {}


def test_an_incremental_read_of_a_few_changes_is_one_request() -> None:
    board = _board(count=18)
    first = _reading(board, page_size=500)
    first.read()
    board.clock += timedelta(hours=1)
    board.touch("3")
    asked = board.requests
    second = _reading(board, since=first.watermark, page_size=500)

    second.read()

    assert second.items["3"] == board.items["3"]
    assert board.requests - asked == 1


def test_reconciling_finds_what_left_and_what_nobody_told_of() -> None:
    board = _board(count=6)
    known = frozenset(board.items)
    board.items["900"] = an_item(900)
    board.set_state("1", "archived")
    board.set_state("2", "deleted")
    board.purge("3")
    reading = _reading(board, since=START)
    reading.read()

    reading.reconcile(known)

    assert reading.removed == {"1", "2", "3"}
    assert set(reading.items) == {"900"}


def test_an_item_that_came_for_one_that_went_does_not_hide_one_that_slipped_past() -> None:
    board = _board(count=9, is_live=True, deeds={2: [ModelBoard.create, lambda b: b.purge("1")]})
    reading = _reading(board)

    reading.read()

    assert reading.items == board.active


def test_an_item_moved_to_another_board_has_left_this_one() -> None:
    board = _board(count=3)
    known = frozenset(board.items)
    moved = board.items["2"]
    board.items["2"] = Item(item_id="2", updated_at=moved.updated_at, board_id="8", state="active", raw=moved.raw)
    board.elsewhere.add("2")
    reading = _reading(board, since=START)
    reading.read()

    reading.reconcile(known)

    assert reading.removed == {"2"}


_DEEDS = st.one_of(
    st.integers(1, 20).map(lambda n: lambda b: b.touch(str(n)) if str(n) in b.items else None),
    st.integers(1, 20).map(lambda n: lambda b: b.set_state(str(n), "deleted") if str(n) in b.items else None),
    st.integers(1, 20).map(lambda n: lambda b: b.set_state(str(n), "active") if str(n) in b.items else None),
    st.integers(1, 20).map(lambda n: lambda b: b.purge(str(n))),
    st.just(ModelBoard.create),
    st.just(ModelBoard.forget_cursors),
)
_SCHEDULES = st.dictionaries(st.integers(1, 30), st.lists(_DEEDS, max_size=3), max_size=8)


@settings(max_examples=150, deadline=None)
@given(
    minutes=st.lists(st.integers(1, 12), max_size=20),
    deeds=_SCHEDULES,
    is_live=st.booleans(),
    tick=st.integers(0, 2),
    daily_limit_at=st.none() | st.integers(1, 12),
)
def test_a_full_read_and_the_next_incremental_one_together_give_the_board(
    minutes: list[int], deeds: dict[int, Sequence[Deed]], is_live: bool, tick: int, daily_limit_at: int | None
) -> None:
    items = {str(n): an_item(n, minutes_ago=ago) for n, ago in enumerate(minutes, start=1)}
    schedule = {number: list(done) for number, done in deeds.items()}
    if daily_limit_at is not None:
        schedule.setdefault(daily_limit_at, []).append(use_up_the_day)
    board = ModelBoard(items=items, deeds=schedule, is_live=is_live, seconds_per_request=tick)
    full = _reading(board)
    _read_despite_the_limit(full)

    board.deeds = {}
    board.clock += timedelta(hours=1)
    later = _reading(board, since=full.watermark)
    later.read()
    later.reconcile(frozenset(full.items))

    together = {**full.items, **later.items}
    assert {i: item for i, item in together.items() if i not in later.removed} == board.active


@settings(max_examples=150, deadline=None)
@given(minutes=st.lists(st.integers(1, 12), min_size=9, max_size=20), deeds=_SCHEDULES, is_live=st.booleans())
def test_a_full_read_alone_gives_the_board_once_it_is_at_rest(
    minutes: list[int], deeds: dict[int, Sequence[Deed]], is_live: bool
) -> None:
    items = {str(n): an_item(n, minutes_ago=ago) for n, ago in enumerate(minutes, start=1)}
    before_the_last_page = {number: done for number, done in deeds.items() if number <= 3}
    board = ModelBoard(items=items, deeds=before_the_last_page, is_live=is_live)
    reading = _reading(board)

    reading.read()

    assert reading.is_whole
    assert reading.items == board.active


def _read_despite_the_limit(reading: BoardReading) -> None:
    try:
        reading.read()
    except DailyLimitError:
        reading.read()
