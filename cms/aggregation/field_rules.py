"""The rules by which one field of ours is made from a source's row."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Row: TypeAlias = Mapping[str, Any]
"""A row as its source gave it: column to text, or to a native value where the source has types."""

Aggregate: TypeAlias = Literal["first", "last", "sum", "min", "max", "count"]
Constant: TypeAlias = str | int | float | bool


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldRule:
    """How one field is made from a source's row; exactly one of `column`, `constant`, `template` is given.

    Parameters
    ----------
    field : str
        Our field (``quantity``).
    column : str, optional
        The source's column.
    fallback : tuple of str
        Columns that are asked in turn where `column` is empty.
    constant : optional
        The same value for every row.
    template : str, optional
        Text with ``{column}`` names; empty where any of them is empty.
    formats : tuple of str
        strptime forms of dates, times and instants, tried in order; ``iso`` is ISO 8601, which holds without any.
    time_zone : str
        Zone of an instant that carries no offset.
    map : mapping, optional
        Source value to our value, whatever its case; ``*`` stands for every other one.
    prefix_map : mapping, optional
        Our value by the first prefix that fits, in the order written; an empty prefix fits all.
    pattern_map : mapping, optional
        Our value by the first regular expression that fits in full, in the order written.
    bands : mapping of number to value, optional
        Our value by the highest threshold that the number reaches.
    empty : tuple of str
        Words by which the source says "nothing".
    default : optional
        For an empty value.
    decimal, thousands : str
        Signs inside numbers; `thousands` None: there is none.
    aggregate : str
        How the lines of one group become one value.
    absolute : bool
        Take a number without its sign, after the aggregate.
    add_days, add_working_days : int
        Calendar days, or Mondays to Fridays, added to a date or an instant.
    only_if : mapping of str to str
        Columns that must match regular expressions in full; otherwise the field is empty.
    negate_if : mapping of str to str
        Columns that say, as in `only_if`, that a line's number has the other sign (a credit note).
    optional : bool
        The column may be absent from the source.
    """

    field: str
    column: str | None = None
    fallback: tuple[str, ...] = ()
    constant: Constant | None = None
    template: str | None = None
    formats: tuple[str, ...] = ()
    time_zone: str = "UTC"
    map: Mapping[str, Constant] | None = None
    prefix_map: Mapping[str, Constant] | None = None
    pattern_map: Mapping[str, Constant] | None = None
    bands: Mapping[str, Constant] | None = None
    empty: tuple[str, ...] = ()
    default: Constant | None = None
    decimal: str = "."
    thousands: str | None = None
    aggregate: Aggregate = "first"
    absolute: bool = False
    add_days: int = 0
    add_working_days: int = 0
    only_if: Mapping[str, str] | None = None
    negate_if: Mapping[str, str] | None = None
    optional: bool = False
