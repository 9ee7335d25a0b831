"""How far the rollout has come: outside of it nobody is told anything and nothing is written to boards."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cms.domain.customers import Customer, CustomerId, CustomerStatus, RolloutCohort

EVERYONE = "all"
PHASES = (
    *(cohort.value for cohort in (RolloutCohort.PILOT, RolloutCohort.TRACKING, RolloutCohort.SCHEDULING)),
    EVERYONE,
)
"""The phases in order; each reaches its cohort and the earlier ones."""


class Rollout(Protocol):
    """Knows the phase of this moment: it may be switched while a service runs."""

    def phase(self) -> str:
        """One of `PHASES`."""
        ...


@dataclass(frozen=True, slots=True)
class FixedRollout:
    """A phase that nobody switches."""

    of: str = EVERYONE

    def phase(self) -> str:
        """The phase."""
        return self.of


@dataclass(frozen=True, kw_only=True, slots=True)
class PhaseChange:
    """A line of the rollout's history."""

    phase: str
    changed_at: datetime
    actor: str
    reason: str = ""


class Customers(Protocol):
    """Knows customers by id."""

    def customers(self, customer_ids: Iterable[CustomerId] | None = None) -> Mapping[CustomerId, Customer]:
        """Those named; all of them where none is."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class RolloutReach:
    """Says of a customer whether the rollout, as it is now, lets us tell it anything or write for it."""

    rollout: Rollout
    book: Customers

    def why_withheld(self, customer_id: CustomerId) -> str | None:
        """Why nothing may be told or written now; None: it may."""
        phase = self.rollout.phase()
        if phase == EVERYONE or is_in_rollout(self.book.customers([customer_id])[customer_id], phase):
            return None
        return f"phase {phase} of the rollout does not reach customer {customer_id}"


def is_in_rollout(customer: Customer, phase: str) -> bool:
    """Whether the rollout has reached the customer: its cohort is the phase's, or an earlier one; ``all`` is everyone.

    Examples
    --------
    >>> from cms.domain.customers import CustomerId
    >>> pilot = Customer(customer_id=CustomerId("C1"), name="C1", rollout_cohort=RolloutCohort.PILOT)
    >>> is_in_rollout(pilot, "pilot"), is_in_rollout(pilot, "tracking")
    (True, True)
    """
    return phase == EVERYONE or customer.rollout_cohort.value in PHASES[: PHASES.index(phase) + 1]


def reached_customers(customers: Iterable[Customer], phase: str) -> int:
    """How many active customers a phase reaches."""
    active = (customer for customer in customers if customer.status is CustomerStatus.ACTIVE)
    return sum(1 for customer in active if is_in_rollout(customer, phase))
