"""Takes out of a source's row what a field is made of, and tells which rows count."""

from collections.abc import Callable, Mapping, Sequence
from string import Formatter
from typing import Any, TypeAlias

from cms.aggregation.field_rules import FieldRule, Row
from cms.aggregation.source_text import is_empty, key_text, text_of
from cms.aggregation.value_choices import pattern
from cms.domain.errors import InvalidValueError

Taker: TypeAlias = Callable[[Row], Any]
"""Takes what a field needs out of a row; None: there is nothing."""


def taker(rule: FieldRule) -> Taker:
    """How a field's raw value is found in a row.

    Raises
    ------
    InvalidValueError
        The template or a condition of the rule cannot be used.
    """
    if rule.column is not None:
        take = _from_column(rule.column, frozenset(rule.empty))
        if rule.fallback:
            take = _first_of([take, *(_from_column(column, frozenset(rule.empty)) for column in rule.fallback)])
    elif rule.template is not None:
        take = _from_template(_template_parts(rule))
    else:
        take = _nothing
    if rule.negate_if:
        take = _with_sign(take, row_filter(rule.negate_if, f"{rule.field}.negate_if"))
    if rule.only_if:
        take = _where(take, row_filter(rule.only_if, f"{rule.field}.only_if"))
    return take


def columns_of(rule: FieldRule) -> frozenset[str]:
    """The source's columns that a field is made of, conditions included."""
    own = [name for _, name in _template_parts(rule) if name] if rule.column is None else [rule.column, *rule.fallback]
    return frozenset(own) | frozenset(rule.only_if or ()) | frozenset(rule.negate_if or ())


def row_filter(patterns: Mapping[str, str], place: str) -> Callable[[Row], bool]:
    """Whether a row's columns match regular expressions in full; an empty column is the empty text.

    Raises
    ------
    InvalidValueError
        `place`, for a pattern that is none.
    """
    compiled = [(column, pattern(text, f"{place}.{column}").fullmatch) for column, text in patterns.items()]

    if len(compiled) == 1:
        # the usual case, asked of every line
        only_column, only_matches = compiled[0]
        return lambda row: only_matches(_text(row.get(only_column))) is not None
    return lambda row: all(matches(_text(row.get(column))) for column, matches in compiled)


def _where(take: Taker, fits: Callable[[Row], bool]) -> Taker:
    return lambda row: take(row) if fits(row) else None


def _with_sign(take: Taker, is_turned: Callable[[Row], bool]) -> Taker:
    """Turns the sign of a number before it is read: a credit note says -5 and means 5 that are cancelled."""

    def turned(row: Row) -> Any:
        found = take(row)
        if found is None or not is_turned(row):
            return found
        text = text_of(found)
        return text[1:] if text.startswith("-") else text[:-1] if text.endswith("-") else f"-{text.removeprefix('+')}"

    return turned


def _text(found: object) -> str:
    return "" if is_empty(found) else text_of(found)


def _nothing(row: Row) -> None:
    """Of a constant nothing is in the row: its value is the default."""


def _from_column(column: str, empty_words: frozenset[str]) -> Taker:
    def take(row: Row) -> Any:
        found = row.get(column)
        if isinstance(found, str):
            text = found.strip()
            return None if not text or text in empty_words else text
        return None if is_empty(found) or (empty_words and text_of(found) in empty_words) else found

    return take


def _first_of(takers: Sequence[Taker]) -> Taker:
    def take(row: Row) -> Any:
        return next((found for taker in takers if (found := taker(row)) is not None), None)

    return take


def _template_parts(rule: FieldRule) -> Sequence[tuple[str, str | None]]:
    try:
        parts = list(Formatter().parse(rule.template or ""))
    except ValueError as error:
        raise InvalidValueError(f"{rule.field}.template", f"is no template: {error}", rule.template) from None
    if any(name == "" or form or conversion for _, name, form, conversion in parts):
        raise InvalidValueError(f"{rule.field}.template", "may only contain {column} names", rule.template)
    return [(text, name) for text, name, _, _ in parts]


def _from_template(parts: Sequence[tuple[str, str | None]]) -> Taker:
    columns = [name for _, name in parts if name]

    def take(row: Row) -> str | None:
        found = {name: row.get(name) for name in columns}
        if any(is_empty(value) for value in found.values()):
            return None
        return "".join(text + (key_text(found[name]) if name else "") for text, name in parts)

    return take
