"""When a load as a whole is refused, and when it is not."""

from collections.abc import Sequence
from typing import Any

import pytest
import sqlalchemy as sa

from cms.application.ports import Dataset, GateVerdict
from cms.config import GateSettings
from cms.warehouse.tables import loads, metadata
from expectations.direct import DirectGate
from tests.expectations.cases import TAKEN
from tests.staged_rows import A_STAGED, NOW, a_staged_order, stage

SETTINGS = GateSettings(max_bad_share=0.2, min_rows_for_share=20, min_volume_share=0.5)


def judge(
    engine: sa.Engine,
    rows: Sequence[dict[str, Any]],
    *,
    complete: bool = False,
    dataset: Dataset = Dataset.ORDERS,
    settings: GateSettings = SETTINGS,
) -> GateVerdict:
    gate = DirectGate(engine=engine, tables=metadata.tables, settings=settings)
    return gate.judge(stage(engine, dataset, rows), now=NOW, complete=complete)


def orders(good: int, bad: int = 0) -> list[dict[str, Any]]:
    rows = [a_staged_order(number) for number in range(good)]
    return rows + [a_staged_order(good + number, status="lost") for number in range(bad)]


def an_earlier_load(engine: sa.Engine, rows: int, *, status: str = "merged", source: str = "erp") -> None:
    with engine.begin() as connection:
        count = connection.scalar(sa.select(sa.func.count()).select_from(loads)) or 0
        connection.execute(
            sa.insert(loads).values(
                load_id=f"earlier-{count}",
                dataset=Dataset.ORDERS.value,
                source=source,
                status=status,
                staged_at=NOW,
                row_count=rows,
            )
        )


def test_a_load_with_few_bad_rows_loses_only_those(engine: sa.Engine) -> None:
    verdict = judge(engine, orders(good=80, bad=20))

    assert not verdict.is_refused
    assert len(verdict.row_failures) == 20


def test_a_load_with_too_many_bad_rows_is_refused(engine: sa.Engine) -> None:
    verdict = judge(engine, orders(good=79, bad=21))

    assert verdict.refusals == ("21 of 100 rows (21%) break a critical expectation, more than gate.max_bad_share 20%",)


def test_a_small_load_is_never_refused_by_share(engine: sa.Engine) -> None:
    verdict = judge(engine, orders(good=0, bad=19))

    assert not verdict.is_refused
    assert len(verdict.row_failures) == 19


def test_a_load_without_one_good_row_is_refused_whatever_the_share(engine: sa.Engine) -> None:
    verdict = judge(engine, orders(good=0, bad=20), settings=GateSettings(max_bad_share=1.0))

    assert verdict.refusals == ("all 20 rows break a critical expectation",)


def test_of_a_refused_load_the_first_failures_are_named(engine: sa.Engine) -> None:
    verdict = judge(engine, orders(good=0, bad=1_100))

    assert len(verdict.row_failures) == 1_000
    assert next(o for o in verdict.outcomes if o.expectation == "status is one we know").unexpected_count == 1_100


@pytest.mark.parametrize(
    ("dataset", "column"),
    [(Dataset.ORDERS, "order_id"), (Dataset.CUSTOMERS, "name"), (Dataset.WINDOWS, "weekday")],
)
def test_a_required_column_without_any_value_refuses_the_load(engine: sa.Engine, dataset: Dataset, column: str) -> None:
    rows = [A_STAGED[dataset](number, **{column: None}) for number in range(20)]

    verdict = judge(engine, rows, dataset=dataset, settings=GateSettings(max_bad_share=1.0))

    assert verdict.refusals[0] == (
        f"{column} is empty or unreadable in all 20 rows: the source has renamed or dropped it"
    )


def test_one_value_in_a_required_column_keeps_the_load(engine: sa.Engine) -> None:
    rows = [a_staged_order(0), *(a_staged_order(number, order_id=None) for number in range(1, 20))]

    verdict = judge(engine, rows, settings=GateSettings(max_bad_share=1.0))

    assert verdict.refusals == ()


def test_an_empty_snapshot_is_refused(engine: sa.Engine) -> None:
    verdict = judge(engine, [], complete=True)

    assert verdict.refusals == (
        "the snapshot is empty: merging it would remove all 1 rows that are held from this source",
    )


def test_an_incremental_load_may_be_empty(engine: sa.Engine) -> None:
    assert judge(engine, []).refusals == ()


def test_a_snapshot_that_lost_most_of_what_is_held_is_refused(engine: sa.Engine) -> None:
    hold_records(engine, 10)

    verdict = judge(engine, orders(good=5), complete=True)

    assert verdict.refusals == (
        "5 rows where about 11 are usual (held now: 11, recent loads: none), fewer than gate.min_volume_share 50%",
    )


def test_a_snapshot_that_keeps_most_of_what_is_held_is_merged(engine: sa.Engine) -> None:
    hold_records(engine, 10)

    assert judge(engine, orders(good=6), complete=True).refusals == ()


def test_a_partial_load_may_be_as_small_as_it_likes(engine: sa.Engine) -> None:
    hold_records(engine, 10)

    assert judge(engine, orders(good=1)).refusals == ()


def test_a_snapshot_much_smaller_than_recent_loads_is_refused(engine: sa.Engine) -> None:
    for rows in (100, 90, 110):
        an_earlier_load(engine, rows)

    verdict = judge(engine, orders(good=49), complete=True)

    (refusal,) = verdict.refusals
    assert refusal.startswith("49 rows where about 100 are usual")


def test_loads_of_other_sources_and_refused_ones_say_nothing_about_the_size(engine: sa.Engine) -> None:
    an_earlier_load(engine, 1_000, source="order board")
    an_earlier_load(engine, 1_000, status="refused")

    assert judge(engine, orders(good=5), complete=True).refusals == ()


def hold_records(engine: sa.Engine, count: int) -> None:
    earlier = {"source_system": "erp", "row_hash": "h", "loaded_at": NOW, "load_id": "earlier"}
    with engine.begin() as connection:
        connection.execute(
            sa.insert(metadata.tables["order_source_records"]),
            [TAKEN | earlier | {"order_id": f"H{n}", "source_order_id": f"H{n}"} for n in range(count)],
        )
