"""The commands `evenly report` and `evenly show`: what a run's records say, made anew and read."""

from pathlib import Path
from typing import Annotated

import typer

from evenly.report import render

RunFolder = Annotated[Path, typer.Argument(help="The folder of a run: reports/latest, or reports/RUN-ID.")]

commands = typer.Typer()


@commands.command()
def report(folder: RunFolder) -> None:
    """Rebuild a run's report.html, junit.xml and summary.md from its records."""
    typer.echo(render(folder).page)


@commands.command()
def show(folder: RunFolder) -> None:
    """Tell what a run found, in plain words."""
    for line in render(folder).whole.lines:
        typer.echo(line)
