"""Whatever a source sends is read or refused in a sentence; nothing else ever comes out."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cms.aggregation.dataset_fields import FIELDS_OF, FieldType
from cms.aggregation.field_rules import FieldRule
from cms.aggregation.row_grouping import group_rows
from cms.aggregation.row_mapping import compile_mapping
from cms.aggregation.window_text import parse_windows

TYPES = {
    FieldType.KEY: str,
    FieldType.TEXT: str,
    FieldType.CHOICE: str,
    FieldType.WHOLE: int,
    FieldType.DECIMAL: Decimal,
    FieldType.BOOL: bool,
    FieldType.DATE: date,
    FieldType.TIME: time,
    FieldType.INSTANT: datetime,
    FieldType.DAYS: str,
}
anything = st.one_of(
    st.none(),
    st.text(),
    st.text(alphabet="0123456789.,-+eE/: TZ", max_size=20),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.decimals().filter(lambda number: not number.is_snan()),
    st.dates(),
    st.times(),
    st.datetimes(timezones=st.none() | st.just(UTC)),
    st.binary(max_size=8),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)
options = st.fixed_dictionaries(
    {},
    optional={
        "decimal": st.sampled_from([".", ","]),
        "thousands": st.sampled_from([None, ".", ",", " ", "'"]),
        "formats": st.sampled_from([(), ("%d.%m.%Y",), ("%H:%M", "iso"), ("%Y-%m-%d %H:%M:%S %z",)]),
        "time_zone": st.sampled_from(["UTC", "Europe/Berlin", "Pacific/Apia"]),
        "empty": st.just(("N/A",)),
        "map": st.just({"A": ""}) | st.none(),
    },
)


@pytest.mark.parametrize("dataset", ["orders", "customers", "windows"])
@given(value=anything, rule=options)
def test_any_value_is_read_as_its_type_or_is_a_problem(dataset: str, value: Any, rule: dict[str, Any]) -> None:
    specs = FIELDS_OF[dataset]
    mapper = compile_mapping(dataset, [FieldRule(field=field, column="X", **rule) for field in specs])

    mapped = mapper.map({"X": value})

    for field, spec in specs.items():
        found: Any = mapped.values[field]
        assert type(found) in {TYPES[spec.type], type(None)}
        assert not (found is not None and any(problem.startswith(f"{field}: ") for problem in mapped.problems))
        if spec.type is FieldType.INSTANT and found is not None:
            assert found.tzinfo is UTC
        if spec.type is FieldType.DECIMAL and found is not None:
            assert found.is_finite()


@given(values=st.lists(anything, min_size=1, max_size=5), aggregate=st.sampled_from(["sum", "min", "max", "count"]))
def test_any_lines_can_be_grouped(values: list[Any], aggregate: Any) -> None:
    rules = [
        FieldRule(field="order_id", column="No"),
        FieldRule(field="quantity", column="X", aggregate=aggregate),
    ]
    lines = ((({"No": value, "X": value}, ())) for value in values)

    rows = list(group_rows(lines, "No", compile_mapping("orders", rules)))

    assert 1 <= len(rows) <= len(values)
    assert all(type(row.values["quantity"]) in (Decimal, int, type(None)) for row in rows)


window_text = st.text(alphabet="MonTueFrdayi 0123456789:-,;–fromtu\n", max_size=40)
window_objects = st.lists(st.dictionaries(st.sampled_from(["weekday", "start", "end"]), anything))
weekdays = st.lists(st.sampled_from(["Mon", "Tue", "Sun"]), min_size=1, unique=True)


@given(value=st.one_of(anything, window_text, window_objects))
def test_any_windows_column_gives_windows_or_problems(value: Any) -> None:
    read = parse_windows(value)

    assert all(window.start < window.end for window in read.windows)
    assert all(problem.startswith("windows: ") for problem in read.problems)


@given(days=weekdays, start=st.integers(0, 11), end=st.integers(12, 24))
def test_a_window_that_is_written_well_is_never_a_problem(days: list[str], start: int, end: int) -> None:
    read = parse_windows(f"{', '.join(days)} {start:02d}:00-{end:02d}:00")

    assert read.problems == ()
    assert len(read.windows) == len(days)
