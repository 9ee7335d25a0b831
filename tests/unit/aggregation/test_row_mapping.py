"""How rows are made by rules, what a bad value and a bad rule are told."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from cms.aggregation.dataset_fields import FIELDS_OF
from cms.aggregation.field_rules import FieldRule
from cms.aggregation.row_mapping import compile_mapping, mapping_problems
from cms.aggregation.row_taking import row_filter
from cms.domain.errors import InvalidValueError, SourceError
from cms.warehouse.tables import staging_customers, staging_orders, staging_windows

BOOKKEEPING = {"load_id", "row_number", "problems", "raw", "row_hash", "outcome"}


def value_of(row: dict[str, Any], field: str, **rule: Any) -> Any:
    mapped = compile_mapping("orders", [FieldRule(field=field, **rule)]).map(row)
    assert mapped.problems == ()
    return mapped.values[field]


def problem_of(row: dict[str, Any], field: str, **rule: Any) -> str:
    mapped = compile_mapping("orders", [FieldRule(field=field, **rule)]).map(row)
    assert mapped.values[field] is None
    (problem,) = mapped.problems
    return problem


@pytest.mark.parametrize(
    ("dataset", "table"),
    [("orders", staging_orders), ("customers", staging_customers), ("windows", staging_windows)],
)
def test_every_staging_column_is_a_field_and_every_field_a_staging_column(dataset: str, table: Any) -> None:
    assert set(FIELDS_OF[dataset]) == {column.name for column in table.columns} - BOOKKEEPING


def test_a_row_is_mapped_field_by_field_with_the_source_row_beside_it() -> None:
    mapper = compile_mapping(
        "orders",
        [
            FieldRule(field="order_id", column="No"),
            FieldRule(field="quantity", column="Qty"),
            FieldRule(field="status", constant="open"),
        ],
    )
    row = {"No": " 4711 ", "Qty": "2.5", "Extra": "kept"}

    mapped = mapper.map(row, ["row: seen while reading"])

    assert mapped.values == {
        "order_id": "4711", "quantity": Decimal("2.5"), "status": "open", "source_order_id": "4711"
    }  # fmt: skip
    assert mapped.raw is row
    assert mapped.problems == ("row: seen while reading",)


def test_a_value_that_cannot_be_read_is_named_with_field_value_column_and_rule() -> None:
    problem = problem_of({"Due": "31/02/2011"}, "requested_date", column="Due", formats=("%d/%m/%Y",))

    assert problem == "requested_date: '31/02/2011' in column Due is no date of form %d/%m/%Y"


def test_a_long_value_is_shortened_in_its_problem() -> None:
    problem = problem_of({"Name": "x" * 300}, "product_family", column="Name")

    assert len(problem) < 200
    assert "has 300 characters" in problem


@pytest.mark.parametrize("value", [None, "", "   ", "N/A"])
def test_an_empty_value_takes_the_default(value: Any) -> None:
    assert value_of({"P": value}, "priority", column="P", default=3, empty=("N/A",)) == 3
    assert value_of({"P": value}, "priority", column="P", empty=("N/A",)) is None


def test_a_word_for_nothing_may_come_from_a_typed_source() -> None:
    assert value_of({"P": 99}, "priority", column="P", empty=("99",)) is None
    assert value_of({"P": 98}, "priority", column="P", empty=("99",)) == 98


def test_other_columns_stand_in_where_the_first_is_empty() -> None:
    rule: dict[str, Any] = {"column": "PO", "fallback": ("PQ", "Due"), "empty": ("unknown",)}

    assert value_of({"PO": "unknown", "PQ": "", "Due": "2026-01-05"}, "promised_date", **rule) == date(2026, 1, 5)
    assert value_of({"PO": "unknown"}, "promised_date", **rule) is None
    assert problem_of({"PO": "", "PQ": "soon"}, "promised_date", **rule).startswith(
        "promised_date: 'soon' in column PO or PQ or Due is no date"
    )


def test_an_absent_key_is_an_empty_value() -> None:
    assert value_of({}, "promised_date", column="Promised", optional=True) is None


def test_a_value_map_is_exact_first_then_blind_to_case() -> None:
    states = {"A": "open", "B": "shipped", "": "on_hold"}

    assert value_of({"S": "A"}, "status", column="S", map=states) == "open"
    assert value_of({"S": "b"}, "status", column="S", map=states) == "shipped"
    assert problem_of({"S": "Z"}, "status", column="S", map=states).endswith(
        "'Z' in column S is not in its value map, which has , a, b"
    )


def test_a_star_in_a_value_map_stands_for_any_other_value() -> None:
    assert value_of({"S": "Z"}, "product_family", column="S", map={"A": "panels", "*": "other"}) == "other"
    assert value_of({"S": "*"}, "product_family", column="S", map={"A": "panels", "*": "other"}) == "other"


def test_a_value_map_to_the_empty_text_empties_the_field() -> None:
    assert value_of({"S": "none"}, "promised_date", column="S", map={"none": ""}) is None


def test_a_prefix_map_takes_the_first_prefix_that_fits() -> None:
    prefixes = {"C": "cancelled", "": "open"}

    assert value_of({"No": "C536379"}, "status", column="No", prefix_map=prefixes) == "cancelled"
    assert value_of({"No": "536365"}, "status", column="No", prefix_map=prefixes) == "open"
    assert "begins with none of 'C'" in problem_of({"No": "536365"}, "status", column="No", prefix_map={"C": "open"})


def test_a_pattern_map_takes_the_first_pattern_that_fits_in_full() -> None:
    patterns = {r"C\d+": "cancelled", r"\d+": "open"}

    assert value_of({"No": "C536379"}, "status", column="No", pattern_map=patterns) == "cancelled"
    assert value_of({"No": 536365}, "status", column="No", pattern_map=patterns) == "open"
    assert "fits none of" in problem_of({"No": "X1"}, "status", column="No", pattern_map=patterns)


def test_bands_choose_by_the_highest_threshold_that_is_reached() -> None:
    bands = {"1000": "bulk", "0": "standard"}

    assert value_of({"Q": "999,5"}, "order_type", column="Q", bands=bands, decimal=",") == "standard"
    assert value_of({"Q": "1000"}, "order_type", column="Q", bands=bands) == "bulk"
    assert value_of({"Q": "-2000"}, "order_type", column="Q", bands=bands, absolute=True) == "bulk"
    assert "is below the lowest band, 0" in problem_of({"Q": "-1"}, "order_type", column="Q", bands=bands)


def test_a_template_joins_columns_and_is_empty_where_one_of_them_is() -> None:
    template = "{Site}-{No}"

    assert value_of({"Site": "B", "No": "12.0"}, "order_id", template=template) == "B-12"
    assert value_of({"Site": "B", "No": ""}, "order_id", template=template) is None


def test_absolute_and_negate_if_mend_the_signs_of_a_ledger() -> None:
    rule: dict[str, Any] = {"column": "Q", "negate_if": {"No": "C.*"}}

    assert value_of({"Q": "-5"}, "quantity", column="Q", absolute=True) == 5
    assert value_of({"Q": "-5", "No": "C1"}, "quantity", **rule) == 5
    assert value_of({"Q": "+5", "No": "C1"}, "quantity", **rule) == -5
    assert value_of({"Q": "5-", "No": "C1"}, "quantity", **rule) == 5
    assert value_of({"Q": "-5", "No": "1"}, "quantity", **rule) == -5
    assert value_of({"Q": "", "No": "C1"}, "quantity", **rule) is None


def test_days_are_added_to_dates_and_instants() -> None:
    assert value_of({"D": "2026-01-05"}, "requested_date", column="D", add_days=10) == date(2026, 1, 15)
    assert value_of({"D": "2026-01-05"}, "requested_date", column="D", add_days=-5) == date(2025, 12, 31)
    assert value_of({"D": "2026-01-05T08:00Z"}, "delivered_at", column="D", add_days=1) == datetime(
        2026, 1, 6, 8, tzinfo=UTC
    )
    assert "leaves the calendar" in problem_of({"D": "9999-12-31"}, "requested_date", column="D", add_days=1)


@pytest.mark.parametrize(
    ("day", "days", "expected"),
    [
        ("2026-01-09", 1, "2026-01-12"),  # Friday to Monday
        ("2026-01-10", 1, "2026-01-12"),  # Saturday to Monday
        ("2026-01-05", 10, "2026-01-19"),
        ("2026-01-12", -1, "2026-01-09"),
        ("2026-01-09", 5, "2026-01-16"),
    ],
)
def test_working_days_skip_weekends(day: str, days: int, expected: str) -> None:
    assert value_of({"D": day}, "requested_date", column="D", add_working_days=days) == date.fromisoformat(expected)


def test_calendar_days_are_added_before_working_days() -> None:
    day = value_of({"D": "2026-01-09"}, "requested_date", column="D", add_days=1, add_working_days=1)

    assert day == date(2026, 1, 12)


def test_a_field_with_a_condition_is_empty_where_it_does_not_hold() -> None:
    rule: dict[str, Any] = {"column": "D", "only_if": {"S": "done|shipped"}}

    assert value_of({"D": "2026-01-05", "S": "done"}, "promised_date", **rule) == date(2026, 1, 5)
    assert value_of({"D": "2026-01-05", "S": "undone"}, "promised_date", **rule) is None
    assert value_of({"D": "2026-01-05", "S": None}, "promised_date", **rule) is None


def test_a_missing_column_refuses_the_source_once_and_names_what_exists() -> None:
    mapper = compile_mapping(
        "orders",
        [
            FieldRule(field="order_id", column="No"),
            FieldRule(field="quantity", column="Menge"),
            FieldRule(field="promised_date", column="Zusage", optional=True),
        ],
    )

    mapper.require_columns(["No", "Menge", "Kunde"], source="source 'erp'")
    with pytest.raises(SourceError) as caught:
        mapper.require_columns(["No", "Qty"], source="source 'erp' (file o.csv)", also=["Line"])

    assert str(caught.value) == (
        "source 'erp' (file o.csv) has no column 'Line' (for grouping and filters), 'Menge' (for quantity); "
        "it has 'No', 'Qty'"
    )


def test_the_columns_of_a_mapping_include_those_of_its_conditions() -> None:
    rule = FieldRule(field="order_id", template="{A}/{B}", only_if={"C": ".*"}, negate_if=None)

    assert compile_mapping("orders", [rule]).columns == {"A", "B", "C"}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"field": "colour", "column": "C"}, "colour: is no field of orders; they are order_id, "),
        ({"field": "status"}, "status: needs exactly one of column, constant and template, found []"),
        ({"field": "status", "column": "S", "constant": "open"}, "found ['column', 'constant']"),
        ({"field": "status", "constant": "open", "fallback": ("S",)}, "status.fallback: needs a column before it"),
        ({"field": "status", "column": "S", "map": {}, "bands": {}}, "takes only one of map, prefix_map"),
        ({"field": "status", "column": "S", "map": {"A": "opn"}}, "status.map.A: must be a choice, but it is none of"),
        ({"field": "status", "constant": "gone"}, "status.constant: must be a choice"),
        ({"field": "priority", "column": "P", "default": "high"}, "priority.default: must be a whole number"),
        ({"field": "ordered_at", "column": "D", "time_zone": "Mars/Base"}, "ordered_at.time_zone: must be an IANA"),
        (
            {"field": "requested_date", "column": "D", "formats": ("DD.MM.YYYY",)},
            "requested_date.format: must be a str",
        ),
        ({"field": "requested_date", "column": "D", "formats": ("%d.%m.%Q",)}, "requested_date.format: must be a str"),
        ({"field": "quantity", "template": "{0:x}"}, "quantity.template: may only contain {column} names"),
        ({"field": "quantity", "template": "{A"}, "quantity.template: is no template"),
        ({"field": "quantity", "template": "{}"}, "quantity.template: may only contain {column} names"),
        ({"field": "status", "column": "S", "absolute": True}, "status.absolute: needs a number, not a choice"),
        ({"field": "status", "column": "S", "negate_if": {"A": "x"}}, "status.negate_if: needs a number"),
        ({"field": "status", "column": "S", "aggregate": "sum"}, "status.aggregate: needs a number"),
        ({"field": "quantity", "column": "S", "add_days": 1}, "quantity.add_days: needs a date or an instant"),
        ({"field": "order_type", "column": "Q", "bands": {"many": "bulk"}}, "order_type.bands: has numbers as keys"),
        ({"field": "order_type", "column": "Q", "pattern_map": {"(": "bulk"}}, "must be a regular expression"),
        ({"field": "order_type", "column": "Q", "only_if": {"Q": "["}}, "order_type.only_if.Q: must be a regular"),
    ],
)
def test_a_rule_that_cannot_be_used_is_named(rule: dict[str, Any], expected: str) -> None:
    problems = mapping_problems("orders", [FieldRule(field="order_id", column="No"), FieldRule(**rule)])

    assert len(problems) == 1
    assert expected in problems[0]


def test_every_wrong_rule_is_named_at_once_and_so_is_the_missing_key() -> None:
    rules = [FieldRule(field="status", constant="gone"), FieldRule(field="colour", column="C")]

    problems = mapping_problems("orders", rules)

    assert [problem.split(":")[0] for problem in problems] == ["status.constant", "colour", "order_id"]
    with pytest.raises(InvalidValueError, match=r"status\.constant"):
        compile_mapping("orders", rules)


def test_each_of_an_orders_two_keys_stands_in_for_the_other() -> None:
    mapper = compile_mapping("orders", [FieldRule(field="source_order_id", column="No")])

    assert mapper.map({"No": "7"}).values == {"source_order_id": "7", "order_id": "7"}
    assert mapping_problems("orders", [FieldRule(field="source_order_id", column="No")]) == []


def test_a_customers_key_is_also_its_sources_key_unless_that_is_mapped() -> None:
    own = [FieldRule(field="customer_id", column="No"), FieldRule(field="source_item_id", column="Id")]

    assert compile_mapping("customers", own[:1]).map({"No": "7"}).values["source_item_id"] == "7"
    assert compile_mapping("customers", own).map({"No": "7", "Id": "8"}).values["source_item_id"] == "8"


def test_a_row_filter_matches_every_column_in_full() -> None:
    fits = row_filter({"Country": "UK|France", "Qty": r"\d*"}, "keep_if")

    assert fits({"Country": "UK", "Qty": 5.0})
    assert fits({"Country": "France", "Qty": None})
    assert not fits({"Country": "UK2", "Qty": "5"})
    assert not fits({"Country": "UK", "Qty": "-5"})
