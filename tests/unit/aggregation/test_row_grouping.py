"""How order lines become orders."""

from decimal import Decimal
from typing import Any

from cms.aggregation.field_rules import FieldRule
from cms.aggregation.row_grouping import ReadRow, group_rows
from cms.aggregation.row_mapping import MappedRow, compile_mapping


def line(number: Any, quantity: Any, customer: Any = "C1", *problems: str) -> ReadRow:
    return {"No": number, "Qty": quantity, "Customer": customer, "Text": "unused"}, problems


def grouped(*lines: ReadRow, also_keep: tuple[str, ...] = (), **quantity: Any) -> list[MappedRow]:
    rules = [
        FieldRule(field="order_id", column="No"),
        FieldRule(field="customer_id", column="Customer"),
        FieldRule(field="quantity", column="Qty", **({"aggregate": "sum"} | quantity)),
    ]
    return list(group_rows(lines, "No", compile_mapping("orders", rules), also_keep=also_keep))


def test_lines_with_the_same_key_become_one_order_in_order_of_first_appearance() -> None:
    orders = grouped(line("2", "1"), line("1", "5"), line("2", "3"))

    assert [(order.values["order_id"], order.values["quantity"]) for order in orders] == [
        ("2", Decimal(4)),
        ("1", Decimal(5)),
    ]


def test_a_key_that_a_spreadsheet_changed_in_some_lines_is_still_one_key() -> None:
    assert len(grouped(line("17.0", "1"), line("17", "1"), line(17, "1"))) == 1


def test_first_and_last_take_lines_that_have_a_value() -> None:
    lines = [line("1", "", "C1"), line("1", "4", ""), line("1", "6", "C2"), line("1", None, "C3")]

    assert grouped(*lines, aggregate="first")[0].values["quantity"] == 4
    assert grouped(*lines, aggregate="last")[0].values["quantity"] == 6
    assert grouped(*lines)[0].values["customer_id"] == "C1"


def test_min_max_and_count_are_taken_over_the_lines_that_have_a_value() -> None:
    lines = [line("1", "4"), line("1", ""), line("1", "-6")]

    assert grouped(*lines, aggregate="min")[0].values["quantity"] == -6
    assert grouped(*lines, aggregate="max")[0].values["quantity"] == 4
    assert grouped(*lines, aggregate="count")[0].values["quantity"] == 2
    assert grouped(*lines, aggregate="sum")[0].values["quantity"] == -2


def test_what_follows_the_reading_follows_the_aggregate() -> None:
    assert grouped(line("1", "-4"), line("1", "1"), absolute=True)[0].values["quantity"] == 3


def test_a_group_without_any_value_takes_the_default() -> None:
    assert grouped(line("1", ""), line("1", None), default=1)[0].values["quantity"] == 1


def test_a_line_that_cannot_be_read_makes_the_sum_unreadable() -> None:
    (order,) = grouped(line("1", "4"), line("1", "many"), line("1", "5"))

    assert order.values["quantity"] is None
    assert order.problems == ("quantity: 'many' in column Qty is no number with '.' as the decimal sign",)


def test_a_first_value_that_cannot_be_read_is_a_problem_of_the_group() -> None:
    (order,) = grouped(line("1", "many"), line("1", "5"), aggregate="first")

    assert order.values["quantity"] is None
    assert len(order.problems) == 1


def test_problems_of_many_lines_are_counted_after_the_first_five() -> None:
    (order,) = grouped(*(line("1", "1", "C1", f"row: line {n} is short") for n in range(8)))

    assert len(order.problems) == 6
    assert order.problems[-1] == "and 3 more problem(s) in other lines"


def test_lines_without_a_key_form_one_row_that_has_none() -> None:
    orders = grouped(line("", "1"), line(None, "2"), line("1", "3"))

    assert [order.values["order_id"] for order in orders] == [None, "1"]


def test_the_raw_columns_of_the_rules_are_kept_each_line_of_a_sum() -> None:
    (order,) = grouped(line("1", "2", "C1"), line("1", "2", "C1"), line("1", "3", "C2"), also_keep=("Text",))

    assert order.raw == {"No": "1", "Qty": ["2", "2", "3"], "Customer": ["C1", "C2"], "Text": "unused"}
