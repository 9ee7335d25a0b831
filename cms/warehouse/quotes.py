"""Quotes and the capacity they hold: quoted, reserved until an expiry, confirmed or cancelled."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from cms.application.ports import Reservation
from cms.application.quotes import KeptQuote
from cms.domain.errors import InvalidValueError, NotFoundError
from cms.domain.quotes import QuoteStatus
from cms.domain.resources import ResourceId
from cms.warehouse.bulk import insert_rows, read_rows
from cms.warehouse.engine import in_transaction, reading
from cms.warehouse.locks import Lock, take
from cms.warehouse.reserved_hours import keep_reserved_hours
from cms.warehouse.tables import order_master, quotes

QUOTED, RESERVED, CONFIRMED, CANCELLED, EXPIRED = (status.value for status in QuoteStatus)


@dataclass(frozen=True, kw_only=True)
class WarehouseQuotes:
    """Quotes in the warehouse."""

    engine: Engine

    def keep(self, quote: KeptQuote) -> None:
        """Keep a quote; with ``status="reserved"`` and an expiry it holds its capacity at once."""

        def work(connection: sa.Connection) -> None:
            take(connection, Lock.QUOTES)
            insert_rows(connection, quotes, [_row(quote)])
            if quote.status != QUOTED:
                _keep_hours(connection, quote.quoted_at)

        in_transaction(self.engine, work)

    def reserve(self, quote_id: str, *, expires_at: datetime, now: datetime) -> KeptQuote:
        """Hold the quote's capacity until `expires_at`."""
        return self._move(quote_id, (QUOTED, RESERVED), RESERVED, now, expires_at=expires_at)

    def confirm(self, quote_id: str, *, order_id: str | None, now: datetime) -> KeptQuote:
        """The customer takes it: it goes on holding its capacity until its order is in the order book, or it expires.

        Raises
        ------
        InvalidValueError
            Its reservation has expired, or it was cancelled.
        """
        values = {} if order_id is None else {"order_id": order_id}
        return self._move(quote_id, (QUOTED, RESERVED), CONFIRMED, now, **values)

    def cancel(self, quote_id: str, *, now: datetime) -> KeptQuote:
        """The customer does not take it: its capacity is free again."""
        return self._move(quote_id, (QUOTED, RESERVED, CONFIRMED), CANCELLED, now)

    def quote(self, quote_id: str) -> KeptQuote:
        """One quote.

        Raises
        ------
        NotFoundError
        """
        with reading(self.engine) as connection:
            return _read(connection, quote_id)

    def quotes(self, *, now: datetime, status: str | None = None, limit: int = 100) -> list[KeptQuote]:
        """Quotes, newest first; all of them, or those with a status. A reservation whose time is over has expired."""
        is_over = sa.and_(quotes.c.status == RESERVED, quotes.c.expires_at <= now)
        shown = sa.case((is_over, EXPIRED), else_=quotes.c.status).label("status")
        others = [column for column in quotes.c if column.name != "status"]
        query = sa.select(*others, shown).order_by(quotes.c.quoted_at.desc(), quotes.c.quote_id).limit(limit)
        if status is not None:
            query = query.where(shown == status)
        with reading(self.engine) as connection:
            return [_quote(row) for row in read_rows(connection, query)]

    def reservations(self, now: datetime) -> list[Reservation]:
        """Hours of quotes that are reserved and not expired."""
        with reading(self.engine) as connection:
            return read_reservations(connection, now)

    def _move(self, quote_id: str, allowed: Sequence[str], status: str, now: datetime, **values: Any) -> KeptQuote:
        def work(connection: sa.Connection) -> KeptQuote:
            take(connection, Lock.QUOTES)
            quote = _read(connection, quote_id)
            found = EXPIRED if _has_expired(quote, now) else quote.status
            if found not in allowed:
                raise InvalidValueError(f"quote {quote_id}", _refusal(found, status), found)
            connection.execute(sa.update(quotes).where(quotes.c.quote_id == quote_id).values(status=status, **values))
            _keep_hours(connection, now)
            return _read(connection, quote_id)

        return in_transaction(self.engine, work)


def read_reservations(connection: sa.Connection, now: datetime) -> list[Reservation]:
    """Hours held by quotes that have not expired, by quote: reserved ones; confirmed ones until their order comes."""
    arrived = sa.exists().where(order_master.c.order_id == quotes.c.order_id)
    holds = sa.or_(quotes.c.status == RESERVED, sa.and_(quotes.c.status == CONFIRMED, sa.not_(arrived)))
    query = (
        sa.select(quotes.c.quote_id, quotes.c.loads).where(holds, quotes.c.expires_at > now).order_by(quotes.c.quote_id)
    )
    return [
        Reservation(quote_id=quote_id, resource_id=resource_id, bucket_date=day, hours=hours)
        for quote_id, loads in connection.execute(query)
        for resource_id, day, hours in _loads_of(loads)
    ]


def settle_reservations(connection: sa.Connection, now: datetime) -> list[Reservation]:
    """Close the reservations whose time is over; what the others hold. The caller has the lock of quotes.

    Those that are over hold nothing anyway: closing them is for whoever reads the table beside this program.
    """
    is_over = sa.and_(quotes.c.status == RESERVED, quotes.c.expires_at <= now)
    connection.execute(sa.update(quotes).where(is_over).values(status=EXPIRED))
    return read_reservations(connection, now)


def _keep_hours(connection: sa.Connection, now: datetime) -> None:
    keep_reserved_hours(connection, settle_reservations(connection, now))


def _refusal(found: str, status: str) -> str:
    return f"is {status} already" if found == status else f"cannot become {status}; quote again"


def _has_expired(quote: KeptQuote, now: datetime) -> bool:
    return quote.status == RESERVED and quote.expires_at is not None and quote.expires_at <= now


def _read(connection: sa.Connection, quote_id: str) -> KeptQuote:
    found = read_rows(connection, sa.select(quotes).where(quotes.c.quote_id == quote_id))
    if not found:
        raise NotFoundError("quote", quote_id, "list them with: cms quote list")
    return _quote(found[0])


def _row(quote: KeptQuote) -> dict[str, Any]:
    row = {name: getattr(quote, name) for name in quotes.c.keys() if name != "loads"}  # noqa: SIM118
    row["loads"] = json.dumps([[resource_id, day.isoformat(), hours] for resource_id, day, hours in quote.loads])
    return row


def _quote(row: Mapping[str, Any]) -> KeptQuote:
    return KeptQuote(**{**row, "loads": _loads_of(row["loads"])})


def _loads_of(text: str) -> tuple[tuple[ResourceId, date, float], ...]:
    return tuple(
        (ResourceId(resource_id), date.fromisoformat(day), float(hours)) for resource_id, day, hours in json.loads(text)
    )
