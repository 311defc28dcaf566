"""The command `evenly`: reports rebuilt and read, and what a run left taken away. Thin, over the rooms."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from evenly.cluster import down as take_down
from evenly.cluster.cache import Cache
from evenly.errors import EvenlyError
from evenly.progress import Progress
from evenly.report import render
from evenly.settings import load

commands = typer.Typer(
    help="Decides, with known error rates, whether a Kubernetes Service spreads its connections evenly over its pods.",
    no_args_is_help=True,
    add_completion=False,
)

RunFolder = Annotated[Path, typer.Argument(help="The folder of a run: reports/latest, or reports/RUN-ID.")]


@commands.command()
def report(folder: RunFolder) -> None:
    """Rebuild a run's report.html, junit.xml and summary.md from its records."""
    typer.echo(render(folder).page)


@commands.command()
def show(folder: RunFolder) -> None:
    """Tell what a run found, in plain words."""
    for line in render(folder).whole.lines:
        typer.echo(line)


@commands.command()
def down(
    cache: Annotated[bool, typer.Option("--cache", help="Also remove all that was downloaded and built.")] = False,
) -> None:
    """Remove a kept cluster and the private engine; nothing else on this machine was changed."""
    folder = load({}, os.environ, Path.cwd()).cache
    take_down(folder, Progress())
    if cache:
        Cache(folder).clear()


def app() -> None:
    """Run the command; an error that is meant for a person is shown without a traceback."""
    try:
        commands()
    except EvenlyError as error:
        sys.exit(f"evenly: {error}")
