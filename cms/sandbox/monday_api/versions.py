"""API versions: which there are, and which one answers a request."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ApiVersions:
    """The versions of the day; a test may let time move on.

    Examples
    --------
    >>> versions = ApiVersions()
    >>> versions.answering("2026-10"), versions.answering("2024-01"), versions.answering("nonsense")
    ('2026-10', '2026-07', '2026-10')
    """

    maintenance: str = "2026-07"
    current: str = "2026-10"
    release_candidate: str = "2027-01"

    def answering(self, asked: str | None) -> str:
        """The version that answers: a deprecated one becomes the maintenance version, an unknown one the current."""
        if asked in (self.maintenance, self.current, self.release_candidate):
            return str(asked)
        if asked and re.fullmatch(r"20\d\d-(01|04|07|10)", asked) and asked < self.maintenance:
            return self.maintenance
        return self.current

    def listed(self) -> list[dict[str, str]]:
        """Every version with its kind."""
        kinds = (
            (self.maintenance, "maintenance"),
            (self.current, "current"),
            (self.release_candidate, "release_candidate"),
            ("dev", "dev"),
        )
        return [_shown(value, kind) for value, kind in kinds]

    def shown(self, value: str) -> dict[str, str]:
        """One version with its kind."""
        return next(version for version in self.listed() if version["value"] == value)


def _shown(value: str, kind: str) -> dict[str, str]:
    name = {"current": "Current", "maintenance": "Maintenance", "release_candidate": "Release candidate", "dev": "Dev"}
    return {"value": value, "kind": kind, "display_name": f"{name[kind]} ({value})"}
