"""Hours of the capacity plan that quotes hold, beside what is committed."""

import sqlalchemy as sa
from alembic import op

from cms.warehouse.column_types import Hours
from cms.warehouse.engine import schema_of

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "capacity_planning",
        sa.Column("reserved_hours", Hours, nullable=False, server_default="0"),
        schema=schema_of(op.get_bind()),
    )


def downgrade() -> None:
    op.drop_column("capacity_planning", "reserved_hours", schema=schema_of(op.get_bind()), mssql_drop_default=True)
