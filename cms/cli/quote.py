"""`cms quote`: dates that a customer could have, and capacity held for one of them."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

import typer

from cms.cli.output import AS_JSON, print_json, print_table
from cms.domain.quotes import QuoteStatus

if TYPE_CHECKING:
    from cms.application.quotes import KeptQuote, QuoteRequest
    from cms.scheduling.promising import Promise

app = typer.Typer()

ACTOR = typer.Option("cms quote", "--actor", help="Who does it.")
QUOTE = typer.Argument(..., metavar="QUOTE", help="The quote's id.")


@app.callback(invoke_without_command=True, no_args_is_help=True)
def quote(
    context: typer.Context,
    customer: str = typer.Option("", "--customer", "-c", help="The customer's id."),
    family: str = typer.Option("", "--family", "-f", help="Product family."),
    quantity: str = typer.Option("", "--quantity", "-q", help="Units."),
    by: datetime | None = typer.Option(None, "--by", formats=["%Y-%m-%d"], help="The day the customer would like."),
    priority: int | None = typer.Option(None, "--priority", "-p", help="Class; the customer's own if not given."),
    most: int = typer.Option(5, "--most", min=1, help="How many dates at most."),
    reserve: bool = typer.Option(False, "--reserve", help="Hold the capacity of one date; every plan leaves it alone."),
    on: datetime | None = typer.Option(None, "--on", formats=["%Y-%m-%d"], help="Reserve this date, not the earliest."),
    hours: float = typer.Option(48.0, "--hours", min=0.01, help="How long a reservation holds."),
    actor: str = ACTOR,
    as_json: bool = AS_JSON,
) -> None:
    """Quote the dates that can be kept without moving anyone, with their cost and the price of their capacity.

    Example: cms quote --customer C00012 --family panels --quantity 120 --by 2026-01-20 --reserve --hours 24
    """
    if context.invoked_subcommand is not None:
        return
    from cms.application.quotes import quote_dates, reserve_quote
    from cms.bootstrap import open_system

    request = _request(customer, family, quantity, by, priority)
    with open_system() as system:
        if reserve:
            kept = reserve_quote(
                system.planner,
                system.warehouse.quotes,
                request,
                delivery_date=on.date() if on else None,
                hold=timedelta(hours=hours),
                actor=actor,
            )
            _show(kept, as_json=as_json)
        else:
            _show_dates(quote_dates(system.planner, request, most=most), as_json=as_json)


@app.command()
def confirm(
    quote: str = QUOTE,
    order: str | None = typer.Option(None, "--order", help="The number of the order that it becomes."),
    as_json: bool = AS_JSON,
) -> None:
    """Confirm a reserved quote: its capacity stays held until its order is in the order book, or it expires.

    Example: cms quote confirm Q-1f3a90bc2d --order SO-10042
    """
    from cms.bootstrap import open_system

    with open_system() as system:
        kept = system.warehouse.quotes.confirm(quote, order_id=order, now=system.clock.now())
    _show(kept, as_json=as_json)


@app.command()
def cancel(quote: str = QUOTE, as_json: bool = AS_JSON) -> None:
    """Give a quote's capacity back.

    Example: cms quote cancel Q-1f3a90bc2d
    """
    from cms.bootstrap import open_system

    with open_system() as system:
        kept = system.warehouse.quotes.cancel(quote, now=system.clock.now())
    _show(kept, as_json=as_json)


@app.command("list")
def list_command(
    status: QuoteStatus | None = typer.Option(None, "--status", help="Only quotes of this status."),
    as_json: bool = AS_JSON,
) -> None:
    """List quotes, the newest first.

    Example: cms quote list --status reserved
    """
    from cms.bootstrap import open_system

    with open_system() as system:
        known = system.warehouse.quotes.quotes(now=system.clock.now(), status=status)
    if as_json:
        print_json(known)
        return
    columns = ["quote", "status", "customer", "family", "quantity", "delivery", "until"]
    rows = [
        (
            q.quote_id,
            q.status,
            q.customer_id,
            q.product_family,
            f"{q.quantity.normalize():f}",
            q.delivery_date,
            f"{q.expires_at:%Y-%m-%d %H:%M} UTC" if q.expires_at else None,
        )
        for q in known
    ]
    print_table("Quotes", columns, rows)


def _request(customer: str, family: str, quantity: str, by: datetime | None, priority: int | None) -> "QuoteRequest":
    from cms.application.quotes import QuoteRequest
    from cms.domain.customers import CustomerId
    from cms.domain.errors import InvalidValueError

    given = {"--customer": customer, "--family": family, "--quantity": quantity, "--by": by}
    for name, value in given.items():
        if not value:
            raise InvalidValueError(name, "must be given", value)
    try:
        units = Decimal(quantity)
    except InvalidOperation:
        raise InvalidValueError("--quantity", "must be a number", quantity) from None
    return QuoteRequest(
        customer_id=CustomerId(customer),
        product_family=family,
        quantity=units,
        requested_date=by.date() if by else date.min,
        priority=priority,
    )


def _show_dates(promises: "Sequence[Promise]", *, as_json: bool) -> None:
    if as_json:
        print_json(list(promises))
    elif promises:
        columns = ["delivery", "window", "days late", "overtime h", "cost", "capacity price"]
        print_table("Possible dates", columns, map(_line, promises))
    else:
        typer.echo("no date in the horizon can be promised without moving anyone")


def _line(promise: "Promise") -> list[object]:
    first = promise.deliveries[0]
    window = f"{first.window_start:%H:%M}-{first.window_end:%H:%M}"
    return [
        promise.delivery_date,
        window,
        promise.tardiness_days,
        promise.overtime_hours,
        promise.cost,
        promise.capacity_price,
    ]


def _show(kept: "KeptQuote", *, as_json: bool) -> None:
    if as_json:
        print_json(kept)
    else:
        holds = kept.status in (QuoteStatus.RESERVED, QuoteStatus.CONFIRMED)
        until = f" until {kept.expires_at:%Y-%m-%d %H:%M} UTC" if holds and kept.expires_at else ""
        typer.echo(f"{kept.quote_id}: {kept.delivery_date} is {kept.status}{until}")
