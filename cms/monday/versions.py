"""Watches the pinned API version: it warns while there is still time to move, not when monday.com has moved on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from cms.monday.client import MondayClient
from cms.monday.errors import BrokenAnswerError
from cms.monday.queries import VERSIONS

WARN_BEFORE = timedelta(days=60)
_QUARTERS_OF_LIFE = 2
"""A version is the current one for a quarter, then in maintenance for another."""


class VersionState(StrEnum):
    """What to do about the pin."""

    FINE = "fine"
    SOON = "soon"
    GONE = "gone"
    UNSTABLE = "unstable"


@dataclass(frozen=True, kw_only=True, slots=True)
class VersionReport:
    """How long the pinned version lasts.

    Parameters
    ----------
    kind : str
        What monday.com calls the pinned version; empty: it does not list it.
    leaves_maintenance : date
        The first day of the quarter in which the version is no longer kept.
    served : mapping of str to str
        Every version that is served, with its kind.
    """

    pinned: str
    kind: str
    leaves_maintenance: date
    state: VersionState
    served: Mapping[str, str]
    today: date

    @property
    def days_left(self) -> int:
        """Days until the version is no longer kept; negative: since."""
        return (self.leaves_maintenance - self.today).days

    @property
    def sentence(self) -> str:
        """What the administrator has to know, in a sentence."""
        until = f"{self.leaves_maintenance:%Y-%m-%d}"
        current = next((value for value, kind in sorted(self.served.items()) if kind == "current"), "the current one")
        match self.state:
            case VersionState.FINE:
                return f"API version {self.pinned} ({self.kind}) is kept until {until}, {self.days_left} days from now."
            case VersionState.SOON:
                return (
                    f"API version {self.pinned} ({self.kind}) is kept only until {until}, {self.days_left} days from "
                    f"now: read the release notes, try {current}, then change monday.api_version."
                )
            case VersionState.UNSTABLE:
                return f"API version {self.pinned} is {self.kind}: it may change any day. Pin {current}."
            case VersionState.GONE:
                return (
                    f"API version {self.pinned} is no longer kept ({self.kind or 'not listed'}): monday.com answers "
                    f"with another one, and every sync refuses that. Change monday.api_version to {current}."
                )


def check_versions(client: MondayClient, today: date) -> VersionReport:
    """Ask monday.com what it serves, and judge the pin; one request.

    Raises
    ------
    SourceError
    """
    answer = client.ask(VERSIONS, {})
    listed = [version for version in answer.data.get("versions") or () if version]
    if not listed:
        raise BrokenAnswerError("no API versions are listed", request_id=answer.request_id)
    served = {str(version["value"]): str(version["kind"]) for version in listed}
    return judge_version(client.settings.api_version, served, today)


def judge_version(pinned: str, served: Mapping[str, str], today: date) -> VersionReport:
    """How the pin stands on a day, by what is served and by the calendar of quarters.

    Examples
    --------
    >>> served = {"2026-07": "maintenance", "2026-10": "current", "2027-01": "release_candidate"}
    >>> judge_version("2026-10", served, date(2026, 11, 24)).state.value
    'fine'
    >>> judge_version("2026-10", served, date(2027, 1, 31)).state.value
    'soon'
    """
    kind = served.get(pinned, "")
    ends = end_of_life(pinned)
    return VersionReport(
        pinned=pinned,
        kind=kind,
        leaves_maintenance=ends,
        state=_state(kind, ends, today),
        served=dict(served),
        today=today,
    )


def end_of_life(version: str) -> date:
    """The first day on which a version is no longer kept: two quarters after the one it is named for.

    Examples
    --------
    >>> end_of_life("2026-10").isoformat(), end_of_life("2026-07").isoformat()
    ('2027-04-01', '2027-01-01')
    """
    year, month = map(int, version.split("-"))
    months = year * 12 + month - 1 + 3 * _QUARTERS_OF_LIFE
    return date(months // 12, months % 12 + 1, 1)


def _state(kind: str, ends: date, today: date) -> VersionState:
    if kind in ("", "deprecated"):
        return VersionState.GONE
    if kind in ("release_candidate", "dev"):
        return VersionState.UNSTABLE
    return VersionState.SOON if today >= ends - WARN_BEFORE else VersionState.FINE
