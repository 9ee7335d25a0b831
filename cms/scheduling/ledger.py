"""The hours of every resource-bucket while a schedule is built: what is used, what fits, what overtime it takes."""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from cms.scheduling.tables import HOURS_TOLERANCE, PlantTables

BucketHoursUsed: TypeAlias = tuple[int, float]
"""A bucket and the hours that something uses in it."""


class HoursLedger:
    """Hours used by bucket, against regular and total hours.

    Lists, not arrays: dispatch asks for single buckets, which lists answer several times faster.
    """

    __slots__ = ("_rate", "regular_hours", "total_hours", "used_hours")

    def __init__(self, tables: PlantTables) -> None:
        self.regular_hours = tables.regular_hours
        self.total_hours = tables.total_hours
        self.used_hours = [0.0] * len(tables.total_hours)
        self._rate = tables.overtime_rate

    def copy(self) -> "HoursLedger":
        """A ledger of its own with the same hours used."""
        other = object.__new__(HoursLedger)
        other.regular_hours, other.total_hours, other._rate = self.regular_hours, self.total_hours, self._rate
        other.used_hours = list(self.used_hours)
        return other

    def use(self, loads: Iterable[BucketHoursUsed]) -> None:
        """Books hours; whether they fit is for the caller to ask first."""
        for bucket, hours in loads:
            self.used_hours[bucket] += hours

    def release(self, loads: Iterable[BucketHoursUsed]) -> None:
        """Gives hours back."""
        for bucket, hours in loads:
            self.used_hours[bucket] -= hours

    def free_hours(self, bucket: int) -> float:
        """Hours still free, overtime included."""
        return max(0.0, self.total_hours[bucket] - self.used_hours[bucket])

    def overtime_money(self, buckets: Sequence[int], hours: Sequence[float]) -> float | None:
        """What the overtime costs that these hours add; None where they do not fit.

        Each bucket stands once.
        """
        money = 0.0
        used, total, regular = self.used_hours, self.total_hours, self.regular_hours
        for bucket, more in zip(buckets, hours, strict=True):
            before = used[bucket]
            after = before + more
            if after > total[bucket] + HOURS_TOLERANCE:
                return None
            usual = regular[bucket]
            # most buckets stay inside their regular hours: they are left at the first question
            if after > usual + HOURS_TOLERANCE:
                extra = after - max(before, usual)
                if extra > HOURS_TOLERANCE:
                    money += extra * self._rate[bucket]
        return money

    def largest_share(self, buckets: Sequence[int], hours: Sequence[float]) -> float:
        """The largest share, 0 to 1, of these hours that still fits."""
        share = 1.0
        for bucket, more in zip(buckets, hours, strict=True):
            if more > 0:
                share = min(share, (self.free_hours(bucket) + HOURS_TOLERANCE) / more)
        return share

    def overfull(self) -> list[int]:
        """Buckets with more hours than they have, in order."""
        limits = zip(self.used_hours, self.total_hours, strict=True)
        return [bucket for bucket, (used, total) in enumerate(limits) if used > total + HOURS_TOLERANCE]
