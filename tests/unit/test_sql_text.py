"""No SQL text is built from values: everything that is executed as text is a constant, or compiled by SQLAlchemy."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("cms", "expectations", "simulations", "flows")
TAKE_TEXT = {"text", "literal_column", "exec_driver_sql", "execute", "executemany", "DDL", "read_sql"}
"""Calls whose first argument is SQL where it is a text."""
KNOWN = {
    ("cms/warehouse/engine.py", "'PRAGMA ' + pragma"): "constants of the module, one for each setting of SQLite",
    ("cms/warehouse/bulk.py", "str(statement)"): "an INSERT that SQLAlchemy compiled; its values are bound beside it",
    ("cms/order_sources/sql.py", "self.settings.query"): "the administrator's own query; its watermark is bound",
}
STARTS_LIKE_SQL = re.compile(r"^\s*(SELECT|INSERT|UPDATE|DELETE|MERGE|DROP|ALTER|CREATE|TRUNCATE|EXEC)\b[^:]*$")


def trees() -> Iterator[tuple[str, ast.Module]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8"))


def texts_that_are_built(tree: ast.Module) -> Iterator[str]:
    """First arguments of calls that take SQL, where they are put together at run time."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) in TAKE_TEXT and node.args and _is_built(node.args[0]):
            yield ast.unparse(node.args[0])


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _is_built(argument: ast.expr) -> bool:
    match argument:
        case ast.JoinedStr():
            return any(isinstance(part, ast.FormattedValue) for part in argument.values)
        case ast.BinOp(left=left, op=ast.Add() | ast.Mod(), right=right):
            return any(isinstance(side, ast.JoinedStr | ast.Constant | ast.BinOp) for side in (left, right))
        case ast.Call(func=ast.Attribute(attr="format" | "join" | "replace" | "format_map")):
            return True
        case ast.Call(func=ast.Name(id="str")):
            return True
        case ast.Attribute(attr="query"):
            return True
    return False


def test_what_is_executed_as_text_is_never_put_together_from_values() -> None:
    found = {(path, text) for path, tree in trees() for text in texts_that_are_built(tree)}

    assert found == set(KNOWN)


def test_no_text_with_a_value_in_it_starts_like_sql() -> None:
    found = [
        (path, ast.unparse(node))
        for path, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        and any(isinstance(part, ast.FormattedValue) for part in node.values)
        and isinstance(node.values[0], ast.Constant)
        and STARTS_LIKE_SQL.match(str(node.values[0].value))
    ]

    assert found == []


def test_the_search_finds_what_it_looks_for() -> None:
    wrong = """
connection.execute(text(f"SELECT * FROM orders WHERE id = '{order}'"))
connection.exec_driver_sql("DELETE FROM orders WHERE id = " + order)
cursor.execute("UPDATE orders SET name = '%s'" % name)
cursor.execute("SELECT {}".format(order))
"""
    assert len(list(texts_that_are_built(ast.parse(wrong)))) == 4
    assert STARTS_LIKE_SQL.match("DELETE FROM orders WHERE id = '")
