"""What was found wrong with published versions, and which version may be gone back to."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

AUTOMATIC_ROLLBACK = "automatic_rollback"
"""Reason code of a version that replaces one that was found wrong after its publication."""
ROLLBACK = "rollback"
"""Reason code of a version by which a person goes back to an earlier one."""
ROLLBACKS = (ROLLBACK, AUTOMATIC_ROLLBACK)
"""Publications that take their predecessor out of force because it was wrong."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PublishedHead:
    """The version in force, and what is known of it.

    Parameters
    ----------
    replaced_version : int, optional
        None: it is the first one.
    fingerprint : str
        Digest of the facts that it was planned from; empty: it was not planned as a whole.
    findings : tuple of str, optional
        What was found wrong after its publication; empty: nothing; None: nobody has looked yet.
    """

    version: int
    as_of: date
    reason_code: str
    replaced_version: int | None
    fingerprint: str
    findings: tuple[str, ...] | None


class PublicationChecks(Protocol):
    """Where the findings about published versions are kept."""

    def published(self) -> PublishedHead | None:
        """The version in force; None: nothing is published."""
        ...

    def note(self, version: int, findings: tuple[str, ...], *, now: datetime) -> None:
        """Keep what was found wrong with a version; empty: it is good."""
        ...

    def last_good(self, before: int) -> int | None:
        """The newest version before `before` that was superseded in good standing: not found wrong, not rolled back."""
        ...

    def rejected(self, fingerprint: str) -> int | None:
        """The version that a plan from these facts led to last, if it was found wrong or rolled back."""
        ...
