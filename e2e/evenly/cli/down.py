"""The command `evenly down`: what earlier runs kept or left, taken away."""

from typing import Annotated

import typer

from evenly import cluster
from evenly.cli.configured import configured
from evenly.cluster.cache.cache import Cache
from evenly.offline.supplier import OfflineSupplier
from evenly.progress import Progress

commands = typer.Typer()


@commands.command()
def down(
    *,
    cache: Annotated[bool, typer.Option("--cache", help="Also remove all that was downloaded and built.")] = False,
) -> None:
    """Remove a kept cluster and the private engine; nothing else on this machine was changed."""
    folder = configured().cache
    cluster.down(folder, Progress(), OfflineSupplier())
    if cache:
        Cache(folder).clear()
