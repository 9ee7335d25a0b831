"""How far the figures of a published schedule may go before it is taken back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from cms.application.ports import KpiSnapshot


@dataclass(frozen=True, kw_only=True, slots=True)
class KpiLimits:
    """Limits of the figures of `schedule_kpis`; one that is None is not looked at.

    Parameters
    ----------
    max_on_time_drop : float, optional
        By how much the share of orders on time may fall against the version that is replaced: more is a sign of wrong
        input rather than of a bad day.
    min_orders : int
        Shares of fewer scheduled orders say nothing, and are not looked at.
    """

    max_on_time_drop: float | None = None
    min_on_time_share: float | None = None
    max_late_orders: int | None = None
    max_unscheduled_orders: int | None = None
    max_utilization: float | None = None
    max_overtime_hours: float | None = None
    min_orders: int = 20


def beyond_limits(
    kpis: Sequence[KpiSnapshot], before: Sequence[KpiSnapshot], limits: KpiLimits, *, orders: int
) -> tuple[str, ...]:
    """One sentence for each figure that is beyond its limit.

    Parameters
    ----------
    before : sequence of KpiSnapshot
        The figures of the replaced version; empty: there was none.
    orders : int
        Scheduled orders.

    Examples
    --------
    >>> from datetime import date
    >>> from decimal import Decimal
    >>> late = KpiSnapshot(name="late_orders", value=Decimal(7), as_of=date(2026, 1, 5))
    >>> beyond_limits([late], [], KpiLimits(max_late_orders=5), orders=40)
    ('late_orders is 7, at most 5 are allowed (rollback.max_late_orders)',)
    """
    now, then = _figures(kpis), _figures(before)
    found = [
        _above(now, "late_orders", limits.max_late_orders, "max_late_orders"),
        _above(now, "unscheduled_orders", limits.max_unscheduled_orders, "max_unscheduled_orders"),
        _above(now, "utilization", limits.max_utilization, "max_utilization"),
        _above(now, "overtime_hours", limits.max_overtime_hours, "max_overtime_hours"),
    ]
    if orders >= limits.min_orders:
        found += [_on_time_share(now, limits.min_on_time_share), _on_time_drop(now, then, limits.max_on_time_drop)]
    return tuple(sentence for sentence in found if sentence)


_shown: Callable[[float], str] = "{:g}".format


def _figures(kpis: Sequence[KpiSnapshot]) -> dict[str, float]:
    return {kpi.name: float(kpi.value) for kpi in kpis}


def _above(now: Mapping[str, float], name: str, limit: float | None, setting: str) -> str:
    if limit is None or now.get(name, 0.0) <= limit:
        return ""
    return f"{name} is {_shown(now[name])}, at most {_shown(limit)} are allowed (rollback.{setting})"


def _on_time_share(now: Mapping[str, float], limit: float | None) -> str:
    share = now.get("on_time_share", 1.0)
    if limit is None or share >= limit:
        return ""
    return f"{share:.0%} of the orders are on time, at least {limit:.0%} must be (rollback.min_on_time_share)"


def _on_time_drop(now: Mapping[str, float], then: Mapping[str, float], limit: float | None) -> str:
    if limit is None or "on_time_share" not in then:
        return ""
    share, before = now.get("on_time_share", 1.0), then["on_time_share"]
    if before - share <= limit:
        return ""
    return (
        f"{share:.0%} of the orders are on time, {before:.0%} were before: a fall by more than {limit:.0%} "
        "(rollback.max_on_time_drop)"
    )
