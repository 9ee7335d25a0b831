"""What was found wrong with a published version, and which version a notice tells of."""

import sqlalchemy as sa
from alembic import op

from cms.warehouse.column_types import Instant, Text
from cms.warehouse.engine import schema_of

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    schema = schema_of(op.get_bind())
    op.add_column("schedule_versions", sa.Column("checked_at", Instant), schema=schema)
    op.add_column("schedule_versions", sa.Column("findings", Text), schema=schema)
    op.add_column("notification_outbox", sa.Column("schedule_version", sa.Integer), schema=schema)


def downgrade() -> None:
    schema = schema_of(op.get_bind())
    op.drop_column("notification_outbox", "schedule_version", schema=schema)
    op.drop_column("schedule_versions", "findings", schema=schema)
    op.drop_column("schedule_versions", "checked_at", schema=schema)
