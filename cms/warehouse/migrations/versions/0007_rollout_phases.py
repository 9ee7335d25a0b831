"""The phases of the rollout, as they were switched."""

import sqlalchemy as sa
from alembic import op

from cms.warehouse.column_types import Instant, ShortText, Text

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rollout_phases",
        sa.Column("change_id", sa.Integer(), sa.Identity(), nullable=False),
        sa.Column("phase", ShortText, nullable=False),
        sa.Column("reason", Text, nullable=True),
        sa.Column("changed_at", Instant, nullable=False),
        sa.Column("actor", ShortText, nullable=False),
        sa.CheckConstraint("phase IN ('pilot', 'tracking', 'scheduling', 'all')", name=op.f("ck_rollout_phases_phase")),
        sa.PrimaryKeyConstraint("change_id", name=op.f("pk_rollout_phases")),
    )


def downgrade() -> None:
    op.drop_table("rollout_phases")
