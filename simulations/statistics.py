"""What replications say, and how surely: intervals, paired differences, warm-up, how many replications are enough."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from cms.domain.errors import InvalidValueError


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """A mean over replications with its confidence interval; never a bare mean.

    Parameters
    ----------
    half_width : float
        Half the width of the two-sided interval; infinite after a single replication.
    level : float
        Confidence, between 0 and 1.
    replications : int
        How many values the mean is of.
    """

    mean: float
    half_width: float
    level: float
    replications: int

    @property
    def low(self) -> float:
        """The lower end of the interval."""
        return self.mean - self.half_width

    @property
    def high(self) -> float:
        """The upper end of the interval."""
        return self.mean + self.half_width

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{self.mean:.4g} ± {self.half_width:.2g} ({self.level:.0%}, n={self.replications})"


def estimate(values: Sequence[float], level: float = 0.95) -> Estimate:
    """The mean of independent replications with its t interval.

    Raises
    ------
    InvalidValueError
        There is no value, or the level is not between 0 and 1.

    Examples
    --------
    >>> found = estimate([10.0, 12.0, 14.0], level=0.95)
    >>> found.mean, round(found.half_width, 2)
    (12.0, 4.97)
    """
    if not values:
        raise InvalidValueError("values", "must hold at least one replication", values)
    if not 0 < level < 1:
        raise InvalidValueError("level", "must be more than 0 and less than 1", level)
    count = len(values)
    mean = math.fsum(values) / count
    return Estimate(mean=mean, half_width=_half_width(values, mean, level), level=level, replications=count)


def _half_width(values: Sequence[float], mean: float, level: float) -> float:
    count = len(values)
    if count < 2:
        return math.inf
    variance = math.fsum((value - mean) ** 2 for value in values) / (count - 1)
    return float(stdtrit(count - 1, 0.5 + level / 2)) * math.sqrt(variance / count)


def lower_bound(values: Sequence[float], confidence: float = 0.95) -> float:
    """The value that the mean exceeds with this one-sided confidence; minus infinity after one replication."""
    return estimate(values, level=2 * confidence - 1).low


def paired_difference(first: Sequence[float], second: Sequence[float], level: float = 0.95) -> Estimate:
    """By how much `second` exceeds `first`, replication by replication.

    Under common random numbers the luck of a replication cancels, and the interval is far narrower than that of two
    independent means.

    Raises
    ------
    InvalidValueError
        The two have not the same number of replications.

    Examples
    --------
    >>> paired_difference([1.0, 5.0, 9.0], [2.0, 6.0, 10.0]).half_width
    0.0
    """
    if len(first) != len(second):
        raise InvalidValueError("second", f"must have the {len(first)} replications of the first", len(second))
    return estimate([b - a for a, b in zip(first, second, strict=True)], level)


def mser5_warm_up(series: Sequence[float]) -> int:
    """How many of the first observations a steady-state mean should leave out, by the MSER-5 rule.

    The series is cut into batches of five; the truncation point is the one that leaves the remaining batch means with
    the least squared standard error, looked for in the first half.

    Returns
    -------
    int
        A multiple of 5; 0 for a series of fewer than 20.

    Notes
    -----
    White, Cobb and Spratt, "A comparison of five steady-state truncation heuristics for simulation", 2000.

    Examples
    --------
    >>> mser5_warm_up([100.0] * 10 + ([1.0] * 5 + [2.0] * 5) * 10)
    10
    """
    batches = len(series) // 5
    if batches < 4:
        return 0
    means = np.asarray(series[: batches * 5], dtype=np.float64).reshape(batches, 5).mean(axis=1)
    errors = [float(means[cut:].var()) / (batches - cut) for cut in range(batches // 2 + 1)]
    return 5 * int(np.argmin(errors))


def replications_needed(values: Sequence[float], half_width: float, level: float = 0.95) -> int:
    """How many replications, these included, will bring the interval to the wanted half-width.

    Parameters
    ----------
    values : sequence of float
        A pilot of at least two replications.
    half_width : float
        Wanted, in units of the values; more than 0.

    Raises
    ------
    InvalidValueError
        The pilot is too small, or the half-width is not more than 0.

    Examples
    --------
    >>> replications_needed([10.0, 12.0, 14.0, 11.0, 13.0], half_width=0.5)
    41
    """
    if len(values) < 2:
        raise InvalidValueError("values", "must hold at least two replications", len(values))
    if not half_width > 0:
        raise InvalidValueError("half_width", "must be more than 0", half_width)
    spread = float(np.std(np.asarray(values, dtype=np.float64), ddof=1))
    count = len(values)
    while float(stdtrit(count - 1, 0.5 + level / 2)) * spread / math.sqrt(count) > half_width:
        count += 1
    return count
