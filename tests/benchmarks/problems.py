"""Generated scheduling problems of any size with every feature on, as documents of `cms solve`.

Nothing of the engine is used here, so that a problem says the same to any solver. The same arguments give the same
document.
"""

import random
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, TypeAlias

AS_OF = date(2026, 1, 5)
FENCE_DAYS = 3
_RESOURCES = ("PRESS", "MILL", "OVEN", "PACK", "DOCK")
_Step: TypeAlias = tuple[str, float, int]
_FAMILIES: tuple[tuple[_Step, ...], ...] = (
    (("PRESS", 1.0, 0), ("PACK", 0.5, 0)),
    (("MILL", 1.2, 0), ("OVEN", 0.8, 0), ("PACK", 0.4, 0)),
    (("PRESS", 0.9, 1), ("OVEN", 1.1, 0)),
    (("MILL", 0.7, 2), ("PRESS", 0.6, 1), ("PACK", 0.6, 0)),
    (("OVEN", 1.5, 0), ("OVEN", 1.0, 1), ("PACK", 0.7, 0)),
    (("MILL", 1.3, 1), ("MILL", 1.3, 0)),
)


def a_problem(
    order_count: int,
    *,
    load: float = 0.92,
    seed: int = 1,
    horizon_days: int = 30,
    customer_count: int = 200,
    due: tuple[int, int] | None = None,
) -> dict[str, Any]:
    """A problem document whose preferred routings need `load` of the regular hours of the mean resource.

    Parameters
    ----------
    load : float
        Mean over the resources of needed to regular hours. Single resources lie within 5 % of it.
    due : pair of int, optional
        First and last due day, counted from `as_of`; else from two days before it to the end of the horizon, so that
        some orders are late in any schedule and the last ones leave the horizon.
    """
    chance = random.Random(seed)
    days = [AS_OF + timedelta(days=index) for index in range(horizon_days)]
    customers = [_customer(chance, index, days) for index in range(customer_count)]
    orders = [_order(chance, index, customers, due or (-2, horizon_days - 1)) for index in range(order_count)]
    needed = _needed_hours(orders)
    resources = [_resource(chance, name, needed[name] / load, days) for name in _RESOURCES]
    _publish(chance, orders, customers, resources, days)
    return {
        "as_of": AS_OF.isoformat(),
        "horizon_days": horizon_days,
        "planning_time_fence_days": FENCE_DAYS,
        "holding_cost_per_hour_day": 0.1,
        "change_cost": 5.0,
        "holidays": [(AS_OF + timedelta(days=14)).isoformat()],
        "default_windows": [_window(weekday, 8, 17) for weekday in range(5)],
        "resources": resources,
        "customers": customers,
        "orders": orders,
    }


def _customer(chance: random.Random, index: int, days: list[date]) -> dict[str, Any]:
    weekdays = sorted(chance.sample(range(5), chance.choice((1, 2, 2, 3, 5)))) if chance.random() < 0.8 else []
    return {
        "id": f"C{index:05d}",
        "transit_days": chance.choice((0, 1, 1, 2, 3)),
        "max_early_days": chance.choice((1, 3, 5, 7)),
        "blackout_dates": sorted(day.isoformat() for day in chance.sample(days, 1)) if chance.random() < 0.2 else [],
        "windows": [_window(weekday, chance.choice((7, 8, 9)), chance.choice((12, 16))) for weekday in weekdays],
    }


def _window(weekday: int, start: int, end: int) -> dict[str, Any]:
    return {"weekday": weekday, "start": f"{start:02d}:00", "end": f"{end:02d}:00"}


def _order(chance: random.Random, index: int, customers: list[dict[str, Any]], dues: tuple[int, int]) -> dict[str, Any]:
    bulk = chance.random() < 0.05
    quantity = chance.randint(200, 600) if bulk else chance.randint(5, 150)
    due = AS_OF + timedelta(days=chance.randint(*dues))
    released = AS_OF + timedelta(days=chance.randint(1, 6)) if chance.random() < 0.15 else None
    family = chance.randrange(len(_FAMILIES))
    return {
        "id": f"O{index:06d}",
        "customer": chance.choice(customers)["id"],
        "priority": chance.choices((1, 2, 3, 4), (1, 2, 4, 3))[0],
        "weight": chance.choice((1.0, 1.0, 1.0, 2.0, 0.5)),
        "quantity": quantity,
        "due_date": due.isoformat(),
        "release_date": released.isoformat() if released and released < due else None,
        "splittable": bulk,
        "min_split_quantity": 50 if bulk else None,
        "max_splits": chance.randint(2, 4) if bulk else None,
        "routings": _routings(chance, family, quantity),
        "current": None,
    }


def _routings(chance: random.Random, family: int, quantity: int) -> list[dict[str, Any]]:
    preferred: list[dict[str, Any]] = [
        {"resource": name, "hours": round(0.25 + hours * quantity / 100, 2), "offset_days": offset}
        for name, hours, offset in _FAMILIES[family]
    ]
    dock = {"resource": "DOCK", "hours": round(0.1 + quantity / 400, 2), "offset_days": 0, "anchor": "ship"}
    routings = [{"id": "A", "cost": 0.0, "loads": [*preferred, dock]}]
    if chance.random() < 0.4:
        swap = {"PRESS": "MILL", "MILL": "PRESS"}
        other = [
            {**load, "resource": swap.get(load["resource"], load["resource"]), "hours": round(load["hours"] * 1.2, 2)}
            for load in preferred
        ]
        routings.append({"id": "B", "cost": round(5 + quantity / 10, 2), "loads": [*other, dock]})
    return routings


def _needed_hours(orders: list[dict[str, Any]]) -> dict[str, float]:
    needed = dict.fromkeys(_RESOURCES, 0.0)
    for order in orders:
        for load in order["routings"][0]["loads"]:
            needed[load["resource"]] += load["hours"]
    return needed


def _resource(chance: random.Random, name: str, hours: float, days: list[date]) -> dict[str, Any]:
    working = [day for day in days if day.weekday() < 5]
    maintenance = set(chance.sample(working[FENCE_DAYS:], 1)) if name != "DOCK" else set()
    daily = round(hours * chance.uniform(0.97, 1.03) / (len(working) - 0.5 * len(maintenance)), 2)
    buckets = [
        {
            "date": day.isoformat(),
            "regular_hours": round(daily * (0.5 if day in maintenance else 1.0), 2),
            "overtime_hours": 0.0 if day in maintenance else round(daily * 0.1, 2),
        }
        for day in working
    ]
    return {"id": name, "overtime_cost_per_hour": chance.choice((30.0, 45.0, 60.0)), "buckets": buckets}


def _publish(
    chance: random.Random,
    orders: list[dict[str, Any]],
    customers: list[dict[str, Any]],
    resources: list[dict[str, Any]],
    days: list[date],
) -> None:
    """Publishes a delivery for a third of the orders; those inside the fence stay within half of its hours."""
    terms = {customer["id"]: customer for customer in customers}
    free = {
        (resource["id"], bucket["date"]): bucket["regular_hours"] * 0.5
        for resource in resources
        for bucket in resource["buckets"][:FENCE_DAYS]
    }
    for order in orders:
        if chance.random() < 1 / 3:
            completion = min(days[-4], max(days[0], date.fromisoformat(order["due_date"]) - timedelta(days=4)))
            completion -= timedelta(days=max(0, completion.weekday() - 4))
            delivery = completion + timedelta(days=terms[order["customer"]]["transit_days"])
            frozen = (completion - AS_OF).days < FENCE_DAYS
            if not frozen or _take(free, order, completion):
                order["current"] = [
                    {
                        "routing": "A",
                        "completion_date": completion.isoformat(),
                        "delivery_date": delivery.isoformat(),
                        "quantity": order["quantity"],
                    }
                ]


def _take(free: dict[tuple[str, str], float], order: Mapping[str, Any], completion: date) -> bool:
    needed: dict[tuple[str, str], float] = {}
    for load in order["routings"][0]["loads"]:
        day = completion - timedelta(days=load["offset_days"])
        if day >= AS_OF:
            key = (load["resource"], day.isoformat())
            needed[key] = needed.get(key, 0.0) + load["hours"]
    if any(hours > free.get(key, 0.0) for key, hours in needed.items()):
        return False
    for key, hours in needed.items():
        free[key] -= hours
    return True
