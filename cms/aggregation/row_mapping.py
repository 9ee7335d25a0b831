"""Makes rows of ours from rows of a source, by rules alone: a new source needs no line of code."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeAlias

from cms.aggregation.conversions import Reader
from cms.aggregation.dataset_fields import FIELDS_OF, KEY_OF
from cms.aggregation.field_reading import FieldReading, compile_rule
from cms.aggregation.field_rules import FieldRule, Row
from cms.aggregation.row_taking import Taker
from cms.aggregation.source_text import UnreadableValueError
from cms.domain.errors import InvalidValueError, SourceError

Step: TypeAlias = tuple[str, Taker, Reader, Reader, Any, FieldReading, dict[str, Any]]
MOST_KNOWN = 2_000
"""Texts of a field whose values are remembered: most fields say one of a few hundred things on thousands of rows."""
_TWINS = {
    "orders": {"order_id": "source_order_id", "source_order_id": "order_id"},
    "customers": {"customer_id": "source_item_id"},
}


class MappedRow(NamedTuple):
    """A row of ours.

    Attributes
    ----------
    values : dict of str to object
        Our fields; one that could not be read is None and named in `problems`.
    raw : dict of str to object
        The source's columns as they came.
    problems : tuple of str
        A sentence for each field that could not be read.
    """

    values: dict[str, Any]
    raw: Row
    problems: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class RowMapper:
    """The compiled rules of a source.

    Examples
    --------
    >>> rules = [FieldRule(field="order_id", column="No"), FieldRule(field="quantity", column="Qty", decimal=",")]
    >>> mapper = compile_mapping("orders", rules)
    >>> mapper.map({"No": "4711.0", "Qty": "2,5"}).values
    {'order_id': '4711', 'quantity': Decimal('2.5'), 'source_order_id': '4711'}
    >>> mapper.map({"No": "4712", "Qty": "a lot"}).problems
    ("quantity: 'a lot' in column Qty is no number with ',' as the decimal sign",)
    """

    readings: tuple[FieldReading, ...]
    _steps: tuple[Step, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # attributes looked up once, not for every row
        steps: tuple[Step, ...] = tuple((r.field, r.taken, r.read, r.finish, r.default, r, {}) for r in self.readings)
        object.__setattr__(self, "_steps", steps)

    @property
    def columns(self) -> frozenset[str]:
        """Every column that the rules use."""
        return frozenset().union(*(reading.columns for reading in self.readings))

    def require_columns(self, existing: Iterable[str], *, source: str, also: Iterable[str] = ()) -> None:
        """Refuse a source that lacks a mapped column: that is no matter of single rows.

        Parameters
        ----------
        source : str
            The source and the place, as its owner knows it (``source 'erp' (orders.csv)``).
        also : iterable of str
            Further columns that must exist, such as that of the groups.

        Raises
        ------
        SourceError
            It names every missing column, the fields that need it, and the columns that exist.
        """
        found = set(existing)
        missing = {column: "grouping and filters" for column in also if column not in found}
        for reading in self.readings:
            for column in sorted(reading.columns - found if not reading.optional else ()):
                missing.setdefault(column, reading.field)
        if missing:
            named = ", ".join(f"{column!r} (for {user})" for column, user in missing.items())
            raise SourceError(f"{source} has no column {named}; it has {', '.join(map(repr, sorted(found))) or 'none'}")

    def map(self, row: Row, problems: Iterable[str] = ()) -> MappedRow:
        """One row of ours from one row of the source; `problems`: what reading the row already brought to light."""
        values: dict[str, Any] = {}
        problems = list(problems)
        for name, take, read, finish, default, reading, known in self._steps:
            found = take(row)
            if found is None:
                values[name] = default
                continue
            is_text = type(found) is str
            if is_text and found in known:
                values[name] = known[found]
                continue
            try:
                value = values[name] = finish(read(found))
            except UnreadableValueError as error:
                values[name] = None
                problems.append(reading.problem(found, error))
            else:
                if is_text and len(known) < MOST_KNOWN:
                    known[found] = value
        return MappedRow(values, row, tuple(problems))


def compile_mapping(dataset: str, rules: Iterable[FieldRule]) -> RowMapper:
    """The rules of a source, compiled.

    An order that has only one of ``order_id`` and ``source_order_id`` has the same value in both; a customer without
    ``source_item_id`` has its ``customer_id`` there.

    Parameters
    ----------
    dataset : str
        ``orders``, ``customers`` or ``windows``.

    Raises
    ------
    InvalidValueError
        The first rule that cannot be used.
    """
    specs = FIELDS_OF[dataset]
    return RowMapper(readings=tuple(_compiled(rule, dataset, specs) for rule in with_twin(dataset, list(rules))))


def mapping_problems(dataset: str, rules: Iterable[FieldRule]) -> list[str]:
    """Everything that is wrong with the rules of a source, each in a sentence; empty: they can be used."""
    own = list(rules)
    problems = [problem for rule in own if (problem := _problem(rule, dataset)) is not None]
    mapped = {rule.field for rule in with_twin(dataset, own)}
    if KEY_OF[dataset] not in mapped:
        problems.append(f"{KEY_OF[dataset]}: must be mapped, nothing can be told apart without it")
    return problems


def with_twin(dataset: str, rules: Sequence[FieldRule]) -> list[FieldRule]:
    """The rules with both keys, ours and the source's own, of which a source often has only one."""
    own = {rule.field: rule for rule in rules}
    twins = [
        replace(own[have], field=lack)
        for have, lack in _TWINS.get(dataset, {}).items()
        if have in own and lack not in own
    ]
    return [*rules, *twins]


def _problem(rule: FieldRule, dataset: str) -> str | None:
    try:
        _compiled(rule, dataset, FIELDS_OF[dataset])
    except InvalidValueError as error:
        return str(error)
    return None


def _compiled(rule: FieldRule, dataset: str, specs: Mapping[str, Any]) -> FieldReading:
    if rule.field not in specs:
        raise InvalidValueError(rule.field, f"is no field of {dataset}; they are {', '.join(specs)}", rule.field)
    return compile_rule(rule, specs[rule.field])
