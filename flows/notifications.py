"""Notices that wait in the outbox, every few minutes."""

from prefect import flow, task

from cms.application.notify import NotificationReport
from flows.retries import PAUSES_SECONDS, is_temporary
from flows.secrets import system_with_secrets


@task(retries=3, retry_delay_seconds=PAUSES_SECONDS, retry_condition_fn=is_temporary)
def send() -> NotificationReport:
    """Send what is due; a failed notice waits for its own next try."""
    with system_with_secrets() as system:
        return system.send_notices()


@flow(name="notifications")
def notifications() -> NotificationReport:
    """Send every notice that is due."""
    return send()
