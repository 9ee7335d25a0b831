"""Every text that is sent to monday.com fits its official schema."""

import os
from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    build_schema,
    parse,
    validate,
)

from cms.monday import queries
from cms.monday.queries import ALL, Operation
from cms.monday.webhooks import EVENTS

_DATA = Path(os.environ.get("CMS_SHARED_DATA", Path(__file__).parents[3].parent / "shared" / "data"))
_SCHEMA_FILE = _DATA / "monday" / "schema.graphql"


@pytest.fixture(scope="module")
def official_schema() -> GraphQLSchema:
    if not _SCHEMA_FILE.exists():
        pytest.skip(f"monday.com's schema is not at {_SCHEMA_FILE}; set CMS_SHARED_DATA")
    return build_schema(_SCHEMA_FILE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("operation", ALL, ids=lambda operation: operation.name)
def test_an_operation_is_valid_against_the_official_schema(
    operation: Operation, official_schema: GraphQLSchema
) -> None:
    errors = validate(official_schema, parse(operation.text))

    assert errors == []


@pytest.mark.parametrize("operation", ALL, ids=lambda operation: operation.name)
def test_an_operation_says_truly_whether_it_changes_anything(operation: Operation) -> None:
    definitions = [d for d in parse(operation.text).definitions if isinstance(d, OperationDefinitionNode)]

    assert [(d.name.value if d.name else "", d.operation is OperationType.MUTATION) for d in definitions] == [
        (operation.name, operation.changes)
    ]


def test_every_operation_of_the_module_is_among_those_that_are_checked() -> None:
    defined = {value.name for value in vars(queries).values() if isinstance(value, Operation)}

    assert defined == {operation.name for operation in ALL}


def test_the_events_that_webhooks_are_made_for_exist(official_schema: GraphQLSchema) -> None:
    kind = official_schema.type_map["WebhookEventType"]

    assert isinstance(kind, GraphQLEnumType)
    assert set(EVENTS) <= set(kind.values)
