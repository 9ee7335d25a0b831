"""Runs the revisions on the connection that `cms.warehouse.schema` hands over; there is no configuration file."""

from alembic import context

from cms.warehouse.engine import schema_of

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    version_table_schema=schema_of(connection),
    transaction_per_migration=False,
    transactional_ddl=False,
)
context.run_migrations()
