"""What a source sent is kept as JSON, whatever it sent."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from cms.warehouse.row_fitting import as_json


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("Größe 😀", "Größe 😀"),
        (None, None),
        (1.5, 1.5),
        (True, True),
        (2**70, 2**70),
        (Decimal("1.50"), "1.50"),
        (date(2026, 1, 5), "2026-01-05"),
        (datetime(2026, 1, 5, 8, tzinfo=UTC), "2026-01-05 08:00:00+00:00"),
        ({"text": ["a", {"b": None}]}, {"text": ["a", {"b": None}]}),
        ({7: "seven"}, {"7": "seven"}),
        ("a\ud800b", "a?b"),
        ("a\x00b", "a\x00b"),
    ],
)
def test_what_a_source_sent_can_be_read_again(value: object, kept: object) -> None:
    assert json.loads(as_json({"field": value})) == {"field": kept}


@pytest.mark.parametrize("value", [float("nan"), [None, float("nan")], {"deep": (1.0, float("nan"))}])
def test_what_is_no_number_is_not_kept_as_nothing(value: object) -> None:
    assert "NaN" in as_json({"empty": None, "field": value})


def test_infinity_is_not_kept_as_nothing() -> None:
    assert as_json({"field": float("-inf")}) == '{"field":-Infinity}'


def test_rows_have_one_form_whichever_way_they_are_written() -> None:
    plain, large = as_json({"a": [1, "x"], "b": None}), as_json({"a": [1, "x"], "b": 2**70})

    assert large.replace(str(2**70), "null") == plain
