"""What holds for every merge of records."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from cms.aggregation.order_merge import MERGED_FIELDS, OrderRecord, Precedence, merge_order
from cms.domain.orders import OrderStatus, may_become

START = datetime(2026, 1, 5, tzinfo=UTC)
SOURCES = ("erp", "board", "file")
statuses = st.sampled_from([status.value for status in OrderStatus])
values = st.fixed_dictionaries(
    {},
    optional={
        "quantity": st.integers(1, 3).map(Decimal),
        "priority": st.none() | st.integers(1, 3),
        "customer_id": st.sampled_from(["C1", "C2"]),
        "status": statuses,
        "delivered_at": st.none() | st.just(START),
    },
)
records = st.lists(
    st.builds(
        OrderRecord,
        source_system=st.sampled_from(SOURCES),
        source_order_id=st.sampled_from(["1", "2"]),
        values=values,
        source_updated_at=st.none() | st.integers(0, 3).map(lambda hours: START + timedelta(hours=hours)),
        removed=st.booleans(),
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda record: (record.source_system, record.source_order_id),
)
ranks = st.dictionaries(st.sampled_from(SOURCES), st.integers(1, 3))
precedences = st.builds(Precedence, sources=ranks, fields=st.dictionaries(st.sampled_from(MERGED_FIELDS), ranks))
before = st.none() | st.sampled_from(list(OrderStatus))


@given(records=records, precedence=precedences, status=before, data=st.data())
def test_the_order_in_which_sources_speak_does_not_matter(
    records: list[OrderRecord], precedence: Precedence, status: OrderStatus | None, data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(records))

    assert merge_order(shuffled, precedence=precedence, status=status) == merge_order(
        records, precedence=precedence, status=status
    )


@given(records=records, precedence=precedences, status=st.sampled_from(list(OrderStatus)))
def test_the_status_only_takes_steps_that_an_orders_life_has(
    records: list[OrderRecord], precedence: Precedence, status: OrderStatus
) -> None:
    after = OrderStatus(merge_order(records, precedence=precedence, status=status).values["status"])

    assert may_become(status, after)


@given(records=records, precedence=precedences, status=before)
def test_merging_the_same_records_again_changes_nothing(
    records: list[OrderRecord], precedence: Precedence, status: OrderStatus | None
) -> None:
    once = merge_order(records, precedence=precedence, status=status)
    lived = once.values["status_before_removal"] or once.values["status"]
    again = merge_order(records, precedence=precedence, status=OrderStatus(lived))

    assert again.values == once.values


@given(records=records, precedence=precedences)
def test_every_value_was_said_and_every_other_saying_is_reported(
    records: list[OrderRecord], precedence: Precedence
) -> None:
    merged = merge_order(records, precedence=precedence)
    speaking = [r for r in records if not r.removed] or records

    for name in ("quantity", "priority", "customer_id"):
        said = {r.values[name] for r in speaking if r.values.get(name) is not None}
        assert merged.values[name] in said or (merged.values[name] is None and not said)
        disagreeing = [r for r in speaking if r.values.get(name) is not None and r.values[name] != merged.values[name]]
        assert len(disagreeing) == sum(1 for conflict in merged.conflicts if conflict.field == name)
