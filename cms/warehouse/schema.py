"""The schema of the warehouse: brings it up or down to a revision, and says what differs from what is needed."""

from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Engine
from sqlalchemy.engine.interfaces import ReflectedColumn, ReflectedIndex
from sqlalchemy.schema import CreateSchema

from cms.domain.errors import WarehouseError
from cms.warehouse.engine import allow_reading_of_one_state, in_transaction, reading, schema_of
from cms.warehouse.failures import masked_url
from cms.warehouse.tables import metadata

MIGRATIONS = Path(__file__).with_name("migrations")


def upgrade(engine: Engine, revision: str = "head") -> tuple[str | None, str | None]:
    """Bring the schema up to `revision`, data kept; all of it or nothing. Returns the revisions before and after.

    Raises
    ------
    WarehouseError
        The schema is newer than this program, or the warehouse cannot be changed.
    """
    allow_reading_of_one_state(engine)
    before = current_revision(engine)
    _refuse_a_newer_schema(engine, before)
    in_transaction(engine, lambda connection: _upgrade(connection, revision))
    return before, current_revision(engine)


def downgrade(engine: Engine, revision: str) -> tuple[str | None, str | None]:
    """Take the schema back to an earlier `revision` (``base``: empty). Returns the revisions before and after."""
    before = current_revision(engine)
    _refuse_a_newer_schema(engine, before)
    in_transaction(engine, lambda connection: command.downgrade(_config(connection), revision))
    return before, current_revision(engine)


def check(engine: Engine) -> list[str]:
    """What differs between the warehouse's schema and the one that this program needs; empty: nothing."""
    problem = _revision_problem(engine, current_revision(engine))
    if problem is not None:
        return [problem]
    with reading(engine) as connection:
        inspector, schema = sa.inspect(connection), schema_of(engine)
        columns = {name: found for (_, name), found in inspector.get_multi_columns(schema=schema).items()}
        indexes = {name: found for (_, name), found in inspector.get_multi_indexes(schema=schema).items()}
    problems = [f"table {name} is missing" for name in sorted(metadata.tables.keys() - columns.keys())]
    for name in sorted(metadata.tables.keys() & columns.keys()):
        table = metadata.tables[name]
        problems += [*_column_problems(table, columns[name]), *_index_problems(table, indexes.get(name, []))]
    return problems


def require_current_schema(engine: Engine) -> None:
    """Refuse to start on a schema that this program does not know.

    Raises
    ------
    WarehouseError
        The schema is missing, older (run ``cms db upgrade``) or newer (install the newer program).
    """
    problem = _revision_problem(engine, current_revision(engine))
    if problem is not None:
        raise WarehouseError(f"warehouse {masked_url(engine.url)}: {problem}")


def current_revision(engine: Engine) -> str | None:
    """The revision that the warehouse's schema is at; None: no schema yet."""
    with reading(engine) as connection:
        options = {"version_table_schema": schema_of(engine)}
        return MigrationContext.configure(connection, opts=options).get_current_revision()


def head_revision() -> str:
    """The revision that this program needs."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None, "the program comes with its revisions"
    return head


def known_revisions() -> frozenset[str]:
    """Every revision that this program can bring a schema to."""
    return frozenset(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


def _upgrade(connection: sa.Connection, revision: str) -> None:
    schema = schema_of(connection)
    if schema is not None and not sa.inspect(connection).has_schema(schema):
        connection.execute(CreateSchema(schema))
    command.upgrade(_config(connection), revision)


def _config(connection: sa.Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _refuse_a_newer_schema(engine: Engine, current: str | None) -> None:
    if current is not None and current not in known_revisions():
        raise WarehouseError(f"warehouse {masked_url(engine.url)}: {_newer(current)}")


def _revision_problem(_engine: Engine, current: str | None) -> str | None:
    head = head_revision()
    if current == head:
        return None
    if current is None:
        return "it has no schema yet; run: cms db upgrade"
    if current not in known_revisions():
        return _newer(current)
    return f"its schema is at revision {current}, this program needs {head}; run: cms db upgrade"


def _newer(current: str) -> str:
    return (
        f"its schema is at revision {current}, which is newer than this program (it knows up to {head_revision()}); "
        "install the program that made it"
    )


def _column_problems(table: sa.Table, found: Sequence[ReflectedColumn]) -> list[str]:
    present = {column["name"]: column for column in found}
    problems = [f"column {table.name}.{c.name} is missing" for c in table.columns if c.name not in present]
    problems += [
        f"column {table.name}.{name} is not known to this program"
        for name in sorted(present.keys() - {c.name for c in table.columns})
    ]
    for column in table.columns:
        one = present.get(column.name)
        if one is not None and not column.primary_key and one["nullable"] != column.nullable:
            wanted, has = _nullability(bool(column.nullable)), _nullability(one["nullable"])
            problems.append(f"column {table.name}.{column.name} is {has}, this program needs it {wanted}")
    return problems


def _index_problems(table: sa.Table, found: Sequence[ReflectedIndex]) -> list[str]:
    # by what it does, not by its name: a server may keep another one
    present = {(tuple(index["column_names"]), bool(index["unique"])) for index in found}
    return [
        f"index {index.name} of {table.name} is missing"
        for index in sorted(table.indexes, key=lambda index: str(index.name))
        if (tuple(index.columns.keys()), bool(index.unique)) not in present
    ]


def _nullability(nullable: bool) -> str:  # noqa: FBT001
    return "optional" if nullable else "required"
