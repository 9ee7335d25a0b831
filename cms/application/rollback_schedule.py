"""Back to an earlier schedule, as far as today's facts allow, and what no longer fits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from cms.application.plan_schedule import Planner
from cms.application.planning_facts import prepare_plan
from cms.application.ports import DeliveryNotice
from cms.application.publication_checks import ROLLBACK
from cms.application.publish_schedule import Publication, publish_schedule, refereed
from cms.domain.errors import NotFoundError
from cms.domain.orders import OrderId
from cms.domain.schedule import MasterSchedule
from cms.scheduling.problem import CurrentDelivery
from cms.scheduling.restoration import Misfit, restore


@dataclass(frozen=True, kw_only=True)
class RollbackReport:
    """What became of an earlier version.

    Parameters
    ----------
    misfits : tuple of Misfit
        Orders whose earlier deliveries no longer fit; they got other ones where there were any.
    """

    restored_version: int
    schedule: MasterSchedule
    misfits: tuple[Misfit, ...]
    publication: Publication


def rollback_schedule(
    planner: Planner,
    *,
    to_version: int,
    as_of: date,
    actor: str,
    reason_code: str = ROLLBACK,
    detail: str = "",
    alerts: Sequence[DeliveryNotice] = (),
) -> RollbackReport:
    """Republish an earlier version, once the referee has checked it against the facts of `as_of`.

    What is frozen by the schedule in force stays. Orders that the earlier version does not know, and those whose
    deliveries no longer fit, are dispatched into what is left. Notices of the replaced version that have not gone out
    yet are taken back: people are told what differs from what they were told before it.

    Parameters
    ----------
    detail : str
        What the history says beside the reason.
    alerts : sequence of DeliveryNotice
        Queued together with the publication.

    Raises
    ------
    NotFoundError
        There is no such version.
    ScheduleViolationError, StaleScheduleError
    """
    earlier = planner.schedules.version(to_version)
    facts = planner.facts(as_of)
    prepared = prepare_plan(facts)
    restoration = restore(prepared.problem, _wanted(earlier))
    now = planner.clock.now()
    schedule = refereed(
        prepared.problem, restoration.result, left_out=prepared.left_out, fingerprint=facts.fingerprint(), now=now
    )
    publication = publish_schedule(
        schedule,
        facts=facts,
        schedules=planner.schedules,
        reason_code=reason_code,
        actor=actor,
        phase=planner.rollout.phase(),
        planner_recipient=planner.planner_recipient,
        boards=planner.boards,
        now=now,
        detail=detail,
        alerts=alerts,
        told=_replaced_by_published(planner),
    )
    return RollbackReport(
        restored_version=to_version, schedule=schedule, misfits=restoration.misfits, publication=publication
    )


def _replaced_by_published(planner: Planner) -> MasterSchedule | None:
    """The version before the one in force; None: there is none, or its details were let go."""
    published = planner.schedules.published_version()
    heads = planner.schedules.versions(limit=5)
    replaced = next((head.replaced_version for head in heads if head.version == published), None)
    try:
        return None if replaced is None else planner.schedules.version(replaced)
    except NotFoundError:
        return None


def _wanted(earlier: MasterSchedule) -> dict[OrderId, list[CurrentDelivery]]:
    return {
        order_id: [
            CurrentDelivery(
                routing_id=delivery.routing_id,
                completion_date=delivery.completion_date,
                delivery_date=delivery.delivery_date,
                quantity=float(delivery.quantity),
            )
            for delivery in deliveries
        ]
        for order_id, deliveries in earlier.deliveries_by_order().items()
    }
