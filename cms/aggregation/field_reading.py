"""Compiles the rule of a field, once, into functions that read it from many rows."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cms.aggregation.conversions import Reader, reader_for
from cms.aggregation.dataset_fields import FieldSpec, FieldType
from cms.aggregation.field_rules import Aggregate, FieldRule
from cms.aggregation.moments import ISO
from cms.aggregation.numbers import number_reader
from cms.aggregation.row_taking import Taker, columns_of, taker
from cms.aggregation.source_text import UnreadableValueError
from cms.aggregation.value_choices import band_by_rule, choice_by_rule, typed_constant
from cms.domain.errors import InvalidValueError

_NUMBERS = frozenset({FieldType.WHOLE, FieldType.DECIMAL})
_DAYS = frozenset({FieldType.DATE, FieldType.INSTANT})
_SHOWN = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldReading:
    """A field's compiled rule.

    Parameters
    ----------
    origin : str
        Where the value stands at the source, for problems.
    columns : frozenset of str
        The source's columns that the field is made of.
    taken, read, finish : callable
        Out of the row; into our type, for each line of a group; and what follows the aggregate.
    default : object
        The value where there is nothing to read.
    """

    field: str
    origin: str
    columns: frozenset[str]
    optional: bool
    aggregate: Aggregate
    taken: Taker
    read: Reader
    finish: Reader
    default: Any

    def problem(self, found: object, error: UnreadableValueError) -> str:
        """A sentence that names our field, the value, where it stood, and the rule it breaks."""
        text = str(found)
        shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
        return f"{self.field}: {shown!r} in {self.origin} {error}"


def compile_rule(rule: FieldRule, spec: FieldSpec) -> FieldReading:
    """The functions that read a field by its rule.

    Raises
    ------
    InvalidValueError
        The rule contradicts itself or the type of its field; the error names the part of the rule.
    """
    _check_origin(rule)
    _check_forms(rule)
    _check_type(rule, spec)
    fixed = rule.default if rule.constant is None else rule.constant
    return FieldReading(
        field=rule.field,
        origin=_origin(rule),
        columns=columns_of(rule),
        optional=rule.optional,
        aggregate=rule.aggregate,
        taken=taker(rule),
        read=choice_by_rule(rule, spec) or _plain_reader(rule, spec),
        finish=_finisher(rule, spec),
        default=typed_constant(spec, f"{rule.field}.{'default' if rule.constant is None else 'constant'}", fixed),
    )


def _origin(rule: FieldRule) -> str:
    if rule.column is None:
        return f"template {rule.template}"
    return f"column {' or '.join([rule.column, *rule.fallback])}"


def _check_origin(rule: FieldRule) -> None:
    given = [name for name in ("column", "constant", "template") if getattr(rule, name) is not None]
    if len(given) != 1:
        raise InvalidValueError(rule.field, "needs exactly one of column, constant and template", given)
    if rule.fallback and rule.column is None:
        raise InvalidValueError(f"{rule.field}.fallback", "needs a column before it", list(rule.fallback))
    chosen = [n for n in ("map", "prefix_map", "pattern_map", "bands") if getattr(rule, n) is not None]
    if len(chosen) > 1:
        raise InvalidValueError(rule.field, "takes only one of map, prefix_map, pattern_map and bands", chosen)


def _check_forms(rule: FieldRule) -> None:
    try:
        ZoneInfo(rule.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidValueError(f"{rule.field}.time_zone", "must be an IANA time zone", rule.time_zone) from None
    for form in rule.formats:
        if form != ISO and not _is_form(form):
            raise InvalidValueError(f"{rule.field}.format", "must be a strptime form (%d.%m.%Y) or 'iso'", form)


def _is_form(form: str) -> bool:
    samples = [datetime.fromisoformat("2026-11-25T13:45:30+00:00"), datetime.fromisoformat("2031-02-03T04:05:06+00:00")]
    texts = {sample.strftime(form) for sample in samples}
    try:
        for text in texts:
            datetime.strptime(text, form)  # noqa: DTZ007 - only asked whether it can be read
    except ValueError:
        return False
    return len(texts) == len(samples)


def _check_type(rule: FieldRule, spec: FieldSpec) -> None:
    number = spec.type in _NUMBERS or rule.bands is not None
    shift = rule.add_days or rule.add_working_days
    needs = (
        ("absolute", rule.absolute, number, "a number"),
        ("negate_if", rule.negate_if, number, "a number"),
        ("aggregate", rule.aggregate if rule.aggregate in ("sum", "count") else None, number, "a number"),
        ("add_days", shift, spec.type in _DAYS, "a date or an instant"),
    )
    for name, value, is_given, wanted in needs:
        if value and not is_given:
            raise InvalidValueError(f"{rule.field}.{name}", f"needs {wanted}, not a {spec.type.value}", value)


def _plain_reader(rule: FieldRule, spec: FieldSpec) -> Reader:
    if rule.aggregate == "count":
        return lambda _: 1
    if rule.bands is not None:
        return number_reader(rule.decimal, rule.thousands)
    return reader_for(
        spec, formats=rule.formats, time_zone=rule.time_zone, decimal=rule.decimal, thousands=rule.thousands
    )


def _finisher(rule: FieldRule, spec: FieldSpec) -> Reader:
    steps: list[Callable[[Any], Any]] = []
    if rule.absolute:
        steps.append(abs)
    if rule.add_days:
        steps.append(_day_adder(rule.add_days))
    if rule.add_working_days:
        steps.append(_working_day_adder(rule.add_working_days))
    band = band_by_rule(rule, spec)
    if band is not None:
        steps.append(band)
    return _chained(steps)


def _chained(steps: list[Callable[[Any], Any]]) -> Reader:
    if not steps:
        return _unchanged
    if len(steps) == 1:
        return steps[0]

    def finish(value: Any) -> Any:
        for step in steps:
            value = step(value)
        return value

    return finish


def _unchanged(value: Any) -> Any:
    return value


def _day_adder(days: int) -> Callable[[date], date]:
    def add(day: date) -> date:
        try:
            return day + timedelta(days=days)
        except OverflowError:
            raise UnreadableValueError(f"leaves the calendar with {days} days added") from None

    return add


def _working_day_adder(days: int) -> Callable[[date], date]:
    one_day = _day_adder(1 if days > 0 else -1)

    def add(day: date) -> date:
        left = abs(days)
        while left:
            day = one_day(day)
            left -= day.weekday() < 5
        return day

    return add
