"""The command `evenly down`: what earlier runs kept or left, taken away."""

import os
from pathlib import Path
from typing import Annotated

import typer

from evenly import cluster
from evenly.cluster.cache.cache import Cache
from evenly.offline.supplier import OfflineSupplier
from evenly.progress import Progress
from evenly.settings import load

commands = typer.Typer()


@commands.command()
def down(
    *,
    cache: Annotated[bool, typer.Option("--cache", help="Also remove all that was downloaded and built.")] = False,
) -> None:
    """Remove a kept cluster and the private engine; nothing else on this machine was changed."""
    folder = load({}, os.environ, Path.cwd()).cache
    cluster.down(folder, Progress(), OfflineSupplier())
    if cache:
        Cache(folder).clear()
