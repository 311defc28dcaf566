"""Nodes that stand still: all processes of one frozen at once, as on a machine that hangs."""

from collections.abc import Iterator
from contextlib import contextmanager

from evenly.cluster.engine.engine import Engine
from evenly.cluster.kind import LABEL

DOCKER_LIMIT_S = 20.0  # it takes 0.1 s


@contextmanager
def paused(engine: Engine, cluster: str, node: str) -> Iterator[None]:
    """Freeze a node while the ``with`` block lasts: its kernel still takes connections, but no program answers them.

    Raises ProgramError with the engine's words.
    """
    try:
        engine.docker("pause", node, timeout_s=DOCKER_LIMIT_S)
        yield
    finally:
        resume(engine, cluster)


def resume(engine: Engine, cluster: str) -> None:
    """Let all paused nodes of a cluster go on, where there are any."""
    mine = ("--filter", f"label={LABEL}={cluster}", "--filter", "status=paused")
    if found := engine.docker("ps", "--quiet", *mine, timeout_s=DOCKER_LIMIT_S).split():
        engine.docker("unpause", *found, timeout_s=DOCKER_LIMIT_S)
