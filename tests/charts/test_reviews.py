"""The reviews of the running system: what they count, say and draw."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from matplotlib.container import BarContainer

from cms.application.ports import Dataset
from cms.bootstrap import System
from cms.charts import (
    QualityReview,
    ScheduleReview,
    chart_daily_load,
    chart_held_back_rows,
    conclude_quality,
    conclude_schedule,
    review_quality,
    review_schedule,
)
from cms.charts.quality_review import share_of
from cms.domain.errors import InvalidValueError, WarehouseError
from cms.warehouse.quality_store import LoadLine, QuarantinedRow
from tests.small_system import small_system

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def a_load(source: str, rows: int, held: int, status: str = "merged") -> LoadLine:
    return LoadLine(
        load_id=f"{source}-{rows}",
        dataset=Dataset.ORDERS,
        source=source,
        status=status,
        staged_at=NOON,
        finished_at=NOON,
        row_count=rows,
        inserted=rows - held,
        updated=0,
        unchanged=0,
        stale=0,
        removed=0,
        quarantined=held,
        refusals=(),
    )


def a_row(number: int, source: str, expectation: str) -> QuarantinedRow:
    return QuarantinedRow(
        quarantine_id=number,
        load_id="1",
        dataset=Dataset.ORDERS,
        source=source,
        row_number=number,
        row_key=None,
        expectation=expectation,
        column=None,
        value=None,
        reason="",
        raw={},
        status="waiting",
        quarantined_at=NOON,
        decided_at=None,
        decided_by=None,
    )


def a_review(*loads: LoadLine, waiting: tuple[QuarantinedRow, ...] = ()) -> QualityReview:
    return QualityReview(name="test", loads=loads, waiting=waiting)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with small_system(tmp_path_factory.mktemp("small")) as system:
        yield system


@pytest.fixture(scope="module")
def schedule(system: System) -> ScheduleReview:
    with pytest.MonkeyPatch.context() as environment:
        for variable, value in system.environment.items():
            environment.setenv(variable, value)
        return review_schedule("auto")


def test_the_interval_of_a_share_of_none_starts_at_none() -> None:
    none, half = share_of("a", held_back=0, rows=100), share_of("b", held_back=50, rows=100)

    assert (none.share, none.low) == (0.0, 0.0)
    assert none.high == pytest.approx(0.037, abs=0.001)
    assert half.low + half.high == pytest.approx(1.0)
    assert share_of("c", held_back=0, rows=0).high == 1.0


def test_a_source_is_mended_first_when_its_whole_interval_is_above_what_is_acceptable() -> None:
    rows = tuple(a_row(number, "bad", "quantity is plausible" if number else "date is known") for number in range(3))
    review = a_review(a_load("bad", 100, 30), a_load("good", 1000, 1), waiting=rows)

    found = conclude_quality(review, acceptable=0.05)

    assert found.verdict == "act"
    assert "Surely above 5 %: bad." in found.answer
    assert found.recommendation == "Mend bad first: 2 of its 3 waiting rows break “quantity is plausible”."


def test_a_few_bad_rows_of_few_accuse_nobody() -> None:
    review = a_review(a_load("small", 10, 1), waiting=(a_row(1, "small", "quantity is plausible"),))

    found = conclude_quality(review, acceptable=0.05)

    assert found.verdict == "good"
    assert found.recommendation.startswith("Work through the waiting rows as usual, first the 1 of small")


def test_a_refused_load_has_to_be_acted_on() -> None:
    found = conclude_quality(a_review(a_load("orders", 10, 0, status="refused")))

    assert found.verdict == "act"
    assert "1 loads were refused as a whole" in found.answer
    assert "load again" in found.recommendation


def test_loads_of_the_same_source_are_counted_together() -> None:
    (share,) = a_review(a_load("a", 100, 3), a_load("a", 50, 2)).shares()

    assert (share.rows, share.held_back) == (150, 5)


def test_held_back_rows_are_drawn_with_the_interval_of_each_source() -> None:
    rows = tuple(a_row(number, "bad", "quantity is plausible") for number in range(3))
    review = a_review(a_load("bad", 100, 30), a_load("good", 1000, 1), waiting=rows)

    chart = chart_held_back_rows(review)

    above, below = chart.figure.axes
    (bars,) = [one for one in below.containers if isinstance(one, BarContainer)]
    assert [patch.get_width() for patch in bars.patches] == [3]
    assert above.get_xlabel().startswith("share of the rows that came, %")
    ends = [np.asarray(segment)[:, 0] for segment in above.collections[0].get_segments()]  # type: ignore[attr-defined]
    assert [(min(e), max(e)) for e in ends] == [
        pytest.approx((100 * one.low, 100 * one.high)) for one in review.shares()
    ]


def test_the_review_of_the_warehouse_counts_what_the_warehouse_holds(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in system.environment.items():
        monkeypatch.setenv(variable, value)

    review = review_quality("auto")

    assert review.name == "the warehouse"
    assert len(review.waiting) == len(system.warehouse.quality.rows(limit=10_000))
    assert sum(one.rows for one in review.shares()) == sum(load.row_count for load in review.loads)


def test_late_orders_are_told_by_class_and_latest_first(schedule: ScheduleReview) -> None:
    late = schedule.late_orders()

    assert list(late.values()) == sorted(late.values(), reverse=True)
    assert sum(count for count, _ in schedule.late_by_class().values()) == len(late)
    assert set(schedule.reasons) == set(list(late)[: len(schedule.reasons)])


def test_the_schedule_is_drawn_with_the_hours_of_each_resource_and_day(schedule: ScheduleReview) -> None:
    chart = chart_daily_load(schedule, days=7)

    for axes, (resource, days) in zip(chart.figure.axes, schedule.days_of(days=7).items(), strict=True):
        (bars,) = [one for one in axes.containers if isinstance(one, BarContainer)]
        assert [patch.get_height() for patch in bars.patches] == pytest.approx([day.load_hours for day in days])
        assert axes.get_title(loc="left") == resource
        assert axes.get_ylabel() == "hours a day"


def test_a_schedule_without_late_orders_and_full_resources_can_go_out(schedule: ScheduleReview) -> None:
    on_time = tuple(replace(one, tardiness_days=0) for one in schedule.schedule.deliveries)
    half_full = tuple(replace(one, load_hours=one.regular_hours / 2) for one in schedule.schedule.resource_days)
    calm = replace(schedule.schedule, deliveries=on_time, unscheduled=(), resource_days=half_full)

    found = conclude_schedule(replace(schedule, schedule=calm))

    assert (found.verdict, found.recommendation) == ("good", "Leave the schedule as it is.")


def test_overtime_is_asked_for_where_a_resource_is_full(schedule: ScheduleReview) -> None:
    days = schedule.schedule.resource_days
    resource = days[0].resource_id
    full = tuple(replace(one, load_hours=2 * one.regular_hours if one.resource_id == resource else 0.0) for one in days)

    found = conclude_schedule(replace(schedule, schedule=replace(schedule.schedule, resource_days=full)))

    assert found.verdict == "act"
    assert found.recommendation.startswith(f"Approve overtime on {resource}")


def test_without_a_warehouse_a_practice_system_is_reviewed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CMS_CONFIG", raising=False)

    review = review_schedule("auto", customers=5, orders_per_month=10)

    assert review.name == "a generated company, 5 customers"
    assert review.schedule.version == 1


def test_an_unknown_source_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CMS_CONFIG", raising=False)

    with pytest.raises(InvalidValueError, match="source: must be auto, sandbox or warehouse"):
        review_quality("elsewhere")
    with pytest.raises(WarehouseError):
        review_quality("warehouse")
