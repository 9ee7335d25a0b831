"""How an answer depends on assumptions: a scenario run at every point of a grid."""

import copy
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from cms.domain.errors import InvalidValueError
from simulations.order_history import History
from simulations.scenario import Scenario
from simulations.scenario_file import scenario_document, scenario_from
from simulations.study import Progress, Study, no_progress, run_study


@dataclass(frozen=True, kw_only=True)
class GridPoint:
    """A point of the grid: the values that were set, and the study with them."""

    values: Mapping[str, Any]
    study: Study


def run_grid(
    scenario: Scenario,
    history: History,
    grid: Mapping[str, Sequence[Any]],
    *,
    replications: int | None = None,
    processes: int | None = None,
    folder: Path | None = None,
    progress: Progress = no_progress,
) -> tuple[GridPoint, ...]:
    """A study at every combination of the grid's values, under common random numbers.

    Parameters
    ----------
    grid : mapping of str to sequence
        Values by the key of the scenario file (``demand.factor``, ``planning.planning_time_fence_days``,
        ``plant.capacity.0.capacity_factor``).

    Raises
    ------
    ConfigurationError
        A key does not exist, or a value is impossible.
    """
    points = list(grid_scenarios(scenario, grid))
    return tuple(
        GridPoint(
            values=values,
            study=run_study(
                one,
                history,
                replications=replications,
                processes=processes,
                folder=folder,
                progress=progress,
            ),
        )
        for values, one in points
    )


def grid_scenarios(scenario: Scenario, grid: Mapping[str, Sequence[Any]]) -> Iterator[tuple[dict[str, Any], Scenario]]:
    """The scenario of every point, named after its values."""
    for combination in product(*grid.values()):
        values = dict(zip(grid, combination, strict=True))
        document = scenario_document(scenario)
        for key, value in values.items():
            document = _with_value(document, key.split("."), value, key)
        label = ", ".join(f"{key}={value}" for key, value in values.items())
        yield values, scenario_from(document | {"name": f"{scenario.name} ({label})"}, place=label)


def parse_grid(texts: Iterable[str]) -> dict[str, list[Any]]:
    """The values of each key, from texts like ``demand.factor=1,1.2``; values are read as TOML, bare words as texts.

    Raises
    ------
    InvalidValueError
        A text is not of this form, or a key comes twice.

    Examples
    --------
    >>> parse_grid(["demand.factor=1,1.2", "planning.priority_rule=class,due_date"])
    {'demand.factor': [1, 1.2], 'planning.priority_rule': ['class', 'due_date']}
    """
    found: dict[str, list[Any]] = {}
    for text in texts:
        key, equals, values = (part.strip() for part in text.partition("="))
        if not (key and equals and values):
            raise InvalidValueError("--set", "must have the form KEY=VALUE,VALUE", text)
        if key in found:
            raise InvalidValueError("--set", "must name each key once", key)
        found[key] = _parsed(values)
    return found


def _parsed(values: str) -> list[Any]:
    try:
        read: list[Any] = tomllib.loads(f"values = [{values}]")["values"]
    except tomllib.TOMLDecodeError:
        return [one.strip() for one in values.split(",")]
    return read


def _with_value(document: Mapping[str, Any], path: list[str], value: Any, key: str) -> dict[str, Any]:
    changed = copy.deepcopy(dict(document))
    place: Any = changed
    for name in path[:-1]:
        place = _inside(place, name, key)
    if isinstance(place, list):
        place[_index(place, path[-1], key)] = value
    else:
        place[path[-1]] = value
    return changed


def _inside(place: Any, name: str, key: str) -> Any:
    if isinstance(place, list):
        return place[_index(place, name, key)]
    if not isinstance(place, dict) or name not in place:
        raise InvalidValueError(key, "must be a key of the scenario", name)
    return place[name]


def _index(place: list[Any], name: str, key: str) -> int:
    if not name.isdecimal() or int(name) >= len(place):
        raise InvalidValueError(key, f"must name one of the {len(place)} entries, from 0", name)
    return int(name)
