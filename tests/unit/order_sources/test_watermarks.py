"""Where the next read starts."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from cms.order_sources.watermarks import Mark, WatermarkSeen, as_text, earlier, from_text

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
_FIRST = datetime.min.replace(tzinfo=UTC)


@pytest.mark.parametrize("mark", [17, "2026-01-05 08:00:00", "a:b", NOON, date(2026, 1, 5), ""])
def test_a_mark_comes_back_as_it_was(mark: Mark) -> None:
    assert from_text(as_text(mark)) == mark


@pytest.mark.parametrize(
    ("mark", "expected"),
    [
        ("2026-01-05T08:00:00Z", "2026-01-05T07:58:30Z"),
        ("2026-01-05T08:00:00+02:00", "2026-01-05T07:58:30+02:00"),
        ("2026-01-05 08:00:00", "2026-01-05 07:58:30"),
        ("2026-01-05 08:00:00.125", "2026-01-05 07:58:30.125"),
        ("2026-01-05T08:00:00.125000+01:00", "2026-01-05T07:58:30.125000+01:00"),
        ("2026-01-05T08:00:00.125Z", "2026-01-05T07:58:30.125Z"),
        ("2026-01-05", "2026-01-05"),
        ("version 7", "version 7"),
        (17, 17),
        (date(2026, 1, 5), date(2026, 1, 5)),
        (NOON, datetime(2026, 1, 5, 11, 58, 30, tzinfo=UTC)),
        (_FIRST, _FIRST),
    ],
)
def test_reading_starts_a_little_before_in_the_form_of_the_source(mark: Mark, expected: Mark) -> None:
    assert earlier(mark, 90) == expected


@pytest.mark.parametrize(
    ("marks", "expected"),
    [
        ([2, 10, 9], "number:10"),
        (["2026-01-05T08:00:00Z", "2026-01-05T08:30:00+01:00"], "text:2026-01-05T08:00:00Z"),
        (["b", "a"], "text:b"),
        ([None, "", True, 1.5], None),
        ([NOON, datetime(2026, 1, 5, 11, tzinfo=UTC)], "instant:2026-01-05T12:00:00+00:00"),
        (["9", 10], "text:9"),
    ],
)
def test_the_latest_mark_is_kept(marks: list[Any], expected: str | None) -> None:
    seen = WatermarkSeen(start=None, now=NOON)

    for mark in marks:
        seen.see(mark)

    assert seen.text() == expected


def test_a_mark_of_the_far_future_is_not_kept() -> None:
    seen = WatermarkSeen(start="2026-01-05T08:00:00Z", now=NOON)

    seen.see("2026-01-06T12:00:01Z")
    assert seen.text() == "text:2026-01-05T08:00:00Z"

    seen.see("2026-01-06T11:59:59Z")
    assert seen.text() == "text:2026-01-06T11:59:59Z"


def test_without_a_clock_every_mark_counts() -> None:
    seen = WatermarkSeen(start=None)

    seen.see("9999-01-01T00:00:00Z")

    assert seen.text() == "text:9999-01-01T00:00:00Z"
