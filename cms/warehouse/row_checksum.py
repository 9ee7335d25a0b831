"""A checksum of rows that is the same on every engine and in every file, in whatever order the rows come."""

import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_MODULUS = 2**128
_NULL, _SEPARATOR = "~", ","


class RowChecksum:
    """Counts and sums up rows of Arrow batches.

    The checksum is the sum, modulo 2**128, of the BLAKE2b hash (16 bytes) of each row. A row is hashed as its values in
    the order of its columns, separated by commas: a text as its length in bytes, a colon and itself, an instant or a
    time in microseconds, a date in days since 1970, a decimal as its digits without the point, true and false as 1 and
    0, nothing as ``~``. A sum knows doubled rows, which an exclusive-or would not.
    """

    def __init__(self) -> None:
        self.rows = 0
        self._sum = 0

    def add(self, batch: Any) -> None:
        """Take in the rows of a batch."""
        self.rows += batch.num_rows
        hashes = (hashlib.blake2b(row, digest_size=16).digest() for row in _canonical_rows(batch))
        self._sum = (self._sum + sum(int.from_bytes(digest, "big") for digest in hashes)) % _MODULUS

    @property
    def checksum(self) -> str:
        """The sum so far, in 32 hexadecimal digits."""
        return f"{self._sum:032x}"


def checksum_of(batches: Iterable[Any]) -> tuple[int, str]:
    """How many rows there are, and their checksum."""
    total = RowChecksum()
    for batch in batches:
        total.add(batch)
    return total.rows, total.checksum


def _canonical_rows(batch: Any) -> list[bytes]:
    if batch.num_rows == 0:
        return []
    texts = [_canonical(column) for column in batch.columns]
    joined = pc.binary_join_element_wise(*texts, _SEPARATOR, null_handling="replace", null_replacement=_NULL)
    rows: list[bytes] = joined.cast(pa.binary()).to_pylist()
    return rows


def _canonical(column: Any) -> Any:
    kind = column.type
    if pa.types.is_string(kind):
        return pc.binary_join_element_wise(pc.cast(pc.binary_length(column), pa.string()), column, ":")
    if pa.types.is_decimal(kind):
        return pc.cast(_unscaled(column), pa.string())
    if pa.types.is_date32(kind):
        return pc.cast(column.cast(pa.int32()), pa.string())
    if pa.types.is_boolean(kind):
        return pc.cast(column.cast(pa.int8()), pa.string())
    return pc.cast(column.cast(pa.int64()), pa.string())


def _unscaled(column: Any) -> Any:
    """The digits of decimals of at most 18 digits: the lower half of their 16 bytes holds them whole."""
    assert column.type.precision <= 18, "the warehouse has no longer decimals"
    halves = np.frombuffer(column.buffers()[1], dtype="<i8")[2 * column.offset :: 2][: len(column)]
    return pa.array(halves, mask=np.asarray(column.is_null()))
