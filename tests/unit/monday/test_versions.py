"""The pinned API version is watched by the calendar of quarters and by what monday.com serves."""

from datetime import date

import pytest

from cms.monday.versions import VersionState, end_of_life, judge_version

SERVED = {"2026-07": "maintenance", "2026-10": "current", "2027-01": "release_candidate"}


@pytest.mark.parametrize(
    ("version", "ends"), [("2026-01", date(2026, 7, 1)), ("2026-07", date(2027, 1, 1)), ("2026-10", date(2027, 4, 1))]
)
def test_a_version_lasts_two_quarters(version: str, ends: date) -> None:
    assert end_of_life(version) == ends


@pytest.mark.parametrize(
    ("today", "state"),
    [(date(2027, 1, 30), VersionState.FINE), (date(2027, 1, 31), VersionState.SOON)],
)
def test_the_warning_comes_sixty_days_before_the_end(today: date, state: VersionState) -> None:
    report = judge_version("2026-10", SERVED, today)

    assert report.state is state
    assert (report.days_left <= 60) is (state is VersionState.SOON)


def test_a_pin_that_is_no_longer_listed_is_gone_whatever_the_calendar_says() -> None:
    report = judge_version("2026-04", SERVED, date(2026, 5, 1))

    assert report.state is VersionState.GONE
    assert "monday.api_version to 2026-10" in report.sentence


def test_a_release_candidate_is_no_pin() -> None:
    report = judge_version("2027-01", SERVED, date(2026, 11, 24))

    assert report.state is VersionState.UNSTABLE
    assert "Pin 2026-10" in report.sentence


def test_the_sentence_tells_version_kind_and_days() -> None:
    report = judge_version("2026-10", SERVED, date(2027, 3, 2))

    assert report.sentence.startswith("API version 2026-10 (current) is kept only until 2027-04-01, 30 days from now")
