"""What values of a source are read as, and which are refused with which words."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from cms.aggregation.conversions import reader_for
from cms.aggregation.dataset_fields import FieldSpec, FieldType
from cms.aggregation.source_text import UnreadableValueError, is_empty, key_text, text_of


def read(kind: FieldType, value: Any, *, choices: frozenset[str] = frozenset(), **options: Any) -> Any:
    return reader_for(FieldSpec(type=kind, choices=choices), **options)(value)


@pytest.mark.parametrize(
    ("value", "options", "expected"),
    [
        ("12.5", {}, "12.5"),
        (" 12 ", {}, "12"),
        ("12,5", {"decimal": ","}, "12.5"),
        ("1.234.567,89", {"decimal": ",", "thousands": "."}, "1234567.89"),
        ("1,234.5", {"thousands": ","}, "1234.5"),
        ("1\u202f234,5", {"decimal": ",", "thousands": " "}, "1234.5"),
        ("1'234.5", {"thousands": "'"}, "1234.5"),
        ("12.50-", {}, "-12.50"),
        ("+7", {}, "7"),
        (".5", {}, "0.5"),
        ("1e3", {}, "1000"),
        (12, {}, "12"),
        (0.1, {}, "0.1"),
        (Decimal("3.30"), {}, "3.30"),
        ("0.123456", {}, "0.1235"),
    ],
)
def test_a_number_is_read_with_the_signs_that_its_source_uses(value: object, options: Any, expected: str) -> None:
    assert read(FieldType.DECIMAL, value, **options) == Decimal(expected)


@pytest.mark.parametrize(
    ("value", "options", "rule"),
    [
        ("12,5", {}, "is no number with '.' as the decimal sign"),
        ("1.234,5", {"decimal": ","}, "is no number with ',' as the decimal sign"),
        ("12.34,5", {"decimal": ",", "thousands": "."}, "is no number with ',' as the decimal sign and '.' between"),
        ("1_000", {}, "is no number"),
        ("-5-", {}, "is no number"),
        ("NaN", {}, "is not finite"),
        ("-inf", {}, "is not finite"),
        (float("inf"), {}, "is not finite"),
        (Decimal("NaN"), {}, "is not finite"),
        ("1e15", {}, "is out of range"),
        (True, {}, "is no number"),
        ([1], {}, "is no number"),
    ],
)
def test_what_is_no_number_is_refused_and_never_guessed(value: object, options: Any, rule: str) -> None:
    with pytest.raises(UnreadableValueError, match=rule.replace(".", r"\.")):
        read(FieldType.DECIMAL, value, **options)


def test_a_number_that_stands_in_many_rows_is_parsed_once_and_refused_each_time() -> None:
    number = reader_for(FieldSpec(type=FieldType.DECIMAL))

    assert number("5") is number("5")
    for _ in range(2):
        with pytest.raises(UnreadableValueError):
            number("five")


@pytest.mark.parametrize(("value", "expected"), [("3", 3), ("3.0", 3), (3.0, 3), (Decimal(7), 7), ("-2", -2)])
def test_a_whole_number_may_have_been_written_with_a_point(value: object, expected: int) -> None:
    assert read(FieldType.WHOLE, value) == expected


@pytest.mark.parametrize(("value", "rule"), [("3.5", "no whole number"), ("2147483648", "not within"), ("x", "number")])
def test_what_is_no_whole_number_is_refused(value: str, rule: str) -> None:
    with pytest.raises(UnreadableValueError, match=rule):
        read(FieldType.WHOLE, value)


@pytest.mark.parametrize("word", ["yes", "Y", "TRUE", "1", "ja", "J", "x", "on", True, 1, 1.0])
def test_yes_has_many_words(word: object) -> None:
    assert read(FieldType.BOOL, word) is True


@pytest.mark.parametrize("word", ["no", "N", "false", "0", "nein", "off", False, 0])
def test_no_has_many_words(word: object) -> None:
    assert read(FieldType.BOOL, word) is False


def test_a_word_that_is_neither_yes_nor_no_is_refused() -> None:
    with pytest.raises(UnreadableValueError, match="neither yes nor no"):
        read(FieldType.BOOL, "perhaps")


def test_a_choice_is_read_whatever_its_case_and_gaps() -> None:
    choices = frozenset({"open", "in_production"})

    assert read(FieldType.CHOICE, "open", choices=choices) == "open"
    assert read(FieldType.CHOICE, "In Production", choices=choices) == "in_production"
    assert read(FieldType.CHOICE, "IN-PRODUCTION", choices=choices) == "in_production"
    with pytest.raises(UnreadableValueError, match="is none of in_production, open"):
        read(FieldType.CHOICE, "lost", choices=choices)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("00123", "00123"),
        ("12345.0", "12345"),
        (12345.0, "12345"),
        (12345, "12345"),
        ("A-1.0", "A-1.0"),
        ("1.50", "1.50"),
    ],
)
def test_a_key_says_what_it_said_before_a_spreadsheet_made_a_number_of_it(value: object, expected: str) -> None:
    assert read(FieldType.KEY, value) == expected


def test_a_key_that_lost_its_digits_is_refused() -> None:
    with pytest.raises(UnreadableValueError, match="its last digits are lost"):
        read(FieldType.KEY, "1.23457E+11")


def test_text_is_trimmed_and_must_fit_its_column() -> None:
    assert read(FieldType.TEXT, "  Müller & Söhne\u00a0") == "Müller & Söhne"
    assert read(FieldType.TEXT, "two\nlines") == "two\nlines"
    assert read(FieldType.TEXT, "3.0") == "3.0"
    with pytest.raises(UnreadableValueError, match="has 201 characters, at most 200"):
        read(FieldType.TEXT, "x" * 201)
    for broken in ("a\x00b", "a\ud800b"):
        with pytest.raises(UnreadableValueError, match="a character that is no text"):
            read(FieldType.TEXT, broken)


@pytest.mark.parametrize(
    ("value", "formats", "expected"),
    [
        ("2026-01-05", (), date(2026, 1, 5)),
        ("20260105", (), date(2026, 1, 5)),
        ("2026-01-05 23:30:00", (), date(2026, 1, 5)),
        ("05.01.2026", ("%d.%m.%Y",), date(2026, 1, 5)),
        ("5-Jan-26", ("%m/%d/%y", "%d-%b-%y"), date(2026, 1, 5)),
        ("1/5/26", ("%m/%d/%y", "%d-%b-%y"), date(2026, 1, 5)),
        ("2026-01-05", ("%d.%m.%Y", "iso"), date(2026, 1, 5)),
        (date(2026, 1, 5), (), date(2026, 1, 5)),
        (datetime.fromisoformat("2026-01-05T23:00"), (), date(2026, 1, 5)),
    ],
)
def test_a_date_is_read_by_the_first_form_that_fits(value: object, formats: tuple[str, ...], expected: date) -> None:
    assert read(FieldType.DATE, value, formats=formats) == expected


@pytest.mark.parametrize(
    ("value", "formats", "rule"),
    [
        ("31/02/2011", ("%d/%m/%Y",), "is no date of form %d/%m/%Y"),
        ("soon", (), "is no date of form ISO 8601"),
        ("x", ("%d.%m.%Y", "iso"), "is no date of form %d.%m.%Y or ISO 8601"),
        (45992, (), "is of type int, not a date"),
        (time(8), (), "is a time of day, not a date"),
    ],
)
def test_what_is_no_date_is_refused(value: object, formats: tuple[str, ...], rule: str) -> None:
    with pytest.raises(UnreadableValueError, match=rule):
        read(FieldType.DATE, value, formats=formats)


def test_the_date_of_an_instant_with_an_offset_is_the_day_in_the_configured_zone() -> None:
    assert read(FieldType.DATE, "2026-01-05T23:30:00Z", time_zone="Europe/Berlin") == date(2026, 1, 6)
    assert read(FieldType.DATE, "2026-01-05T23:30:00Z") == date(2026, 1, 5)


def test_an_instant_without_an_offset_is_in_the_configured_zone() -> None:
    expected = datetime(2026, 1, 5, 7, 30, tzinfo=UTC)

    assert read(FieldType.INSTANT, "2026-01-05 08:30", time_zone="Europe/Berlin") == expected
    assert read(FieldType.INSTANT, datetime.fromisoformat("2026-01-05T08:30"), time_zone="Europe/Berlin") == expected
    assert read(FieldType.INSTANT, "2026-01-05T07:30:00Z", time_zone="Europe/Berlin") == expected
    assert read(FieldType.INSTANT, "05.01.2026 07:30", formats=("%d.%m.%Y %H:%M",)) == expected
    with_offset = datetime(2026, 1, 5, 9, 30, tzinfo=timezone(timedelta(hours=2)))
    assert read(FieldType.INSTANT, with_offset, time_zone="Asia/Tokyo") == expected


def test_a_bare_date_is_the_midnight_of_the_configured_zone() -> None:
    midnight = datetime(2026, 1, 4, 23, tzinfo=UTC)

    assert read(FieldType.INSTANT, date(2026, 1, 5), time_zone="Europe/Berlin") == midnight
    assert read(FieldType.INSTANT, "2026-01-05", time_zone="Europe/Berlin") == midnight


def test_an_instant_inside_the_hour_that_a_clock_change_leaves_out_is_refused() -> None:
    with pytest.raises(UnreadableValueError, match="does not exist in Europe/Berlin"):
        read(FieldType.INSTANT, "2026-03-29 02:30", time_zone="Europe/Berlin")


def test_an_instant_inside_the_hour_that_comes_twice_is_the_first_one() -> None:
    assert read(FieldType.INSTANT, "2026-10-25 02:30", time_zone="Europe/Berlin") == datetime(
        2026, 10, 25, 0, 30, tzinfo=UTC
    )


def test_an_instant_outside_the_calendar_is_refused() -> None:
    with pytest.raises(UnreadableValueError, match="outside the calendar"):
        read(FieldType.INSTANT, "0001-01-01T00:00:00+14:00")
    with pytest.raises(UnreadableValueError, match="is a time of day, not an instant"):
        read(FieldType.INSTANT, time(8))


def test_a_time_of_day_is_read_from_text_and_from_native_values() -> None:
    assert read(FieldType.TIME, "08:30") == time(8, 30)
    assert read(FieldType.TIME, "8.30 am", formats=("%I.%M %p",)) == time(8, 30)
    assert read(FieldType.TIME, time(8, 30, tzinfo=UTC)) == time(8, 30)
    assert read(FieldType.TIME, datetime.fromisoformat("2026-01-05T08:30")) == time(8, 30)
    with pytest.raises(UnreadableValueError, match="is a date, not a time of day"):
        read(FieldType.TIME, date(2026, 1, 5))


def test_a_reader_of_many_different_days_does_not_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cms.aggregation.moments._MEMORY", 2)
    day = reader_for(FieldSpec(type=FieldType.DATE))

    assert [day(f"2026-01-0{n}").day for n in (1, 2, 3, 1)] == [1, 2, 3, 1]


@pytest.mark.parametrize("value", [None, "", "  ", "\u00a0", float("nan")])
def test_a_value_that_says_nothing_is_empty(value: object) -> None:
    assert is_empty(value)


@pytest.mark.parametrize("value", [0, False, "0", 0.0])
def test_nought_and_no_are_not_empty(value: object) -> None:
    assert not is_empty(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Decimal("12.00"), "12"),
        (Decimal("1e40"), "1E+40"),
        (1.5, "1.5"),
        (datetime.fromisoformat("2026-01-05T08:00"), "2026-01-05 08:00:00"),
        (date(2026, 1, 5), "2026-01-05"),
        (time(8), "08:00:00"),
        (b"\x01\xff", "01ff"),
        (["a", 1], '["a", 1]'),
        ({"ä": None}, '{"ä": null}'),
    ],
)
def test_any_value_has_a_text(value: object, expected: str) -> None:
    assert text_of(value) == expected


def test_a_key_with_leading_noughts_is_no_number_of_a_spreadsheet() -> None:
    assert key_text("007.0") == "007.0"
    assert key_text("0.0") == "0"
