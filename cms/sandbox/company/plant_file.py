"""Writes the plant as the TOML file that `cms` imports: resources, routings, calendar, default windows."""

import json
from collections.abc import Iterable, Mapping
from datetime import date

from cms.domain.resources import Resource, Routing, RoutingStep
from cms.sandbox.company.plant import GeneratedPlant

Value = str | float | int | bool | list[int] | date


def write_plant_file(plant: GeneratedPlant, blackouts: Mapping[str, Iterable[date]]) -> str:
    """The plant as TOML text.

    Parameters
    ----------
    blackouts : mapping of str to dates
        Customer to the days on which it takes no delivery; they stand in the calendar beside holidays and maintenance.
    """
    parts = ["# Generated plant: resources, routings, calendar and default delivery windows.\n"]
    parts += [_table("resources", _resource(resource)) for resource in plant.resources]
    for routing in plant.routings:
        parts.append(_table("routings", _routing(routing)))
        parts += [_table("routings.steps", _step(step)) for step in routing.steps]
    parts += [
        _table(
            "calendar",
            {
                "day": exception.day,
                "kind": exception.kind.value,
                "resource_id": exception.resource_id,
                "hours": exception.hours or None,
                "reason": exception.reason or None,
            },
        )
        for exception in plant.exceptions
    ]
    parts += [
        _table("calendar", {"day": day, "kind": "blackout", "customer_id": customer_id})
        for customer_id, days in sorted(blackouts.items())
        for day in sorted(days)
    ]
    parts += [
        _table("default_windows", {"weekday": w.weekday, "start": f"{w.start:%H:%M}", "end": f"{w.end:%H:%M}"})
        for w in plant.default_windows
    ]
    return "\n".join(parts)


def _resource(resource: Resource) -> dict[str, Value | None]:
    return {
        "resource_id": resource.resource_id,
        "name": resource.name,
        "regular_hours": float(resource.regular_hours),
        "overtime_hours": float(resource.overtime_hours),
        "overtime_cost_per_hour": float(resource.overtime_cost_per_hour),
        "working_weekdays": sorted(resource.working_weekdays),
    }


def _routing(routing: Routing) -> dict[str, Value | None]:
    return {"routing_id": routing.routing_id, "product_family": routing.product_family, "cost": routing.cost}


def _step(step: RoutingStep) -> dict[str, Value | None]:
    return {
        "resource_id": step.resource_id,
        "setup_hours": step.setup_hours,
        "hours_per_unit": step.hours_per_unit,
        "offset_days": step.offset_days,
        "anchor": step.anchor.value,
        "max_hours_per_day": step.max_hours_per_day,
    }


def _table(name: str, values: Mapping[str, Value | None]) -> str:
    lines = [f"{key} = {_toml(value)}" for key, value in values.items() if value is not None]
    return "\n".join([f"[[{name}]]", *lines, ""])


def _toml(value: Value) -> str:
    # JSON's strings, numbers, booleans and arrays of numbers are TOML too.
    return value.isoformat() if isinstance(value, date) else json.dumps(value)
