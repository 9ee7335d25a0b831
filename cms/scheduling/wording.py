"""Figures in the sentences of explanations."""

import math

_HUNDREDTH = 0.01


def hours_text(hours: float) -> str:
    """Hours to a hundredth, as people plan with them; less than one to a digit that is not 0."""
    return f"{hours:.1g}" if 0 < abs(hours) < _HUNDREDTH else f"{round(hours, 2):g}"


def enough_hours(hours: float) -> float:
    """Missing hours, rounded up to a hundredth: what has to be added for the work to fit.

    Examples
    --------
    >>> enough_hours(1.591), enough_hours(3.0), enough_hours(0.002)
    (1.6, 3.0, 0.01)
    """
    return round(math.ceil(round(hours / _HUNDREDTH, 6)) * _HUNDREDTH, 2)


def days_text(days: int) -> str:
    """A number of days in words.

    Examples
    --------
    >>> days_text(1), days_text(0), days_text(12)
    ('1 day', '0 days', '12 days')
    """
    return "1 day" if days == 1 else f"{days} days"


__all__ = ["days_text", "enough_hours", "hours_text"]
