"""The daily plan: from the order book to a published schedule."""

from dataclasses import dataclass, field, replace
from datetime import date

from cms.application.board_writes import BoardItems, NoBoards
from cms.application.kpis import schedule_kpis
from cms.application.plan_memory import PlanMemory
from cms.application.planning_facts import PlanningFacts, PlanningRules, prepare_plan
from cms.application.ports import Clock, KpiStore, OrderBook, PlantStore, Progress, ScheduleStore, no_progress
from cms.application.publication_checks import PublicationChecks
from cms.application.publish_schedule import Publication, publish_schedule, refereed
from cms.application.rollout import FixedRollout, Rollout
from cms.domain.errors import InfeasiblePlanError
from cms.domain.schedule import MasterSchedule
from cms.scheduling import build_schedule
from cms.scheduling.result import Method, SolveStatus


@dataclass(frozen=True, kw_only=True)
class Planner:
    """What planning needs of the world, and the rules it plans by."""

    orders: OrderBook
    plant: PlantStore
    schedules: ScheduleStore
    clock: Clock
    rules: PlanningRules
    method: Method = Method.OPTIMAL
    time_limit_seconds: float = 60.0
    kpis: KpiStore | None = None
    rollout: Rollout = field(default_factory=FixedRollout)
    planner_recipient: str = "planner@localhost"
    checks: PublicationChecks | None = None
    boards: BoardItems = field(default_factory=NoBoards)
    memory: PlanMemory = field(default_factory=PlanMemory, compare=False, repr=False)

    def facts(self, as_of: date) -> PlanningFacts:
        """Everything that a plan for `as_of` is built from."""
        return PlanningFacts(
            as_of=as_of,
            rules=self.rules,
            orders=self.orders.plannable_orders(),
            customers=self.orders.customers(),
            plant=self.plant.plant(),
            published=self.schedules.published(),
            reservations=self.schedules.reservations(self.clock.now()),
        )


@dataclass(frozen=True, kw_only=True)
class PlanReport:
    """What a daily plan did.

    Parameters
    ----------
    publication : Publication, optional
        None: the facts had not changed, and nothing was written.
    rejected_version : int, optional
        The version that the same facts led to before, and that was found wrong or rolled back: it is not made again.
    """

    schedule: MasterSchedule
    publication: Publication | None
    seconds: float = 0.0
    rejected_version: int | None = None

    @property
    def late(self) -> int:
        """Orders with a late delivery."""
        return len({d.order_id for d in self.schedule.deliveries if d.tardiness_days > 0})


def plan_schedule(
    planner: Planner,
    *,
    as_of: date,
    actor: str,
    reason_code: str = "daily_plan",
    force: bool = False,
    release_fence: bool = False,
    progress: Progress = no_progress,
) -> PlanReport:
    """Plan every open order and publish the schedule, unless nothing has changed since the last plan of the day.

    Nor is a schedule published that the same facts have led to before and that was found wrong or rolled back.

    Parameters
    ----------
    force : bool
        Plan even if the facts are those of the published schedule.
    release_fence : bool
        Plan as if there were no planning time fence: the remedy where what is frozen no longer fits the plant.

    Raises
    ------
    InfeasiblePlanError
        What is frozen does not fit the capacity any more; the message names the resource and the day.
    ScheduleViolationError
        The referee found a broken rule; nothing was published.
    StaleScheduleError
        Somebody else published meanwhile.
    """
    progress("reading the order book", 0, None)
    facts = planner.facts(as_of)
    if release_fence:
        facts = replace(facts, rules=replace(facts.rules, planning_time_fence_days=0))
    fingerprint = facts.fingerprint()
    if facts.published and facts.published.fingerprint == fingerprint and not force:
        rejected = _rejected(planner, fingerprint)
        return PlanReport(schedule=facts.published, publication=None, rejected_version=rejected)
    if facts.published and not force and (rejected := _rejected(planner, fingerprint)) is not None:
        return PlanReport(schedule=facts.published, publication=None, rejected_version=rejected)
    prepared = prepare_plan(facts)
    progress("building the schedule", 0, len(prepared.problem.orders))
    result = build_schedule(
        prepared.problem,
        method=planner.method,
        time_limit_seconds=planner.time_limit_seconds,
        progress=lambda settled: progress(f"building the schedule: {settled}", 0, None),
    )
    if result.status is SolveStatus.INFEASIBLE:
        remedy = "approve overtime there, or plan once without the fence (--release-fence)"
        raise InfeasiblePlanError(f"{result.reason}; {remedy}")
    progress("checking the schedule", len(result.deliveries), None)
    now = planner.clock.now()
    schedule = refereed(prepared.problem, result, left_out=prepared.left_out, fingerprint=fingerprint, now=now)
    progress("publishing the schedule", len(result.deliveries), None)
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
    )
    published = replace(schedule, version=publication.version)
    if planner.kpis is not None:
        kpis = schedule_kpis(published, facts.orders)
        planner.kpis.record(kpis, schedule_version=publication.version, now=now)
    return PlanReport(schedule=published, publication=publication, seconds=result.seconds)


def _rejected(planner: Planner, fingerprint: str) -> int | None:
    return planner.checks.rejected(fingerprint) if planner.checks is not None else None
