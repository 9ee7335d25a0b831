"""Customers, and the windows in which they take delivery."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, time
from enum import StrEnum
from typing import NewType
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cms.domain.errors import InvalidValueError

CustomerId = NewType("CustomerId", str)


class CustomerStatus(StrEnum):
    """Whether we deliver to the customer."""

    ACTIVE = "active"
    INACTIVE = "inactive"


class Channel(StrEnum):
    """How a customer wants to hear from us."""

    EMAIL = "email"
    CHAT = "chat"
    WEBHOOK = "webhook"
    NONE = "none"


class RolloutCohort(StrEnum):
    """How far the customer has moved over to this system."""

    NONE = "none"
    PILOT = "pilot"
    TRACKING = "tracking"
    SCHEDULING = "scheduling"


@dataclass(frozen=True, kw_only=True, slots=True)
class DeliveryWindow:
    """A weekday and the hours in which a customer takes delivery, while it is in effect.

    Parameters
    ----------
    weekday : int
        0 is Monday.
    start, end : time
        Local time at the customer; `start` before `end`.
    effective_from, effective_to : date, optional
        First and last day of effect, both included; None: no limit.

    Examples
    --------
    >>> tuesdays = DeliveryWindow(weekday=1, start=time(8), end=time(12))
    >>> tuesdays.is_open_on(date(2026, 1, 6)), tuesdays.is_open_on(date(2026, 1, 7))
    (True, False)
    """

    weekday: int
    start: time
    end: time
    effective_from: date | None = None
    effective_to: date | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.weekday <= 6:
            raise InvalidValueError("weekday", "must be 0 (Monday) to 6 (Sunday)", self.weekday)
        if self.start >= self.end:
            raise InvalidValueError("end", f"must be after start {self.start:%H:%M}", f"{self.end:%H:%M}")
        if self.effective_from and self.effective_to and self.effective_from > self.effective_to:
            rule = f"must not be before effective_from {self.effective_from}; the window never opens"
            raise InvalidValueError("effective_to", rule, str(self.effective_to))

    def is_open_on(self, day: date) -> bool:
        """Whether the window opens on `day`, by weekday and effective dates."""
        if day.weekday() != self.weekday:
            return False
        if self.effective_from is not None and day < self.effective_from:
            return False
        return self.effective_to is None or day <= self.effective_to


def windows_of(
    own_windows: Sequence[DeliveryWindow], default_windows: Sequence[DeliveryWindow]
) -> Sequence[DeliveryWindow]:
    """A customer's own windows override the defaults entirely; without own ones the defaults hold."""
    return own_windows or default_windows


@dataclass(frozen=True, kw_only=True, slots=True)
class Customer:
    """Someone we deliver to, with all that decides when.

    Parameters
    ----------
    priority : int
        The class of the customer's orders unless an order says otherwise; 1 is the highest.
    transit_days : int
        Calendar days from our dock to theirs.
    max_early_days : int
        How many calendar days before the due date the customer takes delivery.
    allows_split : bool
        Whether an order may arrive in several deliveries.
    windows : tuple of DeliveryWindow
        Own windows; empty: the default windows hold.
    blackout_dates : frozenset of date
        Days on which the customer takes no delivery.
    """

    customer_id: CustomerId
    name: str
    status: CustomerStatus = CustomerStatus.ACTIVE
    priority: int = 3
    time_zone: str = "UTC"
    transit_days: int = 0
    max_early_days: int = 5
    allows_split: bool = False
    contact_email: str | None = None
    contact_phone: str | None = None
    preferred_channel: Channel = Channel.EMAIL
    rollout_cohort: RolloutCohort = RolloutCohort.SCHEDULING
    windows: tuple[DeliveryWindow, ...] = ()
    blackout_dates: frozenset[date] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        if not self.customer_id:
            raise InvalidValueError("customer_id", "must not be empty", self.customer_id)
        if self.priority < 1:
            raise InvalidValueError("priority", "must be 1 (highest) or more", self.priority)
        if self.transit_days < 0:
            raise InvalidValueError("transit_days", "must be 0 or more", self.transit_days)
        if self.max_early_days < 0:
            raise InvalidValueError("max_early_days", "must be 0 or more", self.max_early_days)
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise InvalidValueError("time_zone", "must be an IANA time zone", self.time_zone) from None

    def opens_on(self, day: date, default_windows: Sequence[DeliveryWindow]) -> DeliveryWindow | None:
        """The earliest window in which the customer takes delivery on `day`, or None: closed that day."""
        if day in self.blackout_dates:
            return None
        return earliest_window(day, windows_of(self.windows, default_windows))


def earliest_window(day: date, windows: Sequence[DeliveryWindow]) -> DeliveryWindow | None:
    """Of the windows open on `day` the one that starts (then ends) first; None where none is open."""
    open_windows = (window for window in windows if window.is_open_on(day))
    return min(open_windows, key=lambda window: (window.start, window.end), default=None)
