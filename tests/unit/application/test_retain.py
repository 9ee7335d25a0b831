from datetime import UTC, date, datetime

import pytest

from cms.application.order_history import OrderQuery
from cms.application.ports import Progress, no_progress
from cms.application.retain import Archived, ArchiveKind, RetentionPolicy, retain
from cms.domain.errors import InvalidValueError

NOW = datetime(2026, 1, 5, 3, tzinfo=UTC)
TODAY = date(2026, 1, 5)


def an_archive(number: int, kind: ArchiveKind, rows: int) -> Archived:
    return Archived(archive_id=f"{number}-{kind}", kind=kind, cutoff=date(2021, 1, 5), rows={"order_master": rows})


class FakeArchive:
    """Pieces that wait to be archived, and what was asked, in order."""

    def __init__(self, pieces: list[Archived]) -> None:
        self.pieces = pieces
        self.asked: list[str] = []

    def finish_interrupted(self, *, now: datetime, progress: Progress = no_progress) -> list[Archived]:
        self.asked.append("finish")
        return [an_archive(1, ArchiveKind.ORDERS, 7)]

    def archive_next(
        self, kind: ArchiveKind, *, cutoff: date, now: datetime, progress: Progress = no_progress
    ) -> Archived | None:
        self.asked.append(f"{kind} before {cutoff}")
        found = next((piece for piece in self.pieces if piece.kind is kind), None)
        if found is not None:
            self.pieces.remove(found)
        return found

    def waiting(self, *, cutoff: date) -> dict[ArchiveKind, int]:
        return {}


def test_everything_old_goes_piece_by_piece_orders_first_and_versions_last() -> None:
    store = FakeArchive(
        [an_archive(number, kind, 10) for number, kind in enumerate([*ArchiveKind, ArchiveKind.ORDERS])]
    )

    report = retain(store, policy=RetentionPolicy(years=5), as_of=TODAY, now=NOW)

    asked = [
        f"{kind} before 2021-01-05" for kind in ("orders", "orders", "orders", "days", "days", "versions", "versions")
    ]
    assert store.asked == ["finish", *asked]
    assert report.rows == report.rows_of("order_master") == 7 + 4 * 10
    assert report.rows_of("quotes") == 0


def test_a_day_in_the_future_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="as_of: must not be after today, 2026-01-05, found '2026-01-06'"):
        retain(FakeArchive([]), policy=RetentionPolicy(), as_of=date(2026, 1, 6), now=NOW)


def test_a_policy_keeps_a_year_at_least() -> None:
    with pytest.raises(InvalidValueError, match=r"retention\.years: must be 1 or more, found 0"):
        RetentionPolicy(years=0)


@pytest.mark.parametrize(
    ("as_of", "first_kept"),
    [(TODAY, date(2021, 1, 5)), (date(2028, 2, 29), date(2023, 2, 28)), (date(2029, 3, 1), date(2024, 3, 1))],
)
def test_the_same_day_five_years_ago_is_the_first_that_is_kept(as_of: date, first_kept: date) -> None:
    assert RetentionPolicy(years=5).cutoff(as_of) == first_kept


@pytest.mark.parametrize(
    ("criteria", "message"),
    [
        ({}, "query: must name an order, a customer, or a first or last day of ordering"),
        ({"ordered_from": TODAY, "ordered_to": date(2026, 1, 4)}, "ordered_to: must not be before 2026-01-05"),
        ({"order_id": "O1", "limit": 0}, "limit: must be 1 or more, found 0"),
    ],
)
def test_a_question_that_asks_nothing_is_refused(criteria: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidValueError, match=message):
        OrderQuery(**criteria)  # type: ignore[arg-type]
