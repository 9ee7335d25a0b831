"""All tables of the first release."""

import sqlalchemy as sa
from alembic import op

from cms.warehouse.column_types import Figure, Hours, Instant, Money, Quantity, Rate, ShortText, Text

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "capacity_planning",
        sa.Column("resource_id", ShortText, nullable=False),
        sa.Column("bucket_date", sa.Date(), nullable=False),
        sa.Column("regular_hours", Hours, nullable=False),
        sa.Column("overtime_hours", Hours, nullable=False),
        sa.Column("maintenance_hours", Hours, nullable=False),
        sa.Column("committed_hours", Hours, nullable=False),
        sa.Column("committed_overtime_hours", Hours, nullable=False),
        sa.Column("price_per_hour", Money, server_default="0", nullable=False),
        sa.Column("schedule_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("resource_id", "bucket_date", name=op.f("pk_capacity_planning")),
    )
    op.create_index("ix_capacity_planning_bucket_date", "capacity_planning", ["bucket_date"], unique=False)
    op.create_table(
        "customer_master",
        sa.Column("customer_id", ShortText, nullable=False),
        sa.Column("source_system", ShortText, nullable=False),
        sa.Column("source_item_id", ShortText, nullable=True),
        sa.Column("name", ShortText, nullable=False),
        sa.Column("status", ShortText, nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("time_zone", ShortText, nullable=False),
        sa.Column("transit_days", sa.Integer(), nullable=False),
        sa.Column("max_early_days", sa.Integer(), nullable=False),
        sa.Column("allows_split", sa.Boolean(), nullable=False),
        sa.Column("contact_email", ShortText, nullable=True),
        sa.Column("contact_phone", ShortText, nullable=True),
        sa.Column("preferred_channel", ShortText, nullable=False),
        sa.Column("rollout_cohort", ShortText, nullable=False),
        sa.Column("source_updated_at", Instant, nullable=True),
        sa.Column("deactivated_at", Instant, nullable=True),
        sa.Column("row_hash", ShortText, nullable=False),
        sa.Column("loaded_at", Instant, nullable=False),
        sa.Column("load_id", ShortText, nullable=False),
        sa.CheckConstraint("status IN ('active', 'inactive')", name=op.f("ck_customer_master_status")),
        sa.CheckConstraint("priority >= 1", name=op.f("ck_customer_master_priority")),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_customer_master")),
    )
    op.create_table(
        "inbox_events",
        sa.Column("event_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("deduplication_key", ShortText, nullable=False),
        sa.Column("source", ShortText, nullable=False),
        sa.Column("kind", ShortText, nullable=False),
        sa.Column("subject_id", ShortText, nullable=True),
        sa.Column("payload", Text, nullable=False),
        sa.Column("received_at", Instant, nullable=False),
        sa.Column("status", ShortText, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", Instant, nullable=False),
        sa.Column("claimed_by", ShortText, nullable=True),
        sa.Column("claimed_until", Instant, nullable=True),
        sa.Column("processed_at", Instant, nullable=True),
        sa.Column("error", Text, nullable=True),
        sa.CheckConstraint("status IN ('waiting', 'done', 'dead')", name=op.f("ck_inbox_events_status")),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_inbox_events")),
        sa.UniqueConstraint("deduplication_key", name=op.f("uq_inbox_events_deduplication_key")),
    )
    op.create_index("ix_inbox_events_status_due_at", "inbox_events", ["status", "due_at"], unique=False)
    op.create_table(
        "kpi_snapshots",
        sa.Column("name", ShortText, nullable=False),
        sa.Column("schedule_version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("value", Figure, nullable=False),
        sa.Column("recorded_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("name", "schedule_version", name=op.f("pk_kpi_snapshots")),
    )
    op.create_table(
        "loads",
        sa.Column("load_id", ShortText, nullable=False),
        sa.Column("dataset", ShortText, nullable=False),
        sa.Column("source", ShortText, nullable=False),
        sa.Column("status", ShortText, nullable=False),
        sa.Column("staged_at", Instant, nullable=False),
        sa.Column("finished_at", Instant, nullable=True),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("inserted", sa.Integer(), server_default="0", nullable=False),
        sa.Column("updated", sa.Integer(), server_default="0", nullable=False),
        sa.Column("unchanged", sa.Integer(), server_default="0", nullable=False),
        sa.Column("stale", sa.Integer(), server_default="0", nullable=False),
        sa.Column("removed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("quarantined", sa.Integer(), server_default="0", nullable=False),
        sa.Column("refusals", Text, nullable=True),
        sa.CheckConstraint(
            "status IN ('staging', 'staged', 'merged', 'refused', 'rejected', 'abandoned')",
            name=op.f("ck_loads_status"),
        ),
        sa.PrimaryKeyConstraint("load_id", name=op.f("pk_loads")),
    )
    op.create_index("ix_loads_dataset_staged_at", "loads", ["dataset", "staged_at"], unique=False)
    op.create_table(
        "notification_outbox",
        sa.Column("outbox_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("deduplication_key", ShortText, nullable=False),
        sa.Column("kind", ShortText, nullable=False),
        sa.Column("channel", ShortText, nullable=False),
        sa.Column("recipient", ShortText, nullable=False),
        sa.Column("order_id", ShortText, nullable=True),
        sa.Column("customer_id", ShortText, nullable=True),
        sa.Column("facts", Text, nullable=False),
        sa.Column("status", ShortText, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("queued_at", Instant, nullable=False),
        sa.Column("due_at", Instant, nullable=False),
        sa.Column("claimed_by", ShortText, nullable=True),
        sa.Column("claimed_until", Instant, nullable=True),
        sa.Column("sent_at", Instant, nullable=True),
        sa.Column("error", Text, nullable=True),
        sa.CheckConstraint("status IN ('queued', 'sent', 'dead')", name=op.f("ck_notification_outbox_status")),
        sa.PrimaryKeyConstraint("outbox_id", name=op.f("pk_notification_outbox")),
        sa.UniqueConstraint("deduplication_key", name=op.f("uq_notification_outbox_deduplication_key")),
    )
    op.create_index("ix_notification_outbox_status_due_at", "notification_outbox", ["status", "due_at"], unique=False)
    op.create_table(
        "order_conflicts",
        sa.Column("conflict_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", ShortText, nullable=False),
        sa.Column("field", ShortText, nullable=False),
        sa.Column("chosen_source", ShortText, nullable=False),
        sa.Column("chosen_value", Text, nullable=True),
        sa.Column("other_source", ShortText, nullable=False),
        sa.Column("other_value", Text, nullable=True),
        sa.Column("found_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("conflict_id", name=op.f("pk_order_conflicts")),
    )
    op.create_index(op.f("ix_order_conflicts_order_id"), "order_conflicts", ["order_id"], unique=False)
    op.create_table(
        "order_source_records",
        sa.Column("source_system", ShortText, nullable=False),
        sa.Column("source_order_id", ShortText, nullable=False),
        sa.Column("order_id", ShortText, nullable=False),
        sa.Column("customer_id", ShortText, nullable=True),
        sa.Column("order_type", ShortText, nullable=True),
        sa.Column("priority", sa.Integer(), nullable=True),
        sa.Column("product_family", ShortText, nullable=True),
        sa.Column("quantity", Quantity, nullable=True),
        sa.Column("delivered_quantity", Quantity, nullable=True),
        sa.Column("ordered_at", Instant, nullable=True),
        sa.Column("requested_date", sa.Date(), nullable=True),
        sa.Column("promised_date", sa.Date(), nullable=True),
        sa.Column("release_date", sa.Date(), nullable=True),
        sa.Column("status", ShortText, nullable=True),
        sa.Column("shipped_at", Instant, nullable=True),
        sa.Column("delivered_at", Instant, nullable=True),
        sa.Column("source_updated_at", Instant, nullable=True),
        sa.Column("removed_at", Instant, nullable=True),
        sa.Column("row_hash", ShortText, nullable=False),
        sa.Column("loaded_at", Instant, nullable=False),
        sa.Column("load_id", ShortText, nullable=False),
        sa.PrimaryKeyConstraint("source_system", "source_order_id", name=op.f("pk_order_source_records")),
    )
    op.create_index(op.f("ix_order_source_records_order_id"), "order_source_records", ["order_id"], unique=False)
    op.create_table(
        "quality_results",
        sa.Column("result_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("load_id", ShortText, nullable=False),
        sa.Column("dataset", ShortText, nullable=False),
        sa.Column("expectation", ShortText, nullable=False),
        sa.Column("column_name", ShortText, nullable=True),
        sa.Column("severity", ShortText, nullable=False),
        sa.Column("success", sa.Boolean(), nullable=False),
        sa.Column("unexpected_count", sa.Integer(), nullable=False),
        sa.Column("observed", Text, nullable=True),
        sa.Column("consequence", Text, nullable=True),
        sa.Column("checked_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("result_id", name=op.f("pk_quality_results")),
    )
    op.create_index(op.f("ix_quality_results_load_id"), "quality_results", ["load_id"], unique=False)
    op.create_table(
        "quarantine",
        sa.Column("quarantine_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("load_id", ShortText, nullable=False),
        sa.Column("dataset", ShortText, nullable=False),
        sa.Column("source", ShortText, nullable=False),
        sa.Column("row_number", sa.Integer(), nullable=False),
        sa.Column("row_key", ShortText, nullable=True),
        sa.Column("expectation", ShortText, nullable=False),
        sa.Column("column_name", ShortText, nullable=True),
        sa.Column("value", Text, nullable=True),
        sa.Column("reason", Text, nullable=False),
        sa.Column("raw", Text, nullable=False),
        sa.Column("staged_values", Text, nullable=False),
        sa.Column("row_hash", ShortText, nullable=False),
        sa.Column("status", ShortText, nullable=False),
        sa.Column("quarantined_at", Instant, nullable=False),
        sa.Column("decided_at", Instant, nullable=True),
        sa.Column("decided_by", ShortText, nullable=True),
        sa.CheckConstraint(
            "status IN ('waiting', 'released', 'rejected', 'resolved')", name=op.f("ck_quarantine_status")
        ),
        sa.PrimaryKeyConstraint("quarantine_id", name=op.f("pk_quarantine")),
    )
    op.create_index(
        "ix_quarantine_dataset_source_row_key", "quarantine", ["dataset", "source", "row_key"], unique=False
    )
    op.create_index(op.f("ix_quarantine_load_id"), "quarantine", ["load_id"], unique=False)
    op.create_table(
        "quotes",
        sa.Column("quote_id", ShortText, nullable=False),
        sa.Column("customer_id", ShortText, nullable=False),
        sa.Column("order_id", ShortText, nullable=True),
        sa.Column("product_family", ShortText, nullable=False),
        sa.Column("quantity", Quantity, nullable=False),
        sa.Column("routing", ShortText, nullable=False),
        sa.Column("completion_date", sa.Date(), nullable=False),
        sa.Column("delivery_date", sa.Date(), nullable=False),
        sa.Column("cost", Money, nullable=False),
        sa.Column("capacity_price", Money, nullable=False),
        sa.Column("loads", Text, nullable=False),
        sa.Column("status", ShortText, nullable=False),
        sa.Column("quoted_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=True),
        sa.Column("actor", ShortText, nullable=False),
        sa.CheckConstraint(
            "status IN ('quoted', 'reserved', 'confirmed', 'cancelled', 'expired')", name=op.f("ck_quotes_status")
        ),
        sa.PrimaryKeyConstraint("quote_id", name=op.f("pk_quotes")),
    )
    op.create_index("ix_quotes_status_expires_at", "quotes", ["status", "expires_at"], unique=False)
    op.create_table(
        "record_history",
        sa.Column("history_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("changed_at", Instant, nullable=False),
        sa.Column("table_name", ShortText, nullable=False),
        sa.Column("row_key", ShortText, nullable=False),
        sa.Column("change_type", ShortText, nullable=False),
        sa.Column("old_values", Text, nullable=True),
        sa.Column("new_values", Text, nullable=True),
        sa.Column("actor", ShortText, nullable=False),
        sa.PrimaryKeyConstraint("history_id", name=op.f("pk_record_history")),
    )
    op.create_index("ix_record_history_table_name_row_key", "record_history", ["table_name", "row_key"], unique=False)
    op.create_table(
        "resources",
        sa.Column("resource_id", ShortText, nullable=False),
        sa.Column("name", ShortText, nullable=False),
        sa.Column("regular_hours", Hours, nullable=False),
        sa.Column("overtime_hours", Hours, nullable=False),
        sa.Column("overtime_cost_per_hour", Money, nullable=False),
        sa.Column("working_weekdays", ShortText, nullable=False),
        sa.Column("loaded_at", Instant, nullable=False),
        sa.Column("load_id", ShortText, nullable=False),
        sa.PrimaryKeyConstraint("resource_id", name=op.f("pk_resources")),
    )
    op.create_table(
        "routings",
        sa.Column("routing_id", ShortText, nullable=False),
        sa.Column("product_family", ShortText, nullable=False),
        sa.Column("cost", Money, nullable=False),
        sa.Column("loaded_at", Instant, nullable=False),
        sa.Column("load_id", ShortText, nullable=False),
        sa.PrimaryKeyConstraint("routing_id", name=op.f("pk_routings")),
    )
    op.create_index(op.f("ix_routings_product_family"), "routings", ["product_family"], unique=False)
    op.create_table(
        "schedule_history",
        sa.Column("history_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("changed_at", Instant, nullable=False),
        sa.Column("schedule_version", sa.Integer(), nullable=False),
        sa.Column("order_id", ShortText, nullable=False),
        sa.Column("change_type", ShortText, nullable=False),
        sa.Column("old_delivery_date", sa.Date(), nullable=True),
        sa.Column("new_delivery_date", sa.Date(), nullable=True),
        sa.Column("old_quantity", Quantity, nullable=True),
        sa.Column("new_quantity", Quantity, nullable=True),
        sa.Column("reason_code", ShortText, nullable=False),
        sa.Column("detail", Text, nullable=True),
        sa.Column("actor", ShortText, nullable=False),
        sa.PrimaryKeyConstraint("history_id", name=op.f("pk_schedule_history")),
    )
    op.create_index(
        "ix_schedule_history_order_id_changed_at", "schedule_history", ["order_id", "changed_at"], unique=False
    )
    op.create_index("ix_schedule_history_schedule_version", "schedule_history", ["schedule_version"], unique=False)
    op.create_table(
        "schedule_versions",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("status", ShortText, nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("solve_status", ShortText, nullable=False),
        sa.Column("tiers", Text, nullable=False),
        sa.Column("fingerprint", ShortText, server_default="", nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("published_at", Instant, nullable=True),
        sa.Column("replaced_version", sa.Integer(), nullable=True),
        sa.Column("reason_code", ShortText, nullable=False),
        sa.Column("actor", ShortText, nullable=False),
        sa.CheckConstraint(
            "status IN ('draft', 'published', 'superseded', 'rolled_back')", name=op.f("ck_schedule_versions_status")
        ),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_schedule_versions")),
    )
    op.create_index(
        "ux_schedule_versions_published",
        "schedule_versions",
        ["status"],
        unique=True,
        sqlite_where=sa.text("status = 'published'"),
        postgresql_where=sa.text("status = 'published'"),
        mssql_where=sa.text("status = 'published'"),
    )
    op.create_table(
        "staging_customers",
        sa.Column("load_id", ShortText, nullable=False),
        sa.Column("row_number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("problems", Text, nullable=True),
        sa.Column("raw", Text, nullable=False),
        sa.Column("row_hash", ShortText, nullable=False),
        sa.Column("outcome", ShortText, nullable=True),
        sa.Column("customer_id", ShortText, nullable=True),
        sa.Column("source_item_id", ShortText, nullable=True),
        sa.Column("name", ShortText, nullable=True),
        sa.Column("status", ShortText, nullable=True),
        sa.Column("priority", sa.Integer(), nullable=True),
        sa.Column("time_zone", ShortText, nullable=True),
        sa.Column("transit_days", sa.Integer(), nullable=True),
        sa.Column("max_early_days", sa.Integer(), nullable=True),
        sa.Column("allows_split", sa.Boolean(), nullable=True),
        sa.Column("contact_email", ShortText, nullable=True),
        sa.Column("contact_phone", ShortText, nullable=True),
        sa.Column("preferred_channel", ShortText, nullable=True),
        sa.Column("rollout_cohort", ShortText, nullable=True),
        sa.Column("source_updated_at", Instant, nullable=True),
        sa.PrimaryKeyConstraint("load_id", "row_number", name=op.f("pk_staging_customers")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_staging_customers_load_id_customer_id", "staging_customers", ["load_id", "customer_id"], unique=False
    )
    op.create_table(
        "staging_orders",
        sa.Column("load_id", ShortText, nullable=False),
        sa.Column("row_number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("problems", Text, nullable=True),
        sa.Column("raw", Text, nullable=False),
        sa.Column("row_hash", ShortText, nullable=False),
        sa.Column("outcome", ShortText, nullable=True),
        sa.Column("order_id", ShortText, nullable=True),
        sa.Column("source_order_id", ShortText, nullable=True),
        sa.Column("customer_id", ShortText, nullable=True),
        sa.Column("order_type", ShortText, nullable=True),
        sa.Column("priority", sa.Integer(), nullable=True),
        sa.Column("product_family", ShortText, nullable=True),
        sa.Column("quantity", Quantity, nullable=True),
        sa.Column("delivered_quantity", Quantity, nullable=True),
        sa.Column("ordered_at", Instant, nullable=True),
        sa.Column("requested_date", sa.Date(), nullable=True),
        sa.Column("promised_date", sa.Date(), nullable=True),
        sa.Column("release_date", sa.Date(), nullable=True),
        sa.Column("status", ShortText, nullable=True),
        sa.Column("shipped_at", Instant, nullable=True),
        sa.Column("delivered_at", Instant, nullable=True),
        sa.Column("source_updated_at", Instant, nullable=True),
        sa.PrimaryKeyConstraint("load_id", "row_number", name=op.f("pk_staging_orders")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_staging_orders_load_id_source_order_id", "staging_orders", ["load_id", "source_order_id"], unique=False
    )
    op.create_table(
        "staging_windows",
        sa.Column("load_id", ShortText, nullable=False),
        sa.Column("row_number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("problems", Text, nullable=True),
        sa.Column("raw", Text, nullable=False),
        sa.Column("row_hash", ShortText, nullable=False),
        sa.Column("outcome", ShortText, nullable=True),
        sa.Column("customer_id", ShortText, nullable=True),
        sa.Column("weekday", sa.Integer(), nullable=True),
        sa.Column("window_start", sa.Time(), nullable=True),
        sa.Column("window_end", sa.Time(), nullable=True),
        sa.Column("effective_from", sa.Date(), nullable=True),
        sa.Column("effective_to", sa.Date(), nullable=True),
        sa.Column("source_updated_at", Instant, nullable=True),
        sa.PrimaryKeyConstraint("load_id", "row_number", name=op.f("pk_staging_windows")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_staging_windows_load_id_customer_id", "staging_windows", ["load_id", "customer_id"], unique=False
    )
    op.create_table(
        "sync_state",
        sa.Column("dataset", ShortText, nullable=False),
        sa.Column("source", ShortText, nullable=False),
        sa.Column("watermark", ShortText, nullable=True),
        sa.Column("synced_at", Instant, nullable=False),
        sa.Column("load_id", ShortText, nullable=True),
        sa.PrimaryKeyConstraint("dataset", "source", name=op.f("pk_sync_state")),
    )
    op.create_table(
        "weekly_capacity_plan",
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("resource_id", ShortText, nullable=False),
        sa.Column("week_start", sa.Date(), nullable=False),
        sa.Column("regular_hours", Hours, nullable=False),
        sa.Column("overtime_hours", Hours, nullable=False),
        sa.Column("committed_hours", Hours, nullable=False),
        sa.Column("expected_hours", Hours, nullable=False),
        sa.Column("planned_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("as_of", "resource_id", "week_start", name=op.f("pk_weekly_capacity_plan")),
    )
    op.create_table(
        "calendar_exceptions",
        sa.Column("exception_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", ShortText, nullable=False),
        sa.Column("resource_id", ShortText, nullable=True),
        sa.Column("customer_id", ShortText, nullable=True),
        sa.Column("hours", Hours, nullable=False),
        sa.Column("reason", Text, nullable=True),
        sa.Column("entered_by", ShortText, nullable=False),
        sa.Column("withdrawn_at", Instant, nullable=True),
        sa.Column("loaded_at", Instant, nullable=False),
        sa.Column("load_id", ShortText, nullable=False),
        sa.CheckConstraint(
            "kind IN ('holiday', 'maintenance', 'overtime', 'blackout')", name=op.f("ck_calendar_exceptions_kind")
        ),
        sa.ForeignKeyConstraint(
            ["resource_id"], ["resources.resource_id"], name=op.f("fk_calendar_exceptions_resource_id")
        ),
        sa.PrimaryKeyConstraint("exception_id", name=op.f("pk_calendar_exceptions")),
    )
    op.create_index(op.f("ix_calendar_exceptions_day"), "calendar_exceptions", ["day"], unique=False)
    op.create_table(
        "delivery_schedules",
        sa.Column("delivery_schedule_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("customer_id", ShortText, nullable=True),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("window_start", sa.Time(), nullable=False),
        sa.Column("window_end", sa.Time(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=True),
        sa.Column("effective_to", sa.Date(), nullable=True),
        sa.Column("row_hash", ShortText, nullable=False),
        sa.Column("loaded_at", Instant, nullable=False),
        sa.Column("load_id", ShortText, nullable=False),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_delivery_schedules_weekday")),
        sa.CheckConstraint("window_start < window_end", name=op.f("ck_delivery_schedules_window")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer_master.customer_id"], name=op.f("fk_delivery_schedules_customer_id")
        ),
        sa.PrimaryKeyConstraint("delivery_schedule_id", name=op.f("pk_delivery_schedules")),
    )
    op.create_index(op.f("ix_delivery_schedules_customer_id"), "delivery_schedules", ["customer_id"], unique=False)
    op.create_table(
        "order_master",
        sa.Column("order_id", ShortText, nullable=False),
        sa.Column("source_system", ShortText, nullable=False),
        sa.Column("source_order_id", ShortText, nullable=False),
        sa.Column("customer_id", ShortText, nullable=False),
        sa.Column("order_type", ShortText, nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("product_family", ShortText, nullable=False),
        sa.Column("quantity", Quantity, nullable=False),
        sa.Column("delivered_quantity", Quantity, server_default="0", nullable=False),
        sa.Column("ordered_at", Instant, nullable=False),
        sa.Column("requested_date", sa.Date(), nullable=False),
        sa.Column("promised_date", sa.Date(), nullable=True),
        sa.Column("release_date", sa.Date(), nullable=True),
        sa.Column("status", ShortText, nullable=False),
        sa.Column("scheduled_delivery_date", sa.Date(), nullable=True),
        sa.Column("unscheduled_reason", Text, nullable=True),
        sa.Column("shipped_at", Instant, nullable=True),
        sa.Column("delivered_at", Instant, nullable=True),
        sa.Column("source_updated_at", Instant, nullable=True),
        sa.Column("row_hash", ShortText, nullable=False),
        sa.Column("loaded_at", Instant, nullable=False),
        sa.Column("load_id", ShortText, nullable=False),
        sa.CheckConstraint("priority >= 1", name=op.f("ck_order_master_priority")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_order_master_quantity")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer_master.customer_id"], name=op.f("fk_order_master_customer_id")
        ),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_order_master")),
        sa.UniqueConstraint(
            "source_system", "source_order_id", name=op.f("uq_order_master_source_system_source_order_id")
        ),
    )
    op.create_index(op.f("ix_order_master_customer_id"), "order_master", ["customer_id"], unique=False)
    op.create_index("ix_order_master_ordered_at", "order_master", ["ordered_at"], unique=False)
    op.create_index("ix_order_master_status_customer_id", "order_master", ["status", "customer_id"], unique=False)
    op.create_table(
        "routing_steps",
        sa.Column("routing_id", ShortText, nullable=False),
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("resource_id", ShortText, nullable=False),
        sa.Column("setup_hours", Hours, nullable=False),
        sa.Column("hours_per_unit", Rate, nullable=False),
        sa.Column("offset_days", sa.Integer(), nullable=False),
        sa.Column("anchor", ShortText, nullable=False),
        sa.Column("max_hours_per_day", Hours, nullable=True),
        sa.ForeignKeyConstraint(["resource_id"], ["resources.resource_id"], name=op.f("fk_routing_steps_resource_id")),
        sa.ForeignKeyConstraint(["routing_id"], ["routings.routing_id"], name=op.f("fk_routing_steps_routing_id")),
        sa.PrimaryKeyConstraint("routing_id", "sequence", name=op.f("pk_routing_steps")),
    )
    op.create_table(
        "schedule_loads",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("order_id", ShortText, nullable=False),
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("resource_id", ShortText, nullable=False),
        sa.Column("bucket_date", sa.Date(), nullable=False),
        sa.Column("hours", Hours, nullable=False),
        sa.ForeignKeyConstraint(["version"], ["schedule_versions.version"], name=op.f("fk_schedule_loads_version")),
        sa.PrimaryKeyConstraint(
            "version", "order_id", "sequence", "resource_id", "bucket_date", name=op.f("pk_schedule_loads")
        ),
    )
    op.create_index("ix_schedule_loads_version_bucket_date", "schedule_loads", ["version", "bucket_date"], unique=False)
    op.create_table(
        "master_schedule",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("order_id", ShortText, nullable=False),
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("customer_id", ShortText, nullable=False),
        sa.Column("routing", ShortText, nullable=False),
        sa.Column("completion_date", sa.Date(), nullable=False),
        sa.Column("delivery_date", sa.Date(), nullable=False),
        sa.Column("window_start", sa.Time(), nullable=False),
        sa.Column("window_end", sa.Time(), nullable=False),
        sa.Column("quantity", Quantity, nullable=False),
        sa.Column("frozen", sa.Boolean(), nullable=False),
        sa.Column("tardiness_days", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["order_master.order_id"], name=op.f("fk_master_schedule_order_id")),
        sa.ForeignKeyConstraint(["version"], ["schedule_versions.version"], name=op.f("fk_master_schedule_version")),
        sa.PrimaryKeyConstraint("version", "order_id", "sequence", name=op.f("pk_master_schedule")),
    )
    op.create_index(
        "ix_master_schedule_version_delivery_date", "master_schedule", ["version", "delivery_date"], unique=False
    )
    op.create_table(
        "unscheduled_orders",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("order_id", ShortText, nullable=False),
        sa.Column("quantity", Quantity, nullable=False),
        sa.Column("reason", Text, nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["order_master.order_id"], name=op.f("fk_unscheduled_orders_order_id")),
        sa.ForeignKeyConstraint(["version"], ["schedule_versions.version"], name=op.f("fk_unscheduled_orders_version")),
        sa.PrimaryKeyConstraint("version", "order_id", name=op.f("pk_unscheduled_orders")),
    )


def downgrade() -> None:
    op.drop_table("unscheduled_orders")
    op.drop_index("ix_master_schedule_version_delivery_date", table_name="master_schedule")
    op.drop_table("master_schedule")
    op.drop_index("ix_schedule_loads_version_bucket_date", table_name="schedule_loads")
    op.drop_table("schedule_loads")
    op.drop_table("routing_steps")
    op.drop_index("ix_order_master_status_customer_id", table_name="order_master")
    op.drop_index("ix_order_master_ordered_at", table_name="order_master")
    op.drop_index(op.f("ix_order_master_customer_id"), table_name="order_master")
    op.drop_table("order_master")
    op.drop_index(op.f("ix_delivery_schedules_customer_id"), table_name="delivery_schedules")
    op.drop_table("delivery_schedules")
    op.drop_index(op.f("ix_calendar_exceptions_day"), table_name="calendar_exceptions")
    op.drop_table("calendar_exceptions")
    op.drop_table("weekly_capacity_plan")
    op.drop_table("sync_state")
    op.drop_index("ix_staging_windows_load_id_customer_id", table_name="staging_windows")
    op.drop_table("staging_windows")
    op.drop_index("ix_staging_orders_load_id_source_order_id", table_name="staging_orders")
    op.drop_table("staging_orders")
    op.drop_index("ix_staging_customers_load_id_customer_id", table_name="staging_customers")
    op.drop_table("staging_customers")
    op.drop_index(
        "ux_schedule_versions_published",
        table_name="schedule_versions",
        sqlite_where=sa.text("status = 'published'"),
        postgresql_where=sa.text("status = 'published'"),
        mssql_where=sa.text("status = 'published'"),
    )
    op.drop_table("schedule_versions")
    op.drop_index("ix_schedule_history_schedule_version", table_name="schedule_history")
    op.drop_index("ix_schedule_history_order_id_changed_at", table_name="schedule_history")
    op.drop_table("schedule_history")
    op.drop_index(op.f("ix_routings_product_family"), table_name="routings")
    op.drop_table("routings")
    op.drop_table("resources")
    op.drop_index("ix_record_history_table_name_row_key", table_name="record_history")
    op.drop_table("record_history")
    op.drop_index("ix_quotes_status_expires_at", table_name="quotes")
    op.drop_table("quotes")
    op.drop_index(op.f("ix_quarantine_load_id"), table_name="quarantine")
    op.drop_index("ix_quarantine_dataset_source_row_key", table_name="quarantine")
    op.drop_table("quarantine")
    op.drop_index(op.f("ix_quality_results_load_id"), table_name="quality_results")
    op.drop_table("quality_results")
    op.drop_index(op.f("ix_order_source_records_order_id"), table_name="order_source_records")
    op.drop_table("order_source_records")
    op.drop_index(op.f("ix_order_conflicts_order_id"), table_name="order_conflicts")
    op.drop_table("order_conflicts")
    op.drop_index("ix_notification_outbox_status_due_at", table_name="notification_outbox")
    op.drop_table("notification_outbox")
    op.drop_index("ix_loads_dataset_staged_at", table_name="loads")
    op.drop_table("loads")
    op.drop_table("kpi_snapshots")
    op.drop_index("ix_inbox_events_status_due_at", table_name="inbox_events")
    op.drop_table("inbox_events")
    op.drop_table("customer_master")
    op.drop_index("ix_capacity_planning_bucket_date", table_name="capacity_planning")
    op.drop_table("capacity_planning")
