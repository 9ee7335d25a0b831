"""Retention, once a month: what is older than the years to keep goes to the archive, and the archive is verified."""

from datetime import date

from prefect import flow, task

from cms.application.retain import RetentionReport, retain
from cms.domain.errors import StoredCopyError
from flows.artifacts import publish_retention_summary
from flows.retries import PAUSES_SECONDS, is_temporary
from flows.secrets import system_with_secrets


@task(retries=3, retry_delay_seconds=PAUSES_SECONDS, retry_condition_fn=is_temporary)
def archive_old_rows(as_of: date | None) -> RetentionReport:
    """Archive, verify, then delete; a run that was interrupted is finished first."""
    with system_with_secrets() as system:
        now = system.clock.now()
        return retain(system.archive, policy=system.retention_policy, as_of=as_of or now.date(), now=now)


@task
def verify_archive() -> None:
    """Compare the whole archive with its checksums, its catalog and the warehouse."""
    with system_with_secrets() as system:
        problems = system.archive_reader.check().problems
    if problems:
        raise StoredCopyError("; ".join(problems))


@flow(name="retention")
def retention(as_of: date | None = None) -> RetentionReport:
    """Archive what is old on a day, today where none is given, and look the archive through."""
    report = archive_old_rows(as_of)
    publish_retention_summary(report)
    verify_archive()
    return report
