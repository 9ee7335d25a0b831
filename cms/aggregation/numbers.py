"""Reads numbers as sources write them: decimal comma, thousands, a minus behind; never a guess which sign is which."""

import re
from collections.abc import Callable
from decimal import Decimal

from cms.aggregation.source_text import UnreadableValueError

_MEMORY = 50_000
_LARGEST_NUMBER = Decimal(10) ** 14
_DECIMAL_PLACES = 4
_UNIT = Decimal(1).scaleb(-_DECIMAL_PLACES)
_LARGEST_WHOLE = 2**31 - 1
_NUMBER = re.compile(r"([+-]?)(\d+\.?\d*|\.\d+)((?:[eE][+-]?\d{1,3})?)(-?)", re.ASCII)
_NOT_FINITE = frozenset({"nan", "inf", "infinity"})
_SPACES = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "’": "'"})


def number_reader(decimal: str = ".", thousands: str | None = None) -> Callable[[object], Decimal]:
    """Numbers with the given signs, finite, below 10^14 and rounded to four places, as the warehouse keeps them.

    Examples
    --------
    >>> number_reader(",", ".")("1.234,5"), number_reader()("12.50-")
    (Decimal('1234.5'), Decimal('-12.50'))
    """
    plain_text = _plain_text(decimal, thousands)
    rule = f"is no number with {decimal!r} as the decimal sign"
    if thousands:
        rule += f" and {thousands!r} between thousands"

    # quantities and priorities repeat, and parsing is the dear part
    known: dict[str, Decimal] = {}

    def read(value: object) -> Decimal:
        if isinstance(value, str):
            number = known.get(value)
            if number is None:
                number = _bounded(_parsed(plain_text(value.strip()), rule))
                if len(known) < _MEMORY:
                    known[value] = number
            return number
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            raise UnreadableValueError("is no number")
        # the shortest decimal that is this float, not its binary expansion
        return _bounded(Decimal(repr(value)) if isinstance(value, float) else Decimal(value))

    return read


def whole_reader(read_number: Callable[[object], Decimal]) -> Callable[[object], int]:
    """Whole numbers that fit an integer column; ``3.0`` is 3."""

    def read(value: object) -> int:
        number = read_number(value)
        whole = int(number)
        if whole != number:
            raise UnreadableValueError("is no whole number")
        if abs(whole) > _LARGEST_WHOLE:
            raise UnreadableValueError(f"is not within ±{_LARGEST_WHOLE:,}")
        return whole

    return read


def _plain_text(decimal: str, thousands: str | None) -> Callable[[str], str]:
    """Gives texts a point and no thousands; what has other signs stays as it is, and is refused later."""

    def pointed(text: str) -> str:
        if decimal == ".":
            return text
        return text.replace(decimal, ".") if "." not in text else f"?{text}"

    if thousands is None:
        return pointed
    sign = thousands
    grouped = re.compile(rf"[+-]?\d{{1,3}}(?:{re.escape(sign)}\d{{3}})+(?:{re.escape(decimal)}\d*)?-?", re.ASCII)

    def ungrouped(text: str) -> str:
        spaced = text.translate(_SPACES)
        return pointed(spaced.replace(sign, "") if grouped.fullmatch(spaced) else text)

    return ungrouped


def _parsed(text: str, rule: str) -> Decimal:
    found = _NUMBER.fullmatch(text)
    if found is None or (found[1] and found[4]):
        raise UnreadableValueError("is not finite" if text.lower().lstrip("+-") in _NOT_FINITE else rule)
    # a minus behind the digits is how some ledgers print a credit
    return Decimal(f"{found[4] or found[1]}{found[2]}{found[3]}")


def _bounded(number: Decimal) -> Decimal:
    if not number.is_finite():
        raise UnreadableValueError("is not finite")
    if abs(number) >= _LARGEST_NUMBER:
        raise UnreadableValueError(f"is out of range: it must be below {_LARGEST_NUMBER:,}")
    exponent = number.as_tuple().exponent
    return number.quantize(_UNIT) if isinstance(exponent, int) and exponent < -_DECIMAL_PLACES else number
