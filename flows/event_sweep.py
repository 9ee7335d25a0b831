"""Events that the web service left in the inbox, and orders that only a sync told of, every minute."""

from prefect import flow, task

from cms.application.process_events import EventReport, process_events, reschedule
from cms.application.publish_schedule import Publication
from flows.retries import PAUSES_SECONDS, is_temporary
from flows.secrets import system_with_secrets


@task(retries=3, retry_delay_seconds=PAUSES_SECONDS, retry_condition_fn=is_temporary)
def sweep() -> list[EventReport]:
    """Process what is due, until nothing is; what the service has in hand is left to it."""
    with system_with_secrets() as system:
        reports = [process_events(system.event_work)]
        while reports[-1].claimed:
            reports.append(process_events(system.event_work))
        return reports[:-1]


@task(retries=3, retry_delay_seconds=PAUSES_SECONDS, retry_condition_fn=is_temporary)
def follow() -> Publication | None:
    """Bring the schedule in line with the order book, where a sync changed it."""
    with system_with_secrets() as system:
        return reschedule(system.event_work)


@flow(name="event_sweep")
def event_sweep() -> list[EventReport]:
    """Work on what waits in the inbox, then place what came without an event."""
    reports = sweep()
    follow()
    return reports
