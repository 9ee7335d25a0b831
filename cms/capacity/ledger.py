"""The capacity ledger: what every resource-bucket has, what is committed, and what is still free."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple, TypeAlias

from cms.domain.errors import CmsError
from cms.domain.horizon import TimeBucket
from cms.domain.resources import ResourceId
from cms.domain.work_calendar import BucketCapacity

BucketKey: TypeAlias = tuple[ResourceId, TimeBucket]
"""A resource on a day."""

HOURS_TOLERANCE = 1e-6


class CapacityLoad(NamedTuple):
    """Hours that something uses of a resource on a day."""

    resource_id: ResourceId
    bucket_date: TimeBucket
    hours: float


class CapacityExceededError(CmsError):
    """More hours were to be committed, or given back, than a resource-bucket has.

    Parameters
    ----------
    resource_id, bucket_date : the bucket.
    wanted_hours, possible_hours : float
        What was asked and what the bucket allows.
    """

    def __init__(self, load: CapacityLoad, possible_hours: float, remedy: str) -> None:
        super().__init__(load, possible_hours, remedy)
        self.load = load
        self.possible_hours = possible_hours
        self.remedy = remedy

    def __str__(self) -> str:
        where = f"{self.load.resource_id} on {self.load.bucket_date}"
        return f"{where}: {self.load.hours:g} h asked, {self.possible_hours:g} h possible; {self.remedy}"


@dataclass(frozen=True, kw_only=True, slots=True)
class BucketAccount:
    """The hours of one resource-bucket: regular ones are used first, then overtime.

    Examples
    --------
    >>> account = BucketAccount(regular_hours=8, overtime_hours=2, committed_hours=9)
    >>> account.free_hours, account.free_regular_hours, account.overtime_used_hours
    (1, 0, 1)
    """

    regular_hours: float
    overtime_hours: float = 0.0
    committed_hours: float = 0.0

    @property
    def available_hours(self) -> float:
        """Regular hours and the most that overtime may add."""
        return self.regular_hours + self.overtime_hours

    @property
    def free_hours(self) -> float:
        """What may still be committed, overtime included; never less than 0."""
        return max(0, self.available_hours - self.committed_hours)

    @property
    def free_regular_hours(self) -> float:
        """What may still be committed without overtime."""
        return max(0, self.regular_hours - self.committed_hours)

    @property
    def overtime_used_hours(self) -> float:
        """Committed hours beyond the regular ones."""
        return max(0, self.committed_hours - self.regular_hours)


@dataclass(frozen=True, kw_only=True, slots=True)
class CapacityLedger:
    """Every resource-bucket with its account; committing and giving back make a new ledger.

    Examples
    --------
    >>> from datetime import date
    >>> press, monday = ResourceId("PRESS"), date(2026, 1, 5)
    >>> ledger = CapacityLedger(accounts={(press, monday): BucketAccount(regular_hours=8, overtime_hours=2)})
    >>> used = ledger.reserve([CapacityLoad(press, monday, 9)])
    >>> used.account(press, monday).free_hours, ledger.account(press, monday).free_hours
    (1.0, 10.0)
    """

    accounts: Mapping[BucketKey, BucketAccount] = field(default_factory=dict)

    @classmethod
    def of(cls, buckets: Iterable[BucketCapacity]) -> "CapacityLedger":
        """A ledger over the given capacity, nothing committed."""
        return cls(
            accounts={
                (bucket.resource_id, bucket.bucket_date): BucketAccount(
                    regular_hours=bucket.regular_hours, overtime_hours=bucket.overtime_hours
                )
                for bucket in buckets
            }
        )

    def __iter__(self) -> Iterator[BucketKey]:
        return iter(sorted(self.accounts))

    def account(self, resource_id: ResourceId, bucket_date: TimeBucket) -> BucketAccount:
        """The account of a resource-bucket; one that does not work has no hours."""
        return self.accounts.get((resource_id, bucket_date), BucketAccount(regular_hours=0.0))

    def shortages(self, loads: Iterable[CapacityLoad]) -> dict[BucketKey, float]:
        """The hours that are missing, by resource-bucket, for these loads to fit; empty where they fit."""
        missing = {
            key: hours - self.account(*key).free_hours for key, hours in hours_by_bucket(loads).items() if hours > 0
        }
        return {key: hours for key, hours in missing.items() if hours > HOURS_TOLERANCE}

    def overtime_added(self, loads: Iterable[CapacityLoad]) -> dict[BucketKey, float]:
        """The overtime, by resource-bucket, that these loads would add to what is committed."""
        added = {key: hours - self.account(*key).free_regular_hours for key, hours in hours_by_bucket(loads).items()}
        return {key: hours for key, hours in added.items() if hours > HOURS_TOLERANCE}

    def reserve(self, loads: Iterable[CapacityLoad]) -> "CapacityLedger":
        """The ledger with the loads committed.

        Raises
        ------
        CapacityExceededError
            Where they do not fit; nothing is committed then.
        """
        wanted = hours_by_bucket(loads)
        for key, hours in wanted.items():
            free = self.account(*key).free_hours
            if hours > free + HOURS_TOLERANCE:
                raise CapacityExceededError(CapacityLoad(*key, hours), free, "choose another bucket or add overtime")
        return self.committed(CapacityLoad(*key, hours) for key, hours in wanted.items())

    def release(self, loads: Iterable[CapacityLoad]) -> "CapacityLedger":
        """The ledger with the loads given back.

        Raises
        ------
        CapacityExceededError
            Where less is committed than is to be given back.
        """
        returned = hours_by_bucket(loads)
        for key, hours in returned.items():
            held = self.account(*key).committed_hours
            if hours > held + HOURS_TOLERANCE:
                raise CapacityExceededError(CapacityLoad(*key, hours), held, "only what is committed can be given back")
        return self.committed(CapacityLoad(*key, -hours) for key, hours in returned.items())

    def committed(self, loads: Iterable[CapacityLoad]) -> "CapacityLedger":
        """The ledger with the loads added, whether they fit or not: for taking over what is already a fact."""
        accounts = dict(self.accounts)
        for key, hours in hours_by_bucket(loads).items():
            account = self.account(*key)
            accounts[key] = replace(account, committed_hours=max(0.0, account.committed_hours + hours))
        return CapacityLedger(accounts=accounts)


def reserved_beside(committed_hours: float, *, available_hours: float, held_hours: float) -> float:
    """The hours of a bucket that reservations hold beside what is committed: no more than that leaves.

    Committed, reserved and free hours add up to the available ones.

    Examples
    --------
    >>> reserved_beside(6.0, available_hours=10.0, held_hours=3.0)
    3.0
    >>> reserved_beside(9.0, available_hours=10.0, held_hours=3.0)
    1.0
    """
    return min(held_hours, max(0.0, available_hours - committed_hours))


def hours_by_bucket(loads: Iterable[CapacityLoad]) -> dict[BucketKey, float]:
    """The hours of the loads, added up by resource-bucket."""
    total: dict[BucketKey, float] = {}
    for resource_id, bucket_date, hours in loads:
        key = (resource_id, bucket_date)
        total[key] = total.get(key, 0.0) + hours
    return total
