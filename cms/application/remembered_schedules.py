"""The published schedule, kept in memory as long as nobody publishes another one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from cms.application.ports import DeliveryNotice, Reservation, ScheduleStore, ScheduleVersion
from cms.domain.orders import OrderId
from cms.domain.schedule import MasterSchedule, ScheduleChange, ScheduledDelivery


@dataclass(kw_only=True)
class RememberedSchedules:
    """A `ScheduleStore` that reads a published version once: a version never changes.

    For one worker; it is not meant to be shared by threads.
    """

    store: ScheduleStore
    _known: MasterSchedule | None = field(default=None, init=False, repr=False)

    def published(self) -> MasterSchedule | None:
        """The published schedule, if there is one."""
        if self._known is None or self._known.version != self.store.published_version():
            self._known = self.store.published()
        return self._known

    def published_version(self) -> int:
        """The number of the published schedule; 0: there is none."""
        return self.store.published_version()

    def version(self, version: int) -> MasterSchedule:
        """Any version.

        Raises
        ------
        NotFoundError
        """
        return self.store.version(version)

    def versions(self, limit: int = 50) -> list[ScheduleVersion]:
        """The latest versions, newest first."""
        return self.store.versions(limit)

    def publish(
        self,
        schedule: MasterSchedule,
        *,
        changes: Sequence[ScheduleChange],
        notices: Sequence[DeliveryNotice],
        replaces: int,
        reason_code: str,
        actor: str,
        now: datetime,
        changed_orders: frozenset[OrderId] | None = None,
        instead: Mapping[OrderId, Sequence[DeliveryNotice]] | None = None,
    ) -> int:
        """Publish, and remember what was published.

        Raises
        ------
        StaleScheduleError
            Somebody else published meanwhile.
        """
        version = self.store.publish(
            schedule,
            changes=changes,
            notices=notices,
            replaces=replaces,
            reason_code=reason_code,
            actor=actor,
            now=now,
            changed_orders=changed_orders,
            instead=instead,
        )
        self._known = replace(schedule, version=version)
        return version

    def reservations(self, now: datetime) -> list[Reservation]:
        """Hours of quotes that are reserved and not expired."""
        return self.store.reservations(now)

    def history(self, order_id: OrderId) -> list[Mapping[str, Any]]:
        """Every line of an order's schedule history, oldest first."""
        return self.store.history(order_id)

    def order_delivery(self, order_id: OrderId) -> tuple[ScheduledDelivery, ...]:
        """The published deliveries of an order."""
        return self.store.order_delivery(order_id)
