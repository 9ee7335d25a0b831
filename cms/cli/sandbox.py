"""`cms sandbox`: a local monday.com and an order-management system over a generated company."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cms.cli.output import AS_JSON

if TYPE_CHECKING:
    from cms.sandbox import Sandbox


def sandbox(
    port: int = typer.Option(8099, min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one."),
    customers: int = typer.Option(200, min=1, help="Customers of the generated company."),
    orders_per_month: int = typer.Option(1000, min=1, help="Mean orders a month, over two years."),
    seed: int = typer.Option(1, help="The same seed and sizes give the same company."),
    as_of: datetime | None = typer.Option(
        None, formats=["%Y-%m-%d"], help="The company's today; without it the real today."
    ),
    dirty_share: float = typer.Option(0.005, min=0.0, max=1.0, help="Share of rows that must be refused."),
    latency_ms: int = typer.Option(0, min=0, help="How long every answer takes at least."),
    faults: str = typer.Option("", help="What goes wrong, such as 'http_503=0.05,cursor_expiry@p3'."),
    plant_file: Path | None = typer.Option(None, help="Also write the plant (resources, routings, calendar) here."),
    settings_file: Path | None = typer.Option(
        None, help="Also write the settings that connect to this sandbox here; a warehouse beside it."
    ),
    as_json: bool = AS_JSON,
) -> None:
    """Serve a monday.com-compatible API and an order-management API on this machine, until interrupted.

    Example: cms sandbox --customers 200 --orders-per-month 1000 --faults http_503=0.05 --settings-file cms.toml
    """
    from cms.sandbox import (
        CompanyOptions,
        Sandbox,
        SandboxClock,
        SandboxOptions,
        generate_company,
        parse_faults,
        serve_forever,
    )
    from cms.sandbox.settings_file import sandbox_settings

    options = CompanyOptions(
        as_of=(as_of or datetime.now(UTC)).date(),
        customers=customers,
        orders_per_month=orders_per_month,
        seed=seed,
        dirty_share=dirty_share,
    )
    rules = parse_faults(faults)
    company = generate_company(options)
    if plant_file is not None:
        plant_file.write_text(company.plant_file(), encoding="utf-8")
    clock = SandboxClock(None if as_of is None else company.options.morning)
    behaviour = SandboxOptions(port=port, latency_seconds=latency_ms / 1000)
    served = Sandbox(company, options=behaviour, faults=rules, clock=clock)
    listening = served.listen()
    if settings_file is not None:
        folder = settings_file.absolute().parent / "var"
        text = sandbox_settings(monday_url=served.monday_url, orders_url=served.orders_url, folder=folder)
        settings_file.write_text(text, encoding="utf-8")
    _announce(served, as_json=as_json)
    serve_forever(served, listening)


def _announce(served: "Sandbox", *, as_json: bool) -> None:
    """One line when requests are answered, for programs that start the sandbox and for people."""
    from cms.sandbox import MONDAY_TOKEN, ORDERS_TOKEN, SIGNING_SECRET

    facts = {
        "monday_url": served.monday_url,
        "orders_url": served.orders_url,
        "monday_token": MONDAY_TOKEN,
        "orders_token": ORDERS_TOKEN,
        "signing_secret": SIGNING_SECRET,
        "as_of": served.company.options.as_of,
        "customers": len(served.company.customers),
        "orders": len(served.company.orders),
    }
    if as_json:
        typer.echo(json.dumps(facts, default=str))
    else:
        for name, value in facts.items():
            typer.echo(f"{name:15} {value}")
        typer.echo("serving until interrupted (Ctrl-C)")
    sys.stdout.flush()
