"""The phase of the rollout: the one that was set last, or the settings' until one was set; with its history."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from cms.application.rollout import PHASES, PhaseChange
from cms.domain.errors import InvalidValueError
from cms.warehouse.bulk import read_rows
from cms.warehouse.engine import in_transaction, reading
from cms.warehouse.tables import rollout_phases


@dataclass(frozen=True, kw_only=True)
class WarehouseRollout:
    """The `Rollout` of the use cases; every process asks it each time, so that a switch holds at once for all.

    Parameters
    ----------
    initial : str
        The phase as long as none was set.
    """

    engine: Engine
    initial: str

    def phase(self) -> str:
        """The phase of this moment."""
        query = sa.select(rollout_phases.c.phase).order_by(rollout_phases.c.change_id.desc()).limit(1)
        with reading(self.engine) as connection:
            return connection.execute(query).scalar_one_or_none() or self.initial

    def set_phase(self, phase: str, *, now: datetime, actor: str, reason: str = "") -> bool:
        """Switch the phase; False: it is the phase already, and nothing was written.

        Raises
        ------
        InvalidValueError
            There is no such phase.
        """
        if phase not in PHASES:
            raise InvalidValueError("phase", f"must be one of {', '.join(PHASES)}", phase)
        if self.phase() == phase:
            return False
        row = {"phase": phase, "reason": reason or None, "changed_at": now, "actor": actor}
        in_transaction(self.engine, lambda connection: connection.execute(sa.insert(rollout_phases), row))
        return True

    def history(self) -> list[PhaseChange]:
        """How the phases were switched, the latest first."""
        table = rollout_phases
        query = sa.select(table.c.phase, table.c.changed_at, table.c.actor, table.c.reason)
        with reading(self.engine) as connection:
            rows = read_rows(connection, query.order_by(table.c.change_id.desc()))
        return [PhaseChange(**row | {"reason": row["reason"] or ""}) for row in rows]
