"""Makes one row of ours from all the source's rows with the same key: order lines become orders."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from cms.aggregation.field_reading import FieldReading
from cms.aggregation.field_rules import Aggregate, Row
from cms.aggregation.row_mapping import MappedRow, RowMapper
from cms.aggregation.source_text import UnreadableValueError, is_empty, key_text

ReadRow: TypeAlias = tuple[Row, tuple[str, ...]]
"""A source's row, and what was already wrong when it was read (too few columns, a broken cell)."""

_COMBINE: dict[Aggregate, Callable[[Any, Any], Any]] = {
    "sum": lambda one, other: one + other,
    "count": lambda one, other: one + other,
    "min": min,
    "max": max,
}
_SHOWN_PROBLEMS = 5


def group_rows(
    rows: Iterable[ReadRow], column: str, mapper: RowMapper, *, also_keep: Iterable[str] = ()
) -> Iterator[MappedRow]:
    """One row for each value of `column`, in the order in which the values first appear.

    ``first`` and ``last`` take the first and last line that has a value; ``sum``, ``min`` and ``max`` are taken over
    the lines that have one, ``count`` counts them. A line that cannot be read makes its field unreadable: a sum that
    leaves lines out would be wrong without saying so. Lines may come in any order; of each group only what its
    aggregates need is kept, and of its raw columns those that the rules use, as a list where the lines differ.

    Parameters
    ----------
    rows : iterable of ReadRow
        Read once.
    column : str
        The source's column whose equal values belong together; lines without one form a group of their own.
    also_keep : iterable of str
        Raw columns that are kept beside those of the rules.
    """
    plan = _Plan.of(mapper, column, also_keep)
    groups: dict[str, _Group] = {}
    for row, problems in rows:
        found = row.get(column)
        key = "" if is_empty(found) else key_text(found)
        group = groups.get(key)
        if group is None:
            group = groups[key] = _Group(plan)
        group.add(row, problems)
    for group in groups.values():
        yield group.mapped()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Plan:
    """What to do with each line, worked out once.

    Parameters
    ----------
    first, last, combined : tuple of (position, reading)
        Readings by how their lines become one value.
    every_value : tuple of str
        Raw columns of which each line's value is kept, since a sum or a count is made of them.
    changes : tuple of str
        Raw columns of which a value is kept where it differs from the line before.
    """

    readings: tuple[FieldReading, ...]
    first: tuple[tuple[int, FieldReading], ...]
    last: tuple[tuple[int, FieldReading], ...]
    combined: tuple[tuple[int, FieldReading, Callable[[Any, Any], Any]], ...]
    every_value: tuple[str, ...]
    changes: tuple[str, ...]

    @classmethod
    def of(cls, mapper: RowMapper, key: str, also_keep: Iterable[str]) -> "_Plan":
        placed = tuple(enumerate(mapper.readings))
        summed = [reading.columns for reading in mapper.readings if reading.aggregate in ("sum", "count")]
        every_value = frozenset().union(*summed) - {key}
        return cls(
            readings=mapper.readings,
            first=tuple((index, reading) for index, reading in placed if reading.aggregate == "first"),
            last=tuple((index, reading) for index, reading in placed if reading.aggregate == "last"),
            combined=tuple((i, r, _COMBINE[r.aggregate]) for i, r in placed if r.aggregate in _COMBINE),
            every_value=tuple(sorted(every_value)),
            changes=tuple(sorted((mapper.columns | {key, *also_keep}) - every_value)),
        )


class _Group:
    """What is known of a group so far: a value for each field, and the raw columns."""

    __slots__ = ("_broken", "_found", "_open", "_plan", "_problems", "_raw")

    def __init__(self, plan: _Plan) -> None:
        self._plan = plan
        self._found: list[Any] = [None] * len(plan.readings)
        self._open = plan.first
        self._broken: set[int] = set()
        self._problems: list[str] = []
        self._raw: dict[str, list[Any]] = {name: [] for name in (*plan.every_value, *plan.changes)}

    def add(self, row: Row, problems: tuple[str, ...]) -> None:
        """Count a line in."""
        if problems:
            self._problems += problems
        if self._open:
            self._open = tuple(self._still_open(row))
        for index, reading in self._plan.last:
            found = reading.taken(row)
            if found is not None:
                self._found[index] = found
        self._combine(row)
        self._keep(row)

    def _still_open(self, row: Row) -> Iterator[tuple[int, FieldReading]]:
        for index, reading in self._open:
            found = reading.taken(row)
            if found is None:
                yield index, reading
            else:
                self._found[index] = found

    def _combine(self, row: Row) -> None:
        found = self._found
        for index, reading, combine in self._plan.combined:
            taken = reading.taken(row)
            if taken is None or index in self._broken:
                continue
            try:
                value = reading.read(taken)
            except UnreadableValueError as error:
                self._problems.append(reading.problem(taken, error))
                self._broken.add(index)
                continue
            known = found[index]
            found[index] = value if known is None else combine(known, value)

    def _keep(self, row: Row) -> None:
        raw = self._raw
        for column in self._plan.every_value:
            raw[column].append(row.get(column))
        for column in self._plan.changes:
            kept, value = raw[column], row.get(column)
            if not kept or kept[-1] != value:
                kept.append(value)

    def mapped(self) -> MappedRow:
        """The group as one row."""
        of_lines = self._problems
        hidden = len(of_lines) - _SHOWN_PROBLEMS
        problems = of_lines[:_SHOWN_PROBLEMS] + ([f"and {hidden} more problem(s) in other lines"] if hidden > 0 else [])
        values: dict[str, Any] = {}
        for index, reading in enumerate(self._plan.readings):
            try:
                values[reading.field] = self._value(index, reading)
            except UnreadableValueError as error:
                values[reading.field] = None
                problems.append(reading.problem(self._found[index], error))
        raw = {column: kept[0] if len(kept) == 1 else kept for column, kept in self._raw.items()}
        return MappedRow(values, raw, tuple(problems))

    def _value(self, index: int, reading: FieldReading) -> Any:
        found = self._found[index]
        if index in self._broken:
            return None
        if found is None:
            return reading.default
        return reading.finish(found if reading.aggregate in _COMBINE else reading.read(found))
