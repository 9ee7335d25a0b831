"""What an order was before its sources dropped it."""

import sqlalchemy as sa
from alembic import op

from cms.warehouse.column_types import ShortText
from cms.warehouse.engine import schema_of

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("order_master", sa.Column("status_before_removal", ShortText), schema=schema_of(op.get_bind()))


def downgrade() -> None:
    op.drop_column("order_master", "status_before_removal", schema=schema_of(op.get_bind()))
