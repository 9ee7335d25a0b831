"""How long the pinned monday.com API version lasts, every day."""

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact

from cms.monday.versions import VersionReport, check_versions
from flows.retries import PAUSES_SECONDS, is_temporary
from flows.secrets import system_with_secrets


@task(retries=3, retry_delay_seconds=PAUSES_SECONDS, retry_condition_fn=is_temporary)
def check() -> VersionReport:
    """Ask monday.com which versions it serves."""
    with system_with_secrets() as system:
        return check_versions(system.monday, system.clock.now().date())


@flow(name="api_versions")
def api_versions() -> VersionReport:
    """Judge the pinned version; a run whose artifact warns asks for a new pin."""
    report = check()
    create_markdown_artifact(report.sentence, key="monday-api-version", description=report.state.value)
    return report
