"""The sandbox's schema is a part of monday.com's own: nothing in it is invented."""

import os
from pathlib import Path

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    is_required_argument,
    is_required_input_field,
    print_ast,
)

from cms.sandbox.monday_api.schema import public_schema

SHARED_DATA = Path(os.environ.get("CMS_SHARED_DATA", Path(__file__).parents[3].parent / "shared" / "data"))
OFFICIAL = SHARED_DATA / "monday" / "schema.graphql"
OUR_TYPES = sorted(name for name in public_schema().type_map if not name.startswith("__"))


@pytest.fixture(scope="module")
def official() -> GraphQLSchema:
    if not OFFICIAL.exists():
        pytest.skip(f"the official schema is not there: {OFFICIAL}")
    return build_schema(OFFICIAL.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", OUR_TYPES)
def test_every_type_is_a_part_of_the_official_one(name: str, official: GraphQLSchema) -> None:
    ours, theirs = public_schema().type_map[name], official.type_map.get(name)

    assert type(theirs) is type(ours)
    assert theirs is not None
    assert not list(_inventions(ours, theirs))


def test_an_invented_field_would_be_found(official: GraphQLSchema) -> None:
    invented = build_schema("type Query { me: User } type User { id: ID! shoe_size: Int }").type_map["User"]

    assert list(_inventions(invented, official.type_map["User"])) == ["shoe_size"]


def _inventions(ours: GraphQLNamedType, theirs: GraphQLNamedType) -> list[str]:
    """What ours has that theirs lacks or has otherwise, and what theirs demands that ours lacks."""
    if isinstance(ours, GraphQLEnumType) and isinstance(theirs, GraphQLEnumType):
        return [value for value in ours.values if value not in theirs.values]
    if isinstance(ours, GraphQLInputObjectType) and isinstance(theirs, GraphQLInputObjectType):
        wrong = [f for f, field in ours.fields.items() if f not in theirs.fields or _differs(field, theirs.fields[f])]
        return wrong + [
            f for f, field in theirs.fields.items() if is_required_input_field(field) and f not in ours.fields
        ]
    if isinstance(ours, GraphQLObjectType | GraphQLInterfaceType):
        assert isinstance(theirs, GraphQLObjectType | GraphQLInterfaceType)
        assert {i.name for i in ours.interfaces} <= {i.name for i in theirs.interfaces}
        return [f for f in ours.fields if f not in theirs.fields or _field_differs(f, ours, theirs)]
    return []


def _field_differs(
    name: str, ours: GraphQLObjectType | GraphQLInterfaceType, theirs: GraphQLObjectType | GraphQLInterfaceType
) -> bool:
    mine, official = ours.fields[name], theirs.fields[name]
    lacking = [a for a, arg in official.args.items() if is_required_argument(arg) and a not in mine.args]
    wrong = [a for a, arg in mine.args.items() if a not in official.args or _differs(arg, official.args[a])]
    return bool(lacking or wrong) or str(mine.type) != str(official.type)


def _differs(mine: GraphQLArgument | GraphQLInputField, official: GraphQLArgument | GraphQLInputField) -> bool:
    """Another type, or another default."""
    return (str(mine.type), _default(mine)) != (str(official.type), _default(official))


def _default(argument: GraphQLArgument | GraphQLInputField) -> str:
    node = argument.ast_node
    return print_ast(node.default_value) if node and node.default_value else ""
