"""What makes and ships the orders: resources, and routings as bills of resources."""

import math
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NewType

from cms.domain.errors import InvalidValueError

ResourceId = NewType("ResourceId", str)
RoutingId = NewType("RoutingId", str)


class LoadAnchor(StrEnum):
    """From which day a load's offset counts back: completion of the order, or its shipping."""

    COMPLETION = "completion"
    SHIP = "ship"


@dataclass(frozen=True, kw_only=True, slots=True)
class Resource:
    """Something with limited hours a day: a press, an oven, a packing line, a dock.

    Parameters
    ----------
    regular_hours : float
        Hours on a normal working day.
    overtime_hours : float
        The most hours that overtime may add to a working day.
    overtime_cost_per_hour : float
        Money for an hour of overtime.
    working_weekdays : frozenset of int
        0 is Monday.
    """

    resource_id: ResourceId
    name: str
    regular_hours: float
    overtime_hours: float = 0.0
    overtime_cost_per_hour: float = 0.0
    working_weekdays: frozenset[int] = frozenset(range(5))

    def __post_init__(self) -> None:
        for field in ("regular_hours", "overtime_hours", "overtime_cost_per_hour"):
            value = getattr(self, field)
            if not (math.isfinite(value) and value >= 0):
                raise InvalidValueError(field, "must be a finite number, 0 or more", value)
        if self.regular_hours + self.overtime_hours > 24:
            total = self.regular_hours + self.overtime_hours
            raise InvalidValueError("regular_hours", "and overtime_hours must not exceed 24 a day together", total)
        if not self.working_weekdays <= frozenset(range(7)):
            raise InvalidValueError("working_weekdays", "must be 0 to 6", sorted(self.working_weekdays))


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """Hours of one resource that an order needs.

    Parameters
    ----------
    hours : float
        For the whole quantity of the order.
    offset_days : int
        How many working buckets of the resource before the anchor the load falls.
    anchor : LoadAnchor
        Counted back from completion or from shipping.
    """

    resource_id: ResourceId
    hours: float
    offset_days: int = 0
    anchor: LoadAnchor = LoadAnchor.COMPLETION

    def __post_init__(self) -> None:
        if not (math.isfinite(self.hours) and self.hours >= 0):
            raise InvalidValueError("hours", "must be a finite number, 0 or more", self.hours)
        if self.offset_days < 0:
            raise InvalidValueError("offset_days", "must be 0 or more", self.offset_days)


@dataclass(frozen=True, kw_only=True, slots=True)
class RoutingStep:
    """One line of the bill of resources: set-up hours once, run hours a unit.

    Parameters
    ----------
    max_hours_per_day : float
        The most of this step that one order does in a day; more spreads backwards over earlier working buckets.
    """

    resource_id: ResourceId
    setup_hours: float = 0.0
    hours_per_unit: float
    offset_days: int = 0
    anchor: LoadAnchor = LoadAnchor.COMPLETION
    max_hours_per_day: float = math.inf

    def __post_init__(self) -> None:
        for field in ("setup_hours", "hours_per_unit"):
            value = getattr(self, field)
            if not (math.isfinite(value) and value >= 0):
                raise InvalidValueError(field, "must be a finite number, 0 or more", value)
        if self.offset_days < 0:
            raise InvalidValueError("offset_days", "must be 0 or more", self.offset_days)
        if not self.max_hours_per_day > 0:
            raise InvalidValueError("max_hours_per_day", "must be more than 0", self.max_hours_per_day)

    def hours_for(self, quantity: Decimal) -> float:
        """Hours of the resource for `quantity` units.

        Examples
        --------
        >>> step = RoutingStep(resource_id=ResourceId("PRESS"), setup_hours=0.5, hours_per_unit=0.02)
        >>> step.hours_for(Decimal(100))
        2.5
        """
        return self.setup_hours + self.hours_per_unit * float(quantity)


@dataclass(frozen=True, kw_only=True, slots=True)
class Routing:
    """One way to make a product family; several routings of a family are alternatives.

    Parameters
    ----------
    cost : float
        Money for an order made this way beyond the preferred way.
    """

    routing_id: RoutingId
    product_family: str
    cost: float = 0.0
    steps: tuple[RoutingStep, ...]

    def __post_init__(self) -> None:
        if not (math.isfinite(self.cost) and self.cost >= 0):
            raise InvalidValueError("cost", "must be a finite number, 0 or more", self.cost)
        if not self.steps:
            raise InvalidValueError("steps", "must name at least one resource", [])
