"""The command `evenly try`: the guided tour."""

import typer

from evenly.cli.configured import configured

commands = typer.Typer()


@commands.command("try")
def try_it() -> None:
    """Take a guided tour of a Service on a real cluster, which stays until `evenly down`."""
    from evenly.cli.tour import tour  # noqa: PLC0415 - the client of Kubernetes takes a second to import

    raise typer.Exit(tour(configured()).exit_code)
