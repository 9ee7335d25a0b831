"""Runs a suite with Great Expectations on the staged rows of one load, where they are."""

import os
import warnings
from functools import cached_property
from types import ModuleType
from typing import Any

import sqlalchemy as sa

from cms.config import GateSettings
from cms.domain.errors import WarehouseError
from expectations.findings import Findings, find
from expectations.rules import Staged, Suite


def import_great_expectations() -> ModuleType:
    """The module with our expectation classes; the first import takes seconds.

    Returns
    -------
    module
        ``expectations.business_expectations``.
    """
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    with warnings.catch_warnings():
        # what the library's own imports are told to replace is no news to our users
        warnings.simplefilter("ignore")
        import expectations.business_expectations as module
    return module


class GreatExpectationsRun:
    """One Great Expectations context over the warehouse, used for every load of a process.

    Parameters
    ----------
    engine : sa.Engine
        The warehouse's own engine: its URL, with its password, never enters a context or a result.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._batches: dict[str, Any] = {}
        self._suites: dict[str, Any] = {}

    def run(
        self, suite: Suite, staged: Staged, settings: GateSettings, *, complete: bool
    ) -> tuple[Findings, dict[str, Any]]:
        """Validate the batch of one load.

        Returns
        -------
        Findings, dict
            What the rules found, and the validation result in its JSON form.

        Raises
        ------
        WarehouseError
            The staged rows could not be read.
        """
        module = import_great_expectations()
        kept: list[Findings] = []

        def check(connection: sa.Connection) -> Findings:
            kept.append(find(connection, suite, staged, settings, complete=complete))
            return kept[0]

        token = module.current_check.set(check)
        try:
            result = self._validate(module, suite, staged)
        finally:
            module.current_check.reset(token)
        _raise_what_went_wrong(result)
        return kept[0], result.to_json_dict()

    def _validate(self, module: ModuleType, suite: Suite, staged: Staged) -> Any:
        datasource = self._datasource
        execution_engine = _borrowed_execution_engine(self._engine)
        # a fresh one for each load: the library keeps every batch that it has seen in its execution engine
        datasource._execution_engine = execution_engine  # noqa: SLF001 - the library has no public way
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                batch = self._batch_definition(staged).get_batch(batch_parameters={"load_id": staged.load.load_id})
                return batch.validate(self._suite(module, suite), result_format="COMPLETE")
        finally:
            execution_engine.close()

    @cached_property
    def _datasource(self) -> Any:
        import great_expectations as gx
        from great_expectations.data_context.types.base import ProgressBarsConfig

        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
        self._context = context
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it advises a datasource for SQLite: the URL only holds the place
            datasource = context.data_sources.add_sql("warehouse", connection_string="sqlite://")
        placeholder = datasource.get_engine()
        datasource._engine = self._engine  # noqa: SLF001 - the library can only make engines from URLs
        datasource.get_execution_engine().close()
        placeholder.dispose()
        return datasource

    def _batch_definition(self, staged: Staged) -> Any:
        table = staged.rows
        if table.name not in self._batches:
            from great_expectations.core.partitioners import PartitionerColumnValue

            query = sa.select(sa.text("*")).select_from(table)
            asset = self._datasource.add_query_asset(table.name, query=_compiled(query, self._engine))
            self._batches[table.name] = asset.add_batch_definition(
                "one load", partitioner=PartitionerColumnValue(column_name="load_id"), validate_partitioner=False
            )
        return self._batches[table.name]

    def _suite(self, module: ModuleType, suite: Suite) -> Any:
        if suite.title not in self._suites:
            self._datasource  # noqa: B018 - suites belong to a context
            self._suites[suite.title] = self._context.suites.add(module.expectation_suite(suite))
        return self._suites[suite.title]


def _compiled(query: sa.Select[Any], engine: sa.Engine) -> str:
    schemas = engine.get_execution_options().get("schema_translate_map")
    compiled = query.compile(engine, schema_translate_map=schemas, render_schema_translate=bool(schemas))
    return str(compiled)


def _borrowed_execution_engine(engine: sa.Engine) -> Any:
    from great_expectations.execution_engine import SqlAlchemyExecutionEngine

    class BorrowedEngine(SqlAlchemyExecutionEngine):
        """An execution engine that gives back its connection and leaves the warehouse's engine open."""

        def close(self) -> None:
            connection: sa.Connection | None = self.__dict__.get("_connection")
            if connection is not None:
                connection.close()
                self._connection = None

    return BorrowedEngine(engine=engine, create_temp_table=False)


def _raise_what_went_wrong(result: Any) -> None:
    """The library turns an error into a failed expectation; an error of the warehouse is none of the data."""
    for expectation in result.results:
        for info in _exceptions(expectation.exception_info or {}):
            if info.get("raised_exception"):
                raise WarehouseError(f"the staged rows could not be checked: {info.get('exception_message')}")


def _exceptions(info: dict[str, Any]) -> list[dict[str, Any]]:
    return [info] if "raised_exception" in info else list(info.values())
