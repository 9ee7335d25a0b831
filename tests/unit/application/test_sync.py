from datetime import datetime

import pytest

from cms.application.gated_load import GatedLoader
from cms.application.ports import (
    Dataset,
    ExpectationOutcome,
    GateVerdict,
    RowFailure,
    Severity,
    SourceRow,
    StagedLoad,
)
from cms.application.sync_customers import sync_customers
from cms.application.sync_orders import sync_orders
from cms.domain.errors import LoadRefusedError
from tests.fakes import FakeClock, FakeGate, FakeLoadStore, FakeSource


def a_row(**values: object) -> SourceRow:
    return SourceRow(values=values, raw=values)


def a_loader(store: FakeLoadStore, gate: FakeGate | None = None) -> GatedLoader:
    return GatedLoader(loads=store, gate=gate or FakeGate(), clock=FakeClock())


def test_orders_are_read_from_their_watermark_which_then_moves() -> None:
    store = FakeLoadStore(watermarks={(Dataset.ORDERS, "erp"): "w1"})
    source = FakeSource(rows=[a_row(order_id="O1")])

    report = sync_orders(source, a_loader(store))

    assert source.asked_since == ["w1"]
    assert store.watermarks[Dataset.ORDERS, "erp"] == "w2"
    assert (report.staged, report.counts.inserted) == (1, 1)


def test_a_full_sync_reads_from_the_beginning() -> None:
    store = FakeLoadStore(watermarks={(Dataset.ORDERS, "erp"): "w1", (Dataset.WINDOWS, "erp"): "w1"})
    source = FakeSource()

    sync_orders(source, a_loader(store), full=True)
    sync_customers(source, a_loader(store), full=True)

    assert source.asked_since == [None, None]


def test_the_watermark_of_customers_moves_with_their_windows() -> None:
    store = FakeLoadStore()

    sync_customers(FakeSource(rows=[a_row(customer_id="C1")]), a_loader(store))

    customers, windows = store.merged
    assert (customers["dataset"], customers["watermark"]) == (Dataset.CUSTOMERS, None)
    assert (windows["dataset"], windows["watermark"]) == (Dataset.WINDOWS, "w2")


def test_a_customer_without_windows_any_more_loses_them() -> None:
    store = FakeLoadStore()
    source = FakeSource(
        rows=[a_row(customer_id="C1"), a_row(customer_id="C2"), a_row(customer_id=None)],
        windows=[a_row(customer_id="C1", weekday=1)],
    )

    sync_customers(source, a_loader(store))

    assert store.merged[1]["removed_ids"] == frozenset({"C2"})


def test_a_complete_snapshot_and_its_tombstones_reach_the_merge() -> None:
    store = FakeLoadStore()

    sync_orders(FakeSource(complete=True, removed=frozenset({"O9"})), a_loader(store))

    assert store.merged[0]["complete"]
    assert store.merged[0]["removed_ids"] == frozenset({"O9"})


def test_a_refused_load_moves_no_watermark() -> None:
    store = FakeLoadStore()

    with pytest.raises(LoadRefusedError, match="row count collapsed"):
        sync_orders(FakeSource(), a_loader(store, FakeGate(refusals=("row count collapsed",))))

    assert store.watermarks == {}


def test_a_row_that_is_held_back_is_reported_with_its_reason() -> None:
    failure = RowFailure(row_number=1, expectation="quantity is positive", column="quantity", value="-1", reason="…")
    gate = FakeGate(row_failures=(failure,))

    report = sync_orders(FakeSource(rows=[a_row(order_id="O1")]), a_loader(FakeLoadStore(), gate))

    assert report.has_quarantined
    assert report.row_failures == (failure,)


def test_warnings_are_sentences_with_their_consequence() -> None:
    outcome = ExpectationOutcome(
        expectation="e-mail looks like one",
        column="contact_email",
        severity=Severity.WARNING,
        success=False,
        unexpected_count=3,
        consequence="Notices cannot be sent.",
    )

    class WarningGate(FakeGate):
        def judge(self, load: StagedLoad, *, now: datetime, complete: bool = False) -> GateVerdict:
            return GateVerdict(load_id=load.load_id, outcomes=(outcome,))

    report = sync_orders(FakeSource(), a_loader(FakeLoadStore(), WarningGate()))

    assert report.warnings == ("e-mail looks like one: 3 row(s). Notices cannot be sent.",)
