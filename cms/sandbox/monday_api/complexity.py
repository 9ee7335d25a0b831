"""What a query costs: five points for every object that it may have to fetch, more for what it changes.

The real accounting is not published to the point. This one grows the same way, with page size and with the number of
columns, so that a client which pages, waits and retries by the numbers it is told works with either.
"""

from collections.abc import Mapping, Sized
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    value_from_ast_untyped,
)

POINTS_PER_OBJECT = 5
_MUTATION_POINTS = {"create_item": 10_000, "complexity": 0}
_OTHER_MUTATION_POINTS = 2_000
_DEFAULT_LIMIT = 25


def query_cost(
    document: DocumentNode, operation: OperationDefinitionNode, variables: Mapping[str, Any], columns: int
) -> int:
    """Complexity points of an operation.

    Parameters
    ----------
    columns : int
        How many column values an item has where the query does not choose.
    """
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    meter = _Meter(fragments, variables, columns)
    cost = meter.cost(operation.selection_set, _DEFAULT_LIMIT)
    if operation.operation.value == "mutation":
        for node in operation.selection_set.selections:
            if isinstance(node, FieldNode):
                cost += _MUTATION_POINTS.get(node.name.value, _OTHER_MUTATION_POINTS)
    return max(1, cost)


class _Meter:
    def __init__(
        self, fragments: Mapping[str, FragmentDefinitionNode], variables: Mapping[str, Any], columns: int
    ) -> None:
        self._fragments = fragments
        self._variables = variables
        self._columns = columns

    def cost(self, selection: SelectionSetNode, page_limit: int) -> int:
        """Points of a selection; `page_limit` is the limit of the page it stands in."""
        total = 0
        for node in selection.selections:
            if isinstance(node, FragmentSpreadNode):
                total += self.cost(self._fragments[node.name.value].selection_set, page_limit)
            elif isinstance(node, InlineFragmentNode):
                total += self.cost(node.selection_set, page_limit)
            elif isinstance(node, FieldNode) and node.selection_set:
                total += self._field_cost(node, node.selection_set, page_limit)
        return total

    def _field_cost(self, node: FieldNode, selection: SelectionSetNode, page_limit: int) -> int:
        limit = self._limit(node)
        name = node.name.value
        if name in ("items_page", "next_items_page"):
            return POINTS_PER_OBJECT + self.cost(selection, limit)
        many = {"boards": limit, "items": page_limit, "column_values": self._columns, "activity_logs": limit}
        count = self._ids(node) or many.get(name, 1)
        return count * (POINTS_PER_OBJECT + self.cost(selection, page_limit))

    def _limit(self, node: FieldNode) -> int:
        value = self._argument(node, "limit")
        return value if isinstance(value, int) and value > 0 else _DEFAULT_LIMIT

    def _ids(self, node: FieldNode) -> int:
        """How many ids are asked for; 0 where none are named."""
        value = self._argument(node, "ids")
        return len(value) if isinstance(value, Sized) and not isinstance(value, str) else int(value is not None)

    def _argument(self, node: FieldNode, name: str) -> Any:
        for given in node.arguments or ():
            if given.name.value == name:
                return value_from_ast_untyped(given.value, dict(self._variables))
        return None
