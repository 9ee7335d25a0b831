"""Order management on its bad days: whatever goes wrong on the way, what is read is what is there, once each."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from cms.sandbox import CompanyOptions, Sandbox, SandboxClock, SandboxOptions, generate_company, running_sandbox
from cms.sandbox.faults import FaultKind, random_faults
from tests.integration.order_sources.reading import a_service, read_service

PASSING = (
    FaultKind.HTTP_423,
    FaultKind.HTTP_429,
    FaultKind.HTTP_500,
    FaultKind.HTTP_502,
    FaultKind.HTTP_503,
    FaultKind.HTTP_504,
    FaultKind.TRUNCATED_JSON,
    FaultKind.EMPTY_BODY,
    FaultKind.CUT_CONNECTION,
    FaultKind.SLOW_BYTES,
    FaultKind.RESET_AFTER,
    FaultKind.RESET,
    FaultKind.LATENCY,
)
SEEDS = range(60)
FIELDS = {
    "order_id": "orderNumber",
    "customer_id": "customerNumber",
    "quantity": "quantity",
    "requested_date": "requestedDate",
    "source_updated_at": "updatedAt",
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    company = generate_company(
        CompanyOptions(as_of=date(2026, 3, 2), customers=30, orders_per_month=60, history_months=6)
    )
    clock = SandboxClock(datetime(2026, 3, 2, 12, tzinfo=UTC), frozen=True)
    with running_sandbox(company, options=SandboxOptions(), clock=clock) as running:
        yield running


def read(sandbox: Sandbox, *, watermark: str | None = None) -> tuple[Counter[Any], str | None]:
    settings = a_service(
        sandbox.orders_url,
        fields=FIELDS,
        token_variable="ORDERS_TOKEN",
        page_size=25,
        max_attempts=20,
        timeout_seconds=5,
        overlap_seconds=0,
    )
    environment = {"ORDERS_TOKEN": SandboxOptions().orders_token}
    rows, batch = read_service(settings, watermark=watermark, environment=environment)
    return Counter((row.raw["orderNumber"], row.raw["quantity"]) for row in rows), batch.watermark()


def what_is_there(sandbox: Sandbox) -> Counter[Any]:
    return Counter((row["orderNumber"], row["quantity"]) for row in sandbox.orders.rows)


@pytest.mark.parametrize("seed", SEEDS)
def test_faults_on_the_way_lose_nothing_and_double_nothing(sandbox: Sandbox, seed: int) -> None:
    rules = random_faults(seed, kinds=PASSING, probability=0.5, times=5)
    sandbox.faults.set([replace(rule, api="orders") for rule in rules], seed=seed)

    found, _ = read(sandbox)

    sandbox.faults.clear()
    assert found == what_is_there(sandbox)


def test_after_a_whole_read_only_changes_come(sandbox: Sandbox) -> None:
    before, watermark = read(sandbox)
    (number, _), *_ = before
    changed = sandbox.orders.change_order(number, {"quantity": "77"})

    found, later = read(sandbox, watermark=watermark)

    assert found[(number, "77")] == 1
    assert len(found) < 5
    assert later == f"text:{changed['updatedAt']}"
