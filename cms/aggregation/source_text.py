"""A source's value as text: trimmed, keys as they were before a spreadsheet touched them."""

import json
import math
import re
from datetime import date, datetime, time
from decimal import Decimal

LONGEST_TEXT = 200
"""What the warehouse's short text columns hold."""

_LARGEST_EXACT = 2**53
_FLOATED = re.compile(r"([1-9]\d*|0)\.0+", re.ASCII)
_SHORTENED = re.compile(r"\d[.,]\d+E\+\d+", re.ASCII)


class UnreadableValueError(ValueError):
    """A value is not of the type of its field; the message is the rest of a sentence that began with the value."""


def is_empty(value: object) -> bool:
    """Whether a source's value says nothing: None, blank text, or the not-a-number of a table library."""
    if value is None:
        return True
    if isinstance(value, str):
        return not value or value.isspace()
    return isinstance(value, float) and math.isnan(value)


def text_of(value: object) -> str:
    """A value as text, trimmed; whole numbers without decimals, whatever type carried them.

    Examples
    --------
    >>> text_of(12345.0), text_of(" 007 "), text_of(True)
    ('12345', '007', 'true')
    """
    match value:
        case str():
            return value.strip()
        case bool():
            text = str(value).lower()
        case float() | Decimal() if _is_whole(value):
            text = str(int(value))
        case datetime():
            text = value.isoformat(sep=" ")
        case date() | time():
            text = value.isoformat()
        case bytes():
            text = value.hex()
        case list() | dict():
            text = json.dumps(value, default=str, ensure_ascii=False)
        case _:
            text = str(value)
    return text


def _is_whole(value: float | Decimal) -> bool:
    is_finite = value.is_finite() if isinstance(value, Decimal) else math.isfinite(value)
    return is_finite and -_LARGEST_EXACT < value < _LARGEST_EXACT and value == int(value)


def key_text(value: object) -> str:
    """A key as text: the ``12345.0`` that a spreadsheet or a table library made of a number is ``12345`` again."""
    text = text_of(value)
    floated = _FLOATED.fullmatch(text)
    return floated[1] if floated else text


def read_key(value: object) -> str:
    """A key that still says what it said at its source.

    Raises
    ------
    UnreadableValueError
        A spreadsheet shortened it (``1.23457E+11``): the digits are lost.
    """
    key = key_text(value)
    if _SHORTENED.fullmatch(key):
        raise UnreadableValueError("is a number that a spreadsheet has shortened: its last digits are lost")
    return _storable(key)


def read_text(value: object) -> str:
    """Text that fits its column."""
    return _storable(text_of(value))


def _storable(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise UnreadableValueError(f"has {len(text)} characters, at most {LONGEST_TEXT} are kept")
    if not text.isprintable() and ("\x00" in text or any("\ud800" <= sign <= "\udfff" for sign in text)):
        raise UnreadableValueError("contains a character that is no text (NUL or half of a pair)")
    return text
