"""What is expected of a load as a whole, whatever its dataset."""

from statistics import median

from cms.application.ports import Severity
from expectations.rules import LoadFacts, LoadRule


def every_column_has_values(column: str) -> LoadRule:
    """A required column that is empty in every row has been renamed or dropped at the source."""

    def find(facts: LoadFacts) -> str:
        if facts.rows < facts.settings.min_rows_for_share or facts.filled[column]:
            return ""
        return f"{column} is empty or unreadable in all {facts.rows} rows: the source has renamed or dropped it"

    return LoadRule(
        name=f"{column} has values",
        description=f"At least one row carries {column}, in loads of gate.min_rows_for_share rows or more.",
        column=column,
        severity=Severity.CRITICAL,
        consequence=f"Without {column} no row of the load can be used; the source has most likely changed its layout.",
        remedy="Compare the column names in the source's settings with the source, correct them, load again.",
        find=find,
    )


def _find_too_many_bad_rows(facts: LoadFacts) -> str:
    settings = facts.settings
    if facts.rows < settings.min_rows_for_share or facts.bad_rows <= settings.max_bad_share * facts.rows:
        return ""
    share = facts.bad_rows / facts.rows
    return (
        f"{facts.bad_rows} of {facts.rows} rows ({share:.0%}) break a critical expectation, "
        f"more than gate.max_bad_share {settings.max_bad_share:.0%}"
    )


def _find_no_good_row(facts: LoadFacts) -> str:
    if facts.rows < facts.settings.min_rows_for_share or facts.bad_rows < facts.rows:
        return ""
    return f"all {facts.rows} rows break a critical expectation"


def _find_empty_snapshot(facts: LoadFacts) -> str:
    if not facts.complete or facts.rows:
        return ""
    return f"the snapshot is empty: merging it would remove all {facts.held_rows} rows that are held from this source"


def _find_collapse(facts: LoadFacts) -> str:
    usual = _usual_rows(facts)
    least = facts.settings.min_volume_share * usual
    if not facts.complete or not facts.rows or facts.rows >= least:
        return ""
    return (
        f"{facts.rows} rows where about {usual} are usual (held now: {facts.held_rows}, recent loads: "
        f"{', '.join(map(str, facts.recent_rows)) or 'none'}), fewer than gate.min_volume_share "
        f"{facts.settings.min_volume_share:.0%}"
    )


def _usual_rows(facts: LoadFacts) -> int:
    """The larger of what the warehouse holds from the source and what its recent loads had at their median."""
    return max(facts.held_rows, round(median(facts.recent_rows)) if facts.recent_rows else 0)


GOOD_ROWS_PREVAIL = LoadRule(
    name="most rows are good",
    description="The share of rows that break a critical expectation is at most gate.max_bad_share; loads with fewer "
    "rows than gate.min_rows_for_share are never refused by share.",
    column="",
    severity=Severity.CRITICAL,
    consequence="So many bad rows at once mean a broken export, and the good ones beside them cannot be trusted.",
    remedy="Look at the rows with `cms quality show`, repair the export or its settings, load again.",
    find=_find_too_many_bad_rows,
)
SOME_ROW_IS_GOOD = LoadRule(
    name="some row is good",
    description="A load of gate.min_rows_for_share rows or more has at least one that breaks no critical expectation.",
    column="",
    severity=Severity.CRITICAL,
    consequence="A load without a single good row is a mapping or layout error, not a matter of single rows.",
    remedy="Compare the source's settings with what it delivers, correct them, load again.",
    find=_find_no_good_row,
)
SNAPSHOT_HAS_ROWS = LoadRule(
    name="a complete snapshot has rows",
    description="A load that claims to be all that its source has is not empty.",
    column="",
    severity=Severity.CRITICAL,
    consequence="Everything that we hold from this source would be taken for removed.",
    remedy="Check that the source answered with its whole content, load again.",
    find=_find_empty_snapshot,
)
SNAPSHOT_KEEPS_ITS_SIZE = LoadRule(
    name="a complete snapshot keeps its size",
    description="A load that claims to be all that its source has holds at least gate.min_volume_share of the rows "
    "that we hold from it, and of the median of its last five loads.",
    column="",
    severity=Severity.CRITICAL,
    consequence="What is missing would be taken for removed: customers deactivated, orders cancelled.",
    remedy="Check whether the export was cut off. Where the source has really shrunk, lower gate.min_volume_share "
    "for one load.",
    find=_find_collapse,
)


def load_rules(required: tuple[str, ...]) -> tuple[LoadRule, ...]:
    """The rules that hold for a load of any dataset, with one for each required column."""
    return (
        *(every_column_has_values(column) for column in required),
        GOOD_ROWS_PREVAIL,
        SOME_ROW_IS_GOOD,
        SNAPSHOT_HAS_ROWS,
        SNAPSHOT_KEEPS_ITS_SIZE,
    )
