"""Reads scenarios from TOML: every wrong key and value of a file is named at once."""

import dataclasses
import re
import tomllib
import types
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from difflib import get_close_matches
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

from cms.domain.errors import ConfigurationError, InvalidValueError, NotFoundError
from simulations.scenario import Scenario

LIBRARY = Path(__file__).parent / "scenarios"
_NAMES = {str: "a text", float: "a number", int: "a whole number", bool: "true or false", date: "a date"}
_WRONG = object()


def read_scenario(source: Path | str) -> Scenario:
    """The scenario of a TOML file, or of the library by its name (``peak_season``).

    Raises
    ------
    ConfigurationError
        Every wrong key and value, at once.
    NotFoundError
        There is no such file and no such name.
    """
    path = _path_of(source)
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError((f"{path}: cannot be read: {error.strerror}",)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError((f"{path}: is not valid TOML: {error}",)) from None
    return scenario_from(document | {"name": document.get("name", path.stem)}, place=str(path))


def library_names() -> tuple[str, ...]:
    """The scenarios that come with this package, in alphabetical order."""
    return tuple(sorted(path.stem for path in LIBRARY.glob("*.toml")))


def scenario_from(document: Mapping[str, Any], *, place: str = "scenario") -> Scenario:
    """The scenario of a parsed document.

    Raises
    ------
    ConfigurationError
        Every wrong key and value, at once.

    Examples
    --------
    >>> scenario_from({"name": "twice", "demand": {"factor": 2}}).demand.factor
    2.0
    """
    problems: list[str] = []
    found = _table(Scenario, document, "", problems)
    if problems or found is _WRONG:
        raise ConfigurationError(tuple(f"{place}: {problem}" for problem in problems))
    scenario: Scenario = found
    return scenario


def scenario_document(scenario: Any) -> dict[str, Any]:
    """A scenario, or a part of it, as plain data: what a file would say, without what is None."""
    return {
        name: _plain(value)
        for name in (one.name for one in dataclasses.fields(scenario))
        if (value := getattr(scenario, name)) is not None
    }


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return scenario_document(value)
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return dict(value) if isinstance(value, Mapping) else value


def _path_of(source: Path | str) -> Path:
    path = Path(source)
    if path.exists():
        return path
    named = LIBRARY / f"{source}.toml"
    if named.parent == LIBRARY and named.exists():
        return named
    raise NotFoundError("scenario", str(source), f"name a file, or one of: {', '.join(library_names())}")


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _table(kind: type, table: object, place: str, problems: list[str]) -> Any:
    if not isinstance(table, Mapping):
        problems.append(f"{place}: must be a table, found {table!r}")
        return _WRONG
    before = len(problems)
    hints = _hints(kind)
    problems += _unknown_keys(table, list(hints), place)
    problems += _missing_keys(kind, table, place)
    values = {
        key: _value(hints[key], value, _join(place, key), problems) for key, value in table.items() if key in hints
    }
    made = _made(kind, values, place, problems)
    return _WRONG if len(problems) > before else made


def _made(kind: type, values: Mapping[str, Any], place: str, problems: list[str]) -> Any:
    """What the values make; one that breaks a rule is named and left out, so that the next one is found as well."""
    usable = {key: _usable(value) for key, value in values.items() if value is not _WRONG}
    broken: list[str] = []
    while all(name in usable for name in _required(kind)):
        try:
            return kind(**usable)
        except InvalidValueError as error:
            field = re.split(r"[.\[]", error.field)[0]
            if field not in usable and broken:
                break
            problems.append(str(error.within(place) if place else error))
            broken.append(field)
            if usable.pop(field, None) is None:
                break
    return _WRONG


def _usable(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(one for one in value if one is not _WRONG)
    return {key: one for key, one in value.items() if one is not _WRONG} if isinstance(value, dict) else value


def _required(kind: type) -> list[str]:
    missing = dataclasses.MISSING
    return [one.name for one in dataclasses.fields(kind) if one.default is missing and one.default_factory is missing]


def _join(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key


def _unknown_keys(table: Mapping[str, Any], known: list[str], place: str) -> Iterator[str]:
    for key in table:
        if key not in known:
            near = get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
            yield f"{_join(place, key)}: no such key; {hint}"


def _missing_keys(kind: type, table: Mapping[str, Any], place: str) -> Iterator[str]:
    return (f"{_join(place, name)}: is missing" for name in _required(kind) if name not in table)


def _value(hint: Any, value: Any, place: str, problems: list[str]) -> Any:
    origin = get_origin(hint)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return _table(hint, value, place, problems)
    if origin is tuple:
        return _list(get_args(hint)[0], value, place, problems)
    if origin is not None and issubclass(_class_of(origin), Mapping):
        return _mapping(get_args(hint)[1], value, place, problems)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return _choice(hint, value, place, problems)
    kinds = (
        [kind for kind in get_args(hint) if kind is not types.NoneType]
        if origin in (Union, types.UnionType)
        else [hint]
    )
    for kind in kinds:
        if _is_of(value, kind):
            return float(value) if kind is float else value
    problems.append(f"{place}: must be {' or '.join(_NAMES[kind] for kind in kinds)}, found {value!r}")
    return _WRONG


def _class_of(origin: Any) -> type:
    return origin if isinstance(origin, type) else object


def _list(kind: Any, value: Any, place: str, problems: list[str]) -> Any:
    if not isinstance(value, list):
        written = f"written as [[{place}]]" if dataclasses.is_dataclass(kind) else "a list"
        problems.append(f"{place}: must be {written}, found {value!r}")
        return _WRONG
    return tuple(_value(kind, one, f"{place}[{index}]", problems) for index, one in enumerate(value))


def _mapping(kind: Any, value: Any, place: str, problems: list[str]) -> Any:
    if not isinstance(value, Mapping):
        problems.append(f"{place}: must be a table, found {value!r}")
        return _WRONG
    return {key: _value(kind, one, f"{place}.{key}", problems) for key, one in value.items()}


def _choice(kind: type[StrEnum], value: Any, place: str, problems: list[str]) -> Any:
    words = [one.value for one in kind]
    if value not in words:
        problems.append(f"{place}: must be one of {', '.join(words)}, found {value!r}")
        return _WRONG
    return kind(value)


def _is_of(value: object, kind: Any) -> bool:
    if isinstance(value, bool) or kind is bool:
        return isinstance(value, bool) and kind is bool
    if kind is date:
        return isinstance(value, date) and not isinstance(value, datetime)
    return isinstance(value, int | float) if kind is float else isinstance(value, kind)
