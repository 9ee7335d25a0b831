"""`cms rollout`: how far customers have moved over; switched while everything runs."""

import typer

from cms.cli.output import AS_JSON, print_json, print_table

app = typer.Typer(help="See and switch the phase of the rollout.", no_args_is_help=True)


@app.command()
def show(as_json: bool = AS_JSON) -> None:
    """Show the phase, whom it reaches, and how it was switched.

    Example: cms rollout show
    """
    from cms.application.rollout import PHASES, reached_customers
    from cms.bootstrap import open_system

    with open_system() as system:
        phase, history = system.rollout.phase(), system.rollout.history()
        customers = list(system.warehouse.orders.customers().values())
    reached = {name: reached_customers(customers, name) for name in PHASES}
    if as_json:
        print_json({"phase": phase, "reached_customers": reached, "history": history})
        return
    typer.echo(f"phase {phase}: {reached[phase]} of {reached[PHASES[-1]]} active customer(s) are told and written back")
    if not history:
        typer.echo("it was never switched; it is the settings' rollout.phase")
        return
    rows = [(f"{line.changed_at:%Y-%m-%d %H:%M}", line.phase, line.actor, line.reason or None) for line in history]
    print_table("switched", ["when", "to", "by", "why"], rows)


@app.command("set")
def set_phase(
    phase: str = typer.Argument(..., help="pilot, tracking, scheduling or all."),
    reason: str = typer.Option("", "--reason", help="Why."),
    actor: str = typer.Option("cms rollout", "--actor", help="Who switches it, for the history."),
    as_json: bool = AS_JSON,
) -> None:
    """Switch the phase; running services and flows follow with their next publication or notice.

    Example: cms rollout set tracking --reason "the pilot has run for two weeks"
    """
    from cms.bootstrap import open_system

    with open_system() as system:
        switched = system.rollout.set_phase(phase, now=system.clock.now(), actor=actor, reason=reason)
    if as_json:
        print_json({"phase": phase, "switched": switched})
    else:
        typer.echo(f"the rollout is in phase {phase}" + ("" if switched else " already"))
