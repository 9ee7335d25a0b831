"""The referee against schedules that were tampered with: whatever is changed, it finds out."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import assume, given
from hypothesis import strategies as st

from cms.scheduling import Method, SchedulingProblem, SchedulingResult, build_schedule
from cms.scheduling.feasibility import find_violations
from cms.scheduling.recount import tier_values
from tests.strategies import examples, small_problems

Tampering = Callable[[SchedulingResult, st.DataObject], SchedulingResult]


def _moved_delivery(result: SchedulingResult, data: st.DataObject) -> SchedulingResult:
    """One delivery is completed on another day; its loads, and all figures, still say the old one."""
    assume(result.loads)
    load = data.draw(st.sampled_from(result.loads))
    assume(load.hours > 0)
    moved = replace(load, bucket_date=load.bucket_date + timedelta(days=1))
    return replace(result, loads=tuple(moved if other == load else other for other in result.loads))


def _dropped_delivery(result: SchedulingResult, data: st.DataObject) -> SchedulingResult:
    assume(result.deliveries)
    dropped = data.draw(st.sampled_from(result.deliveries))
    return replace(result, deliveries=tuple(d for d in result.deliveries if d != dropped))


def _doubled_delivery(result: SchedulingResult, data: st.DataObject) -> SchedulingResult:
    assume(result.deliveries)
    doubled = data.draw(st.sampled_from(result.deliveries))
    return replace(result, deliveries=(*result.deliveries, replace(doubled, sequence=doubled.sequence + 1)))


def _another_quantity(result: SchedulingResult, data: st.DataObject) -> SchedulingResult:
    assume(result.deliveries)
    changed = data.draw(st.sampled_from(result.deliveries))
    more = data.draw(st.sampled_from([Decimal(-1), Decimal(1), Decimal("0.5")]))
    deliveries = tuple(replace(d, quantity=d.quantity + more) if d == changed else d for d in result.deliveries)
    return replace(result, deliveries=deliveries)


def _dropped_unscheduled(result: SchedulingResult, data: st.DataObject) -> SchedulingResult:
    assume(result.unscheduled)
    dropped = data.draw(st.sampled_from(result.unscheduled))
    return replace(result, unscheduled=tuple(entry for entry in result.unscheduled if entry != dropped))


def _flattered_tier(result: SchedulingResult, data: st.DataObject) -> SchedulingResult:
    flattered = data.draw(st.sampled_from(result.tiers))
    better = replace(flattered, value=flattered.value - 1.0, bound=flattered.bound - 1.0)
    return replace(result, tiers=tuple(better if tier == flattered else tier for tier in result.tiers))


def _hidden_load(result: SchedulingResult, data: st.DataObject) -> SchedulingResult:
    assume(any(row.load_hours > 0 for row in result.resource_days))
    hidden = data.draw(st.sampled_from([row for row in result.resource_days if row.load_hours > 0]))
    rows = tuple(replace(row, load_hours=0.0) if row == hidden else row for row in result.resource_days)
    return replace(result, resource_days=rows)


def _flipped_freeze(result: SchedulingResult, data: st.DataObject) -> SchedulingResult:
    assume(result.deliveries)
    flipped = data.draw(st.sampled_from(result.deliveries))
    deliveries = tuple(replace(d, frozen=not d.frozen) if d == flipped else d for d in result.deliveries)
    return replace(result, deliveries=deliveries)


TAMPERINGS: tuple[Tampering, ...] = (
    _moved_delivery,
    _dropped_delivery,
    _doubled_delivery,
    _another_quantity,
    _dropped_unscheduled,
    _flattered_tier,
    _hidden_load,
    _flipped_freeze,
)


@examples(share=1.0)
@given(problem=small_problems(), data=st.data())
def test_a_schedule_that_was_tampered_with_is_found_out(problem: SchedulingProblem, data: st.DataObject) -> None:
    result = build_schedule(problem, method=Method.DISPATCH)
    assume(result.tiers)
    tampering = data.draw(st.sampled_from(TAMPERINGS))

    violations = find_violations(problem, tampering(result, data))

    assert violations


@examples(share=1.0)
@given(problem=small_problems(), data=st.data())
def test_a_delivery_on_another_day_is_found_out_or_is_a_schedule_of_its_own(
    problem: SchedulingProblem, data: st.DataObject
) -> None:
    """A delivery date may move without a violation only if nothing that the schedule states depends on it."""
    result = build_schedule(problem, method=Method.DISPATCH)
    assume(result.deliveries)
    moved = data.draw(st.sampled_from(result.deliveries))
    days = timedelta(days=data.draw(st.sampled_from([-2, -1, 1, 2, 7])))
    changed = replace(moved, delivery_date=moved.delivery_date + days)
    tampered = replace(result, deliveries=tuple(changed if d == moved else d for d in result.deliveries))

    violations = find_violations(problem, tampered)

    if not violations:
        assert not moved.frozen
        assert tier_values(problem, tampered) == tier_values(problem, result)
