"""Every table of the warehouse, once, for its three engines."""

from typing import Any

import sqlalchemy as sa

from cms.warehouse.column_types import Figure, Hours, Instant, Money, Quantity, Rate, ShortText, Text

SCHEMA = "cms"
"""Schema of every table on SQL Server and PostgreSQL; SQLite has none."""

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _loaded() -> list[sa.Column[Any]]:
    return [sa.Column("loaded_at", Instant, nullable=False), sa.Column("load_id", ShortText, nullable=False)]


def _staged() -> list[sa.Column[Any]]:
    """What every staging table carries: its load, the row's place in it, what could not be read, the row as it came.

    `outcome` is empty for a row that may be merged; else it says why not: ``quarantined``, ``duplicate`` or ``stale``.
    """
    return [
        sa.Column("load_id", ShortText, primary_key=True),
        sa.Column("row_number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("problems", Text),
        sa.Column("raw", Text, nullable=False),
        sa.Column("row_hash", ShortText, nullable=False),
        sa.Column("outcome", ShortText),
    ]


# --- the five that the business named -------------------------------------------------------------------------

customer_master = sa.Table(
    "customer_master",
    metadata,
    sa.Column("customer_id", ShortText, primary_key=True),
    sa.Column("source_system", ShortText, nullable=False),
    sa.Column("source_item_id", ShortText),
    sa.Column("name", ShortText, nullable=False),
    sa.Column("status", ShortText, nullable=False),
    sa.Column("priority", sa.Integer, nullable=False),
    sa.Column("time_zone", ShortText, nullable=False),
    sa.Column("transit_days", sa.Integer, nullable=False),
    sa.Column("max_early_days", sa.Integer, nullable=False),
    sa.Column("allows_split", sa.Boolean, nullable=False),
    sa.Column("contact_email", ShortText),
    sa.Column("contact_phone", ShortText),
    sa.Column("preferred_channel", ShortText, nullable=False),
    sa.Column("rollout_cohort", ShortText, nullable=False),
    sa.Column("source_updated_at", Instant),
    sa.Column("deactivated_at", Instant),
    sa.Column("row_hash", ShortText, nullable=False),
    *_loaded(),
    sa.CheckConstraint("status IN ('active', 'inactive')", name="status"),
    sa.CheckConstraint("priority >= 1", name="priority"),
)

delivery_schedules = sa.Table(
    "delivery_schedules",
    metadata,
    sa.Column("delivery_schedule_id", sa.Integer, sa.Identity(), primary_key=True),
    sa.Column("customer_id", ShortText, sa.ForeignKey(customer_master.c.customer_id), index=True),
    sa.Column("weekday", sa.Integer, nullable=False),
    sa.Column("window_start", sa.Time, nullable=False),
    sa.Column("window_end", sa.Time, nullable=False),
    sa.Column("effective_from", sa.Date),
    sa.Column("effective_to", sa.Date),
    sa.Column("row_hash", ShortText, nullable=False),
    *_loaded(),
    sa.CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
    sa.CheckConstraint("window_start < window_end", name="window"),
)

order_master = sa.Table(
    "order_master",
    metadata,
    sa.Column("order_id", ShortText, primary_key=True),
    sa.Column("source_system", ShortText, nullable=False),
    sa.Column("source_order_id", ShortText, nullable=False),
    sa.Column("customer_id", ShortText, sa.ForeignKey(customer_master.c.customer_id), nullable=False, index=True),
    sa.Column("order_type", ShortText, nullable=False),
    sa.Column("priority", sa.Integer, nullable=False),
    sa.Column("product_family", ShortText, nullable=False),
    sa.Column("quantity", Quantity, nullable=False),
    sa.Column("delivered_quantity", Quantity, nullable=False, server_default="0"),
    sa.Column("ordered_at", Instant, nullable=False),
    sa.Column("requested_date", sa.Date, nullable=False),
    sa.Column("promised_date", sa.Date),
    sa.Column("release_date", sa.Date),
    sa.Column("status", ShortText, nullable=False),
    sa.Column("scheduled_delivery_date", sa.Date),
    sa.Column("unscheduled_reason", Text),
    sa.Column("shipped_at", Instant),
    sa.Column("delivered_at", Instant),
    sa.Column("source_updated_at", Instant),
    sa.Column("row_hash", ShortText, nullable=False),
    *_loaded(),
    # what an order was when its sources dropped it, and is again once one of them has it back
    sa.Column("status_before_removal", ShortText),
    sa.UniqueConstraint("source_system", "source_order_id"),
    sa.Index("ix_order_master_status_customer_id", "status", "customer_id"),
    sa.Index("ix_order_master_ordered_at", "ordered_at"),
    sa.CheckConstraint("quantity > 0", name="quantity"),
    sa.CheckConstraint("priority >= 1", name="priority"),
)

capacity_planning = sa.Table(
    "capacity_planning",
    metadata,
    sa.Column("resource_id", ShortText, primary_key=True),
    sa.Column("bucket_date", sa.Date, primary_key=True),
    sa.Column("regular_hours", Hours, nullable=False),
    sa.Column("overtime_hours", Hours, nullable=False),
    sa.Column("maintenance_hours", Hours, nullable=False),
    sa.Column("committed_hours", Hours, nullable=False),
    sa.Column("committed_overtime_hours", Hours, nullable=False),
    sa.Column("price_per_hour", Money, nullable=False, server_default="0"),
    sa.Column("schedule_version", sa.Integer, nullable=False),
    sa.Column("reserved_hours", Hours, nullable=False, server_default="0"),
    sa.Index("ix_capacity_planning_bucket_date", "bucket_date"),
)

schedule_history = sa.Table(
    "schedule_history",
    metadata,
    sa.Column("history_id", sa.Integer, sa.Identity(), primary_key=True),
    sa.Column("changed_at", Instant, nullable=False),
    sa.Column("schedule_version", sa.Integer, nullable=False),
    sa.Column("order_id", ShortText, nullable=False),
    sa.Column("change_type", ShortText, nullable=False),
    sa.Column("old_delivery_date", sa.Date),
    sa.Column("new_delivery_date", sa.Date),
    sa.Column("old_quantity", Quantity),
    sa.Column("new_quantity", Quantity),
    sa.Column("reason_code", ShortText, nullable=False),
    sa.Column("detail", Text),
    sa.Column("actor", ShortText, nullable=False),
    sa.Index("ix_schedule_history_order_id_changed_at", "order_id", "changed_at"),
    sa.Index("ix_schedule_history_schedule_version", "schedule_version"),
)

# --- schedules ------------------------------------------------------------------------------------------------

schedule_versions = sa.Table(
    "schedule_versions",
    metadata,
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("status", ShortText, nullable=False),
    sa.Column("as_of", sa.Date, nullable=False),
    sa.Column("solve_status", ShortText, nullable=False),
    sa.Column("tiers", Text, nullable=False),
    sa.Column("fingerprint", ShortText, nullable=False, server_default=""),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("published_at", Instant),
    sa.Column("replaced_version", sa.Integer),
    sa.Column("reason_code", ShortText, nullable=False),
    sa.Column("actor", ShortText, nullable=False),
    sa.Column("checked_at", Instant),
    sa.Column("findings", Text),
    sa.CheckConstraint("status IN ('draft', 'published', 'superseded', 'rolled_back')", name="status"),
    # one published version at most: a filtered unique index on every engine
    sa.Index(
        "ux_schedule_versions_published",
        "status",
        unique=True,
        sqlite_where=sa.text("status = 'published'"),
        postgresql_where=sa.text("status = 'published'"),
        mssql_where=sa.text("status = 'published'"),
    ),
)

master_schedule = sa.Table(
    "master_schedule",
    metadata,
    sa.Column("version", sa.Integer, sa.ForeignKey(schedule_versions.c.version), primary_key=True, autoincrement=False),
    sa.Column("order_id", ShortText, sa.ForeignKey(order_master.c.order_id), primary_key=True),
    sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("customer_id", ShortText, nullable=False),
    sa.Column("routing", ShortText, nullable=False),
    sa.Column("completion_date", sa.Date, nullable=False),
    sa.Column("delivery_date", sa.Date, nullable=False),
    sa.Column("window_start", sa.Time, nullable=False),
    sa.Column("window_end", sa.Time, nullable=False),
    sa.Column("quantity", Quantity, nullable=False),
    sa.Column("frozen", sa.Boolean, nullable=False),
    sa.Column("tardiness_days", sa.Integer, nullable=False),
    sa.Index("ix_master_schedule_version_delivery_date", "version", "delivery_date"),
    # an order's own rows, and the check that it has none left when it is archived
    sa.Index("ix_master_schedule_order_id", "order_id"),
)

unscheduled_orders = sa.Table(
    "unscheduled_orders",
    metadata,
    sa.Column("version", sa.Integer, sa.ForeignKey(schedule_versions.c.version), primary_key=True, autoincrement=False),
    sa.Column("order_id", ShortText, sa.ForeignKey(order_master.c.order_id), primary_key=True),
    sa.Column("quantity", Quantity, nullable=False),
    sa.Column("reason", Text, nullable=False),
    sa.Index("ix_unscheduled_orders_order_id", "order_id"),
)

schedule_loads = sa.Table(
    "schedule_loads",
    metadata,
    sa.Column("version", sa.Integer, sa.ForeignKey(schedule_versions.c.version), primary_key=True, autoincrement=False),
    sa.Column("order_id", ShortText, primary_key=True),
    sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("resource_id", ShortText, primary_key=True),
    sa.Column("bucket_date", sa.Date, primary_key=True),
    sa.Column("hours", Hours, nullable=False),
    sa.Index("ix_schedule_loads_version_bucket_date", "version", "bucket_date"),
)

# --- the plant ------------------------------------------------------------------------------------------------

resources = sa.Table(
    "resources",
    metadata,
    sa.Column("resource_id", ShortText, primary_key=True),
    sa.Column("name", ShortText, nullable=False),
    sa.Column("regular_hours", Hours, nullable=False),
    sa.Column("overtime_hours", Hours, nullable=False),
    sa.Column("overtime_cost_per_hour", Money, nullable=False),
    sa.Column("working_weekdays", ShortText, nullable=False),
    *_loaded(),
)

routings = sa.Table(
    "routings",
    metadata,
    sa.Column("routing_id", ShortText, primary_key=True),
    sa.Column("product_family", ShortText, nullable=False, index=True),
    sa.Column("cost", Money, nullable=False),
    *_loaded(),
)

routing_steps = sa.Table(
    "routing_steps",
    metadata,
    sa.Column("routing_id", ShortText, sa.ForeignKey(routings.c.routing_id), primary_key=True),
    sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("resource_id", ShortText, sa.ForeignKey(resources.c.resource_id), nullable=False),
    sa.Column("setup_hours", Hours, nullable=False),
    sa.Column("hours_per_unit", Rate, nullable=False),
    sa.Column("offset_days", sa.Integer, nullable=False),
    sa.Column("anchor", ShortText, nullable=False),
    sa.Column("max_hours_per_day", Hours),
)

calendar_exceptions = sa.Table(
    "calendar_exceptions",
    metadata,
    sa.Column("exception_id", sa.Integer, sa.Identity(), primary_key=True),
    sa.Column("day", sa.Date, nullable=False, index=True),
    sa.Column("kind", ShortText, nullable=False),
    sa.Column("resource_id", ShortText, sa.ForeignKey(resources.c.resource_id)),
    sa.Column("customer_id", ShortText),
    sa.Column("hours", Hours, nullable=False),
    sa.Column("reason", Text),
    sa.Column("entered_by", ShortText, nullable=False),
    sa.Column("withdrawn_at", Instant),
    *_loaded(),
    sa.CheckConstraint("kind IN ('holiday', 'maintenance', 'overtime', 'blackout')", name="kind"),
)

weekly_capacity_plan = sa.Table(
    "weekly_capacity_plan",
    metadata,
    sa.Column("as_of", sa.Date, primary_key=True),
    sa.Column("resource_id", ShortText, primary_key=True),
    sa.Column("week_start", sa.Date, primary_key=True),
    sa.Column("regular_hours", Hours, nullable=False),
    sa.Column("overtime_hours", Hours, nullable=False),
    sa.Column("committed_hours", Hours, nullable=False),
    sa.Column("expected_hours", Hours, nullable=False),
    sa.Column("planned_at", Instant, nullable=False),
)

# --- loads, their gates, and what they keep -------------------------------------------------------------------

loads = sa.Table(
    "loads",
    metadata,
    sa.Column("load_id", ShortText, primary_key=True),
    sa.Column("dataset", ShortText, nullable=False),
    sa.Column("source", ShortText, nullable=False),
    sa.Column("status", ShortText, nullable=False),
    sa.Column("staged_at", Instant, nullable=False),
    sa.Column("finished_at", Instant),
    sa.Column("row_count", sa.Integer, nullable=False),
    sa.Column("inserted", sa.Integer, nullable=False, server_default="0"),
    sa.Column("updated", sa.Integer, nullable=False, server_default="0"),
    sa.Column("unchanged", sa.Integer, nullable=False, server_default="0"),
    sa.Column("stale", sa.Integer, nullable=False, server_default="0"),
    sa.Column("removed", sa.Integer, nullable=False, server_default="0"),
    sa.Column("quarantined", sa.Integer, nullable=False, server_default="0"),
    sa.Column("refusals", Text),
    sa.CheckConstraint("status IN ('staging', 'staged', 'merged', 'refused', 'rejected', 'abandoned')", name="status"),
    sa.Index("ix_loads_dataset_staged_at", "dataset", "staged_at"),
)

staging_customers = sa.Table(
    "staging_customers",
    metadata,
    *_staged(),
    sa.Column("customer_id", ShortText),
    sa.Column("source_item_id", ShortText),
    sa.Column("name", ShortText),
    sa.Column("status", ShortText),
    sa.Column("priority", sa.Integer),
    sa.Column("time_zone", ShortText),
    sa.Column("transit_days", sa.Integer),
    sa.Column("max_early_days", sa.Integer),
    sa.Column("allows_split", sa.Boolean),
    sa.Column("contact_email", ShortText),
    sa.Column("contact_phone", ShortText),
    sa.Column("preferred_channel", ShortText),
    sa.Column("rollout_cohort", ShortText),
    sa.Column("source_updated_at", Instant),
    sa.Column("blackout_dates", Text),
    sa.Index("ix_staging_customers_load_id_customer_id", "load_id", "customer_id"),
    sqlite_with_rowid=False,
)

staging_windows = sa.Table(
    "staging_windows",
    metadata,
    *_staged(),
    sa.Column("customer_id", ShortText),
    sa.Column("weekday", sa.Integer),
    sa.Column("window_start", sa.Time),
    sa.Column("window_end", sa.Time),
    sa.Column("effective_from", sa.Date),
    sa.Column("effective_to", sa.Date),
    sa.Column("source_updated_at", Instant),
    sa.Index("ix_staging_windows_load_id_customer_id", "load_id", "customer_id"),
    sqlite_with_rowid=False,
)

staging_orders = sa.Table(
    "staging_orders",
    metadata,
    *_staged(),
    sa.Column("order_id", ShortText),
    sa.Column("source_order_id", ShortText),
    sa.Column("customer_id", ShortText),
    sa.Column("order_type", ShortText),
    sa.Column("priority", sa.Integer),
    sa.Column("product_family", ShortText),
    sa.Column("quantity", Quantity),
    sa.Column("delivered_quantity", Quantity),
    sa.Column("ordered_at", Instant),
    sa.Column("requested_date", sa.Date),
    sa.Column("promised_date", sa.Date),
    sa.Column("release_date", sa.Date),
    sa.Column("status", ShortText),
    sa.Column("shipped_at", Instant),
    sa.Column("delivered_at", Instant),
    sa.Column("source_updated_at", Instant),
    sa.Index("ix_staging_orders_load_id_source_order_id", "load_id", "source_order_id"),
    sqlite_with_rowid=False,
)

order_source_records = sa.Table(
    "order_source_records",
    metadata,
    sa.Column("source_system", ShortText, primary_key=True),
    sa.Column("source_order_id", ShortText, primary_key=True),
    sa.Column("order_id", ShortText, nullable=False, index=True),
    sa.Column("customer_id", ShortText),
    sa.Column("order_type", ShortText),
    sa.Column("priority", sa.Integer),
    sa.Column("product_family", ShortText),
    sa.Column("quantity", Quantity),
    sa.Column("delivered_quantity", Quantity),
    sa.Column("ordered_at", Instant),
    sa.Column("requested_date", sa.Date),
    sa.Column("promised_date", sa.Date),
    sa.Column("release_date", sa.Date),
    sa.Column("status", ShortText),
    sa.Column("shipped_at", Instant),
    sa.Column("delivered_at", Instant),
    sa.Column("source_updated_at", Instant),
    sa.Column("removed_at", Instant),
    sa.Column("row_hash", ShortText, nullable=False),
    *_loaded(),
)

order_conflicts = sa.Table(
    "order_conflicts",
    metadata,
    sa.Column("conflict_id", sa.Integer, sa.Identity(), primary_key=True),
    sa.Column("order_id", ShortText, nullable=False, index=True),
    sa.Column("field", ShortText, nullable=False),
    sa.Column("chosen_source", ShortText, nullable=False),
    sa.Column("chosen_value", Text),
    sa.Column("other_source", ShortText, nullable=False),
    sa.Column("other_value", Text),
    sa.Column("found_at", Instant, nullable=False),
)

quarantine = sa.Table(
    "quarantine",
    metadata,
    sa.Column("quarantine_id", sa.Integer, sa.Identity(), primary_key=True),
    sa.Column("load_id", ShortText, nullable=False, index=True),
    sa.Column("dataset", ShortText, nullable=False),
    sa.Column("source", ShortText, nullable=False),
    sa.Column("row_number", sa.Integer, nullable=False),
    sa.Column("row_key", ShortText),
    sa.Column("expectation", ShortText, nullable=False),
    sa.Column("column_name", ShortText),
    sa.Column("value", Text),
    sa.Column("reason", Text, nullable=False),
    sa.Column("raw", Text, nullable=False),
    sa.Column("staged_values", Text, nullable=False),
    sa.Column("row_hash", ShortText, nullable=False),
    sa.Column("status", ShortText, nullable=False),
    sa.Column("quarantined_at", Instant, nullable=False),
    sa.Column("decided_at", Instant),
    sa.Column("decided_by", ShortText),
    sa.CheckConstraint("status IN ('waiting', 'released', 'rejected', 'resolved')", name="status"),
    sa.Index("ix_quarantine_dataset_source_row_key", "dataset", "source", "row_key"),
)

quality_results = sa.Table(
    "quality_results",
    metadata,
    sa.Column("result_id", sa.Integer, sa.Identity(), primary_key=True),
    sa.Column("load_id", ShortText, nullable=False, index=True),
    sa.Column("dataset", ShortText, nullable=False),
    sa.Column("expectation", ShortText, nullable=False),
    sa.Column("column_name", ShortText),
    sa.Column("severity", ShortText, nullable=False),
    sa.Column("success", sa.Boolean, nullable=False),
    sa.Column("unexpected_count", sa.Integer, nullable=False),
    sa.Column("observed", Text),
    sa.Column("consequence", Text),
    sa.Column("checked_at", Instant, nullable=False),
)

sync_state = sa.Table(
    "sync_state",
    metadata,
    sa.Column("dataset", ShortText, primary_key=True),
    sa.Column("source", ShortText, primary_key=True),
    sa.Column("watermark", ShortText),
    sa.Column("synced_at", Instant, nullable=False),
    sa.Column("load_id", ShortText),
)

record_history = sa.Table(
    "record_history",
    metadata,
    sa.Column("history_id", sa.Integer, sa.Identity(), primary_key=True),
    sa.Column("changed_at", Instant, nullable=False),
    sa.Column("table_name", ShortText, nullable=False),
    sa.Column("row_key", ShortText, nullable=False),
    sa.Column("change_type", ShortText, nullable=False),
    sa.Column("old_values", Text),
    sa.Column("new_values", Text),
    sa.Column("actor", ShortText, nullable=False),
    sa.Index("ix_record_history_table_name_row_key", "table_name", "row_key"),
)

# --- events, notices, quotes, figures -------------------------------------------------------------------------

inbox_events = sa.Table(
    "inbox_events",
    metadata,
    sa.Column("event_id", sa.Integer, sa.Identity(), primary_key=True),
    sa.Column("deduplication_key", ShortText, nullable=False, unique=True),
    sa.Column("source", ShortText, nullable=False),
    sa.Column("kind", ShortText, nullable=False),
    sa.Column("subject_id", ShortText),
    sa.Column("payload", Text, nullable=False),
    sa.Column("received_at", Instant, nullable=False),
    sa.Column("status", ShortText, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("due_at", Instant, nullable=False),
    sa.Column("claimed_by", ShortText),
    sa.Column("claimed_until", Instant),
    sa.Column("processed_at", Instant),
    sa.Column("error", Text),
    sa.CheckConstraint("status IN ('waiting', 'done', 'dead')", name="status"),
    sa.Index("ix_inbox_events_status_due_at", "status", "due_at"),
)

notification_outbox = sa.Table(
    "notification_outbox",
    metadata,
    sa.Column("outbox_id", sa.Integer, sa.Identity(), primary_key=True),
    sa.Column("deduplication_key", ShortText, nullable=False, unique=True),
    sa.Column("kind", ShortText, nullable=False),
    sa.Column("channel", ShortText, nullable=False),
    sa.Column("recipient", ShortText, nullable=False),
    sa.Column("order_id", ShortText),
    sa.Column("customer_id", ShortText),
    sa.Column("facts", Text, nullable=False),
    sa.Column("status", ShortText, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("queued_at", Instant, nullable=False),
    sa.Column("due_at", Instant, nullable=False),
    sa.Column("claimed_by", ShortText),
    sa.Column("claimed_until", Instant),
    sa.Column("sent_at", Instant),
    sa.Column("error", Text),
    sa.Column("schedule_version", sa.Integer),
    sa.CheckConstraint("status IN ('queued', 'sent', 'dead', 'withheld')", name="status"),
    sa.Index("ix_notification_outbox_status_due_at", "status", "due_at"),
)

board_writes = sa.Table(
    "board_writes",
    metadata,
    sa.Column("board_id", ShortText, primary_key=True),
    sa.Column("item_id", ShortText, primary_key=True),
    sa.Column("written_values", Text, nullable=False),
    sa.Column("written_at", Instant, nullable=False),
)

quotes = sa.Table(
    "quotes",
    metadata,
    sa.Column("quote_id", ShortText, primary_key=True),
    sa.Column("customer_id", ShortText, nullable=False),
    sa.Column("order_id", ShortText),
    sa.Column("product_family", ShortText, nullable=False),
    sa.Column("quantity", Quantity, nullable=False),
    sa.Column("routing", ShortText, nullable=False),
    sa.Column("completion_date", sa.Date, nullable=False),
    sa.Column("delivery_date", sa.Date, nullable=False),
    sa.Column("cost", Money, nullable=False),
    sa.Column("capacity_price", Money, nullable=False),
    sa.Column("loads", Text, nullable=False),
    sa.Column("status", ShortText, nullable=False),
    sa.Column("quoted_at", Instant, nullable=False),
    sa.Column("expires_at", Instant),
    sa.Column("actor", ShortText, nullable=False),
    sa.CheckConstraint("status IN ('quoted', 'reserved', 'confirmed', 'cancelled', 'expired')", name="status"),
    sa.Index("ix_quotes_status_expires_at", "status", "expires_at"),
)

kpi_snapshots = sa.Table(
    "kpi_snapshots",
    metadata,
    sa.Column("name", ShortText, primary_key=True),
    sa.Column("schedule_version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("as_of", sa.Date, nullable=False),
    sa.Column("value", Figure, nullable=False),
    sa.Column("recorded_at", Instant, nullable=False),
)

# --- what was archived: the catalog of the files that hold it ------------------------------------------------

archives = sa.Table(
    "archives",
    metadata,
    sa.Column("archive_id", ShortText, primary_key=True),
    sa.Column("kind", ShortText, nullable=False),
    sa.Column("cutoff", sa.Date, nullable=False),
    sa.Column("archived_at", Instant, nullable=False),
    sa.Column("row_count", sa.Integer, nullable=False),
    sa.Column("checksum", ShortText, nullable=False),
    sa.CheckConstraint("kind IN ('orders', 'versions', 'days')", name="kind"),
)

archived_orders = sa.Table(
    "archived_orders",
    metadata,
    sa.Column("order_id", ShortText, primary_key=True),
    sa.Column("customer_id", ShortText, nullable=False, index=True),
    sa.Column("ordered_at", Instant, nullable=False, index=True),
    sa.Column("archive_id", ShortText, sa.ForeignKey(archives.c.archive_id), nullable=False, index=True),
)

archived_records = sa.Table(
    "archived_records",
    metadata,
    sa.Column("source_system", ShortText, primary_key=True),
    sa.Column("source_order_id", ShortText, primary_key=True),
    sa.Column("archive_id", ShortText, sa.ForeignKey(archives.c.archive_id), nullable=False),
)

# --- simulations ----------------------------------------------------------------------------------------------

simulation_studies = sa.Table(
    "simulation_studies",
    metadata,
    sa.Column("study_id", ShortText, primary_key=True),
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
    sa.Index("ix_simulation_studies_recorded_at", "recorded_at"),
)

simulation_results = sa.Table(
    "simulation_results",
    metadata,
    sa.Column("study_id", ShortText, sa.ForeignKey(simulation_studies.c.study_id), primary_key=True),
    sa.Column("measure", ShortText, primary_key=True),
    sa.Column("mean", Figure, nullable=False),
    sa.Column("half_width", Figure),
    sa.Column("level", Figure, nullable=False),
    sa.Column("replications", sa.Integer, nullable=False),
)

rollout_phases = sa.Table(
    "rollout_phases",
    metadata,
    sa.Column("change_id", sa.Integer, sa.Identity(), primary_key=True),
    sa.Column("phase", ShortText, nullable=False),
    sa.Column("reason", Text),
    sa.Column("changed_at", Instant, nullable=False),
    sa.Column("actor", ShortText, nullable=False),
    sa.CheckConstraint("phase IN ('pilot', 'tracking', 'scheduling', 'all')", name="phase"),
)
