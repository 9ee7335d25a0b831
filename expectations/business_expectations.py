"""Every rule as a Great Expectations class with the business's own name, and the one metric that they all read.

Importing this module imports Great Expectations, which takes seconds: `expectations.great_expectations_run` does it.
"""

import re
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any, ClassVar

import sqlalchemy as sa
from great_expectations.core import ExpectationSuite
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.expectation import BatchExpectation, render_suite_parameter_string
from great_expectations.expectations.metrics.metric_provider import MetricProvider, metric_value
from great_expectations.render import LegacyDiagnosticRendererType, LegacyRendererType
from great_expectations.render.components import RenderedStringTemplateContent, RenderedTableContent
from great_expectations.render.renderer.renderer import renderer

from expectations.findings import Finding, Findings
from expectations.rules import RowRule, Rule, Suite, TableRule, TableSuite
from expectations.suites import all_suites

FINDINGS_METRIC = "staged_rows.findings"

current_check: ContextVar[Callable[[sa.Connection], Findings]] = ContextVar("current_check")
"""How the metric checks the batch that is being validated: set by the run, since a metric gets only JSON."""


class StagedRowsFindings(MetricProvider):
    """What all rules of the suite find in the batch, in two passes; every expectation of the suite shares it."""

    metric_name = FINDINGS_METRIC
    domain_keys = ("batch_id", "table")
    value_keys = ()

    @metric_value(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(
        cls,  # noqa: N805 - the decorator makes it a class method
        execution_engine: SqlAlchemyExecutionEngine,
        metric_domain_kwargs: dict[str, Any],  # noqa: ARG002 - given by name
        metric_value_kwargs: dict[str, Any],  # noqa: ARG002
        metrics: dict[str, Any],  # noqa: ARG002
        runtime_configuration: dict[str, Any],  # noqa: ARG002
    ) -> Mapping[str, Finding]:
        with execution_engine.engine.connect() as connection:
            return current_check.get()(connection).by_name()


class RuleExpectation(BatchExpectation):
    """An expectation that holds as long as its rule finds nothing; a subclass for each rule carries the name."""

    metric_dependencies: ClassVar[tuple[str, ...]] = (FINDINGS_METRIC,)
    rule: ClassVar[Rule]

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,  # noqa: ARG002 - given by name
        execution_engine: Any = None,  # noqa: ARG002
    ) -> dict[str, Any]:
        finding: Finding | None = metrics[FINDINGS_METRIC].get(self.rule.name)
        if finding is None:
            return {"success": True, "result": {"observed_value": "accepted by a steward"}}
        return {"success": finding.count == 0, "result": _result_of(finding)}

    @classmethod
    @renderer(renderer_type=LegacyRendererType.PRESCRIPTIVE)
    @render_suite_parameter_string
    def _prescriptive_renderer(
        cls,
        configuration: Any = None,  # noqa: ARG003 - given by name
        result: Any = None,  # noqa: ARG003
        runtime_configuration: Any = None,  # noqa: ARG003
        **_kwargs: Any,
    ) -> list[RenderedStringTemplateContent]:
        rule = cls.rule
        return [
            _sentence("$name $severity", name=rule.name, severity=rule.severity.value),
            _sentence("$description", description=rule.description),
            _sentence("If not: $consequence", consequence=rule.consequence),
        ]

    @classmethod
    @renderer(renderer_type=LegacyDiagnosticRendererType.OBSERVED_VALUE)
    def _diagnostic_observed_value_renderer(
        cls,
        configuration: Any = None,  # noqa: ARG003 - given by name
        result: Any = None,
        runtime_configuration: Any = None,  # noqa: ARG003
        **_kwargs: Any,
    ) -> str:
        return str(result.result.get("observed_value", "--")) if result else "--"

    @classmethod
    @renderer(renderer_type=LegacyDiagnosticRendererType.UNEXPECTED_STATEMENT)
    def _diagnostic_unexpected_statement_renderer(
        cls,
        configuration: Any = None,  # noqa: ARG003 - given by name
        result: Any = None,
        runtime_configuration: Any = None,  # noqa: ARG003
        **_kwargs: Any,
    ) -> list[RenderedStringTemplateContent]:
        return [] if result is None or result.success else [_sentence("Remedy: $remedy", remedy=cls.rule.remedy)]

    @classmethod
    @renderer(renderer_type=LegacyDiagnosticRendererType.UNEXPECTED_TABLE)
    def _diagnostic_unexpected_table_renderer(
        cls,
        configuration: Any = None,  # noqa: ARG003 - given by name
        result: Any = None,
        runtime_configuration: Any = None,  # noqa: ARG003
        **_kwargs: Any,
    ) -> list[RenderedTableContent] | None:
        examples = [] if result is None else result.result.get("unexpected_index_list", [])
        if not examples:
            return None
        # a reason quotes the source's data: as a parameter it is escaped, as a plain cell it would be markup
        rows = [[row["row_number"], _sentence("$reason", reason=row["reason"])] for row in examples]
        return [
            RenderedTableContent(
                content_block_type="table",
                table=rows,
                header_row=["Row", "Why"],
                styling={"body": {"classes": ["table-bordered", "table-sm", "mt-3"]}},
            )
        ]


def _result_of(finding: Finding) -> dict[str, Any]:
    if not isinstance(finding.rule, RowRule | TableRule):
        return {"observed_value": finding.sentence or "kept"}
    return {
        "observed_value": f"{finding.count} row(s)" if finding.count else "none",
        "unexpected_count": finding.count,
        "partial_unexpected_list": [failure.value for failure in finding.examples],
        "unexpected_index_list": [
            {"row_number": failure.row_number, "reason": failure.reason} for failure in finding.examples
        ],
    }


def _sentence(template: str, **params: str) -> RenderedStringTemplateContent:
    styling = {
        "name": {"classes": ["rule-name"]},
        "severity": {"classes": ["badge", f"severity-{params.get('severity')}"]},
    }
    return RenderedStringTemplateContent(
        content_block_type="string_template",
        string_template={
            "template": template,
            "params": params,
            "styling": {"params": {name: style for name, style in styling.items() if name in params}},
        },
    )


def expectation_class(suite: Suite | TableSuite, rule: Rule) -> type[RuleExpectation]:
    """The class of a rule: ``ExpectOfOrdersThatQuantityIsPlausible``."""
    return _CLASSES[suite.title, rule.name]


def expectation_suite(suite: Suite | TableSuite) -> ExpectationSuite:
    """A suite of rules as a suite of Great Expectations."""
    return ExpectationSuite(
        name=suite.title,
        expectations=[
            expectation_class(suite, rule)(
                severity=rule.severity.value,
                notes=f"{rule.consequence} {rule.remedy}",
                meta={"name": rule.name, "column": rule.column},
            )
            for rule in suite.rules
        ],
    )


def _make_class(suite: Suite | TableSuite, rule: Rule) -> type[RuleExpectation]:
    name = "ExpectOf" + _camel(f"{suite.title} that {rule.name}")
    return type(name, (RuleExpectation,), {"__doc__": rule.description, "__module__": __name__, "rule": rule})


def _camel(sentence: str) -> str:
    return "".join(word.capitalize() for word in re.findall(r"[A-Za-z0-9]+", sentence))


_CLASSES: Mapping[tuple[str, str], type[RuleExpectation]] = {
    (suite.title, rule.name): _make_class(suite, rule) for suite in all_suites() for rule in suite.rules
}
