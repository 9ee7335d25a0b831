"""Rows of every kind of column leave for files and come back as they were, and their checksum is their own."""

import os
import random
from datetime import UTC, date, datetime, time
from decimal import Decimal
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from cms.warehouse.arrow_rows import arrow_schema, rows_of
from cms.warehouse.column_types import Hours, Instant, Quantity, ShortText, Text
from cms.warehouse.row_checksum import checksum_of

COLUMNS: dict[str, tuple[Any, st.SearchStrategy[Any]]] = {
    "short_text": (ShortText, st.text(max_size=30)),
    "text": (Text, st.text()),
    "whole": (sa.BigInteger(), st.integers(-(2**63), 2**63 - 1)),
    "hours": (Hours, st.decimals(-(10**9), 10**9, places=8)),
    "quantity": (Quantity, st.decimals(-(10**13), 10**13, places=4)),
    "instant": (Instant, st.datetimes(timezones=st.just(UTC))),
    "day": (sa.Date(), st.dates()),
    "hour": (sa.Time(), st.times()),
    "flag": (sa.Boolean(), st.booleans()),
}
TABLE = sa.Table("rows", sa.MetaData(), *(sa.Column(name, kind) for name, (kind, _) in COLUMNS.items()))
ROWS = st.lists(
    st.fixed_dictionaries({name: st.none() | values for name, (_, values) in COLUMNS.items()}), min_size=1, max_size=12
)

_EXAMPLES = settings(max_examples=int(os.environ.get("CMS_EXAMPLES", "40")), deadline=None)


def batch_of(rows: list[dict[str, Any]]) -> Any:
    return pa.RecordBatch.from_pylist(rows, schema=arrow_schema(TABLE))


@_EXAMPLES
@given(rows=ROWS)
def test_rows_come_back_from_a_file_as_they_were(rows: list[dict[str, Any]]) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "rows.parquet"
        pq.write_table(pa.Table.from_batches([batch_of(rows)]), file)
        read = pq.read_table(file).to_batches()

    assert [row for batch in read for row in rows_of(batch)] == rows
    assert checksum_of(read) == checksum_of([batch_of(rows)])


@_EXAMPLES
@given(rows=ROWS, seed=st.integers(0, 2**32))
def test_neither_order_nor_pieces_matter_to_a_checksum(rows: list[dict[str, Any]], seed: int) -> None:
    chance = random.Random(seed)
    mixed = chance.sample(rows, len(rows))
    cut = chance.randint(0, len(rows))

    assert checksum_of([batch_of(mixed[:cut]), batch_of(mixed).slice(cut)]) == checksum_of([batch_of(rows)])


@_EXAMPLES
@given(rows=ROWS, seed=st.integers(0, 2**32), data=st.data())
def test_a_value_that_differs_changes_the_checksum(rows: list[dict[str, Any]], seed: int, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(COLUMNS)))
    place = data.draw(st.integers(0, len(rows) - 1))
    other = data.draw((st.none() | COLUMNS[name][1]).filter(lambda value: value != rows[place][name]))
    changed = [row | {name: other} if number == place else row for number, row in enumerate(rows)]

    assert checksum_of([batch_of(changed)]) != checksum_of([batch_of(rows)])


@_EXAMPLES
@given(rows=ROWS)
def test_a_row_that_stands_twice_or_is_lost_changes_the_checksum(rows: list[dict[str, Any]]) -> None:
    once = checksum_of([batch_of(rows)])[1]

    assert checksum_of([batch_of(rows), batch_of(rows[:1]), batch_of(rows[:1])])[1] != once
    assert checksum_of([batch_of(rows[1:])])[1] != once


def test_texts_that_run_into_each_other_are_told_apart() -> None:
    empty = dict.fromkeys(COLUMNS)
    pairs = [("a,1:b", "c"), ("a", "1:b,1:c"), ("", None), (None, ""), ("~", None)]

    assert len({checksum_of([batch_of([empty | {"short_text": a, "text": b}])]) for a, b in pairs}) == len(pairs)


def test_a_checksum_is_worked_out_as_it_is_described() -> None:
    row = {
        "short_text": "é",
        "text": None,
        "whole": -3,
        "hours": Decimal("1.50000000"),
        "quantity": Decimal("-2.0000"),
        "instant": datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC),
        "day": date(1970, 1, 3),
        "hour": time(0, 0, 0, 5),
        "flag": True,
    }

    expected = blake2b("2:é,~,-3,150000000,-20000,1000000,2,5,1".encode(), digest_size=16).hexdigest()

    assert checksum_of([batch_of([row])]) == (1, expected)
