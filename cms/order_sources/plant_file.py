"""Reads a plant from a TOML file: resources, routings, calendar and default windows, every mistake named at once."""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, time
from pathlib import Path
from typing import Any, TypeVar

from cms.application.ports import Plant
from cms.domain.customers import DeliveryWindow
from cms.domain.errors import ConfigurationError, InvalidValueError
from cms.domain.resources import LoadAnchor, Resource, ResourceId, Routing, RoutingId, RoutingStep
from cms.domain.work_calendar import CalendarException, ExceptionKind
from cms.order_sources.file_problems import file_errors

_Made = TypeVar("_Made")
_RESOURCE_KEYS = {
    "resource_id": str,
    "name": str,
    "regular_hours": float,
    "overtime_hours": float,
    "overtime_cost_per_hour": float,
    "working_weekdays": list,
}
_ROUTING_KEYS = {"routing_id": str, "product_family": str, "cost": float, "steps": list}
_STEP_KEYS = {
    "resource_id": str,
    "setup_hours": float,
    "hours_per_unit": float,
    "offset_days": int,
    "anchor": str,
    "max_hours_per_day": float,
}
_CALENDAR_KEYS = {"day": date, "kind": str, "resource_id": str, "customer_id": str, "hours": float, "reason": str}
_WINDOW_KEYS = {"weekday": int, "start": str, "end": str}
_TABLES = ("resources", "routings", "calendar", "default_windows")
_NAMES = {str: "a text", float: "a number", int: "a whole number", list: "a list", date: "a date without quotes"}


def read_plant(path: Path) -> Plant:
    """The plant that a file describes.

    Raises
    ------
    ConfigurationError
        Every wrong key, value and name in the file, at once.
    SourceError
        The file cannot be opened.
    """
    reading = _Reading(document=_document(path))
    plant = reading.plant()
    reading.refuse_problems(path)
    return plant


def read_calendar(path: Path) -> tuple[CalendarException, ...]:
    """The exceptions from the working week that a file lists, in ``[[calendar]]`` tables as in a plant file.

    Raises
    ------
    ConfigurationError
        Every wrong key and value in the file, at once.
    SourceError
        The file cannot be opened.
    """
    reading = _Reading(document=_document(path))
    exceptions = reading.calendar()
    reading.refuse_problems(path)
    return exceptions


def _document(path: Path) -> Mapping[str, Any]:
    with file_errors(path):
        content = path.read_bytes()
    try:
        return tomllib.loads(content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError((f"{path}: is not valid TOML: {error}",), what="the file is") from None


@dataclass(kw_only=True)
class _Reading:
    """A plant file on its way to a plant, with the problems found so far."""

    document: Mapping[str, Any]
    problems: list[str] = field(default_factory=list)

    def refuse_problems(self, path: Path) -> None:
        if self.problems:
            raise ConfigurationError(tuple(f"{path}: {problem}" for problem in self.problems), what="the file is")

    def calendar(self) -> tuple[CalendarException, ...]:
        self.problems += [f"{key}: only [[calendar]] tables belong here" for key in self.document if key != "calendar"]
        exceptions = self._made("calendar", _CALENDAR_KEYS, {"day", "kind"}, _exception)
        if not exceptions and not self.problems:
            self.problems.append("calendar: must list at least one day")
        return tuple(exceptions)

    def plant(self) -> Plant:
        self.problems += [f"{key}: no such table" for key in self.document if key not in _TABLES]
        resources = self._made("resources", _RESOURCE_KEYS, {"resource_id", "regular_hours"}, _resource)
        routings = self._routings()
        exceptions = self._made("calendar", _CALENDAR_KEYS, {"day", "kind"}, _exception)
        windows = self._made("default_windows", _WINDOW_KEYS, {"weekday", "start", "end"}, _window)
        if not resources and not self.problems:
            self.problems.append("resources: must name at least one resource")
        self._check_names(resources, routings, exceptions)
        return Plant(
            resources=tuple(resources),
            routings=tuple(routings),
            exceptions=tuple(exceptions),
            default_windows=tuple(windows),
        )

    def _routings(self) -> list[Routing]:
        def routing(table: Mapping[str, Any], place: str) -> Routing:
            steps = list(self._each(table.get("steps", []), f"{place}.steps", _STEP_KEYS, {"resource_id"}, _step))
            return Routing(
                routing_id=RoutingId(table["routing_id"]),
                product_family=table["product_family"],
                cost=float(table.get("cost", 0.0)),
                steps=tuple(steps),
            )

        tables = self.document.get("routings", [])
        return list(self._each(tables, "routings", _ROUTING_KEYS, {"routing_id", "product_family", "steps"}, routing))

    def _made(
        self,
        name: str,
        keys: Mapping[str, type],
        required: set[str],
        make: Callable[[Mapping[str, Any]], _Made],
    ) -> list[_Made]:
        tables = self.document.get(name, [])
        return list(self._each(tables, name, keys, required, lambda table, _: make(table)))

    def _each(
        self,
        tables: Any,
        place: str,
        keys: Mapping[str, type],
        required: set[str],
        make: Callable[[Mapping[str, Any], str], _Made],
    ) -> Iterator[_Made]:
        """What each table of an array makes; a table with problems makes nothing."""
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            self.problems.append(f"{place}: must be written as [[{place}]]")
            return
        for index, table in enumerate(tables):
            here = f"{place}[{index}]"
            found = list(_key_problems(table, here, keys, required))
            self.problems += found
            if found:
                continue
            try:
                yield make(table, here)
            except InvalidValueError as error:
                self.problems.append(str(error.within(here)))

    def _check_names(
        self, resources: list[Resource], routings: list[Routing], exceptions: list[CalendarException]
    ) -> None:
        known = {resource.resource_id for resource in resources}
        self._check_unique("resources", "resource_id", [resource.resource_id for resource in resources])
        self._check_unique("routings", "routing_id", [routing.routing_id for routing in routings])
        named = [
            (f"routing {routing.routing_id!r}", step.resource_id) for routing in routings for step in routing.steps
        ]
        named += [(f"calendar day {e.day}", e.resource_id) for e in exceptions if e.resource_id is not None]
        unknown = dict.fromkeys((place, name) for place, name in named if name not in known)
        self.problems += [f"{place}: resource_id must name a resource, found {name!r}" for place, name in unknown]

    def _check_unique(self, place: str, key: str, names: list[Any]) -> None:
        twice = sorted({name for name in names if names.count(name) > 1})
        self.problems += [f"{place}: {key} {name!r} stands more than once" for name in twice]


def _key_problems(table: Mapping[str, Any], place: str, keys: Mapping[str, type], required: set[str]) -> Iterator[str]:
    for key in sorted(required - table.keys()):
        yield f"{place}.{key}: is missing"
    for key, value in table.items():
        if key not in keys:
            yield f"{place}.{key}: no such key; there are {', '.join(keys)}"
        elif not _is_of(value, keys[key]):
            yield f"{place}.{key}: must be {_NAMES[keys[key]]}, found {value!r}"


def _is_of(value: object, kind: type) -> bool:
    if isinstance(value, bool):
        return False
    if kind is date:
        return type(value) is date
    return isinstance(value, int | float) if kind is float else isinstance(value, kind)


def _resource(table: Mapping[str, Any]) -> Resource:
    weekdays = table.get("working_weekdays", [0, 1, 2, 3, 4])
    if not all(isinstance(day, int) and not isinstance(day, bool) for day in weekdays):
        raise InvalidValueError("working_weekdays", "must be whole numbers, 0 for Monday", weekdays)
    return Resource(
        resource_id=ResourceId(table["resource_id"]),
        name=table.get("name", table["resource_id"]),
        regular_hours=float(table["regular_hours"]),
        overtime_hours=float(table.get("overtime_hours", 0.0)),
        overtime_cost_per_hour=float(table.get("overtime_cost_per_hour", 0.0)),
        working_weekdays=frozenset(weekdays),
    )


def _step(table: Mapping[str, Any], _: str) -> RoutingStep:
    anchors = [anchor.value for anchor in LoadAnchor]
    if table.get("anchor", "completion") not in anchors:
        raise InvalidValueError("anchor", f"must be one of {', '.join(anchors)}", table["anchor"])
    return RoutingStep(
        resource_id=ResourceId(table["resource_id"]),
        setup_hours=float(table.get("setup_hours", 0.0)),
        hours_per_unit=float(table.get("hours_per_unit", 0.0)),
        offset_days=table.get("offset_days", 0),
        anchor=LoadAnchor(table.get("anchor", "completion")),
        max_hours_per_day=float(table.get("max_hours_per_day", "inf")),
    )


def _exception(table: Mapping[str, Any]) -> CalendarException:
    kinds = [kind.value for kind in ExceptionKind]
    if table["kind"] not in kinds:
        raise InvalidValueError("kind", f"must be one of {', '.join(kinds)}", table["kind"])
    resource_id = table.get("resource_id")
    return CalendarException(
        day=table["day"],
        kind=ExceptionKind(table["kind"]),
        resource_id=None if resource_id is None else ResourceId(resource_id),
        customer_id=table.get("customer_id"),
        hours=float(table.get("hours", 0.0)),
        reason=table.get("reason", ""),
    )


def _window(table: Mapping[str, Any]) -> DeliveryWindow:
    return DeliveryWindow(weekday=table["weekday"], start=_clock(table, "start"), end=_clock(table, "end"))


def _clock(table: Mapping[str, Any], key: str) -> time:
    try:
        moment = time.fromisoformat(table[key])
    except ValueError:
        raise InvalidValueError(key, "must be a time of day such as '08:00'", table[key]) from None
    if moment.tzinfo is not None:
        raise InvalidValueError(key, "must be a time of day without an offset", table[key])
    return moment
