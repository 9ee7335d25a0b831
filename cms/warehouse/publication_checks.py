"""Findings about published versions, kept with the versions."""

import json
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from cms.application.publication_checks import ROLLBACKS, PublishedHead
from cms.warehouse.engine import in_transaction, reading
from cms.warehouse.tables import schedule_versions

_NOTHING = "[]"


@dataclass(frozen=True, kw_only=True)
class WarehousePublicationChecks:
    """The `PublicationChecks` of the use cases."""

    engine: Engine

    def published(self) -> PublishedHead | None:
        """The version in force; None: nothing is published."""
        table = schedule_versions
        names = ("version", "as_of", "reason_code", "replaced_version", "fingerprint", "findings")
        query = sa.select(*(table.c[name] for name in names)).where(table.c.status == "published")
        with reading(self.engine) as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else PublishedHead(**dict(row) | {"findings": findings_of(row["findings"])})

    def note(self, version: int, findings: tuple[str, ...], *, now: datetime) -> None:
        """Keep what was found wrong with a version; empty: it is good."""
        table = schedule_versions
        kept = json.dumps(findings, ensure_ascii=False)
        statement = sa.update(table).where(table.c.version == version).values(findings=kept, checked_at=now)
        in_transaction(self.engine, lambda connection: connection.execute(statement))

    def last_good(self, before: int) -> int | None:
        """The newest version before `before` that was superseded in good standing: not found wrong, not rolled back."""
        table = schedule_versions
        query = sa.select(sa.func.max(table.c.version)).where(
            table.c.version < before,
            table.c.status == "superseded",
            sa.or_(table.c.findings.is_(None), table.c.findings == _NOTHING),
        )
        with reading(self.engine) as connection:
            return connection.execute(query).scalar_one_or_none()

    def rejected(self, fingerprint: str) -> int | None:
        """The version that these facts led to last, if it was found wrong or rolled back."""
        table = schedule_versions
        latest = (
            sa.select(sa.func.max(table.c.version))
            .where(table.c.fingerprint == fingerprint, table.c.reason_code.not_in(ROLLBACKS))
            .scalar_subquery()
        )
        wrong = sa.or_(table.c.status == "rolled_back", table.c.findings != _NOTHING)
        with reading(self.engine) as connection:
            return connection.execute(sa.select(table.c.version).where(table.c.version == latest, wrong)).scalar()


def findings_of(kept: str | None) -> tuple[str, ...] | None:
    """The findings of a row; None: nobody has looked yet."""
    return None if kept is None else tuple(json.loads(kept))
