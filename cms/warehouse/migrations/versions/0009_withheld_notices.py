"""Notices that the rollout does not allow any more are withheld."""

import sqlalchemy as sa
from alembic import op

from cms.warehouse.engine import schema_of

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _allow("'queued', 'sent', 'dead', 'withheld'")


def downgrade() -> None:
    schema = schema_of(op.get_bind())
    table = sa.table("notification_outbox", sa.column("status"), schema=schema)
    op.execute(sa.update(table).where(table.c.status == "withheld").values(status="dead"))
    _allow("'queued', 'sent', 'dead'")


def _allow(states: str) -> None:
    """Only these states from now on; SQLite cannot change a constraint, so the table is made anew there."""
    name = op.f("ck_notification_outbox_status")
    with op.batch_alter_table("notification_outbox", schema=schema_of(op.get_bind())) as table:
        table.drop_constraint(name, type_="check")
        table.create_check_constraint(name, f"status IN ({states})")
