"""A watermark keeps where to go on, and the form of the board."""

from datetime import UTC, datetime

import pytest

from cms.domain.errors import SourceError
from cms.monday.board import Column
from cms.monday.watermark import LONGEST, Watermark, changed_columns, form_of, watermark_of

DUE = Column(column_id="due", title="Requested", type="date")
STAGE = Column(column_id="stage", title="Status", type="status")


def test_a_watermark_is_read_as_it_was_kept() -> None:
    mark = Watermark(
        since=datetime(2026, 11, 24, 12, 0, 1, tzinfo=UTC),
        reconciled_at=datetime(2026, 11, 24, tzinfo=UTC),
        form=form_of([DUE, STAGE]),
    )

    assert watermark_of(mark.to_text(), "board") == mark


def test_a_form_that_does_not_fit_is_left_out_rather_than_cut() -> None:
    columns = [Column(column_id=f"c{n}", title=str(n), type="text") for n in range(80)]
    mark = Watermark(since=datetime(2026, 11, 24, tzinfo=UTC), form=form_of(columns))

    kept = mark.to_text()

    assert len(kept) <= LONGEST
    assert watermark_of(kept, "board") == Watermark(since=mark.since)


@pytest.mark.parametrize("text", ["2026-11-24", "{}", "[]", '{"since": 5}'])
def test_a_watermark_of_something_else_is_refused_with_the_way_out(text: str) -> None:
    with pytest.raises(SourceError, match="sync in full"):
        watermark_of(text, "board")


def test_a_board_of_the_same_form_has_no_changed_columns() -> None:
    assert changed_columns(form_of([DUE, STAGE]), [STAGE, DUE]) == []


def test_a_retyped_column_is_named_with_both_types() -> None:
    now = Column(column_id="due", title="Requested", type="text")

    assert changed_columns(form_of([DUE, STAGE]), [now, STAGE]) == [
        "column 'due' (Requested) was of type date and is now text"
    ]


def test_a_renamed_column_is_named_with_its_new_title() -> None:
    now = Column(column_id="stage", title="Stage of work", type="status")

    assert changed_columns(form_of([DUE, STAGE]), [DUE, now]) == [
        "column 'stage' was renamed and is now called 'Stage of work'"
    ]


def test_a_mapping_that_asks_for_other_columns_compares_nothing() -> None:
    assert changed_columns(form_of([DUE]), [DUE, STAGE]) == []
