"""Whatever bytes a file holds: rows, or one error that names the file."""

import gzip
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cms.domain.errors import SourceError
from tests.integration.order_sources.reading import a_file, read_orders

GOOD = b"No,Customer,Qty,Due\n1,C1,5,2026-01-13\n" * 3


def damaged(content: bytes) -> st.SearchStrategy[bytes]:
    """The content with some bytes changed, or cut off."""
    change = st.tuples(st.integers(0, len(content) - 1), st.binary(min_size=1, max_size=3))
    changed = st.lists(change, max_size=4).map(lambda changes: _with(content, changes))
    return changed | st.integers(0, len(content)).map(lambda length: content[:length])


def _with(content: bytes, changes: list[tuple[int, bytes]]) -> bytes:
    spoiled = bytearray(content)
    for place, new in changes:
        spoiled[place : place + len(new)] = new
    return bytes(spoiled)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(content=st.one_of(st.binary(max_size=200), damaged(GOOD), damaged(gzip.compress(GOOD, mtime=0))))
def test_any_bytes_are_read_or_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(content)

    try:
        rows = read_orders(a_file(path))
    except SourceError as error:
        assert str(path) in str(error)  # noqa: PT017 - either outcome is right
    else:
        assert all(row.raw for row in rows)


@pytest.mark.parametrize("name", ["orders.xlsx", "orders.parquet"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(content=st.binary(max_size=200) | st.binary(max_size=100).map(lambda rest: b"PK\x03\x04" + rest + b"PAR1"))
def test_any_bytes_in_a_workbook_or_a_parquet_file_are_refused_by_name(
    tmp_path: Path, name: str, content: bytes
) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(SourceError, match=name):
        read_orders(a_file(path))
