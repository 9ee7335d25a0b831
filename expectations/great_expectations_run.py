"""Runs a suite with Great Expectations on rows of the warehouse, where they are."""

import logging
import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import Any

import sqlalchemy as sa

from cms.domain.errors import WarehouseError
from expectations.findings import Findings
from expectations.rules import Suite, TableSuite


def import_great_expectations() -> ModuleType:
    """The module with our expectation classes; the first import takes seconds.

    Returns
    -------
    module
        ``expectations.business_expectations``.
    """
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        # what the library's own imports are told to replace is no news to our users
        warnings.simplefilter("ignore")
        import expectations.business_expectations as module
    # this module of the library sets a level of its own, and would tell of its temporary folder wherever logs are shown
    logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.NOTSET)
    return module


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchOf:
    """Which rows are a batch: those of a table with one value in a column, or all of them.

    Parameters
    ----------
    column : str
        Empty: the whole table.
    """

    table: sa.Table
    column: str = ""
    value: str | int = ""


class GreatExpectationsRun:
    """One Great Expectations context over the warehouse, used for every batch of a process.

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
        self, suite: Suite | TableSuite, batch: BatchOf, check: Callable[[sa.Connection], Findings]
    ) -> tuple[Findings, dict[str, Any]]:
        """Validate one batch.

        Parameters
        ----------
        check : callable
            Finds what the suite's rules say about the batch.

        Returns
        -------
        Findings, dict
            What the rules found, and the validation result in its JSON form.

        Raises
        ------
        WarehouseError
            The rows could not be read.
        """
        module = import_great_expectations()
        kept: list[Findings] = []

        def check_once(connection: sa.Connection) -> Findings:
            kept.append(check(connection))
            return kept[0]

        token = module.current_check.set(check_once)
        try:
            result = self._validate(module, suite, batch)
        finally:
            module.current_check.reset(token)
        _raise_what_went_wrong(result)
        return kept[0], result.to_json_dict()

    def _validate(self, module: ModuleType, suite: Suite | TableSuite, batch_of: BatchOf) -> Any:
        from great_expectations.validator.v1_validator import Validator

        datasource = self._datasource
        execution_engine = _borrowed_execution_engine(self._engine)
        # a fresh one for each batch: the library keeps every batch that it has seen in its execution engine
        datasource._execution_engine = execution_engine  # noqa: SLF001 - the library has no public way
        parameters = {batch_of.column: batch_of.value} if batch_of.column else None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                # a batch validates itself by making one of these, which looks for the batch once more among all rows
                validator = Validator(self._batch_definition(batch_of), "COMPLETE", parameters)
                return validator.validate_expectation_suite(self._suite(module, suite))
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

    def _batch_definition(self, batch_of: BatchOf) -> Any:
        name = batch_of.table.name
        if name not in self._batches:
            from great_expectations.core.partitioners import PartitionerColumnValue

            query = sa.select(sa.text("*")).select_from(batch_of.table)
            asset = self._datasource.add_query_asset(name, query=_compiled(query, self._engine))
            partitioner = PartitionerColumnValue(column_name=batch_of.column) if batch_of.column else None
            self._batches[name] = asset.add_batch_definition(
                "one batch", partitioner=partitioner, validate_partitioner=False
            )
        return self._batches[name]

    def _suite(self, module: ModuleType, suite: Suite | TableSuite) -> Any:
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
                raise WarehouseError(f"the rows could not be checked: {info.get('exception_message')}")


def _exceptions(info: dict[str, Any]) -> list[dict[str, Any]]:
    return [info] if "raised_exception" in info else list(info.values())
