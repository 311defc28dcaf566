"""The command `evenly try`: the guided tour."""

import os
from pathlib import Path

import typer

from evenly.settings import load

commands = typer.Typer()


@commands.command("try")
def try_it() -> None:
    """Take a guided tour of a Service on a real cluster, which stays until `evenly down`."""
    from evenly.cli.tour import tour  # noqa: PLC0415 - the client of Kubernetes takes a second to import

    raise typer.Exit(tour(load({}, os.environ, Path.cwd())).exit_code)
