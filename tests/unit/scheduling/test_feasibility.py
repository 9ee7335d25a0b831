"""The referee: each hard rule kept once, and broken once."""

from dataclasses import replace
from datetime import date, time
from decimal import Decimal
from typing import Any

import pytest

from cms.domain.customers import CustomerId
from cms.domain.orders import OrderId
from cms.domain.resources import RoutingId
from cms.domain.schedule import ResourceDay, TierResult, UnscheduledOrder
from cms.scheduling.feasibility import RULES, Violation, find_violations
from cms.scheduling.problem import SchedulingProblem
from cms.scheduling.recount import tier_values
from cms.scheduling.result import SchedulingResult, SolveStatus
from tests.problem_builders import (
    a_customer,
    a_delivery,
    a_load,
    a_problem,
    a_resource,
    a_routing,
    a_schedule,
    a_window,
    an_order,
    day,
    published,
)


def broken_rules(problem: SchedulingProblem, result: SchedulingResult) -> list[str]:
    return sorted({violation.rule for violation in find_violations(problem, result)})


def only_violation(problem: SchedulingProblem, result: SchedulingResult) -> Violation:
    (violation,) = find_violations(problem, result)
    return violation


def test_a_schedule_that_keeps_every_rule_has_no_violation() -> None:
    problem = a_problem(an_order("O1", due=2), an_order("O2", due=2))

    result = a_schedule(
        problem, a_delivery(problem, "O1", completion=2), a_delivery(problem, "O2", completion=1, delivery=2)
    )

    assert find_violations(problem, result) == ()


def test_every_rule_has_a_docstring_and_a_name_of_its_own() -> None:
    assert len({rule.__name__ for rule in RULES}) == len(RULES)
    assert all(rule.__doc__ for rule in RULES)


def test_a_violation_reads_as_a_sentence() -> None:
    violation = Violation(rule="capacity_is_kept", subject="OVEN on 2026-01-05", detail="carries 9 h, of 8 h")

    assert str(violation) == "OVEN on 2026-01-05: carries 9 h, of 8 h [capacity_is_kept]"


class TestNamesAreKnown:
    problem = a_problem(an_order("O1"))

    def test_an_unknown_order_is_found_out(self) -> None:
        result = a_schedule(self.problem, a_delivery(self.problem, completion=0))
        ghost = replace(result.deliveries[0], order_id=OrderId("GHOST"))

        found = find_violations(self.problem, replace(result, deliveries=(*result.deliveries, ghost)))

        assert [v.subject for v in found] == ["GHOST"]

    def test_an_unknown_routing_is_found_out(self) -> None:
        result = a_schedule(self.problem, a_delivery(self.problem, completion=0, routing="Z"))

        assert broken_rules(self.problem, result) == ["names_are_known"]

    def test_the_wrong_customer_is_found_out(self) -> None:
        result = a_schedule(self.problem, a_delivery(self.problem, completion=0))
        elsewhere = replace(result.deliveries[0], customer_id=CustomerId("C9"))

        assert broken_rules(self.problem, replace(result, deliveries=(elsewhere,))) == ["names_are_known"]

    def test_an_unknown_unscheduled_order_is_found_out(self) -> None:
        result = a_schedule(self.problem, a_delivery(self.problem, completion=0), unscheduled={"GHOST": 3})

        assert only_violation(self.problem, result).subject == "GHOST"


class TestNothingIsDoubled:
    problem = a_problem(an_order("O1", splittable=True))

    def test_two_deliveries_with_their_own_numbers_are_fine(self) -> None:
        halves = [a_delivery(self.problem, completion=n, quantity=5, sequence=n) for n in (0, 1)]

        assert find_violations(self.problem, a_schedule(self.problem, *halves)) == ()

    def test_two_deliveries_with_one_number_are_found_out(self) -> None:
        halves = [a_delivery(self.problem, completion=n, quantity=5) for n in (0, 1)]

        assert broken_rules(self.problem, a_schedule(self.problem, *halves)) == ["nothing_is_doubled"]

    def test_an_order_listed_as_unscheduled_twice_is_found_out(self) -> None:
        result = a_schedule(self.problem, unscheduled={"O1": 10})

        assert broken_rules(self.problem, replace(result, unscheduled=result.unscheduled * 2)) == ["nothing_is_doubled"]

    def test_a_resource_bucket_with_two_rows_is_found_out(self) -> None:
        result = a_schedule(self.problem, unscheduled={"O1": 10})
        rows = (result.resource_days[0], *result.resource_days)

        assert only_violation(self.problem, replace(result, resource_days=rows)).subject == "OVEN on 2026-01-05"


class TestQuantitiesAddUp:
    problem = a_problem(an_order("O1", quantity=10, splittable=True))

    def test_a_part_delivered_and_the_rest_unscheduled_is_fine(self) -> None:
        part = a_delivery(self.problem, completion=0, quantity=6)

        assert find_violations(self.problem, a_schedule(self.problem, part, unscheduled={"O1": 4})) == ()

    def test_a_missing_rest_is_found_out(self) -> None:
        part = a_delivery(self.problem, completion=0, quantity=6)

        assert broken_rules(self.problem, a_schedule(self.problem, part)) == ["quantities_add_up"]

    def test_an_order_that_disappeared_is_found_out(self) -> None:
        assert broken_rules(self.problem, a_schedule(self.problem)) == ["quantities_add_up"]

    def test_a_part_of_nothing_is_found_out(self) -> None:
        whole = a_delivery(self.problem, completion=0)

        assert broken_rules(self.problem, a_schedule(self.problem, whole, unscheduled={"O1": 0})) == [
            "quantities_add_up"
        ]


class TestUnscheduledOrdersHaveAReason:
    problem = a_problem(an_order("O1"))

    def test_a_reason_is_fine(self) -> None:
        assert find_violations(self.problem, a_schedule(self.problem, unscheduled={"O1": 10})) == ()

    def test_a_blank_reason_is_found_out(self) -> None:
        result = a_schedule(self.problem)
        silent = UnscheduledOrder(order_id=OrderId("O1"), quantity=Decimal(10), reason=" ")

        assert broken_rules(self.problem, replace(result, unscheduled=(silent,))) == [
            "unscheduled_orders_have_a_reason"
        ]


class TestSplitsKeepTheLimits:
    def schedule(self, *quantities: float, **limits: Any) -> list[str]:
        problem = a_problem(an_order("O1", quantity=10, **limits))
        deliveries = [a_delivery(problem, completion=n, quantity=q, sequence=n) for n, q in enumerate(quantities)]
        rest = 10 - sum(quantities)
        return broken_rules(problem, a_schedule(problem, *deliveries, unscheduled={"O1": rest} if rest else None))

    def test_splits_within_the_limits_are_fine(self) -> None:
        assert self.schedule(4, 6, splittable=True, min_split_quantity=4, max_splits=2) == []

    @pytest.mark.parametrize(
        ("quantities", "limits"),
        [
            pytest.param((4, 6), {}, id="an order that may not be split"),
            pytest.param((6,), {}, id="a part of an order that may not be split"),
            pytest.param((3, 7), {"splittable": True, "min_split_quantity": 4}, id="a delivery that is too small"),
            pytest.param((4, 3, 3), {"splittable": True, "max_splits": 2}, id="too many deliveries"),
            pytest.param((4.5, 5.5), {"splittable": True}, id="half a unit"),
        ],
    )
    def test_a_broken_limit_is_found_out(self, quantities: tuple[float, ...], limits: dict[str, Any]) -> None:
        assert self.schedule(*quantities, **limits) == ["splits_keep_the_limits"]

    def test_the_rest_of_a_frozen_order_may_be_one_more_delivery(self) -> None:
        problem = a_problem(an_order("O1", current=(published(0, quantity=4),)), fence=1)
        first = a_delivery(problem, completion=0, quantity=4, frozen=True)
        rest = a_delivery(problem, completion=3, quantity=6, sequence=1)

        assert find_violations(problem, a_schedule(problem, first, rest)) == ()

    def test_frozen_deliveries_count_as_splits(self) -> None:
        order = an_order("O1", current=(published(0, quantity=4),), splittable=True, max_splits=2)
        problem = a_problem(order, fence=1)
        first = a_delivery(problem, completion=0, quantity=4, frozen=True)
        others = [a_delivery(problem, completion=n, quantity=3, sequence=n) for n in (1, 2)]

        assert broken_rules(problem, a_schedule(problem, first, *others)) == ["splits_keep_the_limits"]


class TestFrozenDeliveriesAreUntouched:
    problem = a_problem(an_order("O1", current=(published(1, 2),)), fence=2)

    def test_a_frozen_delivery_that_stays_is_fine(self) -> None:
        kept = a_delivery(self.problem, completion=1, delivery=2, frozen=True)

        assert find_violations(self.problem, a_schedule(self.problem, kept)) == ()

    def test_a_frozen_delivery_that_moves_is_found_out(self) -> None:
        moved = a_delivery(self.problem, completion=2, delivery=2)

        violation = only_violation(self.problem, a_schedule(self.problem, moved))

        assert violation.rule == "frozen_deliveries_are_untouched"
        assert "10 by A, completed 2026-01-06, delivered 2026-01-07" in violation.detail

    def test_a_free_delivery_that_is_called_frozen_is_found_out(self) -> None:
        problem = a_problem(an_order("O1"), fence=2)
        pretended = a_delivery(problem, completion=1, frozen=True)

        assert broken_rules(problem, a_schedule(problem, pretended)) == ["frozen_deliveries_are_untouched"]

    def test_the_free_capacity_inside_the_fence_may_be_used(self) -> None:
        problem = a_problem(an_order("O1"), fence=2)

        assert find_violations(problem, a_schedule(problem, a_delivery(problem, completion=0))) == ()

    def test_a_frozen_delivery_is_not_judged_by_todays_windows(self) -> None:
        closed = a_customer(windows=(a_window(6),))
        problem = a_problem(an_order("O1", current=(published(1, 2),)), customers=[closed], fence=2)
        kept = a_delivery(problem, completion=1, delivery=2, frozen=True)

        assert find_violations(problem, a_schedule(problem, kept)) == ()


class TestTardinessIsRight:
    problem = a_problem(an_order("O1", due=2))

    def test_days_past_the_due_date_are_fine(self) -> None:
        late = a_delivery(self.problem, completion=5)

        assert late.tardiness_days == 3
        assert find_violations(self.problem, a_schedule(self.problem, late)) == ()

    def test_a_tardiness_that_is_talked_down_is_found_out(self) -> None:
        late = replace(a_delivery(self.problem, completion=5), tardiness_days=1)

        assert broken_rules(self.problem, a_schedule(self.problem, late)) == ["tardiness_is_right"]


class TestDeliveriesAreCandidates:
    """The rules of one delivery; each is kept by the neighbouring day or term."""

    def rules(self, problem: SchedulingProblem, completion: int, delivery: int) -> list[str]:
        found = find_violations(
            problem, a_schedule(problem, a_delivery(problem, completion=completion, delivery=delivery))
        )
        assert {v.rule for v in found} <= {"deliveries_are_candidates"}
        return [v.detail.rpartition("(")[2].rstrip(")") for v in found]

    def test_completion_on_a_day_off_is_found_out(self) -> None:
        problem = a_problem(an_order(), resources=[a_resource(hours=[8, 0, 8])], days=3)

        assert self.rules(problem, 0, 1) == []
        assert self.rules(problem, 1, 1) == ["completion_is_on_a_working_bucket"]

    def test_one_working_resource_is_enough_to_complete_an_order(self) -> None:
        resources = [a_resource("OVEN", [8, 0, 8]), a_resource("PACK", [8, 8, 8])]
        order = an_order(routings=[a_routing("A", a_load("OVEN"), a_load("PACK"))])
        problem = a_problem(order, resources=resources, days=3)

        assert self.rules(problem, 1, 1) == []

    def test_an_order_without_work_before_shipping_completes_on_any_day(self) -> None:
        order = an_order(routings=[a_routing("A", a_load("OVEN", at_ship=True))])
        problem = a_problem(order, resources=[a_resource(hours=[8, 0, 8])], days=3)

        assert self.rules(problem, 1, 2) == []

    def test_completion_outside_the_horizon_is_found_out(self) -> None:
        problem = a_problem(an_order(routings=[a_routing("A", a_load("OVEN", at_ship=True))]))

        assert self.rules(problem, 0, 0) == []
        assert self.rules(problem, -1, 0) == ["completion_lies_in_the_horizon"]

    def test_shipping_before_completion_is_found_out(self) -> None:
        problem = a_problem(an_order(), customers=[a_customer(transit_days=2)])

        assert self.rules(problem, 1, 3) == []
        assert self.rules(problem, 2, 3) == ["shipping_follows_completion"]

    def test_a_load_before_the_horizon_is_found_out(self) -> None:
        problem = a_problem(an_order(routings=[a_routing("A", a_load(offset=1))]))

        assert self.rules(problem, 1, 1) == []
        assert self.rules(problem, 0, 1) == ["loads_lie_in_the_horizon"]

    def test_offsets_count_working_buckets_only(self) -> None:
        order = an_order(routings=[a_routing("A", a_load(), a_load(offset=2))])
        problem = a_problem(order, resources=[a_resource(hours=[8, 0, 8, 8])], days=4)

        assert self.rules(problem, 3, 3) == []
        assert self.rules(problem, 2, 3) == ["loads_lie_in_the_horizon"]

    def test_work_before_release_is_found_out(self) -> None:
        problem = a_problem(an_order(release_date=day(2)))

        assert self.rules(problem, 2, 3) == []
        assert self.rules(problem, 1, 3) == ["work_waits_for_release"]

    def test_a_dock_that_last_worked_before_completion_is_found_out(self) -> None:
        order = an_order(routings=[a_routing("A", a_load("OVEN"), a_load("DOCK", at_ship=True))])
        problem = a_problem(order, resources=[a_resource("OVEN", [8] * 3), a_resource("DOCK", [8, 0, 8])], days=3)

        assert self.rules(problem, 1, 2) == []
        assert self.rules(problem, 1, 1) == ["shipping_work_follows_completion"]

    def test_delivery_after_the_horizon_is_found_out(self) -> None:
        problem = a_problem(an_order(), days=3)

        assert self.rules(problem, 2, 2) == []
        assert self.rules(problem, 2, 3) == ["delivery_lies_in_the_horizon"]

    def test_delivery_on_a_day_without_a_window_is_found_out(self) -> None:
        problem = a_problem(an_order(), customers=[a_customer(windows=(a_window(1),))])

        assert self.rules(problem, 1, 1) == []
        assert self.rules(problem, 1, 2) == ["delivery_falls_in_a_window"]

    def test_a_window_counts_only_while_it_is_in_effect(self) -> None:
        windows = (a_window(1, effective_from=day(7)),)
        problem = a_problem(an_order(), customers=[a_customer(windows=windows)])

        assert self.rules(problem, 1, 8) == []
        assert self.rules(problem, 1, 1) == ["delivery_falls_in_a_window"]

    def test_delivery_on_a_holiday_is_found_out(self) -> None:
        problem = a_problem(an_order(), holidays=frozenset({day(3)}))

        assert self.rules(problem, 1, 2) == []
        assert self.rules(problem, 1, 3) == ["delivery_avoids_holidays"]

    def test_delivery_on_a_blackout_is_found_out(self) -> None:
        problem = a_problem(an_order(), customers=[a_customer(blackout_dates=frozenset({day(3)}))])

        assert self.rules(problem, 1, 2) == []
        assert self.rules(problem, 1, 3) == ["delivery_avoids_blackouts"]

    def test_delivery_too_long_before_the_due_date_is_found_out(self) -> None:
        problem = a_problem(an_order(due=4), customers=[a_customer(early=1)])

        assert self.rules(problem, 1, 3) == []
        assert self.rules(problem, 1, 2) == ["delivery_is_not_too_early"]


class TestStatedWindowsAreOpen:
    problem = a_problem(an_order(), customers=[a_customer(windows=(a_window(2), a_window(2, 14, 16)))])

    def stating(self, start: int, end: int) -> list[str]:
        stated = replace(
            a_delivery(self.problem, completion=1, delivery=2), window_start=time(start), window_end=time(end)
        )
        return broken_rules(self.problem, a_schedule(self.problem, stated))

    def test_any_window_of_the_day_is_fine(self) -> None:
        assert self.stating(8, 12) == []
        assert self.stating(14, 16) == []

    def test_another_window_is_found_out(self) -> None:
        assert self.stating(9, 12) == ["stated_windows_are_open"]


class TestCapacityIsKept:
    def test_overtime_extends_a_day(self) -> None:
        problem = a_problem(an_order("O1", hours=10), resources=[a_resource(hours=8, overtime=2)])

        assert find_violations(problem, a_schedule(problem, a_delivery(problem, completion=0))) == ()

    def test_a_day_that_is_overfull_is_found_out(self) -> None:
        problem = a_problem(an_order("O1"), an_order("O2", hours=6.5), resources=[a_resource(hours=8, overtime=2)])
        both = [a_delivery(problem, name, completion=0) for name in ("O1", "O2")]

        violation = only_violation(problem, a_schedule(problem, *both))

        assert str(violation) == "OVEN on 2026-01-05: carries 10.5 h, of 10 h with all overtime [capacity_is_kept]"

    def test_a_split_takes_its_share_of_the_hours(self) -> None:
        problem = a_problem(an_order("O1", hours=16, quantity=10, splittable=True))
        halves = [a_delivery(problem, completion=n, quantity=5, sequence=n) for n in (0, 1)]

        assert find_violations(problem, a_schedule(problem, *halves)) == ()


class TestStatedLoadsAreRight:
    problem = a_problem(an_order())
    result = a_schedule(problem, a_delivery(problem, completion=1))

    def test_a_load_that_is_left_out_is_found_out(self) -> None:
        assert broken_rules(self.problem, replace(self.result, loads=())) == ["stated_loads_are_right"]

    def test_a_load_on_the_wrong_day_is_found_out_on_both_days(self) -> None:
        moved = replace(self.result.loads[0], bucket_date=day(2))

        assert len(find_violations(self.problem, replace(self.result, loads=(moved,)))) == 2


class TestResourceDaysAreRight:
    problem = a_problem(an_order(hours=9), resources=[a_resource(hours=[8, 8, 0], overtime=[2, 2, 0])], days=3)
    result = a_schedule(problem, a_delivery(problem, completion=1))

    def subjects(self, *rows: ResourceDay) -> list[str]:
        found = find_violations(self.problem, replace(self.result, resource_days=rows))
        assert {v.rule for v in found} == {"resource_days_are_right"}
        return [v.subject for v in found]

    def test_the_rows_of_working_buckets_with_load_and_overtime_are_fine(self) -> None:
        assert [row.overtime_hours for row in self.result.resource_days] == [0, 1]
        assert find_violations(self.problem, self.result) == ()

    def test_a_missing_row_is_found_out(self) -> None:
        assert self.subjects(self.result.resource_days[1]) == ["OVEN on 2026-01-05"]

    def test_a_row_for_a_day_off_is_found_out(self) -> None:
        extra = replace(self.result.resource_days[0], bucket_date=day(2))

        assert self.subjects(*self.result.resource_days, extra) == ["OVEN on 2026-01-07"]

    def test_overtime_that_is_not_reported_is_found_out(self) -> None:
        hidden = replace(self.result.resource_days[1], overtime_hours=0.0)

        assert self.subjects(self.result.resource_days[0], hidden) == ["OVEN on 2026-01-06"]


class TestTiersAreRight:
    """O1 in class 1 is 2 days late; O2 in class 3 is unscheduled, which counts 10 + 14 days of a weight of 0.5."""

    problem = a_problem(
        an_order("O1", priority=1, due=2, hours=10),
        an_order("O2", priority=3, due=4, weight=0.5),
        resources=[a_resource(hours=8, overtime=2)],
    )
    result = a_schedule(problem, a_delivery(problem, completion=4), unscheduled={"O2": 10})

    def test_values_are_weighted_days_by_class_then_money(self) -> None:
        assert tier_values(self.problem, self.result) == {"priority 1": 2.0, "priority 3": 12.0, "cost": 20.0}
        assert find_violations(self.problem, self.result) == ()

    def details(self, *tiers: TierResult, status: SolveStatus = SolveStatus.FEASIBLE) -> list[str]:
        found = find_violations(self.problem, replace(self.result, tiers=tiers, status=status))
        assert {v.rule for v in found} == {"tiers_are_right"}
        return [str(v).removesuffix(" [tiers_are_right]") for v in found]

    def test_a_wrong_value_is_found_out(self) -> None:
        first, *others = self.result.tiers

        assert self.details(replace(first, value=1.0), *others) == ["priority 1: is stated as 1.0, and is 2.0"]

    def test_a_missing_tier_is_found_out(self) -> None:
        assert self.details(*self.result.tiers[1:]) == ["priority 1: is a tier without a value"]

    def test_a_bound_above_the_value_is_found_out(self) -> None:
        first, *others = self.result.tiers

        assert self.details(replace(first, bound=2.5), *others) == [
            "priority 1: has a bound of 2.5 above its value 2.0"
        ]

    def test_optimal_without_proof_is_found_out(self) -> None:
        proven = [replace(tier, bound=tier.value) for tier in self.result.tiers]
        proven[1] = replace(proven[1], bound=6.0)

        assert self.details(*proven, status=SolveStatus.OPTIMAL) == ["priority 3: is called optimal with a gap of 0.5"]

    def test_an_empty_class_may_be_stated_as_nothing(self) -> None:
        tiers = (*self.result.tiers, TierResult(name="priority 2", value=0.0, bound=0.0))

        assert find_violations(self.problem, replace(self.result, tiers=tiers)) == ()


class TestMoney:
    def cost(self, problem: SchedulingProblem, completion: int, delivery: int) -> float:
        result = a_schedule(problem, a_delivery(problem, completion=completion, delivery=delivery))
        assert find_violations(problem, result) == ()
        return tier_values(problem, result)["cost"]

    def test_building_ahead_costs_holding_for_the_days_until_shipping(self) -> None:
        order = an_order(hours=6, due=5)
        problem = a_problem(order, customers=[a_customer(transit_days=1)], holding_cost_per_hour_day=0.5)

        assert self.cost(problem, completion=1, delivery=5) == 6 * 0.5 * 3

    def test_a_routing_costs_its_share(self) -> None:
        order = an_order(splittable=True, routings=[a_routing("A", cost=30)])
        problem = a_problem(order)
        part = a_schedule(problem, a_delivery(problem, completion=0, quantity=2), unscheduled={"O1": 8})

        assert tier_values(problem, part)["cost"] == pytest.approx(6.0)

    def test_a_change_of_what_is_published_costs_once(self) -> None:
        problem = a_problem(an_order(current=(published(3),)), change_cost=7.0)

        assert self.cost(problem, completion=3, delivery=3) == 0.0
        assert self.cost(problem, completion=2, delivery=3) == 7.0

    def test_dropping_what_is_published_is_a_change(self) -> None:
        problem = a_problem(an_order(current=(published(3),)), change_cost=7.0)

        assert tier_values(problem, a_schedule(problem, unscheduled={"O1": 10}))["cost"] == 7.0


class TestInfeasibilityIsReal:
    def claim(self, hours: float, reason: str = "OVEN on 2026-01-05 needs more than it has") -> list[str]:
        problem = a_problem(an_order(hours=hours, current=(published(0),)), fence=1)
        result = SchedulingResult(
            status=SolveStatus.INFEASIBLE,
            seconds=0.0,
            tiers=(),
            deliveries=(),
            loads=(),
            unscheduled=(),
            resource_days=(),
            reason=reason,
        )
        return broken_rules(problem, result)

    def test_frozen_loads_beyond_the_capacity_are_infeasible(self) -> None:
        assert self.claim(hours=9) == []

    def test_a_false_claim_is_found_out(self) -> None:
        assert self.claim(hours=8) == ["infeasibility_is_real"]

    def test_a_claim_without_a_reason_is_found_out(self) -> None:
        assert self.claim(hours=9, reason="") == ["infeasibility_is_real"]


def test_a_frozen_load_from_before_today_uses_nothing_of_the_plan() -> None:
    order = an_order(routings=[a_routing("A", a_load(hours=8), a_load(hours=8, offset=1))], current=(published(0),))
    problem = a_problem(order, fence=1)

    result = a_schedule(problem, a_delivery(problem, completion=0, frozen=True))

    assert [load.bucket_date for load in result.loads] == [date(2026, 1, 5)]
    assert find_violations(problem, result) == ()


def test_routings_of_a_split_may_differ() -> None:
    routings = [a_routing("A", a_load(hours=8)), a_routing("B", a_load("PRESS", hours=8))]
    problem = a_problem(
        an_order(routings=routings, splittable=True), resources=[a_resource("OVEN"), a_resource("PRESS")]
    )

    result = a_schedule(
        problem,
        a_delivery(problem, completion=0, quantity=4),
        a_delivery(problem, completion=0, quantity=6, sequence=1, routing="B"),
    )

    assert RoutingId("B") in {d.routing_id for d in result.deliveries}
    assert find_violations(problem, result) == ()
