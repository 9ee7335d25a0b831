"""The sandbox's schema twice: the public one that queries are checked against, and the one that they run on.

They differ in one thing. On the one that runs, an item is a leaf: its resolver has already shown it as the query
selects it (see ``projection``), so that the executor does not visit ten thousand column values one by one.
"""

from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    build_ast_schema,
    parse,
    validate,
)
from graphql.language import NamedTypeNode, NameNode, Visitor, visit

_SDL = files("cms.sandbox.monday_api") / "monday_schema.graphql"


@dataclass(frozen=True)
class CheckedQuery:
    """A query text, parsed and validated once; `errors` says why it cannot run."""

    document: DocumentNode | None
    errors: tuple[GraphQLError, ...]


@cache
def public_schema() -> GraphQLSchema:
    """The schema that clients see."""
    return build_ast_schema(parse(_SDL.read_text(encoding="utf-8")))


@cache
def running_schema() -> GraphQLSchema:
    """The schema that queries run on: every ``Item`` is a leaf."""
    document = visit(parse(_SDL.read_text(encoding="utf-8") + "\nscalar ShownItem\n"), _ItemsAsLeaves())
    return build_ast_schema(document)


@lru_cache(maxsize=256)
def check_query(text: str) -> CheckedQuery:
    """Parse and validate a query text."""
    try:
        document = parse(text)
    except GraphQLError as error:
        return CheckedQuery(None, (error,))
    return CheckedQuery(document, tuple(validate(public_schema(), document)))


class _ItemsAsLeaves(Visitor):
    def enter_named_type(self, node: NamedTypeNode, *_: object) -> NamedTypeNode | None:
        """Point every use of the item type to the leaf."""
        if node.name.value != "Item":
            return None
        return NamedTypeNode(name=NameNode(value="ShownItem"))
