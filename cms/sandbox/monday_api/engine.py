"""Runs a GraphQL request against the account: checks, cost, execution, and the answer's body."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    execute_sync,
    get_operation_ast,
    graphql_sync,
)

from cms.sandbox.monday_api.account import MondayAccount
from cms.sandbox.monday_api.complexity import query_cost
from cms.sandbox.monday_api.errors import MondayError
from cms.sandbox.monday_api.resolvers import QueryContext, resolve
from cms.sandbox.monday_api.schema import check_query, public_schema, running_schema


@dataclass(frozen=True)
class GraphQLRequest:
    """What a client sent.

    Parameters
    ----------
    text : str
        The query.
    """

    text: str
    variables: Mapping[str, Any]
    operation_name: str | None = None


@dataclass(frozen=True)
class Operation:
    """A checked request: the document, and the operation of it that is to run."""

    request: GraphQLRequest
    document: DocumentNode
    node: OperationDefinitionNode

    @property
    def kind(self) -> str:
        """``query`` or ``mutation``."""
        return self.node.operation.value

    @property
    def root_fields(self) -> tuple[str, ...]:
        """Names of the fields at the root."""
        return tuple(n.name.value for n in self.node.selection_set.selections if hasattr(n, "name"))

    def cost(self, account: MondayAccount) -> int:
        """Complexity points."""
        widest = max((len(board.columns) for board in account.boards.values()), default=1)
        return query_cost(self.document, self.node, self.request.variables, widest)


def check(request: GraphQLRequest) -> Operation:
    """Parse and validate.

    Raises
    ------
    MondayError
        With one code for the first thing wrong; the texts of all are in it.
    """
    checked = check_query(request.text)
    if checked.errors or checked.document is None:
        raise _refusal(checked.errors)
    node = get_operation_ast(checked.document, request.operation_name)
    if node is None:
        raise MondayError("the document does not name one operation to run", "operationNotFound")
    return Operation(request, checked.document, node)


def run(operation: Operation, context: QueryContext) -> dict[str, Any]:
    """Execute; the body holds data, and errors beside it where fields failed."""
    if any(name.startswith("__") for name in operation.root_fields):
        return _introspect(operation)
    with context.account.lock:
        result = execute_sync(
            running_schema(),
            operation.document,
            context_value=context,
            variable_values=dict(operation.request.variables),
            operation_name=operation.request.operation_name,
            field_resolver=resolve,
        )
    body: dict[str, Any] = {"data": result.data}
    if result.errors:
        body["errors"] = [_error(error) for error in result.errors]
    return body


def _introspect(operation: Operation) -> dict[str, Any]:
    result = graphql_sync(public_schema(), operation.request.text)
    return {"data": result.data}


def _refusal(errors: tuple[GraphQLError, ...]) -> MondayError:
    message = "; ".join(error.message for error in errors)
    if isinstance(errors[0], GraphQLSyntaxError):
        return MondayError(message, "parseError")
    if "Cannot query field" in message:
        return MondayError(message, "undefinedField")
    if "Unknown argument" in message:
        return MondayError(message, "argumentNotAccepted")
    return MondayError(message, "validationError")


def _error(error: GraphQLError) -> dict[str, Any]:
    cause = error.original_error
    shown: dict[str, Any] = {"message": error.message}
    if error.locations:
        shown["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    if error.path:
        shown["path"] = list(error.path)
    if isinstance(cause, MondayError):
        shown["extensions"] = cause.extensions
    elif cause is None or isinstance(cause, GraphQLError):
        shown["extensions"] = {"code": "argumentLiteralsIncompatible", "status_code": 200, "error_data": {}}
    else:
        raise cause
    return shown
