"""What a figure of a scenario may be: each rule one function, which refuses by naming field, rule and value."""

import math

from cms.domain.errors import InvalidValueError

MOST_DAYS = 3660
"""Ten years: no question is longer."""
MOST_TIMES = 1000.0
"""The largest factor: what is meant as percent, or mistyped, does not fill the memory with orders."""


def check_positive(name: str, value: float) -> None:
    """A rate or factor that means something."""
    if not (math.isfinite(value) and value > 0):
        raise InvalidValueError(name, "must be a finite number, more than 0", value)


def check_not_negative(name: str, value: float) -> None:
    """An amount."""
    if not (math.isfinite(value) and value >= 0):
        raise InvalidValueError(name, "must be a finite number, 0 or more", value)


def check_hours(name: str, value: float) -> None:
    """Hours of a day."""
    if not 0 <= value <= 24:
        raise InvalidValueError(name, "must be 0 to 24", value)


def check_share(name: str, value: float) -> None:
    """A share or a chance."""
    if not 0 <= value <= 1:
        raise InvalidValueError(name, "must be 0 to 1", value)


def check_at_least_one(name: str, value: int) -> None:
    """A count of something that must be there."""
    if value < 1:
        raise InvalidValueError(name, "must be 1 or more", value)


def check_at_least_zero(name: str, value: int) -> None:
    """A count."""
    if value < 0:
        raise InvalidValueError(name, "must be 0 or more", value)


def check_at_most(name: str, value: float, most: float) -> None:
    """What is more than any plant has is a slip of the keyboard, and would keep a study busy for ever."""
    if value > most:
        raise InvalidValueError(name, f"must be at most {most:,.0f}", value)


def check_factor(name: str, value: float) -> None:
    """How many times as much: more than 0, at most 1,000."""
    check_positive(name, value)
    check_at_most(name, value, MOST_TIMES)


def check_days(name: str, value: int) -> None:
    """A length in days: 1 to ten years."""
    check_at_least_one(name, value)
    check_at_most(name, value, MOST_DAYS)
