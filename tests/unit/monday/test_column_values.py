"""Typed column values become one text each, and texts become what a mutation takes."""

from typing import Any

import pytest

from cms.domain.errors import InvalidValueError
from cms.monday.column_values import column_input, raw_values


@pytest.mark.parametrize(
    ("given", "raw"),
    [
        ({"type": "text", "text": "C00017"}, {"c": "C00017"}),
        ({"type": "text", "text": None}, {"c": ""}),
        ({"type": "numbers", "text": "12.50", "number": 12.5}, {"c": "12.50"}),
        ({"type": "numbers", "text": "$12.50", "number": 12.5}, {"c": "12.5"}),
        ({"type": "numbers", "text": "$100", "number": 100.0}, {"c": "100"}),
        ({"type": "numbers", "text": "", "number": None}, {"c": ""}),
        ({"type": "status", "text": None, "label": None, "index": None}, {"c": "", "c.index": ""}),
        ({"type": "status", "text": "Done", "label": "Done", "index": 1}, {"c": "Done", "c.index": "1"}),
        ({"type": "dropdown", "text": None, "values": []}, {"c": ""}),
        ({"type": "dropdown", "text": "A, B", "values": [{"label": "A"}, {"label": "B"}]}, {"c": "A, B"}),
        (
            {"type": "date", "text": "2026-11-05 14:30", "date": "2026-11-05", "time": "14:30:00"},
            {"c": "2026-11-05 14:30:00", "c.date": "2026-11-05", "c.time": "14:30:00"},
        ),
        ({"type": "checkbox", "text": "v", "checked": True}, {"c": "true"}),
        ({"type": "checkbox", "text": "", "checked": None}, {"c": "false"}),
        ({"type": "email", "text": "Goods-in - a@b.example", "email": "a@b.example"}, {"c": "a@b.example"}),
        ({"type": "phone", "text": "4955", "phone": "4955"}, {"c": "4955"}),
        (
            {"type": "timeline", "from": "2026-01-01T00:00:00+00:00", "to": "2026-06-30T00:00:00+00:00"},
            {"c": "2026-01-01/2026-06-30", "c.from": "2026-01-01", "c.to": "2026-06-30"},
        ),
        ({"type": "timeline", "from": None, "to": None}, {"c": "", "c.from": "", "c.to": ""}),
        ({"type": "hour", "text": "02:05 PM", "hour": 14, "minute": 5}, {"c": "14:05"}),
        ({"type": "hour", "text": "", "hour": None, "minute": None}, {"c": ""}),
        (
            {"type": "board_relation", "text": None, "display_value": "A, B", "linked_item_ids": ["7", "8"]},
            {"c": "A, B", "c.ids": "7,8"},
        ),
        ({"type": "mirror", "text": None, "display_value": "Europe/Berlin"}, {"c": "Europe/Berlin"}),
        (
            {"type": "location", "text": "Ulm, Germany", "lat": 48.4, "lng": 9.99, "city": "Ulm", "country": "Germany"},
            {"c": "Ulm, Germany", "c.lat": "48.4", "c.lng": "9.99", "c.city": "Ulm", "c.country": "Germany"},
        ),
    ],
)
def test_a_value_of_each_type_becomes_a_text(given: dict[str, Any], raw: dict[str, str]) -> None:
    assert raw_values([{"id": "c"} | given]) == raw


@pytest.mark.parametrize(
    ("column_type", "raw", "sent"),
    [
        ("date", "2026-11-05 14:30:00", {"date": "2026-11-05", "time": "14:30:00"}),
        ("date", "", {}),
        ("text", "", ""),
        ("numbers", "12.50", "12.50"),
        ("long_text", "late", {"text": "late"}),
        ("dropdown", "A, B", {"labels": ["A", "B"]}),
        ("checkbox", "true", {"checked": "true"}),
        ("checkbox", "false", {}),
        ("timeline", "2026-01-01/2026-06-30", {"from": "2026-01-01", "to": "2026-06-30"}),
        ("hour", "14:05", {"hour": 14, "minute": 5}),
        ("board_relation", "7,8", {"item_ids": ["7", "8"]}),
    ],
)
def test_a_text_becomes_what_a_mutation_takes(column_type: str, raw: str, sent: object) -> None:
    assert column_input("c", column_type, raw) == sent


@pytest.mark.parametrize(
    ("column_type", "raw"), [("date", "05.11.2026"), ("numbers", "many"), ("mirror", "x"), ("hour", "25:00")]
)
def test_a_text_that_the_column_cannot_take_is_refused_with_its_name(column_type: str, raw: str) -> None:
    with pytest.raises(InvalidValueError, match="due"):
        column_input("due", column_type, raw)
