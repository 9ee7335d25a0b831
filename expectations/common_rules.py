"""Rules that every dataset needs: readable fields, clean keys and texts, plausible instants."""

from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa

from cms.application.ports import Severity
from expectations.conditions import (
    has_conflicting_rows,
    is_missing,
    is_not_one_of,
    is_outside,
    is_unclean_key,
    is_unclean_text,
)
from expectations.rules import RowRule, Staged

CLOCK_TOLERANCE = timedelta(minutes=15)
"""How far ahead of ours another system's clock may be."""
MEMORY = timedelta(days=365 * 40)
"""How far back a business record can plausibly reach."""


def every_field_can_be_read(consequence: str) -> RowRule:
    """What the source's mapping could not turn into a value of the right type is not guessed."""
    return RowRule(
        name="every field can be read",
        description="Each mapped field of the source row has the type that its column needs.",
        column="problems",
        severity=Severity.CRITICAL,
        consequence=consequence,
        remedy="Correct the value at the source, or the field's format in the source's settings; then release the row.",
        reason="{problems}",
        broken=lambda staged: staged["problems"].is_not(None),
    )


def is_given(column: str, consequence: str) -> RowRule:
    """A required field has a value."""
    return RowRule(
        name=f"{column} is given",
        description=f"The row has a value in {column}.",
        column=column,
        severity=Severity.CRITICAL,
        consequence=consequence,
        remedy=f"Enter {column} at the source, or map a default for it in the source's settings.",
        reason=f"{column} is empty",
        broken=lambda staged: is_missing(staged, column),
    )


def is_a_clean_key(column: str, consequence: str) -> RowRule:
    """A key equals itself wherever it is written."""
    return RowRule(
        name=f"{column} is a clean key",
        description=f"{column} is not empty and has no blanks at its ends, no control characters, and no characters "
        "broken by a wrong encoding.",
        column=column,
        severity=Severity.CRITICAL,
        consequence=consequence,
        remedy="Correct the key at the source; where many are garbled, set the source's encoding.",
        reason=f"{column} {{{column}!r}} is blank, padded or garbled, and so no key",
        broken=lambda staged: is_unclean_key(staged[column]),
    )


def is_readable_text(column: str, consequence: str) -> RowRule:
    """A text that people read went through no wrong encoding."""
    return RowRule(
        name=f"{column} is readable text",
        description=f"{column} has no control or replacement characters and no UTF-8 read as Latin-1.",
        column=column,
        severity=Severity.WARNING,
        consequence=consequence,
        remedy="Correct the text at the source; where many are garbled, set the source's encoding.",
        reason=f"{column} {{{column}!r}} is garbled",
        broken=lambda staged: is_unclean_text(staged[column]),
    )


def is_one_of(column: str, allowed: Sequence[str], consequence: str) -> RowRule:
    """A code is one that we know."""
    words = ", ".join(allowed)
    return RowRule(
        name=f"{column} is one we know",
        description=f"{column} is one of: {words}.",
        column=column,
        severity=Severity.CRITICAL,
        consequence=consequence,
        remedy=f"Map the source's value to one of ours in the settings ([sources.NAME.fields.{column}] map).",
        reason=f"{column} {{{column}!r}} is none of: {words}",
        broken=lambda staged: is_not_one_of(staged[column], allowed),
    )


def lies_between(column: str, low: int, high: int, consequence: str) -> RowRule:
    """A whole number within its sensible range, both ends included."""
    return RowRule(
        name=f"{column} lies between {low} and {high}",
        description=f"{column} is at least {low} and at most {high}.",
        column=column,
        severity=Severity.CRITICAL,
        consequence=consequence,
        remedy=f"Correct {column} at the source, or its mapping in the source's settings.",
        reason=f"{column} must be between {low} and {high}, found {{{column}}}",
        broken=lambda staged: is_outside(staged[column], low, high),
    )


def is_a_plausible_instant(column: str, severity: Severity, consequence: str) -> RowRule:
    """An instant in living memory, and not in the future beyond a clock's error."""

    def broken(staged: Staged) -> sa.ColumnElement[bool]:
        return is_outside(staged[column], staged.now - MEMORY, staged.now + CLOCK_TOLERANCE)

    return RowRule(
        name=f"{column} is a plausible instant",
        description=f"{column} lies at most 15 minutes in the future and at most 40 years back.",
        column=column,
        severity=severity,
        consequence=consequence,
        remedy=f"Correct {column} at the source; where all are shifted, set its format and time zone in the settings.",
        reason=f"{column} {{{column}}} lies in the future or more than 40 years back",
        broken=broken,
    )


def says_one_thing(key: str, what: str, consequence: str) -> RowRule:
    """A load does not contradict itself about one thing."""
    return RowRule(
        name=f"{what} appears once in a load",
        description=f"Rows of one load with the same {key} are identical, or differ in source_updated_at so that the "
        "newest is known. Of rows that contradict each other none is taken.",
        column=key,
        severity=Severity.CRITICAL,
        consequence=consequence,
        remedy="Remove the wrong row at the source, or map source_updated_at so that the newest row is known.",
        reason=f"{key} {{{key}!r}} stands in several rows of this load that differ, and nothing tells which is newest",
        broken=lambda staged: has_conflicting_rows(staged, key),
    )
