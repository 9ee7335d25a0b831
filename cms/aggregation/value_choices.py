"""Chooses our value by what the source's value looks like: value maps, prefixes, patterns, bands."""

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from cms.aggregation.conversions import Reader, reader_for
from cms.aggregation.dataset_fields import FieldSpec
from cms.aggregation.field_rules import Constant, FieldRule
from cms.aggregation.numbers import number_reader
from cms.aggregation.source_text import UnreadableValueError, text_of
from cms.domain.errors import InvalidValueError

ANY_OTHER = "*"
"""The key of a value map that stands for every value that is not listed."""


def choice_by_rule(rule: FieldRule, spec: FieldSpec) -> Reader | None:
    """How a field's value is chosen from a text; None: the rule has no map, prefixes or patterns.

    Raises
    ------
    InvalidValueError
        One of our values is not of the field's type, or a pattern is none.
    """
    makers: tuple[tuple[str, Callable[[Mapping[str, Any]], Reader]], ...] = (
        ("map", _by_value),
        ("prefix_map", _by_prefix),
        ("pattern_map", lambda values: _by_pattern(values, f"{rule.field}.pattern_map")),
    )
    for name, make in makers:
        values: Mapping[str, Constant] | None = getattr(rule, name)
        if values is not None:
            return make({key: typed_constant(spec, f"{rule.field}.{name}.{key}", v) for key, v in values.items()})
    return None


def band_by_rule(rule: FieldRule, spec: FieldSpec) -> Callable[[Decimal], Any] | None:
    """How a field's value is chosen by a number's size; None: the rule has no bands."""
    if rule.bands is None:
        return None
    place = f"{rule.field}.bands"
    bands = sorted((_threshold(key, place), typed_constant(spec, place, value)) for key, value in rule.bands.items())
    thresholds, values = [threshold for threshold, _ in bands], [value for _, value in bands]

    def read(number: Decimal) -> Any:
        reached = bisect_right(thresholds, number)
        if reached == 0:
            raise UnreadableValueError(f"is below the lowest band, {thresholds[0]}")
        return values[reached - 1]

    return read


def typed_constant(spec: FieldSpec, place: str, value: Constant | None) -> Any:
    """A value from the settings in the type of its field; the empty text is None.

    Raises
    ------
    InvalidValueError
        `place`, where it is not of that type.
    """
    if value is None or value == "":
        return None
    try:
        return reader_for(spec)(value)
    except UnreadableValueError as error:
        raise InvalidValueError(place, f"must be a {spec.type.value}, but it {error}", value) from None


def pattern(text: str, place: str) -> re.Pattern[str]:
    """A regular expression from the settings.

    Raises
    ------
    InvalidValueError
        `place`, where it is none.
    """
    try:
        return re.compile(text)
    except re.error as error:
        raise InvalidValueError(place, f"must be a regular expression: {error}", text) from None


def _threshold(text: str, place: str) -> Decimal:
    try:
        return number_reader()(text)
    except UnreadableValueError as error:
        raise InvalidValueError(place, f"has numbers as keys, and this one {error}", text) from None


def _by_value(values: Mapping[str, Any]) -> Reader:
    folded = {key.strip().casefold(): value for key, value in values.items() if key != ANY_OTHER}
    listed = ", ".join(sorted(folded)) or "nothing"

    def read(value: object) -> Any:
        text = text_of(value)
        if text in values and text != ANY_OTHER:
            return values[text]
        key = text.casefold()
        if key in folded:
            return folded[key]
        if ANY_OTHER in values:
            return values[ANY_OTHER]
        raise UnreadableValueError(f"is not in its value map, which has {listed}")

    return read


def _by_prefix(values: Mapping[str, Any]) -> Reader:
    def read(value: object) -> Any:
        text = text_of(value)
        for prefix, chosen in values.items():
            if text.startswith(prefix):
                return chosen
        raise UnreadableValueError(f"begins with none of {', '.join(map(repr, values))}")

    return read


def _by_pattern(values: Mapping[str, Any], place: str) -> Reader:
    compiled = [(pattern(text, place), value) for text, value in values.items()]

    def read(value: object) -> Any:
        text = text_of(value)
        for expression, chosen in compiled:
            if expression.fullmatch(text):
                return chosen
        raise UnreadableValueError(f"fits none of {', '.join(map(repr, values))}")

    return read
