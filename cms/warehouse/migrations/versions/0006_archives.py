"""The catalog of what was archived, and the way from an order to its rows in schedules."""

import sqlalchemy as sa
from alembic import op

from cms.warehouse.column_types import Instant, ShortText
from cms.warehouse.engine import schema_of

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    schema = schema_of(op.get_bind())
    op.create_table(
        "archives",
        sa.Column("archive_id", ShortText, nullable=False),
        sa.Column("kind", ShortText, nullable=False),
        sa.Column("cutoff", sa.Date, nullable=False),
        sa.Column("archived_at", Instant, nullable=False),
        sa.Column("row_count", sa.Integer, nullable=False),
        sa.Column("checksum", ShortText, nullable=False),
        sa.CheckConstraint("kind IN ('orders', 'versions', 'days')", name=op.f("ck_archives_kind")),
        sa.PrimaryKeyConstraint("archive_id", name=op.f("pk_archives")),
    )
    op.create_table(
        "archived_orders",
        sa.Column("order_id", ShortText, nullable=False),
        sa.Column("customer_id", ShortText, nullable=False),
        sa.Column("ordered_at", Instant, nullable=False),
        sa.Column("archive_id", ShortText, nullable=False),
        sa.ForeignKeyConstraint(["archive_id"], ["archives.archive_id"], name=op.f("fk_archived_orders_archive_id")),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_archived_orders")),
    )
    op.create_table(
        "archived_records",
        sa.Column("source_system", ShortText, nullable=False),
        sa.Column("source_order_id", ShortText, nullable=False),
        sa.Column("archive_id", ShortText, nullable=False),
        sa.ForeignKeyConstraint(["archive_id"], ["archives.archive_id"], name=op.f("fk_archived_records_archive_id")),
        sa.PrimaryKeyConstraint("source_system", "source_order_id", name=op.f("pk_archived_records")),
    )
    for column in ("customer_id", "ordered_at", "archive_id"):
        op.create_index(f"ix_archived_orders_{column}", "archived_orders", [column])
    op.create_index("ix_master_schedule_order_id", "master_schedule", ["order_id"], schema=schema)
    op.create_index("ix_unscheduled_orders_order_id", "unscheduled_orders", ["order_id"], schema=schema)


def downgrade() -> None:
    schema = schema_of(op.get_bind())
    op.drop_index("ix_unscheduled_orders_order_id", "unscheduled_orders", schema=schema)
    op.drop_index("ix_master_schedule_order_id", "master_schedule", schema=schema)
    for table in ("archived_records", "archived_orders", "archives"):
        op.drop_table(table)
