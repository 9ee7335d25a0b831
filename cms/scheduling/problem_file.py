"""The JSON form of a scheduling problem and of its schedule, as `cms solve` reads and writes them.

Every refusal names the field as it stands in the file (``orders[3].routings[0].loads[1].hours``), the rule and the
value. Keys that are not part of the form are refused: a misspelt option must not be ignored.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import date, time
from decimal import Decimal
from typing import Any, NoReturn, TypeVar

from cms.domain.customers import CustomerId, DeliveryWindow
from cms.domain.errors import InvalidValueError
from cms.domain.horizon import PlanningHorizon
from cms.domain.orders import OrderId
from cms.domain.resources import Load, LoadAnchor, ResourceId, RoutingId
from cms.domain.schedule import ResourceDay, ScheduledDelivery, TierResult
from cms.scheduling.problem import (
    BucketHours,
    CurrentDelivery,
    DeliveryTerms,
    OrderDemand,
    ResourceCapacity,
    RoutingOption,
    SchedulingProblem,
)
from cms.scheduling.result import SchedulingResult

T = TypeVar("T")
_LARGEST_INTEGER = 10**15
_REQUIRED: Any = object()


def parse_problem(text: str) -> SchedulingProblem:
    """Read a problem from the text of its file.

    Raises
    ------
    InvalidValueError
        Text that is no JSON, or anything in it that breaks the form or a rule.
    """
    try:
        document = json.loads(text, object_pairs_hook=_unique_keys)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        raise InvalidValueError("problem", f"must be JSON; {error.msg} at {where}", _excerpt(text, error.pos)) from None
    except (RecursionError, ValueError) as error:
        if isinstance(error, InvalidValueError):
            raise
        raise InvalidValueError("problem", f"must be readable JSON; {error}", _excerpt(text, 0)) from None
    return problem_from_document(document)


def problem_from_document(document: object) -> SchedulingProblem:
    """Read a problem from its parsed JSON document."""
    fields = _Fields(document, "")
    problem = {
        "horizon": _horizon(fields),
        "holding_cost_per_hour_day": fields.number("holding_cost_per_hour_day", 0.0),
        "change_cost": fields.number("change_cost", 0.0),
        "holidays": frozenset(fields.days("holidays")),
        "default_windows": fields.rows("default_windows", _window, default=()),
        "resources": fields.rows("resources", _resource),
        "customers": fields.rows("customers", _customer),
        "orders": fields.rows("orders", _order),
    }
    fields.close()
    return SchedulingProblem(**problem)


def schedule_to_document(result: SchedulingResult) -> dict[str, Any]:
    """The JSON document of a schedule."""
    document: dict[str, Any] = {"status": result.status.value, "seconds": round(result.seconds, 3)}
    if result.reason:
        document["reason"] = result.reason
    document["tiers"] = tiers_to_document(result.tiers)
    document["deliveries"] = [_delivery_row(delivery) for delivery in result.deliveries]
    document["unscheduled"] = [
        {"order": order.order_id, "quantity": _plain(order.quantity), "reason": order.reason}
        for order in result.unscheduled
    ]
    document["resources"] = [_resource_row(day) for day in result.resource_days]
    return document


def tiers_to_document(tiers: Iterable[TierResult]) -> list[dict[str, Any]]:
    """The JSON rows of tiers."""
    return [{"name": tier.name, "value": tier.value, "bound": tier.bound, "gap": tier.gap} for tier in tiers]


def _delivery_row(delivery: ScheduledDelivery) -> dict[str, Any]:
    return {
        "order": delivery.order_id,
        "routing": delivery.routing_id,
        "quantity": _plain(delivery.quantity),
        "completion_date": delivery.completion_date.isoformat(),
        "delivery_date": delivery.delivery_date.isoformat(),
        "window": [f"{delivery.window_start:%H:%M}", f"{delivery.window_end:%H:%M}"],
        "tardiness_days": delivery.tardiness_days,
        "frozen": delivery.frozen,
    }


def _resource_row(day: ResourceDay) -> dict[str, Any]:
    return {
        "resource": day.resource_id,
        "date": day.bucket_date.isoformat(),
        "load_hours": day.load_hours,
        "overtime_hours": day.overtime_hours,
        "price_per_hour": day.price_per_hour,
    }


def _plain(quantity: Decimal) -> int | float:
    return int(quantity) if quantity == quantity.to_integral_value() else float(quantity)


def _horizon(fields: "_Fields") -> PlanningHorizon:
    return fields.build(
        PlanningHorizon,
        as_of=fields.day("as_of"),
        horizon_days=fields.integer("horizon_days"),
        planning_time_fence_days=fields.integer("planning_time_fence_days", 0),
    )


def _window(fields: "_Fields") -> DeliveryWindow:
    return fields.build(
        DeliveryWindow,
        weekday=fields.integer("weekday"),
        start=fields.clock_time("start"),
        end=fields.clock_time("end"),
        effective_from=fields.optional_day("effective_from"),
        effective_to=fields.optional_day("effective_to"),
    )


def _resource(fields: "_Fields") -> ResourceCapacity:
    buckets: dict[date, BucketHours] = {}
    for index, (day, hours) in enumerate(fields.rows("buckets", _bucket)):
        if day in buckets:
            raise InvalidValueError(f"{fields.path}.buckets[{index}].date", "must be unique", str(day))
        buckets[day] = hours
    return fields.build(
        ResourceCapacity,
        resource_id=ResourceId(fields.name("id")),
        overtime_cost_per_hour=fields.number("overtime_cost_per_hour", 0.0),
        buckets=buckets,
    )


def _bucket(fields: "_Fields") -> tuple[date, BucketHours]:
    day = fields.day("date")
    hours = fields.build(
        BucketHours,
        regular_hours=fields.number("regular_hours"),
        overtime_hours=fields.number("overtime_hours", 0.0),
    )
    return day, hours


def _customer(fields: "_Fields") -> DeliveryTerms:
    return fields.build(
        DeliveryTerms,
        customer_id=CustomerId(fields.name("id")),
        transit_days=fields.integer("transit_days", 0),
        max_early_days=fields.integer("max_early_days", 0),
        blackout_dates=frozenset(fields.days("blackout_dates")),
        windows=fields.rows("windows", _window, default=()),
    )


def _order(fields: "_Fields") -> OrderDemand:
    return fields.build(
        OrderDemand,
        order_id=OrderId(fields.name("id")),
        customer_id=CustomerId(fields.name("customer")),
        priority=fields.integer("priority"),
        weight=fields.number("weight", 1.0),
        quantity=fields.number("quantity"),
        due_date=fields.day("due_date"),
        release_date=fields.optional_day("release_date"),
        splittable=fields.flag("splittable"),
        min_split_quantity=fields.number("min_split_quantity", None),
        max_splits=fields.integer("max_splits", None),
        routings=fields.rows("routings", _routing),
        current=fields.rows("current", _current, default=()),
    )


def _routing(fields: "_Fields") -> RoutingOption:
    return fields.build(
        RoutingOption,
        routing_id=RoutingId(fields.name("id")),
        cost=fields.number("cost", 0.0),
        loads=fields.rows("loads", _load),
    )


def _load(fields: "_Fields") -> Load:
    return fields.build(
        Load,
        resource_id=ResourceId(fields.name("resource")),
        hours=fields.number("hours"),
        offset_days=fields.integer("offset_days", 0),
        anchor=fields.anchor("anchor"),
    )


def _current(fields: "_Fields") -> CurrentDelivery:
    return fields.build(
        CurrentDelivery,
        routing_id=RoutingId(fields.name("routing")),
        completion_date=fields.day("completion_date"),
        delivery_date=fields.day("delivery_date"),
        quantity=fields.number("quantity"),
    )


class _Fields:
    """One object of the file: hands out its fields by type, and refuses what nobody asked for."""

    __slots__ = ("_left", "path")

    def __init__(self, value: object, path: str) -> None:
        if not isinstance(value, dict):
            raise InvalidValueError(path or "problem", "must be an object", _shown(value))
        self._left = dict(value)
        self.path = path

    def close(self) -> None:
        for key in self._left:
            raise InvalidValueError(self._at(key), "is not a known key", key)

    def build(self, form: Callable[..., T], **values: Any) -> T:
        """The value object of these fields; its own refusal is placed under this path."""
        if self.path:
            self.close()
        try:
            return form(**values)
        except InvalidValueError as error:
            raise (error.within(self.path) if self.path else error) from None

    def rows(self, key: str, read: Callable[["_Fields"], T], default: Any = _REQUIRED) -> tuple[T, ...]:
        values = self._take(key, default)
        if values is None and default is not _REQUIRED:
            return tuple(default)
        path = self._at(key)
        if not isinstance(values, list | tuple):
            self._refuse(key, "must be a list", values)
        return tuple(read(_Fields(value, f"{path}[{index}]")) for index, value in enumerate(values))

    def days(self, key: str) -> list[date]:
        values = self._take(key, ())
        if not isinstance(values, list | tuple):
            self._refuse(key, "must be a list of dates", values)
        return [self._day(f"{key}[{index}]", value) for index, value in enumerate(values)]

    def name(self, key: str) -> str:
        value = self._take(key, _REQUIRED)
        if not isinstance(value, str) or not value:
            self._refuse(key, "must be a text that is not empty", value)
        if not _is_unicode(value):
            self._refuse(key, "must be Unicode text, without halves of surrogate pairs", value)
        return value

    def number(self, key: str, default: Any = _REQUIRED) -> Any:
        value = self._take(key, default)
        if value is None and default is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            self._refuse(key, "must be a number", value)
        self._check_size(key, value)
        return float(value)

    def integer(self, key: str, default: Any = _REQUIRED) -> Any:
        value = self._take(key, default)
        if value is None and default is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            self._refuse(key, "must be a whole number", value)
        self._check_size(key, value)
        return value

    def _check_size(self, key: str, value: float) -> None:
        if isinstance(value, int) and abs(value) > _LARGEST_INTEGER:
            self._refuse(key, f"must be a number within {_LARGEST_INTEGER:.0e}", value)

    def flag(self, key: str) -> bool:
        value = self._take(key, default=False)
        if not isinstance(value, bool):
            self._refuse(key, "must be true or false", value)
        return value

    def anchor(self, key: str) -> LoadAnchor:
        value = self._take(key, LoadAnchor.COMPLETION.value)
        if value not in ("completion", "ship"):
            self._refuse(key, 'must be "completion" or "ship"', value)
        return LoadAnchor(value)

    def day(self, key: str) -> date:
        return self._day(key, self._take(key, _REQUIRED))

    def optional_day(self, key: str) -> date | None:
        value = self._take(key, None)
        return None if value is None else self._day(key, value)

    def clock_time(self, key: str) -> time:
        value = self._take(key, _REQUIRED)
        try:
            read = time.fromisoformat(value)
        except (TypeError, ValueError):
            read = None
        if read is None or read.tzinfo is not None:
            self._refuse(key, "must be a local time HH:MM", value)
        return read

    def _day(self, key: str, value: object) -> date:
        try:
            return date.fromisoformat(value)  # type: ignore[arg-type]  # a wrong type is refused below
        except (TypeError, ValueError):
            self._refuse(key, "must be a calendar date YYYY-MM-DD", value)

    def _take(self, key: str, default: Any) -> Any:
        if key in self._left:
            return self._left.pop(key)
        if default is _REQUIRED:
            raise InvalidValueError(self._at(key), "is required", None)
        return default

    def _at(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def _refuse(self, key: str, rule: str, value: object) -> NoReturn:
        raise InvalidValueError(self._at(key), rule, _shown(value))


def _unique_keys(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    document = dict(pairs)
    if len(document) < len(pairs):
        twice = next(key for index, (key, _) in enumerate(pairs) if key in dict(pairs[:index]))
        raise InvalidValueError(twice, "must stand only once in its object", twice)
    return document


def _is_unicode(text: str) -> bool:
    """JSON can escape half of a surrogate pair, which no file can hold."""
    return text == text.encode("utf-8", "ignore").decode("utf-8")


def _shown(value: object) -> object:
    """A value as a message can show it: a long one is cut."""
    if isinstance(value, int) and abs(value) > _LARGEST_INTEGER:
        return "a whole number beyond 1e15"
    text = repr(value)
    return value if len(text) <= 80 else f"{text[:77]}..."


def _excerpt(text: str, position: int) -> str:
    return text[max(0, position - 20) : position + 20]
