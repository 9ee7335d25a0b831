"""Column values look, and are refused, as monday.com's do."""

import json
from typing import Any

import pytest

from cms.sandbox.monday_api.column_types import KINDS, read_input, text_of, value_of
from cms.sandbox.monday_api.errors import MondayError
from cms.sandbox.monday_api.model import Column

LABELS = {"labels": {"1": "Active", "2": "Inactive"}}


def a_column(kind: str) -> Column:
    return Column("it", "It", kind, dict(LABELS) if kind in ("status", "dropdown") else {})


@pytest.mark.parametrize(
    "kind", sorted(set(KINDS) - {"status", "dropdown", "board_relation", "mirror", "last_updated"})
)
def test_most_empty_columns_have_an_empty_text_and_no_value(kind: str) -> None:
    column = a_column(kind)

    assert (text_of(column, None), value_of(column, None)) == ("", None)


@pytest.mark.parametrize("kind", ["status", "dropdown"])
def test_an_empty_status_or_dropdown_has_no_text_at_all(kind: str) -> None:
    assert text_of(a_column(kind), None) is None


@pytest.mark.parametrize(("kind", "stored"), [("board_relation", {"item_ids": ["7"]}), ("mirror", "Europe/Berlin")])
def test_connected_boards_and_mirrors_never_have_text_or_value(kind: str, stored: Any) -> None:
    column = a_column(kind)

    assert (text_of(column, stored), value_of(column, stored)) == (None, None)


@pytest.mark.parametrize(
    ("kind", "sent", "text"),
    [
        ("text", "hello", "hello"),
        ("long_text", {"text": "two\nlines"}, "two\nlines"),
        ("numbers", "12.50", "12.50"),
        ("status", {"label": "Inactive"}, "Inactive"),
        ("status", {"index": 1}, "Active"),
        ("dropdown", {"labels": ["Active", "Inactive"]}, "Active, Inactive"),
        ("dropdown", {"ids": [2]}, "Inactive"),
        ("date", {"date": "2026-01-05", "time": "08:30:00"}, "2026-01-05 08:30"),
        ("date", "2026-01-05", "2026-01-05"),
        ("checkbox", {"checked": "true"}, "v"),
        ("checkbox", {"checked": "false"}, ""),
        ("email", {"email": "a@b.example", "text": "Ada"}, "Ada - a@b.example"),
        ("phone", {"phone": "+49 1", "countryShortName": "DE"}, "+49 1"),
        ("timeline", {"from": "2026-01-01", "to": "2026-02-01"}, "2026-01-01 - 2026-02-01"),
        ("hour", {"hour": 16, "minute": 5}, "04:05 PM"),
        ("location", {"lat": 1, "lng": 2, "address": "Ulm"}, "Ulm"),
    ],
)
def test_what_a_mutation_sends_is_what_the_column_shows(kind: str, sent: Any, text: str) -> None:
    column = a_column(kind)

    assert text_of(column, read_input(column, sent)) == text


@pytest.mark.parametrize(
    ("kind", "sent"),
    [
        ("numbers", "twelve"),
        ("status", {"label": "Sleepy"}),
        ("status", {"index": 9}),
        ("dropdown", {"ids": [9]}),
        ("date", {"date": "31/12/2026"}),
        ("date", {"day": "2026-01-01"}),
        ("email", {"email": "nobody"}),
        ("timeline", {"from": "2026-02-01", "to": "2026-01-01"}),
        ("board_relation", {"item_ids": ["seven"]}),
        ("mirror", "anything"),
        ("last_updated", "now"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_the_type_of_its_column(kind: str, sent: Any) -> None:
    with pytest.raises(MondayError) as refused:
        read_input(a_column(kind), sent)

    assert refused.value.code == "ColumnValueException"
    assert refused.value.error_data["column_type"] == kind


@pytest.mark.parametrize("nothing", [None, "", {}])
def test_sending_nothing_clears_a_column(nothing: Any) -> None:
    assert read_input(a_column("status"), nothing) is None


def test_a_label_that_is_missing_can_be_created_on_the_way() -> None:
    column = Column("it", "It", "status", json.loads(json.dumps(LABELS)))

    stored = read_input(column, {"label": "Sleepy"}, create_labels=True)

    assert text_of(column, stored) == "Sleepy"
