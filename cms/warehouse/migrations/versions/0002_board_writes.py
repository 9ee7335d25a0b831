"""What was last written to the items of boards."""

import sqlalchemy as sa
from alembic import op

from cms.warehouse.column_types import Instant, ShortText, Text

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "board_writes",
        sa.Column("board_id", ShortText, nullable=False),
        sa.Column("item_id", ShortText, nullable=False),
        sa.Column("written_values", Text, nullable=False),
        sa.Column("written_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("board_id", "item_id", name=op.f("pk_board_writes")),
    )


def downgrade() -> None:
    op.drop_table("board_writes")
