"""What a windows column says."""

from datetime import date, time
from typing import Any

import pytest

from cms.aggregation.window_text import parse_windows
from cms.domain.customers import DeliveryWindow


def windows(text: Any) -> list[tuple[int, str, str]]:
    read = parse_windows(text)
    assert read.problems == ()
    return [(w.weekday, f"{w.start:%H:%M}", f"{w.end:%H:%M}") for w in read.windows]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Tue 08:00-12:00", [(1, "08:00", "12:00")]),
        ("tuesday 8-12", [(1, "08:00", "12:00")]),
        ("Di 8.30–12.30 Uhr", [(1, "08:30", "12:30")]),
        ("Mon-Wed 08:00-17:00", [(0, "08:00", "17:00"), (1, "08:00", "17:00"), (2, "08:00", "17:00")]),
        ("Sat-Mon 8-9", [(5, "08:00", "09:00"), (6, "08:00", "09:00"), (0, "08:00", "09:00")]),
        ("Mon, Wed 8-9", [(0, "08:00", "09:00"), (2, "08:00", "09:00")]),
        ("Mo und Fr: 8-9", [(0, "08:00", "09:00"), (4, "08:00", "09:00")]),
        ("Tue 08:00-12:00, 13:00-17:00", [(1, "08:00", "12:00"), (1, "13:00", "17:00")]),
        ("weekend 10-24", [(5, "10:00", "23:59"), (6, "10:00", "23:59")]),
        ("Tue 8-12; Tue 8-12", [(1, "08:00", "12:00")]),
        ("Tue 8-12\nThu 8-12;", [(1, "08:00", "12:00"), (3, "08:00", "12:00")]),
        ("", []),
        (None, []),
        (["Tue 8-12", "Thu 8-12"], [(1, "08:00", "12:00"), (3, "08:00", "12:00")]),
        ([{"weekday": 1, "start": "08:00", "end": "12:00"}], [(1, "08:00", "12:00")]),
        ({"weekday": "Mon-Tue", "start": "08:00", "end": "12:00"}, [(0, "08:00", "12:00"), (1, "08:00", "12:00")]),
    ],
)
def test_windows_are_read_as_people_write_them(text: Any, expected: list[tuple[int, str, str]]) -> None:
    assert windows(text) == expected


def test_daily_and_weekdays_are_sets_of_days() -> None:
    assert [day for day, *_ in windows("daily 8-9")] == list(range(7))
    assert [day for day, *_ in windows("weekdays 8-9")] == list(range(5))


def test_a_window_may_hold_from_a_day_to_a_day() -> None:
    (both,) = parse_windows("Thu 13:00-17:00 from 2026-01-01 to 2026-06-30").windows
    (until,) = parse_windows("Thu 13:00-17:00 bis 2026-06-30").windows
    (given,) = parse_windows(
        [{"weekday": 3, "start": "13:00", "end": "17:00", "effective_from": "2026-01-01", "effective_to": None}]
    ).windows

    assert both == DeliveryWindow(
        weekday=3, start=time(13), end=time(17), effective_from=date(2026, 1, 1), effective_to=date(2026, 6, 30)
    )
    assert (until.effective_from, until.effective_to) == (None, date(2026, 6, 30))
    assert (given.effective_from, given.effective_to) == (date(2026, 1, 1), None)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("sometime", "is no window of form"),
        ("Someday 8-12", "'someday' is no weekday"),
        ("Tue 25-99", "25:00 is no time of day"),
        ("Tue 8:60-9", "8:60 is no time of day"),
        ("Tue 8", "are no hours of form"),
        ("Tue 12:00-08:00", "end: must be after start 12:00"),
        ("Tue 8-12 from 2026-06-30 to 2026-01-01", "the window never opens"),
        ("Tue 8-12 from 2026-02-30", "day is out of range"),
        ([{"weekday": 9, "start": "08:00", "end": "12:00"}], "weekday: must be 0"),
        ([{"weekday": 1, "start": "8 Uhr", "end": "12:00"}], "8 Uhr"),
        ([{"weekday": 1, "start": "08:00"}], "has the keys weekday, start, end"),
        ([{"weekday": 1, "start": "08:00", "end": "12:00", "dock": 3}], "has the keys weekday, start, end"),
    ],
)
def test_what_is_no_window_is_named_with_its_rule(text: Any, rule: str) -> None:
    read = parse_windows(text)

    assert read.windows == ()
    assert len(read.problems) == 1
    assert read.problems[0].startswith("windows: ")
    assert rule in read.problems[0]


def test_good_parts_beside_a_bad_one_are_read() -> None:
    read = parse_windows("Tue 8-12; nonsense; Thu 8-12")

    assert [window.weekday for window in read.windows] == [1, 3]
    assert len(read.problems) == 1
