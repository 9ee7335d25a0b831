"""`cms serve`: the web service, until it is stopped."""

import gc
import logging

import typer

from cms.cli.output import AS_JSON


def serve(
    host: str | None = typer.Option(None, help="Address to listen on; web.host where not given."),
    port: int | None = typer.Option(None, min=0, max=65535, help="Port; web.port where not given, 0 takes a free one."),
    workers: bool = typer.Option(True, help="Work on events and notices; without, another process has to."),
    as_json: bool = AS_JSON,
) -> None:
    """Receive webhooks, keep the schedule in step with them, and show the dashboard.

    Addresses: / (dashboard), /schedule, /api/schedule, /api/orders/ID, /api/quote, /api/status, /healthz,
    /webhooks/monday, /webhooks/orders; /openapi.json describes them.

    Example: cms serve --port 8090
    """
    from cms.bootstrap import open_system
    from cms.cli.output import print_json
    from cms.web.server import listen, own_address, server_of
    from cms.web.service import Service, create_app

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    with open_system() as system:
        settings = system.settings.web
        system.warehouse.schedules.published_version()
        listening = listen(host or settings.host, settings.port if port is None else port)
        address = own_address(listening, host or settings.host)
        audience = settings.audience or f"{address}/webhooks/monday"
        app = create_app(Service(system=system, audience=audience), with_workers=workers)
        if as_json:
            print_json({"address": address, "audience": audience})
        else:
            typer.echo(f"serving on {address}; monday's tokens must be made out to {audience}")
        # what is loaded by now stays: looking through it for garbage would only hold events up
        gc.collect()
        gc.freeze()
        gc.set_threshold(100_000, 20, 50)
        server_of(app).run(sockets=[listening])
