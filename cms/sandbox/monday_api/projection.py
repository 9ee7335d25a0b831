"""Shows items as a query selects them: a selection is compiled once into functions that each item runs through.

A page holds thousands of column values. A general GraphQL executor visits each of their fields one by one, which is
several times slower than the network; the shape of an item is known, so its part of the query is compiled.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLIncludeDirective,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    GraphQLSkipDirective,
    InlineFragmentNode,
    SelectionSetNode,
    get_argument_values,
    get_directive_values,
)

from cms.sandbox.monday_api.account import MondayAccount
from cms.sandbox.monday_api.column_types import kind_of, text_of, value_of
from cms.sandbox.monday_api.errors import MondayError
from cms.sandbox.monday_api.model import Board, Column, Item, instant

Show = Callable[[Any], Any]
ShowValue = Callable[[Item, Any], Any]
"""Shows something of an item's column, given what is stored there."""

_ITEM_FIELDS: dict[str, Callable[[Item], Any]] = {
    "id": lambda item: item.id,
    "name": lambda item: item.name,
    "state": lambda item: item.state.value,
    "created_at": lambda item: instant(item.created_at),
    "updated_at": lambda item: instant(item.updated_at),
    "creator_id": lambda item: item.creator_id,
    "url": lambda item: f"https://sandbox.monday.example/boards/{item.board_id}/pulses/{item.id}",
}


def item_projection(
    info: GraphQLResolveInfo[Any], schema: GraphQLSchema, account: MondayAccount
) -> Callable[[Item], Any]:
    """How the field being resolved shows an item."""
    selection = [node.selection_set for node in info.field_nodes if node.selection_set]
    return _Compiler(info, schema, account).item(selection)


def stored_value(account: MondayAccount, item: Item, column: Column) -> Any:
    """What an item has in a column, computed for columns that hold nothing themselves."""
    if column.type == "last_updated":
        return {"updated_at": instant(item.updated_at), "updater_id": item.updater_id}
    stored = item.values.get(column.id)
    if column.type == "board_relation" and stored:
        return {**stored, "names": ", ".join(i.name for i in account.find_items(stored["item_ids"]))}
    if column.type == "mirror":
        return _mirrored(account, item, column)
    return stored


def _mirrored(account: MondayAccount, item: Item, column: Column) -> str:
    relation = item.values.get(column.settings["relation_column"]) or {"item_ids": []}
    shown = column.settings["displayed_column"]
    texts = []
    for linked in account.find_items(relation["item_ids"]):
        there = account.boards[linked.board_id].columns[shown]
        texts.append(text_of(there, linked.values.get(shown)) or "")
    return ", ".join(texts)


class _Compiler:
    def __init__(self, info: GraphQLResolveInfo[Any], schema: GraphQLSchema, account: MondayAccount) -> None:
        self._info = info
        self._schema = schema
        self._account = account

    def item(self, selections: Sequence[SelectionSetNode]) -> Show:
        parts: list[tuple[str, Callable[[Item], Any]]] = []
        for key, nodes in self.fields(selections, "Item").items():
            name, inner = nodes[0].name.value, _inner(nodes)
            if name == "__typename":
                parts.append((key, lambda _item: "Item"))
            elif name == "column_values":
                parts.append((key, self._column_values(nodes[0], inner)))
            elif name == "group":
                parts.append((key, self._group(inner)))
            elif name == "board":
                parts.append((key, self._board(inner)))
            else:
                parts.append((key, _ITEM_FIELDS[name]))
        return lambda item: {key: show(item) for key, show in parts}

    def _group(self, inner: list[SelectionSetNode]) -> Callable[[Item], Any]:
        show = self._plain(inner, "Group")
        return lambda item: show(self._account.group(item))

    def _board(self, inner: list[SelectionSetNode]) -> Callable[[Item], Any]:
        show = self._plain(inner, "Board")
        return lambda item: show(self._account.boards[item.board_id])

    def _column_values(self, node: FieldNode, inner: list[SelectionSetNode]) -> Callable[[Item], Any]:
        arguments = self._arguments("Item", node)
        compiled: dict[str, list[tuple[Column, ShowValue]]] = {}

        def show(item: Item) -> list[Any]:
            columns = compiled.get(item.board_id)
            if columns is None:
                board = self._account.boards[item.board_id]
                columns = [(column, self._column_value(column, inner)) for column in _chosen(board, arguments)]
                compiled[item.board_id] = columns
            return [one(item, stored_value(self._account, item, column)) for column, one in columns]

        return show

    def _column_value(self, column: Column, selections: Sequence[SelectionSetNode]) -> ShowValue:
        kind = kind_of(column)
        common: list[tuple[str, ShowValue]] = []
        own: list[tuple[str, str, Show]] = []
        for key, nodes in self.fields(selections, kind.graphql_type).items():
            name, inner = nodes[0].name.value, _inner(nodes)
            show = self._common_field(name, column, inner)
            if show is not None:
                common.append((key, show))
            else:
                own.append((key, name, _plain_list(self, inner)))
        if not own:
            return lambda item, stored: {key: show(item, stored) for key, show in common}

        def show_all(item: Item, stored: Any) -> dict[str, Any]:
            shown = {key: show(item, stored) for key, show in common}
            fields = kind.fields(column, stored)
            for key, name, project in own:
                shown[key] = project(fields.get(name))
            return shown

        return show_all

    def _common_field(self, name: str, column: Column, inner: list[SelectionSetNode]) -> ShowValue | None:
        """A field that every column value has, or None."""
        constants = {"id": column.id, "type": column.type, "__typename": kind_of(column).graphql_type}
        if name in constants:
            constant = constants[name]
            return lambda _item, _stored: constant
        if name == "text":
            return lambda _item, stored: text_of(column, stored)
        if name == "value":
            return lambda _item, stored: value_of(column, stored)
        if name == "column":
            shown = self._plain(inner, "Column")(column)
            return lambda _item, _stored: shown
        if name == "updated_at" and column.type != "last_updated":
            return lambda item, stored: None if stored is None else instant(item.updated_at)
        return None

    def _plain(self, selections: Sequence[SelectionSetNode], type_name: str) -> Show:
        """Show an object whose fields are its attributes."""
        parts = [
            (key, self._plain_part(nodes[0].name.value, _inner(nodes), type_name))
            for key, nodes in self.fields(selections, type_name).items()
        ]
        return lambda value: {key: show(value) for key, show in parts}

    def _plain_part(self, name: str, inner: list[SelectionSetNode], type_name: str) -> Show:
        if name == "__typename":
            return lambda _value: type_name
        if not inner:
            return lambda value: plain_field(value, name)
        if name not in _LISTED:
            raise MondayError(f"{type_name}.{name} is not served inside an item here", "unsupportedInSandbox")
        one = self._plain(inner, _LISTED[name])
        return lambda value: [one(element) for element in plain_field(value, name)]

    def fields(self, selections: Sequence[SelectionSetNode], type_name: str) -> dict[str, list[FieldNode]]:
        """Selected fields by response key, fragments resolved for one type."""
        found: dict[str, list[FieldNode]] = {}
        for selection in selections:
            for node in self._visit(selection, type_name):
                key = node.alias.value if node.alias else node.name.value
                found.setdefault(key, []).append(node)
        return found

    def _visit(self, selection: SelectionSetNode, type_name: str) -> Iterator[FieldNode]:
        for node in selection.selections:
            if not self._is_included(node):
                continue
            if isinstance(node, FieldNode):
                yield node
            elif isinstance(node, FragmentSpreadNode):
                fragment = self._info.fragments[node.name.value]
                if self._applies(fragment.type_condition.name.value, type_name):
                    yield from self._visit(fragment.selection_set, type_name)
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                if condition is None or self._applies(condition.name.value, type_name):
                    yield from self._visit(node.selection_set, type_name)

    def _applies(self, condition: str, type_name: str) -> bool:
        if condition == type_name:
            return True
        found = self._schema.type_map.get(type_name)
        return isinstance(found, GraphQLObjectType) and condition in [i.name for i in found.interfaces]

    def _is_included(self, node: Any) -> bool:
        skip = get_directive_values(GraphQLSkipDirective, node, self._info.variable_values)
        include = get_directive_values(GraphQLIncludeDirective, node, self._info.variable_values)
        return not (skip and skip["if"]) and not (include and not include["if"])

    def _arguments(self, type_name: str, node: FieldNode) -> dict[str, Any]:
        parent = self._schema.type_map[type_name]
        assert isinstance(parent, GraphQLObjectType)
        return get_argument_values(parent.fields[node.name.value], node, self._info.variable_values)


_LISTED = {"columns": "Column", "groups": "Group"}


def plain_field(value: Any, name: str) -> Any:
    """A field of a board, group or column in the API's form."""
    computed = _COMPUTED.get((type(value).__name__, name))
    if computed:
        return computed(value)
    found = value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)
    return found.value if isinstance(found, StrEnum) else found


def _column_settings(column: Column) -> str:
    return json.dumps(column.settings)


_COMPUTED: dict[tuple[str, str], Callable[[Any], Any]] = {
    ("Board", "board_kind"): lambda _board: "public",
    ("Board", "items_count"): lambda board: len(board.active_items),
    ("Board", "url"): lambda board: f"https://sandbox.monday.example/boards/{board.id}",
    ("Board", "updated_at"): lambda board: instant(max(i.updated_at for i in board.items.values())),
    ("Board", "columns"): lambda board: list(board.columns.values()),
    ("Board", "groups"): lambda board: list(board.groups.values()),
    ("Column", "settings_str"): _column_settings,
    ("Column", "settings"): lambda column: column.settings,
    ("Group", "position"): lambda _group: "65536.0",
    ("Group", "archived"): lambda _group: False,
    ("Group", "deleted"): lambda _group: False,
}


def _plain_list(compiler: _Compiler, inner: list[SelectionSetNode]) -> Show:
    """Leaves as they are; lists of small objects (labels, people) field by field."""
    if not inner:
        return lambda value: value
    names = [(key, nodes[0].name.value) for key, nodes in compiler.fields(inner, "").items()]
    return lambda values: None if values is None else [{key: v[name] for key, name in names} for v in values]


def _chosen(board: Board, arguments: Mapping[str, Any]) -> list[Column]:
    ids, types = arguments.get("ids"), arguments.get("types")
    return [
        column
        for column in board.columns.values()
        if not column.archived and (ids is None or column.id in ids) and (types is None or column.type in types)
    ]


def _inner(nodes: Sequence[FieldNode]) -> list[SelectionSetNode]:
    return [node.selection_set for node in nodes if node.selection_set]
