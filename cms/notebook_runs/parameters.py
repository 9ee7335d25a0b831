"""What a notebook can be asked: its parameters cell, read without running it, and other values for it."""

import ast
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from cms.domain.errors import InvalidValueError, NotFoundError

Value: TypeAlias = str | int | float | bool | list[Any]
_KINDS: Mapping[type, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list such as [1, 2]",
}
_WORDS = {"true": True, "false": False}


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameter:
    """A value that a notebook takes.

    Parameters
    ----------
    default : str, int, float, bool or list
        What holds where nothing else is said; its type is the parameter's.
    words : str
        What it means: the comment behind it.
    """

    name: str
    default: Value
    words: str = ""

    @property
    def kind(self) -> str:
        """The type, in words."""
        return _KINDS[type(self.default)]

    def parse(self, text: str) -> Value:
        """The value that a text means.

        Raises
        ------
        InvalidValueError
            It is of another type.
        """
        if isinstance(self.default, str):
            return text
        value = _literal(text)
        if isinstance(self.default, float) and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if type(value) is not type(self.default) or not self._is_like_default(value):
            raise InvalidValueError(self.name, f"must be {self.kind}", text)
        return value

    def _is_like_default(self, value: Value) -> bool:
        """Whether the entries of a list are of the kind of those of the default."""
        if not isinstance(value, list) or not isinstance(self.default, list):
            return True
        numbers = all(isinstance(one, int | float) for one in self.default)
        wanted: tuple[type, ...] = (int, float) if numbers else (str,)
        return bool(value) and all(isinstance(one, wanted) and not isinstance(one, bool) for one in value)


def read_parameters(source: str, place: str) -> tuple[Parameter, ...]:
    """The parameters of a cell: one ``name = value  # what it means`` a line.

    Raises
    ------
    InvalidValueError
        The cell holds anything else.

    Examples
    --------
    >>> (only,) = read_parameters("replications = 5  # how often each plan is tried", "a.ipynb")
    >>> only.name, only.default, only.words
    ('replications', 5, 'how often each plan is tried')
    """
    lines = source.splitlines()
    found = []
    try:
        statements = ast.parse(source).body
        for one in statements:
            name, value = _assignment(one)
            found.append(Parameter(name=name, default=value, words=_comment(lines[(one.end_lineno or 1) - 1])))
    except (SyntaxError, ValueError, TypeError) as error:
        raise InvalidValueError(f"{place}: parameters", "must be lines of name = value", str(error)) from None
    return tuple(found)


def parameter_values(parameters: Sequence[Parameter], assignments: Iterable[str]) -> dict[str, Value]:
    """The values of ``name=value`` texts; the last one of a name holds.

    Raises
    ------
    InvalidValueError
        A text is no assignment, or its value is of another type.
    NotFoundError
        There is no parameter of that name; the message names those that there are.
    """
    known = {one.name: one for one in parameters}
    values: dict[str, Value] = {}
    for text in assignments:
        name, equals, value = text.partition("=")
        if not equals:
            raise InvalidValueError("--parameter", "must be written name=value", text)
        if name.strip() not in known:
            raise NotFoundError("parameter", name.strip(), f"the notebook has: {', '.join(known) or 'none'}")
        values[name.strip()] = known[name.strip()].parse(value.strip())
    return values


def _assignment(statement: ast.stmt) -> tuple[str, Value]:
    if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
        raise ValueError(ast.unparse(statement))  # noqa: TRY004 - the caller names the place and the rule
    value = ast.literal_eval(statement.value)
    if type(value) not in _KINDS:
        raise ValueError(f"{ast.unparse(statement)}: must be {', '.join(_KINDS.values())}")
    return statement.targets[0].id, value


def _comment(line: str) -> str:
    found = re.search(r"\s#\s*(.*)$", line)
    return found.group(1).strip() if found else ""


def _literal(text: str) -> Any:
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
