"""What no longer fits of an earlier schedule is said with its hours."""

from cms.domain.orders import OrderId
from cms.scheduling.restoration import restore
from tests.problem_builders import a_problem, a_resource, an_order, day, published


def test_an_order_that_no_longer_fits_says_what_it_needs_and_what_is_left() -> None:
    """Both want Monday, 4 h each; a service has left 5 h of it."""
    problem = a_problem(an_order("O1"), an_order("O2"), resources=[a_resource(hours=[5, *[8] * 13])])

    restored = restore(problem, {OrderId("O1"): [published(0)], OrderId("O2"): [published(0)]})

    (misfit,) = restored.misfits
    assert (misfit.order_id, misfit.reason) == (
        "O2",
        "it needs 4 h of OVEN on 2026-01-05, where 1 h are left",
    )
    assert {d.order_id: d.completion_date for d in restored.result.deliveries}[OrderId("O1")] == day(0)
    assert not restored.result.unscheduled
