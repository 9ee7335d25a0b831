"""Reads a source's value as the type of our field, or says which rule it breaks; it never guesses."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from cms.aggregation.dataset_fields import FieldSpec, FieldType
from cms.aggregation.day_lists import read_days
from cms.aggregation.moments import date_reader, instant_reader, time_reader
from cms.aggregation.numbers import number_reader, whole_reader
from cms.aggregation.source_text import UnreadableValueError, read_key, read_text, text_of

Reader = Callable[[Any], Any]
"""Takes a source's value that is not empty, gives ours; raises `UnreadableValueError`."""

_GAPS = re.compile(r"[\s-]+")
_TRUE = frozenset({"yes", "y", "true", "t", "1", "on", "x", "ja", "j", "wahr", "oui", "si", "sí"})
_FALSE = frozenset({"no", "n", "false", "f", "0", "off", "nein", "falsch", "non"})


def reader_for(
    spec: FieldSpec,
    *,
    formats: Sequence[str] = (),
    time_zone: str = "UTC",
    decimal: str = ".",
    thousands: str | None = None,
) -> Reader:
    """How values of a field are read.

    Parameters
    ----------
    formats : sequence of str
        strptime forms of dates, times and instants, tried in order; ``iso`` is ISO 8601. Empty: ISO 8601.
    time_zone : str
        Zone of an instant that carries no offset, and of the day on which an instant with one falls.
    decimal, thousands : str
        Signs inside numbers; `thousands` None: there is none.

    Examples
    --------
    >>> reader_for(FieldSpec(type=FieldType.DECIMAL), decimal=",", thousands=".")("1.234,50")
    Decimal('1234.50')
    >>> reader_for(FieldSpec(type=FieldType.DATE), formats=["%d/%m/%Y"])("31/02/2011")
    Traceback (most recent call last):
    cms.aggregation.source_text.UnreadableValueError: is no date of form %d/%m/%Y
    """
    makers: dict[FieldType, Callable[[], Reader]] = {
        FieldType.KEY: lambda: read_key,
        FieldType.TEXT: lambda: read_text,
        FieldType.CHOICE: lambda: choice_reader(spec.choices),
        FieldType.BOOL: lambda: read_bool,
        FieldType.WHOLE: lambda: whole_reader(number_reader(decimal, thousands)),
        FieldType.DECIMAL: lambda: number_reader(decimal, thousands),
        FieldType.DATE: lambda: date_reader(formats, time_zone),
        FieldType.TIME: lambda: time_reader(formats, time_zone),
        FieldType.INSTANT: lambda: instant_reader(formats, time_zone),
        FieldType.DAYS: lambda: read_days,
    }
    return makers[spec.type]()


def choice_reader(choices: frozenset[str]) -> Reader:
    """One of `choices`; ``In Production`` is ``in_production``."""

    def read(value: object) -> str:
        text = text_of(value)
        if text in choices:
            return text
        word = _GAPS.sub("_", text.lower())
        if word in choices:
            return word
        raise UnreadableValueError(f"is none of {', '.join(sorted(choices))}")

    return read


def read_bool(value: object) -> bool:
    """Yes or no, in the words that exports use."""
    if isinstance(value, bool):
        return value
    word = text_of(value).lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise UnreadableValueError("is neither yes nor no")
