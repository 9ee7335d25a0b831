from collections.abc import Sequence
from datetime import date, datetime

import pytest

from cms.application.kpis import schedule_kpis
from cms.application.plan_schedule import plan_schedule
from cms.application.ports import KpiSnapshot
from cms.domain.resources import ResourceId
from cms.domain.schedule import ResourceDay
from tests.builders import MONDAY, a_delivery, a_schedule, an_order
from tests.unit.application.test_plan_schedule import a_planner


def test_a_schedule_is_measured_by_service_plant_and_order_book() -> None:
    press = ResourceDay(
        resource_id=ResourceId("PRESS"),
        bucket_date=MONDAY,
        regular_hours=16,
        available_overtime_hours=4,
        load_hours=18,
        overtime_hours=2,
    )
    schedule = a_schedule(a_delivery("O1"), a_delivery("O2", tardiness_days=3), resource_days=(press,))
    orders = [an_order("O1"), an_order("O2", due=date(2026, 1, 2)), an_order("O3")]

    kpis = {kpi.name: float(kpi.value) for kpi in schedule_kpis(schedule, orders)}

    assert kpis == {
        "on_time_share": 0.5,
        "late_orders": 1,
        "unscheduled_orders": 0,
        "utilization": pytest.approx(1.125),
        "overtime_hours": 2,
        "backlog": 3,
        "past_due": 1,
    }


def test_an_empty_schedule_is_on_time() -> None:
    kpis = {kpi.name: float(kpi.value) for kpi in schedule_kpis(a_schedule(), [])}

    assert kpis["on_time_share"] == 1
    assert kpis["utilization"] == 0


class FakeKpis:
    def __init__(self) -> None:
        self.kept: dict[int, int] = {}

    def record(self, snapshots: Sequence[KpiSnapshot], *, schedule_version: int, now: datetime) -> None:
        self.kept[schedule_version] = len(snapshots)


def test_a_published_plan_leaves_its_figures() -> None:
    kpis = FakeKpis()

    plan_schedule(a_planner(an_order(), kpis=kpis), as_of=MONDAY, actor="test")

    assert kpis.kept == {1: 7}
