"""A small company, generated once, and a sandbox over it for each test."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from cms.sandbox import (
    Company,
    CompanyOptions,
    Sandbox,
    SandboxClock,
    SandboxOptions,
    generate_company,
    running_sandbox,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture(scope="package")
def company() -> Company:
    return generate_company(CompanyOptions(as_of=date(2026, 3, 2), customers=30, orders_per_month=60, history_months=6))


@pytest.fixture
def sandbox(company: Company) -> Iterator[Sandbox]:
    clock = SandboxClock(NOON, frozen=True)
    options = SandboxOptions(webhook_retry_seconds=0.05, missing_uuid_share=0.0)
    with running_sandbox(company, options=options, clock=clock) as running:
        yield running
