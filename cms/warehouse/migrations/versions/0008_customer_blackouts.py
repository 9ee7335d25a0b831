"""Blackout days as the source of customers gives them."""

import sqlalchemy as sa
from alembic import op

from cms.warehouse.column_types import Text
from cms.warehouse.engine import schema_of

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("staging_customers", sa.Column("blackout_dates", Text), schema=schema_of(op.get_bind()))


def downgrade() -> None:
    op.drop_column("staging_customers", "blackout_dates", schema=schema_of(op.get_bind()))
