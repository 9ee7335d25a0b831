"""Simulation studies and what they found."""

import sqlalchemy as sa
from alembic import op

from cms.warehouse.column_types import Figure, Instant, ShortText, Text

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "simulation_studies",
        sa.Column("study_id", ShortText, nullable=False),
        sa.Column("baseline_id", ShortText),
        sa.Column("scenario", Text, nullable=False),
        sa.Column("question", Text, nullable=False),
        sa.Column("history", Text, nullable=False),
        sa.Column("first_day", sa.Date, nullable=False),
        sa.Column("days", sa.Integer, nullable=False),
        sa.Column("warm_up_days", sa.Integer, nullable=False),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.Column("replications", sa.Integer, nullable=False),
        sa.Column("parameters", Text, nullable=False),
        sa.Column("recorded_at", Instant, nullable=False),
        sa.Column("actor", ShortText, nullable=False),
        sa.PrimaryKeyConstraint("study_id", name=op.f("pk_simulation_studies")),
    )
    op.create_index("ix_simulation_studies_recorded_at", "simulation_studies", ["recorded_at"])
    op.create_table(
        "simulation_results",
        sa.Column("study_id", ShortText, nullable=False),
        sa.Column("measure", ShortText, nullable=False),
        sa.Column("mean", Figure, nullable=False),
        sa.Column("half_width", Figure),
        sa.Column("level", Figure, nullable=False),
        sa.Column("replications", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(
            ["study_id"],
            ["simulation_studies.study_id"],
            name=op.f("fk_simulation_results_study_id"),
        ),
        sa.PrimaryKeyConstraint("study_id", "measure", name=op.f("pk_simulation_results")),
    )


def downgrade() -> None:
    op.drop_table("simulation_results")
    op.drop_table("simulation_studies")
