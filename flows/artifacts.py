"""What a flow run shows in Prefect: tables of what it did, links to what it made."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact

from cms.application.gated_load import LoadReport
from cms.application.guard_schedule import GuardReport
from cms.application.plan_capacity import CapacityReport
from cms.application.plan_schedule import PlanReport
from cms.application.retain import RetentionReport
from cms.domain.metrics import utilization
from simulations.measure_groups import MAIN_MEASURES
from simulations.statistics import Estimate


def publish_study(studies: Iterable[tuple[str, Mapping[str, Estimate]]]) -> None:
    """A line for each scenario of a study: its main measures with their intervals."""
    rows = [
        {"scenario": name} | {one: str(found[one]) for one in MAIN_MEASURES if one in found} for name, found in studies
    ]
    create_table_artifact(rows, key="capacity-study", description="Mean ± half-width (confidence, replications)")


def publish_load_summary(key: str, reports: Iterable[LoadReport]) -> None:
    """A line for each load: what came, what was written, what was held back."""
    rows = [
        {
            "source": report.source,
            "table": report.dataset.value,
            "staged": report.staged,
            "inserted": report.counts.inserted,
            "updated": report.counts.updated,
            "unchanged": report.counts.unchanged,
            "removed": report.counts.removed,
            "quarantined": report.counts.quarantined,
        }
        for report in reports
    ]
    create_table_artifact(rows, key=key, description="What was loaded")


def publish_schedule_summary(report: PlanReport) -> None:
    """The schedule by resource: hours available, committed and over time."""
    schedule = report.schedule
    rows = []
    for resource_id in sorted({day.resource_id for day in schedule.resource_days}):
        days = [day for day in schedule.resource_days if day.resource_id == resource_id]
        regular, load = sum(d.regular_hours for d in days), sum(d.load_hours for d in days)
        rows.append(
            {
                "resource": resource_id,
                "regular hours": round(regular, 1),
                "committed hours": round(load, 1),
                "overtime hours": round(sum(d.overtime_hours for d in days), 1),
                "utilization": f"{utilization(load, regular):.0%}",
            }
        )
    description = (
        f"Version {schedule.version}, {schedule.status}: {len(schedule.deliveries)} deliveries, "
        f"{report.late} orders late, {len(schedule.unscheduled)} unscheduled"
    )
    create_table_artifact(rows, key="schedule-summary", description=description)


def publish_rollback(judged: GuardReport) -> None:
    """What was found wrong with the published schedule and what became of it; nothing where it is good."""
    if not judged.failures:
        return
    findings = "\n".join(f"- {failure}" for failure in (*judged.failures, *judged.restored_failures))
    remedy = "What to do: `docs/admin/runbook.md`, *The schedule was rolled back by itself*."
    create_markdown_artifact(f"# {judged.sentence}\n\n{findings}\n\n{remedy}\n", key="schedule-rollback")


def publish_link(key: str, path: Path, text: str) -> None:
    """A link to a page on this machine."""
    create_link_artifact(link=path.resolve().as_uri(), key=key, link_text=text)


def publish_capacity_summary(report: CapacityReport) -> None:
    """Each resource with its mean and peak utilization, and the alerts."""
    rows = [
        {
            "resource": limit.resource_id,
            "mean utilization": f"{limit.mean_utilization:.0%}",
            "peak utilization": f"{limit.peak_utilization:.0%}",
            "peak week": limit.peak_week.isoformat(),
        }
        for limit in report.bottlenecks
    ]
    description = "\n".join(f"- {alert}" for alert in report.alerts) or "No resource is over its limit for long."
    create_table_artifact(rows, key="weekly-capacity-plan", description=description)


def publish_retention_summary(report: RetentionReport) -> None:
    """A line for each archive: what left the warehouse together."""
    rows = [
        {"archive": archive.archive_id, "table": table, "rows": count}
        for archive in (*report.finished, *report.archived)
        for table, count in archive.rows.items()
        if count
    ]
    description = f"{report.rows:,} rows older than {report.cutoff} were archived"
    create_table_artifact(rows, key="retention", description=description)
