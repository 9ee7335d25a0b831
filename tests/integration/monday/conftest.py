"""A small company on its boards, behind a sandbox whose time passes only when a client waits."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from cms.sandbox import Company, CompanyOptions, Sandbox, SandboxClock, generate_company, running_sandbox

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture(scope="package")
def company() -> Company:
    options = CompanyOptions(as_of=date(2026, 3, 2), customers=40, orders_per_month=40, history_months=3)
    return generate_company(options)


@pytest.fixture
def sandbox(company: Company) -> Iterator[Sandbox]:
    with running_sandbox(company, clock=SandboxClock(NOON, frozen=True)) as running:
        yield running


@pytest.fixture(scope="module")
def lasting_sandbox(company: Company) -> Iterator[Sandbox]:
    """One for many schedules of faults: the board goes on from where the last one left it."""
    with running_sandbox(company, clock=SandboxClock(NOON, frozen=True)) as running:
        yield running
